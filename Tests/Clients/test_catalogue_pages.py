"""Pages for what can be found and kept: search, favourites, history, lists, and what of them stands on home and below a video."""

import re
import urllib.parse

import pytest
from browsing import becomes, sign_in, visitor
from palco import Palco
from playwright.sync_api import expect
from test_people import PASSWORD, make
from test_personal import CODECS
from watching import VIDEO

SCRIPT = "<img src=x onerror=\"document.title='broken'\"> rodilla"
FILMS = [
    dict(title="Cirugía de rodilla", description="Prótesis de la rodilla", tags="rodilla,prótesis", category="Cirugía", people="Ana Núñez", language="es"),
    dict(title="The knee, step by step", description="For the first year", tags="knee", category="Surgery", people="Ann Lee", language="en"),
    dict(title=SCRIPT, description="Hips & knees", tags="rodilla", category="Surgery"),
]


class House:
    """A server with three films of some seconds, and people who have nothing yet."""

    def __init__(self, palco, films):
        self.palco = palco.start()
        self.admin = palco.admin()
        self.videos = []
        for number, fields in enumerate(FILMS):
            film = films.test_card(f"kept{number}.mp4", *CODECS, size=f"{320 + 32 * number}x180", seconds=20)
            self.videos.append(self.admin.upload(film, **fields).expect(201).json()["id"])
        for video in self.videos:
            self.admin.wait(video, whole=True)
        self.count = 0

    def person(self, role="user"):
        """Somebody new: their address, and a client of theirs."""
        self.count += 1
        email = f"viewer{self.count}@example.org"
        make(self.admin, email, role=role)
        client = self.palco.client()
        client.login(email, PASSWORD)
        return email, client


@pytest.fixture(scope="module")
def house(tmp_path_factory, films):
    house = House(Palco(tmp_path_factory.mktemp("catalogue") / "data"), films)
    yield house
    assert house.palco.stop() == 0


@pytest.fixture
def viewer(chromium, house):
    """A page of somebody new, and their client."""
    email, client = house.person()
    with visitor(chromium, house.palco.url) as page:
        sign_in(page, email, PASSWORD)
        yield page, client


def ids(client, path):
    return [each["id"] for each in client.get(path).expect(200).json()["data"]]


def query(page):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query)


def titles(page, testid):
    return page.get_by_test_id(testid).get_by_role("heading")


def test_words_are_searched_from_anywhere_and_marked_where_they_were_found(viewer):
    page, _ = viewer
    page.goto("/")
    page.get_by_test_id("video").first.wait_for()
    page.keyboard.press("/")
    box = page.get_by_test_id("find")
    expect(box).to_be_focused()
    page.keyboard.type("rodilla/")
    expect(box).to_have_value("rodilla/")
    box.fill("rodilla")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Results for “rodilla”")
    expect(page).to_have_title("rodilla: search · Palco")
    assert query(page) == {"q": ["rodilla"]}
    expect(page.get_by_test_id("count")).to_have_text("2 videos")
    expect(titles(page, "hit")).to_have_text(["Cirugía de rodilla", SCRIPT])
    first = page.get_by_test_id("hit").first
    expect(first.get_by_role("heading").locator("mark")).to_have_text("rodilla")
    expect(first.locator("[data-field=description] mark")).to_have_text("rodilla")
    expect(first.locator("[data-field=tag]")).to_contain_text("Tag:")
    # What somebody has written as a title is text here, too.
    expect(page.locator("main img[src='x']")).to_have_count(0)
    expect(page.get_by_test_id("find")).to_have_value("rodilla")
    titles(page, "hit").first.get_by_role("link").click()
    expect(page.get_by_test_id("title")).to_have_text("Cirugía de rodilla")
    expect(page.get_by_test_id("find")).to_have_value("")
    page.go_back()
    expect(titles(page, "hit")).to_have_count(2)


def test_a_hit_in_captions_plays_from_its_second(viewer, house):
    page, _ = viewer
    words = b"WEBVTT\n\n00:12.000 --> 00:14.000\nThe xylograph turns\n"
    path = f"/videos/{house.videos[1]}/captions/en"
    house.admin.request("PUT", path, words, headers={"Content-Type": "text/vtt"}).expect(201)
    page.goto("/search?q=xylograph")
    expect(page.locator("[data-field=spoken] mark")).to_have_text("xylograph")
    page.get_by_role("link", name="Play from 0:12").click()
    expect(page.get_by_test_id("title")).to_have_text("The knee, step by step")
    assert query(page) == {"t": ["12"]}
    becomes(page, f"{VIDEO}?.currentTime >= 12")
    house.admin.request("DELETE", path).expect(204)


