"""People who remove their own accounts, where the operator allows it."""

import re

import pytest
from browsing import sign_in, visitor
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, Palco
from people import password_field, profile
from playwright.sync_api import expect
from test_codes import Authenticator
from test_people import PASSWORD, make, out, too_large


@pytest.fixture(scope="module")
def palco(tmp_path_factory):
    palco = Palco(tmp_path_factory.mktemp("own-removal") / "data", {"PALCO_SELF_REMOVAL": "true"}).start()
    yield palco
    assert palco.stop() == 0


def signed_in(palco, email, role="creator"):
    make(palco.admin(), email, role)
    client = palco.client()
    client.login(email, PASSWORD)
    return client


def gone(palco, email):
    return palco.client().post("/auth/login", {"email": email, "password": PASSWORD}).expect(401).code == "bad_credentials"


def test_not_where_nobody_allowed_it(tmp_path):
    palco = Palco(tmp_path / "data").start()
    client = signed_in(palco, "stays@example.org")
    assert client.get("/auth/options").expect(200).json()["may_remove_self"] is False
    assert client.get("/auth/me/removal").expect(403).code == "removal_closed"
    assert client.request("DELETE", "/auth/me", {"password": PASSWORD}).expect(403).code == "removal_closed"
    client.get("/auth/me").expect(200)
    assert palco.stop() == 0


def test_a_person_goes_and_the_videos_stay(palco, films):
    client = signed_in(palco, "goes@example.org")
    video = client.upload(films.copy(films.bikes, "of who goes"), title="Stays").expect(201).json()["id"]
    assert client.get("/auth/me/removal").expect(200).json()["videos"] == 1
    assert client.request("DELETE", "/auth/me", {"password": "Wrong-1-password"}).expect(422).json()["errors"][0]["field"] == "password"
    client.request("DELETE", "/auth/me", b"{", headers={"Content-Type": "application/json"}).expect(400, 422)
    client.request("DELETE", "/auth/me", b"x=1", headers={"Content-Type": "text/plain"}).expect(415)
    too_large(client, "DELETE", "/auth/me")
    palco.client().request("DELETE", "/auth/me", {"password": PASSWORD}).expect(401)
    client.request("DELETE", "/auth/me", {"password": PASSWORD}).expect(204)
    out(client)
    assert gone(palco, "goes@example.org")
    admin = palco.admin()
    assert admin.get(f"/videos/{video}").expect(200).json()["created_by"] == admin.get("/auth/me").expect(200).json()["id"]
    entry = admin.get("/admin/audit?action=user.removed").expect(200).json()["data"][0]
    assert entry["actor"]["name"] == entry["target"]["name"] == "goes@example.org"


def test_with_codes_a_code_is_needed(palco):
    client = signed_in(palco, "coded@example.org")
    authenticator = Authenticator(client.post("/auth/otp/setup", {}).expect(200).json()["uri"])
    confirmed = client.post("/auth/otp/confirm", {"code": authenticator.next()}).expect(200).json()
    client.token, client.signed_in = confirmed["tokens"]["access_token"], None
    for otp in ({}, {"otp": "000000"}):
        assert client.request("DELETE", "/auth/me", {"password": PASSWORD, **otp}).expect(422).json()["errors"][0]["field"] == "otp"
    client.request("DELETE", "/auth/me", {"password": PASSWORD, "otp": authenticator.next()}).expect(204)
    assert gone(palco, "coded@example.org")


def test_the_last_administrator_stays_and_guesses_are_counted(palco):
    assert palco.admin().request("DELETE", "/auth/me", {"password": ADMIN_PASSWORD}).expect(409).code == "last_administrator"
    assert palco.admin().get("/auth/me").expect(200).json()["email"] == ADMIN_EMAIL
    client = signed_in(palco, "guessed@example.org")
    for _ in range(5):
        client.request("DELETE", "/auth/me", {"password": "Wrong-1-password"}).expect(422)
    assert client.request("DELETE", "/auth/me", {"password": PASSWORD}).expect(423).code == "account_locked"


def test_the_page_says_what_goes_and_asks_for_the_password(palco, chromium):
    make(palco.admin(), "clicks@example.org", "creator")
    with visitor(chromium, palco.url) as page:
        sign_in(page, "clicks@example.org", PASSWORD)
        profile(page).get_by_role("button", name="Remove my account").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("What goes")
        expect(dialog).to_contain_text("What stays")
        password_field(dialog).fill("Wrong-1-password")
        page.keyboard.press("Enter")
        expect(dialog.locator(".field-error:visible")).to_have_text("This is not the password.")
        password_field(dialog).fill(PASSWORD)
        dialog.get_by_role("button", name="Remove it for good").click()
        page.wait_for_url(re.compile("/sign-in"))
    assert gone(palco, "clicks@example.org")
