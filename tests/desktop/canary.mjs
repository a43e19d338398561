// Looks for secrets where none may be: whole, in halves, and in the spellings that programs give them.

import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

// How a secret may be spelled: itself, half of it, base64 at each of its three beginnings, hex, percent and UTF-16.
export function spellings(secret) {
    const half = Math.ceil(secret.length / 2);
    const bytes = Buffer.from(secret);
    // The letters at the ends of base64 depend on what stands beside the secret.
    const base64 = [0, 1, 2].map((before) => Buffer.concat([Buffer.alloc(before), bytes]).toString("base64").slice(before === 0 ? 0 : 4).replace(/=+$/, "").slice(0, -2));
    return {
        whole: secret,
        "first half": secret.slice(0, half),
        "second half": secret.slice(half),
        ...Object.fromEntries(base64.flatMap((text, number) => [[`base64 ${number}`, text], [`base64url ${number}`, text.replaceAll("+", "-").replaceAll("/", "_")]])),
        hex: bytes.toString("hex"),
        "hex in capitals": bytes.toString("hex").toUpperCase(),
        "UTF-16": Buffer.from(secret, "utf16le").toString("latin1"),
    };
}

// Where any of the secrets is in a text, as words.
export function findIn(text, secrets, place) {
    return secrets.flatMap((secret) =>
        Object.entries(spellings(secret)).flatMap(([how, spelled]) => (text.includes(spelled) ? [`${place}: ${secret.slice(0, 8)}… (${how})`] : [])),
    );
}

// The files below a folder in which any of the secrets is, however many bytes they hold.
export async function findInFiles(folder, secrets, { except = () => false } = {}) {
    const found = [];
    let count = 0;
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const path = join(entry.parentPath ?? entry.path, entry.name);
        if (except(relative(folder, path))) continue;
        const bytes = await readFile(path).catch(() => null);
        if (bytes === null) continue;
        count += 1;
        found.push(...findIn(bytes.toString("latin1"), secrets, relative(folder, path)));
    }
    return { found, count };
}

// Hears all that passes between the page and the shell from now on, in both directions.
export async function listenToMessages(window) {
    await window.run(() => {
        const heard = (window.heardMessages = []);
        const text = (value) => {
            if (typeof value === "string") return value;
            if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return new TextDecoder("latin1").decode(value);
            try {
                return JSON.stringify(value) ?? "";
            } catch {
                return String(value);
            }
        };
        const send = window.fetch;
        window.fetch = async (...given) => {
            const [input, options] = given;
            heard.push(`sent ${input.url ?? input} ${text(options?.body ?? "")} ${JSON.stringify([...new Headers(options?.headers ?? {})])}`);
            const answer = await send.apply(window, given);
            heard.push(`answered ${JSON.stringify([...answer.headers])} ${await answer.clone().text()}`);
            return answer;
        };
        const post = window.ipc?.postMessage;
        if (post) {
            try {
                window.ipc.postMessage = (message) => {
                    heard.push(`posted ${text(message)}`);
                    return post.call(window.ipc, message);
                };
            } catch {
                // It cannot be replaced; what is answered is heard below all the same.
            }
        }
        // Answers and events both come by these.
        const callbacks = window.__TAURI_INTERNALS__.callbacks;
        const get = callbacks.get;
        callbacks.get = (id) => {
            const callback = get.call(callbacks, id);
            return callback && ((data) => (heard.push(`called ${text(data)}`), callback(data)));
        };
    });
}

export function messages(window) {
    return window.run(() => window.heardMessages);
}
