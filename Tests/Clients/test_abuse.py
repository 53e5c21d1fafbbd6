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


class Siege:
    """Attacks on the target beside a neighbor, who must be served all the while."""

    def __init__(self, target):
        self.target = target
        self.neighbor = target.neighbor()
        self.attackers = []
        self.made = self.held = 0

    def attack(self, kind, **options):
        self.attackers.append(Attacker(kind, **options))

    def last_for(self, count):
        """Until everything is under way, and the neighbor has been answered so often from then on."""
        wait_until(lambda: all(each.has_begun for each in self.attackers), "the attack is under way")
        goal = self.neighbor.answered + count
        wait_until(lambda: self.neighbor.answered >= goal, "the neighbor is served")

    def end(self):
        for each in self.attackers:
            done = each.stop()
            self.made += done["made"]
            self.held += done["held"]
        return self.neighbor.stop()


@pytest.fixture
def siege(target, request):
    """`siege(memory)` as a context: by how many bytes the server may grow in it."""

    @contextlib.contextmanager
    def lay(memory):
        before, files = target.palco.resident_bytes(), target.descriptors()
        target.forget_peak()
        siege = Siege(target)
        try:
            wait_until(lambda: siege.neighbor.answered >= 20, "the neighbor is served")
            yield siege
        finally:
            figures = siege.end()
        growth = target.palco.peak_bytes() - before
        request.config.measured.append(
            f"{request.node.name}: {siege.made} made, {siege.held} held; {figures['count']} requests beside them,"
            f" p99 {figures['p99'] * 1000:.1f} ms (alone {target.quiet['p99'] * 1000:.1f}),"
            f" longest {figures['longest'] * 1000:.0f} ms; {growth / MIB:.1f} MiB more"
        )
        assert figures["failures"] == []
        assert growth < memory
        assert target.palco.process.poll() is None
        # Its own connection to the database and the like come and go.
        wait_until(lambda: target.descriptors() <= files, lambda: f"{target.descriptors()} descriptors of {files} are left")

    return lay


@pytest.mark.parametrize(
    "memory, options",
    [
        (2, ["-H", "-u", "/healthz"]),
        (2, ["-B", "-s", "8192", "-f", "application/json", "-u", "/api/v1/auth/login"]),
        (2, ["-R", "-t", "GET", "-a", "1", "-b", "3000", "-u", "segment"]),
        # Beside the connection, what it was told and what it will be told next.
        (8, ["-X", "-w", "16", "-y", "64", "-n", "2", "-z", "8", "-k", "5", "-u", "segment"]),
    ],
    ids=["slow heads", "slow bodies", "ranges", "slow reading"],
)
def test_slowhttptest(target, siege, tool, tmp_path, memory, options):
    *options, path = options
    url = f"https://127.0.0.1:{target.palco.secure_port}{target.segment if path == 'segment' else path}"
    command = [tool("slowhttptest"), "-c", "1000", "-r", "400", "-i", "1", "-l", "10", "-p", "10", *options, url]
    with siege(1000 * memory * CONNECTION) as attack:
        found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        attack.last_for(20)
    text = re.sub(r"\x1b\[[0-9;]*m", "", found.stdout)
    assert re.findall(r"service available:\s+(\w+)", text)[-1:] == ["YES"], text[-2000:]


def test_idle_connections(target, siege):
    """More than there are places: those who wait make room for who asks."""
    with siege(20_000 * CONNECTION) as attack:
        for number in range(2):
            attack.attack("silence", port=target.palco.port, count=10_000, first=20 * number, addresses=10)
        attack.last_for(200)
    assert attack.held >= 19_000


def test_churn(target, siege):
    with siege(64 * MIB) as attack:
        attack.attack("churn", port=target.palco.port, count=30_000)
        attack.last_for(20)
    assert attack.made > 1000


def test_half_open_connections(target, siege):
    with siege(64 * MIB) as attack:
        for port in (target.palco.port, target.palco.secure_port):
            attack.attack("halves", port=port, secure=target.palco.secure_port, count=1_500, segment=target.segment)
        attack.last_for(200)
    assert attack.made > 500


def test_readers_that_never_read(target, siege):
    with siege(800 * 8 * CONNECTION) as attack:
        attack.attack("deafness", port=target.palco.secure_port, count=800, segment=target.segment)
        attack.last_for(200)
    assert attack.held > 400


def test_garbage(target, siege):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    ports = [target.palco.port, target.palco.secure_port]
    with siege(64 * MIB) as attack:
        attack.attack("garbage", ports=ports, secure=target.palco.secure_port, count=5_000, seed=seed)
        attack.last_for(20)
    assert attack.made > 1000


def test_handshakes(target, siege):
    """Eight addresses, which begin as many as they may."""
    with siege(128 * MIB) as attack:
        attack.attack("handshakes", port=target.palco.secure_port, count=30_000, addresses=8)
        attack.last_for(20)
    assert attack.made > 1000


def test_floods_over_http2(target, siege):
    with siege(128 * MIB) as attack:
        attack.attack("floods", port=target.palco.secure_port, count=2_000, segment=target.segment)
        attack.last_for(200)
    # An attack counts when its last frame was taken, which is what the server should not do: those that hold still are left.
    assert attack.held > 100
