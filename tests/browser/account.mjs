// What a person does on the pages, in the words that the pages use.

import { createHmac } from "node:crypto";

import { PASSWORD } from "./site.mjs";

// Fills in the sign-in form that the page shows and sends it.
export async function sendSignIn(page, login, password = PASSWORD) {
    // The script is there: before it the page shows the form alone.
    await page.getByRole("link", { name: "Forgot password?" }).waitFor();
    await page.getByLabel("E-mail or username").fill(login);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

// Signs somebody in for the first time: the first key is shown, and kept.
export async function signInFirst(page, login, password = PASSWORD, next = "**/app") {
    await page.goto("/sign-in");
    await sendSignIn(page, login, password);
    const secret = await keepFirstKey(page);
    await page.waitForURL(next);
    return secret;
}

// Signs somebody in who was here before and has no second factor.
export async function signIn(page, login, password = PASSWORD) {
    await page.goto("/sign-in");
    await sendSignIn(page, login, password);
    await page.waitForURL("**/app");
}

// Reads the first key out of its dialog, and closes that.
export async function keepFirstKey(page) {
    const dialog = page.getByRole("dialog", { name: "Your first API key" });
    const secret = (await dialog.getByLabel("API key").innerText()).trim();
    await dialog.getByRole("button", { name: "I have saved it" }).click();
    await dialog.waitFor({ state: "detached" });
    return secret;
}

// By the menu that stands in every frame.
export async function signOut(page) {
    await page.getByRole("complementary").locator("[aria-haspopup=menu]").click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.waitForURL("**/sign-in");
}

// The dialog that asks for a fresh proof, answered by the password.
export async function proveByPassword(page, password = PASSWORD) {
    const dialog = page.getByRole("dialog", { name: "Confirm it’s you" });
    await dialog.getByLabel("Password", { exact: true }).fill(password);
    await dialog.getByRole("button", { name: "Confirm", exact: true }).click();
    await dialog.waitFor({ state: "detached" });
}

// The same, answered by a code of the authenticator app.
export async function proveByCode(page, code) {
    const dialog = page.getByRole("dialog", { name: "Confirm it’s you" });
    await dialog.getByLabel("6-digit code").fill(code);
    await dialog.getByRole("button", { name: "Confirm", exact: true }).click();
    await dialog.waitFor({ state: "detached" });
}

// The same, answered by one of the codes that were kept for a lost phone.
export async function proveByRecoveryCode(page, code) {
    const dialog = page.getByRole("dialog", { name: "Confirm it’s you" });
    await dialog.getByRole("button", { name: "Use recovery code" }).click();
    await dialog.getByLabel("Recovery code").fill(code);
    await dialog.getByRole("button", { name: "Confirm", exact: true }).click();
    await dialog.waitFor({ state: "detached" });
}

// Sets an authenticator app up on the security page; gives the app and the recovery codes.
export async function setUpApp(page) {
    await page.getByRole("button", { name: "Set up", exact: true }).click();
    await proveByPassword(page);
    const dialog = page.getByRole("dialog", { name: "Set up your authenticator app" });
    const app = new CodeApp((await dialog.getByLabel("Setup key").innerText()).trim());
    await dialog.getByLabel("6-digit code").fill(await app.nextCode());
    await dialog.getByRole("button", { name: "Turn on" }).click();
    const codes = page.getByRole("dialog", { name: "Save your recovery codes" });
    const recovery = (await codes.getByLabel("Recovery codes").innerText()).trim().split(/\s+/);
    await codes.getByRole("button", { name: "I have saved it" }).click();
    await codes.waitFor({ state: "detached" });
    return { app, recovery };
}

const STEP_MS = 30_000;

// An authenticator app (RFC 6238). The site takes each code once, and one of the step before or after its own.
class CodeApp {
    #key;
    #lastStep = 0;

    constructor(secret) {
        this.#key = readBase32(secret);
    }

    // A code that was not given before; waits where the next one would come too early.
    async nextCode() {
        const step = Math.max(this.#lastStep + 1, Math.floor(Date.now() / STEP_MS));
        const wait = (step - 1) * STEP_MS - Date.now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        this.#lastStep = step;
        const counter = Buffer.alloc(8);
        counter.writeBigUInt64BE(BigInt(step));
        const mac = createHmac("sha1", this.#key).update(counter).digest();
        const at = mac[mac.length - 1] & 15;
        return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
    }
}

function readBase32(text) {
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const bits = [...text.replaceAll(/[\s=]/g, "").toUpperCase()].map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0"));
    return Buffer.from(bits.join("").match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}
