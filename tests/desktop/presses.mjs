// Counts what a person has to press in the window, as the browser's tests do; keys and lines of the tray are counted by
// whoever presses them.

import assert from "node:assert/strict";

import { watchActivations } from "../browser/activations.mjs";

// Counts from now on.
export async function countPresses(window) {
    await window.driver.executeScript(`const pressed = (window.pressed = []); window.noteActivation = (what) => pressed.push(what); (${watchActivations})();`);
    return new Presses(window);
}

class Presses {
    #window;
    // What is pressed outside of the page.
    #others = [];

    constructor(window) {
        this.#window = window;
    }

    note(what) {
        this.#others.push(what);
    }

    async list() {
        // What the page is about to note is noted before a later question is answered.
        const inside = await this.#window.wait(() => new Promise((done) => setTimeout(() => done([...window.pressed]))));
        return [...inside, ...this.#others];
    }

    async restart() {
        this.#others = [];
        await this.#window.run(() => void (window.pressed.length = 0));
    }

    async assertWithin(t, most) {
        const list = await this.list();
        t.diagnostic(`${list.length} of ${most} activations`);
        assert.ok(list.length <= most, `${list.length} activations, ${most} are promised:\n${list.join("\n")}`);
        assert.ok(list.length > 0, "nothing was counted");
    }
}
