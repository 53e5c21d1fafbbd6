"""Pages around the videos: what is filed under a name, one's own videos, captions and transcript, the vocabulary, no server."""

import re

import pytest
from browsing import sign_in, visitor
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, Palco
from playwright.sync_api import expect
from test_catalogue_pages import House, titles
from waiting import wait_until

SUBRIP = b"1\r\n00:00:01,000 --> 00:00:03,000\r\nGood morning\r\n\r\n2\r\n00:00:04,000 --> 00:00:08,000\r\nThe knee, and the hip\r\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory, films):
    house = House(Palco(tmp_path_factory.mktemp("library-pages") / "data"), films)
    change = {"category": "Knees/Hips", "people": ["Ann Lee"]}
    house.admin.request("PATCH", f"/videos/{house.videos[0]}", change).expect(200)
    house.admin.request("PATCH", f"/videos/{house.videos[1]}", change).expect(200)
    yield house
    assert house.palco.stop() == 0


@pytest.fixture
def page(chromium, house):
    with visitor(chromium, house.palco.url) as page:
        sign_in(page)
        yield page


def test_names_lead_to_pages_of_their_own(page, house):
    person = house.admin.get("/people?name=Ann%20Lee").expect(200).json()["data"][0]
    house.admin.request("PATCH", f"/people/{person['id']}", {"kind": "speaker"}).expect(200)
    page.goto("/")
    page.get_by_test_id("categories").get_by_role("link", name="Knees/Hips").click()
    expect(page.get_by_test_id("name")).to_have_text("Knees/Hips")
    expect(page).to_have_title("Knees/Hips · Palco")
    expect(page.get_by_test_id("count")).to_have_text("2 videos")
    expect(titles(page, "video")).to_have_text(["The knee, step by step", "Cirugía de rodilla"])
    page.get_by_test_id("sort").select_option("title")
    expect(titles(page, "video")).to_have_text(["Cirugía de rodilla", "The knee, step by step"])
    assert "sort=title" in page.url
    page.get_by_role("navigation", name="Also in these videos").get_by_role("link", name="Ann Lee").click()
    expect(page.get_by_test_id("kind")).to_have_text("speaker")
    # A category on a card is a link of its own above the one to the video.
    page.get_by_test_id("video").first.get_by_role("link", name="Knees/Hips").click()
    expect(page.get_by_test_id("name")).to_have_text("Knees/Hips")
    page.get_by_test_id("search-in").click()
    expect(page.get_by_test_id("hit")).to_have_count(2)
    page.goto(f"/watch/{house.videos[0]}")
    page.get_by_test_id("names").get_by_role("link", name="prótesis").click()
    expect(page.get_by_test_id("count")).to_have_text("1 video")
    page.goto("/tags")
    page.get_by_role("link", name="prótesis").click()
    expect(titles(page, "video")).to_have_text(["Cirugía de rodilla"])
    page.goto("/person?name=Nobody")
    expect(page.get_by_test_id("empty")).to_contain_text("No videos here")


def test_what_is_alike_stands_beside_a_video(page, house):
    page.goto(f"/watch/{house.videos[0]}")
    expect(titles(page, "like").first).to_have_text("The knee, step by step")
    titles(page, "like").first.get_by_role("link").click()
    expect(page.get_by_test_id("title")).to_have_text("The knee, step by step")


