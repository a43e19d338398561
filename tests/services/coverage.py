"""Prints the covered share of lines of each crate from llvm-cov's export.

Usage: coverage.py COVERAGE.json CLONE
"""

import json
import pathlib
import sys


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    clone = pathlib.Path(sys.argv[2]).resolve()
    crates = {}
    with open(sys.argv[1], encoding="utf-8") as file:
        files = json.load(file)["data"][0]["files"]
    for entry in files:
        path = pathlib.Path(entry["filename"])
        if not path.is_relative_to(clone):
            continue
        parts = path.relative_to(clone).parts
        name = "/".join(parts[: parts.index("src")]) if "src" in parts else parts[0]
        lines = entry["summary"]["lines"]
        count, covered = crates.get(name, (0, 0))
        crates[name] = (count + lines["count"], covered + lines["covered"])
    for name, (count, covered) in sorted(crates.items()):
        print(f"{name:20} {100 * covered / max(count, 1):5.1f} %  {covered} of {count} lines")


if __name__ == "__main__":
    main()
