// The one list that is not cut into pages: what a channel serves. A provider may offer any number of models.

import assert from "node:assert/strict";
import { test } from "node:test";

import { findBarriers, openPage } from "./browser.mjs";
import { PEOPLE, Shop } from "./shop.mjs";

const COUNT = 10_000;
// As many as may be in the page at once: those in sight, and some on both sides of them.
const ROWS_MAX = 48;
const FRAME_MAX_MS = 50;

test("ten thousand rows scroll from end to end with no more of them in the page than are in sight", async (t) => {
    const shop = await Shop.start(t);
    const page = await openPage(t, shop, { viewport: { width: 1440, height: 900 } });
    await shop.signIn(page, PEOPLE.owner);
    // The server takes 2,000 for one channel; the page is asked for more than it will ever hold.
    await page.route(`**/api/admin/channels/${shop.channel}`, async (route) => {
        const answer = await route.fetch();
        const channel = await answer.json();
        channel.models = Array.from({ length: COUNT }, (_, number) => ({ name: `model-${number + 1}`, upstream: number % 3 === 0 ? `vendor/model-${number + 1}` : `model-${number + 1}` }));
        await route.fulfill({ response: answer, json: channel });
    });
    await page.goto(`/console/channels/${shop.channel}`);
    const list = page.getByRole("table", { name: "Models" });
    await list.getByText("model-1", { exact: false }).first().waitFor();
    assert.equal(await list.getAttribute("aria-rowcount"), String(COUNT + 1));
    assert.deepEqual(await findBarriers(page), []);

    const room = page.getByRole("region", { name: "Models" }).and(page.locator("[tabindex]"));
    await room.hover();
    await page.evaluate(watchFrames);
    const height = await room.evaluate((element) => element.scrollHeight - element.clientHeight);
    const step = 1_800;
    for (let scrolled = 0; scrolled < height; scrolled += step) await page.mouse.wheel(0, step);
    await list.getByText(`model-${COUNT}`, { exact: true }).waitFor();
    const seen = await page.evaluate(() => window.frames_seen.stop());

    t.diagnostic(`${seen.frames} frames, the longest ${seen.longest_ms} ms; ${seen.tasks} long tasks; at most ${seen.rows} rows in the page`);
    assert.ok(seen.frames > 100, `the scrolling was watched, for ${seen.frames} frames`);
    assert.ok(seen.rows <= ROWS_MAX, `${seen.rows} rows were in the page at once`);
    // A clock says little on a machine that does other work too; what is far off is a fault anywhere.
    assert.ok(seen.longest_ms <= FRAME_MAX_MS * 10, `a frame took ${seen.longest_ms} ms`);

    // The same by keyboard, which needs no pointer to find the list.
    await room.press("Home");
    await list.getByText("model-1", { exact: true }).or(list.getByText("model-2", { exact: true })).first().waitFor();
});

// Runs in the page: how long frames take, and how many rows there are in each.
function watchFrames() {
    const seen = { frames: 0, longest_ms: 0, rows: 0, tasks: 0 };
    const observer = new PerformanceObserver((list) => (seen.tasks += list.getEntries().length));
    observer.observe({ type: "longtask" });
    let before = performance.now();
    let next = requestAnimationFrame(function look(now) {
        seen.frames += 1;
        seen.longest_ms = Math.max(seen.longest_ms, Math.round(now - before));
        seen.rows = Math.max(seen.rows, document.querySelectorAll("[role=row][aria-rowindex]").length);
        before = now;
        next = requestAnimationFrame(look);
    });
    window.frames_seen = {
        stop: () => {
            cancelAnimationFrame(next);
            observer.disconnect();
            return seen;
        },
    };
}
