"""Sums up a test run: the slowest tests, and how many passed and failed.

Reads nextest's JUnit files (NAME.xml) and the captured output of `cargo test`
and of the Python tests (NAME.log) from a directory.

Usage: report.py DIRECTORY                       prints the slowest 20
       report.py --total DIRECTORY STAGES_FAILED  prints "N passed, N failed"
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as xml

CARGO_LINE = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed;.*?(?:finished in ([\d.]+)s)?$", re.M)
CONTROL = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]")
PYTHON_LINE = re.compile(r"^(ok|FAILED) (\S+) \(([\d.]+) s\)$", re.M)


def read_tests(directory):
    """Returns (timed tests, passed, failed)."""
    timed, passed, failed = [], 0, 0
    for file in sorted(pathlib.Path(directory).glob("*.xml")):
        # Texts of failures may hold characters that no XML may.
        text = CONTROL.sub("", file.read_text(errors="replace"))
        for case in xml.fromstring(text).iter("testcase"):
            bad = case.find("failure") is not None or case.find("error") is not None
            passed, failed = passed + (not bad), failed + bad
            timed.append((float(case.get("time", 0)), f"{case.get('classname')} {case.get('name')}"))
    for file in sorted(pathlib.Path(directory).glob("*.log")):
        text = file.read_text(errors="replace")
        for good, bad, seconds in CARGO_LINE.findall(text):
            passed, failed = passed + int(good), failed + int(bad)
            if int(good) + int(bad):
                timed.append((float(seconds or 0), f"{file.stem}: a binary of {int(good) + int(bad)} tests"))
        for word, name, seconds in PYTHON_LINE.findall(text):
            passed, failed = passed + (word == "ok"), failed + (word != "ok")
            timed.append((float(seconds), f"{file.stem} {name}"))
    return timed, passed, failed


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "--total":
        _, passed, failed = read_tests(sys.argv[2])
        # A stage may fail without any test of its own: a lint, a build.
        failed = max(failed, int(sys.argv[3]))
        print(f"{passed} passed, {failed} failed")
        return
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    timed, _, _ = read_tests(sys.argv[1])
    print("the slowest tests")
    for seconds, name in sorted(timed, reverse=True)[:20]:
        print(f"{seconds:9.2f} s  {name}")


if __name__ == "__main__":
    main()
