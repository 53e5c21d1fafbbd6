"""HTTP as nobody should speak it, from raw sockets: a clear answer, a closed connection, a living server."""

import select
import socket
import time

import pytest
from waiting import wait_until


class Wire:
    """One TCP connection, byte by byte."""

    def __init__(self, port, timeout=15):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_slowly(self, data, pause):
        """Byte by byte, until the server has something to say."""
        for byte in data:
            self.send(bytes([byte]))
            if select.select([self.socket], [], [], pause)[0]:
                break

    def all(self):
        """Everything until the server closes."""
        data = b""
        try:
            while piece := self.socket.recv(65536):
                data += piece
        except ConnectionResetError:
            pass
        return data

    def head(self):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.socket.recv(65536)
            if not piece:
                break
            data += piece
        return data


def status(data):
    assert data.startswith(b"HTTP/1.1 "), data[:200]
    return int(data[9:12])


GOOD = b"GET /healthz HTTP/1.1\r\nHost: palco\r\n\r\n"
CLOSING = b"GET /healthz HTTP/1.1\r\nHost: palco\r\nConnection: close\r\n\r\n"


@pytest.fixture(autouse=True)
def lives(server, admin):
    yield
    admin.get("//healthz").expect(200)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 4, 4\r\n\r\nabcd",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nabcd",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 0x4\r\n\r\nabcd",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\na",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: one\r\n two\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nX y: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
        b"GET /heal thz HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_and_closed(server, request_bytes):
    with Wire(server.port) as wire:
        wire.send(request_bytes + GOOD)
        answers = wire.all()
    assert status(answers) == (505 if b"HTTP/9.9" in request_bytes else 400), answers[:300]
    assert answers.count(b"HTTP/1.1 ") == 1, "the smuggled request was answered"


def test_a_request_in_single_bytes_is_understood(server):
    with Wire(server.port) as wire:
        wire.send_slowly(CLOSING, pause=0.001)
        assert status(wire.all()) == 200


def test_pipelined_requests_are_answered_in_order(server):
    with Wire(server.port) as wire:
        missing = b"GET /api/v1/nothing-here HTTP/1.1\r\nHost: palco\r\n\r\n"
        wire.send(GOOD + missing + GOOD + CLOSING)
        answers = wire.all()
    found = [int(part[:3]) for part in answers.split(b"HTTP/1.1 ")[1:]]
    assert found == [200, 404, 200, 200]


def test_a_client_that_asks_on_and_reads_late_misses_nothing(server):
    # As many bytes each way, and more than the buffers of both sides hold: the answers come to a stop, then the questions.
    count = 100_000
    padding = b"X-Padding: " + b"x" * 240 + b"\r\n"
    asked = GOOD.replace(b"\r\n\r\n", b"\r\n" + padding + b"\r\n") * (count - 1) + CLOSING
    answered, rest, has_stopped = 0, b"", False
    with Wire(server.port) as wire:
        wire.socket.setblocking(False)
        place = 0
        while True:
            try:
                while place < len(asked):
                    place += wire.socket.send(asked[place : place + 65536])
            except BlockingIOError:
                has_stopped = True
            # Only now is anything read.
            if not select.select([wire.socket], [wire.socket] if place < len(asked) else [], [], 15)[0]:
                continue
            piece = wire.socket.recv(1 << 20)
            if not piece:
                break
            rest += piece
            answered += rest.count(b"\r\n\r\nok\n")
            rest = rest[rest.rfind(b"\r\n\r\nok\n") + 7 :] if b"\r\n\r\nok\n" in rest else rest
    assert has_stopped and answered == count


def test_heads_that_are_too_large_are_refused(server):
    with Wire(server.port) as wire:
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20_000 + b"\r\n\r\n")
        assert status(wire.head()) == 431
    with Wire(server.port) as wire:
        many = b"".join(b"X-%d: 1\r\n" % index for index in range(150))
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + many + b"\r\n")
        assert status(wire.head()) == 431
    with Wire(server.port) as wire:
        wire.send(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        assert status(wire.head()) == 414


def test_a_body_larger_than_its_route_takes_is_refused(server):
    with Wire(server.port) as wire:
        wire.send(
            b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Content-Length: 900000000\r\n\r\n"
        )
        assert status(wire.head()) == 413


def test_deep_json_is_refused(server, admin):
    deep = b"[" * 100_000 + b"]" * 100_000
    answer = admin.post("/auth/login", deep, headers={"Content-Type": "application/json"})
    answer.expect(413)


def test_a_head_that_never_ends_is_given_up(server):
    with Wire(server.port, timeout=25) as wire:
        started = time.monotonic()
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n")
        wire.send_slowly(b"X-Slow: aaaaaaaaaaaaaaa", pause=0.5)
        answer = wire.all()
        took = time.monotonic() - started
    assert status(answer) == 408
    assert 8 <= took < 16, took


def test_many_slow_connections_do_not_stop_a_fast_one(server, admin):
    slow = [Wire(server.port) for _ in range(100)]
    try:
        for wire in slow:
            wire.send(b"GET /healthz HTTP/1.1\r\nHo")
        started = time.monotonic()
        admin.get("//healthz").expect(200)
        assert time.monotonic() - started < 1
    finally:
        for wire in slow:
            wire.socket.close()


def test_continue_is_said_before_the_body_is_taken(server):
    with Wire(server.port) as wire:
        body = b'{"email":"x@example.org","password":"wrong"}'
        wire.send(
            b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        assert status(wire.head()) == 100
        wire.send(body)
        assert status(wire.all()) == 401


def test_paths_do_not_climb_out_of_the_web_folder(server):
    for path in (
        b"/../Package.swift", b"/assets/../../Package.swift", b"/%2e%2e/%2e%2e/etc/passwd", b"/assets/%2e%2e%2fx",
        b"//etc/passwd", b"/assets/..%5c..%5cetc", b"/assets/x%00.js", b"/api/v1/videos/..%2f..%2fsecrets/hls/master.m3u8",
    ):  # fmt: skip
        with Wire(server.port) as wire:
            wire.send(b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = wire.all()
        assert status(answer) == 404, (path, answer[:200])
        assert b"root:" not in answer and b"swift-tools-version" not in answer


@pytest.mark.local_only("it looks at the file of an upload as it grows")
def test_an_upload_that_hangs_up_leaves_nothing(server, admin):
    before = admin.get("/videos?limit=100").expect(200).json()["data"]
    with Wire(server.port) as wire:
        wire.send(
            b"POST /api/v1/videos HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + admin.token.encode() + b"\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 5000000\r\n\r\n"
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n' + bytes(1_000_000)
        )
        wait_until(lambda: list((server.data / ".incoming").iterdir()), "it is written down")
    assert admin.get("/videos?limit=100").expect(200).json()["data"] == before
    # Other tests leave small unfinished uploads there; a form is written beside them until it is whole.
    wait_until(lambda: not list((server.data / ".incoming").iterdir()), "what was sent is removed", 10)
    assert not [path for path in (server.data / "uploads").glob("*") if path.stat().st_size > 500_000]
