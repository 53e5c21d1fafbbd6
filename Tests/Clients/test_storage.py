"""Media in a bucket: a film from its first byte to its last, servers that die, a way to the bucket that is bad, and what is left."""

import hashlib
import os
import re
import shutil
import subprocess
import threading
import urllib.request
import uuid

import pytest
from browsing import signed_in, watch
from bucket import BadWay, Bucket
from palco import binary
from postgres import Postgres
from test_command_line import palco
from test_tus import create, offset, patch
from waiting import wait_until
from workers import Worker

pytestmark = pytest.mark.skipif(
    "PALCO_TEST_S3" not in os.environ and "CI" not in os.environ, reason="there is no bucket: run by scripts/with-s3"
)


@pytest.fixture
def bucket():
    return Bucket()


@pytest.fixture(scope="module")
def postgres(tool, tmp_path_factory):
    tool("psql")
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    yield server
    server.close()


def played(client, video):
    """SHA-256 of each segment by its address."""
    variants, media = client.master(video["id"])
    found = {}
    for _, playlist in variants + media:
        for _, address in client.segments(playlist):
            body = client.get(address, token=False).expect(200).body
            found[client.target(address).rpartition("/play/")[2].partition("/")[2] or address] = hashlib.sha256(body).hexdigest()
    return found


def media_files(palco):
    """What lies in the data folder beside the copies that may go at any time."""
    names = ("videos", "uploads", "refused")
    return [str(path) for name in names for path in (palco.data / name).rglob("*") if path.is_file()]


def test_a_film_is_in_the_bucket_and_is_played_from_it_by_another_server(own_server, postgres, bucket, films):
    settings = {"PALCO_STORAGE": bucket.location, "PALCO_DATABASE": postgres.make("bucket")}
    first = own_server(settings, "first").start()
    client = first.admin()
    video = client.wait(client.upload(films.bunny, title="Bunny").expect(201).json()["id"], whole=True)
    made = played(client, video)
    assert made and not media_files(first)
    keys = bucket.keys()
    assert f"videos/{video['id']}/original" in keys and not [key for key in keys if key.startswith("uploads/")]
    wait_until(lambda: not list((first.data / "work").glob("*")), "no folder of a task is left")
    # Whoever kills it loses nothing, and a server that has nothing but the bucket and the database plays the same bytes.
    first.kill()
    second = own_server(settings, "second").start()
    client = second.admin()
    assert played(client, video) == made
    thumbnail = client.get(f"/videos/{video['id']}/thumbnail.jpg").expect(200)
    client.get(f"/videos/{video['id']}/thumbnail.jpg", headers={"If-None-Match": thumbnail.headers["ETag"]}).expect(304)
    # Its copies alone are enough, and they may go.
    shutil.rmtree(second.data / "cache")
    (second.data / "cache").mkdir()
    assert played(client, video) == made
    # The original is sent from the bucket, whole and in parts, and nothing of it is kept here.
    path = f"/videos/{video['id']}/original"
    (second.data / "cache").mkdir(exist_ok=True)
    for copy in (second.data / "cache").glob("*+original~*"):
        copy.unlink()
    film = films.bunny.read_bytes()
    whole = client.get(path).expect(200)
    assert whole.body == film and whole.headers["Content-Disposition"] == f'attachment; filename="{films.bunny.name}"'
    part = client.get(path, headers={"Range": "bytes=1000-1999", "If-Range": whole.headers["ETag"]}).expect(206)
    assert part.body == film[1000:2000] and part.headers["Content-Range"] == f"bytes 1000-1999/{len(film)}"
    client.get(path, headers={"Range": f"bytes={len(film)}-"}).expect(416)
    client.get(path, headers={"If-None-Match": whole.headers["ETag"]}).expect(304)
    head = client.request("HEAD", path).expect(200)
    assert head.headers["Content-Length"] == str(len(film)) and head.body == b""
    assert not list((second.data / "cache").glob("*+original~*"))
    client.remove_for_good(video["id"])
    assert bucket.keys() == []
    assert second.stop() == 0


