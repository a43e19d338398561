// A desktop of its own for each test: a screen, a window manager, a bus, a keyring and a home that nobody else has.

import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { setTimeout as wait } from "node:timers/promises";

import { openWindow } from "./window.mjs";

const programs = process.env.WAYSTATION_DESKTOP_BIN;
if (!programs) throw new Error("WAYSTATION_DESKTOP_BIN names the folder of the app and its server; tests/run window sets it");
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "waystation");
const PYTHON = process.env.WAYSTATION_TEST_PYTHON ?? join(cache, "desktop-python/bin/python");
const DRIVER = process.env.WAYSTATION_TAURI_DRIVER ?? join(cache, "tauri-driver/bin/tauri-driver");

export const APP = join(programs, "waystation-desktop");
const SAVE = /^(Save|保存)/;
const OPEN = /^(Open|打开)/;
const KEYRING_PASSWORD = "a password of the test";

// Nothing is started by being asked for: what a test does not start is absent.
const busConfiguration = (socket) => `<busconfig>
  <type>session</type>
  <listen>unix:path=${socket}</listen>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>`;

export class Machine {
    // A running desktop; it ends with the test. Its keyring is `open`, or `absent`. Without a panel nobody shows the tray,
    // and nothing can be asked of the bus.
    static async start(t, { keyring = "open", language = "en_US.UTF-8", hasPanel = true } = {}) {
        const machine = new Machine(await mkdtemp(join(tmpdir(), "waystation-desktop-")));
        t.after(() => machine.stop());
        await machine.#begin(language, hasPanel);
        if (keyring === "open") await machine.#makeKeyring();
        return machine;
    }

    #children = [];
    #asked = Promise.resolve();
    #opened;

    constructor(home) {
        this.home = home;
    }

