"""Each answer that api/openapi.yaml promises, made to happen. That it is as promised is checked wherever a client asks."""

import base64
import contextlib
import hashlib
import json
import os
import re
import select
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from crashing import library
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, Palco, children
from places import sql
from test_command_line import palco as command
from test_tus import BODY, VERSION, create, metadata, patch
from waiting import until_refused, wait_until

UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057"
PASSWORD = "Another-1-password"


class House:
    """A server with a creator and a plain user on it, an open film and one behind a password."""

    def __init__(self, palco, films):
        self.palco = palco.start()
        for role in ("creator", "user"):
            made = command(
                "admin", "create", "--data", palco.data, "--email", f"{role}@example.org",
                settings={"PALCO_ADMIN_PASSWORD": PASSWORD},
            )  # fmt: skip
            assert made.returncode == 0, made.stderr
            sql(palco.data, f"UPDATE users SET role = '{role}' WHERE email = '{role}@example.org'")
        self.admin = palco.admin()
        self.user = palco.client()
        self.user.login("user@example.org", PASSWORD)
        film = films.subtitled
        self.open = self.admin.upload(film, title="Open").expect(201).json()["id"]
        self.locked = self.admin.upload(films.copy(film, "locked"), title="Locked")
        self.locked = self.locked.expect(201).json()["id"]
        gone = self.admin.upload(films.bikes, title="Gone").expect(201).json()["id"]
        for identifier in (self.open, self.locked, gone):
            self.admin.wait(identifier, whole=True)
        self.grants = {
            self.open: self.grant(self.admin, self.open), self.locked: self.old_grant(), UNKNOWN: self.grant(self.admin, gone),
        }  # fmt: skip
        self.admin.request("DELETE", f"/videos/{gone}").expect(204)
        for identifier in (self.open, self.locked):
            wait_until(lambda each=identifier: self.has_all(each), "its captions and pictures are made")
        variants, _ = self.admin.master(self.open)
        self.rendition = variants[0][1].split("/")[-2]

    def grant(self, client, identifier):
        return re.search("/play/([^/]+)/", client.playback_url(identifier)).group(1)

    def old_grant(self):
        """Of a plain user, from before the video had a password."""
        grant = self.grant(self.user, self.locked)
        self.admin.request("PATCH", f"/videos/{self.locked}", {"password": "opensesame"}).expect(200)
        return grant

    def has_all(self, identifier):
        """Text and pictures are made beside the film, and may be later than all of it."""
        pictures = [self.admin.get(f"/videos/{identifier}/{name}").status for name in ("thumbnail.jpg", "storyboard.vtt")]
        captions = any(named["TYPE"] == "SUBTITLES" for named, _ in self.admin.master(identifier)[1])
        return captions and pictures == [200, 200]

    def path(self, template, identifier):
        path = template.replace("{id}", identifier).replace("{grant}", self.grants[identifier])
        rendition = "captions0" if path.endswith("captions.vtt") else self.rendition
        return path.replace("{rendition}", rendition).replace("{number}", "0").replace("{language}", "en")

    def cookies(self):
        """A browser's session: its cookies and the token against forgery."""
        answer = self.palco.client().post("/auth/login", {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}).expect(200)
        pairs = dict(cookie.split(";")[0].split("=", 1) for cookie in answer.headers.get_all("Set-Cookie"))
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in pairs.items())}, pairs["palco_csrf"]


@pytest.fixture(scope="module")
def house(tmp_path_factory, films):
    palco = Palco(tmp_path_factory.mktemp("house") / "data", {"PALCO_MAX_UPLOADS_PER_USER": "3"})
    house = House(palco, films)
    yield house
    assert palco.stop() == 0


# Refused to some by another setting only (test_docs.py).
OTHERWISE_OPEN = ("/openapi.json", "/openapi.yaml")


def promised(house, status):
    """[(method, path)] that may answer this."""
    found = {(method, path) for method, path, each in house.admin.contract().promises() if each == status}
    return sorted(each for each in found if each[1] not in OTHERWISE_OPEN)


def closed(house, status):
    """The same, of what is for people who are signed in."""
    paths = house.admin.contract().document["paths"]
    return [(method, path) for method, path in promised(house, status) if paths[path][method.lower()].get("security") != []]


