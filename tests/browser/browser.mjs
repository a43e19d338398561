// Chromium as Debian has it, one for all tests of a file, and a fresh profile for each.

import { after } from "node:test";
import { chromium } from "playwright-core";

const running = chromium.launch({
    executablePath: process.env.WAYSTATION_CHROMIUM ?? "/usr/bin/chromium",
    // Tests may run as root, in a container without a sandbox of its own.
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
after(async () => (await running).close());

// A page that fails its test when a script of it does, or when it breaks the content security policy.
export async function openPage(options = {}) {
    const context = await (await running).newContext({ locale: "en", ...options });
    const page = await context.newPage();
    page.faults = [];
    page.on("pageerror", (error) => page.faults.push(String(error)));
    page.on("console", (message) => {
        if (/Content Security Policy/.test(message.text())) page.faults.push(message.text());
    });
    return page;
}

// An authenticator inside the browser that holds passkeys and has verified its user.
export async function addAuthenticator(page, { verifiesUser = true } = {}) {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("WebAuthn.enable");
    const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
        options: {
            protocol: "ctap2",
            transport: "internal",
            hasResidentKey: true,
            hasUserVerification: true,
            isUserVerified: verifiesUser,
            automaticPresenceSimulation: true,
        },
    });
    return { devtools, authenticatorId };
}
