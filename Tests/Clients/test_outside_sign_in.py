"""Signing in at other providers: the Basic RP plan of the OpenID Foundation against a strict provider of the tests, and the whole way
in a browser with a real one."""

import http.client
import socket
import urllib.parse

import browsing
import jwt
import pytest
from identity_provider import Key, NanoProvider, StrictProvider, settings
from palco import ADMIN_EMAIL, ADMIN_PASSWORD
from test_command_line import palco as command
from waiting import until_refused

PATH = "/auth/oidc/house"
SIGN_IN = "/sign-in?problem="


class Browser:
    """Cookies, redirects and nothing else."""

    def __init__(self, palco):
        self.client = palco.client()
        self.cookies = {}

    def get(self, path, **headers):
        return self.send("GET", path, **headers)

    def send(self, method, path, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if method != "GET":
            headers["X-CSRF-Token"] = self.cookies["palco_csrf"]
        answer = self.client.request(method, path, headers=headers, token=False)
        for field in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = field.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def go(self, path=PATH, **headers):
        """To the provider: where it sends the browser back to."""
        location = self.get(path, **headers).expect(302).headers["Location"]
        return location if location.startswith("/") else at_provider(location)

    def sign_in(self, path=PATH, **headers):
        """The whole way: where the browser ends."""
        back = self.go(path, **headers)
        return back if back.startswith("/") else self.get(back).expect(302).headers["Location"]

    def email(self):
        answer = self.get("/auth/me")
        return answer.json()["email"] if answer.status == 200 else None


def at_provider(url):
    """What a provider answers a browser that comes by this address."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        return connection.getresponse().headers["Location"]
    finally:
        connection.close()


@pytest.fixture(scope="module")
def strict():
    provider = StrictProvider()
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def other():
    provider = StrictProvider()
    yield provider
    provider.close()


@pytest.fixture
def house(own_server, strict, other):
    """A server that lets new people come by two providers, which do nothing wrong yet."""
    strict.__dict__.update(fault=None, asked=[], complaints=[])
    strict.person = {"sub": "ann", "email": "ann@example.org", "email_verified": True, "name": "Ann"}
    trusting = {"REGISTER": "yes", "TRUST_EMAIL": "yes"}
    palco = own_server(
        {**settings("house", strict.issuer, **trusting, LABEL="The house"), **settings("other", other.issuer, **trusting)}
    ).start()
    yield palco
    assert strict.complaints == [] and other.complaints == []
    assert palco.stop() == 0


# Each module of the plan and what it must end in: None signs in, else the problem that the page explains. Then the reason in the log.
BASIC_PLAN = [
    ("oidcc-client-test", None, None, None),
    ("oidcc-client-test-invalid-iss", "issuer", "provider_invalid", "issuer"),
    ("oidcc-client-test-missing-sub", "subject_missing", "provider_invalid", "subject"),
    ("oidcc-client-test-invalid-aud", "audience", "provider_invalid", "audience"),
    ("oidcc-client-test-missing-iat", "issued_at_missing", "provider_invalid", "issued_at"),
    ("oidcc-client-test-kid-absent-single-jwks", "kid_absent", None, None),
    ("oidcc-client-test-kid-absent-multiple-jwks", "kid_absent_multiple", "provider_invalid", "ambiguous_key"),
    ("oidcc-client-test-idtoken-sig-rs256", None, None, None),
    ("oidcc-client-test-idtoken-sig-none", "unsigned", "provider_invalid", "algorithm"),
    ("oidcc-client-test-invalid-sig-rs256", "signature", "provider_invalid", "signature"),
    ("oidcc-client-test-userinfo-invalid-sub", "userinfo_subject", "provider_invalid", "userinfo_subject"),
    ("oidcc-client-test-nonce-invalid", "nonce", "provider_invalid", "nonce"),
    ("oidcc-client-test-scope-userinfo-claims", None, None, None),
    ("oidcc-client-test-client-secret-basic", None, None, None),
]
BEYOND = [
    ("oidcc-client-test-missing-aud", "audience_missing", "provider_invalid", "audience"),
    ("oidcc-client-test-invalid-sig-hs256", "hs256_secret", "provider_invalid", "algorithm"),
    ("HS256 with the public key as secret", "hs256_public_key", "provider_invalid", "algorithm"),
    ("oidcc-client-test-idtoken-sig-es256", "es256", None, None),
    ("oidcc-client-test-signing-key-rotation-just-before-signing", "keys_change_before", None, None),
    ("oidcc-client-test-discovery-issuer-mismatch", "discovery_issuer", "provider_invalid", "discovery_issuer"),
    ("no nonce", "nonce_missing", "provider_invalid", "nonce"),
    ("another authorized party", "authorized_party", "provider_invalid", "authorized_party"),
    ("audiences without an authorized party", "audiences", "provider_invalid", "authorized_party"),
    ("expired", "expired", "provider_invalid", "expired"),
    ("from the future", "future", "provider_invalid", "issued_at"),
    ("at_hash of another access token", "access_token_hash", "provider_invalid", "access_token_hash"),
    ("an answer of another issuer", "answer_issuer", "provider_invalid", "answer_issuer"),
    ("an answer without its issuer", "answer_without_issuer", "provider_invalid", "answer_issuer"),
    ("a client that is not known", "client_secret", "provider_refused", "refused"),
]


# What a server reads once and remembers: these lines have a server of their own.
REMEMBERED = {"discovery_issuer", "answer_issuer", "answer_without_issuer", "kid_absent_multiple", "es256", "keys_change_before"}


def test_what_a_provider_may_say(own_server, strict):
    def start(name):
        return own_server(settings("house", strict.issuer, REGISTER="yes", TRUST_EMAIL="yes"), name).start()

    def check(palco, name, fault, problem, reason):
        strict.__dict__.update(fault=fault, asked=[], complaints=[])
        browser = Browser(palco)
        assert browser.sign_in() == (SIGN_IN + problem if problem else "/"), name
        assert browser.email() == (None if problem else "ann@example.org"), name
        # Nobody is asked with an access token that came beside a token that is not good.
        assert strict.count("/me") == (0 if problem and fault != "userinfo_subject" else 1), name
        if reason:
            palco.wait_for_line(f'"reason":"{reason}')
        assert strict.complaints == [], name

    lines = BASIC_PLAN + BEYOND
    shared = start("shared")
    for line in lines:
        if line[1] not in REMEMBERED:
            check(shared, *line)
    assert shared.stop() == 0
    for line in lines:
        if line[1] in REMEMBERED:
            strict.keys = [Key()]
            palco = start(line[1])
            check(palco, *line)
            assert palco.stop() == 0


def test_keys_that_change(house, strict):
    """oidcc-client-test-signing-key-rotation: the keys of the first sign-in are not those of the second."""
    assert Browser(house).sign_in() == "/"
    strict.keys = [Key()]
    browser = Browser(house)
    assert browser.sign_in() == "/" and browser.email() == "ann@example.org"


def test_an_answer_is_good_once_in_its_browser_and_at_its_provider(house, strict, other):
    browser = Browser(house)
    back = browser.go()
    thief = Browser(house)
    thief.go()
    for stranger in (thief, Browser(house)):
        assert stranger.get(back).headers["Location"] == SIGN_IN + "sign_in_expired"
    # A mix-up: the answer of one provider at the callback of another.
    assert browser.get(back.replace("/house/", "/other/")).headers["Location"] == SIGN_IN + "sign_in_expired"
    assert strict.count("/token") == 0 and other.count("/token") == 0
    back = browser.go()
    assert browser.get(back).headers["Location"] == "/"
    assert browser.get(back).headers["Location"] == SIGN_IN + "sign_in_expired"
    assert strict.count("/token") == 1


def test_where_a_person_goes_on(house):
    assert Browser(house).sign_in(PATH + "?next=/watch/1%3Ft=5") == "/watch/1?t=5"
    for evil in ("//evil.org", "/%5Cevil.org", "https:evil.org", "https://evil.org", "/%09/evil.org", "/a//b", "javascript:1"):
        assert Browser(house).sign_in(PATH + "?next=" + evil) == "/", evil


def test_answers_of_the_contract(house, strict):
    browser = Browser(house)
    browser.get("/auth/oidc/nobody").expect(404)
    browser.get("/auth/oidc/nobody/callback").expect(404)
    for path in (PATH, PATH + "/callback"):
        assert browser.get(path, Authorization="Bearer nothing").expect(401).code == "invalid_token"
    for method, path in (("GET", "/auth/identities"), ("POST", "/auth/oidc/logout"), ("DELETE", "/auth/identities/x")):
        browser.client.request(method, path, token=False).expect(401)
    assert browser.sign_in() == "/"
    assert browser.get(PATH + "?link=1", Sec_Fetch_Site="cross-site").expect(403).code == "csrf_failed"
    only = browser.get("/auth/identities").expect(200).json()["data"]
    assert [(each["provider"], each["label"], each["email"]) for each in only] == [("house", "The house", "ann@example.org")]
    assert browser.send("DELETE", f"/auth/identities/{only[0]['id']}").expect(409).code == "last_way_in"
    browser.send("DELETE", "/auth/identities/01890a5d-ac96-774b-bcce-b302099a8057").expect(404)
    strict.person = {"sub": "ann-at-work", "email": None}
    assert browser.sign_in(PATH + "?link=1&next=/profile", Sec_Fetch_Site="same-origin") == "/profile"
    second = browser.get("/auth/identities").json()["data"][1]["id"]
    browser.send("DELETE", f"/auth/identities/{second}").expect(204)
    token, browser.cookies["palco_csrf"] = browser.cookies["palco_csrf"], "wrong"
    browser.send("DELETE", f"/auth/identities/{only[0]['id']}").expect(403)
    browser.send("POST", "/auth/oidc/logout").expect(403)
    browser.cookies["palco_csrf"] = token
    left = browser.send("POST", "/auth/oidc/logout").expect(200).json()["location"]
    assert left.startswith(strict.issuer + "/out?client_id=palco") and browser.email() is None
    answer = until_refused(lambda _: browser.get(PATH + "/callback"), 302, 500)
    assert answer.status == 429
    browser.get(PATH).expect(429)


def test_the_provider_ends_a_sign_in(house, strict):
    path = PATH + "/backchannel-logout"
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    def send(token):
        return house.client().request("POST", path, body=f"logout_token={token}".encode(), headers=form)

    browser = Browser(house)
    assert browser.sign_in() == "/"
    token = strict.logout_token(sub=None)
    send("nothing").expect(400)
    send(strict.logout_token(events=None)).expect(400)
    send("a" * 40_000).expect(413)
    house.client().request("POST", path, body=b"{}", headers={"Content-Type": "application/json"}).expect(415)
    house.client().request("POST", "/auth/oidc/nobody/backchannel-logout", body=b"logout_token=x", headers=form).expect(404)
    assert browser.email() == "ann@example.org"
    assert send(token).expect(200).headers["Cache-Control"] == "no-store"
    assert browser.email() is None
    send(token).expect(400)
    assert until_refused(lambda _: send("nothing"), 400, 80).status == 429


def test_a_provider_must_not_be_inside_unless_it_is_said_so(own_server, strict):
    """The guard against forged requests: without NETWORKS a provider of this machine is not asked."""
    strict.__dict__.update(fault=None, asked=[])
    inside = settings("house", strict.issuer.replace("http:", "https:"), NETWORKS=None)
    palco = own_server({key: value for key, value in inside.items() if value}).start()
    assert Browser(palco).sign_in() == SIGN_IN + "provider_unavailable"
    assert strict.asked == []
    assert palco.stop() == 0


def test_a_person_whom_a_proxy_vouches_for(own_server):
    palco = own_server(
        {"PALCO_TRUSTED_PROXIES": "127.0.0.1", "PALCO_TRUSTED_USER_HEADER": "X-Remote-User", "PALCO_TRUSTED_USER_REGISTER": "true"}
    ).start()
    client = palco.client()
    me = client.get("/auth/me", headers={"X-Remote-User": "ann@example.org"}).expect(200).json()
    assert (me["email"], me["role"]) == ("ann@example.org", "user")
    client.get("/auth/me").expect(401)
    client.get("/auth/me", headers={"X-Remote-User": "nobody"}).expect(401)
    assert palco.stop() == 0
    stranger = own_server(
        {"PALCO_TRUSTED_PROXIES": "192.0.2.1", "PALCO_TRUSTED_USER_HEADER": "X-Remote-User"}, "stranger"
    ).start()
    for _ in range(3):
        stranger.client().get("/auth/me", headers={"X-Remote-User": ADMIN_EMAIL}).expect(401)
    stranger.wait_for_line("PALCO_TRUSTED_USER_HEADER is ignored")
    assert sum("PALCO_TRUSTED_USER_HEADER is ignored" in line for line in stranger.lines) == 1
    assert stranger.stop() == 0


def test_keys_that_others_verify_with(own_server):
    """RS256 and EdDSA: tokens of Palco are verified by another library with what Palco publishes, also after a rotation."""
    for algorithm in ("RS256", "EdDSA"):
        settings = {"PALCO_JWT_ALGORITHM": algorithm}
        palco = own_server(settings, algorithm).start()
        client = palco.client()

        def verified(token):
            keys = jwt.PyJWKSet.from_dict(client.get("//.well-known/jwks.json").expect(200).json())
            name = jwt.get_unverified_header(token)["kid"]
            return name, jwt.decode(token, keys[name].key, algorithms=[algorithm])["sub"]

        client.login(ADMIN_EMAIL, ADMIN_PASSWORD)
        old = client.token
        first = verified(old)
        rotated = command("keys", "rotate", "--data", palco.data, settings=settings)
        assert rotated.returncode == 0, rotated.stderr
        assert palco.stop() == 0
        palco.start()
        client = palco.client()
        client.login(ADMIN_EMAIL, ADMIN_PASSWORD)
        second = verified(client.token)
        assert second[0] != first[0] and second[1] == first[1] and verified(old) == first
        # Nobody is signed out by it.
        client.token = old
        client.get("/auth/me").expect(200)
        assert palco.stop() == 0


@pytest.fixture
def nano(tool, tmp_path, own_server):
    """The real provider and a server that knows it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    issuer = f"http://127.0.0.1:{port}"
    known = {"LABEL": "The house", "CLIENT_SECRET": NanoProvider.SECRET, "REGISTER": "yes", "ROLES": "groups:makers=creator"}
    palco = own_server(settings("house", issuer, **known)).start()
    provider = NanoProvider(tool("nanoidp"), tmp_path, port, [f"{palco.url}/api/v1{PATH}/callback"])
    yield provider, palco
    provider.close()
    assert palco.stop() == 0


def at_nano(page, name):
    """What a person does at the provider."""
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", NanoProvider.PASSWORD)
    page.click("button[type=submit]")


def test_the_whole_way_in_a_browser(nano, chromium):
    provider, palco = nano
    with browsing.visitor(chromium, palco.url) as page:
        # The provider's page wants styles from elsewhere.
        page.route("https://**", lambda route: route.abort())
        page.goto(f"/api/v1{PATH}?next=/upload")
        assert page.url.startswith(provider.issuer)
        at_nano(page, "ann")
        page.wait_for_url(palco.url + "/upload")
        me = page.request.get("/api/v1/auth/me").json()
        assert (me["email"], me["role"]) == ("ann@example.org", "creator")
        cookies = {each["name"]: each for each in page.context.cookies(palco.url)}
        assert cookies["palco_session"]["httpOnly"] and cookies["palco_session"]["sameSite"] == "Lax"
        listed = page.request.get("/api/v1/auth/identities").json()["data"]
        assert [each["provider"] for each in listed] == ["house"]
        csrf = {"X-CSRF-Token": cookies["palco_csrf"]["value"]}
        assert page.request.delete(f"/api/v1/auth/identities/{listed[0]['id']}", headers=csrf).status == 409
        left = page.request.post("/api/v1/auth/oidc/logout", headers=csrf).json()["location"]
        assert left.startswith(provider.issuer + "/logout?")
        page.goto(left)
        page.wait_for_url(palco.url + "/sign-in*")
        assert page.request.get("/api/v1/auth/me").status == 401


def test_linking_in_a_browser(nano, chromium):
    provider, palco = nano
    with browsing.signed_in(chromium, palco) as page:
        page.route("https://**", lambda route: route.abort())
        page.goto("/")
        # As a link of a page does it.
        page.evaluate(f"location.assign('/api/v1{PATH}?link=1&next=/upload')")
        page.wait_for_url(provider.issuer + "/**")
        at_nano(page, "zoe")
        page.wait_for_url(palco.url + "/upload")
        listed = page.request.get("/api/v1/auth/identities").json()["data"]
        assert [(each["provider"], each["email"]) for each in listed] == [("house", "zoe@example.org")]
    with browsing.visitor(chromium, palco.url) as page:
        page.route("https://**", lambda route: route.abort())
        page.goto(f"/api/v1{PATH}")
        at_nano(page, "zoe")
        page.wait_for_url(palco.url + "/")
        me = page.request.get("/api/v1/auth/me").json()
        # The claim gives her nothing, and she stays the last administrator.
        assert (me["email"], me["role"]) == (ADMIN_EMAIL, "admin")
        identity = page.request.get("/api/v1/auth/identities").json()["data"][0]["id"]
        csrf = next(each["value"] for each in page.context.cookies(palco.url) if each["name"] == "palco_csrf")
        assert page.request.delete(f"/api/v1/auth/identities/{identity}", headers={"X-CSRF-Token": csrf}).status == 204
    with browsing.visitor(chromium, palco.url) as page:
        page.route("https://**", lambda route: route.abort())
        page.goto(f"/api/v1{PATH}")
        at_nano(page, "zoe")
        # Her own account now, for registering is allowed.
        page.wait_for_url(palco.url + "/")
        assert page.request.get("/api/v1/auth/me").json()["email"] == "zoe@example.org"
