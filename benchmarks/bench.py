# SPDX-License-Identifier: Apache-2.0
"""The figures of the house, measured side by side in one run: `make bench`, or `bench.py delivery ladder …` for parts.

Prints a table against the bars. Each part is kept in benchmarks/figures.json, single runs too, with when it was measured, of which
commit, and whether the tree was clean.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "Tests/Clients"), str(ROOT / "benchmarks")]
os.environ["PATH"] += ":/opt/swift/usr/bin"
os.environ.setdefault("PALCO_BINARY", str(ROOT / ".build/release/palco"))

import catalogue  # noqa: E402
import delivery  # noqa: E402
import encoding  # noqa: E402
import engines  # noqa: E402
import enumeration  # noqa: E402
import fanout  # noqa: E402
import footprint  # noqa: E402
import idle  # noqa: E402
import kernel_tls  # noqa: E402
import s3  # noqa: E402
import sign_in  # noqa: E402
import storage  # noqa: E402
from films import Films  # noqa: E402
from palco import Palco  # noqa: E402

PARTS = {
    "delivery": delivery.measure,
    "secure": delivery.measure_secure,
    "kernel": kernel_tls.measure,
    "engines": engines.measure,
    "people": sign_in.measure,
    "catalogue": catalogue.measure,
    "s3": s3.measure,
    "storage": storage.measure,
    "idle": idle.measure,
    "enumeration": enumeration.measure,
    "fanout": fanout.measure,
    "ready": encoding.measure_ready,
    "ladder": encoding.measure_ladder,
    "memory": footprint.measure_memory,
    "start": footprint.measure_start,
    "disk": footprint.measure_disk,
}


class Bench:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.films = Films(ROOT / ".build/test-media")
        self.rows = []
        self.started = []

    def palco(self, name, settings=None, wrapper=(), log=None):
        server = Palco(self.folder / name, settings, wrapper, log)
        self.started.append(server)
        return server

    def row(self, what, value, unit, bar, good, **details):
        """`good` is None where there is no bar."""
        self.rows.append(dict(what=what, value=round(value, 3), unit=unit, bar=bar, good=good, details=details))
        spread = details.get("spread")
        if spread:
            bar += f" ({spread[0]:.2f} to {spread[1]:.2f})"
        verdict = {True: "ok", False: "MISSED", None: ""}[good]
        print(f"{what:<62} {value:>11,.2f} {unit:<14} {bar:<26} {verdict}", flush=True)

    def close(self):
        for server in self.started:
            if server.process and server.process.poll() is None:
                server.kill()


def machine():
    def git(*arguments):
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True).stdout.strip()

    processor = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    return dict(cores=os.cpu_count(), processor=processor, system=platform.platform(), commit=git("rev-parse", "--short", "HEAD"), is_clean=git("status", "--porcelain", "--", ".", ":!benchmarks/figures.json") == "")


def main(wanted):
    unknown = set(wanted) - set(PARTS)
    if unknown:
        sys.exit(f"no such part: {', '.join(sorted(unknown))}; there are: {', '.join(PARTS)}")
    kept = ROOT / "benchmarks/figures.json"
    figures = json.loads(kept.read_text())
    missed = 0
    # Not in /tmp, which may be memory: these are figures of a disk.
    (ROOT / ".build/bench").mkdir(parents=True, exist_ok=True)
    for part in wanted or PARTS:
        bench = Bench(tempfile.mkdtemp(prefix=part, dir=ROOT / ".build/bench"))
        try:
            PARTS[part](bench)
        finally:
            bench.close()
            shutil.rmtree(bench.folder, ignore_errors=True)
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        figures[part] = dict(at=at, machine=machine(), rows=bench.rows)
        kept.write_text(json.dumps(figures, indent=2) + "\n")
        missed += sum(row["good"] is False for row in bench.rows)
    print(f"\n{missed} bars missed; what was measured is kept in {kept.relative_to(ROOT)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