def of_videos(house, status):
    """The same; people, their sign-ins and their administration have files of their own."""
    return [each for each in promised(house, status) if each[1].startswith(("/videos", "/uploads", "/play"))]


def tus(path):
    return {**BODY, "Upload-Offset": "0"} if path.startswith("/uploads") else {}


def test_without_credentials(house):
    asked = closed(house, 401) + [each for each in of_videos(house, 401) if each not in closed(house, 401)]
    assert len(asked) > 60
    for method, path in asked:
        # A grant that is good needs no credentials.
        video = house.locked if "{grant}" in path else house.open
        house.palco.client().request(method, house.path(path, video), headers=tus(path)).expect(401)
    client = house.palco.client()
    client.post("/auth/login", {"email": ADMIN_EMAIL, "password": "Wrong-1-password"}).expect(401)
    client.post("/auth/refresh", {"refresh_token": "x" * 43}).expect(401)


def test_what_is_not_there(house):
    bodies = {"/videos/{id}/progress": {"position": 1}, "/videos/{id}/unlock": {"password": "x"}, "/videos/{id}": {"title": "x"}}
    for method, path in [each for each in of_videos(house, 404) if "{" in each[1]]:
        body = b"" if path.startswith("/uploads") else bodies.get(path) if method != "GET" else None
        headers = {**tus(path), **({"X-HTTP-Method-Override": "PATCH"} if (method, path) == ("POST", "/uploads/{id}") else {})}
        house.admin.request(method, house.path(path, UNKNOWN), body, headers=headers).expect(404)


def test_what_is_behind_a_password(house):
    asked = [each for each in promised(house, 403) if re.match(r"/videos/\{id\}/(play|hls|thumbnail|storyboard|original|renditions|captions|transcript)|/play/", each[1])]
    assert len(asked) > 8
    for method, path in asked:
        if method == "GET":
            house.user.get(house.path(path, house.locked)).expect(403)


def test_a_browser_without_the_token_against_forgery(house):
    jar, _ = house.cookies()
    for method, path in closed(house, 403) + of_videos(house, 403):
        # A sign-in has no session that could be misused; its 403 is for accounts that are kept out.
        if method not in ("GET", "HEAD") and path not in ("/videos/{id}/unlock", "/auth/login"):
            house.palco.client().request(
                method, house.path(path, house.open), b"", headers={**jar, **tus(path)}
            ).expect(403)


def test_a_plain_user_changes_nothing(house):
    user = house.user
    assert user.request("PATCH", f"/videos/{house.open}", {"title": "Mine"}).expect(403).code
    user.request("DELETE", f"/videos/{house.open}").expect(403)
    user.post(f"/videos/{house.open}/retry").expect(403)
    user.post("/uploads", headers={**VERSION, "Upload-Length": "10", "Upload-Metadata": metadata(filename="a.mp4")}).expect(403)
    user.upload_stream(iter([b"x"]), 1, "a.mp4").expect(403)


WRONG = {
    ("POST", "/auth/login"): {"email": 1},
    ("POST", "/auth/refresh"): {},
    ("POST", "/auth/password"): {"current_password": ADMIN_PASSWORD, "new_password": "short"},
    ("PATCH", "/auth/me"): {"name": ""},
    ("PATCH", "/videos/{id}"): {"title": ""},
    ("POST", "/videos/{id}/progress"): {"position": -1},
    ("POST", "/videos/{id}/unlock"): {},
}


@pytest.mark.parametrize("method, path", WRONG)
def test_wrong_fields(house, method, path):
    answer = house.admin.request(method, house.path(path, house.locked), WRONG[method, path]).expect(422)
    assert answer.json()["errors"]
    # Nothing is taken in that is larger than the route's body can be.
    assert house.admin.request(method, house.path(path, house.locked), b"{" + b" " * (1 << 20) + b"}",
                               headers={"Content-Type": "application/json"}).expect(413)  # fmt: skip


