# SPDX-License-Identifier: Apache-2.0
"""One message to many WebSockets: Palco's hub beside PyPI websockets' `broadcast`, with the same clients on the same cores.

The clients (`crowd.c`) read and compare every frame, so what is counted has arrived whole and in order.
"""

import asyncio
import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
# This file is a program too: the other server.
sys.path.append(str(ROOT / "Tests/Clients"))

from delivery import cpu_seconds  # noqa: E402

SOCKETS = 10_000
RATE = 20
SECONDS = 10
# So many messages are on their way at once where as many as possible are to arrive: neither server ever waits for one.
WINDOW = 32
# Runs alternate between the two servers; what counts is the median.
ROUNDS = 3
KILOBYTE = 1024


class Server:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rpartition(":")[2])
        self.idle = self.resident_bytes()

    def resident_bytes(self):
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.partition("VmRSS:")[2].split()[0]) * KILOBYTE

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def crowd(program, server, sockets, how, value, seconds=SECONDS):
    """One run: the figures of the clients, and what the server took for it."""
    command = [program, str(server.port), "/topic", str(sockets), str(seconds), how, str(value)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as clients:

        def go_on():
            clients.stdin.write("\n")
            clients.stdin.flush()

        assert clients.stdout.readline() == "connected\n", "the clients do not come in"
        used, started = server.cpu_seconds(), time.monotonic()
        go_on()
        figures = json.loads(clients.stdout.readline())
        figures["cpu"] = (server.cpu_seconds() - used) / (time.monotonic() - started)
        figures["bytes_per_socket"] = (server.resident_bytes() - server.idle) / sockets
        figures["deliveries_per_second"] = figures["deliveries"] / figures["seconds"]
        go_on()
    assert clients.returncode == 0
    return figures


def measure(bench):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert most > SOCKETS + 100, f"{SOCKETS} sockets need more descriptors than {most}: raise the hard limit (ulimit -Hn)"
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    subprocess.run([ROOT / "scripts/build", "echo"], check=True)
    program = bench.folder / "crowd"
    subprocess.run(["clang", "-O2", "-Wall", "-Werror", "-o", program, ROOT / "benchmarks/crowd.c"], check=True)
    ours, theirs = Server([ROOT / ".build/release/EchoServer"]), None
    try:
        runs = [crowd(program, ours, SOCKETS, "rate", RATE) for _ in range(ROUNDS)]
        p99 = median(run["p99_ms"] for run in runs)
        label = f"{SOCKETS:,} WebSockets, {RATE} messages/s to all"
        spread = [min(run["p99_ms"] for run in runs), max(run["p99_ms"] for run in runs)]
        bench.row(f"{label}: p99", p99, "ms", "<= 250", p99 <= 250, spread=spread, runs=runs)
        memory = max(run["bytes_per_socket"] for run in runs) / KILOBYTE
        bench.row(f"{label}: memory a socket", memory, "KB", "<= 16", memory <= 16)
        print(f"    {median(run['deliveries_per_second'] for run in runs):,.0f} deliveries/s with {median(run['cpu'] for run in runs):.2f} cores")
        theirs = Server([sys.executable, __file__])
        pairs = []
        for turn in range(ROUNDS):
            pair = {}
            for name, server in [("palco", ours), ("websockets", theirs)][:: 1 if turn % 2 == 0 else -1]:
                pair[name] = crowd(program, server, SOCKETS, "window", WINDOW)
            pairs.append(pair)
        ratios = [pair["palco"]["deliveries_per_second"] / pair["websockets"]["deliveries_per_second"] for pair in pairs]
        ratio, spread = median(ratios), [min(ratios), max(ratios)]
        bench.row(f"{SOCKETS:,} WebSockets: deliveries/s of websockets'", ratio, "x", ">= 10", ratio >= 10, spread=spread, runs=pairs)
        for name in pairs[0]:
            print(f"    {name} {median(pair[name]['deliveries_per_second'] for pair in pairs):,.0f}/s")
    finally:
        for server in (ours, theirs):
            if server:
                server.stop()


async def serve_websockets():
    """The other server: says what anybody says to all, by its library's own means for that."""
    from websockets.asyncio.server import broadcast, serve
    from websockets.exceptions import ConnectionClosed

    members = set()

    async def handle(socket):
        members.add(socket)
        try:
            async for message in socket:
                broadcast(members, message)
        except ConnectionClosed:
            # The clients leave without a word.
            pass
        finally:
            members.discard(socket)

    async with serve(handle, "127.0.0.1", 0, compression=None, ping_interval=None, backlog=4096, open_timeout=120) as server:
        print(f"listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve_websockets())
