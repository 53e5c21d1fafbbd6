# SPDX-License-Identifier: Apache-2.0
"""Nothing is made for viewers who left."""

import contextlib
import os
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

from palco import children
from waiting import wait_until

# As `MediaTool.Effort` has it: what a viewer waits for is more urgent than the rest.
FOR_VIEWERS = 5


def encoders(palco):
    """What encodes for the server now, by process: how nice it is."""
    found = {}
    for child in children(palco.pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if Path(f"/proc/{child}/comm").read_text().strip() == "ffmpeg":
                found[child] = os.getpriority(os.PRIO_PROCESS, child)
    return found


def for_viewers(palco):
    return [child for child, niceness in encoders(palco).items() if niceness == FOR_VIEWERS]


def test_twenty_seeks_and_a_closed_page_leave_no_encoder_behind(own_server, films):
    palco = own_server().start()
    client = palco.admin()
    video = client.wait(client.have(films.street, title="Street")["id"])
    # What would make everything by itself stands still and keeps its tasks.
    def held():
        steady = [child for child, niceness in encoders(palco).items() if niceness > FOR_VIEWERS]
        for child in steady:
            os.kill(child, signal.SIGSTOP)
        return steady

    wait_until(held, "the rest of the film is being made", 60)
    folder = urlsplit(client.playback_url(video["id"])).path.rpartition("/")[0]
    names = [rendition["name"] for rendition in video["renditions"][:2]]
    requests = []
    for number in range(19, 9, -1):
        for name in names:
            request = socket.create_connection(("127.0.0.1", palco.port), timeout=30)
            request.sendall(f"GET {folder}/{name}/{number}.m4s HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            requests.append(request)
    assert len(requests) == 20
    # It does not end by itself any more.
    made = wait_until(lambda: for_viewers(palco), "a segment is made for them", 60)
    for child in made:
        os.kill(child, signal.SIGSTOP)
    for request in requests:
        request.close()
    wait_until(lambda: not for_viewers(palco), "nothing is made for who left", 60)
    assert client.get("/videos").status == 200
