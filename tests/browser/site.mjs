// A server of its own for each test: a fresh data folder, a free port, and the commands beside it.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = process.env.WAYSTATION_BIN;
if (!program) throw new Error("WAYSTATION_BIN names the server to test; tests/run browser sets it");

export class Site {
    // A running site; it ends with the test.
    static async start(t, settings = {}) {
        const folder = await mkdtemp(join(tmpdir(), "waystation-browser-"));
        const environment = {
            PATH: process.env.PATH,
            HOME: folder,
            WAYSTATION_DATA_DIR: join(folder, "data"),
            WAYSTATION_LISTEN: "127.0.0.1:0",
            WAYSTATION_LOG_LEVEL: "warn",
            ...settings,
        };
        const site = new Site(folder, environment);
        t.after(() => site.stop());
        await site.#serve();
        return site;
    }

    // One that browsers know by a name, which passkeys need; it stays the same when the server is started again.
    static async startNamed(t, settings = {}) {
        const port = await freePort();
        const url = `http://localhost:${port}`;
        const site = await Site.start(t, { WAYSTATION_LISTEN: `127.0.0.1:${port}`, WAYSTATION_PUBLIC_URL: url, ...settings });
        site.url = url;
        return site;
    }

    // One that has an owner, made by command.
    static async startOwned(t, settings = {}) {
        return (await Site.start(t, settings)).#withOwner();
    }

    static async startOwnedAndNamed(t, settings = {}) {
        return (await Site.startNamed(t, settings)).#withOwner();
    }

    constructor(folder, environment) {
        this.folder = folder;
        this.environment = environment;
        this.log = "";
    }

    // Runs a command of the server's program; gives what it prints.
    async command(words, input = "") {
        const child = spawn(program, words, { env: this.environment, stdio: ["pipe", "pipe", "pipe"] });
        let printed = "";
        let complaint = "";
        child.stdout.on("data", (bytes) => (printed += bytes));
        child.stderr.on("data", (bytes) => (complaint += bytes));
        child.stdin.end(input);
        const code = await new Promise((resolve) => child.on("close", resolve));
        if (code !== 0) throw new Error(`${words.join(" ")} ended with ${code}: ${complaint}`);
        return printed;
    }

    // Enters somebody who signs in by PASSWORD.
    async enter(email, role = "user") {
        await this.command(["admin", "create-user", "--email", email, "--role", role, "--password-stdin"], `${PASSWORD}\n`);
    }

    async setupToken() {
        const text = await readFile(join(this.environment.WAYSTATION_DATA_DIR, "setup-token"), "utf8");
        return text.split("\n")[0];
    }

    // Stops the server, does something to what it keeps, and starts it again: elsewhere, unless it is a named one.
    async restart(between = async () => {}) {
        const wasNamed = this.environment.WAYSTATION_PUBLIC_URL && this.url;
        this.server.kill("SIGTERM");
        await this.ended;
        await between();
        this.log = "";
        await this.#serve();
        if (wasNamed) this.url = wasNamed;
    }

    async stop() {
        this.server?.kill("SIGTERM");
        await this.ended;
        await rm(this.folder, { recursive: true, force: true });
    }

    async #withOwner() {
        await this.enter(OWNER, "owner");
        return this;
    }

    async #serve() {
        this.server = spawn(program, ["serve"], { env: this.environment, stdio: ["ignore", "pipe", "pipe"] });
        this.ended = new Promise((resolve) => this.server.on("close", resolve));
        this.url = await new Promise((resolve, reject) => {
            const read = (bytes) => {
                this.log += bytes;
                const found = this.log.match(/^listening on (http:\S+)$/m);
                if (found) resolve(found[1]);
            };
            this.server.stdout.on("data", read);
            this.server.stderr.on("data", read);
            this.server.on("close", (code) => reject(new Error(`the server ended with ${code}:\n${this.log}`)));
        });
    }
}

export const OWNER = "owner@example.com";
export const PASSWORD = "correct horse battery";

function freePort() {
    return new Promise((resolve, reject) => {
        const server = createServer();
        server.on("error", reject);
        server.listen(0, "127.0.0.1", () => {
            const { port } = server.address();
            server.close(() => resolve(port));
        });
    });
}
