"""The contract over the wire: sign-in, lists, access, grants, headers, events."""

import gzip
import json
import re
import urllib.parse

import pytest
from palco import ADMIN_EMAIL, ADMIN_PASSWORD
from places import stored
from waiting import wait_until

UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057"


def test_signing_in_gives_a_bearer_token(server):
    client = server.client()
    answer = client.login(ADMIN_EMAIL, ADMIN_PASSWORD)
    assert answer["token_type"] == "Bearer" and answer["expires_in"] > 0
    assert answer["user"]["email"] == ADMIN_EMAIL and answer["user"]["role"] == "admin"
    assert client.get("/auth/me").expect(200).json()["email"] == ADMIN_EMAIL


def test_a_wrong_password_and_an_unknown_address_look_alike(server):
    client = server.client()
    answers = [
        client.post("/auth/login", {"email": email, "password": "Wrong-1-password"}).expect(401)
        for email in (ADMIN_EMAIL, "nobody@example.org")
    ]
    assert answers[0].code == answers[1].code == "bad_credentials"
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/problem+json"}


def test_without_credentials_nothing_is_shown(server, standard):
    client = server.client()
    for path in (
        "/videos", f"/videos/{standard['id']}", f"/videos/{standard['id']}/play",
        f"/videos/{standard['id']}/hls/master.m3u8", f"/videos/{standard['id']}/thumbnail.jpg", "/auth/me",
    ):  # fmt: skip
        assert client.get(path).expect(401).code == "unauthorized", path
    client.request("DELETE", f"/videos/{standard['id']}").expect(401)
    client.token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4Iiwicm9sZSI6ImFkbWluIn0."
    client.get("/videos").expect(401)


