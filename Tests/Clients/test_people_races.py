"""What people and attackers do at the same moment, and from other places than our pages: each with its exact outcome."""

import contextlib
import http.client
import http.server
import json
import threading
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest
from browsing import NAME_AT_HOME, sign_in, visitor
from identity_provider import StrictProvider
from identity_provider import settings as provider_settings
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Palco
from places import sql
from test_refusals import PASSWORD, person

CROWD = 100


def at_once(asks):
    """Calls all of them as nearly at the same moment as threads can; what each answered, in their order."""
    ready = threading.Barrier(len(asks))

    def one(ask):
        ready.wait(60)
        return ask()

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(one, asks))


def ask_from(palco, address, method, path, body=None, headers=None):
    """From an address of its own, which is a network of its own to the server."""
    wire = http.client.HTTPConnection("127.0.0.1", palco.port, timeout=60, source_address=(address, 0))
    fields = {"Content-Type": "application/json", **(headers or {})}
    with contextlib.closing(wire):
        wire.request(method, f"/api/v1{path}", json.dumps(body), fields)
        found = wire.getresponse()
        answer = Answer(found.status, found.headers, found.read())
    palco.client().contract().check(method, f"/api/v1{path}", answer)
    return answer


def outcomes(answers):
    """{(status, code): how many}"""
    found = {}
    for answer in answers:
        found[answer.status, answer.code] = found.get((answer.status, answer.code), 0) + 1
    return found


# Registrations


def register(palco, number, email, password):
    body = {"email": email, "password": password, "name": f"Name {number}"}
    return lambda: ask_from(palco, f"127.0.0.{number + 1}", "POST", "/auth/register", body)


def people(palco, email):
    return int(sql(palco.data, f"SELECT COUNT(*) FROM users WHERE email = '{email}'")[0])


def test_a_hundred_registrations_of_one_address_make_one_person(own_server):
    palco = own_server({"PALCO_REGISTRATION": "open", "PALCO_VERIFY_EMAIL": "false"}).start()
    email = "crowd@example.org"
    answers = at_once([register(palco, number, email, f"{PASSWORD}-{number}") for number in range(CROWD)])
    assert outcomes(answers) == {(201, None): 1, (409, "email_taken"): CROWD - 1}
    assert people(palco, email) == 1
    # Theirs is the password of the one that was told so.
    first = next(number for number, answer in enumerate(answers) if answer.status == 201)
    client = palco.client()
    assert client.login(email, f"{PASSWORD}-{first}")["user"]["name"] == f"Name {first}"
    assert palco.stop() == 0


def test_a_hundred_registrations_of_one_address_tell_nobody_anything(own_server):
    """Where addresses are verified, all get the same answer, and nobody is in before the address is."""
    palco = own_server({"PALCO_REGISTRATION": "open"}).start()
    known, fresh = ADMIN_EMAIL, "crowd@example.org"
    for email in (known, fresh):
        answers = at_once([register(palco, number, email, f"{PASSWORD}-{number}") for number in range(CROWD)])
        assert outcomes(answers) == {(202, None): CROWD}
        assert len({answer.text for answer in answers}) == 1
    wrong = palco.client().post("/auth/login", {"email": fresh, "password": f"{PASSWORD}-0"})
    assert (wrong.status, wrong.code) == (401, "bad_credentials")
    assert people(palco, known) == 1 and people(palco, fresh) <= 1
    palco.client().login(known, ADMIN_PASSWORD)
    assert palco.stop() == 0


# Refresh tokens


def test_a_hundred_refreshes_of_one_token_go_on_as_one_session(own_server):
    """Two tabs may come with the same token. Whoever comes within the grace goes on with the session, which stays one."""
    palco = own_server().start()
    client = palco.client()
    tokens = client.login(ADMIN_EMAIL, ADMIN_PASSWORD)
    body = {"refresh_token": tokens["refresh_token"]}
    # From one network fewer may ask at once, because what they have may be made up.
    answers = at_once([lambda number=number: ask_from(palco, f"127.0.0.{number + 1}", "POST", "/auth/refresh", body) for number in range(CROWD)])
    assert outcomes(answers) == {(200, None): CROWD}
    # All have the same new token, so what one of them does with it the others do as well.
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    client.token = answers[0].json()["access_token"]
    client.get("/auth/me").expect(200)
    assert len(client.get("/auth/sessions").expect(200).json()["data"]) == 1
    assert palco.stop() == 0


# Administrators