def test_an_account(house):
    client = house.palco.client()
    tokens = client.login("creator@example.org", PASSWORD)
    tokens = client.post("/auth/refresh", {"refresh_token": tokens["refresh_token"]}).expect(200).json()
    client.token = tokens["access_token"]
    assert client.request("PATCH", "/auth/me", {"name": "Ada", "locale": "es"}).expect(200).json()["locale"] == "es"
    changed = PASSWORD + "-2"
    again = client.post("/auth/password", {"current_password": PASSWORD, "new_password": changed}).expect(200).json()
    # All sign-ins have ended, this one too: it goes on with what the answer holds.
    client.get("/auth/me").expect(401)
    client.token = again["access_token"]
    client.get("/auth/me").expect(200)
    client.login("creator@example.org", changed)
    client.post("/auth/logout").expect(204)
    client.get("/auth/me").expect(401)


def test_a_viewer(house):
    user = house.user
    unlocked = user.post(f"/videos/{house.locked}/unlock", {"password": "opensesame"}).expect(200).json()
    user.get(f"/videos/{house.locked}/play?unlock={unlocked['token']}").expect(200)
    user.get(f"/videos/{house.locked}/access-sessions").expect(403)
    assert house.admin.get(f"/videos/{house.locked}/access-sessions").expect(200).json()["live"] >= 1
    house.admin.request("DELETE", f"/videos/{house.locked}/access-sessions").expect(204)
    user.get(f"/videos/{house.locked}/play?unlock={unlocked['token']}").expect(403)
    house.admin.post(f"/videos/{house.open}/progress", {"position": 1.5}).expect(204)
    house.admin.post(f"/videos/{house.open}/retry").expect(202)
    with house.admin.stream(f"/videos/{house.open}/events") as lines:
        assert b"event: ready\n" in lines
    with house.admin.stream("/videos/events") as lines:
        house.admin.request("PATCH", f"/videos/{house.open}", {"title": "Changed"}).expect(200)
        assert b"event: updated\n" in lines


def test_a_video_for_a_group(house):
    admin, user = house.admin, house.user
    group = admin.post("/admin/groups", {"name": "Ward"}).expect(201).json()["id"]
    assert {"id": group, "name": "Ward"} in admin.get("/groups").expect(200).json()["data"]
    admin.get("/groups?limit=0").expect(422)
    user.get("/groups").expect(403)
    path = f"/videos/{house.open}"
    assert admin.get(path).expect(200).json()["groups"] == []
    try:
        assert admin.request("PATCH", path, {"groups": [group]}).expect(200).json()["groups"] == [group]
        user.get(path).expect(404)
        person = user.get("/auth/me").expect(200).json()["id"]
        admin.request("PUT", f"/admin/groups/{group}/members/{person}").expect(204)
        assert "groups" not in user.get(path).expect(200).json()
        assert admin.request("PATCH", path, {"groups": [UNKNOWN]}).expect(422).json()["errors"][0]["code"] == "unknown_group"
    finally:
        admin.request("PATCH", path, {"groups": []}).expect(200)


def test_files_in_parts(house):
    admin = house.admin
    link = admin.post(f"/videos/{house.open}/shares", {}).expect(201).json()["url"].rpartition("/")[2]
    for method, path in promised(house, 206):
        address = house.path(path, house.open).replace("{token}", link)
        whole = admin.get(address).expect(200)
        part = admin.get(address, headers={"Range": "bytes=0-9"}).expect(206)
        assert part.body == whole.body[:10]
        assert part.headers["Content-Range"] == f"bytes 0-9/{len(whole.body)}"
        admin.get(address, headers={"If-None-Match": whole.headers["ETag"]}).expect(304)
        admin.get(address, headers={"Range": f"bytes={len(whole.body)}-"}).expect(416)
    for method, path in promised(house, 200):
        if method == "GET" and ("/hls/" in path or path.startswith("/play/")):
            admin.get(house.path(path, house.open)).expect(200)
    admin.get("/openapi.json").expect(200)


OVERRIDE = {"X-HTTP-Method-Override": "PATCH"}


