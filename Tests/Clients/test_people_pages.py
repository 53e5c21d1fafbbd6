"""The pages by which people come in, in a browser: what they see, where the focus is, and what is true afterwards."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import becomes, sign_in, visitor
from palco import ADMIN_EMAIL, ADMIN_PASSWORD
from people import CHOSEN, OTHER, fill_in, focused, have_person, last_token, password_field, profile, traces, wait_for_mail
from playwright.sync_api import expect
from test_accessibility import violations
from test_codes import Authenticator

NARROW = dict(viewport=dict(width=360, height=740))


def test_a_person_registers_by_mail_and_the_secret_of_the_link_stays_with_the_page(chromium, open_house):
    with visitor(chromium, open_house.url) as page:
        page.goto("/sign-in")
        page.get_by_role("link", name="Create an account").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Create an account")
        assert focused(page) == "name"
        page.get_by_label("Name").fill("Ann")
        page.get_by_label("E-mail address").fill("ann@example.org")
        password_field(page).fill(CHOSEN)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mail")
        assert focused(page) == "H1", "the focus goes to what is new"
        wait_for_mail(open_house.mails, "ann@example.org", "Confirm your e-mail address")
        token = last_token(open_house.mails, "ann@example.org", "verify")
        seen = traces(page)
        page.goto(f"/verify#token={token}")
        password_field(page).fill("Wrong-Horse-9")
        assert "token" not in page.url and page.url == f"{open_house.url}/verify"
        page.keyboard.press("Enter")
        expect(page.get_by_text("This is not the password.")).to_be_visible()
        assert password_field(page).get_attribute("aria-invalid") == "true" and focused(page) == "password"
        page.go_back()
        page.wait_for_url(lambda url: "/verify" not in url)
        page.go_forward()
        expect(page.get_by_role("heading", level=1)).to_have_text("This link is not valid any more")
        page.goto(f"/verify#token={token}")
        password_field(page).fill(CHOSEN)
        page.keyboard.press("Enter")
        page.wait_for_url(open_house.url + "/")
        page.get_by_test_id("account").click()
        expect(page.locator(".account-menu")).to_contain_text("ann@example.org")
        assert not [each for each in seen if token in "".join(each)], "a request told the secret"
        assert token not in page.evaluate("JSON.stringify([localStorage, sessionStorage, history.state])")


def test_what_is_missing_in_a_registration_stands_at_its_field(chromium, open_house):
    with visitor(chromium, open_house.url) as page:
        page.goto("/register")
        password_field(page).fill("abc")
        met = page.locator(".requirements .met")
        expect(met).to_have_text(["a small letter(met)"])
        password_field(page).press_sequentially("D1!")
        expect(met).to_have_count(4)
        page.get_by_role("button", name="Create the account").click()
        expect(page.locator(".field-error:visible")).to_have_text(
            ["Please fill this in.", "Please fill this in.", "The password does not yet meet what is asked for above."]
        )
        assert focused(page) == "name"
        described = page.get_by_label("Name").get_attribute("aria-describedby").split()
        assert page.locator(f"#{described[0]}").text_content() == "Please fill this in."
        page.get_by_label("Name").fill("Eve")
        page.get_by_label("E-mail address").fill("no address")
        password_field(page).fill("Password-1")
        page.keyboard.press("Enter")
        expect(page.locator(".field-error:visible")).to_have_text(["This is not an e-mail address. It looks like name@example.org."])
        page.get_by_label("E-mail address").fill("eve@example.org")
        page.keyboard.press("Enter")
        expect(page.locator(".field-error:visible")).to_have_text(
            ["This is one of the first passwords that anyone would try. Choose another one."]
        )
        assert focused(page) == "password"


def test_a_password_can_be_shown_and_is_hidden_before_it_is_sent(chromium, open_house):
    with visitor(chromium, open_house.url) as page:
        page.goto("/sign-in")
        show = page.get_by_role("button", name="Show the password")
        password_field(page).fill("Wrong-Horse-9")
        assert (password_field(page).get_attribute("type"), show.get_attribute("aria-pressed")) == ("password", "false")
        show.click()
        assert (password_field(page).get_attribute("type"), show.get_attribute("aria-pressed")) == ("text", "true")
        page.get_by_label("E-mail address").fill("nobody@example.org")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("The e-mail address or the password is wrong.")
        assert password_field(page).get_attribute("type") == "password"


def test_an_invitation_says_who_and_makes_the_account_at_once(chromium, open_house):
    wish = {"email": "carl@example.org", "role": "creator", "expires_in_days": 1}
    token = open_house.admin().post("/admin/invitations", wish).expect(201).json()["link"].rpartition("=")[2]
    with visitor(chromium, open_house.url) as page:
        page.goto(f"/register#invitation={token}")
        expect(page.locator("main")).to_contain_text("You have been invited. Your role: Creator.")
        assert page.url == f"{open_house.url}/register"
        email = page.get_by_label("E-mail address")
        assert (email.input_value(), email.get_attribute("readonly")) == ("carl@example.org", "")
        page.get_by_label("Name").fill("Carl")
        password_field(page).fill(CHOSEN)
        page.keyboard.press("Enter")
        page.wait_for_url(open_house.url + "/")
        profile(page)
        expect(page.get_by_test_id("details")).to_contain_text("Creator")
        page.goto(f"/register#invitation={token}")
        expect(page.get_by_role("heading", level=1)).to_have_text("This invitation is not valid")


def test_another_link_in_the_same_tab_differs_behind_the_hash_alone_and_is_opened(chromium, open_house):
    with visitor(chromium, open_house.url) as page:
        page.goto("/verify")
        expect(page.get_by_role("heading", level=1)).to_have_text("This link is not valid any more")
        page.evaluate("location.hash = 'token=another'")
        expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to Palco")
        assert page.url == f"{open_house.url}/verify"


def test_where_registration_is_closed_the_pages_say_so(chromium, server):
    with visitor(chromium, server.url) as page:
        page.goto("/sign-in")
        page.get_by_role("link", name="Forgot your password?").wait_for()
        assert page.get_by_role("link", name="Create an account").count() == 0
        page.goto("/register")
        expect(page.get_by_role("heading", level=1)).to_have_text("Registration is closed")
        page.goto("/forgot")
        expect(page.locator("main")).to_contain_text("This server sends no mail. Ask the administrator")


def test_a_forgotten_password_is_chosen_anew_by_the_link_of_a_mail(chromium, open_house):
    email, _ = have_person(open_house, "dora@example.org")
    with visitor(chromium, open_house.url) as page:
        page.goto("/sign-in")
        page.get_by_role("link", name="Forgot your password?").click()
        page.get_by_label("E-mail address").fill(email)
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_contain_text(f"If there is an account for {email}")
        wait_for_mail(open_house.mails, email, "Choose a new password")
        token = last_token(open_house.mails, email, "reset")
        seen = traces(page)
        page.goto(f"/reset#token={token}")
        password_field(page, "New password").fill(OTHER)
        assert page.url == f"{open_house.url}/reset"
        assert password_field(page, "New password").get_attribute("autocomplete") == "new-password"
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("The password was changed")
        page.get_by_role("link", name="To sign-in").click()
        fill_in(page, email, OTHER)
        page.wait_for_url(open_house.url + "/")
        page.goto(f"/reset#token={token}")
        password_field(page, "New password").fill(CHOSEN)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("This link is not valid any more")
        assert not [each for each in seen if token in "".join(each)], "a request told the secret"


def test_signing_in_needs_nothing_but_the_keyboard(chromium, open_house):
    with visitor(chromium, open_house.url) as page:
        page.goto("/sign-in")
        becomes(page, "document.activeElement.name === 'email'")
        page.keyboard.type(ADMIN_EMAIL)
        page.keyboard.press("Tab")
        page.keyboard.type(ADMIN_PASSWORD)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.ariaLabel") == "Show the password"
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.wait_for_url(open_house.url + "/")


def test_a_locked_account_says_until_when(chromium, own_server):
    palco = own_server().start()
    with visitor(chromium, palco.url) as page:
        page.goto("/sign-in")
        alert = page.get_by_role("alert")
        for _ in range(5):
            with page.expect_response("**/auth/login"):
                fill_in(page, ADMIN_EMAIL, "Wrong-Horse-9")
            expect(alert).to_be_visible()
        fill_in(page, ADMIN_EMAIL, ADMIN_PASSWORD)
        expect(alert).to_contain_text(re.compile(r"this account is locked until \w+ \d+, \d{4}, \d+:\d\d"))
    assert palco.stop() == 0


def test_a_server_that_is_away_is_told_apart_from_a_wrong_password(chromium, open_house):
    with visitor(chromium, open_house.url) as page:
        page.goto("/sign-in")
        page.context.set_offline(True)
        fill_in(page, ADMIN_EMAIL, ADMIN_PASSWORD)
        expect(page.get_by_role("alert")).to_contain_text("The server does not answer.")
        page.context.set_offline(False)
        page.keyboard.press("Enter")
        page.wait_for_url(open_house.url + "/")


def test_a_person_with_a_duty_is_led_to_it_and_then_to_where_they_wanted(chromium, own_server):
    palco = own_server({"PALCO_OTP_REQUIRED": "admin"}).start()
    with visitor(chromium, palco.url) as page:
        page.goto("/upload")
        page.wait_for_url(re.compile("/sign-in"))
        fill_in(page, ADMIN_EMAIL, ADMIN_PASSWORD)
        expect(page.get_by_role("heading", level=1)).to_have_text("Set up one-time codes")
        expect(page.locator("main")).to_contain_text("accounts with your role sign in with a one-time code")
        assert page.get_by_test_id("upload-link").count() == 0
        page.goto("/profile")
        expect(page.get_by_role("heading", level=1)).to_have_text("Set up one-time codes")
        page.goto("/upload")
        page.get_by_role("button", name="Set up one-time codes").click()
        page.get_by_role("dialog").get_by_label("Password", exact=True).fill(ADMIN_PASSWORD)
        page.keyboard.press("Enter")
        link = page.get_by_role("link", name="Open in an authenticator")
        code = Authenticator(link.get_attribute("href")).next()
        page.get_by_role("dialog").get_by_label("Code from your authenticator").fill(code)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="I have kept them").click()
        page.get_by_test_id("upload-link").wait_for()
        expect(page.get_by_role("heading", level=1)).to_have_text("Upload")
        assert page.url == palco.url + "/upload"
    assert palco.stop() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/sign-in", "/register", "/forgot", "/profile"])
@pytest.mark.parametrize("language", ["en-US", "es-ES", "ru-RU"])
def test_the_pages_hold_on_a_phone_in_every_language(chromium, open_house, path, language, scheme):
    with visitor(chromium, open_house.url, locale=language, color_scheme=scheme, bypass_csp=True, **NARROW) as page:
        if path == "/profile":
            sign_in(page)
        page.goto(path)
        page.locator("main form").first.wait_for()
        assert page.evaluate("document.documentElement.lang") == language[:2]
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, "the page scrolls sideways"
        assert violations(Axe().run(page)) == {}
        page.complaints.clear()
