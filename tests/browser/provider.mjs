// An identity provider that nobody here wrote; see ../oidc/serve.mjs.

import { spawn } from "node:child_process";
import { join } from "node:path";

import { cache } from "./mailbox.mjs";

export class Provider {
    // A provider that ends with the test.
    static async start(t) {
        const script = new URL("../oidc/serve.mjs", import.meta.url).pathname;
        const modules = process.env.WAYSTATION_TEST_NODE_MODULES ?? join(cache, "node/node_modules");
        const child = spawn(process.execPath, [script, modules], { stdio: ["pipe", "pipe", "inherit"] });
        t.after(() => child.stdin.end());
        const { issuer, control } = await new Promise((resolve, reject) => {
            child.stdout.once("data", (bytes) => resolve(JSON.parse(String(bytes))));
            child.once("error", reject);
        });
        return new Provider(issuer, control);
    }

    constructor(issuer, control) {
        this.origin = issuer;
        this.control = control;
        // What makes a site offer it.
        this.settings = {
            WAYSTATION_OAUTH_SSO_KIND: "oidc",
            WAYSTATION_OAUTH_SSO_DISPLAY_NAME: "Example",
            WAYSTATION_OAUTH_SSO_CLIENT_ID: "client",
            WAYSTATION_OAUTH_SSO_CLIENT_SECRET: "secret",
            WAYSTATION_OAUTH_SSO_ISSUER: issuer,
            WAYSTATION_OAUTH_SSO_ALLOW_PRIVATE_NETWORK: "true",
        };
    }

    // What it says from now on.
    async script(what) {
        await fetch(`${this.control}/script`, { method: "POST", body: JSON.stringify(what) });
    }

    // Whom it means from now on, and that the address is verified.
    name(subject, email) {
        return this.script({ claims: { sub: subject, email, email_verified: true } });
    }
}