@pytest.mark.parametrize("method, more", [("PATCH", {}), ("POST", OVERRIDE)], ids=["PATCH", "POST"])
def test_a_resumable_upload(house, method, more):
    admin = house.admin
    address = create(admin, 40, filename="letter.mp4")

    def send(at, body, **headers):
        return admin.request(method, address, body, headers={**BODY, "Upload-Offset": str(at), **more, **headers})

    send(0, b"x" * 10).expect(204)
    send(0, b"x").expect(409)
    send("many", b"x").expect(400)
    send(10, b"x" * 31).expect(413)
    send(10, b"x", **{"Content-Type": "text/plain"}).expect(415)
    send(10, b"x", **{"Tus-Resumable": "0.1"}).expect(412)
    other = base64.b64encode(hashlib.sha1(b"other").digest()).decode()
    send(10, b"x", **{"Upload-Checksum": f"sha1 {other}"}).expect(460)
    admin.request("OPTIONS", address).expect(204)
    for each in ("HEAD", "DELETE"):
        admin.request(each, address, headers={"Tus-Resumable": "0.1"}).expect(412)
    # It is no film: the last piece is refused, and so is whoever asks later.
    assert send(10, b"x" * 30).expect(422).code == "not_a_video"
    admin.request("HEAD", address, headers=VERSION).expect(422)
    send(40, b"").expect(422)
    admin.request("DELETE", address, headers=VERSION).expect(204)


def stalled(admin, address, length, sent):
    """A piece that stands still, as when its sender is gone and nobody noticed."""
    connection = admin.connection()
    connection.putrequest("PATCH", address)
    for name, value in {**BODY, "Upload-Offset": "0", "Content-Length": str(length), "Authorization": f"Bearer {admin.token}"}.items():
        connection.putheader(name, value)
    connection.endheaders(sent)
    return connection


def test_a_newer_request_takes_an_upload_over(house):
    admin = house.admin
    address = create(admin, 1000, filename="a.mp4")
    connection = stalled(admin, address, 1000, b"x")

    def is_told():
        admin.request("HEAD", address, headers=VERSION).expect(200)
        return select.select([connection.sock], [], [], 0)[0]

    wait_until(is_told, "the older request ends")
    older = connection.getresponse()
    assert (older.status, json.loads(older.read())["code"]) == (409, "upload_taken_over")
    offset = int(admin.request("HEAD", address, headers=VERSION).expect(200).headers["Upload-Offset"])
    patch(admin, address, offset, b"x" * (500 - offset)).expect(204)
    connection = stalled(admin, address, 1000, b"")
    admin.request("DELETE", address, headers=VERSION).expect(204)
    assert connection.getresponse().status in (404, 409)


def test_an_upload_of_which_a_video_is_made(house, films):
    """Its bytes are looked at, which nobody may interrupt: others are told to come later."""
    admin = house.admin
    content = films.copy(films.phone, "held").read_bytes()

    def ask(method, **more):
        body = b"" if method != "HEAD" else None
        return admin.request(method, address, body, headers={**BODY, "Upload-Offset": "0", **more}).status

    def halted():
        """The process that looks into the file, made to stand still."""
        for child in children(house.palco.pid):
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                os.kill(child, signal.SIGSTOP)
                if Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[0] in "Tt":
                    return child
        assert not last.done(), "it was over too early"

    with ThreadPoolExecutor(4) as pool:
        address = create(admin, len(content), filename="a.mp4")
        last = pool.submit(patch, admin, address, 0, content)
        child = wait_until(halted, "the look has begun")
        try:
            others = [pool.submit(ask, "HEAD"), pool.submit(ask, "DELETE"), pool.submit(ask, "PATCH")]
            assert [each.result() for each in others] == [423] * 3
            assert ask("POST", **OVERRIDE) == 423
        finally:
            os.kill(child, signal.SIGCONT)
        assert admin.wait(last.result().expect(204).headers["Palco-Video-Id"])["status"] == "ready"


def test_wrong_uploads(house):
    admin = house.admin
    admin.post("/uploads/" + UNKNOWN, headers=BODY).expect(405)
    admin.post("/uploads", headers={**VERSION, "Upload-Length": "10", "Upload-Metadata": metadata(title="x" * 2000)}).expect(422)
    admin.post("/videos", b"x", headers={"Content-Type": "text/plain"}).expect(415)
    admin.post("/videos", b"--x\r\nnonsense", headers={"Content-Type": "multipart/form-data; boundary=x"}).expect(400)


