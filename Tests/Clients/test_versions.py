"""Another file for a video, and many videos at once: the real server, encoder and files."""

import hashlib
import json
import re

import pytest
from people import client_of, have_person
from test_tus import BODY, VERSION, create, metadata, patch
from waiting import until_refused, wait_until

UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057"


def replacing(admin, video, film):
    return admin.upload(film, replaces=video).expect(202).json()


def replaced(admin, video, film):
    """Waits until the video is made of this film."""
    wanted = hashlib.sha256(film.read_bytes()).hexdigest()

    def shown():
        found = admin.video(video)
        assert found["status"] == "ready"
        assert found.get("replacement", {}).get("state") != "failed", found
        return found["checksum_sha256"] == wanted and found

    return wait_until(shown, "the new file is played")


def grant_of(admin, video):
    return re.search("/play/([^/]+)/", admin.playback_url(video)).group(1)


def all_segments(admin, grant):
    """What a player that began with this grant gets, with its key."""
    master = admin.get(f"/play/{grant}/master.m3u8").expect(200).text
    rendition = re.search(r"^([^#\s]+)/index\.m3u8", master, re.M).group(1)
    listed = admin.get(f"/play/{grant}/{rendition}/index.m3u8").expect(200).text
    addresses = re.findall(r"^([^#\s]+\.m4s)$", listed, re.M)
    found = [admin.get(f"//{each.lstrip('/')}" if each.startswith("/") else f"/play/{grant}/{rendition}/{each}") for each in addresses]
    return admin.get(f"/play/{grant}/{rendition}/key").expect(200).body, [each.expect(200).body for each in found]


def test_another_file(server, films):
    admin = server.admin()
    first, second = films.copy(films.bikes, "version one"), films.copy(films.phone, "version two")
    video = admin.upload(first, title="Versions").expect(201).json()["id"]
    before = admin.wait(video, whole=True)
    admin.request("PUT", f"/videos/{video}/favorite").expect(204)
    old = grant_of(admin, video)
    seen = all_segments(admin, old)
    answer = replacing(admin, video, second)
    assert (answer["id"], answer["status"], answer["replacement"]["state"]) == (video, "ready", "processing")
    now = replaced(admin, video, second)
    assert (now["title"], now["created_at"], now["byte_count"]) == ("Versions", before["created_at"], second.stat().st_size)
    assert now["duration"] != before["duration"] and admin.video(video)["is_favorite"]
    # Who began before goes on with what they see; who begins now sees the new file.
    assert all_segments(admin, old) == seen
    admin.wait(video, whole=True)
    assert all_segments(admin, grant_of(admin, video)) != seen
    assert admin.get(f"/videos/{video}/original").expect(200).body == second.read_bytes()
    told = admin.get(f"/admin/audit?target={video}&action=video.replaced").expect(200).json()["data"]
    assert told[0]["before"]["checksum_sha256"] == before["checksum_sha256"]


def test_what_is_refused(server, films):
    admin = server.admin()
    film = films.copy(films.bikes, "refused version")
    video = admin.have(film)["id"]
    admin.wait(video)
    assert admin.upload(film, replaces=video).expect(409).code == "video_exists"
    assert admin.upload(films.copy(film, "for nobody"), replaces=UNKNOWN).expect(404).code == "video_not_found"
    full = {**VERSION, "Upload-Length": "10", "Upload-Metadata": metadata(filename="a.mp4", replaces=UNKNOWN)}
    admin.post("/uploads", headers=full).expect(404)
    content = films.copy(film, "by pieces").read_bytes()
    address = create(admin, len(content), filename="a.mp4", replaces=video)
    again = {**full, "Upload-Metadata": metadata(filename="a.mp4", replaces=video)}
    assert admin.post("/uploads", headers=again).expect(409).code == "replacement_under_way"
    admin.request("DELETE", f"/videos/{video}/replacement").expect(204)
    patch(admin, address, 0, content).expect(404)
    user = client_of(server, *have_person(server, "viewer-of-versions@example.org", "user"))
    user.request("DELETE", f"/videos/{video}/replacement").expect(403)


