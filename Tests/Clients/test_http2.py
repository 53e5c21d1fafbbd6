"""HTTP/2 with prior knowledge: curl, nghttp, h2load and the independent implementation `h2` as clients of a whole server."""

import contextlib
import fcntl
import hashlib
import http.client
import os
import socket
import ssl
import struct
import subprocess
import termios
import threading
import time

import h2.config
import h2.connection
import h2.events
import h2.settings
import pytest
from palco import Client
from places import MEDIA_IS_LOCAL
from test_tus import BODY, VERSION, create, offset
from waiting import wait_until

MB = 1 << 20


@pytest.fixture
def curl(tool):
    def run(*arguments, **options):
        command = [tool("curl"), "--silent", "--show-error", "--http2-prior-knowledge", "--max-time", "120", *arguments]
        return subprocess.run(command, capture_output=True, timeout=150, **options)

    return run


def fields_of(address, curl, *arguments):
    """(version and status, fields, body) of what curl gets."""
    done = curl("--include", *arguments, address)
    assert done.returncode == 0, done.stderr
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    return lines[0].strip(), dict(line.split(": ", 1) for line in lines[1:]), body


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/v1/auth/me", "/nothing-here"])
def test_answers_have_the_same_fields_over_both_protocols(server, curl, path):
    _, new, _ = fields_of(server.url + path, curl)
    old = {name.lower(): value for name, value in server.client().get("/" + path).headers.items()}
    assert set(new) == set(old) - {"connection", "keep-alive"}
    own = {"date", "x-request-id"}
    assert {name: new[name] for name in set(new) - own} == {name: old[name] for name in set(new) - own}
    assert new["content-security-policy"] and new["x-content-type-options"] == "nosniff"
    ids = [each.get("x-request-id") for each in (new, old)]
    # Who reports one finds the line; what is asked for all the time has no line, and no name either unless it went wrong.
    if path == "/healthz":
        assert ids == [None, None]
    else:
        assert None not in ids and len(set(ids)) == 2
    for each in ids if path.startswith("/api") else []:
        server.wait_for_line(each)