def test_own_videos_are_found_changed_and_removed(page, house, films):
    film = films.test_card("mine.mp4", "-c:v", "libx264", "-c:a", "aac", size="320x180", seconds=2)
    page.goto("/videos/mine")
    expect(page.get_by_test_id("own")).to_have_count(3)
    # What comes meanwhile shows itself, and how far it is.
    mine = house.admin.upload(film, title="Mine alone").expect(201).json()["id"]
    row = page.locator(f"[data-id='{mine}']")
    expect(row).to_contain_text("Ready")
    expect(row).to_contain_text("0 views")
    page.get_by_test_id("search").fill("alone")
    expect(page.get_by_test_id("own")).to_have_count(1)
    assert "q=alone" in page.url
    page.get_by_test_id("status").select_option("failed")
    expect(page.get_by_test_id("empty")).to_contain_text("None of your videos is like that")
    page.get_by_role("button", name="Show all of them").click()
    expect(page.get_by_test_id("own")).to_have_count(4)
    page.get_by_role("button", name="Edit Mine alone").click()
    page.get_by_role("dialog").get_by_label("Title").fill("Mine, changed")
    page.keyboard.press("Enter")
    expect(row).to_contain_text("Mine, changed")
    menu = page.get_by_role("button", name="More for Mine, changed")
    menu.press("Enter")
    expect(page.locator(".menu:popover-open").get_by_role("button").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("the original file and all its qualities")
    dialog.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    house.admin.get(f"/videos/{mine}").expect(404)
    # It comes back from the trash, or goes for good.
    page.get_by_role("link", name="Trash").click()
    trashed = page.get_by_test_id("trashed")
    expect(trashed).to_contain_text("Mine, changed")
    page.get_by_role("button", name="Restore Mine, changed").click()
    expect(trashed).to_have_count(0)
    house.admin.get(f"/videos/{mine}").expect(200)
    house.admin.request("DELETE", f"/videos/{mine}").expect(204)
    page.reload()
    page.get_by_role("button", name="Remove Mine, changed for good").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove for good").click()
    expect(page.get_by_test_id("empty")).to_contain_text("The trash is empty")
    assert house.admin.get("/trash").expect(200).json()["data"] == []


def test_a_video_is_for_the_groups_that_are_ticked(page, house):
    ward, gone = (house.admin.post("/admin/groups", {"name": name}).expect(201).json()["id"] for name in ("Ward 3", "Gone"))
    path = f"/videos/{house.videos[1]}"
    _, user = house.person()
    house.admin.request("PATCH", path, {"groups": [gone]}).expect(200)
    house.admin.request("DELETE", f"/admin/groups/{gone}").expect(204)
    page.goto("/videos/mine")
    row = page.locator(f"[data-id='{house.videos[1]}']")
    expect(row).to_contain_text("For groups")
    row.get_by_role("button", name="Edit ").click()
    groups = page.get_by_role("group", name="Only for these groups")
    expect(groups.get_by_label("A group that was removed")).to_be_checked()
    groups.get_by_label("A group that was removed").uncheck()
    groups.get_by_label("Ward 3").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert house.admin.get(path).expect(200).json()["groups"] == [ward]
    user.get(path).expect(404)
    row.get_by_role("button", name="Edit ").click()
    groups.get_by_label("Ward 3").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(row).not_to_contain_text("For groups")
    user.get(path).expect(200)


def test_what_a_password_opened_is_counted_and_ended(page, house):
    path = f"/videos/{house.videos[1]}"
    _, user = house.person()
    house.admin.request("PATCH", path, {"password": "opensesame"}).expect(200)
    proof = user.post(f"{path}/unlock", {"password": "opensesame"}).expect(200).json()["token"]
    page.goto("/videos/mine")
    menu = page.locator(f"[data-id='{house.videos[1]}']").get_by_role("button", name="More for ")
    menu.click()
    page.get_by_role("button", name="Opened by password").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 sign-in has “The knee, step by step” open by its password")
    dialog.get_by_role("button", name="End them all").click()
    expect(dialog).to_have_count(0)
    user.get(f"{path}/play?unlock={proof}").expect(403)
    menu.click()
    page.get_by_role("button", name="Opened by password").click()
    expect(page.get_by_text("Nobody has it open by its password now.")).to_be_visible()
    house.admin.request("PATCH", path, {"password": None}).expect(200)


def test_many_of_ones_own_are_changed_and_put_back(page, house):
    page.goto("/videos/mine")
    boxes, bar = page.get_by_test_id("select"), page.get_by_test_id("batch")
    expect(boxes).to_have_count(3)
    for box in boxes.all()[:2]:
        box.press("Space")
    expect(bar.get_by_role("status")).to_have_text("2 selected")
    bar.get_by_role("button", name="Hide").press("Enter")
    expect(bar.get_by_role("status")).to_have_text("2 videos changed")
    expect(page.locator(".mine-mark", has_text="Hidden")).to_have_count(2)
    # What puts it back has the focus.
    expect(page.get_by_test_id("undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(bar.get_by_role("status")).to_have_text("2 videos are as they were")
    expect(page.locator(".mine-mark", has_text="Hidden")).to_have_count(0)
    assert not any(video["is_hidden"] for video in house.admin.get("/videos").expect(200).json()["data"])


def test_another_file_is_chosen_for_a_video(page, house, films):
    first = films.test_card("mine.mp4", "-c:v", "libx264", "-c:a", "aac", size="320x180", seconds=2)
    mine = house.admin.upload(films.copy(first, "replaced"), title="Replaced").expect(201).json()["id"]
    house.admin.wait(mine)
    page.goto("/videos/mine")
    page.get_by_role("button", name="More for Replaced").click()
    page.locator(".menu:popover-open").get_by_role("button", name="Replace the file").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Viewers see the present file until the new one can be played")
    other = films.copy(first, "replacing")
    page.get_by_test_id("replace-file").set_input_files(other)
    dialog.get_by_role("button", name="Replace").click()
    wait_until(lambda: house.admin.video(mine)["file_name"] == other.name, "the new file is played")
    house.admin.remove_for_good(mine)


def test_captions_are_brought_written_and_read_along(page, house):
    video = house.videos[2]
    page.goto(f"/videos/{video}/captions")
    expect(page.get_by_test_id("empty")).to_contain_text("No captions yet")
    page.get_by_test_id("add-captions").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Language").fill("en")
    bad = dict(name="bad.srt", mimeType="application/x-subrip", buffer=b"no captions at all")
    page.set_input_files("[data-testid=captions-file]", [bad])
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.locator(".field-error:visible")).to_have_text("Line 1: Here begins a cue without a line of times.")
    page.set_input_files("[data-testid=captions-file]", [dict(name="good.srt", mimeType="application/x-subrip", buffer=SUBRIP)])
    dialog.get_by_role("button", name="Add").click()
    cues = page.get_by_test_id("cue")
    expect(cues).to_have_count(2)
    expect(cues.nth(1).locator("[data-part=begin]")).to_have_value("0:04.000")
    # Split: two cues, each with its share of time and text.
    cues.nth(1).locator("[data-part=menu]").click()
    page.get_by_role("button", name="Split in two").click()
    expect(cues).to_have_count(3)
    expect(cues.nth(2).locator("[data-part=begin]")).to_have_value("0:06.000")
    expect(cues.nth(2).locator("[data-part=text]")).to_be_focused()
    cues.nth(2).locator("[data-part=text]").fill("an arrow --> here")
    page.keyboard.press("Control+s")
    # What the server says stands at the cue that it is about, and the cue has the focus.
    expect(cues.nth(2).locator(".field-error")).to_contain_text("arrow")
    expect(cues.nth(2).locator("[data-part=text]")).to_be_focused()
    cues.nth(2).locator("[data-part=text]").fill("<i>and</i> the hip & more")
    cues.nth(0).locator("[data-part=end]").fill("0:00.5")
    page.get_by_test_id("save").click()
    expect(cues.nth(0).locator(".field-error")).to_have_text("The cue ends before it begins.")
    cues.nth(0).locator("[data-part=end]").fill("0:03")
    # Whoever leaves is asked first.
    page.get_by_role("link", name="To the video").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    with page.expect_response("**/captions/en?*"):
        page.get_by_test_id("save").click()
    expect(page.get_by_text("Not saved yet")).to_have_count(0)
    file = house.admin.get(f"/videos/{video}/captions/en.vtt").expect(200).text
    assert "00:00:06.000 --> 00:00:08.000\n<i>and</i> the hip &amp; more" in file, file
    page.get_by_role("link", name="To the video").click()
    # The transcript: found in place, walked through by the keyboard, and a line leads to its second.
    page.get_by_test_id("transcript-open").click()
    lines = page.get_by_test_id("transcript").get_by_role("button")
    expect(lines).to_have_count(3)
    page.get_by_test_id("transcript-find").fill("HIP")
    expect(page.get_by_test_id("transcript").locator("mark")).to_have_text("hip")
    expect(page.get_by_text("1 place")).to_be_visible()
    page.get_by_test_id("transcript-find").press("Escape")
    expect(lines).to_have_count(3)
    page.evaluate("() => document.querySelector('palco-player').video.pause()")
    page.get_by_test_id("transcript-find").press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    time = "() => document.querySelector('palco-player').video.currentTime"
    wait_until(lambda: page.evaluate(time) >= 6, "the film has gone to the line")
    expect(lines.nth(2)).to_have_attribute("aria-current", "true")


def test_a_player_tells_what_was_watched_of_it(page, house):
    reports = []
    page.on("request", lambda request: reports.append(request.post_data_json) if request.url.endswith("/progress") else None)
    page.goto(f"/watch/{house.videos[1]}")
    page.get_by_test_id("start").click()
    time = "() => document.querySelector('palco-player').video.currentTime"
    wait_until(lambda: page.evaluate(time) > 1, "it plays")
    # A jump is not watched.
    page.evaluate("() => document.querySelector('palco-player').seekTo(15)")
    wait_until(lambda: page.evaluate(time) > 15.5, "it plays on")
    with page.expect_request(lambda request: request.url.endswith("/progress") and request.post_data_json["position"] > 15.5):
        page.evaluate("() => document.querySelector('palco-player').video.pause()")
    played = sum(report["played"] for report in reports)
    assert 1 <= played <= 5, reports


def test_names_are_made_changed_joined_and_removed(page, house):
    page.goto("/administration/vocabulary?view=people")
    terms = page.get_by_test_id("terms")
    for name in ("Ana Nunez", "Zoe"):
        page.get_by_test_id("new-term").click()
        page.get_by_role("dialog").get_by_label("Name").fill(name)
        page.get_by_role("dialog").get_by_label("Kind").fill("guest")
        page.keyboard.press("Enter")
        expect(terms).to_contain_text(name)
    row = terms.get_by_role("row").filter(has_text="Zoe")
    row.locator("[data-part=menu]").click()
    page.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Ann Lee")
    page.keyboard.press("Enter")
    expect(dialog.locator(".field-error:visible")).to_contain_text("one of this name already")
    dialog.get_by_role("button", name="Cancel").click()
    row.locator("[data-part=menu]").click()
    page.get_by_role("button", name="Join with another").click()
    dialog.get_by_label("Name that stays").fill("Nobody")
    page.keyboard.press("Enter")
    expect(dialog.locator(".field-error:visible")).to_have_text("There is none of this name.")
    dialog.get_by_label("Name that stays").fill("Ann Lee")
    page.keyboard.press("Enter")
    expect(terms).not_to_contain_text("Zoe")
    terms.get_by_role("row").filter(has_text="Ana Nunez").locator("[data-part=menu]").click()
    page.get_by_role("button", name="Remove").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(terms).not_to_contain_text("Ana Nunez")
    names = [each["name"] for each in house.admin.get("/people?limit=100").expect(200).json()["data"]]
    assert "Ann Lee" in names and not {"Zoe", "Ana Nunez"} & set(names)


# Bytes as they were sent, and requests, of a first visit to each page.
BUDGET = dict(script=150_000, all=400_000, requests=125)


def weight(page, path, settled):
    """What a page loads at a first visit: the bytes of its scripts and of all, and how many requests."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    heads, sums = {}, dict(script=0, all=0, requests=0)

    def answered(event):
        heads[event["requestId"]] = (event["type"], event["response"]["encodedDataLength"])
        if "/assets/" in event["response"]["url"]:
            sums["requests"] += 1

    def loaded(event):
        kind, head = heads.get(event["requestId"], (None, 0))
        # Pictures and media are as large as what people upload.
        if kind in ("Image", "Media", "XHR", "Fetch", "EventSource", None):
            return
        sums["all"] += event["encodedDataLength"] - head
        if kind == "Script":
            sums["script"] += event["encodedDataLength"] - head

    session.on("Network.responseReceived", answered)
    session.on("Network.loadingFinished", loaded)
    page.goto(path)
    page.wait_for_selector(settled)
    page.wait_for_load_state("load")
    session.detach()
    return sums


def test_no_page_loads_more_than_its_budget(page, house):
    video = house.videos[0]
    pages = [
        ("/", "[data-testid=video]"), (f"/watch/{video}", "palco-player"), ("/search?q=knee", "[data-testid=hit]"),
        ("/category?name=Surgery", "[data-testid=video]"), ("/videos/mine", "[data-testid=own]"),
        (f"/videos/{video}/captions", "palco-player"), ("/administration/vocabulary", "[data-testid=terms] tr[data-id]"),
        ("/profile", "[data-testid=sessions]"), ("/upload", "[data-testid=file-input]"),
    ]  # fmt: skip
    found = {path: weight(page, path, settled) for path, settled in pages}
    over = {path: sums for path, sums in found.items() if any(sums[name] > most for name, most in BUDGET.items())}
    assert not over, found
    assert all(sums["script"] > 10_000 for sums in found.values()), found


def test_without_the_server_a_page_says_so_and_goes_on_by_itself(chromium, house):
    with visitor(chromium, house.palco.url, service_workers="allow") as page:
        page.context.request.post("/api/v1/auth/login", data={"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})
        page.goto("/")
        page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
        wait_until(lambda: page.evaluate("() => navigator.serviceWorker.controller !== null"), "the worker is in charge")
        page.context.set_offline(True)
        page.goto("/search?q=knee")
        expect(page.get_by_role("heading", level=1)).to_have_text("You are offline")
        assert page.locator(".button.primary:visible").evaluate("each => getComputedStyle(each).borderRadius") == "999px"
        kept = page.evaluate("() => caches.keys().then(all => caches.open(all[0])).then(each => each.keys())"
                             ".then(all => all.map(each => new URL(each.url).pathname))")
        assert kept and not [path for path in kept if re.match(r"/(api|media)/", path)], kept
        page.context.set_offline(False)
        # It looks every five seconds, and the first look may come too early.
        expect(page.get_by_role("heading", level=1)).to_have_text("Results for “knee”", timeout=60_000)
        manifest = page.locator("link[rel=manifest]").get_attribute("href")
        answer = page.context.request.get(manifest)
        assert answer.headers["content-type"].startswith("application/manifest+json")
        assert answer.json()["start_url"] == "/" and answer.json()["icons"]
        session = page.context.new_cdp_session(page)
        assert session.send("Page.getAppManifest")["errors"] == []
        assert session.send("Page.getInstallabilityErrors")["installabilityErrors"] in ([], [{"errorId": "in-incognito", "errorArguments": []}])
