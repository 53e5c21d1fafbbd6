"""What one peer may take from a server as it is installed: connections, silence, slow bodies."""

import contextlib
import json
import select
import socket
import threading
import time

import pytest
from test_command_line import palco as command
from test_hostile_http import CLOSING, GOOD, Wire, status
from test_tus import VERSION
from waiting import until_refused, wait_until


PASSWORD = "Another-1-password"
# The smallest that the settings take.
LIMIT = 16
# The server asks for the body, and is busy until it comes.
BUSY = (
    b"POST /api/v1/auth/login HTTP/1.1\r\nHost: palco\r\nContent-Type: application/json\r\n"
    b"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n"
)


def answered(port, source="127.0.0.1"):
    """Whether a new connection from this address is served; if not, it is told to come later."""
    with socket.create_connection(("127.0.0.1", port), 15, source_address=(source, 0)) as connection:
        connection.sendall(CLOSING)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    if status(answer) == 200:
        return True
    assert status(answer) == 503
    assert b"\r\nRetry-After: 5" in head and b"application/problem+json" in head
    assert json.loads(body)["code"] == "busy"
    return False


@pytest.mark.parametrize(
    "setting, others_are_served",
    [("PALCO_MAX_CONNECTIONS", False), ("PALCO_MAX_CONNECTIONS_PER_ADDRESS", True)],
)
def test_connections_are_counted(own_server, setting, others_are_served):
    palco = own_server({setting: str(LIMIT)}).start()
    wires = []
    for _ in range(LIMIT):
        wire = Wire(palco.port)
        wire.send(BUSY)
        assert status(wire.head()) == 100
        wires.append(wire)
    assert not answered(palco.port)
    # Other addresses are not held responsible, while there is room at all.
    assert answered(palco.port, source="127.0.0.9") == others_are_served
    wires.pop().socket.close()
    wait_until(lambda: answered(palco.port), "the place is free again")
    for wire in wires:
        wire.socket.close()
    assert palco.stop() == 0


def test_who_asks_for_nothing_makes_room(own_server):
    palco = own_server({"PALCO_MAX_CONNECTIONS": str(LIMIT)}).start()
    with contextlib.ExitStack() as stack:
        busy = stack.enter_context(Wire(palco.port))
        busy.send(BUSY)
        assert status(busy.head()) == 100
        waiting = [stack.enter_context(Wire(palco.port)) for _ in range(3 * LIMIT)]
        assert wait_until(lambda: answered(palco.port, source="127.0.0.9"), "there is room")
        # Those who made room were told nothing; those who found none were told so.
        ended = select.select([each.socket for each in waiting], [], [], 0)[0]
        assert b"" in [each.recv(1000) for each in ended]
        busy.send(b'{"a": "b"}')
        assert status(busy.head()) == 422
    assert palco.stop() == 0


def test_requests_are_counted(own_server):
    """By account where there is one, else by address. Who waits is served again, and nobody else has to wait."""
    palco = own_server().start()
    admin, stranger = palco.admin(), palco.client()
    made = command(
        "admin", "create", "--data", palco.data, "--email", "other@example.org", settings={"PALCO_ADMIN_PASSWORD": PASSWORD}
    )
    assert made.returncode == 0, made.stderr
    other = palco.client()
    other.login("other@example.org", PASSWORD)
    unknown = "/videos/01890a5d-ac96-774b-bcce-b302099a8057/play"
    refusals = {
        240: [until_refused(lambda _: admin.get("/videos"), 200, 240), until_refused(lambda _: admin.get(unknown), 404, 240),
              until_refused(lambda _: admin.post("/uploads", headers=VERSION), 400, 240),
              until_refused(lambda _: admin.get("/videos/suggestions"), 200, 240)],
        # What is no sign-in at all costs nothing else, and is counted all the same.
        600: [until_refused(lambda _: stranger.post("/auth/login", {}), 422, 590)],
    }  # fmt: skip
    for limit, answers in refusals.items():
        for answer in answers:
            assert answer.code == "too_many_requests" and answer.headers["RateLimit-Limit"] == str(limit)
            assert answer.headers["RateLimit-Remaining"] == "0" and answer.headers["RateLimit-Reset"] == "1"
    # All that is looked through is counted together.
    for path in ("/categories", "/people", "/tags"):
        assert until_refused(lambda _, path=path: admin.get(path), 200, 0).code == "too_many_requests"
    # Who fetches originals plays them, for all that is known: both are counted together.
    original = unknown.replace("/play", "/original")
    assert until_refused(lambda _: admin.get(original), 404, 0).code == "too_many_requests"
    # Lists and searches as well.
    assert until_refused(lambda _: admin.get("/videos/search"), 200, 0).code == "too_many_requests"
    related = unknown.replace("/play", "/related")
    assert until_refused(lambda _: admin.get(related), 404, 0).code == "too_many_requests"
    other.get("/videos").expect(200)
    other.get(unknown).expect(404)
    wait_until(lambda: admin.get("/videos").status == 200, "a token comes back")
    assert palco.stop() == 0


def test_silence_and_slow_bodies_end(server, admin):
    """The times are those of an installation, so this takes a minute; the three wait at the same time."""
    ends = {}

    def idle():
        with Wire(server.port, timeout=100) as wire:
            wire.send(GOOD)
            assert status(wire.head()) == 200
            started = time.monotonic()
            ends["idle"] = (wire.all(), time.monotonic() - started)

    def upload(name, piece, pause):
        with Wire(server.port, timeout=100) as wire:
            wire.send(
                b"POST /api/v1/videos HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + admin.token.encode() + b"\r\n"
                b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 5000000\r\n\r\n"
                b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
            )
            started = time.monotonic()
            over = threading.Event()

            def drip():
                # As slow senders do: this pause is what is tested.
                while piece and not over.wait(pause):
                    try:
                        wire.socket.sendall(piece)
                    except OSError:
                        return

            sender = threading.Thread(target=drip)
            sender.start()
            answer = wire.head()
            ends[name] = (answer, time.monotonic() - started)
            over.set()
            sender.join()

    waiting = [
        threading.Thread(target=idle),
        threading.Thread(target=upload, args=("slow body", b"x" * 100, 1)),
        threading.Thread(target=upload, args=("body that stands still", b"", 1)),
    ]
    for each in waiting:
        each.start()
    for each in waiting:
        each.join()
    # Each ends by itself, and not before its time; none gets as far as the patience of its socket.
    assert ends["idle"][0] == b"" and ends["idle"][1] > 59
    assert status(ends["slow body"][0]) == 408 and ends["slow body"][1] > 19
    assert status(ends["body that stands still"][0]) == 408 and ends["body that stands still"][1] > 19