def test_a_file_that_is_no_film(server, films):
    admin = server.admin()
    video = admin.have(films.copy(films.bikes, "stays as it is"))["id"]
    before = admin.wait(video)
    admin.upload_stream(iter([b"x" * 5000]), 5000, "letter.mp4", replaces=video).expect(422)
    now = admin.video(video)
    assert "replacement" not in now and now["checksum_sha256"] == before["checksum_sha256"]


def test_a_kill_while_the_new_file_is_made(own_server, films):
    palco = own_server().start()
    admin = palco.admin()
    first, second = films.copy(films.bikes, "killed one"), films.copy(films.street, "killed two")
    video = admin.upload(first, title="Killed").expect(201).json()["id"]
    admin.wait(video, whole=True)
    content = second.read_bytes()
    address = create(admin, len(content), filename="a.mp4", replaces=video)
    patch(admin, address, 0, content[: len(content) // 2]).expect(204)
    palco.kill()
    admin = palco.start().admin()
    assert admin.get(f"/videos/{video}/original").expect(200).body == first.read_bytes()
    done = patch(admin, address, len(content) // 2, content[len(content) // 2 :]).expect(204)
    assert done.headers["Palco-Video-Id"] == video
    palco.kill()
    admin = palco.start().admin()
    replaced(admin, video, second)
    admin.wait(video, whole=True)
    assert admin.get(f"/videos/{video}/original").expect(200).body == content
    assert palco.stop() == 0


@pytest.fixture(scope="module")
def many(server, films):
    admin = server.admin()
    return [admin.have(films.copy(films.bikes, f"many {number}"), title=f"Many {number}")["id"] for number in range(2)]


def test_many_at_once(server, many):
    admin = server.admin()
    wish = {"ids": [*many, UNKNOWN], "is_hidden": True, "is_premium": True, "category": "Batch", "add_tags": ["one", "two"]}
    results = admin.post("/videos/batch", wish).expect(200).json()["results"]
    assert [each["result"] for each in results] == ["changed", "changed", "refused"]
    assert results[2]["error"]["code"] == "video_not_found"
    assert admin.post("/videos/batch", {"ids": many[:1], "is_hidden": True}).expect(200).json()["results"][0]["result"] == "unchanged"
    admin.request("PATCH", f"/videos/{many[1]}", {"category": None}).expect(200)
    undone = admin.post("/videos/batch/undo", {"videos": results[:2]}).expect(200).json()["results"]
    assert [each["result"] for each in undone] == ["changed", "refused"] and undone[1]["error"]["code"] == "changed_meanwhile"
    assert (admin.video(many[0])["category"], admin.video(many[0])["tags"]) == (None, [])
    trashed = admin.post("/videos/batch", {"ids": many, "is_trashed": True}).expect(200).json()["results"]
    admin.post("/videos/batch/undo", {"videos": trashed}).expect(200)
    assert admin.video(many[0])["title"] == "Many 0"


def test_batches_that_are_refused(server, many):
    admin = server.admin()
    named = {"Content-Type": "application/json"}
    for path, wrong, most in (("/videos/batch", {"ids": []}, 256 << 10), ("/videos/batch/undo", {"videos": []}, 4 << 20)):
        admin.post(path, wrong).expect(422)
        admin.post(path, b"{", headers=named).expect(400)
        admin.post(path, b"{}", headers={"Content-Type": "text/plain"}).expect(415)
        admin.post(path, json.dumps(" " * most).encode(), headers=named).expect(413)
    user = client_of(server, *have_person(server, "hasty-with-many@example.org", "user"))
    until_refused(lambda _: user.post("/videos/batch", {"ids": []}), 422, 60)
    wait_until(lambda: user.post("/videos/batch/undo", {"videos": []}).status == 429, "putting back is refused as well")
