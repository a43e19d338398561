"""Refuses what the compiler and its lints cannot see.

- files over 700 lines (aim under 300) and functions over 120 lines
- modules named after leftovers instead of the domain
- sea-orm outside the store and the migrations, axum outside the application
- environment variables read outside the configuration
- paths of somebody's machine
- threats that no test answers, and tests that their page names and nobody has

Prints each finding as `file:line: reason` and exits 1 when there is one.
Usage: check.py
"""

import pathlib
import re
import subprocess
import sys

FILE_LINES_MAX = 700
FUNCTION_LINES_MAX = 120

# Files that are tables rather than prose may be longer; each with its reason.
LONG_FILES = {
    "Cargo.lock": "written by Cargo",
    "desktop/Cargo.lock": "written by Cargo",
    "ui/src/api/schema.ts": "written from server/api/openapi.json",
}

# The same for functions.
LONG_FUNCTIONS = {
    "server/protocol/tests/protocol/usage.rs:usage_lies_give_nothing_away_and_charge_nothing_beyond_the_bounds":
        "a table of lies and what each is billed as",
}

LEFTOVER_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "service", "processor"}

# Which Cargo.toml may name a crate.
OWNERS = {
    "sea-orm": {"server/store/Cargo.toml", "migrations/Cargo.toml"},
    "sea-orm-migration": {"server/store/Cargo.toml", "migrations/Cargo.toml"},
    "axum": {"server/app/Cargo.toml"},
    "utoipa-axum": {"server/app/Cargo.toml"},
}

# Build scripts are told by Cargo where to write; a server that the app starts is not given the settings of another.
ENVIRONMENT_READERS = (
    "server/app/src/config", "server/app/build.rs", "desktop/core/build.rs", "desktop/app/src/environment.rs",
    "desktop/core/src/local_server/process.rs",
)

# Generated descriptions and fixtures are as long as what they describe.
LENGTH_COUNTED = {".rs", ".py", ".sh", ".ts", ".tsx", ".sql", ".css"}
TEXT = LENGTH_COUNTED | {".md", ".toml", ".yml", ".yaml", ".json", ".html", ".txt", ""}

FUNCTION = re.compile(
    r"^(\s*)(?:pub(?:\([^)]*\))?\s+)?(?:default\s+)?(?:const\s+)?(?:async\s+)?(?:extern\s+\"\w+\"\s+)?fn\s+(\w+)"
)
ENVIRONMENT = re.compile(r"\benv::(?:var|var_os|vars|vars_os)\b")
# Spelled in pieces, so that this file does not find itself.
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:" + "|".join(["wo" + "rk", "ro" + "ot", "ho" + r"me/\w+", "Us" + r"ers/\w+"]) + r")/")


# The page that says by which tests each threat is answered.
THREATS = "docs/threats.md"
NAMED_TEST = re.compile(r"`([\w./-]+\.rs)::(\w+)`")
# Tests of pages are named by a sentence.
NAMED_PAGE_TEST = re.compile(r"`([\w./-]+\.mjs)`: (.+)$")


def check_file(name, text):
    """Yields (line, reason) for one file; `name` is its path in the clone."""
    path = pathlib.PurePosixPath(name)
    lines = text.split("\n")
    if path.suffix in LENGTH_COUNTED and len(lines) > FILE_LINES_MAX and name not in LONG_FILES:
        yield 1, f"{len(lines)} lines; split at {FILE_LINES_MAX}"
    if path.suffix in {".rs", ".ts", ".tsx"}:
        stem = path.parent.name if path.stem in {"mod", "index"} else path.stem
        if stem in LEFTOVER_NAMES:
            yield 1, f"`{stem}` is no noun of the domain; name the module after what it holds"
    if path.suffix == ".rs":
        yield from check_functions(name, lines)
        if not name.startswith(ENVIRONMENT_READERS) and "tests" not in path.parts:
            for number, line in enumerate(lines, 1):
                if ENVIRONMENT.search(line):
                    yield number, "the environment is read in server/app/src/config and desktop/app/src/environment.rs only"
    if path.name == "Cargo.toml" and name != "Cargo.toml":
        for number, line in enumerate(lines, 1):
            crate = re.match(r"\s*([\w-]+)\s*(?:=|\.workspace)", line)
            if crate and crate.group(1) in OWNERS and name not in OWNERS[crate.group(1)]:
                yield number, f"{crate.group(1)} belongs to {', '.join(sorted(OWNERS[crate.group(1)]))}"
    for number, line in enumerate(lines, 1):
        if MACHINE_PATH.search(line):
            yield number, "a path of one machine"


