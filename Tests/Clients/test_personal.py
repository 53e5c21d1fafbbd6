"""What people keep for themselves: favourites, playlists, history, statistics, views. Each answer that the contract promises."""

import itertools

import pytest
from palco import Palco
from places import sql
from test_people import PASSWORD, UNKNOWN, make, too_large
from waiting import until_refused, wait_until

# Two seconds, so that one second of watching is a view.
CODECS = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "25", "-c:a", "aac")


class House:
    """A server with three films of two seconds and a person who watches them."""

    def __init__(self, palco, films):
        self.palco = palco.start()
        self.admin = palco.admin()
        self.videos = []
        for number in range(3):
            film = films.test_card(f"short{number}.mp4", *CODECS, size=f"{320 + 32 * number}x180", seconds=2)
            self.videos.append(self.admin.upload(film, title=f"Film {number}").expect(201).json()["id"])
        for video in self.videos:
            self.admin.wait(video)
        self.names = (f"person{number}@example.org" for number in itertools.count())

    def person(self):
        """Somebody new, signed in."""
        name = next(self.names)
        make(self.admin, name)
        client = self.palco.client()
        client.login(name, PASSWORD)
        return client

    def fill(self, count):
        """Rows of videos that nobody looks at."""
        numbers = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {}) "
        sql(
            self.palco.data,
            numbers.format(count) + "INSERT INTO videos (id, owner_id, title, description, is_premium, is_hidden, checksum, byte_count, "
            "file_name, status, progress, kind, renditions, warnings, view_count, created_at, updated_at) "
            "SELECT '00000000-0000-7000-8000-' || (100000000000 + n), (SELECT id FROM users WHERE role = 'admin'), 'Row', '', 0, 1, "
            "'row ' || n, 1, '', 'ready', 1, 'video', '[]', '[]', 0, 0, 0 FROM numbers",
        )


@pytest.fixture(scope="module")
def house(tmp_path_factory, films):
    house = House(Palco(tmp_path_factory.mktemp("personal") / "data"), films)
    yield house
    assert house.palco.stop() == 0


def ids(answer):
    return [each["id"] for each in answer.expect(200).json()["data"]]


def test_favourites(house):
    person = house.person()
    for video in (*house.videos, house.videos[0]):
        person.request("PUT", f"/videos/{video}/favorite").expect(204)
    assert ids(person.get("/me/favorites")) == house.videos[::-1]
    page = person.get("/me/favorites?limit=2").expect(200).json()
    assert ids(person.get(f"/me/favorites?limit=2&cursor={page['next_cursor']}")) == house.videos[:1]
    assert person.video(house.videos[0])["is_favorite"] is True and house.admin.video(house.videos[0])["is_favorite"] is False
    for _ in range(2):
        person.request("DELETE", f"/videos/{house.videos[1]}/favorite").expect(204)
    assert ids(person.get("/me/favorites")) == [house.videos[2], house.videos[0]]
    house.admin.request("PATCH", f"/videos/{house.videos[2]}", {"is_premium": True}).expect(200)
    assert ids(person.get("/me/favorites")) == [house.videos[0]]
    house.admin.request("PATCH", f"/videos/{house.videos[2]}", {"is_premium": False}).expect(200)
    person.get("/me/favorites?limit=0").expect(422)


def test_playlists(house):
    person = house.person()
    made = person.post("/me/playlists", {"name": "Soon"}).expect(201)
    path = made.headers["Location"]
    for video in house.videos:
        person.request("PUT", f"{path}/videos/{video}").expect(204)
    person.request("PUT", f"{path}/videos/{house.videos[2]}", {"position": 0}).expect(204)
    order = [house.videos[2], house.videos[0], house.videos[1]]
    opened = person.get(path).expect(200).json()
    assert [each["id"] for each in opened["data"]] == order and opened["video_count"] == 3
    page = person.get(f"{path}?limit=2").expect(200).json()
    assert ids(person.get(f"{path}?limit=2&cursor={page['next_cursor']}")) == order[2:]
    for _ in range(2):
        person.request("DELETE", f"{path}/videos/{house.videos[0]}").expect(204)
    assert person.request("PATCH", path, {"name": "Later"}).expect(200).json()["video_count"] == 2
    assert [each["name"] for each in person.get("/me/playlists").expect(200).json()["data"]] == ["Later"]
    for method, body in (("GET", None), ("PATCH", {"name": "Mine"}), ("DELETE", None)):
        assert house.admin.request(method, path, body).expect(404).code == "playlist_not_found"
    for method in ("PUT", "DELETE"):
        house.admin.request(method, f"{path}/videos/{house.videos[0]}").expect(404)
    assert person.request("PUT", f"{path}/videos/{UNKNOWN}").expect(404).code == "video_not_found"
    person.request("DELETE", path).expect(204)
    assert ids(person.get("/me/playlists")) == []


def test_what_is_wrong_with_a_playlist(house):
    person = house.person()
    path = person.post("/me/playlists", {"name": "Soon"}).expect(201).headers["Location"]
    video = f"{path}/videos/{house.videos[0]}"
    for method, address, wrong in (
        ("POST", "/me/playlists", {"name": " "}), ("PATCH", path, {"name": "x" * 201}), ("PUT", video, {"position": -1}),
    ):  # fmt: skip
        person.request(method, address, wrong).expect(422)
        person.request(method, address, b"{", headers={"Content-Type": "application/json"}).expect(400)
        person.request(method, address, b"name", headers={"Content-Type": "text/plain"}).expect(415)
        too_large(person, method, address)
    for address in ("/me/playlists", path):
        person.get(f"{address}?cursor=x").expect(422)