class Conversation:
    """A connection of the `h2` library."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self.h2.initiate_connection()
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def ask(self, method, path, fields=(), ends=True):
        stream = self.h2.get_next_available_stream_id()
        pseudo = [(":method", method), (":path", path), (":scheme", "http"), (":authority", "palco")]
        self.h2.send_headers(stream, [*pseudo, *fields], end_stream=ends)
        self.flush()
        return stream

    def events(self):
        while data := self.socket.recv(65536):
            for event in self.h2.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                yield event
            self.flush()

    def answers(self, *streams):
        """{stream: (status, body)} of answers that come interleaved."""
        statuses, bodies, ended = {}, {stream: b"" for stream in streams}, set()
        for event in self.events():
            if isinstance(event, h2.events.ResponseReceived):
                statuses[event.stream_id] = int(dict(event.headers)[b":status"])
            elif isinstance(event, h2.events.DataReceived):
                bodies[event.stream_id] += event.data
            elif isinstance(event, h2.events.StreamReset | h2.events.ConnectionTerminated):
                raise AssertionError(event)
            elif isinstance(event, h2.events.StreamEnded):
                ended.add(event.stream_id)
                if ended == set(streams):
                    return {stream: (statuses[stream], bodies[stream]) for stream in streams}
        raise AssertionError("the connection ended")


def test_curl_gets_the_same_as_over_http_1(server, curl):
    plain = subprocess.run(["curl", "-s", f"{server.url}/"], capture_output=True, timeout=30).stdout
    status, fields, body = fields_of(f"{server.url}/", curl)
    assert status == "HTTP/2 200"
    assert body == plain
    status, fields, compressed = fields_of(f"{server.url}/", curl, "--header", "Accept-Encoding: gzip")
    assert fields["content-encoding"] == "gzip"
    assert len(compressed) < len(body)
    status, fields, nothing = fields_of(f"{server.url}/", curl, "--head")
    assert (status, nothing) == ("HTTP/2 200", b"")
    tag = fields["etag"]
    status, fields, nothing = fields_of(f"{server.url}/", curl, "--header", f"If-None-Match: {tag}")
    assert (status, nothing) == ("HTTP/2 304", b"")


def test_nghttp_gets_a_page(server, tool):
    done = subprocess.run([tool("nghttp"), "-nv", f"{server.url}/"], capture_output=True, timeout=30, text=True)
    assert done.returncode == 0
    assert ":status: 200" in done.stdout
    assert "RST_STREAM" not in done.stdout


def test_h2load_gets_every_answer(server, tool):
    command = [tool("h2load"), "-n", "4000", "-c", "8", "-m", "20", f"{server.url}/healthz"]
    done = subprocess.run(command, capture_output=True, timeout=60, text=True)
    assert "4000 succeeded, 0 failed, 0 errored" in done.stdout, done.stdout


def test_the_h2_library_has_many_answers_at_once(server):
    with Conversation(server.port) as talk:
        streams = [talk.ask("GET", "/" if number % 2 else "/healthz") for number in range(60)]
        answers = talk.answers(*streams)
        assert {status for status, _ in answers.values()} == {200}
        assert len({body for _, body in answers.values()}) == 2


def test_a_large_upload_over_tus_arrives_byte_by_byte(server, admin, curl, tmp_path):
    content = tmp_path / "content"
    content.write_bytes(os.urandom(100 * MB))
    # One byte more is announced, so that the upload stays as it came.
    address = create(admin, 100 * MB + 1, filename="noise.mp4", title="Noise")
    fields = {**BODY, "Upload-Offset": "0", "Authorization": f"Bearer {admin.token}"}
    arguments = [word for pair in fields.items() for word in ("--header", ": ".join(pair))]
    before = server.peak_bytes()
    target = f"{server.url}{admin.target(address)}"
    done = curl("--request", "PATCH", "--upload-file", content, "--write-out", "%{http_version} %{http_code}", *arguments, target)
    assert done.stdout == b"2 204", done
    assert offset(admin, address) == 100 * MB
    if MEDIA_IS_LOCAL:
        found = [path for path in server.data.rglob("*") if path.is_file() and path.stat().st_size == 100 * MB]
        digest = hashlib.sha256(content.read_bytes()).digest()
        assert digest in [hashlib.sha256(path.read_bytes()).digest() for path in found]
    assert server.peak_bytes() - before < 64 * MB
    admin.request("DELETE", address, headers=VERSION).expect(204)


def test_an_event_stream_comes_as_it_happens(server, admin, films, tool):
    admin.stay_signed_in()
    video = admin.have(films.bikes, title="Bikes over HTTP/2")
    command = [tool("curl"), "-sN", "--http2-prior-knowledge", "--max-time", "60", "-H", f"Authorization: Bearer {admin.token}"]
    with subprocess.Popen([*command, f"{server.url}/api/v1/videos/{video['id']}/events"], stdout=subprocess.PIPE) as stream:
        try:
            seen = []

            def read():
                for line in stream.stdout:
                    seen.append(line)

            reader = threading.Thread(target=read, daemon=True)
            reader.start()
            wait_until(lambda: any(b"data:" in line for line in list(seen)), "the first event")
            count = len(seen)
            admin.request("PATCH", f"/videos/{video['id']}", {"title": "Renamed over HTTP/2"}).expect(200)
            wait_until(lambda: any(b"Renamed over" in line for line in list(seen)[count:]), "the change")
        finally:
            stream.kill()


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def request(path):
    pairs = [(b":method", b"GET"), (b":scheme", b"http"), (b":path", path), (b":authority", b"palco")]
    return b"".join(b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value for name, value in pairs)


FLOODS = {
    "rapid reset": lambda turn: frame(1, 5, 2 * turn + 1, request(b"/healthz")) + frame(3, 0, 2 * turn + 1, b"\0\0\0\x08"),
    "pings": lambda turn: frame(6, 0, 0, b"12345678") * 20,
    "settings": lambda turn: frame(4, 0, 0, b"\0\x04\0\0\xff\xff") * 20,
    "small windows": lambda turn: frame(1, 5, 2 * turn + 1, request(b"/")) + frame(8, 0, 2 * turn + 1, b"\0\0\0\x01"),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_cut_with_bounded_memory_and_served_neighbours(server, name):
    before = server.resident_bytes()
    stop = threading.Event()
    cut = []

    def flood():
        while not stop.is_set():
            with socket.create_connection(("127.0.0.1", server.port), 20) as attacker:
                attacker.settimeout(5)
                # Windows of nothing: no answer can leave.
                hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"\0\x04\0\0\0\0")
                try:
                    attacker.sendall(hello)
                    for turn in range(20_000):
                        attacker.sendall(FLOODS[name](turn))
                except OSError:
                    cut.append(name)

    floods = [threading.Thread(target=flood, daemon=True) for _ in range(4)]
    for thread in floods:
        thread.start()
    try:
        wait_until(lambda: len(cut) >= 8, "the floods are cut", 60)
        waits = []
        with Conversation(server.port) as neighbour:
            for _ in range(50):
                start = time.monotonic()
                stream = neighbour.ask("GET", "/healthz")
                assert neighbour.answers(stream)[stream][0] == 200
                waits.append(time.monotonic() - start)
        assert sorted(waits)[45] < 2
    finally:
        stop.set()
        for thread in floods:
            thread.join(30)
    assert server.resident_bytes() - before < 96 * MB


class ClosedForSending:
    """A peer that asked for many answers over TLS, and says in the middle of them that it sends nothing more."""

    COUNT = 90

    def __init__(self, port, context):
        context.set_alpn_protocols(["h2"])
        self.encrypted, self.plain = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = context.wrap_bio(self.encrypted, self.plain, server_hostname="localhost")
        self.wire = socket.create_connection(("127.0.0.1", port), 60)
        self.insist(lambda: self.session.do_handshake() or True)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self.h2.initiate_connection()
        self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: (1 << 31) - 1})
        self.h2.increment_flow_control_window(1 << 30)
        for number in range(self.COUNT):
            fields = [(":method", "GET"), (":path", "/api/v1/openapi.json"), (":scheme", "https"), (":authority", "localhost")]
            self.h2.send_headers(2 * number + 1, fields, end_stream=True)
        self.insist(lambda: self.session.write(self.h2.data_to_send()))
        # So many bytes wait that the server still has most of the answers.
        wait_until(lambda: self.waiting() > 100_000, lambda: f"answers come: {self.waiting()}", 60)
        with contextlib.suppress(ssl.SSLError):
            self.session.unwrap()
        self.wire.sendall(self.plain.read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.close()

    def insist(self, what):
        """Does it, and moves what it needs over the wire."""
        while True:
            try:
                done = what()
            except ssl.SSLWantReadError:
                done = None
            self.wire.sendall(self.plain.read())
            if done is not None:
                return done
            piece = self.wire.recv(1 << 16)
            assert piece, "the connection ended"
            self.encrypted.write(piece)

    def waiting(self):
        return struct.unpack("i", fcntl.ioctl(self.wire, termios.FIONREAD, b"\0\0\0\0"))[0]

    def answers(self):
        """The answers that had begun, each whole; what was still waiting for its turn may be taken back."""
        bodies, whole, refused = {}, [], 0
        while len(whole) + refused < self.COUNT:
            for event in self.h2.receive_data(self.insist(lambda: self.session.read(1 << 16))):
                if isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] = bodies.get(event.stream_id, b"") + event.data
                elif isinstance(event, h2.events.StreamEnded):
                    whole.append(bodies[event.stream_id])
                elif isinstance(event, h2.events.StreamReset) and event.stream_id not in bodies:
                    refused += 1
                assert not isinstance(event, h2.events.ConnectionTerminated), (event, len(whole))
                assert not isinstance(event, h2.events.StreamReset) or event.stream_id not in bodies, (event, len(whole))
        return whole


def test_who_closes_tls_in_the_middle_of_answers_does_not_hold_the_loop(own_server, authority, tmp_path):
    """Once a peer has said by TLS that it sends nothing more, OpenSSL tells failures to write to it in another way."""
    palco = own_server({**authority.issue("shown", folder=tmp_path), "PALCO_LOOPS": "1"}).start()
    for _ in range(5):
        with ClosedForSending(palco.secure_port, authority.trust()):
            pass
    asking = http.client.HTTPConnection("127.0.0.1", palco.port, timeout=60)
    asking.request("GET", "/healthz")
    assert asking.getresponse().status == 200
    assert palco.stop() == 0


def test_who_closes_tls_for_sending_gets_the_whole_of_answers_that_were_begun(own_server, authority, tmp_path):
    palco = own_server(authority.issue("shown", folder=tmp_path)).start()
    with ClosedForSending(palco.secure_port, authority.trust()) as peer:
        answers = peer.answers()
    client = Client(f"https://localhost:{palco.secure_port}", trust=authority.trust())
    assert set(answers) == {client.get("/openapi.json").expect(200).body}
    assert palco.stop() == 0
