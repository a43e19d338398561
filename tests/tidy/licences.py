#!/usr/bin/env python3
"""Checks deny.toml's licences and wrappers without cargo-deny.

Reads what Cargo resolved for the server and for the desktop app: every package from outside must carry a licence that
deny.toml allows, and a package that deny.toml bans but for its wrappers may be
named by those alone. Advisories need a database from the network and are left
to `cargo deny check`.
"""

import json
import re
import subprocess
import sys
import tomllib


WORKSPACES = ("Cargo.toml", "desktop/Cargo.toml")


def main() -> int:
    with open("deny.toml", "rb") as file:
        rules = tomllib.load(file)
    outside, problems = set(), []
    for manifest in WORKSPACES:
        metadata = read_metadata(manifest)
        packages = {package["id"]: package for package in metadata["packages"]}
        problems += licence_problems(rules, packages.values())
        problems += wrapper_problems(rules, metadata, packages)
        outside |= {name for name, package in packages.items() if package["source"]}
    for problem in problems:
        print(problem)
    print(f"licences: {len(outside)} packages from outside, {len(problems)} to mend")
    return 1 if problems else 0


def read_metadata(manifest):
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--manifest-path", manifest]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def licence_problems(rules, packages):
    allowed = set(rules["licenses"]["allow"])
    excepted = {rule["crate"]: set(rule["allow"]) for rule in rules["licenses"].get("exceptions", [])}
    for package in packages:
        if package["source"] is None:
            continue
        name, licence = package["name"], package["license"] or ""
        if not is_allowed(licence, allowed | excepted.get(name, set())):
            yield f"{name} {package['version']}: licence {licence or 'not given'}"


def is_allowed(expression: str, allowed: set[str]) -> bool:
    """Evaluates an SPDX expression; `A/B` is an older way to write `A OR B`."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    position = 0

    def either() -> bool:
        nonlocal position
        result = both()
        while position < len(tokens) and tokens[position] == "OR":
            position += 1
            result = both() or result
        return result

    def both() -> bool:
        nonlocal position
        result = one()
        while position < len(tokens) and tokens[position] == "AND":
            position += 1
            result = one() and result
        return result

    def one() -> bool:
        nonlocal position
        if position >= len(tokens):
            return False
        token = tokens[position]
        position += 1
        if token == "(":
            result = either()
            position += 1
            return result
        if position < len(tokens) and tokens[position] == "WITH":
            token = f"{token} WITH {tokens[position + 1]}"
            position += 2
        return token in allowed

    return bool(tokens) and either() and position == len(tokens)


def wrapper_problems(rules, metadata, packages):
    wrappers = {
        ban["crate"] if "crate" in ban else ban["name"]: set(ban.get("wrappers", []))
        for ban in rules.get("bans", {}).get("deny", [])
        if isinstance(ban, dict)
    }
    for node in metadata["resolve"]["nodes"]:
        namer = packages[node["id"]]
        for dependency in node["deps"]:
            named = packages[dependency["pkg"]]["name"]
            if named in wrappers and namer["name"] not in wrappers[named]:
                yield f"{namer['name']} may not name {named}: only {', '.join(sorted(wrappers[named])) or 'nobody'}"


if __name__ == "__main__":
    sys.exit(main())
