"""Attacks on a server, while a neighbor who does nothing wrong asks on: each of its requests is answered, the server's memory
stays bounded, and every descriptor comes back. How long the neighbor waited is measured and told, not judged: that depends
on the machine."""

import contextlib
import random
import re
import subprocess
from pathlib import Path

import pytest
from attacker import Attacker
from authority import Authority
from conftest import MEASURED
from neighbor import Neighbor
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, Client, Palco
from waiting import wait_until

# In bytes
MIB = 1 << 20
# What one connection may cost.
CONNECTION = 16 << 10


class Target:
    """A server with a film on it, wholly made, that lets one address have more connections than it would by itself."""

    def __init__(self, palco, authority, film):
        self.palco = palco.start()
        self.authority = authority
        self.client = Client(f"https://localhost:{palco.secure_port}", trust=authority.trust())
        self.client.login(ADMIN_EMAIL, ADMIN_PASSWORD)
        video = self.client.upload(film).expect(201).json()["id"]
        self.client.wait(video, whole=True)
        variants, _ = self.client.master(video)
        playlist = self.client.get(variants[0][1]).expect(200).text
        self.segment = next(line for line in playlist.splitlines() if line.startswith("/media/"))

    def neighbor(self):
        return Neighbor(self.palco.port, self.palco.secure_port, self.authority.path, self.client.token, self.segment)

    def descriptors(self):
        return len(self.palco.open_files())

    def forget_peak(self):
        """So that `peak_bytes` is of what comes (proc(5), clear_refs)."""
        Path(f"/proc/{self.palco.pid}/clear_refs").write_text("5")


@pytest.fixture(scope="module")
def target(tool, films, authority, tmp_path_factory):
    settings = {"PALCO_MAX_CONNECTIONS": "20000", "PALCO_MAX_CONNECTIONS_PER_ADDRESS": "2048"}
    palco = Palco(tmp_path_factory.mktemp("abuse"), {**settings, **authority.issue("shown")})
    found = Target(palco, authority, films.bikes)
    # What is made once stands before any measurement.
    neighbor = found.neighbor()
    wait_until(lambda: neighbor.answered >= 300, "the neighbor is served")
    found.quiet = neighbor.stop()
    assert found.quiet["failures"] == []
    yield found
    assert palco.stop() == 0


@pytest.fixture(scope="module")
def authority(tool, tmp_path_factory):
    return Authority(tool("openssl"), tmp_path_factory.mktemp("authority"))


@pytest.fixture
def tell(request):
    """What was measured, for the end of the run."""
    return request.config.stash.setdefault(MEASURED, []).append


@contextlib.contextmanager
def beside_a_neighbor(target, tell, name, memory):
    """Yields the neighbor, while it is served. `memory`: by how much the server may grow, in bytes."""
    before, files = target.palco.resident_bytes(), target.descriptors()
    target.forget_peak()
    neighbor = target.neighbor()
    try:
        wait_until(lambda: neighbor.answered >= 20, "the neighbor is served")
        yield neighbor
    finally:
        figures = neighbor.stop()
    growth = target.palco.peak_bytes() - before
    tell(
        f"{name}: {figures['count']} requests beside it, p99 {figures['p99'] * 1000:.1f} ms"
        f" (alone {target.quiet['p99'] * 1000:.1f}), longest {figures['longest'] * 1000:.0f} ms, {growth / MIB:.1f} MiB more"
    )
    assert figures["failures"] == []
    assert growth < memory
    assert target.palco.process.poll() is None
    # Its own connection to the database and the like come and go.
    wait_until(lambda: target.descriptors() <= files, lambda: f"{target.descriptors()} descriptors of {files} are left")


def last_for(neighbor, count):
    """Until the neighbor has been answered so often under attack."""
    goal = neighbor.answered + count
    wait_until(lambda: neighbor.answered >= goal, "the neighbor is served")


