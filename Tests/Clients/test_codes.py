"""One-time codes as people use them: a QR code that a reader reads, codes of an authenticator, recovery codes, and what a session may do
before its duty is done."""

import concurrent.futures
import json
import re
import time
import urllib.parse
import uuid

import pyotp
import pytest
import zxingcpp
from browsing import visitor
from palco import ADMIN_EMAIL, ADMIN_PASSWORD
from places import sql
from waiting import wait_until

WRONG = "000000"


class Authenticator:
    """pyotp, which gives each code once and waits for the next one."""

    def __init__(self, uri):
        self.codes = pyotp.parse_uri(uri)
        self.last = 0

    def step(self):
        # The server takes the code of the next half minute as well.
        return max(int(time.time()) // 30 - 1, self.last + 1)

    def next(self):
        wait_until(lambda: self.step() <= int(time.time()) // 30 + 1, "a code that was not used", 60)
        self.last = self.step()
        return self.codes.at(self.last * 30)


def fresh(server):
    """A client of a sign-in of its own."""
    return server.admin()


def sign_in(client, **fields):
    return client.post("/auth/login", {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, **fields}, token=False)


def enable(client):
    """Answers the authenticator and the recovery codes; the client goes on with its new tokens."""
    proposal = client.post("/auth/otp/setup", {}).expect(200).json()
    authenticator = Authenticator(proposal["uri"])
    old = client.token
    confirmed = client.post("/auth/otp/confirm", {"code": authenticator.next()}).expect(200).json()
    client.token = confirmed["tokens"]["access_token"]
    client.signed_in = None
    assert confirmed["tokens"]["user"]["otp_enabled"]
    assert client.get("/auth/me", headers={"Authorization": f"Bearer {old}"}, token=False).expect(401).code == "invalid_token"
    return authenticator, confirmed["recovery_codes"]


@pytest.fixture
def house(own_server):
    return own_server({"PALCO_SIGN_IN_FAILURES": "5"}).start()


def test_a_reader_reads_the_qr_code_as_a_browser_shows_it(chromium, house):
    client = fresh(house)
    proposal = client.post("/auth/otp/setup", {"password": ADMIN_PASSWORD}).expect(200).json()
    assert not re.search(r"<script|<style|href|url\(|on\w+=", proposal["qr_svg"])
    with visitor(chromium, house.url) as page:
        page.set_content(f'<body style="background: #123"><div style="width: 240px">{proposal["qr_svg"]}</div>')
        picture = page.locator("svg").screenshot()
        pixels = page.evaluate(
            """async (bytes) => {
                const image = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/png" }));
                const canvas = new OffscreenCanvas(image.width, image.height);
                const context = canvas.getContext("2d");
                context.drawImage(image, 0, 0);
                const { data } = context.getImageData(0, 0, image.width, image.height);
                return { width: image.width, grey: Array.from(data).filter((_, index) => index % 4 === 1) };
            }""",
            list(picture),
        )
    rows = memoryview(bytes(pixels["grey"])).cast("B", (len(pixels["grey"]) // pixels["width"], pixels["width"]))
    (found,) = zxingcpp.read_barcodes(rows)
    assert found.text == proposal["uri"]
    parts = urllib.parse.urlsplit(found.text)
    assert (parts.scheme, parts.netloc, parts.path) == ("otpauth", "totp", f"/Palco:{urllib.parse.quote(ADMIN_EMAIL)}")
    assert pyotp.parse_uri(found.text).secret == proposal["secret"]


def test_from_the_first_code_to_the_last(house):
    client = fresh(house)
    assert client.get("/auth/otp").expect(200).json() == {"is_enabled": False, "recovery_codes_left": 0}
    other = fresh(house)
    assert client.post("/auth/otp/confirm", {"code": WRONG}).expect(409).code == "otp_not_set_up"
    client.post("/auth/otp/setup", {}).expect(200)
    assert client.post("/auth/otp/confirm", {"code": "no code"}).expect(422).json()["errors"][0]["code"] == "otp_wrong"
    authenticator, recovery = enable(client)
    assert len(set(recovery)) == 10
    assert client.get("/auth/otp").expect(200).json() == {"is_enabled": True, "recovery_codes_left": 10}
    # What was signed in by a password alone is out.
    assert other.get("/auth/me").expect(401).code == "invalid_token"

    assert client.post("/auth/otp/setup", {}).expect(409).code == "otp_enabled"
    assert client.post("/auth/otp/confirm", {"code": WRONG}).expect(409).code == "otp_enabled"

    assert sign_in(client).expect(401).code == "otp_required"
    assert sign_in(client, otp=WRONG).expect(401).code == "otp_wrong"
    assert sign_in(client, password="Wrong-Horse-7").expect(401).code == "bad_credentials"
    code = authenticator.next()
    assert sign_in(client, password="Wrong-Horse-7", otp=code).expect(401).code == "bad_credentials"
    assert sign_in(client, otp=f"{code[:3]} {code[3:]}").expect(200).json()["user"]["otp_enabled"]
    assert sign_in(client, otp=code).expect(401).code == "otp_wrong"

    sign_in(client, otp=recovery[0].upper()).expect(200)
    assert sign_in(client, otp=recovery[0]).expect(401).code == "otp_wrong"
    assert client.get("/auth/otp").json()["recovery_codes_left"] == 9
    renewed = client.post("/auth/otp/recovery-codes", {"code": recovery[1]}).expect(200).json()["recovery_codes"]
    assert len(set(renewed) | set(recovery)) == 20
    assert sign_in(client, otp=recovery[2]).expect(401).code == "otp_wrong"

    client.post("/auth/otp/disable", {"code": renewed[0]}).expect(204)
    assert client.post("/auth/otp/disable", {"code": renewed[1]}).expect(409).code == "otp_not_set_up"
    assert client.post("/auth/otp/recovery-codes", {"code": renewed[1]}).expect(409).code == "otp_not_set_up"
    assert not sign_in(client).expect(200).json()["user"]["otp_enabled"]


def test_a_code_opens_once_however_often_it_is_sent_at_the_same_time(own_server):
    server = own_server({"PALCO_SIGN_IN_FAILURES": "1000", "PALCO_TRUSTED_PROXIES": "127.0.0.1"}).start()
    client = fresh(server)
    authenticator, recovery = enable(client)
    for code in (authenticator.next(), recovery[3]):
        # Each from a network of its own, so that none waits for another.
        def send(number, code=code):
            body = json.dumps({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, "otp": code})
            headers = {"X-Forwarded-For": f"198.51.100.{number}", "Content-Type": "application/json"}
            return server.client().post("/auth/login", body, headers=headers, token=False).status

        with concurrent.futures.ThreadPoolExecutor(20) as crowd:
            statuses = list(crowd.map(send, range(20)))
        assert sorted(statuses) == [200] + 19 * [401], statuses


def test_wrong_codes_lock_like_wrong_passwords(house):
    client = fresh(house)
    authenticator, recovery = enable(client)
    for _ in range(3):
        assert sign_in(client, otp=WRONG).expect(401).code == "otp_wrong"
    for _ in range(2):
        assert sign_in(client, password="Wrong-Horse-7").expect(401).code == "bad_credentials"
    assert sign_in(client, otp=authenticator.next()).expect(423).code == "account_locked"
    assert sign_in(client, otp=recovery[0]).expect(423).code == "account_locked"


@pytest.mark.parametrize("path", ["disable", "recovery-codes"])
def test_a_stolen_session_cannot_guess_codes(house, path):
    client = fresh(house)
    _, recovery = enable(client)
    for _ in range(5):
        refused = client.post(f"/auth/otp/{path}", {"code": WRONG}).expect(422).json()
        assert refused["errors"] == [{"field": "code", "code": "otp_wrong", "detail": refused["errors"][0]["detail"]}]
    assert client.post(f"/auth/otp/{path}", {"code": recovery[0]}).expect(423).code == "account_locked"
    assert client.get("/auth/otp").json() == {"is_enabled": True, "recovery_codes_left": 10}


def test_an_old_sign_in_sets_up_codes_with_the_password_only(house):
    client = fresh(house)
    sql(house.data, "UPDATE sessions SET created_at = created_at - 960000000 RETURNING 1")
    assert client.post("/auth/otp/setup", {}).expect(403).code == "recent_sign_in_required"
    for _ in range(5):
        refused = client.post("/auth/otp/setup", {"password": "Wrong-Horse-7"}).expect(422).json()
        assert refused["errors"][0]["field"] == "password" and refused["errors"][0]["code"] == "wrong_password"
    assert client.post("/auth/otp/setup", {"password": ADMIN_PASSWORD}).expect(423).code == "account_locked"


def test_nobody_and_too_much(house):
    client = fresh(house)
    stranger = house.client()
    assert stranger.get("/auth/otp").expect(401).code == "unauthorized"
    for path in ("setup", "confirm", "disable", "recovery-codes"):
        assert stranger.post(f"/auth/otp/{path}", {"code": WRONG}).expect(401).code == "unauthorized"
        assert client.post(f"/auth/otp/{path}", {"code": "1" * 20_000}).expect(413).code == "body_too_large"


def test_a_browser_gets_new_cookies_and_no_tokens(chromium, house):
    with visitor(chromium, house.url) as page:
        login = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        request = page.context.request
        assert request.post("/api/v1/auth/login", data=login).ok
        cookies = {each["name"]: each["value"] for each in page.context.cookies()}
        for path in ("setup", "confirm", "disable", "recovery-codes"):
            refused = request.post(f"/api/v1/auth/otp/{path}", data={"code": WRONG})
            assert refused.status == 403 and refused.json()["code"] == "csrf_failed"
        headers = {"X-CSRF-Token": cookies["palco_csrf"]}
        proposal = request.post("/api/v1/auth/otp/setup", data={}, headers=headers).json()
        code = Authenticator(proposal["uri"]).next()
        confirmed = request.post("/api/v1/auth/otp/confirm", data={"code": code}, headers=headers)
        assert confirmed.ok and list(confirmed.json()) == ["recovery_codes"]
        renewed = {each["name"]: each["value"] for each in page.context.cookies()}
        assert renewed["palco_session"] != cookies["palco_session"] and renewed["palco_csrf"] != cookies["palco_csrf"]
        assert request.get("/api/v1/auth/me").json()["otp_enabled"]


def test_a_duty_comes_before_everything_else(own_server):
    server = own_server({"PALCO_OTP_REQUIRED": "admin"}).start()
    client = fresh(server)
    assert client.get("/auth/me").expect(200).json()["duties"] == ["set_up_otp"]
    routes = {(method, path) for method, path, _ in client.contract().promises()}
    closed = [each for each in sorted(routes) if each[0] != "OPTIONS" and each[1].startswith(("/videos", "/uploads", "/admin"))]
    assert len(closed) > 20
    for method, path in closed:
        answer = client.request(method, re.sub(r"\{\w+\}", str(uuid.uuid4()), path)).expect(403)
        assert method == "HEAD" or answer.code == "otp_setup_required", (method, path, answer)
    enable(client)
    assert client.get("/auth/me").json()["duties"] == []
    client.get("/videos").expect(200)


def test_an_old_password_is_changed_first(own_server):
    server = own_server({"PALCO_PASSWORD_MAX_AGE": "3600"}).start()
    sql(server.data, "UPDATE users SET password_changed_at = password_changed_at - 3600000000 RETURNING 1")
    client = fresh(server)
    assert client.get("/auth/me").expect(200).json()["duties"] == ["change_password"]
    assert client.get("/videos").expect(403).code == "password_change_required"
    new = "Tr0mbone-kelp"
    changed = client.post("/auth/password", {"current_password": ADMIN_PASSWORD, "new_password": new}).expect(200).json()
    client.token, client.signed_in = changed["access_token"], None
    assert changed["user"]["duties"] == []
    client.get("/videos").expect(200)
    back = client.post("/auth/password", {"current_password": new, "new_password": ADMIN_PASSWORD}).expect(422).json()
    assert [each["code"] for each in back["errors"]] == ["used_before"]
