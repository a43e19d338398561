// A real mail server that keeps what it is given; see ../mail/serve.py.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

export const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "waystation");
const PATIENCE_MS = 20_000;

export class Mailbox {
    // A mail server that ends with the test.
    static async start(t) {
        const folder = await mkdtemp(join(tmpdir(), "waystation-mails-"));
        const script = new URL("../mail/serve.py", import.meta.url).pathname;
        const server = spawn(join(cache, "python/bin/python"), [script, folder], { stdio: ["ignore", "pipe", "inherit"] });
        t.after(async () => {
            server.kill();
            await rm(folder, { recursive: true, force: true });
        });
        const port = await new Promise((resolve, reject) => {
            server.stdout.once("data", (bytes) => resolve(Number(String(bytes).trim())));
            server.once("error", reject);
        });
        return new Mailbox(folder, port);
    }

    constructor(folder, port) {
        this.folder = folder;
        // What makes a site send its mails here.
        this.settings = {
            WAYSTATION_MAIL_SMTP_URL: `smtp://127.0.0.1:${port}`,
            WAYSTATION_MAIL_FROM: "Waystation <relay@example.com>",
        };
    }

    // The mails to an address so far, in order.
    async mailsTo(address) {
        const names = (await readdir(this.folder)).filter((name) => name.endsWith(".json")).sort();
        const mails = await Promise.all(names.map(async (name) => JSON.parse(await readFile(join(this.folder, name), "utf8"))));
        return mails.filter(({ recipients }) => recipients.includes(address));
    }

    // Waits for the mail of that number, counted from one, and gives it.
    async mailTo(address, number) {
        const until = Date.now() + PATIENCE_MS;
        for (;;) {
            const mails = await this.mailsTo(address);
            if (mails.length >= number) return mails[number - 1];
            if (Date.now() > until) throw new Error(`${address} got ${mails.length} mails, not ${number}`);
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    }
}

// The link of a mail, in its text.
export function linkOf(mail) {
    return mail.text.match(/https?:\/\/\S+/)[0];
}