def test_suggestions_are_walked_through_by_the_keyboard(viewer, house):
    page, _ = viewer
    page.goto("/")
    box = page.get_by_test_id("find")
    expect(box).to_have_attribute("aria-expanded", "false")
    box.press_sequentially("kn")
    options = page.get_by_role("listbox").get_by_role("option")
    expect(options).to_have_text([re.compile("kneeTag"), re.compile("The knee, step by step.*Video")])
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_text("2 suggestions")).to_be_attached()
    box.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
    box.press("ArrowUp")
    expect(box).not_to_have_attribute("aria-activedescendant", re.compile("."))
    box.press("ArrowUp")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    box.press("Escape")
    expect(options).to_have_count(0)
    expect(box).to_have_value("kn")
    box.press("ArrowDown")
    expect(options).to_have_count(2)
    box.press("ArrowDown")
    box.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("knee")
    assert query(page) == {"tag": ["knee"]}
    box.press_sequentially("step")
    page.get_by_role("option", name=re.compile("The knee")).click()
    expect(page.get_by_test_id("title")).to_have_text("The knee, step by step")
    assert page.url.endswith(house.videos[1])


def test_filters_stand_in_the_address_and_the_way_back_takes_them_away(viewer):
    page, _ = viewer
    page.goto("/search")
    hits = page.get_by_test_id("hit")
    expect(hits).to_have_count(3)
    facets = page.get_by_test_id("facets")
    surgery = facets.get_by_role("link", name=re.compile("^Surgery"))
    expect(surgery).to_contain_text("2")
    surgery.click()
    expect(hits).to_have_count(2)
    expect(surgery).to_have_attribute("aria-current", "true")
    expect(surgery).to_be_focused()
    facets.get_by_role("link", name=re.compile("^rodilla")).click()
    expect(titles(page, "hit")).to_have_text([SCRIPT])
    assert query(page) == {"category": ["Surgery"], "tag": ["rodilla"]}
    page.get_by_test_id("sort").select_option("title")
    expect(page).to_have_url(re.compile("sort=title"))
    page.reload()
    expect(titles(page, "hit")).to_have_text([SCRIPT])
    expect(page.get_by_test_id("sort")).to_have_value("title")
    page.go_back()
    page.go_back()
    expect(hits).to_have_count(2)
    assert query(page) == {"category": ["Surgery"]}
    page.get_by_role("link", name="Remove the filter Surgery").click()
    expect(hits).to_have_count(3)
    facets.get_by_role("link", name=re.compile("^Spanish")).click()
    expect(titles(page, "hit")).to_have_text(["Cirugía de rodilla"])
    assert query(page) == {"language": ["es"]}
    page.get_by_role("link", name="Remove the filter Spanish").click()
    expect(hits).to_have_count(3)
    facets.get_by_role("link", name="Over an hour").click()
    empty = page.get_by_test_id("empty")
    expect(empty).to_contain_text("No video fits these filters")
    empty.get_by_role("link", name="Clear filters").click()
    expect(hits).to_have_count(3)


def test_nothing_found_says_what_to_try_and_more_come_by_the_cursor(viewer):
    page, _ = viewer
    page.goto("/search?q=xyzzyplugh")
    expect(page.get_by_test_id("empty")).to_contain_text("Nothing was found for “xyzzyplugh”")
    expect(page.get_by_test_id("empty")).to_contain_text("Check the spelling.")
    page.route("**/videos/search?*", lambda route: route.continue_(url=f"{route.request.url}&limit=2"))
    page.goto("/search?sort=oldest")
    hits = page.get_by_test_id("hit")
    expect(hits).to_have_count(2)
    page.get_by_test_id("more").click()
    expect(hits).to_have_count(3)
    expect(hits.nth(2).get_by_role("heading").get_by_role("link")).to_be_focused()
    expect(page.get_by_test_id("more")).to_be_hidden()
    expect(page.get_by_test_id("count")).to_have_text("3 videos")


def test_a_search_that_fails_says_so_and_is_tried_again(viewer):
    page, _ = viewer
    page.route("**/videos/search?*", lambda route: route.abort())
    page.goto("/search?q=knee")
    trouble = page.get_by_test_id("trouble")
    expect(trouble).to_contain_text("The search did not work")
    page.unroute("**/videos/search?*")
    trouble.get_by_role("button").click()
    expect(titles(page, "hit").first).to_contain_text("knee")


def test_what_a_video_is_filed_under_leads_to_the_rest_of_it(viewer, house):
    page, _ = viewer
    page.goto(f"/watch/{house.videos[0]}")
    page.get_by_test_id("names").get_by_role("link", name="prótesis").click()
    expect(titles(page, "video")).to_have_text(["Cirugía de rodilla"])
    assert query(page) == {"name": ["prótesis"]}
    page.goto("/")
    page.get_by_test_id("categories").get_by_role("link", name="Surgery").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Surgery")
    expect(page.get_by_test_id("video")).to_have_count(2)


