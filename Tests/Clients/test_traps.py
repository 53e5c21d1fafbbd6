"""The server is ended by a trap of its own, twice at the same work: the third start leaves that work alone and serves."""

import contextlib
import os
import signal
import threading
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from crashing import GONE
from palco import children
from places import MEDIA_IS_LOCAL, stored
from test_tus import create, patch

# film, a word in the command line of the child at whose start the server traps, what becomes of the video
STAGES = [
    ("standard", "PlanFromMovie", "failed"),
    ("standard", "CopySegments", "failed"),
    ("foreign", "packets.csv", "failed"),
    ("foreign", "PlanFromPackets", "failed"),
    ("foreign", "CutPicture", "failed"),
    # Its beginning could be watched by then, and what was ready never fails.
    ("foreign", "MakeInitSegments", "ready, not whole"),
    ("foreign", "CutSound", "failed"),
    ("foreign", "thumbnail.jpg", "ready"),
    ("foreign", "storyboard.jpg", "ready"),
]


def failure(client, identifier):
    """Waits for a video that fails."""
    with pytest.raises(AssertionError):
        client.wait(identifier, whole=True)
    return client.video(identifier)


@pytest.mark.parametrize("kind, word, status", STAGES)
def test_what_ends_the_server_twice_is_not_done_again(own_server, crash_library, short_films, kind, word, status):
    palco = own_server({"PALCO_WORKERS": "1"}).start()
    token = palco.admin().token
    palco.stop()
    calm = dict(palco.settings)
    palco.settings |= {
        "LD_PRELOAD": str(crash_library),
        "PALCO_CRASH": "spawn,before,1",
        "PALCO_CRASH_WORD": word,
        "PALCO_CRASH_SIGNAL": str(int(signal.SIGILL)),
    }
    palco.start()
    client = palco.client()
    client.token = token
    identifier = None
    with contextlib.suppress(*GONE):
        identifier = client.upload(short_films[kind], title=kind).expect(201).json()["id"]
    palco.wait_for_death(60)
    assert palco.process.returncode == -signal.SIGILL
    with contextlib.suppress(RuntimeError):
        palco.start()
    palco.wait_for_death(60)
    assert palco.process.returncode == -signal.SIGILL

    palco.settings = calm
    palco.start()
    client = palco.client()
    client.token = token
    if identifier is None:
        identifier = client.get("/videos").expect(200).json()["data"][0]["id"]
    palco.wait_for_line("a task that ended the server is not run again")
    if status == "failed":
        video = failure(client, identifier)
        assert (video["status"], video["error"]["code"]) == ("failed", "corrupt_file")
    else:
        video = client.wait(identifier, whole=status == "ready")
    if status != "ready":
        # Nothing is taken away: whoever looks into it may have it tried again.
        client.post(f"/videos/{identifier}/retry").expect(202)
        assert client.wait(identifier, whole=True)["status"] == "ready"
    assert palco.stop() == 0


def test_an_upload_that_ends_the_server_twice_is_refused_and_kept(own_server, crash_library, short_films):
    palco = own_server().start()
    token = palco.admin().token
    palco.stop()
    calm = dict(palco.settings)
    palco.settings |= {
        "LD_PRELOAD": str(crash_library),
        "PALCO_CRASH": "spawn,before,1",
        "PALCO_CRASH_WORD": "JudgeProbe",
        "PALCO_CRASH_SIGNAL": str(int(signal.SIGILL)),
    }
    palco.start()
    client = palco.client()
    client.token = token
    film = short_films["standard"].read_bytes()
    address = urllib.parse.urlsplit(create(client, len(film), filename="trap.mp4", title="Trap")).path
    with contextlib.suppress(*GONE):
        patch(client, address, 0, film)
    palco.wait_for_death(60)
    assert palco.process.returncode == -signal.SIGILL
    with contextlib.suppress(RuntimeError):
        palco.start()
    palco.wait_for_death(60)
    assert palco.process.returncode == -signal.SIGILL

    palco.settings = calm
    palco.start()
    client = palco.client()
    client.token = token
    palco.wait_for_line("an upload that ended the server is not looked into again")
    assert client.request("HEAD", address, headers={"Tus-Resumable": "1.0.0"}).status == 422
    kept = stored(palco.data, "refused")
    assert [byte_count for byte_count, _ in kept.values()] == [len(film)]
    if MEDIA_IS_LOCAL:
        assert (palco.data / "refused" / next(iter(kept))).read_bytes() == film
    assert client.get("/videos").expect(200).json()["data"] == []
    # Everything else goes on, another film of the same person too.
    video = client.upload(short_films["foreign"], title="Another").expect(201).json()
    assert client.wait(video["id"])["status"] == "ready"
    assert palco.stop() == 0


def test_a_kill_from_outside_blames_nothing(own_server, films):
    palco = own_server({"PALCO_WORKERS": "1"}).start()
    client = palco.admin()
    video = client.upload(films.street, title="Street").expect(201).json()
    for _ in range(4):
        palco.kill()
        palco.start()
    client = palco.admin()
    assert client.wait(video["id"])["status"] == "ready"
    assert not [line for line in palco.lines if "is not run again" in line or "ended by a trap" in line]
    assert palco.stop() == 0


INSPECTIONS = (b"JudgeProbe", b"-show_streams", b"framecrc")


def beside(palco, child):
    """How many look into uploads while this one is held; 0 if it ended before it could be."""
    try:
        os.kill(child, signal.SIGSTOP)
    except ProcessLookupError:
        return 0
    try:
        found = [matching(palco, INSPECTIONS) for _ in range(5)]
        return max(map(len, found)) if all(child in each for each in found) else 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGCONT)


def matching(palco, words):
    """The children with one of these words in their command, and an upload."""
    found = set()
    for child in children(palco.pid):
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            # Pictures are looked into with the same words, but they have other names.
            if b"original" in command and any(word in command for word in words):
                found.add(child)
    return found


def test_uploads_that_end_together_are_looked_into_in_turn(own_server, films):
    palco = own_server({"PALCO_WORKERS": "1"}).start()
    client = palco.admin()
    counts, over = [0], threading.Event()

    def watch():
        while not over.is_set():
            for child in matching(palco, INSPECTIONS):
                counts.append(beside(palco, child))

    watcher = threading.Thread(target=watch)
    watcher.start()
    # A look is short: where other programs have the processor, it can be over before it is seen.
    for turn in range(5):
        copies = [films.copy(films.bikes, f"turn{turn}-{number}") for number in range(8)]
        with ThreadPoolExecutor(len(copies)) as pool:
            answers = list(pool.map(lambda film: client.upload(film, title=film.name).status, copies))
        assert answers == [201] * len(copies)
        if max(counts) > 0:
            break
    over.set()
    watcher.join()
    assert max(counts) == 1
    assert palco.stop() == 0
