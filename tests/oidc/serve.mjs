// An OpenID Connect provider that nobody here wrote, and a line to change what it says.
//
// Usage: serve.mjs NODE_MODULES. Prints one line of JSON with the issuer and the address of the control line, and ends
// with its standard input. `POST /script` takes what to say from then on:
//
//   claims     members of id tokens, null to leave one out; `{nonce}` in a text is the one of the sign-in, so that each
//              sign-in may mean another person
//   userinfo   the userinfo document
//   redirect   parameters of the way back
//   answer     {status, body} of the token endpoint
//   forge      "none" or "shared_secret": how id tokens are signed instead
//
// `POST /rotate` throws the signing key away and makes another.

import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const modules = process.argv[2];
const library = await import(pathToFileURL(join(modules, "oauth2-mock-server/dist/index.mjs")));

const provider = new library.OAuth2Server();
let script = {};
let made = 0;

async function rotate() {
    const keys = new library.JWKStore();
    made += 1;
    await keys.generate("RS256", { kid: `key-${made}` });
    Object.defineProperty(provider.issuer, "keys", { configurable: true, get: () => keys });
}

function encode(value) {
    return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function forge(token, how) {
    const [header, payload] = token.split(".").map((part) => Buffer.from(part, "base64url"));
    const algorithm = how === "none" ? "none" : "HS256";
    const unsigned = `${encode({ ...JSON.parse(header), alg: algorithm })}.${payload.toString("base64url")}`;
    if (how === "none") return `${unsigned}.`;
    // The public key as the secret, which careless checks take.
    const [key] = provider.issuer.keys.toJSON();
    return `${unsigned}.${createHmac("sha256", key.n).update(unsigned).digest("base64url")}`;
}

await rotate();
await provider.start(0, "127.0.0.1");
provider.issuer.url = `http://127.0.0.1:${provider.address().port}`;

provider.service.on("beforeTokenSigning", (token) => {
    for (const [name, value] of Object.entries(script.claims ?? {})) {
        if (value === null) delete token.payload[name];
        else token.payload[name] = typeof value === "string" ? value.replace("{nonce}", token.payload.nonce) : value;
    }
});
provider.service.on("beforeUserinfo", (answer) => {
    if (script.userinfo) answer.body = script.userinfo;
});
provider.service.on("beforeAuthorizeRedirect", (redirect) => {
    for (const [name, value] of Object.entries(script.redirect ?? {})) {
        if (value === null) redirect.url.searchParams.delete(name);
        else redirect.url.searchParams.set(name, value);
    }
});
provider.service.on("beforeResponse", (answer) => {
    if (script.forge) answer.body.id_token = forge(answer.body.id_token, script.forge);
    if (script.answer) {
        answer.statusCode = script.answer.status;
        answer.body = script.answer.body;
    }
});

const control = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    if (request.url === "/script") script = JSON.parse(Buffer.concat(parts).toString());
    else if (request.url === "/rotate") await rotate();
    else response.statusCode = 404;
    response.end();
});
control.listen(0, "127.0.0.1", () => {
    const address = `http://127.0.0.1:${control.address().port}`;
    console.log(JSON.stringify({ issuer: provider.issuer.url, control: address }));
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
