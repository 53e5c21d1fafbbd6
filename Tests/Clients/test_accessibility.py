"""The accessibility checker on every page and in every state that people meet, wide and narrow, light and dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import sign_in, visitor, watch
from palco import ADMIN_PASSWORD
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


def found(page, standard):
    library(page, standard)
    page.goto("/search?q=bunny")
    page.get_by_test_id("hit").first.wait_for()


def filters(page, standard):
    found(page, standard)
    if page.get_by_role("button", name="Filters").is_visible():
        page.get_by_role("button", name="Filters").click()
    expect(page.get_by_test_id("facets")).to_be_visible()


def suggestions(page, standard):
    library(page, standard)
    page.get_by_test_id("find-open").click()
    page.keyboard.type("bun")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("ArrowDown")


def nothing_found(page, _):
    page.goto("/search?q=xyzzyplugh&tag=none")
    expect(page.get_by_test_id("empty")).to_be_visible()


def keep(page, path, method="PUT", data=None):
    """What a page does by its buttons, done without them."""
    cookies = {each["name"]: each["value"] for each in page.context.cookies()}
    headers = {"X-CSRF-Token": cookies["palco_csrf"]}
    answer = page.context.request.fetch(f"/api/v1{path}", method=method, data=data, headers=headers)
    assert answer.ok, answer.text()
    return answer


def favourites(page, standard):
    keep(page, f"/videos/{standard['id']}/favorite")
    page.goto("/favorites")
    page.get_by_test_id("video").first.wait_for()


def watched(page, standard):
    keep(page, f"/videos/{standard['id']}/watched")
    page.goto("/history")
    page.get_by_test_id("watched").first.wait_for()


def lists(page, standard):
    keep(page, "/me/playlists", "POST", {"name": "Soon"})
    page.goto("/lists")
    page.locator(".list-row").first.wait_for()


def one_list(page, standard):
    made = keep(page, "/me/playlists", "POST", {"name": "Soon"}).json()
    keep(page, f"/me/playlists/{made['id']}/videos/{standard['id']}")
    page.goto(f"/lists/{made['id']}")
    page.get_by_test_id("entry").wait_for()


def choosing_lists(page, standard):
    keep(page, "/me/playlists", "POST", {"name": "Soon"})
    film(page, standard)
    page.get_by_test_id("add-to-list").click()
    page.get_by_test_id("choices").get_by_role("button").first.click()


CUES = "WEBVTT\n\n00:00.500 --> 00:02.000\nThe first words\n\n00:02.500 --> 00:04.000\nMore of them\n"


def caption(page, standard):
    cookies = {each["name"]: each["value"] for each in page.context.cookies()}
    headers = {"X-CSRF-Token": cookies["palco_csrf"], "Content-Type": "text/vtt"}
    path = f"/api/v1/videos/{standard['id']}/captions/en"
    assert page.context.request.put(path, data=CUES, headers=headers).ok


def category(page, standard):
    library(page, standard)
    keep(page, f"/videos/{standard['id']}", "PATCH", {"category": "Rabbits", "people": ["Ann Lee"], "tags": ["fur"]})
    page.goto("/category?name=Rabbits")
    page.get_by_test_id("video").first.wait_for()


def tags(page, standard):
    category(page, standard)
    page.goto("/tags")
    page.locator(".tag-link").first.wait_for()


def own_videos(page, _):
    page.goto("/videos/mine")
    page.get_by_test_id("own").first.wait_for()


def choosing(page, _):
    own_videos(page, _)
    page.get_by_test_id("select").first.check()
    expect(page.get_by_test_id("batch")).to_be_visible()


def replacing(page, _):
    own_videos(page, _)
    page.get_by_test_id("own").first.locator("[data-part=menu]").click()
    page.locator(".menu:popover-open").get_by_role("button", name="Replace the file").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def removing(page, _):
    own_videos(page, _)
    page.get_by_test_id("own").first.locator("[data-part=menu]").click()
    page.locator(".menu:popover-open").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def transcript(page, standard):
    library(page, standard)
    caption(page, standard)
    film(page, standard)
    page.get_by_test_id("transcript-open").click()
    page.get_by_test_id("transcript-find").fill("words")
    expect(page.get_by_test_id("transcript").locator("mark")).to_have_count(1)


def editing_captions(page, standard):
    library(page, standard)
    caption(page, standard)
    page.goto(f"/videos/{standard['id']}/captions")
    page.get_by_test_id("cue").first.locator("[data-part=end]").fill("x")
    page.get_by_test_id("save").click()
    expect(page.locator(".field-error:visible")).to_have_count(1)


def adding_captions(page, standard):
    page.goto(f"/videos/{standard['id']}/captions")
    page.get_by_test_id("add-captions").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def vocabulary(page, standard):
    category(page, standard)
    page.goto("/administration/vocabulary?view=people")
    page.get_by_test_id("terms").locator("tr[data-id]").first.wait_for()


def joining_names(page, standard):
    vocabulary(page, standard)
    page.get_by_test_id("terms").locator("[data-part=menu]").first.click()
    page.locator(".menu:popover-open").get_by_role("button", name="Join with another").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def offline(page, _):
    page.goto("/offline")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are offline")


def account(page, _):
    page.goto("/")
    page.get_by_test_id("account").click()
    expect(page.get_by_test_id("sign-out")).to_be_visible()


def people(page, _):
    page.goto("/administration/people")
    page.get_by_test_id("people").locator("tr[data-id]").first.wait_for()


def person(page, _):
    people(page, _)
    page.get_by_test_id("people").locator("[data-part=name]").first.click()
    page.get_by_test_id("person-name").wait_for()
    page.get_by_test_id("audit").first.wait_for()


def menu_of_person(page, _):
    people(page, _)
    page.get_by_test_id("people").locator("[data-part=menu]").first.click()
    expect(page.locator(".menu:popover-open")).to_be_visible()


def several_people(page, _):
    people(page, _)
    page.get_by_test_id("people").get_by_role("checkbox").first.check()
    expect(page.get_by_test_id("batch")).to_be_visible()


def changing_role(page, _):
    people(page, _)
    page.get_by_test_id("people").locator("[data-part=role]").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def inviting(page, _):
    people(page, _)
    page.get_by_test_id("invite").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def importing(page, _):
    page.goto("/administration/people?view=import")
    file = dict(name="people.csv", mimeType="text/csv", buffer=b"email\nnobody@example.org\nno address\n")
    page.set_input_files("[data-testid=csv]", [file])
    page.get_by_test_id("refused").wait_for()


def invitations(page, _):
    page.goto("/administration/people?view=invitations")
    page.get_by_role("heading", level=1).wait_for()
    expect(page.locator("main [aria-busy=true]")).to_have_count(0)


def groups(page, _):
    page.goto("/administration/groups")
    page.get_by_role("heading", level=1).wait_for()
    expect(page.locator("main [aria-busy=true]")).to_have_count(0)


def audit(page, _):
    page.goto("/administration/audit")
    page.get_by_test_id("audit").locator("tr[data-id]").first.wait_for()


def choosing_actor(page, _):
    audit(page, _)
    page.get_by_test_id("choose-actor").click()
    page.locator(".picks li").first.wait_for()


def server_settings(page, _):
    page.goto("/administration/settings")
    page.get_by_test_id("settings").locator("tr[data-id]").first.wait_for()


def system(page, _):
    page.goto("/administration/system")
    expect(page.get_by_test_id("system-encoder")).to_contain_text("ffmpeg")


def no_page(page, _):
    page.goto("/nowhere")
    expect(page.get_by_role("heading", level=1)).to_have_text("This page was not found")


def sign_in_page(page, _):
    page.goto("/sign-in")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to Palco")


def refused_sign_in(page, _):
    sign_in_page(page, _)
    page.get_by_label("E-mail address").fill("nobody@example.org")
    page.get_by_label("Password", exact=True).fill("Wrong-1-password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()


def registration(page, _):
    page.goto("/register")
    expect(page.get_by_role("heading", level=1)).to_have_text("Registration is closed")


def forgotten(page, _):
    page.goto("/forgot")
    expect(page.get_by_role("heading", level=1)).to_have_text("Forgotten password")


def verification(page, _):
    page.goto("/verify#token=x")
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to Palco")


def new_password(page, _):
    page.goto("/reset#token=x")
    page.get_by_label("New password").fill("abc")
    page.keyboard.press("Enter")
    expect(page.locator(".field-error:visible")).to_have_count(1)


def own_page(page, _):
    page.goto("/profile")
    page.get_by_test_id("sessions").wait_for()


def connecting(page, _):
    own_page(page, _)
    page.get_by_role("button", name="Set up one-time codes").click()
    page.get_by_role("dialog").get_by_label("Password", exact=True).fill(ADMIN_PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("Code from your authenticator").wait_for()


def new_token(page, _):
    own_page(page, _)
    page.get_by_role("button", name="Create a token").click()
    page.keyboard.press("Enter")
    expect(page.locator(".field-error:visible")).to_have_count(1)


def violations(found):
    """The rules that are broken, and where. (The report of the package stumbles over shadow trees.)"""
    return {rule["id"]: [node["target"] for node in rule["nodes"]] for rule in found.response["violations"]}


SIGNED_OUT = [sign_in_page, refused_sign_in, registration, forgotten, verification, new_password]
SIGNED_IN = [library, upload, film, settings, languages, sound_alone, shortcuts, editing, account, no_page]
CATALOGUE = [found, filters, suggestions, nothing_found, favourites, watched, lists, one_list, choosing_lists]
ADMINISTRATION = [
    people, person, menu_of_person, several_people, changing_role, inviting, importing, invitations, groups, audit, choosing_actor,
    server_settings, system,
]  # fmt: skip
CATALOGUE += [
    category, tags, own_videos, choosing, replacing, removing, transcript, editing_captions, adding_captions, vocabulary, joining_names,
    offline,
]  # fmt: skip
SIGNED_IN += CATALOGUE
SIGNED_IN += ADMINISTRATION
SIGNED_IN += [own_page, connecting, new_token]
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
OTHER_FILMS = {languages: "spoken", sound_alone: "song"}
AT_REST = """document.getAnimations().every(each =>
    each.playState !== "running" || each.effect.getTiming().iterations === Infinity)"""


@pytest.mark.parametrize("place", SIGNED_OUT + SIGNED_IN, ids=lambda place: place.__name__)
def test_the_checker_finds_nothing(chromium, server, request, place):
    video = request.getfixturevalue(OTHER_FILMS.get(place, "standard"))
    # The checker writes styles of its own into shadow trees; the other tests see to it that the page does not.
    options = dict(viewport=dict(width=390, height=800), color_scheme="light", bypass_csp=True)
    with visitor(chromium, server.url, **options) as page:
        if place in SIGNED_IN:
            sign_in(page)
        place(page, video)
        assert page.locator("main.entrance").count() == (place in SIGNED_OUT), page.url
        assert not page.complaints, page.complaints
        found, wider = {}, {}
        for width in (390, 1280):
            page.set_viewport_size(dict(width=width, height=800))
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                # Half way from light to dark nothing stands out from anything.
                page.wait_for_function(AT_REST)
                found[width, scheme] = violations(Axe().run(page))
                wider[width, scheme] = page.evaluate(SIDEWAYS)
        # The checker itself tries an inline style in the player's shadow tree: the policy rightly refuses it.
        page.complaints.clear()
        assert not any(found.values()), found
        assert max(wider.values()) <= 0, f"the page scrolls sideways: {wider}"
