"""A network between a browser and the server, or a server and its engines: as slow as a test wants it, and cut when it wants."""

import contextlib
import socket
import struct
import threading
import time


def free_port():
    """One that nobody had a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Network:
    """Forwards 127.0.0.1:`port` to the server. Rates are bytes per second of all connections together, None for no limit."""

    def __init__(self, server_port):
        self.server_port = server_port
        self.down = Lane()
        self.up = Lane()
        # The first lines of requests that came while there was no server.
        self.refused = []
        self._is_severed = False
        self._pairs = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        # Little may be under way, so that what a test counts is what the server gets.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 17)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._is_severed:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.server_port), timeout=5)
            except OSError:
                threading.Thread(target=self._refuse, args=(near,), daemon=True).start()
                continue
            far.settimeout(None)
            pair = Pair(near, far)
            with self._lock:
                self._pairs.add(pair)
            threading.Thread(target=self._forward, args=(pair, near, far, self.up), daemon=True).start()
            threading.Thread(target=self._forward, args=(pair, far, near, self.down), daemon=True).start()

    def _refuse(self, near):
        with near, contextlib.suppress(OSError):
            self.refused.append(near.recv(1 << 16).decode("latin-1").partition("\r\n")[0])

    def _forward(self, pair, source, target, lane):
        with contextlib.suppress(OSError):
            while piece := source.recv(lane.piece):
                if lane is self.up:
                    pair.sent += len(piece)
                lane.take(len(piece))
                lane.passes.wait()
                target.sendall(piece)
        if pair.leave():
            with self._lock:
                self._pairs.discard(pair)

    def carriers(self):
        """The open connections on which more than requests was sent to the server."""
        with self._lock:
            return [pair for pair in self._pairs if pair.sent > 1 << 16]

    def cut(self):
        """Ends every connection; new ones are taken."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            pair.end()

    def hold(self):
        """Nothing goes through any more, and nobody is told; `mend` lets it all through."""
        for lane in (self.up, self.down):
            lane.passes.clear()

    def sever(self):
        """Ends every connection and each new one at once, until `mend`."""
        self._is_severed = True
        self.cut()

    def slow(self, rate=None, delay=0):
        """`delay` is in seconds, for each piece of each direction."""
        for lane in (self.up, self.down):
            lane.rate, lane.delay = rate, delay

    def mend(self):
        self._is_severed = False
        self.slow()
        for lane in (self.up, self.down):
            lane.passes.set()

    def close(self):
        self._listener.close()
        self.cut()
        self.mend()


class Pair:
    """The two ends of one connection. One end closed: so does the other."""

    def __init__(self, near, far):
        self.ends = (near, far)
        self._lock = threading.Lock()
        self._users = 2
        self.sent = 0
        # A browser that still sends must notice the end; the server gets what was forwarded to it, then the end.
        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def end(self):
        with self._lock:
            if self._users > 0:
                self._shut()

    def leave(self):
        """True for the last of the two threads, which closes both."""
        with self._lock:
            self._shut()
            self._users -= 1
            if self._users == 0:
                for end in self.ends:
                    end.close()
            return self._users == 0

    def _shut(self):
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Lane:
    """One direction."""

    def __init__(self):
        self._rate = None
        self._free_at = 0.0
        self._lock = threading.Lock()
        self.delay = 0
        self.passes = threading.Event()
        self.passes.set()
        self.byte_count = 0

    @property
    def rate(self):
        return self._rate

    @rate.setter
    def rate(self, bytes_per_second):
        with self._lock:
            self._rate = bytes_per_second
            self._free_at = 0.0

    @property
    def piece(self):
        """What is taken at a time: a twentieth of a second, so that a change is felt at once."""
        rate = self._rate
        return 1 << 16 if rate is None else max(1024, min(1 << 16, int(rate / 20)))

    def take(self, count):
        with self._lock:
            self.byte_count += count
            pause = self.delay
            if self._rate is not None:
                now = time.monotonic()
                start = max(now, self._free_at)
                self._free_at = start + count / self._rate
                pause += self._free_at - now
        if pause:
            time.sleep(pause)