@pytest.mark.parametrize("change", [{"role": "user"}, {"disabled": True}], ids=["demoted", "disabled"])
def test_of_two_administrators_who_turn_on_each_other_one_stays(own_server, change):
    palco = own_server().start()
    person(palco, "second@example.org")
    administrators = {email: password for email, password in ((ADMIN_EMAIL, ADMIN_PASSWORD), ("second@example.org", PASSWORD))}
    for _ in range(10):
        clients, ids = [], []
        for email, password in administrators.items():
            clients.append(palco.client())
            ids.append(clients[-1].login(email, password)["user"]["id"])
        answers = at_once([
            lambda: clients[0].request("PATCH", f"/admin/users/{ids[1]}", change),
            lambda: clients[1].request("PATCH", f"/admin/users/{ids[0]}", change),
        ])  # fmt: skip
        statuses = [answer.status for answer in answers]
        assert sorted(statuses)[0] == 200 and statuses.count(200) == 1, answers
        loser = statuses.index(next(status for status in statuses if status != 200))
        # Too late by a request, by a transaction, or already out.
        assert answers[loser].status in (401, 403, 409), answers
        left = sql(palco.data, "SELECT COUNT(*) FROM users WHERE role = 'admin' AND is_disabled = 0")
        assert left == ["1"]
        winner = clients[1 - loser]
        back = {"role": "admin"} if "role" in change else {"disabled": False}
        winner.request("PATCH", f"/admin/users/{ids[loser]}", back).expect(200)
    assert palco.stop() == 0


def test_the_last_administrator_can_neither_go_nor_sink(own_server):
    palco = own_server().start()
    admin = palco.admin()
    identifier = admin.get("/auth/me").json()["id"]
    path = f"/admin/users/{identifier}"
    asks = [("PATCH", path, {"role": "creator"}), ("PATCH", path, {"disabled": True}), ("DELETE", f"{path}?videos=keep", None)]
    answers = at_once([lambda each=each: admin.request(*each) for each in asks * 10])
    # Nobody removes their own account there, the last administrator or not.
    assert outcomes(answers) == {(409, "last_administrator"): 20, (409, "own_account"): 10}
    admin.get("/auth/me").expect(200)
    assert palco.stop() == 0


# Requests from other places


def jar(answer):
    cookies = dict(cookie.split(";")[0].split("=", 1) for cookie in answer.headers.get_all("Set-Cookie"))
    return cookies, {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}


def changing(contract):
    """[(METHOD, path, body)] of all operations that change something for whoever is signed in."""
    return [
        (method.upper(), path.replace("{id}", "01890a5d-ac96-774b-bcce-b302099a8057"), b"{}" if "requestBody" in operation else None)
        for path, operations in contract.document["paths"].items()
        for method, operation in operations.items()
        if method not in ("get", "head", "options") and operation.get("security") != []
    ]


@pytest.mark.parametrize("token", [None, "", "x" * 43, "of another session"])
def test_no_change_is_made_with_a_cookie_alone(own_server, token):
    palco = own_server().start()
    client = palco.client()
    signing_in = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    _, headers = jar(client.post("/auth/login", signing_in).expect(200))
    other, _ = jar(client.post("/auth/login", signing_in).expect(200))
    if token is not None:
        headers["X-CSRF-Token"] = other["palco_csrf"] if token == "of another session" else token
    asked = changing(client.contract())
    assert len(asked) > 10
    for method, path, body in asked:
        for origin in ({}, {"Origin": "https://evil.example", "Content-Type": "text/plain"}):
            answer = client.request(method, path, body, headers={**headers, **origin, "Tus-Resumable": "1.0.0"})
            assert (answer.status, answer.code) == (403, "csrf_failed"), f"{method} {path}: {answer}"
    client.get("/auth/me", headers=headers).expect(200)
    assert palco.stop() == 0


FORGERY = """<!doctype html>
<form id=form method=post enctype="text/plain" action="{url}/api/v1{path}"><input name='{{"name":"Forged","x":"' value='"}}'></form>
<script>
const ask = (method) => fetch("{url}/api/v1{path}", {{
    method, credentials: "include", headers: {{"Content-Type": "application/json"}}, body: JSON.stringify({{name: "Forged"}}),
}}).then((answer) => answer.status, () => "refused");
</script>
"""


