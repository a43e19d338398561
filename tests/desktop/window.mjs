// The app's window, driven: what is on it is found by role and name, as somebody finds it who cannot see the screen.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { Builder, Capabilities, error, Key } from "selenium-webdriver";

import { until } from "./machine.mjs";

const finder = await readFile(createRequire(import.meta.url).resolve("@testing-library/dom/dist/@testing-library/dom.umd.min.js"), "utf8");

// Starts the app and gives its window.
export async function openWindow(machine, url, program, words) {
    const wanted = new Capabilities();
    wanted.setBrowserName("wry");
    wanted.set("tauri:options", { application: program, args: words });
    const driver = await new Builder().withCapabilities(wanted).usingServer(url).build();
    await driver.manage().setTimeouts({ script: 30_000, pageLoad: 2_000 });
    return new AppWindow(machine, driver);
}

class AppWindow {
    constructor(machine, driver) {
        this.machine = machine;
        this.driver = driver;
    }

    // Runs a function in the page, with arguments that JSON can carry.
    // The driver now and then loses a command; the test is told instead of kept waiting.
    run(work, ...arguments_) {
        return inTime(this.driver.executeScript(`return (${work}).apply(null, arguments)`, ...arguments_), work);
    }

    // The same for what is answered later; what it throws is thrown here.
    async wait(work, ...arguments_) {
        const asked = this.driver.executeAsyncScript(
            `const [given, done] = [[...arguments].slice(0, -1), arguments[arguments.length - 1]];
             Promise.resolve().then(() => (${work}).apply(null, given)).then((answer) => done({ answer }), (error) => done({ error }));`,
            ...arguments_,
        );
        const said = await inTime(asked, work);
        if ("error" in said) throw Object.assign(new Error(JSON.stringify(said.error)), { failure: said.error });
        return said.answer;
    }

    // A command of the shell, asked as the page does.
    invoke(command, given = {}) {
        return this.wait((command, given) => window.__TAURI_INTERNALS__.invoke(command, given), command, given);
    }

    // What a command fails with; throws when it does not.
    async refusal(command, given = {}) {
        const answer = await this.invoke(command, given).catch((error) => ({ failure: error.failure }));
        if (!("failure" in (answer ?? {}))) throw new Error(`${command} was not refused: ${JSON.stringify(answer)}`);
        return answer.failure;
    }

    // The elements of a role, or of `text` and `label`, with that name.
    async all(role, name, { within, ...more } = {}) {
        await this.#giveFinder();
        return this.run(
            (role, name, within, more) => {
                const named = name && (name.pattern === undefined ? name.text : new RegExp(name.pattern, name.flags));
                const { queryAllByLabelText, queryAllByRole, queryAllByText, configure } = window.TestingLibraryDom;
                // The whole tree's styles are not looked at for each element.
                configure({ defaultHidden: false });
                const place = within ?? document.body;
                const seen = (element) => element.checkVisibility() && !element.closest("[inert]");
                if (role === "text") return queryAllByText(place, named, more).filter(seen);
                if (role === "label") return queryAllByLabelText(place, named, more).filter(seen);
                return queryAllByRole(place, role, { ...(named && { name: named }), hidden: true, ...more }).filter(seen);
            },
            role,
            name instanceof RegExp ? { pattern: name.source, flags: name.flags } : name && { text: name },
            within ?? null,
            more,
        );
    }

    // The one element of that role and name, once it is there.
    async find(role, name, options = {}) {
        let [found, said] = [[], ""];
        const look = async () => {
            found = await this.all(role, name, options);
            if (found.length !== 1) said = await this.text();
            return found.length === 1;
        };
        await until(look, () => `one ${role} ${name}; there are ${found.length}, and the window says:\n${said}`, options.seconds);
        return found[0];
    }

    async press(role, name, options) {
        await until(async () => {
            const element = await this.find(role, name, options);
            try {
                await this.run((element) => element.scrollIntoView({ block: "center", inline: "nearest" }), element);
                await element.click();
                return true;
            } catch (failure) {
                // It moves still, or another took its place: nothing was pressed.
                if (failure instanceof error.ElementNotInteractableError || failure instanceof error.ElementClickInterceptedError || failure instanceof error.StaleElementReferenceError) return false;
                throw failure;
            }
        }, `${role} ${name} can be pressed`);
    }

    // Types into a field, instead of what it holds, and may leave it then.
    async fill(label, text, { leave = false, ...options } = {}) {
        const field = await this.find("label", label, options);
        // What is marked is replaced by what is typed.
        await this.run((field) => field.select(), field);
        await field.sendKeys(text);
        if (leave) await field.sendKeys(Key.TAB);
    }

    async has(role, name, options) {
        return (await this.all(role, name, options)).length > 0;
    }

    // All that the window says.
    text() {
        return this.run(() => document.body.innerText);
    }

    async see(text, seconds) {
        let seen = "";
        await until(async () => (text instanceof RegExp ? text.test((seen = await this.text())) : (seen = await this.text()).includes(text)), () => `the window says ${text}; it says:\n${seen}`, seconds);
    }

    // Loads the page once more.
    async renew() {
        await this.run(() => {
            window.isLeaving = true;
            // The driver has its answer first.
            setTimeout(() => location.reload());
        });
        await until(() => this.run(() => window.isLeaving === undefined && document.querySelector("main h1") !== null).catch(() => false), "the page is there again");
    }

    async close() {
        await this.driver.quit();
    }

    async #giveFinder() {
        if (await this.run(() => window.TestingLibraryDom === undefined)) await this.driver.executeScript(`${finder}; window.TestingLibraryDom = TestingLibraryDom;`);
    }
}

// The answer of the driver, unless it is lost.
function inTime(answer, work) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`the driver does not answer: ${work}`)), 45_000);
    });
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

// Every place of the page that a text could be left in and still has it.
export async function findTraces(window, text) {
    const kept = await window.wait(async () => ({
        page: document.documentElement.outerHTML,
        fields: [...document.querySelectorAll("input, textarea")].map((field) => field.value).join("\n"),
        local: JSON.stringify({ ...localStorage }),
        session: JSON.stringify({ ...sessionStorage }),
        databases: JSON.stringify(await indexedDB.databases()),
        caches: JSON.stringify(await globalThis.caches?.keys().catch(() => null)),
        cookies: document.cookie,
        history: JSON.stringify(history.state),
        address: location.href,
    }));
    return Object.entries(kept).flatMap(([place, held]) => (held?.includes(text) ? [place] : []));
}
