// A server of its own for each test: a fresh data folder, a free port, and the commands beside it.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = process.env.WAYSTATION_BIN;
if (!program) throw new Error("WAYSTATION_BIN names the server to test; tests/run browser sets it");

export class Site {
    static async start(settings = {}) {
        const folder = await mkdtemp(join(tmpdir(), "waystation-browser-"));
        const environment = {
            PATH: process.env.PATH,
            HOME: folder,
            WAYSTATION_DATA_DIR: join(folder, "data"),
            WAYSTATION_LISTEN: "127.0.0.1:0",
            ...settings,
        };
        const site = new Site(folder, environment);
        await site.#serve();
        return site;
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

    setupToken() {
        return readFile(join(this.environment.WAYSTATION_DATA_DIR, "setup-token"), "utf8").then((text) => text.trim());
    }

    async stop() {
        this.server.kill("SIGTERM");
        await this.ended;
        await rm(this.folder, { recursive: true, force: true });
    }

    async #serve() {
        this.server = spawn(program, ["serve"], { env: this.environment, stdio: ["ignore", "pipe", "pipe"] });
        this.ended = new Promise((resolve) => this.server.on("close", resolve));
        const address = new Promise((resolve, reject) => {
            const read = (bytes) => {
                this.log += bytes;
                const found = this.log.match(/http:\/\/127\.0\.0\.1:\d+/);
                if (found) resolve(found[0]);
            };
            this.server.stdout.on("data", read);
            this.server.stderr.on("data", read);
            this.server.on("close", (code) => reject(new Error(`the server ended with ${code}:\n${this.log}`)));
        });
        this.url = await address;
    }
}