def test_an_upload_goes_on_after_a_kill_at_a_server_that_has_nothing_of_it(own_server, postgres, bucket, films):
    settings = {"PALCO_STORAGE": bucket.location, "PALCO_DATABASE": postgres.make("upload")}
    film = films.long_standard(60).read_bytes()
    first = own_server(settings, "first").start()
    client = first.admin()
    address = create(client, len(film), filename="long.mp4", title="Long")
    # In the middle of a part, and acknowledged.
    third = len(film) // 3
    patch(client, address, 0, film[:third]).expect(204)
    # In the middle of a request.
    connection = client.connection()
    connection.putrequest("PATCH", client.target(address))
    headers = {
        "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(third),
        "Content-Length": str(len(film) - third), "Authorization": f"Bearer {client.token}",
    }  # fmt: skip
    for key, value in headers.items():
        connection.putheader(key, value)
    connection.endheaders()
    connection.send(film[third : third + third // 2])
    first.kill()
    connection.close()
    second = own_server(settings, "second").start()
    client = second.admin()
    at = offset(client, address)
    assert third <= at <= third + third // 2
    answer = patch(client, address, at, film[at:]).expect(204)
    video = client.wait(answer.headers["Palco-Video-Id"], whole=True)
    assert video["checksum_sha256"] == hashlib.sha256(film).hexdigest()
    assert not [key for key in bucket.keys() if key.startswith("uploads/")]
    # An upload that is ended leaves nothing.
    address = create(client, len(film), filename="other.mp4", title="Other")
    patch(client, address, 0, film[:third]).expect(204)
    assert [key for key in bucket.keys() if key.startswith("uploads/")]
    client.request("DELETE", address, headers={"Tus-Resumable": "1.0.0"}).expect(204)
    assert not [key for key in bucket.keys() if key.startswith("uploads/")]
    client.remove_for_good(video["id"])
    assert bucket.keys() == []


def test_a_bad_way_to_the_bucket_loses_nothing(own_server, bucket, films):
    faults = [503, None, "cut", None, None, 500, None, "lose", None, None, None]
    way = BadWay(bucket, lambda method, path, number: faults[number % len(faults)])
    try:
        palco = own_server({"PALCO_STORAGE": bucket.through(way.url), "PALCO_STORAGE_CACHE_BYTES": str(64 << 20)}).start()
        client = palco.admin()
        film = films.bikes.read_bytes()
        address = create(client, len(film), filename="bikes.mp4", title="Bikes")
        at = 0
        while at < len(film):
            answer = patch(client, address, at, film[at : at + 400_000])
            if answer.status != 204:
                answer.expect(503)
            at = offset(client, address) if answer.status != 204 else int(answer.headers["Upload-Offset"])
        video = client.wait(answer.headers["Palco-Video-Id"], whole=True)
        assert video["checksum_sha256"] == hashlib.sha256(film).hexdigest()
        made = played(client, video)
        shutil.rmtree(palco.data / "cache")
        (palco.data / "cache").mkdir()
        assert played(client, video) == made
        client.remove_for_good(video["id"])
        assert bucket.keys() == []
        assert palco.stop() == 0
    finally:
        way.close()


def test_a_bucket_that_is_away_is_told_of_and_costs_nothing(own_server, bucket, films):
    is_away = []
    way = BadWay(bucket, lambda method, path, number: 503 if is_away else None)
    try:
        palco = own_server({"PALCO_STORAGE": bucket.through(way.url)}).start()
        client = palco.admin()
        client.get("//readyz", token=False).expect(200)
        is_away.append(True)
        wait_until(lambda: client.get("//readyz", token=False).status == 503, "the server is not ready")
        is_away.clear()
        wait_until(lambda: client.get("//readyz", token=False).status == 200, "the server is ready again")
        video = client.upload(films.bikes, title="Bikes").expect(201).json()
        client.wait(video["id"], whole=True)
    finally:
        way.close()


def test_complete_segments_come_from_elsewhere_and_nothing_else_does(own_server, bucket, films):
    film = films.bunny
    palco_s3 = own_server({"PALCO_STORAGE": bucket.location, "PALCO_MEDIA_REDIRECT": "presigned"}).start()
    client = palco_s3.admin()
    video = client.wait(client.upload(film, title="Bunny").expect(201).json()["id"], whole=True)
    told = client.get("//", token=False).headers["Content-Security-Policy"]
    assert f"connect-src 'self' {bucket.endpoint};" in told and f"media-src 'self' {bucket.endpoint} blob:" in told
    variants, media = client.master(video["id"])
    shared = 0
    for _, playlist in variants + media:
        for _, address in client.segments(playlist):
            answer = client.get(address, token=False)
            if "/media/" not in address:
                answer.expect(200)
                continue
            shared += 1
            answer.expect(307)
            assert answer.headers["Location"].startswith(bucket.endpoint) and "max-age" in answer.headers["Cache-Control"]
            # Whoever follows has the bytes, and a part of them where they want that, without any credentials.
            request = urllib.request.Request(answer.headers["Location"], headers={"Range": "bytes=0-99"})
            with urllib.request.urlopen(request, timeout=30) as found:
                assert found.status == 206 and len(found.read()) == 100
    assert shared > 0
    # So does the original, under the name that it had, for whoever may change the video.
    path = f"/videos/{video['id']}/original"
    client.get(path, token=False).expect(401)
    answer = client.get(path).expect(307)
    assert answer.headers["Cache-Control"] == "private, no-store"
    with urllib.request.urlopen(answer.headers["Location"], timeout=30) as found:
        assert found.read() == film.read_bytes()
        assert found.headers["Content-Disposition"] == f'attachment; filename="{film.name}"'
    client.request("HEAD", path).expect(200)
    # Of what is not there nothing is told.
    client.get(f"//media/{video['id']}/720p/100000.m4s", token=False).expect(404)
    client.get(f"//media/{uuid.uuid4()}/720p/0.m4s", token=False).expect(404)
    assert palco_s3.stop() == 0
    palco_s3.settings["PALCO_MEDIA_REDIRECT"] = "https://cdn.example.org/films/"
    client = palco_s3.start().admin()
    assert "connect-src 'self' https://cdn.example.org;" in client.get("//", token=False).headers["Content-Security-Policy"]
    addresses = [address for _, playlist in client.master(video["id"])[0] for _, address in client.segments(playlist)]
    # A CDN hands out to everybody, and the original is no noise.
    client.get(f"/videos/{video['id']}/original").expect(200)
    name = next(address for address in addresses if "/media/" in address).rpartition("/media/")[2]
    answer = client.get(f"//media/{name}", token=False).expect(307)
    assert answer.headers["Location"] == f"https://cdn.example.org/films/videos/{name}"


def test_a_browser_plays_what_comes_from_the_bucket_and_from_nowhere_else(chromium, own_server, bucket, films):
    palco_s3 = own_server({"PALCO_STORAGE": bucket.location, "PALCO_MEDIA_REDIRECT": "presigned"}).start()
    bucket.let_in(palco_s3.url)
    client = palco_s3.admin()
    video = client.wait(client.upload(films.bunny, title="Bunny").expect(201).json()["id"], whole=True)
    with signed_in(chromium, palco_s3) as page:
        answers = []
        page.on("response", lambda answer: answers.append((answer.status, answer.url)))
        watching = watch(page, video)
        watching.play()
        watching.plays_on(2)
        assert watching.paints()
        segments = [(status, url) for status, url in answers if ".m4s" in url]
        passed_on = [url for status, url in segments if status == 307]
        assert passed_on and all(url.startswith(palco_s3.url) for url in passed_on)
        brought = [status for status, url in segments if url.startswith(bucket.endpoint)]
        assert brought and set(brought) <= {200, 206}
        # The page may speak with the bucket, and with no other server.
        refused = """(address) => new Promise((resolve) => {
            document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective), { once: true });
            fetch(address, { mode: 'no-cors' }).then(() => resolve('let through'), () => {});
        })"""
        assert page.evaluate(refused, bucket.endpoint) == "let through"
        assert page.evaluate(refused, f"http://localhost:{palco_s3.port}/healthz") == "connect-src"
        assert [words for words in page.complaints if "connect-src" in words]
        page.complaints.clear()
    assert palco_s3.stop() == 0


def test_a_worker_fetches_of_a_film_what_it_makes_segments_of(own_server, postgres, bucket, films, tmp_path):
    settings = {"PALCO_STORAGE": bucket.location, "PALCO_DATABASE": postgres.make("parts")}
    film = films.small_and_long
    server = own_server({**settings, "PALCO_WORKERS": "1", "PALCO_WORKER_KINDS": "plan,copy,opening,heads,audio"}).start()
    client = server.admin()
    video = client.upload(film, title="Long").expect(201).json()["id"]
    first = []

    def one_chunk(method, path, number):
        if method == "PUT" and re.search(r"/[0-9]+p/[0-9]+\.m4s", path):
            first.append(path)
        # The film is out of reach for a second chunk.
        return 503 if first and method == "GET" and "/original" in path else None

    way = BadWay(bucket, one_chunk)
    slow = bucket.through(way.url)
    worker = Worker(tmp_path / "worker", {**settings, "PALCO_STORAGE": slow}, "--workers", "1", "--kinds", "chunk")
    try:
        worker.start()
        wait_until(lambda: first, "a chunk is made")
        size = film.stat().st_size
        fetched = sum(count for path, count in way.answers if "/original" in path)
        assert 0 < fetched < size / 2, f"{fetched} of {size} bytes"
    finally:
        worker.kill()
        way.close()
    client.remove_for_good(video)


def test_media_moves_from_a_folder_to_a_bucket_and_back(own_server, bucket, films, tmp_path):
    server = own_server({"PALCO_STORAGE": None}).start()
    client = server.admin()
    video = client.wait(client.upload(films.bunny, title="Bunny").expect(201).json()["id"], whole=True)
    made = played(client, video)
    refused = palco("storage", "copy", "--from", f"local:{server.data}", "--to", bucket.location)
    assert refused.returncode == 1 and "in use" in refused.stderr, refused
    assert server.stop() == 0
    before = {path: path.read_bytes() for path in (server.data / "videos").rglob("*") if path.is_file()}
    copied = palco("storage", "copy", "--from", f"local:{server.data}", "--to", bucket.location)
    assert copied.returncode == 0 and f"{len(before)} were brought now" in copied.stdout, copied
    again = palco("storage", "move", "--from", f"local:{server.data}", "--to", bucket.location)
    assert again.returncode == 0 and "0 were brought now" in again.stdout, again
    assert media_files(server) == [] and len(bucket.keys()) == len(before)
    server.settings["PALCO_STORAGE"] = bucket.location
    client = server.start().admin()
    assert played(client, video) == made
    assert server.stop() == 0
    # What was cut off on the way back goes on: a part of it is there, one of them another one.
    back = palco("storage", "copy", "--from", bucket.location, "--to", f"local:{server.data}")
    assert back.returncode == 0, back
    paths = sorted(before)
    paths[0].unlink()
    paths[1].write_bytes(b"something else")
    back = palco("storage", "move", "--from", bucket.location, "--to", f"local:{server.data}")
    assert back.returncode == 0 and "2 were brought now" in back.stdout, back
    assert {path: path.read_bytes() for path in (server.data / "videos").rglob("*") if path.is_file()} == before
    assert bucket.keys() == []
    server.settings["PALCO_STORAGE"] = None
    assert played(server.start().admin(), video) == made
    for wrong in (("local:", bucket.location), (bucket.location, bucket.location), ("here", f"local:{server.data}")):
        assert palco("storage", "copy", "--from", wrong[0], "--to", wrong[1]).returncode == 1
    assert palco("storage", "copy", "--from", bucket.location).returncode == 64


def test_wrong_credentials_are_told_and_no_secret_is(bucket, tmp_path):
    for settings, words in (
        ({"AWS_SECRET_ACCESS_KEY": "Wrong-Horse-3"}, "credentials"),
        ({"AWS_ACCESS_KEY_ID": ""}, "AWS_ACCESS_KEY_ID"),
        ({"PALCO_STORAGE": "s3://x"}, "PALCO_STORAGE"),
    ):
        answer = palco("doctor", "--data", tmp_path / "data", settings={"PALCO_STORAGE": bucket.location, **settings})
        told = answer.stdout + answer.stderr
        assert answer.returncode != 0 and words in told, told
        assert "Wrong-Horse-3" not in told and os.environ["AWS_SECRET_ACCESS_KEY"] not in told
    answer = palco("doctor", "--data", tmp_path / "data", settings={"PALCO_STORAGE": bucket.location})
    assert "lets these credentials in" in answer.stdout, answer.stdout


def moving(server, log, settings=None):
    """`palco storage move` beside a server, with its settings."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PALCO_")}
    environment.update({key: value for key, value in {**server.settings, **(settings or {})}.items() if value is not None})
    return subprocess.Popen(
        [binary(), "storage", "move", "--data", server.data], stdin=subprocess.DEVNULL, stdout=log.open("ab"),
        stderr=subprocess.STDOUT, env=environment, cwd=server.data,
    )  # fmt: skip


def test_media_moves_while_a_server_is_watched_and_uploaded_to_and_the_mover_is_killed(own_server, bucket, films, tmp_path):
    log = tmp_path / "log"
    server = own_server({"PALCO_STORAGE": None}).start()
    client = server.admin()
    bunny = client.wait(client.upload(films.bunny, title="Bunny").expect(201).json()["id"], whole=True)
    film = films.bikes.read_bytes()
    address = create(client, len(film), filename="bikes.mp4", title="Bikes")
    patch(client, address, 0, film[: len(film) // 3]).expect(204)
    assert server.stop() == 0
    made = {path.relative_to(server.data): path.read_bytes() for path in (server.data / "videos").rglob("*") if path.is_file()}

    def changes_place(storage, also, named, method):
        """Moves all while the film is watched; the first mover is killed in the middle of a request."""
        server.settings.update(PALCO_STORAGE=storage, PALCO_STORAGE_ALSO=also)
        client = server.start().admin()
        seen = played(client, bunny)
        asked, over = [], threading.Event()

        def stand_still(asked_for, path, number):
            if asked_for != method:
                return None
            asked.append(path)
            return None if len(asked) <= 10 else over.wait(120) and 503

        way = BadWay(bucket, stand_still)
        try:
            slow = bucket.through(way.url)
            bucket.through(bucket.endpoint)
            first = moving(server, log, {named: slow})
            wait_until(lambda: len(asked) > 10, "some have moved")
            assert played(client, bunny) == seen
            first.kill()
            first.wait(30)
        finally:
            over.set()
            way.close()
        assert bucket.keys() and media_files(server)
        second = moving(server, log)
        while second.poll() is None:
            assert played(client, bunny) == seen
        return client, seen, second.returncode

    client, seen, status = changes_place(bucket.location, "data", "PALCO_STORAGE", "PUT")
    # The upload began in the folder, and ends there.
    assert status == 1 and "1 uploads that began at the old place are not finished" in log.read_text(), log.read_text()
    at = offset(client, address)
    assert at == len(film) // 3
    bikes = client.wait(patch(client, address, at, film[at:]).expect(204).headers["Palco-Video-Id"], whole=True)
    assert client.get(f"/videos/{bikes['id']}/original").expect(200).body == film
    third = moving(server, log)
    assert third.wait(120) == 0 and "Nothing is left" in log.read_text(), log.read_text()
    assert media_files(server) == []
    server.settings["PALCO_STORAGE_ALSO"] = None
    assert server.stop() == 0
    client = server.start().admin()
    assert played(client, bunny) == seen and played(client, bikes)
    assert client.get(f"/videos/{bikes['id']}/original").expect(200).body == film
    client.remove_for_good(bikes["id"])
    assert {str(path) for path in made} == set(bucket.keys())
    assert server.stop() == 0

    # And back; what is removed on the way does not come again.
    client = server.start().admin()
    doomed = client.wait(client.upload(films.bikes, title="Bikes").expect(201).json()["id"], whole=True)
    assert server.stop() == 0
    client, back, status = changes_place(None, bucket.location, "PALCO_STORAGE_ALSO", "DELETE")
    assert status == 0 and back == seen, log.read_text()
    client.remove_for_good(doomed["id"])
    assert bucket.keys() == []
    now = {path.relative_to(server.data): path.read_bytes() for path in (server.data / "videos").rglob("*") if path.is_file()}
    assert now == made
    assert server.stop() == 0
