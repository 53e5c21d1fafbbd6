"""Chromium, driven by Playwright: everything a person does on the pages."""

import os
import re
from pathlib import Path

import pytest
from browsing import signed_in, watch
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, ROOT
from places import uploads_under_way
from playwright.sync_api import expect
from test_tus import offset
from waiting import wait_until
from watching import VIDEO, Watching


def test_a_person_signs_in_drops_a_film_and_watches_it(chromium, server, films):
    context = chromium.new_context(base_url=server.url, locale="en-US")
    page = context.new_page()
    page.goto("/")
    page.wait_for_url(re.compile("/sign-in"))
    page.fill("input[type=email]", ADMIN_EMAIL)
    page.fill("input[type=password]", "Wrong-1-password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_be_visible()
    page.fill("input[type=password]", ADMIN_PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.goto("/upload")
    film = films.test_card("dropped.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "25", "-c:a", "aac", seconds=6)
    page.set_input_files("input[type=file]", str(film))
    link = page.locator("a[href^='/watch/']").first
    link.wait_for(timeout=30_000)
    link.click()
    page.wait_for_url(re.compile("/watch/"))
    watching = Watching(page.evaluate)
    watching.play()
    watching.plays_on(2)
    assert watching.paints()
    context.close()


def test_an_upload_goes_on_after_a_closed_tab(chromium, server, admin, films, network):
    film = films.copy(films.minute, "closed-tab")
    size = film.stat().st_size
    slow = network(server.port)
    slow.up.rate = size / 5
    with signed_in(chromium, slow) as page:
        page.goto("/upload")
        with page.expect_response(lambda answer: answer.request.method == "POST" and answer.url.endswith("/uploads")) as created:
            page.set_input_files("input[type=file]", str(film))
        address = created.value.header_value("location")
        wait_until(lambda: slow.up.byte_count > size * 0.6, "more than half was sent")
        context = page.context
        page.close()
        slow.cut()
        slow.up.rate = None
        kept = offset(admin, address)
        assert kept > size * 0.35, "what was sent was lost"
        page = context.new_page()
        begun = []
        page.on("request", lambda asked: begun.append(int(asked.headers["upload-offset"])) if asked.method == "PATCH" else None)
        page.goto("/upload")
        left = page.get_by_test_id("unfinished")
        expect(left).to_contain_text(film.name)
        left.locator("input[type=file]").set_input_files(str(film))
        page.locator("a[href^='/watch/']").first.wait_for(timeout=30_000)
        assert begun and min(begun) >= kept, f"it went on from {begun} and not from {kept}"
        expect(page.get_by_test_id("unfinished")).to_have_count(0)


def test_an_upload_is_paused_cut_and_outlives_the_server(chromium, own_server, films, network):
    palco = own_server().start()
    film, other = (films.copy(films.minute, mark) for mark in ("paused", "cancelled"))
    size = film.stat().st_size
    slow = network(palco.port)
    slow.up.rate = size / 8
    with signed_in(chromium, slow) as page:
        page.goto("/upload")
        page.set_input_files("input[type=file]", [str(film), str(other)])
        main = page.locator("main")
        rows = main.get_by_test_id("upload")
        expect(rows).to_have_count(2)
        rows.nth(1).get_by_test_id("upload-cancel").click()
        expect(rows).to_have_count(1)
        wait_until(lambda: slow.up.byte_count > size * 0.2, "a fifth was sent")
        assert slow.carriers()
        main.get_by_test_id("upload-pause").click()
        expect(rows).to_have_attribute("data-state", "paused")
        # What was on its way still arrives, of the cancelled one too.
        wait_until(lambda: not slow.carriers(), "the connections that carried uploads have ended")
        sent = slow.up.byte_count
        assert sent < size, "it went on to the end although it is paused"
        # Whatever the page sent in the meantime went this way before.
        assert page.evaluate("fetch('/healthz').then((answer) => answer.status)") == 200
        assert slow.up.byte_count < sent + 10_000, "it went on although it is paused"
        main.get_by_test_id("upload-resume").click()
        wait_until(lambda: slow.up.byte_count > sent + size * 0.1, "more was sent")
        slow.cut()
        sent = slow.up.byte_count
        wait_until(lambda: slow.up.byte_count > sent + size * 0.1, "it goes on after the cut")
        port = palco.port
        palco.kill()
        wait_until(lambda: any("/uploads" in each for each in slow.refused), "the page asks for its upload in vain")
        palco.start(port=port)
        slow.up.rate = None
        main.locator("a[href^='/watch/']").first.wait_for(timeout=60_000)
    client = palco.admin()
    assert [video["title"] for video in client.get("/videos").json()["data"]] == [film.stem]
    wait_until(lambda: not uploads_under_way(palco.data), "nothing is left of the cancelled one")
    palco.stop()


@pytest.mark.parametrize("which", ["standard", "foreign"])
def test_it_plays_and_seeks(page, which, request):
    video = request.getfixturevalue(which)
    watching = watch(page, video)
    assert watching.play() is True
    state = watching.plays_on(1.5)
    assert abs(state["duration"] - video["duration"]) < 0.1
    assert watching.paints()
    watching.seek(video["duration"] * 0.6)
    watching.plays_on(1)
    watching.seek(0)
    watching.plays_on(1)


def test_it_plays_over_damage(page, damaged):
    assert abs(watch(page, damaged).plays_to_the_end()["duration"] - 12) < 0.2


def test_it_ends_at_the_end(page, standard):
    watching = watch(page, standard)
    watching.play()
    watching.seek(standard["duration"] - 1)
    watching.wait(lambda state: state["ended"], 15, "ended")


def test_the_quality_follows_the_network(chromium, server, minute, network):
    slow = network(server.port)
    with signed_in(chromium, slow) as page:
        watch(page, minute).follows_the_network(slow, minute)


def test_it_survives_a_restart_of_the_server(chromium, long_film, network):
    palco, video = long_film
    way = network(palco.port)
    with signed_in(chromium, way) as page:
        watch(page, video).survives_a_restart(palco, way)


def unbuffered(state):
    """A place that has to be loaded first, wherever watching went on."""
    return next(place for place in (50, 5) if not any(start <= place <= end for start, end in state["ranges"]))


LOSING = """
{
    // Until the player opens another MediaSource, the browser loses what is appended and says that all is well.
    const append = SourceBuffer.prototype.appendBuffer;
    const buffers = new Set();
    let losing = null;
    SourceBuffer.prototype.appendBuffer = function (data) {
        buffers.add(this);
        return losing?.has(this) ? this.remove(0, 0.001) : append.call(this, data);
    };
    globalThis.loseMedia = () => { losing = new Set(buffers); return losing.size; };
}
"""


def test_media_that_the_browser_lost_is_loaded_again(chromium, server, minute):
    with signed_in(chromium, server) as page:
        page.add_init_script(LOSING)
        watching = watch(page, minute)
        watching.play()
        place = unbuffered(watching.plays_on(1))
        assert page.evaluate("loseMedia()") == 2
        watching.seek(place)
        watching.plays_on(1)


SPOILING = """
{
    // The next pieces of media are fragments without a header, which no browser takes.
    const append = SourceBuffer.prototype.appendBuffer;
    globalThis.spoiled = 0;
    SourceBuffer.prototype.appendBuffer = function (data) {
        if (globalThis.spoiled-- > 0) data = new TextEncoder().encode('\\0\\0\\0\\x10moof\\0\\0\\0\\x08free');
        return append.call(this, data);
    };
}
"""


def test_a_decoder_in_trouble_gets_more_than_one_chance(chromium, server, minute):
    with signed_in(chromium, server) as page:
        page.add_init_script(SPOILING)
        watching = watch(page, minute)
        watching.play()
        place = unbuffered(watching.plays_on(1))
        page.evaluate("globalThis.spoiled = 2")
        watching.seek(place)
        watching.plays_on(1)
        assert page.evaluate("globalThis.spoiled") <= 0


def test_what_never_decodes_ends_in_words(chromium, server, minute):
    with signed_in(chromium, server) as page:
        page.add_init_script(SPOILING)
        watching = watch(page, minute)
        watching.play()
        place = unbuffered(watching.plays_on(1))
        page.evaluate("globalThis.spoiled = Infinity")
        page.evaluate(f"{VIDEO}.currentTime = {place}")
        again = page.locator("palco-player").get_by_role("button", name="Try again")
        again.wait_for(timeout=30_000)
        page.evaluate("globalThis.spoiled = 0")
        again.click()
        watching.wait(lambda state: state["time"] > place + 1 and not state["paused"], 30, "playing after another try")


def test_the_usual_keys_work(page, minute):
    watching = watch(page, minute)
    watching.play()
    watching.plays_on(1)
    page.locator("palco-player").focus()
    page.keyboard.press("Space")
    paused = watching.wait(lambda state: state["paused"], 5, "paused")
    page.keyboard.press("ArrowRight")
    watching.wait(lambda state: state["time"] > paused["time"] + 3, 5, "further")
    page.keyboard.press("k")
    watching.wait(lambda state: not state["paused"], 5, "playing")
    page.keyboard.press("m")
    page.keyboard.press("Home")
    watching.wait(lambda state: state["time"] < 3, 5, "at the start")


def test_watching_while_it_is_encoded_feels_normal(chromium, own_server, films):
    palco = own_server().start()
    client = palco.admin()
    video = client.upload(films.street, title="Street").expect(201).json()
    client.wait(video["id"])
    with signed_in(chromium, palco) as page:
        watching = watch(page, video)
        watching.play()
        watching.plays_on(1)
        watching.seek(70)
        watching.plays_on(1, within=30)
    palco.stop()


@pytest.mark.parametrize("locale, letters", [("ru-RU", "[а-яА-Я]{4}"), ("es-ES", "[Vv]ídeo|[Ss]ubir|[Bb]iblioteca")])
def test_pages_speak_the_language_of_the_reader(chromium, server, locale, letters):
    with signed_in(chromium, server, locale=locale) as page:
        page.goto("/")
        page.wait_for_load_state("networkidle")
        assert re.search(letters, page.inner_text("body"))
        assert page.evaluate("document.documentElement.lang") == locale[:2]


def test_a_film_that_is_not_there_is_explained(page):
    page.goto("/watch/01890a5d-ac96-774b-bcce-b302099a8057")
    expect(page.get_by_text(re.compile("not found|not there|no such|does not exist|isn.t", re.I)).first).to_be_visible()


def test_the_picture_for_the_readme(chromium, server, minute):
    """docs/watch.png, written anew with PALCO_PICTURES=1."""
    with signed_in(chromium, server, viewport=dict(width=1280, height=860)) as page:
        watching = watch(page, minute)
        watching.play()
        watching.wait(lambda state: state["time"] > 4 and state["height"] == 720, 30, "720 lines")
        page.mouse.move(500, 400)
        picture = page.screenshot()
    assert len(picture) > 50_000, "the picture holds no film"
    if os.environ.get("PALCO_PICTURES"):
        (Path(ROOT) / "docs/watch.png").write_bytes(picture)
