"""Categories, people and tags, as a client of the API meets them."""

import pytest
from people import client_of, have_person


@pytest.fixture
def names(admin, films):
    """A video with names of its own."""
    fields = {"category": "Valves", "people": "Dr. Ann,Dr. Bob", "tags": "mitral,aortic"}
    video = admin.upload(films.copy(films.phone, "vocabulary"), title="Names", **fields).expect(201).json()
    yield video["id"]
    admin.request("DELETE", f"/videos/{video['id']}").expect(204)


def found(admin, path, name):
    return next(entry for entry in admin.get(f"/{path}?limit=100").expect(200).json()["data"] if entry["name"] == name)


@pytest.mark.parametrize("path, name", [("categories", "Valves"), ("people", "Dr. Ann")])
def test_a_name_is_entered_changed_and_removed_at_every_video(server, admin, names, path, name):
    entry = found(admin, path, name)
    assert entry["video_count"] == 1
    changed = admin.request("PATCH", f"/{path}/{entry['id']}", {"name": "Another"}).expect(200).json()
    assert changed["name"] == "Another" and changed["video_count"] == 1
    video = admin.get(f"/videos/{names}").json()
    assert "Another" in [video["category"], *video["people"]] and name not in [video["category"], *video["people"]]
    second = admin.post(f"/{path}", {"name": "Second"}).expect(201).json()
    admin.post(f"/{path}", {"name": "Second"}).expect(409)
    admin.request("PATCH", f"/{path}/{second['id']}", {"name": "Another"}).expect(409)
    admin.request("PATCH", f"/{path}/{second['id']}", {"name": ","}).expect(422)
    third = admin.post(f"/{path}", {"name": "Third one"}).expect(201).json()
    joined = admin.request("PATCH", f"/{path}/{third['id']}", {"name": "Second", "joins": True}).expect(200).json()
    assert joined["id"] == second["id"] and admin.get(f"/{path}?name=Third%20one").expect(200).json()["data"] == []
    admin.post(f"/{path}", {}).expect(422)
    admin.request("POST", f"/{path}", b"{", headers={"Content-Type": "application/json"}).expect(400)
    admin.request("POST", f"/{path}", b"name", headers={"Content-Type": "text/plain"}).expect(415)
    admin.request("PATCH", f"/{path}/{second['id']}", b"{", headers={"Content-Type": "application/json"}).expect(400)
    admin.request("PATCH", f"/{path}/{second['id']}", b"name", headers={"Content-Type": "text/plain"}).expect(415)
    admin.request("POST", f"/{path}", {"name": "x" * 5000}).expect(413)
    admin.request("PATCH", f"/{path}/{second['id']}", {"name": "x" * 5000}).expect(413)
    creator = client_of(server, *have_person(server, f"{path}@example.org"))
    assert found(creator, path, "Second")["video_count"] == 0
    creator.post(f"/{path}", {"name": "Third"}).expect(403)
    creator.request("PATCH", f"/{path}/{second['id']}", {"name": "Third"}).expect(403)
    creator.request("DELETE", f"/{path}/{second['id']}").expect(403)
    for id in (second["id"], entry["id"]):
        admin.request("DELETE", f"/{path}/{id}").expect(204)
        admin.request("DELETE", f"/{path}/{id}").expect(404)
        admin.request("PATCH", f"/{path}/{id}", {"name": "x"}).expect(404)
    video = admin.get(f"/videos/{names}").json()
    assert "Another" not in [video["category"], *video["people"]]
    admin.get(f"/{path}?limit=0").expect(422)


def test_tags_are_counted(admin, names):
    assert found(admin, "tags", "mitral") == {"name": "mitral", "video_count": 1}
    admin.get("/tags?cursor=!").expect(422)


def test_strangers_are_told_nothing(server):
    stranger = server.client()
    for path in ("/categories", "/people", "/tags"):
        stranger.get(path, token=False).expect(401)
        if path != "/tags":
            stranger.request("POST", path, {"name": "x"}, token=False).expect(401)
            some = f"{path}/01890a5d-ac96-774b-bcce-b302099a8057"
            stranger.request("PATCH", some, {"name": "x"}, token=False).expect(401)
            stranger.request("DELETE", some, token=False).expect(401)
