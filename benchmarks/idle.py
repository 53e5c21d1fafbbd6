# SPDX-License-Identifier: Apache-2.0
"""What a thousand connections cost on which nothing happens, by kind."""

import contextlib
import os
import resource
import socket
import subprocess
import time
from pathlib import Path

from authority import Authority
from delivery import LIMITS
from fanout import Server
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, binary

ROOT = Path(__file__).resolve().parents[1]
COUNT = 1_000
# Event streams show every fifteen seconds that they are alive: twice in this time.
SECONDS = 30
# Of one person.
STREAMS = 8
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
UPGRADE = (
    b"GET /topic HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def hold(bench, label, server, port, words, answer=b"", context=None):
    """One connection for each of `words`, of which the answer begins so."""
    before, count = server.resident_bytes(), 0
    with contextlib.ExitStack() as stack:
        for count, each in enumerate(words, 1):
            wire = stack.enter_context(socket.create_connection(("127.0.0.1", port), 60))
            if context:
                wire = stack.enter_context(context.wrap_socket(wire, server_hostname="localhost"))
            wire.sendall(each)
            found = wire.recv(4096)
            assert found and found.startswith(answer), found
        assert count == COUNT
        memory = (server.resident_bytes() - before) / COUNT
        used = server.cpu_seconds()
        time.sleep(SECONDS)
        share = (server.cpu_seconds() - used) / SECONDS * 100
    bench.row(f"1,000 idle connections, {label}: CPU", share, "% of a core", "<= 1", share <= 1)
    kilobytes = memory / 1024
    # The largest is HTTP/2 over TLS: half of it is nghttp2's, for frames and tables of fields.
    bench.row(f"1,000 idle connections, {label}: memory", kilobytes, "KB each", "<= 64", kilobytes <= 64)


def requests_for_events(server):
    """As many people as it takes, because one may have only a few streams."""
    emails = [ADMIN_EMAIL, *(f"{number}@example.org" for number in range(1, COUNT // STREAMS))]
    for email in emails[1:]:
        command = [binary(), "admin", "create", "--data", server.data, "--email", email]
        subprocess.run(
            command, env={**os.environ, "PALCO_ADMIN_PASSWORD": ADMIN_PASSWORD}, check=True, capture_output=True
        )
    client = server.client()
    found = []
    for email in emails:
        client.login(email, ADMIN_PASSWORD)
        fields = f"Host: localhost\r\nAuthorization: Bearer {client.token}\r\n\r\n"
        found += [f"GET /api/v1/videos/events HTTP/1.1\r\n{fields}".encode()] * STREAMS
    return found


def measure(bench):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    authority = Authority("openssl", bench.folder / "authority")
    plain, http2 = authority.trust(), authority.trust()
    http2.set_alpn_protocols(["h2"])
    server = bench.palco("data", {**LIMITS, **authority.issue("server")}).start()
    hold(bench, "HTTP/1.1", server, server.port, [REQUEST] * COUNT)
    hold(bench, "HTTP/1.1 over TLS", server, server.secure_port, [REQUEST] * COUNT, context=plain)
    hold(bench, "HTTP/2 over TLS", server, server.secure_port, [PREFACE] * COUNT, context=http2)
    server.stop()
    # Without TLS, which would send who signs in there to https.
    server = bench.palco("events", LIMITS).start()
    hold(bench, "event streams", server, server.port, requests_for_events(server), b"HTTP/1.1 200 ")
    server.stop()
    subprocess.run([ROOT / "scripts/build", "echo"], check=True)
    echo = Server([ROOT / ".build/release/EchoServer"])
    try:
        hold(bench, "WebSockets", echo, echo.port, [UPGRADE] * COUNT, b"HTTP/1.1 101 ")
    finally:
        echo.stop()