def test_the_browser_session_needs_the_token_against_forgery(server, standard):
    client = server.client()
    answer = client.post("/auth/login", {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}).expect(200)
    cookies = answer.headers.get_all("Set-Cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("palco_session="))
    assert "HttpOnly" in session and "SameSite=Lax" in session
    pairs = {cookie.split("=", 1)[0]: cookie.split(";")[0].split("=", 1)[1] for cookie in cookies}
    jar = {"Cookie": "; ".join(f"{key}={value}" for key, value in pairs.items())}
    client.get("/auth/me", headers=jar).expect(200)
    path = f"/videos/{standard['id']}"
    client.request("PATCH", path, {"description": "forged"}, headers=jar).expect(403)
    client.request(
        "PATCH", path, {"description": "meant"}, headers={**jar, "X-CSRF-Token": pairs["palco_csrf"]}
    ).expect(200)


def test_lists_are_paged_and_limits_are_bounded(admin, standard, foreign):
    first = admin.get("/videos?limit=1").expect(200).json()
    assert len(first["data"]) == 1 and first["next_cursor"]
    second = admin.get(f"/videos?limit=1&cursor={urllib.parse.quote(first['next_cursor'])}").expect(200).json()
    assert second["data"][0]["id"] != first["data"][0]["id"]
    for query in ("limit=101", "limit=0", "limit=many", "cursor=nonsense"):
        assert admin.get(f"/videos?{query}").expect(422).json()["errors"][0]["field"] == query.split("=")[0]


def test_what_is_not_there_says_so_with_a_stable_code(admin):
    assert admin.get(f"/videos/{UNKNOWN}").expect(404).code == "video_not_found"
    admin.get("/videos/not-an-id").expect(404)
    admin.get("/nothing").expect(404)
    admin.request("PATCH", "/videos").expect(405)


def test_fields_are_checked_one_by_one(admin, standard):
    answer = admin.request("PATCH", f"/videos/{standard['id']}", {"title": ""}).expect(422)
    assert any(problem["field"] == "title" for problem in answer.json()["errors"])


def test_the_same_bytes_again_are_the_first_video(admin, films, standard):
    again = admin.upload(films.bunny, title="Once more").expect(200)
    assert again.json()["id"] == standard["id"]


def test_a_video_tells_what_it_is(standard, foreign):
    assert (standard["width"], standard["height"]) == (1280, 720)
    assert standard["duration"] == pytest.approx(5.28, abs=0.1)
    assert (foreign["width"], foreign["height"]) == (768, 576)
    assert foreign["duration"] == pytest.approx(79.5, abs=0.2)
    for video in (standard, foreign):
        assert re.fullmatch("[0-9a-f]{64}", video["checksum_sha256"])
        assert all(rendition["state"] == "ready" for rendition in video["renditions"])
        for key in ("created_at", "ready_at"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", video[key])


def test_every_child_inherits_the_grant_and_only_what_is_noise_does_without(server, admin, foreign):
    address = admin.playback_url(foreign["id"])
    grant = re.search("/api/v1/play/([^/]+)/master.m3u8", address).group(1)
    variants, media = admin.master(foreign["id"])
    stranger = server.client()
    for _, playlist in [*variants, *media]:
        text = stranger.get(playlist).expect(200).text
        assert grant not in text
        named = [urllib.parse.urljoin(playlist, uri) for uri in re.findall('URI="([^"]+)"', text)]
        assert {each.rpartition("/")[2] for each in named} == {"init.mp4", "key"}
        beside = urllib.parse.urljoin(playlist, "0.m4s")
        for child in [playlist, *named, beside]:
            stranger.get(child).expect(200)
            inherited = re.search("/play/([^/]+)/", child).group(1)
            bent = ("A" if inherited[0] != "A" else "B") + inherited[1:]
            for wrong in (inherited[:-1], bent):
                assert stranger.get(child.replace(inherited, wrong)).expect(401).code == "grant_invalid"
        shared = admin.segments(playlist)[0][1]
        assert f"/media/{foreign['id']}/" in shared
        assert stranger.get(shared).expect(200).body == stranger.get(beside).expect(200).body
        for child in [shared.replace(foreign["id"], UNKNOWN), shared.replace("0.m4s", "99999.m4s"), shared.replace("0.m4s", "key")]:
            stranger.get(child).expect(404)


def test_the_master_playlist_opens_for_a_token_a_bearer_and_a_cookie(server, admin, foreign):
    grant = re.search("/play/([^/]+)/", admin.playback_url(foreign["id"])).group(1)
    entry = f"/videos/{foreign['id']}/hls/master.m3u8"
    client = server.client()
    signed_in = client.post("/auth/login", {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}).expect(200)
    jar = {"Cookie": "; ".join(cookie.split(";")[0] for cookie in signed_in.headers.get_all("Set-Cookie"))}
    for answer in (
        client.get(f"{entry}?token={grant}").expect(200), client.get(entry, headers=jar).expect(200), admin.get(entry).expect(200),
    ):  # fmt: skip
        for uri in [line for line in answer.text.splitlines() if line and line[0] != "#"] + re.findall('URI="([^"]+)"', answer.text):
            assert uri.startswith("/api/v1/play/")
            server.client().get(uri).expect(200)
    client.get(entry).expect(401)


def test_playlists_are_the_same_for_everybody_and_compressed(server, admin, foreign):
    variants, _ = admin.master(foreign["id"])
    others, _ = server.admin().master(foreign["id"])
    assert variants[0][1] != others[0][1] and admin.get(variants[0][1]).body == admin.get(others[0][1]).body
    plain = admin.get(variants[0][1], headers={"Accept-Encoding": "identity"}).expect(200)
    packed = admin.get(variants[0][1], headers={"Accept-Encoding": "gzip"}).expect(200)
    assert packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(packed.body) == plain.body
    assert "Content-Encoding" not in plain.headers and plain.text.count("#EXT-X-KEY") == 1


def test_playlists_and_keys_are_private_and_segments_are_immutable(admin, foreign):
    _, playlist = admin.master(foreign["id"])[0][0]
    answer = admin.get(playlist)
    assert answer.headers["Content-Type"].startswith("application/vnd.apple.mpegurl")
    assert answer.headers["Cache-Control"] == "private, no-store"
    key = urllib.parse.urljoin(playlist, re.search('#EXT-X-KEY:METHOD=AES-128,URI="([^"]+)"', answer.text).group(1))
    answer_key = admin.get(key).expect(200)
    assert len(answer_key.body) == 16 and "no-store" in answer_key.headers["Cache-Control"]
    assert answer.text.index("#EXT-X-MAP") < answer.text.index("#EXT-X-KEY"), "the init segment stays in the clear"
    segment = admin.get(admin.segments(playlist)[0][1]).expect(200)
    assert "immutable" in segment.headers["Cache-Control"]


def test_every_rendition_has_a_key_of_its_own(admin, foreign):
    keys = set()
    variants, media = admin.master(foreign["id"])
    for _, playlist in [*variants, *media]:
        uri = re.search('#EXT-X-KEY:METHOD=AES-128,URI="([^"]+)"', admin.get(playlist).text).group(1)
        keys.add(admin.get(urllib.parse.urljoin(playlist, uri)).expect(200).body)
    assert len(keys) == len(variants) + len(media)
    assert len(variants) == len(foreign["renditions"])


def test_segments_answer_ranges(admin, foreign):
    _, playlist = admin.master(foreign["id"])[0][0]
    address = admin.segments(playlist)[0][1]
    whole = admin.get(address).expect(200)
    part = admin.get(address, headers={"Range": "bytes=10-19"}).expect(206)
    assert part.body == whole.body[10:20]
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole.body)}"
    assert admin.get(address, headers={"Range": "bytes=-5"}).expect(206).body == whole.body[-5:]
    beyond = admin.get(address, headers={"Range": f"bytes={len(whole.body)}-"}).expect(416)
    assert beyond.headers["Content-Range"] == f"bytes */{len(whole.body)}"
    assert admin.get(address, headers={"If-None-Match": whole.headers["ETag"]}).expect(304).body == b""
    head = admin.request("HEAD", address).expect(200)
    assert int(head.headers["Content-Length"]) == len(whole.body) and head.body == b""


