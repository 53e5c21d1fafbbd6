# SPDX-License-Identifier: Apache-2.0
"""Files to a server of S3 and back, by Palco's client and by curl, in turns against the same server.

The server (SeaweedFS) runs beside them on this machine: the figures say how the two compare, not how fast S3 is.
"""

import json
import os
import subprocess
from pathlib import Path
from statistics import median
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 7
# Of curl's speed, which computes no checksum of what it sends and receives.
BARS = {"put": 0.7, "get": 0.45}
SIZES = {"64 MB": 64 << 20, "1 MB": 1 << 20}


def measure(bench):
    subprocess.run(["scripts/build", "s3"], cwd=ROOT, check=True)
    server = subprocess.Popen(
        ["scripts/with-s3", "python3", "-c", "import json, os; print(json.dumps(dict(os.environ)), flush=True); input()"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        environment = json.loads(server.stdout.readline())
        for name, size in SIZES.items():
            compare(bench, environment, name, size)
    finally:
        server.communicate("\n")


def compare(bench, environment, name, size):
    source, target = bench.folder / "source", bench.folder / "target"
    source.write_bytes(os.urandom(size))
    ways = {"put": [], "get": []}
    for _ in range(ROUNDS):
        for way, seconds in ways.items():
            seconds.append((palco(environment, way, source, target), curl(environment, way, source, target)))
            if way == "get":
                assert target.read_bytes() == source.read_bytes()
            target.unlink(missing_ok=True)
    for way, seconds in ways.items():
        ours, theirs = (size / median(side) / 1e6 for side in zip(*seconds))
        bench.row(f"S3 {way} of {name}: Palco's client", ours, "MB/s", "", None)
        bench.row(f"S3 {way} of {name}: curl", theirs, "MB/s", "", None)
        ratio = ours / theirs
        bench.row(f"S3 {way} of {name}: Palco's client to curl", ratio, "x", f">= {BARS[way]}", ratio >= BARS[way])


def palco(environment, way, source, target):
    file = source if way == "put" else target
    command = [ROOT / ".build/release/S3Transfer", way, environment["PALCO_TEST_S3"], "palco", file]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def curl(environment, way, source, target):
    """What it took, without the start of the program."""
    location = urlsplit(environment["PALCO_TEST_S3"])
    url = f"{parse_qs(location.query)['endpoint'][0]}/{location.netloc}/curl"
    user = f'user = "{environment["AWS_ACCESS_KEY_ID"]}:{environment["AWS_SECRET_ACCESS_KEY"]}"'
    moved = ["--upload-file", source] if way == "put" else ["--output", target]
    command = [
        "curl", "--silent", "--fail", "--config", "-", "--aws-sigv4", "aws:amz:us-east-1:s3",
        "--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "--write-out", "%{stderr}%{time_total}",
    ]  # fmt: skip
    done = subprocess.run([*command, *moved, url], input=user, capture_output=True, text=True, check=True)
    return float(done.stderr)
