"""kill -9 at every stage, then a restart: what was answered is there, whole and once, and nothing is left over."""

import contextlib
import hashlib
import os
import random
import re
import socket
import subprocess
import urllib.parse
from collections import Counter

import pytest
from crashing import GONE, calls, settle, sound_and_whole, start_again
from palco import ADMIN_EMAIL, Client
from places import stored
from test_tus import BODY, create, offset, patch
from waiting import wait_until


def upload_until_the_crash(palco, film, title):
    """The id that the server answered with before it died, or None. A sign-in commits as well, so that was done before."""
    answered = None
    with contextlib.suppress(*GONE):
        answered = palco.signed_in.upload(film, title=title).expect(201).json()["id"]
    palco.wait_for_death(90)
    assert palco.process.returncode == -9
    return answered


def start_to_crash(own_server, library, journal, **wishes):
    """A server of the test's own with somebody signed in, started anew with what makes it crash."""
    palco = own_server().start()
    token = palco.admin().token
    assert palco.stop() == 0
    palco.settings |= {"LD_PRELOAD": str(library), "PALCO_CRASH_LOG": str(journal)}
    palco.settings |= {f"PALCO_{name}": str(value) for name, value in wishes.items()}
    palco.start()
    palco.signed_in = palco.client()
    palco.signed_in.token = token
    return palco


@pytest.mark.local_only("half of them are those of a local storage")
def test_the_calls_of_an_upload_are_all_seen(undisturbed):
    """What the tests below crash at is really called when nothing goes wrong."""
    for kind, wanted in undisturbed.items():
        stages = [stage for stage in STAGES if stage[1] == kind]
        for name, _, call, words, _ in stages:
            assert [line for line in wanted.calls if line.startswith(call) and words[-1] in line], (kind, name, call)


# What is hit, the film, the call, words of the calls before it and of its own, whether the upload was answered long ago
STAGES = [
    ("probe", "standard", "spawn", ["-show_streams"], False),
    ("inspection", "standard", "spawn", ["JudgeProbe"], False),
    ("inspection", "standard", "spawn", ["framecrc"], False),
    ("upload", "standard", "sync", ["/.incoming/"], False),
    ("upload", "standard", "rename", ["/uploads/"], False),
    ("upload", "standard", "sync", ["/uploads"], False),
    ("upload row", "standard", "commit", ["/uploads/", "-wal"], False),
    ("original", "standard", "rename", ["/original"], False),
    ("video row", "standard", "commit", ["/original", "-wal"], False),
    ("plan", "standard", "spawn", ["PlanFromMovie"], False),
    ("plan row", "standard", "commit", ["PlanFromMovie", "-wal"], False),
    ("copy", "standard", "spawn", ["CopySegments"], True),
    ("first init segment", "standard", "rename", ["/init.mp4"], True),
    ("first segment", "standard", "rename", ["/0.m4s"], True),
    ("segment row", "standard", "commit", ["/0.m4s", "-wal"], True),
    ("probe", "foreign", "spawn", ["-show_streams"], False),
    ("plan", "foreign", "spawn", ["packets.csv"], False),
    ("plan", "foreign", "spawn", ["PlanFromPackets"], False),
    ("opening", "foreign", "spawn", ["libx264"], True),
    ("verification", "foreign", "spawn", ["-xerror"], True),
    ("cut", "foreign", "spawn", ["CutPicture"], True),
    ("cut", "foreign", "spawn", ["CutSound"], True),
    ("init segments", "foreign", "spawn", ["MakeInitSegments"], True),
    ("chunk", "foreign", "spawn", ["libx264"], True),
    ("first init segment", "foreign", "rename", ["/init.mp4"], True),
    ("first segment", "foreign", "rename", ["/0.m4s"], True),
    ("segment row", "foreign", "commit", ["/0.m4s", "-wal"], True),
    ("later segment", "foreign", "rename", ["/0.m4s", "/1.m4s"], True),
    ("thumbnail", "foreign", "spawn", ["thumbnail.jpg"], True),
    ("thumbnail", "foreign", "rename", ["/videos/", "/thumbnail.jpg"], True),
    ("storyboard", "foreign", "rename", ["/storyboard.vtt"], True),
    ("storyboard", "foreign", "rename", ["/storyboard.vtt", "/storyboard.jpg"], True),
    ("work folder", "foreign", "remove", ["/.incoming/"], False),
]

# Where it is not the first such call: the opening and the init segments are encoded before the chunks.
NUMBERS = {"chunk": 3}


LOCAL_CALLS = pytest.mark.local_only("files are renamed and synced, and commits written, by this process where storage and database are local")


def staged(stage):
    """The moments of one stage."""
    marks = () if stage[2] == "spawn" else LOCAL_CALLS
    return [pytest.param(*stage, moment, marks=marks) for moment in MOMENTS[stage[2]]]


# What a child has not done is the same before its start as at the call before it.
MOMENTS = {"spawn": ["after"], "rename": ["before", "after"], "sync": ["before", "after"], "commit": ["before", "after"],
           "remove": ["before"]}  # fmt: skip


