"""A person's own page in a browser: codes, linked accounts, name, password, sessions, tokens."""

import re

from browsing import becomes, sign_in, visitor
from people import OTHER, client_of, fill_in, focused, have_person, password_field, profile
from playwright.sync_api import expect
from test_codes import Authenticator


def test_one_time_codes_from_setting_up_to_a_sign_in_with_a_recovery_code(chromium, open_house, tmp_path):
    email, password = have_person(open_house, "frida@example.org")
    with visitor(chromium, open_house.url) as page:
        sign_in(page, email, password)
        profile(page).get_by_role("button", name="Set up one-time codes").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Password", exact=True).fill("Wrong-Horse-9")
        page.keyboard.press("Enter")
        expect(dialog.locator(".field-error:visible")).to_have_text("This is not the password.")
        dialog.get_by_label("Password", exact=True).fill(password)
        page.keyboard.press("Enter")
        code = dialog.get_by_label("Code from your authenticator")
        code.wait_for()
        assert (code.get_attribute("autocomplete"), code.get_attribute("inputmode")) == ("one-time-code", "numeric")
        picture = dialog.get_by_role("img")
        assert picture.evaluate("(image) => image.complete && image.naturalWidth > 20"), "the picture is drawn"
        secret = dialog.get_by_label("Secret").input_value().replace(" ", "")
        address = dialog.get_by_role("link", name="Open in an authenticator").get_attribute("href")
        assert f"secret={secret}" in address
        authenticator = Authenticator(address)
        code.fill("000000")
        page.keyboard.press("Enter")
        expect(dialog.locator(".field-error:visible")).to_contain_text("This code is wrong")
        code.fill(authenticator.next())
        page.keyboard.press("Enter")
        listed = page.get_by_test_id("recovery-codes").locator("li")
        expect(listed).to_have_count(10)
        codes = listed.all_text_contents()
        page.keyboard.press("Escape")
        expect(listed.first).to_be_visible()
        with page.expect_download() as download:
            dialog.get_by_role("button", name="Save as a file").click()
        download.value.save_as(tmp_path / "codes.txt")
        assert set(codes) <= set((tmp_path / "codes.txt").read_text().split())
        dialog.get_by_role("button", name="I have kept them").click()
        expect(page.get_by_test_id("codes-state")).to_contain_text("Switched on")
        expect(page.get_by_test_id("codes")).to_contain_text("10 recovery codes left")
        expect(page.get_by_test_id("session")).to_have_count(1)
        page.get_by_test_id("account").click()
        page.get_by_test_id("sign-out").click()
        page.wait_for_url(open_house.url + "/sign-in")

        fill_in(page, email, password)
        expect(page.get_by_role("heading", level=1)).to_have_text("One-time code")
        assert focused(page) == "otp"
        page.keyboard.type("000000")
        page.keyboard.press("Enter")
        expect(page.locator(".field-error:visible")).to_contain_text("This code is wrong")
        page.get_by_role("button", name="Use a recovery code").click()
        assert focused(page) == "otp"
        page.keyboard.type(codes[0])
        page.keyboard.press("Enter")
        page.wait_for_url(open_house.url + "/")
        profile(page)
        expect(page.get_by_test_id("codes")).to_contain_text("9 recovery codes left")
        page.get_by_role("button", name="New recovery codes").click()
        dialog.get_by_label("Code from your authenticator").fill(codes[1])
        page.keyboard.press("Enter")
        expect(listed).to_have_count(10)
        assert not set(codes) & set(listed.all_text_contents())
        renewed = listed.all_text_contents()
        dialog.get_by_role("button", name="I have kept them").click()
        page.get_by_role("button", name="Switch off").click()
        dialog.get_by_label("Code from your authenticator").fill(renewed[0])
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("codes-state")).to_contain_text("Switched off")
        client_of(open_house, email, password)


def test_recovery_codes_are_printed_alone(chromium, open_house):
    email, password = have_person(open_house, "gerda@example.org")
    with visitor(chromium, open_house.url) as page:
        sign_in(page, email, password)
        profile(page).get_by_role("button", name="Set up one-time codes").click()
        page.get_by_role("dialog").get_by_label("Password", exact=True).fill(password)
        page.keyboard.press("Enter")
        link = page.get_by_role("link", name="Open in an authenticator")
        code = Authenticator(link.get_attribute("href")).next()
        page.get_by_role("dialog").get_by_label("Code from your authenticator").fill(code)
        page.keyboard.press("Enter")
        page.get_by_test_id("recovery-codes").wait_for()
        page.emulate_media(media="print")
        shown = page.evaluate("[...document.body.children].filter((each) => each.checkVisibility()).map((each) => each.tagName)")
        assert shown == ["DIALOG"]
        assert not page.get_by_role("button", name="Print").is_visible()


