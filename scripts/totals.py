# SPDX-License-Identifier: Apache-2.0
"""Prints `passed failed skipped` of one ring: totals.py RING FILE …, with its JUnit files.

`Tests/rings.txt` says how many tests a ring has at least, and what may be skipped and why. Fewer tests are a failure; with
PALCO_STRICT=1 a skip that is not listed is one as well. Each, and each that
failed, is named on standard error.
"""

import os
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def expectations(ring):
    least, reasons = 0, []
    for line in Path("Tests/rings.txt").read_text().splitlines():
        words = line.split(maxsplit=3)
        if line.startswith("#") or len(words) < 3 or words[0] != ring:
            continue
        if words[1] == "least":
            least = int(words[2])
        elif words[1] == "skips":
            reasons.append(words[2])
    return least, reasons


def fault(case):
    """The first and the last lines of why a test failed; None where it did not."""
    for kind in ("failure", "error"):
        if (element := case.find(kind)) is not None:
            told = element.get("message") or element.text or ""
            lines = told.strip().splitlines()
            shown = lines if len(lines) <= 10 else [*lines[:4], "…", *lines[-6:]]
            return " | ".join(line[:200] for line in shown)
    return None


def main(ring, *files):
    written = [file for file in files if Path(file).exists()]
    cases = [case for file in written for case in ElementTree.parse(file).iter("testcase")]
    faults = [(case, told) for case in cases if (told := fault(case)) is not None]
    for case, told in faults:
        print(f"FAILED: {ring}: {case.get('classname')}.{case.get('name')}: {told}", file=sys.stderr)
    for file in set(files) - set(written):
        print(f"{ring}: {file} was not written", file=sys.stderr)
    failed = len(faults) + len(files) - len(written)
    skipped = [case for case in cases if case.find("skipped") is not None]
    passed = len(cases) - len(faults) - len(skipped)
    least, listed = expectations(ring)
    if len(cases) < least:
        print(f"{ring}: {len(cases)} tests, not {least} or more", file=sys.stderr)
        failed += 1
    unlisted = [case for case in skipped if case.get("name") not in listed]
    if os.environ.get("PALCO_STRICT") == "1":
        for case in unlisted:
            print(f"{ring}: skipped without leave: {case.get('classname')}.{case.get('name')}", file=sys.stderr)
        failed += len(unlisted)
        skipped = [case for case in skipped if case not in unlisted]
    print(passed, failed, len(skipped))


main(*sys.argv[1:])
