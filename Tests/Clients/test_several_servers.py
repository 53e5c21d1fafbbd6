"""Several servers with one database and one folder, as behind a balancer that sends everybody anywhere."""

import hashlib
import http.client
import itertools
import re
import textwrap
import threading
import urllib.parse

import pytest
from clock import Clock
from crashing import library
from network import free_port
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, ROOT
from test_proxies import HAProxy, OutsideClient
from test_tus import BODY, create, offset, patch
from test_workers import postgres, site, whole  # noqa: F401
from waiting import wait_until


def test_an_upload_goes_on_at_any_server_and_plays_at_all(site, films):
    servers = [site.server(name, PALCO_WORKERS="1") for name in ("first", "second")]
    clients = [server.admin() for server in servers]
    clients[1].token = clients[0].token
    film = films.copy(films.phone, "anywhere").read_bytes()
    address = create(clients[0], len(film), filename="phone.mp4", title="From anywhere")
    step = len(film) // 7 + 1
    for at, client in zip(range(0, len(film), step), itertools.cycle(reversed(clients)), strict=False):
        assert offset(client, address) == at
        patch(client, address, at, film[at : at + step]).expect(204)
    video = next(video for video in clients[0].get("/videos?limit=100").json()["data"] if video["title"] == "From anywhere")
    assert clients[1].wait(video["id"], whole=True)["checksum_sha256"] == hashlib.sha256(film).hexdigest()
    for client in clients:
        whole(client, video["id"])


def test_a_killed_server_costs_what_it_had_not_acknowledged(site, films):
    first, second = site.server("first", PALCO_WORKERS="0"), site.server("second", PALCO_WORKERS="1")
    client, other = first.admin(), second.admin()
    other.token = client.token
    film = films.copy(films.phone, "killed").read_bytes()
    address = create(client, len(film), filename="phone.mp4", title="Went on")
    patch(client, address, 0, film[:700_000]).expect(204)
    # A piece is on its way when the server is killed.
    connection = http.client.HTTPConnection("127.0.0.1", first.port, timeout=30)
    connection.putrequest("PATCH", address)
    for name, value in {**BODY, "Upload-Offset": "700000", "Content-Length": str(len(film) - 700_000), "Authorization": f"Bearer {client.token}"}.items():
        connection.putheader(name, value)
    connection.endheaders(film[700_000:900_000])
    first.kill()
    connection.close()
    reached = offset(other, address)
    assert 700_000 <= reached <= 900_000
    patch(other, address, reached, film[reached:]).expect(204)
    video = next(video for video in other.get("/videos?limit=100").json()["data"] if video["title"] == "Went on")
    assert other.wait(video["id"], whole=True)["checksum_sha256"] == hashlib.sha256(film).hexdigest()
    whole(other, video["id"])


def test_who_sends_on_at_another_server_need_not_wait_for_the_dead_connection(site, films):
    first, second = site.server("first", PALCO_WORKERS="0"), site.server("second", PALCO_WORKERS="1")
    client, other = first.admin(), second.admin()
    other.token = client.token
    film = films.copy(films.phone, "stalled").read_bytes()
    address = create(client, len(film), filename="phone.mp4", title="Stalled")
    # A connection from which nothing comes any more, and which nobody has closed.
    connection = http.client.HTTPConnection("127.0.0.1", first.port, timeout=60)
    connection.putrequest("PATCH", address)
    for name, value in {**BODY, "Upload-Offset": "0", "Content-Length": str(len(film)), "Authorization": f"Bearer {client.token}"}.items():
        connection.putheader(name, value)
    connection.endheaders(film[:300_000])
    wait_until(lambda: site.sql("SELECT COUNT(*) FROM uploads WHERE writer IS NOT NULL") == "1", "the first server receives")
    reached = offset(other, address)
    assert reached <= 300_000
    patch(other, address, reached, film[reached:]).expect(204)
    # The older one is told so, and has written nothing since.
    assert connection.getresponse().status >= 400
    connection.close()
    video = next(video for video in other.get("/videos?limit=100").json()["data"] if video["title"] == "Stalled")
    assert other.wait(video["id"], whole=True)["checksum_sha256"] == hashlib.sha256(film).hexdigest()
    assert site.sql("SELECT COUNT(*) FROM uploads WHERE writer IS NOT NULL") == "0"


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_server_whose_clock_is_wrong_goes_by_the_databases(site, films, tool, hours):
    """A sign-in, an upload on its way and a grant are good at the other server, whoever gave them."""
    clock = Clock(site.folder, library(tool, "clock", site.folder))
    clock.set(hours * 3600)
    right = site.server("right", PALCO_WORKERS="1", PALCO_UPLOAD_EXPIRY="3600")
    film = films.copy(films.phone, f"wrong by {hours} hours").read_bytes()
    client = right.admin()
    address = create(client, len(film), filename="phone.mp4", title="Out of time")
    patch(client, address, 0, film[:500_000]).expect(204)
    # What is too old is removed at the start, and its log goes on.
    wrong = site.server("wrong", PALCO_WORKERS="0", PALCO_UPLOAD_EXPIRY="3600", **clock.settings)
    other = wrong.admin()
    wrong.wait_for_line('"signed in"')
    for one, another in ((client, right), (other, wrong), (client, wrong), (other, right)):
        asking = another.client()
        asking.token = one.token
        asking.get("/auth/me").expect(200)
    assert offset(other, address) == 500_000
    video = patch(other, address, 500_000, film[500_000:]).expect(204).headers["Palco-Video-Id"]
    client.wait(video, whole=True)
    # Set while it works.
    clock.set(-hours * 3600)
    later = wrong.admin()
    for one, another in ((client, other), (other, client), (later, client), (client, later)):
        path = urllib.parse.urlsplit(one.playback_url(video)).path
        another.get(f"/{path}", token=False).expect(200)
        another.get("/auth/me").expect(200)