def test_a_provider_signs_in_is_linked_and_unlinked(chromium, open_house):
    open_house.provider.fault = None
    open_house.provider.person = {"sub": "hans", "email": "hans@example.org", "email_verified": True, "name": "Hans"}
    with visitor(chromium, open_house.url) as page:
        page.goto("/sign-in?next=%2Fprofile")
        page.get_by_role("link", name="Continue with The house").click()
        page.wait_for_url(open_house.url + "/profile")
        expect(page.get_by_test_id("identity")).to_contain_text("The house")
        expect(page.get_by_test_id("password")).to_contain_text("Your account has none")
        page.get_by_role("button", name="Unlink The house").click()
        page.get_by_role("dialog").get_by_role("button", name="Unlink").click()
        expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("This is your only way to sign in.")
    email, password = have_person(open_house, "ida@example.org")
    with visitor(chromium, open_house.url) as page:
        sign_in(page, email, password)
        profile(page).get_by_role("link", name="Link The house").click()
        page.wait_for_url(re.compile("problem="))
        expect(page.get_by_role("alert")).to_contain_text("linked to another account already")
        open_house.provider.person = {"sub": "ida", "email": "ida@example.net", "email_verified": True, "name": "Ida"}
        profile(page).get_by_role("link", name="Link The house").click()
        expect(page.get_by_test_id("identity")).to_contain_text("ida@example.net")
        assert page.url == open_house.url + "/profile"
        page.get_by_role("button", name="Unlink The house").click()
        page.get_by_role("dialog").get_by_role("button", name="Unlink").click()
        expect(page.get_by_test_id("identities")).to_contain_text("None is linked yet.")
    open_house.provider.fault = "issuer"
    with visitor(chromium, open_house.url) as page:
        page.goto("/sign-in")
        page.get_by_role("link", name="Continue with The house").click()
        expect(page.get_by_role("alert").first).to_contain_text("The answer of the other site was not accepted.")
    open_house.provider.fault = None


def test_name_and_language_are_those_of_the_account(chromium, open_house):
    email, password = have_person(open_house, "jana@example.org")
    with visitor(chromium, open_house.url) as page:
        sign_in(page, email, password)
        profile(page)
        page.get_by_test_id("details").get_by_label("Name").fill("Jana Ñuñez")
        page.get_by_test_id("details").get_by_label("Language").select_option("es")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Perfil")
        expect(page.get_by_test_id("account")).to_have_attribute("aria-label", "Cuenta de Jana Ñuñez")
    with visitor(chromium, open_house.url) as page:
        sign_in(page, email, password)
        page.goto("/")
        expect(page.get_by_role("heading", level=1)).to_have_text("Biblioteca")


def test_a_new_password_signs_out_all_but_this_page(chromium, open_house):
    email, password = have_person(open_house, "karl@example.org")
    with visitor(chromium, open_house.url) as page:
        sign_in(page, email, password)
        other = client_of(open_house, email, password)
        profile(page)
        section = page.get_by_test_id("password")
        expect(page.get_by_test_id("session")).to_have_count(2)
        password_field(section, "Current password").fill("Wrong-Horse-9")
        password_field(section, "New password").fill(OTHER)
        page.keyboard.press("Enter")
        expect(section.locator(".field-error:visible")).to_have_text("This is not the password.")
        assert focused(page) == "current_password"
        password_field(section, "Current password").fill(password)
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("session")).to_have_count(1)
        assert password_field(section, "New password").input_value() == ""
        other.get("/auth/me").expect(401)
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text("Profile")
        client_of(open_house, email, OTHER)


def test_sessions_are_seen_and_ended(chromium, open_house):
    email, password = have_person(open_house, "lena@example.org")
    with visitor(chromium, open_house.url) as page:
        sign_in(page, email, password)
        others = [client_of(open_house, email, password) for _ in range(3)]
        profile(page)
        rows = page.get_by_test_id("session")
        expect(rows).to_have_count(4)
        expect(rows.first).to_contain_text("This device")
        expect(rows.first).to_contain_text("Chrome")
        assert rows.first.get_by_role("button").count() == 0
        end = rows.nth(1).get_by_role("button")
        end.focus()
        page.keyboard.press("Enter")
        expect(rows).to_have_count(3)
        becomes(page, "document.activeElement.matches('[data-testid=session] button')")
        assert sorted(each.get("/auth/me").status for each in others) == [200, 200, 401]
        page.get_by_role("button", name="End all others").click()
        expect(rows).to_have_count(1)
        assert [each.get("/auth/me").status for each in others] == [401] * 3
        expect(page.get_by_role("button", name="End all others")).to_be_hidden()


def test_signing_out_everywhere_asks_first_and_means_it(chromium, open_house):
    email, password = have_person(open_house, "mona@example.org")
    with visitor(chromium, open_house.url) as page:
        sign_in(page, email, password)
        other = client_of(open_house, email, password)
        page.goto("/")
        page.get_by_test_id("account").click()
        page.get_by_test_id("sign-out-everywhere").click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        other.get("/auth/me").expect(200)
        page.get_by_test_id("account").click()
        page.get_by_test_id("sign-out-everywhere").click()
        page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
        page.wait_for_url(open_house.url + "/sign-in")
        other.get("/auth/me").expect(401)


def test_a_token_is_shown_once_works_and_is_removed(chromium, open_house):
    email, password = have_person(open_house, "nora@example.org")
    with visitor(chromium, open_house.url) as page:
        sign_in(page, email, password)
        profile(page).get_by_role("button", name="Create a token").click()
        dialog = page.get_by_role("dialog")
        assert dialog.get_by_label("Administer").count() == 0
        dialog.get_by_label("Read").uncheck()
        dialog.get_by_label("Name").fill("Robot")
        page.keyboard.press("Enter")
        expect(dialog.locator(".field-error:visible")).to_have_text("Choose at least one.")
        dialog.get_by_label("Read").check()
        dialog.get_by_label("Valid for").select_option(label="30 days")
        dialog.get_by_role("button", name="Create a token").click()
        shown = dialog.get_by_label("Token", exact=True)
        shown.wait_for()
        client = open_house.client()
        client.token = shown.input_value()
        assert client.token.startswith("palco_")
        client.get("/videos").expect(200)
        dialog.get_by_role("button", name="I have kept it").click()
        profile(page)
        row = page.get_by_test_id("token")
        expect(row).to_contain_text("Robot")
        assert client.token not in page.content()
        row.get_by_role("button", name="Remove the token Robot").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(row).to_have_count(0)
        expect(page.get_by_test_id("tokens")).to_contain_text("No tokens yet.")
        client.get("/videos").expect(401)
