// Counts what a person has to press: each activation by pointer, or by Enter or Space. Typing and moving the focus are free.

// Counts on every page of this page's profile from now on, across addresses. Give it before the first `goto`.
export async function countActivations(page) {
    const activations = new Activations(page);
    await page.context().exposeBinding("noteActivation", (_, what) => void activations.list.push(what));
    await page.context().addInitScript(watchActivations);
    return activations;
}

class Activations {
    list = [];
    #page;

    constructor(page) {
        this.#page = page;
    }

    // How many so far. What the page has noted, or is about to, arrives before the answer to a question that is asked later.
    async count() {
        await this.#page.evaluate(() => new Promise((done) => setTimeout(done)));
        return this.list.length;
    }

    // Starts over; gives what was counted before.
    async restart() {
        await this.count();
        return this.list.splice(0);
    }

    toString() {
        return this.list.map((what, index) => `${index + 1}. ${what}`).join("\n");
    }
}

// Runs in the page. One press counts once, however many events follow it: a click on a label clicks its field, too, and
// Enter in a field clicks the button of its form.
export function watchActivations() {
    let isCounted = true;
    const begin = () => (isCounted = false);
    const note = (element) => {
        if (isCounted) return;
        isCounted = true;
        window.noteActivation(describe(element));
    };
    const describe = (element) => {
        const control = element?.closest?.("button, a, [role], label, input, select, summary") ?? element;
        const name = control?.getAttribute?.("aria-label") ?? control?.textContent ?? "";
        return `${control?.getAttribute?.("role") ?? control?.localName ?? "page"} ${name.trim().slice(0, 60)}`;
    };
    const listen = (kind, listener) => window.addEventListener(kind, (event) => event.isTrusted && listener(event), { capture: true });

    listen("pointerdown", begin);
    listen("keydown", (event) => {
        if (event.repeat) return;
        begin();
        if (event.key !== "Enter" || event.isComposing) return;
        // What takes Enter for itself, such as a list that is chosen from, keeps the browser from doing what it would.
        setTimeout(() => event.defaultPrevented && note(event.target));
    });
    listen("click", (event) => note(event.target));
    listen("submit", (event) => note(event.target));
    // A choice of the browser's own list: opening it and choosing. Drivers choose without a press of their own.
    window.addEventListener(
        "change",
        ({ target }) => {
            if (target?.localName !== "select") return;
            for (const _ of [1, 2]) {
                begin();
                note(target);
            }
        },
        { capture: true },
    );
}