def test_a_stopping_server_says_so_before_it_takes_no_more_connections(site):
    server = site.server("server", PALCO_WORKERS="0")
    client = server.client()
    client.get("//readyz", token=False).expect(200)
    ended = threading.Thread(target=server.stop)
    ended.start()
    # Each is a connection of its own: it is still taken, and answered.
    wait_until(lambda: client.get("//readyz", token=False).status == 503, "it is not ready")
    client.get("//healthz", token=False).expect(200)
    assert client.get("//readyz", token=False).json()["checks"]["accepting"] == "failing"
    ended.join(20)
    assert server.process.returncode == 0


def test_servers_that_begin_at_once_are_one_installation(site):
    threads = [threading.Thread(target=site.server, args=(f"server-{number}",), kwargs={"PALCO_WORKERS": "0"}) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    clients = [server.client() for server in site.processes]
    assert len(clients) == 4
    clients[0] = site.processes[0].admin()
    for client in clients:
        client.token = clients[0].token
        client.get("/auth/me").expect(200)


class Balancer(HAProxy):
    """The configuration of docs/scaling.md, as it stands there."""

    def __init__(self, tool, folder, ports):
        self.ports = ports
        super().__init__(tool, folder, None)

    def adapted(self, text, upstream):
        text = textwrap.dedent(re.search(r"^    # haproxy.cfg\n((?:    .*\n)+)", (ROOT / "docs/scaling.md").read_text(), re.M).group(1))
        for address, port in zip(("10.0.0.11:8080", "10.0.0.12:8080"), self.ports, strict=True):
            assert address in text
            text = text.replace(address, f"127.0.0.1:{port}")
        return text.replace("/etc/haproxy/video.example.org.pem", f"{self.folder}/own.pem")


class Visitor(threading.Thread):
    """Does something again and again until the end, and keeps what failed."""

    def __init__(self, done, act):
        super().__init__()
        self.done, self.act, self.count, self.faults = done, act, 0, []

    def run(self):
        while not self.done.wait(0.1):
            try:
                self.act()
                self.count += 1
            except (AssertionError, OSError, http.client.HTTPException) as fault:
                self.faults.append(repr(fault))


def test_servers_are_updated_one_after_the_other_and_nobody_notices(site, films, tool, tmp_path):
    ports = [free_port(), free_port()]
    settings = {"PALCO_WORKERS": "1", "PALCO_TRUSTED_PROXIES": "127.0.0.1"}
    servers = [site.server(name, **settings) for name in ("first", "second")]
    for server, port in zip(servers, ports, strict=True):
        server.stop()
        server.start(port)
    balancer = Balancer(tool, tmp_path, ports)
    done = threading.Event()
    visitors = []
    try:
        client = OutsideClient(balancer.port)
        client.login(ADMIN_EMAIL, ADMIN_PASSWORD)
        film = films.copy(films.phone, "rolling").read_bytes()
        address = create(client, len(film), filename="phone.mp4", title="Through an update")
        pieces = iter(range(0, len(film) - 1000, 1000))

        def send():
            # All but the last of it while the servers go and come.
            if (at := next(pieces, None)) is not None:
                patch(client, address, at, film[at : at + 1000]).expect(204)

        def ask(path):
            OutsideClient.get(client, path).expect(200)

        visitors = [Visitor(done, act) for act in (send, lambda: ask("/auth/me"), lambda: ask("/auth/me"), lambda: ask("/videos"))]
        for visitor in visitors:
            visitor.start()
        for server, port in zip(servers, ports, strict=True):
            assert server.stop() == 0
            # As if the first had been of a new version, which changed the tables under the second.
            if server is servers[0]:
                site.sql("INSERT INTO schema_migrations (id, checksum, applied_at, generation) VALUES ('videos-9999', '', 0, 2)")
            server.start(port)
            server.wait_for_line("a newer palco has changed the database")
            wait_until(lambda server=server: len([line for line in list(server.lines) if "/auth/me" in line]) > 2, "it is asked again")
        counts = [visitor.count for visitor in visitors]
        wait_until(
            lambda: all(visitor.count > count for visitor, count in zip(visitors, counts, strict=True)),
            lambda: [visitor.faults for visitor in visitors],
        )
    finally:
        done.set()
        for visitor in visitors:
            visitor.join(60)
        balancer.stop()
    assert [fault for visitor in visitors for fault in visitor.faults] == []
    direct = servers[0].admin()
    at = offset(direct, address)
    assert at == visitors[0].count * 1000
    patch(direct, address, at, film[at:]).expect(204)
    video = next(video for video in direct.get("/videos?limit=100").json()["data"] if video["title"] == "Through an update")
    assert direct.wait(video["id"], whole=True)["checksum_sha256"] == hashlib.sha256(film).hexdigest()
    # One that is older by more than that does not start, and names what it does not know.
    site.sql("UPDATE schema_migrations SET generation = 3 WHERE id = 'videos-9999'")
    answer = site.run("migrate")
    assert answer.returncode == 1 and "videos-9999" in answer.stderr and "newer" in answer.stderr
