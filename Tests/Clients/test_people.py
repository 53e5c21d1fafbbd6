"""People and their sign-ins, for themselves and for administrators: each answer that the contract promises, made to happen."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Palco
from waiting import wait_until

UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057"
PASSWORD = "Another-1-password"


@pytest.fixture(scope="module")
def palco(tmp_path_factory):
    palco = Palco(tmp_path_factory.mktemp("people") / "data").start()
    yield palco
    assert palco.stop() == 0


@pytest.fixture(scope="module")
def admin(palco):
    return palco.admin()


def make(admin, email, role="user", password=PASSWORD):
    body = {"email": email, "name": email.split("@")[0], "role": role, "password": password}
    return admin.post("/admin/users", body).expect(201).json()["user"]["id"]


@pytest.fixture(scope="module")
def person(palco, admin):
    """A plain user, signed in."""
    make(admin, "plain@example.org")
    client = palco.client()
    client.login("plain@example.org", PASSWORD)
    return client


def out(client):
    """Its access token opens nothing any more."""
    client.get("/auth/me", token=False, headers={"Authorization": f"Bearer {client.token}"}).expect(401)


def too_large(client, method, path, media="application/json"):
    """A body that is refused by its announced size, before it is sent."""
    connection = client.connection()
    connection.putrequest(method, client.target(path))
    for name, value in {"Authorization": f"Bearer {client.token}", "Content-Type": media, "Content-Length": str(64 << 20)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    found = connection.getresponse()
    answer = Answer(found.status, found.headers, found.read())
    connection.close()
    client.contract().check(method, client.target(path), answer)
    answer.expect(413)


def test_the_memory_of_hashes_goes_back_once_nobody_signs_in(own_server):
    palco = own_server().start()
    clients = [palco.client() for _ in range(6)]
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(lambda client: client.login(ADMIN_EMAIL, ADMIN_PASSWORD), clients))
    # One hash alone takes 19 MiB, and of several at the same time each.
    wait_until(lambda: palco.resident_bytes("RssAnon") < 19 << 20, lambda: f"{palco.resident_bytes('RssAnon')} bytes are still held")
    assert palco.stop() == 0


def operations(admin, prefix):
    return sorted({(method, path) for method, path, _ in admin.contract().promises() if path.startswith(prefix)})


def where(path):
    return path.replace("{id}", UNKNOWN).replace("{user}", UNKNOWN)


BODIES = {
    ("POST", "/admin/users"): {"email": "x", "name": "X", "role": "user"},
    ("POST", "/admin/users/batch"): {"ids": []},
    ("PATCH", "/admin/users/{id}"): {"role": "emperor"},
    ("POST", "/admin/groups"): {"name": " "},
    ("PATCH", "/admin/groups/{id}"): {"name": " "},
}


def test_nobody_and_others_are_refused(palco, admin, person):
    asked = operations(admin, "/admin/users") + operations(admin, "/admin/groups")
    assert len(asked) >= 17
    for method, path in asked:
        palco.client().request(method, where(path)).expect(401)
        assert person.request(method, where(path)).expect(403).code == "forbidden"
    for method, path in operations(admin, "/auth/sessions"):
        palco.client().request(method, where(path)).expect(401)


def test_bodies_that_will_not_do(admin):
    group = admin.post("/admin/groups", {"name": "Of bodies"}).expect(201).json()["id"]
    someone = make(admin, "bodies@example.org")
    for (method, path), body in BODIES.items():
        address = path.replace("{id}", group if "groups" in path else someone)
        assert admin.request(method, address, body).expect(422).json()["errors"]
        too_large(admin, method, address)
        admin.request(method, address, b"name=x", headers={"Content-Type": "text/plain"}).expect(415)
    for path in ("/admin/users", "/admin/groups", f"/admin/groups/{group}/members"):
        assert admin.get(f"{path}?limit=0").expect(422).json()["errors"][0]["field"] == "limit"


def test_what_is_not_there(admin):
    for method, path in operations(admin, "/admin/users/{id}") + operations(admin, "/admin/groups/{id}"):
        body = {"role": "user"} if "users" in path else {"name": "X"}
        answer = admin.request(method, where(path) + ("?videos=keep" if method == "DELETE" and path.endswith("{id}") else ""), body if method == "PATCH" else None)
        assert answer.expect(404).code in ("user_not_found", "group_not_found")
    admin.request("DELETE", f"/auth/sessions/{UNKNOWN}").expect(404)
    admin.post("/admin/users/batch", {"ids": [UNKNOWN], "add_group": UNKNOWN}).expect(404)


def test_a_person_is_made_listed_changed_and_removed(palco, admin, films):
    made = admin.post("/admin/users", {"email": "Maker@Example.org", "name": "Maker", "role": "creator", "password": PASSWORD, "locale": "es"}).expect(201)
    person = made.json()["user"]
    assert made.headers["Location"].endswith(person["id"]) and person["email"] == "maker@example.org"
    assert admin.post("/admin/users", {"email": "maker@example.org", "name": "M", "role": "user"}).expect(409).code == "email_taken"
    found = admin.get("/admin/users?q=MAKER").expect(200).json()["data"]
    assert [each["id"] for each in found] == [person["id"]]
    maker = palco.client()
    maker.login("maker@example.org", PASSWORD)
    video = maker.upload(films.copy(films.bikes, "of the maker"), title="Mine").expect(201).json()["id"]
    address = f"/admin/users/{person['id']}"
    assert admin.request("PATCH", address, {"name": "Maker the First"}).expect(200).json()["name"] == "Maker the First"
    now = admin.get(address).expect(200).json()
    assert now["last_sign_in_at"] and (now["session_count"], now["providers"]) == (1, [])
    admin.post(f"{address}/sign-out").expect(204)
    out(maker)
    told = admin.get(f"{address}/removal").expect(200).json()
    assert told["videos"] == 1 and told["user"]["id"] == person["id"]
    assert admin.request("DELETE", address).expect(422).json()["errors"][0]["field"] == "videos"
    admin.request("DELETE", f"{address}?videos=keep").expect(204)
    admin.get(address).expect(404)
    kept = admin.get(f"/videos/{video}").expect(200).json()
    assert kept["created_by"] == admin.get("/auth/me").expect(200).json()["id"]
    assert admin.wait(video)["status"] == "ready"


def test_who_has_no_password_chooses_one_by_a_link(palco, admin):
    made = admin.post("/admin/users", {"email": "linked@example.org", "name": "Linked", "role": "user"}).expect(201).json()
    assert made["mailed"] is False
    issued = admin.post(f"/admin/users/{made['user']['id']}/reset").expect(200).json()
    assert issued["mailed"] is False and issued["link"] != made["link"]
    token = issued["link"].split("#token=")[1]
    palco.client().post("/auth/password/reset", {"token": token, "password": PASSWORD}).expect(204)
    palco.client().login("linked@example.org", PASSWORD)


def test_with_a_person_their_videos_go(palco, admin, films):
    person = make(admin, "goer@example.org", "creator")
    client = palco.client()
    client.login("goer@example.org", PASSWORD)
    video = client.upload(films.copy(films.bikes, "of the goer"), title="Gone").expect(201).json()["id"]
    admin.request("DELETE", f"/admin/users/{person}?videos=remove").expect(204)
    admin.get(f"/videos/{video}").expect(404)
    assert palco.client().post("/auth/login", {"email": "goer@example.org", "password": PASSWORD}).expect(401).code == "bad_credentials"


def test_one_administrator_stays(palco, admin):
    me = admin.get("/auth/me").expect(200).json()["id"]
    for change in ({"role": "user"}, {"disabled": True}):
        assert admin.request("PATCH", f"/admin/users/{me}", change).expect(409).code == "last_administrator"
    assert admin.request("DELETE", f"/admin/users/{me}?videos=keep").expect(409).code == "own_account"
    refused = admin.post("/admin/users/batch", {"ids": [me], "role": "user"}).expect(200).json()
    assert refused == {"changed": 0, "refused": [{"id": me, "code": "last_administrator"}]}


def test_two_administrators_who_demote_each_other(palco, admin):
    for turn in range(5):
        ids = [make(admin, f"boss{turn}{letter}@example.org", "admin") for letter in "ab"]
        clients = []
        for letter in "ab":
            client = palco.client()
            client.login(f"boss{turn}{letter}@example.org", PASSWORD)
            clients.append(client)
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda pair: pair[0].request("PATCH", f"/admin/users/{pair[1]}", {"role": "user"}).status, zip(clients, reversed(ids), strict=True)))
        # The first administrator stays in any case, so both may succeed; a refused one was demoted before it was heard.
        assert set(answers) <= {200, 403} and 200 in answers
        roles = [admin.get(f"/admin/users/{each}").expect(200).json()["role"] for each in ids]
        assert roles.count("user") == answers.count(200)
        for each in ids:
            admin.request("DELETE", f"/admin/users/{each}?videos=keep").expect(204)


def test_groups(admin):
    person = make(admin, "member@example.org")
    made = admin.post("/admin/groups", {"name": "Surgeons"}).expect(201)
    group = made.json()["id"]
    assert made.headers["Location"].endswith(group)
    assert admin.post("/admin/groups", {"name": "surgeons"}).expect(409).code == "group_name_taken"
    other = admin.post("/admin/groups", {"name": "Nurses"}).expect(201).json()["id"]
    admin.request("PATCH", f"/admin/groups/{other}", {"name": "Surgeons"}).expect(409)
    assert admin.request("PATCH", f"/admin/groups/{other}", {"name": "Night nurses"}).expect(200).json()["name"] == "Night nurses"
    admin.request("PUT", f"/admin/groups/{group}/members/{person}").expect(204)
    admin.request("PUT", f"/admin/groups/{group}/members/{UNKNOWN}").expect(404)
    members = admin.get(f"/admin/groups/{group}/members").expect(200).json()["data"]
    assert [each["email"] for each in members] == ["member@example.org"] and members[0]["groups"] == [{"id": group, "name": "Surgeons"}]
    assert admin.get(f"/admin/groups/{group}").expect(200).json()["member_count"] == 1
    assert {each["name"] for each in admin.get("/admin/groups").expect(200).json()["data"]} >= {"Surgeons", "Night nurses"}
    admin.request("DELETE", f"/admin/groups/{group}/members/{person}").expect(204)
    admin.request("DELETE", f"/admin/groups/{group}").expect(204)


def test_a_list_of_people(palco, admin):
    text = "email,name,role,groups\nlisted1@example.org,One,premium,Choir\nlisted2@example.org,,,\nwrong,,,\n"
    def send(query="", body=text):
        return admin.post(f"/admin/users/import{query}", body.encode(), headers={"Content-Type": "text/csv"})
    tried = send("?dry_run=1").expect(200).json()
    assert (tried["created"], tried["updated"], len(tried["refused"])) == (2, 0, 1)
    assert admin.get("/admin/users?q=listed").expect(200).json()["data"] == []
    assert send().expect(200).json() == tried
    again = send().expect(200).json()
    assert (again["created"], again["updated"]) == (0, 2)
    assert again["refused"][0].keys() == {"line", "email", "code", "detail"} and again["refused"][0]["line"] == 4
    send(body="email\n\"").expect(422)
    too_large(admin, "POST", "/admin/users/import", "text/csv")


def test_own_sign_ins(palco, person):
    other = palco.client()
    other.login("plain@example.org", PASSWORD)
    listed = person.get("/auth/sessions").expect(200).json()["data"]
    assert len(listed) >= 2 and sum(each["is_current"] for each in listed) == 1
    mine = next(each for each in other.get("/auth/sessions").expect(200).json()["data"] if each["is_current"])
    person.request("DELETE", f"/auth/sessions/{mine['id']}").expect(204)
    out(other)
    third = palco.client()
    third.login("plain@example.org", PASSWORD)
    third.post("/auth/logout", {"everywhere": 1}).expect(422)
    third.post("/auth/logout", b"x", headers={"Content-Type": "text/plain"}).expect(415)
    too_large(third, "POST", "/auth/logout")
    third.post("/auth/logout", {"everywhere": True}).expect(204)
    out(person)
    person.login("plain@example.org", PASSWORD)


def browser(palco, email, password):
    """A session of cookies: their field and the token against forgery."""
    answer = palco.client().post("/auth/login", {"email": email, "password": password}).expect(200)
    pairs = dict(cookie.split(";")[0].split("=", 1) for cookie in answer.headers.get_all("Set-Cookie"))
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in pairs.items())}, pairs


def test_a_browser_without_the_token_against_forgery(palco, admin):
    jar, _ = browser(palco, ADMIN_EMAIL, ADMIN_PASSWORD)
    asked = [each for each in operations(admin, "/admin/users") + operations(admin, "/admin/groups") + operations(admin, "/auth/sessions") if each[0] != "GET"]
    for method, path in asked:
        assert palco.client().request(method, where(path), b"", headers=jar).expect(403).code == "csrf_failed"


def test_a_browser_that_ends_its_own_session_has_no_cookie_left(palco):
    jar, pairs = browser(palco, "plain@example.org", PASSWORD)
    client = palco.client()
    current = next(each for each in client.get("/auth/sessions", headers=jar).expect(200).json()["data"] if each["is_current"])
    answer = client.request("DELETE", f"/auth/sessions/{current['id']}", headers={**jar, "X-CSRF-Token": pairs["palco_csrf"]}).expect(204)
    assert all("Max-Age=0" in cookie for cookie in answer.headers.get_all("Set-Cookie"))
    client.get("/auth/me", headers=jar).expect(401)


def test_who_may_more_gets_another_cookie(palco, admin):
    person = make(admin, "riser@example.org")
    jar, pairs = browser(palco, "riser@example.org", PASSWORD)
    admin.request("PATCH", f"/admin/users/{person}", {"role": "admin"}).expect(200)
    answer = palco.client().get("/auth/me", headers=jar).expect(200)
    fresh = dict(cookie.split(";")[0].split("=", 1) for cookie in answer.headers.get_all("Set-Cookie"))
    assert fresh["palco_session"] != pairs["palco_session"]
    palco.client().get("/auth/me", headers=jar).expect(401)
    palco.client().get("/admin/users", headers={"Cookie": f"palco_session={fresh['palco_session']}"}).expect(200)
    admin.request("DELETE", f"/admin/users/{person}?videos=keep").expect(204)
