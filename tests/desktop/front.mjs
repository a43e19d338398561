// TLS before a site, with a certificate of its own making, and a line that can be cut: it hears what passes.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export class Front {
    // TLS at a free port; it ends with the test. Nothing is behind it yet.
    static async start(t) {
        const folder = await mkdtemp(join(tmpdir(), "waystation-front-"));
        const front = new Front(folder);
        t.after(() => front.stop());
        await front.#listen(await front.#makeCertificate());
        return front;
    }

    // What passed: `{ method, path, status, authorization, asked, answered }`.
    calls = [];
    // What becomes of calls: `pass`, `hang` or `cut`.
    weather = "pass";
    // Changes an answer on its way: takes the call and the answer's text, gives the text or `{ status, text }`.
    alter = null;
    #held = new Set();

    constructor(folder) {
        this.folder = folder;
    }

    // The site that is behind it from now on.
    pointTo(url) {
        this.target = new URL(url);
    }

    // Another key, as after a move to another machine, or when somebody else answers.
    async changeKey() {
        const certificate = await this.#makeCertificate();
        this.server.setSecureContext(certificate);
        // What was agreed with the old key is not gone on with.
        this.server.closeAllConnections();
    }

    // Everything that opens something, as it passed: tokens, codes and proofs.
    secrets() {
        const found = new Set();
        for (const { authorization, asked, answered } of this.calls) {
            if (authorization) found.add(authorization.replace(/^Bearer /, ""));
            for (const text of [asked, answered]) {
                for (const [, secret] of text.matchAll(/"(?:access_token|refresh_token|code|proof|attempt)":\s*"([^"]{16,})"/g)) found.add(secret);
            }
        }
        return [...found];
    }

    async stop() {
        for (const response of this.#held) response.destroy();
        this.server?.closeAllConnections();
        await new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve()));
        await rm(this.folder, { recursive: true, force: true });
    }

    async #makeCertificate() {
        const [key, certificate] = [join(this.folder, "key.pem"), join(this.folder, "certificate.pem")];
        await run("openssl", [
            ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost".split(" "),
            ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
        ]);
        return { key: await readFile(key), cert: await readFile(certificate) };
    }

    #listen(certificate) {
        this.server = https.createServer(certificate, (request, response) => this.#pass(request, response));
        return new Promise((resolve) =>
            this.server.listen(0, "127.0.0.1", () => {
                this.port = this.server.address().port;
                this.url = `https://localhost:${this.port}`;
                resolve();
            }),
        );
    }

    async #pass(request, response) {
        const asked = await readAll(request);
        const call = { method: request.method, path: request.url, authorization: request.headers.authorization, asked, answered: "" };
        this.calls.push(call);
        if (this.weather === "cut") return response.destroy();
        if (this.weather === "hang") return void this.#held.add(response);
        const headers = { ...request.headers, "accept-encoding": "identity", "x-forwarded-proto": "https" };
        const onward = http.request({ host: this.target.hostname, port: this.target.port, method: request.method, path: request.url, headers }, async (answer) => {
            call.answered = await readAll(answer);
            call.status = answer.statusCode;
            const altered = this.alter?.(call, call.answered) ?? call.answered;
            const { status, text } = typeof altered === "string" ? { status: answer.statusCode, text: altered } : altered;
            const { "content-length": _, "transfer-encoding": __, ...kept } = answer.headers;
            response.writeHead(status, { ...kept, "content-length": Buffer.byteLength(text) }).end(text);
        });
        onward.on("error", () => response.destroy());
        onward.end(asked);
    }
}

async function readAll(stream) {
    let text = "";
    stream.setEncoding("utf8");
    for await (const part of stream) text += part;
    return text;
}
