"""Covers and pictures at any time, as a client of the API meets them."""

import pytest
from people import client_of, have_person
from waiting import until_refused, wait_until

UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057"
PNG = {"Content-Type": "image/png"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def video(server, films):
    admin = server.admin()
    made = admin.wait(admin.upload(films.copy(films.phone, "pictures"), title="With a cover").expect(201).json()["id"])
    yield made["id"]
    admin.request("DELETE", f"/videos/{made['id']}").expect(204)


def test_a_picture_of_any_time_and_width_and_a_cover_that_is_chosen(server, admin, video):
    picture = admin.get(f"/videos/{video}/thumbnail.jpg?time=1.5&width=300").expect(200)
    assert picture.body[:3] == b"\xff\xd8\xff" and picture.headers["Cache-Control"] == "private, max-age=3600"
    admin.get(f"/videos/{video}/thumbnail.jpg?time=-1").expect(422)
    wait_until(lambda: admin.video(video)["thumbnail_url"], "there is a picture")
    chosen = admin.request("PUT", f"/videos/{video}/poster", {"time": 1}).expect(200).json()
    assert chosen["poster"] == {"kind": "frame", "time": 1} and "?v=" in chosen["thumbnail_url"]
    sent = admin.request("PUT", f"/videos/{video}/poster", picture.body, headers=PNG).expect(200).json()
    assert sent["poster"] == {"kind": "upload", "time": None} and sent["thumbnail_url"] != chosen["thumbnail_url"]
    admin.request("PUT", f"/videos/{video}/poster", b"text", headers=PNG).expect(422)
    admin.request("PUT", f"/videos/{video}/poster", picture.body, headers={"Content-Type": "text/plain"}).expect(415)
    admin.request("PUT", f"/videos/{video}/poster", b"{", headers=JSON).expect(400)
    admin.request("PUT", f"/videos/{video}/poster", bytes(21 << 20), headers=PNG).expect(413)
    assert admin.request("DELETE", f"/videos/{video}/poster").expect(200).json()["poster"] is None
    assert video in [each["id"] for each in admin.get("/videos?featured=false").expect(200).json()["data"]]
    creator = client_of(server, *have_person(server, "covers@example.org"))
    for method in ("PUT", "DELETE"):
        body = {"time": 1} if method == "PUT" else None
        creator.request(method, f"/videos/{video}/poster", body).expect(403)
        server.client().request(method, f"/videos/{video}/poster", body, token=False).expect(401)
        admin.request(method, f"/videos/{UNKNOWN}/poster", body).expect(404)
    # So many as nobody draws: of others' videos they are counted, too.
    for method in ("PUT", "DELETE"):
        until_refused(lambda _, method=method: creator.request(method, f"/videos/{video}/poster"), 403, 0)


def test_what_is_shown_first(server, admin, video):
    try:
        admin.request("PATCH", f"/videos/{video}", {"is_featured": True}).expect(200)
        assert [each["id"] for each in admin.get("/videos?featured=true").expect(200).json()["data"]] == [video]
    finally:
        admin.request("PATCH", f"/videos/{video}", {"is_featured": False}).expect(200)
    creator = client_of(server, *have_person(server, "shown@example.org"))
    creator.request("PATCH", f"/videos/{video}", {"is_featured": True}).expect(403)