def test_more_uploads_than_one_may_have(house, films):
    admin = house.admin
    addresses = [create(admin, 100, filename="a.mp4") for _ in range(3)]
    full = {**VERSION, "Upload-Length": "10", "Upload-Metadata": metadata(filename="a.mp4")}
    assert admin.post("/uploads", headers=full).expect(429).code == "too_many_uploads"
    assert admin.upload(films.bikes).expect(429).code == "too_many_uploads"
    for address in addresses:
        admin.request("DELETE", address, headers=VERSION).expect(204)


@pytest.mark.local_only("in a bucket no disk is full")
def test_a_full_disk_and_a_file_that_is_too_large(own_server, films):
    palco = own_server({"PALCO_MAX_UPLOAD_BYTES": "100000"}).start()
    admin = palco.admin()
    assert admin.upload(films.bikes).expect(413).code == "file_too_large"
    # What meets a full disk is given up, so there is one upload for each way of going on.
    addresses = [create(admin, 1000, filename="a.mp4") for _ in range(2)]
    assert palco.stop() == 0
    palco.settings["PALCO_DISK_RESERVE_BYTES"] = str(1 << 50)
    admin = palco.start().admin()
    letter = b"x" * 1000
    admin.upload_stream(iter([letter]), len(letter), "letter.mp4").expect(507)
    admin.post("/uploads", headers={**VERSION, "Upload-Length": "10", "Upload-Metadata": metadata(filename="a.mp4")}).expect(507)
    patch(admin, addresses[0], 0, letter).expect(507)
    admin.request("POST", addresses[1], letter, headers={**BODY, **OVERRIDE, "Upload-Offset": "0"}).expect(507)
    assert palco.stop() == 0


def test_too_many_attempts(own_server, films):
    palco = own_server().start()
    admin = palco.admin()
    video = admin.upload(films.bikes, title="Locked", password="opensesame").expect(201).json()
    made = command(
        "admin", "create", "--data", palco.data, "--email", "user@example.org", settings={"PALCO_ADMIN_PASSWORD": PASSWORD}
    )
    assert made.returncode == 0
    refused = until_refused(lambda number: admin.post(f"/videos/{video['id']}/unlock", {"password": f"wrong{number}"}), 403, 10)
    assert refused.headers["RateLimit-Limit"] == "10" and 1 <= int(refused.headers["RateLimit-Reset"]) <= 90
    # The account is locked by the sixth; who is locked out hears for how long.
    client = palco.client()
    wrong = {"email": "user@example.org", "password": "Wrong-1-password"}
    statuses = [client.post("/auth/login", wrong).status for _ in range(8)]
    assert statuses == [401] * 5 + [423] * 3
    # Whoever tries many accounts has to wait as well: a network has so many wrong passwords in all.
    refused = until_refused(
        lambda number: client.post("/auth/login", {"email": f"nobody{number}@example.org", "password": "Wrong-1-password"}),
        401, 42,
    )  # fmt: skip
    assert refused.headers["RateLimit-Limit"] == "50" and refused.headers["RateLimit-Remaining"] == "0"
    assert palco.stop() == 0


# What is held, and what is not there before it
HELD = {
    "packets.csv": ["master.m3u8"],
    ".mp4": ["init.mp4", "0.m4s"],
}


@pytest.mark.parametrize("output", HELD)
def test_what_is_not_made_yet(own_server, tool, films, tmp_path, output):
    """The programs that make it are held at their start."""
    # Each film of AVI begins with these letters.
    (tmp_path / "wishes").write_text(f"RIFF|{output}|||1000||||hold|\n")
    palco = own_server({"LD_PRELOAD": str(library(tool, "falsify", tmp_path)), "PALCO_FALSE_LIST": str(tmp_path / "wishes")})
    admin = palco.start().admin()
    video = admin.upload(films.street, title="Held").expect(201).json()
    entry = f"/videos/{video['id']}/hls/master.m3u8"
    if output == "packets.csv":
        admin.get(entry).expect(503)
    else:
        wait_until(lambda: admin.video(video["id"])["renditions"], "it is planned")
        text = admin.get(entry).expect(200).text
        lists = [line for line in text.splitlines() if line and line[0] != "#"]
        for name in HELD[output]:
            admin.get(lists[-1].replace("index.m3u8", name)).expect(503)
    palco.kill()