@pytest.mark.parametrize(
    "kind, options",
    [
        ("slow heads", ["-H", "-u", "/healthz"]),
        ("slow bodies", ["-B", "-s", "8192", "-f", "application/json", "-u", "/api/v1/auth/login"]),
        ("ranges", ["-R", "-t", "GET", "-a", "1", "-b", "3000", "-u", "segment"]),
        ("slow reading", ["-X", "-w", "16", "-y", "64", "-n", "2", "-z", "8", "-k", "5", "-u", "segment"]),
    ],
)
def test_slowhttptest(target, tool, tell, tmp_path, kind, options):
    *options, path = options
    url = f"https://127.0.0.1:{target.palco.secure_port}{target.segment if path == 'segment' else path}"
    command = [tool("slowhttptest"), "-c", "1000", "-r", "400", "-i", "1", "-l", "10", "-p", "10", *options, url]
    with beside_a_neighbor(target, tell, kind, 1000 * 2 * CONNECTION) as neighbor:
        found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        last_for(neighbor, 20)
    text = re.sub(r"\x1b\[[0-9;]*m", "", found.stdout)
    assert re.findall(r"service available:\s+(\w+)", text)[-1:] == ["YES"], text[-2000:]


def test_idle_connections(target, tell):
    """More than there are places: those who wait make room for who asks."""
    with beside_a_neighbor(target, tell, "20,000 idle connections", 20_000 * CONNECTION) as neighbor:
        crowds = [
            Attacker("silence", port=target.palco.port, count=10_000, first=20 * number, addresses=10) for number in range(2)
        ]
        wait_until(lambda: all(each.has_begun for each in crowds), "all are connected")
        last_for(neighbor, 200)
        assert sum(each.stop()["held"] for each in crowds) >= 19_000


def test_churn(target, tell):
    with beside_a_neighbor(target, tell, "churn", 64 * MIB) as neighbor:
        attacker = Attacker("churn", port=target.palco.port, count=30_000)
        wait_until(lambda: attacker.has_begun, "the attack was made")
        last_for(neighbor, 20)
        assert attacker.stop()["made"] > 1000


def test_half_open_connections(target, tell):
    with beside_a_neighbor(target, tell, "half-open connections", 64 * MIB) as neighbor:
        attacker = Attacker("halves", port=target.palco.secure_port, count=1_500, segment=target.segment)
        plain = Attacker("halves", port=target.palco.port, count=1_500, segment=target.segment)
        wait_until(lambda: attacker.has_begun and plain.has_begun, "the attack was made")
        last_for(neighbor, 200)
        assert attacker.stop()["made"] > 200 and plain.stop()["made"] > 200


def test_readers_that_never_read(target, tell):
    with beside_a_neighbor(target, tell, "readers that never read", 800 * 8 * CONNECTION) as neighbor:
        attacker = Attacker("deafness", port=target.palco.secure_port, count=800, segment=target.segment)
        wait_until(lambda: attacker.has_begun, "all have asked")
        last_for(neighbor, 200)
        assert attacker.stop()["held"] > 400


def test_garbage(target, tell):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    ports = [target.palco.port, target.palco.secure_port]
    with beside_a_neighbor(target, tell, "garbage", 64 * MIB) as neighbor:
        attacker = Attacker("garbage", ports=ports, secure=target.palco.secure_port, count=5_000, seed=seed)
        wait_until(lambda: attacker.has_begun, "the attack was made")
        last_for(neighbor, 20)
        assert attacker.stop()["made"] > 1000


def test_handshakes(target, tell):
    """Eight addresses, which begin as many as they may."""
    with beside_a_neighbor(target, tell, "handshakes", 128 * MIB) as neighbor:
        attacker = Attacker("handshakes", port=target.palco.secure_port, count=30_000, addresses=8)
        wait_until(lambda: attacker.has_begun, "the attack was made")
        last_for(neighbor, 20)
        assert attacker.stop()["made"] > 1000
