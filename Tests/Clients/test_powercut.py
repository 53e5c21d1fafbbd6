"""The power goes: whatever was not synced is forgotten, bytes and names alike. What was answered is there."""

import contextlib
import random
import urllib.parse

import pytest
from crashing import GONE, calls, library, settle, sound_and_whole, start_again
from powercut import Disk
from test_tus import create, offset, patch


@pytest.fixture(scope="session")
def powercut_library(tool, tmp_path_factory):
    return library(tool, "powercut", tmp_path_factory.mktemp("powercut"))


class Form:
    """An upload in one request."""

    def __init__(self, film):
        self.film = film
        self.answered = None

    def send(self, client):
        self.answered = client.upload(self.film, title="Form").expect(201).json()["id"]

    def go_on(self, client):
        # Without an answer nobody knows it: it was finished by the restart (200), or nothing is there (201).
        return self.answered or client.upload(self.film, title="Form").expect(200, 201).json()["id"]


class Pieces:
    """The same by tus, in five pieces. Each offset that was answered is a promise."""

    def __init__(self, film):
        self.bytes = film.read_bytes()
        self.address = None
        self.offset = 0
        self.answered = None

    def create(self, client):
        self.address = urllib.parse.urlsplit(create(client, len(self.bytes), filename="film", title="Pieces")).path

    def send(self, client):
        self.create(client)
        while self.answered is None:
            self.send_piece(client)

    def send_piece(self, client):
        piece = self.bytes[self.offset : self.offset + len(self.bytes) // 5 + 1]
        answer = patch(client, self.address, self.offset, piece).expect(204)
        self.offset = int(answer.headers["Upload-Offset"])
        self.answered = answer.headers["Palco-Video-Id"]

    def go_on(self, client):
        if self.answered:
            return self.answered
        if self.address is None:
            self.send(client)
            return self.answered
        at = offset(client, self.address)
        assert at >= self.offset, f"{self.offset} bytes were answered, {at} are there"
        self.offset = at
        # With all bytes there only the answer was lost: an empty piece gets it once more.
        while self.answered is None:
            self.send_piece(client)
        return self.answered


WAYS = {"form": Form, "tus": Pieces}


def run_until_the_cut(own_server, libraries, upload, folder, when):
    """A server whose power goes at the wished call; then its data folder is what the disk holds."""
    palco = own_server().start()
    token = palco.admin().token
    assert palco.stop() == 0
    disk = Disk(libraries[1], palco.data, folder / "disk")
    palco.settings |= {"LD_PRELOAD": " ".join(map(str, libraries)), "PALCO_CRASH_LOG": str(folder / "calls")}
    palco.settings |= {**disk.settings, **when}
    # The power may go while it starts: that is a moment as well.
    with contextlib.suppress(RuntimeError):
        palco.start()
        client = palco.client()
        client.token = token
        with contextlib.suppress(*GONE):
            upload.send(client)
    palco.wait_for_death(90)
    assert palco.process.returncode == -9
    return palco, disk


@pytest.mark.parametrize("seed, memory", enumerate(["nothing", "names", "bytes", "names and bytes"]))
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["standard", "foreign"])
def test_a_power_cut_loses_nothing_that_was_answered(
    own_server, crash_library, powercut_library, short_films, undisturbed, tmp_path, kind, way, memory, seed
):
    """`memory` is what the disk keeps of what was not synced."""
    chance = random.Random(f"{kind} {way} {memory} {seed}")
    moment, number = chance.choice(["before", "after"]), chance.randrange(1, len(undisturbed[kind].calls) * 9 // 10)
    print(f"seed {seed}: {moment} call {number} of {len(undisturbed[kind].calls)}")
    upload = WAYS[way](short_films[kind])
    palco, disk = run_until_the_cut(
        own_server, (crash_library, powercut_library), upload, tmp_path, {"PALCO_CRASH": f"any,{moment},{number}"}
    )
    print(f"the last calls: {calls(tmp_path / 'calls')[-3:]}; answered {upload.answered}")
    disk.cut(chance if "bytes" in memory else None, keeps_names="names" in memory)
    client = start_again(palco)
    sound_and_whole(palco, client, upload.go_on(client), undisturbed[kind])
    assert palco.stop() == 0


def start_on(own_server, library, folder):
    """A server on a disk that forgets, with somebody signed in."""
    palco = own_server().start()
    token = palco.admin().token
    assert palco.stop() == 0
    disk = Disk(library, palco.data, folder / "disk")
    palco.settings |= {"LD_PRELOAD": str(library), **disk.settings}
    client = palco.start().client()
    client.token = token
    return palco, disk, client


def stored(data):
    return {path.relative_to(data): path.read_bytes() for path in (data / "videos").rglob("*") if path.is_file()}


@pytest.mark.parametrize("memory", ["nothing", "names"])
@pytest.mark.parametrize("kind, way", [("standard", "form"), ("foreign", "tus")])
def test_what_is_made_stays_when_the_power_goes_long_after(
    own_server, powercut_library, short_films, undisturbed, tmp_path, kind, way, memory
):
    """The power goes when all is done: every file is on the disk as it was served, so nothing is made again."""
    palco, disk, client = start_on(own_server, powercut_library, tmp_path)
    upload = WAYS[way](short_films[kind])
    upload.send(client)
    client.wait(upload.answered, whole=True)
    settle(palco)
    palco.kill()
    files = stored(palco.data)
    disk.cut(keeps_names=memory == "names")
    assert stored(palco.data) == files
    client = start_again(palco)
    sound_and_whole(palco, client, upload.answered, undisturbed[kind])
    assert palco.stop() == 0


@pytest.mark.parametrize("memory", ["nothing", "names"])
@pytest.mark.parametrize("pieces", [0, 2])
def test_an_offset_that_was_answered_is_there(
    own_server, powercut_library, short_films, undisturbed, tmp_path, pieces, memory
):
    """The power goes between two pieces of an upload, or between its creation and the first."""
    palco, disk, client = start_on(own_server, powercut_library, tmp_path)
    upload = Pieces(short_films["standard"])
    upload.create(client)
    for _ in range(pieces):
        upload.send_piece(client)
    palco.kill()
    disk.cut(keeps_names=memory == "names")
    client = start_again(palco)
    assert offset(client, upload.address) == upload.offset
    sound_and_whole(palco, client, upload.go_on(client), undisturbed["standard"])
    assert palco.stop() == 0