def check_functions(name, lines):
    """rustfmt closes a function at the indentation it was opened at."""
    for number, line in enumerate(lines):
        found = FUNCTION.match(line)
        if not found:
            continue
        indentation = found.group(1)
        for end in range(number, len(lines)):
            closed = lines[end].rstrip()
            one_line = closed.endswith(("}", ";")) and end == number
            if one_line or closed == indentation + "}" or closed in (indentation + ";", indentation + ") -> Self;"):
                break
            # A declaration in a trait ends in a semicolon before any body.
            if closed.endswith(";") and not any("{" in body for body in lines[number : end + 1]):
                break
        else:
            continue
        listed = f"{name}:{found.group(2)}" in LONG_FUNCTIONS
        if end - number + 1 > FUNCTION_LINES_MAX and not listed:
            yield number + 1, f"`{found.group(2)}` has {end - number + 1} lines; at most {FUNCTION_LINES_MAX}"


def check_threats(text, read):
    """`read` gives the text of a file, or nothing where there is none."""
    headings = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("### "):
            headings.append([number, line[4:], 0])
        for path, test in NAMED_TEST.findall(line) + NAMED_PAGE_TEST.findall(line):
            if headings:
                headings[-1][2] += 1
            source = read(path)
            if source is None:
                yield number, f"there is no {path}"
            elif path.endswith(".mjs"):
                if f'test("{test}"' not in source:
                    yield number, f"{path} has no test \"{test}\""
            elif not re.search(rf"#\[(?:tokio::)?test\b[^\n]*\n(?:\s*#\[[^\n]*\n)*\s*(?:async )?fn {test}\(", source):
                yield number, f"{path} has no test `{test}`"
    for number, heading, tests in headings:
        if tests == 0:
            yield number, f"no test is named for {heading}"


def list_files(clone):
    """Tracked files and new ones that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=clone, check=True, capture_output=True,
    ).stdout.decode()
    return sorted(name for name in set(listed.split("\0")) if name and (clone / name).is_file())


def check_tree(clone):
    findings = 0
    for name in list_files(clone):
        if pathlib.PurePosixPath(name).suffix not in TEXT or name in LONG_FILES:
            continue
        try:
            text = (clone / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for line, reason in check_file(name, text):
            print(f"{name}:{line}: {reason}")
            findings += 1
    read = lambda path: (clone / path).read_text(encoding="utf-8") if (clone / path).is_file() else None
    for line, reason in check_threats(read(THREATS) or "", read):
        print(f"{THREATS}:{line}: {reason}")
        findings += 1
    return findings


def self_test():
    """Each rule finds what it is for, and leaves good code alone."""
    long_function = "fn long() {\n" + "    a();\n" * FUNCTION_LINES_MAX + "}\n"
    refused = [
        ("server/app/src/a.rs", "x\n" * 701),
        ("server/app/src/a.rs", long_function),
        ("server/app/src/utils.rs", ""),
        ("server/app/src/common/mod.rs", ""),
        ("server/relay/Cargo.toml", "[dependencies]\nsea-orm = { workspace = true }\n"),
        ("server/relay/Cargo.toml", "[dependencies]\naxum.workspace = true\n"),
        ("server/relay/src/a.rs", 'let a = std::env::var("A");'),
        ("README.md", "see /" + "work/main"),
    ]
    accepted = [
        ("server/app/src/a.rs", "fn short() {\n    a();\n}\n" * 200),
        ("server/app/src/a.rs", "trait T {\n    fn a(\n        b: u8,\n    ) -> u8;\n}\n" + "// x\n" * 130),
        ("server/app/src/config/mod.rs", 'let a = std::env::var("A");'),
        ("server/store/Cargo.toml", "[dependencies]\nsea-orm = { workspace = true }\n"),
        ("README.md", "`$HOME/.cache` and https://host.example/home/page"),
    ]
    for name, text in refused:
        assert list(check_file(name, text)), f"should be refused: {name} {text[:60]!r}"
    for name, text in accepted:
        assert not list(check_file(name, text)), f"should be accepted: {name} {text[:60]!r}"
    source = '#[tokio::test(flavor = "multi_thread")]\nasync fn a_fact() {\n}\nfn no_test() {\n}\n'
    for named, findings in [("a_fact", 0), ("no_test", 1), ("a_fac", 1), ("another", 1)]:
        page = f"### T1 A threat\n- `a/b.rs::{named}`\n"
        assert len(list(check_threats(page, {"a/b.rs": source}.get))) == findings, named
    for named, findings in [("a page's fact, and more", 0), ("a page's fact", 1)]:
        page = f"### T1 A threat\n- `a/b.test.mjs`: {named}\n"
        source_of_page = {"a/b.test.mjs": 'test("a page\'s fact, and more", async () => {});'}
        assert len(list(check_threats(page, source_of_page.get))) == findings, named
    assert len(list(check_threats("- `c.rs::a_fact`\n", {"a/b.rs": source}.get))) == 1
    assert len(list(check_threats("### T1 A threat\n### T2 Another\n- `a/b.rs::a_fact`\n", {"a/b.rs": source}.get))) == 1


def main():
    # The rules are tried on known cases first; a check that finds nothing must
    # be able to.
    self_test()
    clone = pathlib.Path(__file__).resolve().parents[2]
    findings = check_tree(clone)
    if findings:
        print(f"tidy: {findings} to mend")
        sys.exit(1)
    print("tidy: nothing to mend")


if __name__ == "__main__":
    main()