    async #begin(language, hasPanel) {
        const runtime = join(this.home, ".run");
        await mkdir(runtime, { mode: 0o700 });
        const browser = join(runtime, "xdg-open");
        this.#opened = join(runtime, "opened");
        await writeFile(browser, `#!/bin/sh\nprintf '%s\\n' "$@" >> "${this.#opened}"\n`, { mode: 0o755 });
        const socket = join(runtime, "bus");
        await writeFile(join(runtime, "bus.conf"), busConfiguration(socket));
        this.environment = {
            PATH: `${runtime}:${process.env.PATH}`,
            HOME: this.home,
            XDG_RUNTIME_DIR: runtime,
            DBUS_SESSION_BUS_ADDRESS: `unix:path=${socket}`,
            LANG: language,
            GDK_BACKEND: "x11",
            GSETTINGS_BACKEND: "memory",
            NO_AT_BRIDGE: "1",
            LIBGL_ALWAYS_SOFTWARE: "1",
        };
        this.environment.DISPLAY = `:${await this.#startScreen()}`;
        const bus = this.spawn("dbus-daemon", ["--nofork", `--config-file=${join(runtime, "bus.conf")}`, "--print-address=1"]);
        await firstLine(bus.stdout);
        this.spawn("openbox", []);
        if (hasPanel) await this.#startSession();
    }

    async #startScreen() {
        const screen = this.spawn("Xvfb", ["-displayfd", "3", "-screen", "0", "1680x1050x24", "-nolisten", "tcp"], {
            stdio: ["ignore", "ignore", "ignore", "pipe"],
        });
        return firstLine(screen.stdio[3]);
    }

    async #startSession() {
        const session = this.spawn(PYTHON, [join(import.meta.dirname, "session.py"), this.environment.DBUS_SESSION_BUS_ADDRESS], {
            stdio: ["pipe", "pipe", "inherit"],
        });
        const lines = createInterface({ input: session.stdout })[Symbol.asyncIterator]();
        await lines.next();
        this.session = { write: (line) => session.stdin.write(line), next: async () => JSON.parse((await lines.next()).value) };
    }

    // A program on this desktop; it ends with the desktop, and so does what it has started.
    spawn(program, words, options = {}) {
        const child = spawn(program, words, { env: this.environment, stdio: ["ignore", "pipe", "ignore"], detached: true, ...options });
        child.on("error", (error) => console.error(`${program}: ${error.message}`));
        this.#children.push(child);
        return child;
    }

    // Makes a keyring, which is open until it is locked.
    async #makeKeyring() {
        const keyring = this.spawn("gnome-keyring-daemon", ["--foreground", "--unlock", "--components=secrets"], { stdio: ["pipe", "ignore", "ignore"] });
        keyring.stdin.end(KEYRING_PASSWORD);
        await until(() => this.ask("has_name", "org.freedesktop.secrets"), "the keyring answers");
    }

    lockKeyring() {
        return this.ask("lock");
    }

    unlockKeyring() {
        return this.ask("unlock", KEYRING_PASSWORD);
    }

    // Asks the other side of the bus: see session.py.
    ask(what, ...arguments_) {
        const asked = this.#asked.then(async () => {
            this.session.write(`${JSON.stringify({ do: what, with: arguments_ })}\n`);
            const said = await this.session.next();
            if (said.error) throw new Error(`${what}: ${said.error}`);
            return said.answer;
        });
        this.#asked = asked.catch(() => {});
        return asked;
    }

    // The tray's menu as somebody reads it: a mark before what is chosen, `-` for a line.
    async readTray() {
        const lines = await this.ask("tray");
        return lines?.map(({ label, is_line, is_checked }) => (is_line ? "-" : `${is_checked ? "* " : ""}${label}`));
    }

    // Presses a line of the tray's menu once it is there.
    async chooseInTray(label) {
        const line = await until(async () => {
            const lines = (await this.ask("tray")) ?? [];
            return lines.find((line) => matches(line.label, label) && line.is_enabled);
        }, `the tray offers ${label}`);
        await this.ask("choose", line.number);
    }

    // Waits for the tray to have a line.
    async seeInTray(label) {
        let seen;
        await until(async () => {
            seen = (await this.readTray()) ?? [];
            return seen.some((line) => matches(line, label));
        }, () => `the tray says ${label}; it says ${JSON.stringify(seen)}`);
    }

    // Presses keys as a keyboard does, such as `ctrl+2`.
    async press(...keys) {
        await this.run("xdotool", ["key", "--clearmodifiers", ...keys]);
    }

    async type(text) {
        await this.run("xdotool", ["type", "--delay", "4", text]);
    }

    // The windows of that title that are to be seen.
    async windows(title) {
        return (await this.run("xdotool", ["search", "--onlyvisible", "--name", title instanceof RegExp ? title.source : title]).catch(() => "")).split("\n").filter(Boolean);
    }

    // The window of that title, once it is shown and has the keyboard.
    async focus(title) {
        return until(async () => {
            const [id] = await this.windows(title);
            // One that has just come up is not the window manager's yet.
            return id !== undefined && this.run("xdotool", ["windowactivate", "--sync", id]).then(() => id, () => undefined);
        }, `a window ${title}`);
    }

    // Closes the window of that title as a keyboard does; a press may come before the window is given the keys.
    async closeWindow(title) {
        await this.focus(title);
        await until(async () => {
            await this.press("alt+F4");
            await wait(500);
            return (await this.windows(title)).length === 0;
        }, `${title} is gone`);
    }

    // What the app has had opened in the browser.
    async readOpened() {
        return (await readFile(this.#opened, "utf8").catch(() => "")).split("\n").filter(Boolean);
    }

    // Says in the system's own dialog where to save. What is there already is replaced when the dialog asks.
    async enterFileName(name) {
        const path = join(this.home, name);
        await this.focus(SAVE);
        // A path that is typed replaces the name that was proposed.
        await this.press("ctrl+a");
        await this.type(path);
        await this.#agree(SAVE);
        return path;
    }

    // The same; gives what the file then holds.
    async saveAs(name, encoding = "utf8") {
        const before = await readFile(join(this.home, name), encoding).catch(() => "");
        const path = await this.enterFileName(name);
        return until(async () => {
            const now = await readFile(path, encoding).catch(() => "");
            return now !== before && now;
        }, `${name} is written`);
    }

    // Chooses a file of the home in the system's own dialog.
    async chooseFile(name) {
        await this.focus(OPEN);
        await this.press("ctrl+l");
        await this.type(join(this.home, name));
        await this.#agree(OPEN);
    }

    // The first Enter may go to what the dialog proposes, and the last to its question.
    async #agree(title) {
        await until(async () => {
            await this.press("Return");
            await wait(300);
            return (await this.windows(title)).length === 0;
        }, "the dialog is closed");
    }

    // A picture of the window of that title, as the screen has it: the driver's own pictures do not always come.
    async takePicture(title, path) {
        await this.focus(title);
        await this.run("scrot", ["--focused", "--overwrite", path]);
    }

    readClipboard() {
        return this.run("xclip", ["-selection", "clipboard", "-o"]);
    }

    async copy(text) {
        const holder = this.spawn("xclip", ["-selection", "clipboard", "-i", "-quiet"], { stdio: ["pipe", "ignore", "ignore"] });
        holder.stdin.end(text);
        await until(async () => (await this.readClipboard().catch(() => "")) === text, "the clipboard holds the text");
    }

    // What a program prints; it has to end well.
    async run(program, words) {
        const child = this.spawn(program, words);
        let printed = "";
        child.stdout.on("data", (bytes) => (printed += bytes));
        const code = await ended(child);
        if (code !== 0) throw new Error(`${program} ${words[0]} ended with ${code}`);
        return printed;
    }

    // Starts the app under a driver and gives its window.
    async open(words = []) {
        const [port, native] = [await freePort(), await freePort()];
        const driver = this.spawn(DRIVER, ["--port", String(port), "--native-port", String(native)], { stdio: ["ignore", "ignore", "ignore"] });
        await until(() => fetch(`http://127.0.0.1:${native}/status`).then((answer) => answer.ok, () => false), "the driver answers");
        const window = await openWindow(this, `http://127.0.0.1:${port}`, APP, words);
        window.driverProcess = driver;
        return window;
    }

    // Starts the app as the system does, without a driver.
    launch(words = []) {
        return this.spawn(APP, words, { stdio: "ignore" });
    }

    // The numbers of this desktop's processes of a program, such as `waystation-server`.
    async processes(name) {
        const found = [];
        for (const number of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
            const program = await readlink(`/proc/${number}/exe`).catch(() => "");
            if (!program.startsWith(join(programs, name))) continue;
            const environment = await readFile(`/proc/${number}/environ`, "utf8").catch(() => "");
            // The server of the app has the same home.
            if (environment.split("\0").includes(`HOME=${this.home}`)) found.push(Number(number));
        }
        return found;
    }

    async stop() {
        for (const number of await this.processes("waystation-")) kill(number);
        for (const child of this.#children.reverse()) {
            // A group of its own: what outlived its parent is in it still.
            if (child.pid) kill(-child.pid);
            await ended(child);
        }
        await rm(this.home, { recursive: true, force: true, maxRetries: 5 });
    }
}