def test_a_favourite_is_marked_at_once_and_unmarked_when_it_is_refused(viewer, house):
    page, client = viewer
    video = house.videos[1]
    page.goto(f"/watch/{video}")
    button = page.get_by_test_id("favorite")
    expect(button).to_have_attribute("aria-pressed", "false")
    waiting = []
    page.route("**/favorite", lambda route: waiting.append(route))
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    waiting[0].fulfill(status=503, body="{}")
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("alert")).to_be_visible()
    page.unroute("**/favorite")
    with page.expect_response("**/favorite"):
        button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.get_by_test_id("account").click()
    page.get_by_role("link", name="Favourites").click()
    expect(titles(page, "video")).to_have_text(["The knee, step by step"])
    page.get_by_role("button", name="Remove The knee, step by step from the favourites").click()
    expect(page.get_by_test_id("empty")).to_contain_text("No favourites yet")
    expect(page.get_by_test_id("empty").get_by_role("link")).to_be_focused()
    assert ids(client, "/me/favorites") == []


def test_a_list_is_begun_below_a_video_and_kept_in_order(viewer, house):
    page, client = viewer
    for number, video in enumerate(house.videos):
        page.goto(f"/watch/{video}")
        page.get_by_test_id("add-to-list").click()
        dialog = page.get_by_role("dialog")
        if number == 0:
            expect(dialog).to_contain_text("You have no lists yet.")
            dialog.get_by_label("New list").fill("Course")
            page.keyboard.press("Enter")
        else:
            dialog.get_by_role("button", name="Course").click()
        expect(dialog.get_by_role("button", name="Course")).to_have_attribute("aria-pressed", "true")
        expect(dialog.get_by_role("status")).to_have_text("Added to Course")
        dialog.get_by_role("button", name="Done").click()
    page.get_by_test_id("account").click()
    page.get_by_role("link", name="Lists").click()
    expect(page.get_by_test_id("lists").locator("[data-id]")).to_contain_text("3 videos")
    page.get_by_role("link", name="Course").click()
    entries = titles(page, "entry")
    expect(entries).to_have_text([film["title"] for film in FILMS])
    path = f"/me/playlists/{page.url.rsplit('/', 1)[1]}"
    with page.expect_response("**/videos/*"):
        page.get_by_role("button", name="Move The knee, step by step up").press("Enter")
    expect(entries).to_have_text([FILMS[number]["title"] for number in (1, 0, 2)])
    # At the top only the way down is left.
    expect(page.get_by_role("button", name="Move The knee, step by step down")).to_be_focused()
    expect(page.get_by_text("Now at place 1 of 3")).to_be_attached()
    assert ids(client, path) == [house.videos[number] for number in (1, 0, 2)]
    page.route("**/me/playlists/*/videos/*", lambda route: route.fulfill(status=503, body="{}"))
    page.get_by_role("button", name="Move The knee, step by step down").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(entries).to_have_text([FILMS[number]["title"] for number in (1, 0, 2)])
    page.unroute("**/me/playlists/*/videos/*")
    page.get_by_role("button", name="Remove Cirugía de rodilla from the list").click()
    expect(entries).to_have_count(2)
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Knees")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("name")).to_have_text("Knees")
    expect(page).to_have_title("Knees · Palco")
    assert client.get(path).expect(200).json()["name"] == "Knees"
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_test_id("empty")).to_contain_text("No lists yet")
    assert ids(client, "/me/playlists") == []
    page.goto("/lists/00000000-0000-7000-8000-000000000000")
    expect(page.get_by_test_id("not-found")).to_be_visible()


def test_what_was_begun_stands_on_home_and_in_the_history(viewer, house):
    page, client = viewer
    page.goto("/")
    page.get_by_test_id("video").first.wait_for()
    expect(page.get_by_test_id("continue")).to_be_hidden()
    for video in house.videos[:2]:
        client.post(f"/videos/{video}/progress", {"position": 10}).expect(204)
    page.reload()
    begun = page.get_by_test_id("begun")
    expect(begun).to_have_count(2)
    expect(begun.first).to_contain_text("Watched to 50%")
    expect(begun.first).to_contain_text("10 sec left")
    expect(page.locator(f"[data-id='{house.videos[0]}'] .seen-line")).to_have_count(1)
    expect(page.locator(f"[data-id='{house.videos[2]}'] .seen-line")).to_have_count(0)
    page.get_by_test_id("continue").get_by_role("link", name="History").click()
    rows = page.get_by_test_id("watched")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("0:10 of 0:20")
    with page.expect_response("**/watched"):
        page.get_by_role("button", name="Mark The knee, step by step as watched").click()
    expect(rows.first.locator(".seen-mark")).to_have_text("Watched")
    page.get_by_role("link", name="Unfinished").click()
    expect(titles(page, "watched")).to_have_text(["Cirugía de rodilla"])
    page.get_by_role("button", name="Remove Cirugía de rodilla from the history").click()
    expect(page.get_by_test_id("empty")).to_contain_text("Nothing is left unfinished")
    page.goto("/history")
    expect(titles(page, "watched")).to_have_text(["The knee, step by step"])
    with page.expect_response("**/watched"):
        page.get_by_role("button", name="Mark The knee, step by step as not watched").click()
    page.get_by_test_id("clear").click()
    page.get_by_role("dialog").get_by_role("button", name="Clear the history").click()
    expect(page.get_by_test_id("empty")).to_contain_text("Nothing watched yet")
    expect(page.get_by_test_id("clear")).to_be_hidden()
    assert ids(client, "/me/history") == []


