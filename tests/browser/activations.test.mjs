import assert from "node:assert/strict";
import { test } from "node:test";

import { countActivations } from "./activations.mjs";
import { openPage } from "./browser.mjs";

const PAGE = `<form onsubmit="event.preventDefault()"><input id="name"><button>Send</button></form>
<label>Agree <input type="checkbox" id="agree"></label>
<button id="both" onclick="document.getElementById('agree').click()">Both</button>
<div id="row" tabindex="0" onkeydown="event.key === 'Enter' && event.preventDefault()">Row</div>
<select id="choice"><option>1</option><option>2</option></select><textarea id="text"></textarea>`;

test("a press counts once whatever it sets off, and typing counts nothing", async (t) => {
    const page = await openPage(t, { url: "http://localhost" });
    const activations = await countActivations(page);
    await page.goto(`data:text/html,${encodeURIComponent(PAGE)}`);
    const cost = async (act) => {
        await act();
        return (await activations.restart()).length;
    };
    const press = (selector, key) => () => page.locator(selector).press(key);
    assert.equal(await cost(() => page.locator("#name").pressSequentially("two words")), 0);
    assert.equal(await cost(press("#name", "Enter")), 1);
    assert.equal(await cost(() => page.locator("label").click({ position: { x: 3, y: 3 } })), 1);
    assert.equal(await cost(() => page.locator("#both").click()), 1);
    assert.equal(await cost(press("#both", "Enter")), 1);
    assert.equal(await cost(press("#both", "Space")), 1);
    assert.equal(await cost(press("#row", "Enter")), 1);
    assert.equal(await cost(press("#text", "Enter")), 0);
    assert.equal(await cost(press("#row", "Tab")), 0);
    assert.equal(await cost(() => page.locator("#choice").selectOption("2")), 2);
});