def test_pictures_are_made(admin, foreign):
    # The pictures come last: until then 404.
    wait_until(lambda: admin.get(f"/videos/{foreign['id']}/storyboard.vtt").status == 200, "there is a storyboard")
    assert admin.get(f"/videos/{foreign['id']}/thumbnail.jpg").expect(200).body[:3] == b"\xff\xd8\xff"
    assert admin.get(f"/videos/{foreign['id']}/storyboard.jpg").expect(200).body[:3] == b"\xff\xd8\xff"
    board = admin.get(f"/videos/{foreign['id']}/storyboard.vtt").expect(200).text
    assert board.startswith("WEBVTT") and "#xywh=" in board


def test_progress_is_told_as_it_happens(server, films):
    admin = server.admin()
    film = films.test_card("events.mkv", "-c:v", "mpeg4", "-c:a", "libmp3lame", size="640x360", seconds=40)
    video = admin.upload(film, title="Events").expect(201).json()
    told = []
    with admin.stream(f"/videos/{video['id']}/events") as lines:
        for line in lines:
            if line.startswith(b"event: "):
                told.append([line[7:].strip().decode()])
            elif line.startswith(b"data: "):
                told[-1].append(json.loads(line[6:]))
                admin.contract().check_value(told[-1][1], "Video")
                if told[-1][1]["progress"] >= 1:
                    break
    names = [name for name, _ in told]
    # The name says what can be done with the video; once it is ready it stays so while more of it is made.
    assert set(names) == {"progress", "ready"} and names == sorted(names)
    for name, data in told:
        assert (data["status"] == "ready") == (name == "ready")
    progress = [data["progress"] for _, data in told]
    assert progress == sorted(progress) and len(set(progress)) > 4


def test_a_removed_video_is_gone_with_its_files(server, films):
    admin = server.admin()
    film = films.test_card("removed.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", seconds=3)
    video = admin.upload(film, title="Removed").expect(201).json()
    admin.wait(video["id"], whole=True)
    variants, _ = admin.master(video["id"])
    for _, address in admin.segments(variants[0][1]):
        admin.get(address, token=False).expect(200)
    admin.remove_for_good(video["id"])
    admin.get(f"/videos/{video['id']}").expect(404)
    wait_until(lambda: not stored(server.data, f"videos/{video['id']}"), "the files are gone")
    # What was watched is kept open for the next viewer; a removed file that stayed open would keep its space.
    assert not [name for name in server.open_files() if video["id"] in name]


def test_pages_carry_a_strict_policy_and_the_health_pages_answer(server):
    client = server.client()
    page = client.get("//sign-in").expect(200)
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy and "unsafe-eval" not in policy and "default-src" in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    asset = re.search(r'href="(/assets/[^"]+/pages\.css)"', page.text).group(1)
    answer = client.get("/" + asset, headers={"Accept-Encoding": "gzip"}).expect(200)
    assert "immutable" in answer.headers["Cache-Control"] and answer.headers["Content-Encoding"] == "gzip"
    client.get("//healthz").expect(200)
    client.get("//readyz").expect(200)


def test_the_log_holds_requests_and_no_secrets(server, admin, foreign):
    admin.get("/videos?limit=3").expect(200)
    variants, _ = admin.master(foreign["id"])
    address = urllib.parse.urljoin(variants[0][1], "0.m4s")
    body = admin.get(address, token=False).expect(200).body
    path = re.sub("/play/[^/]+/", "/play/[redacted]/", urllib.parse.urlsplit(address).path)
    # Not even what leads nowhere, and what is misspelt, shows the grant.
    for lost in (address + "/lost", address.replace("/play/", "/pl%61y/"), address.replace("/play/", "/lost/")):
        connection = admin.connection()
        connection.request("GET", urllib.parse.urlsplit(lost).path)
        connection.getresponse().read()
        connection.close()
    admin.get("//lost/after/the/others").expect(404)
    wait_until(lambda: any("/lost/after/" in line for line in server.lines), "all requests are in the log")
    wait_until(lambda: any(path in line and '"status":200' in line for line in server.lines), "the request is in the log")
    text = "\n".join(server.lines)
    assert ADMIN_PASSWORD not in text and admin.token not in text
    assert not re.search(r"token=[A-Za-z0-9_-]{20}", text)
    grant = re.search("/play/([^/]+)/", address).group(1)
    assert grant not in text and grant[10:60] not in text
    lines = [json.loads(line) for line in server.lines if line.startswith("{")]
    assert any(line.get("path") == "/api/v1/videos" and line["status"] == 200 for line in lines)
    segment = next(line for line in lines if line.get("path") == path and line["status"] == 200)
    assert segment["route"] == "/api/v1/play/{grant}/{rendition}/{number}.m4s"
    assert segment["bytes"] == len(body) and segment["duration_us"] > 0
