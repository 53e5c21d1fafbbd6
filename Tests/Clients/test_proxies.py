"""The configurations of docs/proxies.md, run as they stand there: what a client gets through each proxy, and what Palco sees."""

import contextlib
import http.client
import json
import os
import re
import socket
import ssl
import subprocess

import pytest
from network import free_port
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, ROOT, Client, Palco
from test_tus import BODY, create, offset, patch
from test_websocket import EchoServer
from waiting import wait_until
from websockets.sync.client import connect

# Not the proxy's own address, so that Palco can tell the two apart.
CLIENT = "127.0.0.2"
# Of one PATCH. What counts is that it is far beyond what proxies keep in memory or refuse by default (1 MiB in nginx); three
# gigabytes went the same way by hand.
UPLOAD = 96 << 20

LOADED = ["mpm_event", "authz_core", "headers", "ssl", "proxy", "proxy_http"]
USER = "user root;" if os.getuid() == 0 else ""


def documented(language):
    text = (ROOT / "docs/proxies.md").read_text()
    return re.search(rf"^```{language}\n(.*?)^```", text, re.M | re.S).group(1)


class Proxy:
    """One of the proxies before a server, with the documented configuration and other addresses in it."""

    program = ()

    def __init__(self, tool, folder, upstream):
        self.folder, self.port = folder, free_port()
        pem = folder / "own.pem"
        if not pem.exists():
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                 "subjectAltName=DNS:localhost", "-keyout", folder / "own.key", "-out", folder / "own.crt"],
                check=True, capture_output=True,
            )  # fmt: skip
            pem.write_text((folder / "own.crt").read_text() + (folder / "own.key").read_text())
        self.configuration = folder / "configuration"
        self.configuration.write_text(self.surrounded(self.adapted(documented(self.language), upstream)))
        self.output = (folder / "output").open("w+")
        self.process = subprocess.Popen(
            self.command(tool), cwd=folder, stdout=self.output, stderr=self.output,
            env={**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
        )  # fmt: skip
        try:
            wait_until(self.answers, lambda: f"{type(self).__name__} listens: {(folder / 'output').read_text()}")
        except BaseException:
            self.stop()
            raise

    def adapted(self, text, upstream):
        text = text.replace("127.0.0.1:8080", upstream).replace("/etc/ssl/video.example.org", str(self.folder / "own"))
        return text.replace("video.example.org", "localhost")

    def answers(self):
        assert self.process.poll() is None, (self.folder / "output").read_text()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            return True

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)
        self.output.close()


class Nginx(Proxy):
    language = "nginx"

    def surrounded(self, text):
        text = text.replace("listen 443", f"listen 127.0.0.1:{self.port}")
        folder = self.folder
        paths = f"client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;"
        return (
            f"daemon off; {USER} worker_processes 1; pid {folder}/pid; events {{}}\n"
            f"http {{ access_log off; {paths}\n{text}\n}}\n"
        )

    def command(self, tool):
        return [tool("nginx"), "-p", self.folder, "-c", self.configuration, "-e", self.folder / "error.log"]


class NginxBySocket(Nginx):
    """Through PALCO_SOCKET."""

    def adapted(self, text, upstream):
        return super().adapted(text, upstream).replace(upstream, "unix:" + upstream)


class Apache(Proxy):
    language = "apache"

    def surrounded(self, text):
        modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in LOADED)
        return (
            f"ServerRoot {self.folder}\nPidFile {self.folder}/pid\nErrorLog {self.folder}/error.log\nListen 127.0.0.1:{self.port}\n"
            f"Mutex file:{self.folder}\nDefaultRuntimeDir {self.folder}\n{modules}\n" + text.replace("*:443", f"*:{self.port}")
        )

    def command(self, tool):
        return [tool("apache2"), "-f", self.configuration, "-D", "FOREGROUND"]


class HAProxy(Proxy):
    language = "haproxy"

    def surrounded(self, text):
        return text.replace("bind :443", f"bind 127.0.0.1:{self.port}")

    def command(self, tool):
        return [tool("haproxy"), "-db", "-f", self.configuration]


class HAProxyByTCP(HAProxy):
    """With the PROXY protocol."""

    language = "haproxy-tcp"


class Caddy(Proxy):
    language = "caddy"

    def surrounded(self, text):
        # In place of the certificate that it would fetch.
        text = text.replace("localhost {", f"https://localhost:{self.port} {{\n    tls {self.folder}/own.crt {self.folder}/own.key")
        return "{\n    admin off\n    auto_https disable_redirects\n}\n" + text

    def command(self, tool):
        return [tool("caddy"), "run", "--adapter", "caddyfile", "--config", self.configuration]


PROXIES = [Nginx, NginxBySocket, Apache, HAProxy, HAProxyByTCP, Caddy]


def unverified():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class OutsideClient(Client):
    """Asks the proxy, by TLS, from an address of its own."""

    def __init__(self, port):
        super().__init__(f"https://localhost:{port}")
        self.port = port

    def connection(self):
        return http.client.HTTPSConnection(
            "localhost", self.port, timeout=self.timeout, context=unverified(), source_address=(CLIENT, 0)
        )

    def target(self, path):
        return super().target(re.sub(r"^https://[^/]+", "/", path))


