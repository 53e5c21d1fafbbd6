"""The accessibility checker on every page and in every state that people meet, wide and narrow, light and dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import sign_in, visitor, watch
from playwright.sync_api import expect


def library(page, standard):
    page.goto("/")
    page.locator(f"[data-id='{standard['id']}'] img").wait_for()


def upload(page, _):
    page.goto("/upload")
    refused = dict(name="no film.mp4", mimeType="video/mp4", buffer=b"no film at all" * 100)
    page.set_input_files("input[type=file]", [refused])
    expect(page.locator("main").get_by_test_id("upload")).to_have_attribute("data-state", "failed")


def film(page, standard):
    watch(page, standard).wait(lambda state: state["duration"], 20, "loaded")


def settings(page, standard):
    film(page, standard)
    page.get_by_test_id("settings").click()
    expect(page.get_by_role("menu")).to_be_visible()


def languages(page, spoken):
    settings(page, spoken)
    page.get_by_test_id("menu-sound").click()
    expect(page.get_by_role("menuitemradio")).to_have_count(3)


def sound_alone(page, song):
    film(page, song)
    expect(page.get_by_test_id("audio")).to_be_visible()


def shortcuts(page, standard):
    film(page, standard)
    page.locator("palco-player").press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def editing(page, standard):
    film(page, standard)
    page.get_by_test_id("edit").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def account(page, _):
    page.goto("/")
    page.get_by_test_id("account").click()
    expect(page.get_by_test_id("sign-out")).to_be_visible()


def no_page(page, _):
    page.goto("/nowhere")
    expect(page.get_by_role("heading", level=1)).to_have_text("This page was not found")


def sign_in_page(page, _):
    page.goto("/sign-in")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to Palco")


def refused_sign_in(page, _):
    sign_in_page(page, _)
    page.get_by_label("E-mail address").fill("nobody@example.org")
    page.get_by_label("Password").fill("Wrong-1-password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()


def violations(found):
    """The rules that are broken, and where. (The report of the package stumbles over shadow trees.)"""
    return {rule["id"]: [node["target"] for node in rule["nodes"]] for rule in found.response["violations"]}


SIGNED_OUT = [sign_in_page, refused_sign_in]
SIGNED_IN = [library, upload, film, settings, languages, sound_alone, shortcuts, editing, account, no_page]
OTHER_FILMS = {languages: "spoken", sound_alone: "song"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("place", SIGNED_OUT + SIGNED_IN, ids=lambda place: place.__name__)
def test_the_checker_finds_nothing(chromium, server, request, place, width, scheme):
    video = request.getfixturevalue(OTHER_FILMS.get(place, "standard"))
    # The checker writes styles of its own into shadow trees; the other tests see to it that the page does not.
    options = dict(viewport=dict(width=width, height=800), color_scheme=scheme, bypass_csp=True)
    with visitor(chromium, server.url, **options) as page:
        if place in SIGNED_IN:
            sign_in(page)
        place(page, video)
        assert ("/sign-in" in page.url) == (place in SIGNED_OUT), page.url
        assert not page.complaints, page.complaints
        found = Axe().run(page)
        # The checker itself tries an inline style in the player's shadow tree: the policy rightly refuses it.
        page.complaints.clear()
        assert violations(found) == {}
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, "the page scrolls sideways"
