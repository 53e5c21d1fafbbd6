"""kill -9 at every stage, then a restart: one complete video, and nothing left over."""

import contextlib
import hashlib
import http.client
import os
import subprocess
import time
import urllib.parse
from pathlib import Path

import pytest
from films import probe
from palco import ADMIN_EMAIL, Client, Palco, children
from test_tus import BODY, create, offset, patch

GONE = (ConnectionError, http.client.HTTPException, TimeoutError)


@pytest.fixture(scope="session")
def crash_library(tool, tmp_path_factory):
    library = tmp_path_factory.mktemp("crash") / "crash.so"
    source = Path(__file__).with_name("crash.c")
    subprocess.run(
        [tool("clang", "gcc", "cc"), "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True
    )
    return library


@pytest.fixture(scope="session")
def short_films(films):
    return {
        "standard": films.bikes,
        "foreign": films.flashes("short.mkv", "-c:v", "mpeg4", "-q:v", "3", "-c:a", "libmp3lame", seconds=9),
    }


@pytest.fixture(scope="session")
def undisturbed(short_films, tmp_path_factory):
    """What is stored of each film when nothing goes wrong."""
    found = {}
    for kind, film in short_films.items():
        palco = Palco(tmp_path_factory.mktemp("undisturbed") / "data").start()
        client = palco.admin()
        video = client.upload(film, title=kind).expect(201).json()
        client.wait(video["id"], whole=True)
        settle(palco, client)
        assert palco.stop() == 0
        found[kind] = tree(palco.data, video["id"])
    return found


def tree(data, identifier):
    """Names of all files below `data`, the database apart; uploads and work must leave none."""
    names = {str(path.relative_to(data)) for path in Path(data).rglob("*") if path.is_file()}
    return {name.replace(identifier, "ID") for name in names if not name.startswith("palco.sqlite")}


def settle(palco, client, seconds=15):
    """Waits until no child process works any more: pictures are made after the renditions."""
    quiet, deadline = 0, time.monotonic() + seconds
    while quiet < 10 and time.monotonic() < deadline:
        quiet = 0 if children(palco.pid) else quiet + 1
        time.sleep(0.05)


def orphans(data):
    """Processes that still work on this data folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes()
                if os.fsencode(str(data)) in command:
                    found.append((int(entry.name), command[:200]))
    return found


def complete(palco, film, kind, undisturbed):
    """After a crash: start again, upload again as a person would, and find everything as if nothing had happened."""
    deadline = time.monotonic() + 5
    while left := orphans(palco.data):
        assert time.monotonic() < deadline, f"children outlive the server: {left}"
        time.sleep(0.05)
    palco.settings = {}
    palco.start()
    client = palco.admin()
    video = client.upload(film, title=kind).expect(200, 201).json()
    client.wait(video["id"], whole=True)
    assert [found["id"] for found in client.get("/videos").expect(200).json()["data"]] == [video["id"]]
    variants, media = client.master(video["id"])
    frames = packets(film)
    for named, address in variants:
        assert packets(address) == frames, named
    settle(palco, client)
    assert palco.stop() == 0
    assert tree(palco.data, video["id"]) == undisturbed[kind]


def packets(source):
    return int(
        probe(source, "-select_streams", "v:0", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of",
              "csv=p=0").split("\n")[0].strip(",")
    )  # fmt: skip


CRASHES = [
    # film, call, moment, count: what that is
    ("standard", "spawn", "after", 1),
    ("standard", "rename", "before", 1),
    ("standard", "rename", "after", 1),
    ("standard", "rename", "after", 2),
    ("standard", "rename", "before", 4),
    ("standard", "sync", "before", 1),
    ("standard", "sync", "after", 3),
    ("standard", "commit", "before", 1),
    ("standard", "commit", "after", 2),
    ("standard", "commit", "after", 7),
    ("standard", "commit", "before", 15),
    ("foreign", "spawn", "after", 1),
    ("foreign", "spawn", "after", 2),
    ("foreign", "spawn", "after", 4),
    ("foreign", "rename", "after", 2),
    ("foreign", "rename", "before", 5),
    ("foreign", "rename", "after", 9),
    ("foreign", "commit", "after", 5),
    ("foreign", "commit", "before", 20),
    ("foreign", "remove", "before", 1),
]


@pytest.mark.parametrize("kind, call, moment, count", CRASHES)
def test_a_crash_loses_nothing(own_server, crash_library, short_films, undisturbed, kind, call, moment, count):
    film = short_films[kind]
    palco = own_server().start()
    # Signed in beforehand: a sign-in commits as well, and it is the upload that is to be hit.
    token = palco.admin().token
    palco.stop()
    palco.settings = {"LD_PRELOAD": str(crash_library), "PALCO_CRASH": f"{call},{moment},{count}"}
    try:
        palco.start()
        client = palco.client()
        client.token = token
        with contextlib.suppress(*GONE):
            client.upload(film, title=kind)
        palco.wait_for_death(60)
    except RuntimeError:
        pass  # It died while starting: that is a stage as well.
    except subprocess.TimeoutExpired:
        pytest.fail(f"there was no {call} number {count}")
    assert palco.process.returncode == -9
    complete(palco, film, kind, undisturbed)


@pytest.mark.parametrize("milliseconds", [0, 50, 150, 400, 900, 1600])
def test_a_kill_at_any_moment_of_the_encoding_loses_nothing(own_server, short_films, undisturbed, milliseconds):
    palco = own_server().start()
    client = palco.admin()
    client.upload(short_films["foreign"], title="foreign").expect(201)
    time.sleep(milliseconds / 1000)
    palco.kill()
    complete(palco, short_films["foreign"], "foreign", undisturbed)


def test_an_upload_goes_on_after_a_kill(own_server, films):
    film = films.phone.read_bytes()
    palco = own_server().start()
    client = palco.admin()
    address = urllib.parse.urlsplit(create(client, len(film), filename="phone.mp4", title="Phone")).path
    patch(client, address, 0, film[:1_000_000]).expect(204)
    connection = client.connection()
    connection.putrequest("PATCH", address)
    headers = {**BODY, "Upload-Offset": "1000000", "Content-Length": "2000000"}
    for key, value in {**headers, "Authorization": f"Bearer {client.token}"}.items():
        connection.putheader(key, value)
    connection.endheaders()
    connection.send(film[1_000_000:2_000_000])
    palco.kill()
    connection.close()
    palco.start()
    client = palco.admin()
    at = offset(client, address)
    assert 1_000_000 <= at <= 2_000_000
    last = patch(client, address, at, film[at:]).expect(204)
    video = client.wait(last.headers["Palco-Video-Id"], whole=True)
    assert video["checksum_sha256"] == hashlib.sha256(film).hexdigest()
    assert palco.stop() == 0


def test_a_cut_multipart_upload_leaves_nothing_after_a_kill(own_server, films):
    palco = own_server().start()
    client = palco.admin()
    film = films.phone.read_bytes()

    def half():
        yield film[:2_000_000]
        palco.kill()
        yield film[2_000_000:]

    with contextlib.suppress(*GONE):
        client.upload_stream(half(), len(film), "phone.mp4", title="Phone")
    palco.start()
    client = palco.admin()
    assert client.get("/videos").expect(200).json()["data"] == []
    assert palco.stop() == 0
    left = [path for path in palco.data.rglob("*") if path.is_file() and path.stat().st_size > 100_000]
    assert [path.name for path in left if not path.name.startswith("palco.sqlite")] == []


def test_a_session_and_a_grant_outlive_a_restart(own_server, films):
    palco = own_server().start()
    port = palco.port
    client = palco.admin()
    video = client.upload(films.bikes, title="Bikes").expect(201).json()
    client.wait(video["id"])
    address = client.playback_url(video["id"])
    palco.kill()
    palco.start(port=port)
    again = Client(palco.url)
    again.get(address).expect(200)
    again.token = client.token
    assert again.get("/auth/me").expect(200).json()["email"] == ADMIN_EMAIL
    assert palco.stop() == 0


def test_termination_finishes_what_is_in_flight(own_server, films):
    palco = own_server().start()
    client = palco.admin()
    film = films.phone.read_bytes()

    def slow():
        yield film[:2_000_000]
        os.kill(palco.pid, 15)
        time.sleep(0.3)
        yield film[2_000_000:]

    client.upload_stream(slow(), len(film), "phone.mp4", title="Phone").expect(201)
    assert palco.process.wait(12) == 0
