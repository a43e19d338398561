// Sites to pair with: real servers in use, one plainly on this machine and one behind TLS of its own.

import { OWNER } from "../browser/site.mjs";
import { Shop } from "../browser/shop.mjs";
import { Front } from "./front.mjs";
import { freePort } from "./machine.mjs";

// A shop on this machine; it stays at its address when it is started again.
export async function openShop(t, settings = {}) {
    const port = await freePort();
    return Shop.start(t, { settings: { WAYSTATION_LISTEN: `127.0.0.1:${port}`, WAYSTATION_PUBLIC_URL: `http://127.0.0.1:${port}`, ...settings } });
}

// A shop that is reached by TLS alone, whose certificate nobody vouches for.
export async function openRemoteShop(t, settings = {}) {
    const front = await Front.start(t);
    const shop = await openShop(t, { WAYSTATION_PUBLIC_URL: front.url, ...settings });
    front.pointTo(shop.url);
    shop.front = front;
    return shop;
}

// What an operator pastes, or opens.
export async function invite(shop, { email = OWNER, name = "Desk" } = {}) {
    return (await shop.site.command(["admin", "pair", "--email", email, "--name", name])).trim();
}

// Pairs without the window's own pages; gives the connection's id. The pages have asked about it, and begin anew unless
// something in them is to stay.
export async function pair(window, shop, { name = "Main", environment = "staging", colour = "teal", write_guard = null, renew = true } = {}) {
    await window.invoke("propose_pairing", { text: await invite(shop) });
    const approval = { draft: { name, colour, environment, write_guard, proxy: null }, device_name: "Desk", pin_key: false };
    const { id } = await window.invoke("approve_pairing", { approval });
    if (renew) await window.renew();
    return id;
}

// A call of the management API through the shell, as the page's own client makes it.
export function callApi(window, connection, method, path, { body, query = [], headers = {} } = {}) {
    return window.invoke("api", { call: { connection, method, path, query, headers, ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }) } });
}