// What is given this instead of a test lives as long as the tests of a file.
export function wholeFile() {
    const ends = [];
    after(async () => {
        for (const end of ends.reverse()) await end();
    });
    return { after: (end) => ends.push(end) };
}

export function kill(number, signal = "SIGKILL") {
    try {
        process.kill(number, signal);
    } catch (error) {
        if (error.code !== "ESRCH") throw error;
    }
}

// Looks until something is so, and gives what it found; what it waits for is named when it is not so in time.
export async function until(look, what, seconds = 20) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const found = await look();
        if (found) return found;
        if (Date.now() > end) throw new Error(`not within ${seconds} s: ${typeof what === "function" ? what() : what}`);
        await wait(50);
    }
}

function matches(text, wanted) {
    return wanted instanceof RegExp ? wanted.test(text) : text === wanted;
}

async function firstLine(stream) {
    for await (const line of createInterface({ input: stream })) return line;
    throw new Error("a program of the desktop ended before it was ready");
}

export function ended(child) {
    if (child.exitCode !== null) return child.exitCode;
    if (child.signalCode !== null) return null;
    return new Promise((resolve) => child.once("close", resolve));
}

export function freePort() {
    return new Promise((resolve, reject) => {
        const server = createServer();
        server.on("error", reject);
        server.listen(0, "127.0.0.1", () => {
            const { port } = server.address();
            server.close(() => resolve(port));
        });
    });
}
