# SPDX-License-Identifier: Apache-2.0
"""Segments of a film from a bucket, by copies on the local disk, and from the local disk itself.

SeaweedFS runs on this machine. Both servers have one loop on one core, wrk has the other; runs alternate, and the median counts. All
segments of the film are asked for in turn. Cold are those that no copy is here of.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path
from statistics import median

from palco import ROOT

ROUNDS = 7
SECONDS = 4
CONNECTIONS = 32

TURNS = """
local paths = {{ {paths} }}
local turn = 0
request = function()
  turn = turn + 1
  return wrk.format("GET", paths[turn % #paths + 1])
end
"""


class S3:
    """A bucket that ends with this object."""

    def __init__(self):
        self.process = subprocess.Popen(
            [ROOT / "scripts/with-s3", "sh", "-c", "env | grep -E '^(PALCO_TEST_S3|AWS_)'; echo; exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        for line in self.process.stdout:
            if not line.strip():
                break
            name, _, value = line.rstrip("\n").partition("=")
            os.environ[name] = value

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


def measure(bench):
    s3 = S3()
    try:
        compare(bench)
    finally:
        for server in bench.started:
            if server.process and server.process.poll() is None:
                server.stop()
        s3.close()


def film(server, path):
    """The paths of all segments of all renditions, which need no grant."""
    client = server.admin()
    video = client.wait(client.upload(path, title="Long").expect(201).json()["id"], whole=True, timeout=900)
    variants, media = client.master(video["id"])
    found = [address for _, playlist in variants + media for _, address in client.segments(playlist)]
    return [client.target(address) for address in found if "/media/" in address]


def seconds_for(server, paths):
    client, started = server.client(), time.monotonic()
    for path in paths:
        client.get("/" + path, token=False).expect(200)
    return (time.monotonic() - started) / len(paths)


def load(server, script):
    out = subprocess.run(
        ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", script, server.url],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "Non-2xx" not in out and "Socket errors" not in out, out
    return float(out.split("Requests/sec:")[1].split()[0])


def compare(bench):
    place = os.environ["PALCO_TEST_S3"].replace("?", "/bench?", 1)
    settings = {"PALCO_LOOPS": "1"}
    servers = {
        name: bench.palco(f"storage-{name}", {**settings, **more}, log=bench.folder / f"storage-{name}.log")
        for name, more in (("disk", {}), ("bucket", {"PALCO_STORAGE": place}))
    }
    scripts, paths = {}, {}
    for name, server in servers.items():
        server.start()
        paths[name] = film(server, bench.films.long_standard(60))
        scripts[name] = bench.folder / f"storage-{name}.lua"
        scripts[name].write_text(TURNS.format(paths=", ".join(f'"{path}"' for path in paths[name])))
        server.stop()
    # What was made here is kept here; what comes to a server that has nothing is fetched.
    shutil.rmtree(Path(servers["bucket"].data) / "cache")
    for server in servers.values():
        server.wrapper = ["taskset", "-c", "0"]
        server.start()
    cold = seconds_for(servers["bucket"], paths["bucket"])
    warm = seconds_for(servers["bucket"], paths["bucket"])
    seconds_for(servers["disk"], paths["disk"])
    rates = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, server in servers.items():
            rates[name].append(load(server, scripts[name]))
    ratios = sorted(bucket / disk for bucket, disk in zip(rates["bucket"], rates["disk"]))
    bench.row("segments from the local disk", median(rates["disk"]), "requests/s", "", None)
    bench.row("segments of a bucket, by copies on the local disk", median(rates["bucket"]), "requests/s", "", None)
    ratio = median(ratios)
    bench.row("the second to the first", ratio, "", ">= 0.9", ratio >= 0.9, spread=(ratios[0], ratios[-1]))
    bench.row("a segment that is only in the bucket, one after the other", cold * 1000, "ms", "", None)
    bench.row("the same when it is here", warm * 1000, "ms", "", None)