@contextlib.contextmanager
def foreign_page(text):
    """The address of another server, under another name, that shows this page."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{NAME_AT_HOME}:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("path", ["/auth/logout", "/auth/me"])
def test_a_page_of_another_origin_changes_nothing(chromium, server, path):
    """With the browser's own cookies, by a form and by scripts."""
    with visitor(chromium, server.url) as page, foreign_page(FORGERY.format(url=server.url, path=path)) as elsewhere:
        sign_in(page)
        before = page.context.request.get("/api/v1/auth/me").json()
        page.goto(elsewhere)
        assert page.evaluate("ask('POST')") == page.evaluate("ask('PATCH')") == "refused"
        with page.expect_navigation():
            page.evaluate("document.getElementById('form').submit()")
        assert json.loads(page.inner_text("body"))["status"] in (401, 403, 405, 415)
        after = page.context.request.get("/api/v1/auth/me")
        assert after.status == 200 and after.json() == before


def test_a_session_that_somebody_else_planted_is_not_what_one_signs_in_to(own_server):
    palco = own_server().start()
    person(palco, "attacker@example.org")
    attacker, victim = palco.client(), palco.client()
    theirs, headers = jar(attacker.post("/auth/login", {"email": "attacker@example.org", "password": PASSWORD}).expect(200))
    signing_in = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    for planted in (theirs["palco_session"], "x" * 43):
        cookie = {"Cookie": f"palco_session={planted}; palco_csrf=planted"}
        cookies, own = jar(victim.post("/auth/login", signing_in, headers=cookie).expect(200))
        assert cookies["palco_session"] != planted and cookies["palco_csrf"] != "planted"
        assert victim.get("/auth/me", headers=own).expect(200).json()["email"] == ADMIN_EMAIL
        # What was planted leads nowhere, not even to where it led before.
        attacker.get("/auth/me", headers=cookie).expect(401)
    attacker.get("/auth/me", headers=headers).expect(401)
    assert palco.stop() == 0


def test_each_sign_in_has_an_id_of_its_own(own_server):
    palco = own_server().start()
    signing_in = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    answers = at_once([lambda number=number: ask_from(palco, f"127.0.0.{number + 1}", "POST", "/auth/login", signing_in) for number in range(20)])
    assert outcomes(answers) == {(200, None): 20}
    assert len({jar(answer)[0]["palco_session"] for answer in answers}) == 20
    assert len({answer.json()["refresh_token"] for answer in answers}) == 20
    assert palco.stop() == 0


# Addresses to go on to

HOSTILE = [
    "https://evil.example/", "//evil.example", "/\\evil.example", "/.//evil.example", "/..//evil.example", "\\\\evil.example",
    "/%2f/evil.example", "/%5cevil.example", "/\t/evil.example", "/\n/evil.example", "javascript:alert(1)", "data:text/html,x",
    "http:evil.example", "https:///evil.example", "/a\r\nSet-Cookie: planted=1", "/@evil.example/..//evil.example", "", "evil.example",
]  # fmt: skip


@pytest.fixture(scope="module")
def provided(tmp_path_factory):
    """A server whose people come from a provider of identities, and this provider."""
    provider = StrictProvider()
    palco = Palco(tmp_path_factory.mktemp("provided") / "data", {"PALCO_REGISTRATION": "open", **provider_settings("strict", provider.issuer, REGISTER="yes")})
    yield palco.start(), provider
    assert palco.stop() == 0
    provider.close()


def come_from(provider, palco, following):
    """Where the way through the provider ends, which is followed as a browser follows it."""
    client = palco.client()
    begun = client.get(f"/auth/oidc/strict?next={urllib.parse.quote(following, safe='')}", token=False).expect(302)
    assert begun.headers["Location"].startswith(provider.issuer)
    _, cookies = jar(begun)
    with contextlib.closing(http.client.HTTPConnection(urllib.parse.urlsplit(provider.issuer).netloc, timeout=30)) as wire:
        wire.request("GET", begun.headers["Location"].removeprefix(provider.issuer))
        back = wire.getresponse().headers["Location"]
    return client.get(back, headers=cookies, token=False).expect(302)


def test_coming_from_a_provider_leads_back_to_where_one_was(provided):
    palco, provider = provided
    assert come_from(provider, palco, "/watch/01890a5d-ac96-774b-bcce-b302099a8057?from=mail").headers["Location"] == (
        "/watch/01890a5d-ac96-774b-bcce-b302099a8057?from=mail"
    )


@pytest.mark.parametrize("following", HOSTILE)
def test_coming_from_a_provider_leads_nobody_to_another_server(provided, following):
    palco, provider = provided
    ended = come_from(provider, palco, following)
    assert ended.headers["Location"] == "/"
    assert "planted" not in str(ended.headers)
