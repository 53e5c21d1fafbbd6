"""WebSockets as others speak them: the `websockets` library, and the Autobahn suite's cases from kosoku."""

import json
import os
import re
import signal
import subprocess

import pytest
from palco import ROOT
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect


class EchoServer:
    """Tests/EchoServer, which says every message again."""

    def __init__(self):
        program = ROOT / ".build/release/EchoServer"
        assert program.exists(), "the echo server is not built: run scripts/build echo"
        self.process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
        found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", self.process.stdout.readline())
        assert found, "the echo server did not start"
        self.url = f"ws://127.0.0.1:{found.group(1)}"

    def stop(self):
        os.kill(self.process.pid, signal.SIGTERM)
        return self.process.wait(30)


@pytest.fixture
def echo():
    server = EchoServer()
    yield server
    if server.process.poll() is None:
        server.process.kill()
        server.process.wait(20)


# Thousands of messages from 64 kB on, for each kind of data and each offer: five gigabytes through zlib, which is most of
# the suite's time. Of the kinds of data one is sent in these sizes too. `kosoku -p 2 ws://…` alone runs everything.
LARGE = [
    option
    for family in [*(f"12.{kind}" for kind in range(2, 6)), *(f"13.{offer}" for offer in range(1, 8))]
    for size in (10, 15, 16, 17, 18)
    for option in ("-x", f"{family}.{size}")
]


@pytest.mark.parametrize(
    ("options", "count"),
    [(["-x", "12.*", "-x", "13.*"], 301), (["-i", "12.*", *LARGE], 70), (["-i", "13.*", *LARGE], 91)],
    ids=["frames", "compression", "offers"],
)
def test_autobahn(tool, echo, tmp_path, options, count):
    suite = subprocess.run(
        [tool("kosoku"), "-p", "2", *options, "-o", tmp_path, echo.url], capture_output=True, text=True, timeout=280
    )
    assert suite.returncode == 0, suite.stdout[-4000:] + suite.stderr[-1000:]
    ((_, cases),) = json.loads((tmp_path / "index.json").read_text()).items()
    assert len(cases) == count
    failed = {name: case for name, case in cases.items() if case["behavior"] not in ("OK", "NON-STRICT", "INFORMATIONAL")}
    assert not failed
    assert {case["behaviorClose"] for case in cases.values()} <= {"OK", "INFORMATIONAL"}
    assert echo.stop() == 0


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_messages_come_back(echo, compression):
    with connect(echo.url, compression=compression, subprotocols=["other", "echo"], max_size=None) as socket:
        assert socket.subprotocol == "echo"
        offered = socket.response.headers.get("Sec-WebSocket-Extensions")
        assert (offered is None) == (compression is None)
        for message in ["", "привет, ñandú, 電影", "x" * 100_000, b"", bytes(range(256)) * 1000]:
            socket.send(message)
            assert socket.recv(20) == message
        # In fragments, with a ping between.
        socket.send(iter(["one ", "two ", "three"]))
        assert socket.recv(20) == "one two three"
        assert socket.ping().wait(20)
    assert socket.close_code == 1000


def test_limits_and_faults_have_their_codes(echo):
    with connect(f"{echo.url}/small", max_size=None) as socket:
        with pytest.raises(ConnectionClosed) as ended:
            socket.send("x" * (2 << 20))
            socket.recv(20)
    assert ended.value.rcvd.code == 1009
    # Inflated it is too large as well.
    with connect(f"{echo.url}/small", compression="deflate", max_size=None) as socket:
        with pytest.raises(ConnectionClosed) as ended:
            socket.send(b"\0" * (4 << 20))
            socket.recv(20)
    assert ended.value.rcvd.code == 1009


def test_pages_of_others_may_not_connect(echo):
    with pytest.raises(InvalidStatus) as refused:
        connect(echo.url, origin="https://evil.example.org")
    assert refused.value.response.status_code == 403
    with connect(echo.url, origin=echo.url.replace("ws:", "http:")) as socket:
        socket.send("own")
        assert socket.recv(20) == "own"


def test_a_server_that_stops_says_goodbye(echo):
    with connect(echo.url) as socket:
        socket.send("there")
        assert socket.recv(20) == "there"
        os.kill(echo.process.pid, signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as ended:
            socket.recv(20)
        assert ended.value.rcvd.code == 1001
    assert echo.process.wait(30) == 0
