"""The trash, down to the bytes in the store, and what viewers may keep as a file."""

import pytest
from crashing import packets
from people import client_of, have_person
from places import stored
from waiting import until_refused, wait_until

UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture(scope="module")
def viewer(server):
    return client_of(server, *have_person(server, "keeps@example.org", "user"))


def in_trash(client):
    return {video["id"]: video for video in client.get("/trash?limit=100").expect(200).json()["data"]}


def test_a_video_goes_and_comes_back_until_it_goes_for_good(server, admin, viewer, films):
    film = films.copy(films.phone, "trash")
    video = admin.wait(admin.upload(film, title="Thrown away").expect(201).json()["id"], whole=True)["id"]
    admin.post(f"/trash/{video}/restore").expect(404)
    admin.request("DELETE", f"/videos/{video}").expect(204)
    admin.get(f"/videos/{video}").expect(404)
    thrown = in_trash(admin)[video]
    assert thrown["title"] == "Thrown away" and thrown["trashed_at"] < thrown["removed_for_good_at"]
    assert in_trash(viewer) == {}
    viewer.post(f"/trash/{video}/restore").expect(404)
    viewer.request("DELETE", f"/trash/{video}").expect(404)
    # The same bytes are a new video meanwhile, and then there is no place for the first one.
    other = admin.upload(film).expect(201).json()["id"]
    assert other != video
    assert admin.post(f"/trash/{video}/restore").expect(409).code == "video_exists"
    admin.remove_for_good(other)
    assert not stored(server.data, f"videos/{other}")
    restored = admin.post(f"/trash/{video}/restore").expect(200).json()
    assert restored["title"] == "Thrown away" and "trashed_at" not in restored
    admin.view(video)
    assert stored(server.data, f"videos/{video}")
    admin.remove_for_good(video)
    admin.request("DELETE", f"/trash/{video}").expect(404)
    assert not stored(server.data, f"videos/{video}")
    admin.get("/trash?limit=0").expect(422)


def test_when_its_time_is_over_it_goes_by_itself_and_a_kill_changes_nothing(own_server, films):
    palco = own_server({"PALCO_TRASH_EXPIRY": "3"}).start()
    client = palco.admin()
    for attempt, film in enumerate((films.bikes, films.copy(films.bikes, "killed"))):
        video = client.wait(client.upload(film).expect(201).json()["id"], whole=True)["id"]
        assert stored(palco.data, f"videos/{video}")
        client.request("DELETE", f"/videos/{video}").expect(204)
        if attempt:
            palco.kill()
            client = palco.start().admin()
        wait_until(lambda each=video: not stored(palco.data, f"videos/{each}"), "no byte of it is left")
        wait_until(lambda: in_trash(client) == {}, "the trash is empty")
    assert palco.stop() == 0


def test_a_viewer_keeps_what_the_owner_lets_them(admin, viewer, films, tmp_path):
    film = films.copy(films.bikes, "kept")
    video = admin.have(film, title="Kept / shown")
    video = admin.wait(video["id"], whole=True)
    name = video["renditions"][0]["name"]
    path = f"/videos/{video['id']}/renditions/{name}.mp4"
    assert video["downloads"] == "none"
    viewer.get(path).expect(403)
    admin.request("PATCH", f"/videos/{video['id']}", {"downloads": "mp4"}).expect(200)
    answer = viewer.get(path).expect(200)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="Kept - shown {name}.mp4"'
    file = tmp_path / "kept.mp4"
    file.write_bytes(answer.body)
    assert packets(file) == packets(film)
    viewer.get(f"/videos/{video['id']}/original").expect(403)
    admin.request("PATCH", f"/videos/{video['id']}", {"downloads": "original"}).expect(200)
    assert viewer.get(f"/videos/{video['id']}/original").expect(200).body == film.read_bytes()
    viewer.get(f"/videos/{video['id']}/renditions/9p.mp4").expect(404)
    admin.remove_for_good(video["id"])


def test_who_comes_too_often(viewer):
    until_refused(lambda _: viewer.get("/trash"), 200, 200)
    until_refused(lambda _: viewer.get(f"/videos/{UNKNOWN}/renditions/720p.mp4"), 404, 200)