@pytest.mark.parametrize(
    "stage, kind, call, words, is_late, moment", [each for stage in STAGES for each in staged(stage)]
)
def test_a_crash_loses_nothing(
    own_server, crash_library, short_films, undisturbed, tmp_path, stage, kind, call, words, is_late, moment
):
    wishes = {"CRASH": f"{call},{moment},{NUMBERS.get(stage, 1)}", "CRASH_WORD": words[-1]}
    if len(words) > 1:
        wishes["CRASH_FROM"] = words[0]
    palco = start_to_crash(own_server, crash_library, tmp_path / "calls", **wishes)
    answered = upload_until_the_crash(palco, short_films[kind], stage)
    assert len(calls(tmp_path / "calls", call, words[-1])) >= NUMBERS.get(stage, 1), "it died of something else"
    # Work on a video begins when its row is there, and takes longer than an answer: then the uploader knows its id.
    assert answered or not is_late
    client = start_again(palco)
    # Whoever got no answer uploads again: the next start finished the first (200) or had nothing of it (201).
    identifier = answered or client.upload(short_films[kind], title=stage).expect(200, 201).json()["id"]
    sound_and_whole(palco, client, identifier, undisturbed[kind])
    assert palco.stop() == 0


SEEDS = range(6)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_kill_at_any_call_loses_nothing(own_server, crash_library, short_films, undisturbed, tmp_path, seed):
    chance = random.Random(seed)
    kind = chance.choice(["standard", "foreign"])
    moment, number = chance.choice(["before", "after"]), chance.randrange(1, len(undisturbed[kind].calls) * 9 // 10)
    print(f"seed {seed}: {kind}, {moment} call {number} of {len(undisturbed[kind].calls)}")
    palco = start_to_crash(own_server, crash_library, tmp_path / "calls", CRASH=f"any,{moment},{number}")
    answered = upload_until_the_crash(palco, short_films[kind], kind)
    client = start_again(palco)
    identifier = answered or client.upload(short_films[kind], title=kind).expect(200, 201).json()["id"]
    sound_and_whole(palco, client, identifier, undisturbed[kind])
    assert palco.stop() == 0


def encodings(journal):
    """How often each task of the queue had ffmpeg encode picture or sound, by the task's id."""
    found = Counter()
    for line in calls(journal, "spawn"):
        if "libx264" in line or "-c:a aac" in line:
            found[re.search(r"/work/([0-9a-f]{8}-[0-9a-f-]+)", line).group(1)] += 1
    return found


def named_segments(data):
    """Each file of media that has its name, with what changes when it is made again."""
    return {name: found for name, found in stored(data, "videos").items() if name.endswith((".m4s", ".mp4", ".jpg", ".vtt"))}


WORKERS = 2


@pytest.mark.parametrize("number", [3, 5, 7])
def test_a_crash_costs_at_most_the_chunks_in_hand(own_server, crash_library, films, tmp_path, number):
    film = films.test_card("chunks.mkv", "-c:v", "mpeg4", "-c:a", "libmp3lame", seconds=80)
    journal = tmp_path / "calls"
    palco = start_to_crash(
        own_server, crash_library, journal, CRASH=f"spawn,after,{number}", CRASH_WORD="libx264", WORKERS=WORKERS
    )
    answered = upload_until_the_crash(palco, film, "Chunks")
    begun, kept = encodings(journal), named_segments(palco.data)
    assert begun and max(begun.values()) == 1
    assert kept
    # The next run is written down as well, and does not crash.
    palco.settings |= {"PALCO_CRASH": "spawn,after,1000000"}
    palco.start()
    client = palco.admin()
    client.wait(answered, whole=True)
    settle(palco)
    runs = encodings(journal)
    assert max(runs.values()) == 2
    # Those that were being encoded, and one that was encoded and being stored: it holds no place any more.
    assert 1 <= sum(runs.values()) - len(runs) <= WORKERS + 1, runs
    # The opening, the init segments and five chunks of the picture, and those of the sound.
    assert len(runs) == 2 + 5 + sound_chunks(journal)
    after = named_segments(palco.data)
    assert {path: after.get(path) for path in kept} == kept, "what had its name was made again"
    assert palco.stop() == 0


def sound_chunks(journal):
    return len({re.search(r"/work/([0-9a-f]{8}-[0-9a-f-]+)", line).group(1) for line in calls(journal, "spawn", "-c:a aac")})


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


def is_refused(port):
    with contextlib.suppress(ConnectionResetError):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except ConnectionRefusedError:
            return True
    return False


def test_termination_finishes_what_is_in_flight(own_server, films):
    palco = own_server().start()
    client = palco.admin()
    film = films.phone.read_bytes()

    def slow():
        yield film[:2_000_000]
        wait_until(lambda: any((palco.data / ".incoming").iterdir()), "the server has begun with it")
        os.kill(palco.pid, 15)
        wait_until(lambda: is_refused(palco.port), "the server takes no new connections")
        yield film[2_000_000:]

    client.upload_stream(slow(), len(film), "phone.mp4", title="Phone").expect(201)
    assert palco.process.wait(12) == 0