class House:
    def __init__(self, kind, tool, folder):
        settings = {
            NginxBySocket: {"PALCO_TRUSTED_PROXIES": "unix", "PALCO_SOCKET": str(folder / "palco.sock")},
            HAProxyByTCP: {"PALCO_TRUSTED_PROXIES": "127.0.0.1", "PALCO_PROXY_PROTOCOL": "true"},
        }.get(kind, {"PALCO_TRUSTED_PROXIES": "127.0.0.1"})
        self.kind, self.tool, self.folder = kind, tool, folder
        self.palco = Palco(folder / "data", settings).start()
        upstream = settings.get("PALCO_SOCKET", f"127.0.0.1:{self.palco.port}")
        try:
            self.proxy = kind(tool, folder, upstream)
        except BaseException:
            self.palco.kill()
            raise
        self.client = OutsideClient(self.proxy.port)
        self.client.login(ADMIN_EMAIL, ADMIN_PASSWORD)

    def requests(self, path):
        lines = [json.loads(line) for line in list(self.palco.lines) if line.startswith("{")]
        return [line for line in lines if line.get("path") == path]

    def stop(self):
        self.proxy.stop()
        assert self.palco.stop() == 0


@pytest.fixture(scope="module", params=PROXIES, ids=lambda kind: kind.__name__)
def house(request, tool, tmp_path_factory):
    house = House(request.param, tool, tmp_path_factory.mktemp(request.param.__name__))
    yield house
    house.stop()


def test_palco_sees_the_client_and_not_what_it_says_of_itself(house):
    forged = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9;proto=http", "X-Forwarded-Proto": "http",
              "X-Real-IP": "203.0.113.9"}  # fmt: skip
    answer = house.client.post("/auth/login", {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}, headers=forged)
    answer.expect(200)
    cookies = answer.headers.get_all("Set-Cookie")
    assert len(cookies) >= 2 and all("; Secure" in cookie for cookie in cookies)
    wait_until(lambda: len(house.requests("/api/v1/auth/login")) >= 2, "it is in the log")
    assert {line["address"] for line in house.requests("/api/v1/auth/login")} == {CLIENT}


def test_the_numbers_stay_inside(house):
    house.client.get("//metrics", token=False).expect(404)


@pytest.mark.local_only("it looks at the file of an upload as it grows")
def test_an_upload_in_chunks_arrives_as_it_is_sent(house):
    """Neither refused for its size nor kept by the proxy until it is whole."""
    client = house.client
    address = create(client, 3 << 30, filename="a.mp4")
    half, piece = UPLOAD // 2, b"\0" * (1 << 20)
    connection = client.connection()
    connection.putrequest("PATCH", address)
    fields = {**BODY, "Upload-Offset": "0", "Content-Length": str(UPLOAD), "Authorization": f"Bearer {client.token}"}
    for name, value in fields.items():
        connection.putheader(name, value)
    connection.endheaders()
    for _ in range(half >> 20):
        connection.send(piece)
    folder = house.palco.data / "uploads"

    def arrived():
        return max((file.stat().st_size for file in folder.rglob("*") if file.is_file()), default=0)

    # What is in the buffers of the sockets on the way and in one of the proxy's may be missing.
    wait_until(lambda: arrived() > half - (16 << 20), lambda: f"{arrived()} of {half} bytes have arrived")
    for _ in range(half >> 20):
        connection.send(piece)
    assert connection.getresponse().status == 204
    connection.close()
    assert offset(client, address) == UPLOAD
    patch(client, address, UPLOAD, piece).expect(204)
    client.request("DELETE", address, headers=BODY).expect(204)


def test_events_come_at_once(house, films):
    client = house.client
    video = client.have(films.bikes, title="Through a proxy")
    client.wait(video["id"])
    with client.stream("/videos/events") as lines:
        client.request("PATCH", f"/videos/{video['id']}", {"title": f"Changed by {house.kind.__name__}"}).expect(200)
        assert b"event: updated\n" in lines


def test_parts_of_a_film(house, films):
    client = house.client
    video = client.have(films.bikes, title="Through a proxy")
    client.wait(video["id"], whole=True)
    variants, _ = client.master(video["id"])
    segment = variants[0][1].rsplit("/", 1)[0] + "/0.m4s"
    whole = client.get(segment).expect(200)
    part = client.get(segment, headers={"Range": "bytes=10-99"}).expect(206)
    assert part.body == whole.body[10:100] and part.headers["Content-Range"] == f"bytes 10-99/{len(whole.body)}"
    client.get(segment, headers={"If-None-Match": whole.headers["ETag"]}).expect(304)


@pytest.mark.parametrize("kind", [Nginx, Apache, HAProxy, Caddy])
def test_a_browsers_websocket(kind, tool, tmp_path):
    """From a page of the name that was asked for, which the server checks."""
    echo = EchoServer()
    proxy = None
    try:
        proxy = kind(tool, tmp_path, echo.url.removeprefix("ws://"))
        with connect(
            f"wss://localhost:{proxy.port}", ssl=unverified(), subprotocols=["echo"],
            origin=f"https://localhost:{proxy.port}", open_timeout=120,
        ) as peer:
            for message in ("hello", b"\0" * 100_000):
                peer.send(message)
                assert peer.recv(timeout=60) == message
    finally:
        if proxy:
            proxy.stop()
        assert echo.stop() == 0