def test_who_leaves_before_the_film_has_begun_keeps_their_place(viewer, house):
    page, client = viewer
    video = house.videos[0]
    client.post(f"/videos/{video}/progress", {"position": 10}).expect(204)
    page.goto("/favorites")
    page.get_by_test_id("empty").wait_for()
    reports = []
    page.on("request", lambda request: reports.append(request.post_data_json) if request.url.endswith("/progress") else None)
    page.goto(f"/watch/{video}")
    page.wait_for_selector("palco-player")
    # As it is while the film is being opened: how long it is stands there, but nobody has gone to the place yet.
    page.evaluate("""() => {
        const player = document.querySelector('palco-player');
        player.dispatchEvent(new CustomEvent('palco-position', { detail: { position: 0, duration: 20 } }));
    }""")
    assert {"position": 0} not in reports
    assert client.get("/me/history").expect(200).json()["data"][0]["position"] >= 10


def test_who_may_not_upload_is_not_asked_to(chromium, house):
    for role, count in (("premium", 0), ("creator", 1)):
        email, _ = house.person(role)
        with visitor(chromium, house.palco.url) as page:
            sign_in(page, email, PASSWORD)
            page.goto("/")
            page.get_by_test_id("video").first.wait_for()
            expect(page.get_by_test_id("upload-link")).to_have_count(count)
            page.goto("/upload")
            page.get_by_role("heading", level=1).wait_for()
            expect(page.get_by_test_id("file-input")).to_have_count(count)


def test_on_a_phone_the_search_takes_the_place_of_the_header_while_one_types(chromium, house):
    with visitor(chromium, house.palco.url, viewport=dict(width=360, height=740), has_touch=True) as page:
        sign_in(page)
        page.goto("/")
        expect(page.get_by_test_id("find")).to_be_hidden()
        page.get_by_test_id("find-open").tap()
        expect(page.get_by_test_id("find")).to_be_focused()
        expect(page.get_by_test_id("account")).to_be_hidden()
        page.get_by_role("button", name="Close the search").tap()
        expect(page.get_by_test_id("find-open")).to_be_focused()
        page.get_by_test_id("find-open").tap()
        page.keyboard.type("knee")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Results for “knee”")
        expect(page.get_by_test_id("account")).to_be_visible()
        expect(page.get_by_test_id("facets")).to_be_hidden()
        page.get_by_role("button", name="Filters").tap()
        expect(page.get_by_test_id("facets")).to_be_visible()


SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("locale", ["en-US", "es-ES", "ru-RU"])
def test_no_page_scrolls_sideways_from_a_phone_to_a_television(chromium, house, locale):
    admin, video = house.admin, house.videos[0]
    admin.request("PUT", f"/videos/{video}/favorite").expect(204)
    admin.post(f"/videos/{video}/progress", {"position": 10}).expect(204)
    path = admin.post("/me/playlists", {"name": "x" * 200}).expect(201).headers["Location"]
    admin.request("PUT", f"{path}/videos/{video}").expect(204)
    pages = [
        ("/", "begun"), ("/search?q=rodilla&tag=rodilla", "hit"), (f"/search?q={'x' * 400}", "empty"), ("/favorites", "video"),
        ("/history", "watched"), ("/lists", "lists"), (f"/lists/{path.rsplit('/', 1)[1]}", "entry"), (f"/watch/{video}", "favorite"),
        ("/tag?name=rodilla", "named"), (f"/person?name={'x' * 200}", "empty"), ("/tags", "tags"), ("/videos/mine", "own"),
        (f"/videos/{video}/captions", "add-captions"), ("/administration/vocabulary", "terms"),
    ]  # fmt: skip
    wider = {}
    with visitor(chromium, house.palco.url, locale=locale) as page:
        sign_in(page)
        for address, testid in pages:
            page.goto(address)
            page.get_by_test_id(testid).first.wait_for()
            for width in (360, 768, 1920):
                page.set_viewport_size(dict(width=width, height=1000))
                wider[address[:20], width] = page.evaluate(SIDEWAYS)
    assert max(wider.values()) <= 0, wider