def test_more_than_one_may_have(house):
    person = house.person()
    house.fill(10_000)
    whose = person.get("/auth/me").expect(200).json()["id"]
    path = person.post("/me/playlists", {"name": "Full"}).expect(201).headers["Location"]
    video, playlist = house.videos[0], path.rpartition("/")[2]
    rows = "FROM videos WHERE title = 'Row'"
    sql(house.palco.data, f"INSERT INTO favorites (user_id, video_id, added_at, added_month) SELECT '{whose}', id, 0, '1970-01' {rows}")
    sql(
        house.palco.data,
        f"INSERT INTO watch_list_videos (list_id, video_id, position) SELECT '{playlist}', id, 0 {rows} ORDER BY id LIMIT 1000",
    )
    assert person.request("PUT", f"/videos/{video}/favorite").expect(409).code == "too_many_favorites"
    assert person.request("PUT", f"{path}/videos/{video}").expect(409).code == "playlist_full"
    for number in range(199):
        person.post("/me/playlists", {"name": f"{number}"}).expect(201)
    assert person.post("/me/playlists", {"name": "One more"}).expect(409).code == "too_many_playlists"
    sql(house.palco.data, "DELETE FROM videos WHERE title = 'Row'")


def test_history_and_statistics(house):
    person = house.person()
    first, second, _ = house.videos
    for video in (first, second):
        person.view(video)
    person.post(f"/videos/{first}/progress", {"position": 1, "played": 0.1}).expect(204)
    person.post(f"/videos/{second}/progress", {"position": 2, "played": 0.1}).expect(204)
    entries = person.get("/me/history").expect(200).json()["data"]
    assert [each["id"] for each in entries] == [second, first] and [each["watched"] for each in entries] == [True, False]
    assert ids(person.get("/me/history?state=unfinished")) == [first]
    assert person.get(f"/videos/{first}/play").expect(200).json()["resume_at"] == 1
    page = person.get("/me/history?limit=1").expect(200).json()
    assert ids(person.get(f"/me/history?limit=1&cursor={page['next_cursor']}")) == [first]
    person.get("/me/history?state=forgotten").expect(422)
    person.request("PUT", f"/videos/{first}/watched").expect(204)
    found = person.get("/me/stats").expect(200).json()
    assert found["videos_watched"] == 2 and 2 <= found["seconds_watched"] and len(found["months"]) in (1, 2), found
    person.request("DELETE", f"/videos/{first}/watched").expect(204)
    assert [each["watched"] for each in person.get("/me/history").expect(200).json()["data"]] == [True, False]
    person.request("DELETE", f"/me/history/{second}").expect(204)
    person.request("DELETE", "/me/history/nothing").expect(404)
    assert ids(person.get("/me/history")) == [first]
    person.request("DELETE", "/me/history").expect(204)
    assert ids(person.get("/me/history")) == []


def test_a_view_is_counted_once(house):
    video = house.videos[2]
    before = house.admin.video(video)["view_count"]
    people = [house.person() for _ in range(2)]
    for person in people:
        person.view(video)
    for _ in range(3):
        for person in people:
            person.get(f"/videos/{video}/play").expect(200)
            person.post(f"/videos/{video}/progress", {"position": 2, "played": 60}).expect(204)
            # Now it is written.
            person.get("/me/history").expect(200)
    assert house.admin.video(video)["view_count"] == before + 2


def test_who_comes_too_often(house):
    person = house.person()
    playlist = person.post("/me/playlists", {"name": "Soon"}).expect(201).headers["Location"]
    video = f"/videos/{house.videos[0]}"
    until_refused(lambda _: person.request("DELETE", "/me/history"), 204, 200)
    for method, path, body in (
        ("PUT", f"{video}/favorite", None), ("DELETE", f"{video}/favorite", None), ("PUT", f"{video}/watched", None),
        ("DELETE", f"{video}/watched", None), ("DELETE", f"/me/history/{house.videos[0]}", None),
        ("PATCH", playlist, {"name": "x"}), ("PUT", f"{playlist}/videos/{house.videos[0]}", None),
        ("DELETE", f"{playlist}/videos/{house.videos[0]}", None), ("POST", "/me/playlists", {"name": "x"}),
        ("DELETE", playlist, None),
    ):  # fmt: skip
        # A place may have come back meanwhile.
        wait_until(lambda ask=(method, path, body): person.request(*ask).status == 429, f"{method} {path} is refused")
    until_refused(lambda _: person.get("/me/favorites"), 200, 200)
    for path in ("/me/history", "/me/stats", "/me/playlists", playlist):
        wait_until(lambda ask=path: person.get(ask).status == 429, f"{path} is refused")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_position_survives_the_server(own_server, films, end):
    palco = own_server().start()
    admin = palco.admin()
    video = admin.upload(films.test_card("short.mp4", *CODECS, seconds=2), title="Short").expect(201).json()["id"]
    admin.wait(video)
    admin.post(f"/videos/{video}/progress", {"position": 1.25}).expect(204)
    if end == "kill":
        # A second later it is written by itself.
        wait_until(lambda: sql(palco.data, "SELECT position FROM watch_positions") == ["1.25"], "the position is written")
        palco.kill()
    else:
        assert palco.stop() == 0
    assert palco.start().admin().get(f"/videos/{video}/play").expect(200).json()["resume_at"] == 1.25
    assert palco.stop() == 0
