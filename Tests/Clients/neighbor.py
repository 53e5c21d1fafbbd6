"""One who does nothing wrong while others attack: asks again and again, by new connections and by kept ones, and tells how
long each answer took. Run as a program, so that the attack does not slow it down but by what it does to the server."""

import http.client
import json
import select
import socket
import ssl
import subprocess
import sys
import threading
import time

# No other test comes from there.
SOURCE = ("127.0.0.99", 0)
# So long a person would wait at most; far more than anybody should.
PATIENCE = 30


class Neighbor:
    """The program, as a test holds it."""

    def __init__(self, port, secure_port, authority, token, segment):
        self.answered = 0
        self.figures = None
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(port), str(secure_port), str(authority), token, segment],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                self.figures = json.loads(line)
            else:
                self.answered = int(line)

    def stop(self):
        self.process.stdin.close()
        assert self.process.wait(2 * PATIENCE) == 0
        self.reader.join(PATIENCE)
        return self.figures


def ask(connection, path, headers):
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def main(port, secure_port, authority, token, segment):
    trust = ssl.create_default_context(cafile=authority)
    bearer = {"Authorization": f"Bearer {token}"}

    def plain():
        return http.client.HTTPConnection("127.0.0.1", int(port), timeout=PATIENCE, source_address=SOURCE)

    def secure():
        return http.client.HTTPSConnection(
            "127.0.0.1", int(secure_port), timeout=PATIENCE, source_address=SOURCE, context=trust
        )

    kept = secure()
    steps = [
        (plain, "/healthz", {}), (secure, "/", {}), (kept, "/api/v1/auth/me", bearer), (kept, segment, {}),
        (kept, "/healthz", {}),
    ]  # fmt: skip
    durations, failures = [], []
    while not select.select([sys.stdin], [], [], 0.01)[0]:
        for place, path, headers in steps:
            started = time.monotonic()
            connection = place() if callable(place) else place
            try:
                status = ask(connection, path, headers)
                durations.append(time.monotonic() - started)
                if status != 200:
                    failures.append(f"{path}: {status}")
            except (OSError, http.client.HTTPException) as error:
                failures.append(f"{path}: {error!r}")
            if connection is not kept:
                connection.close()
        print(len(durations), flush=True)
    durations.sort()
    print(
        json.dumps({
            "count": len(durations), "failures": failures[:20],
            "p50": durations[len(durations) // 2], "p99": durations[len(durations) * 99 // 100], "longest": durations[-1],
        }),
        flush=True,
    )  # fmt: skip


if __name__ == "__main__":
    socket.setdefaulttimeout(PATIENCE)
    main(*sys.argv[1:])
