"""Films with several sounds and captions, and films without a picture, in Chromium: what is heard, read and seen."""

import json
import re

import pytest
from browsing import becomes, button, press, signed_in, watch
from films import Films
from playwright.sync_api import expect
from waiting import wait_until
from watching import CUES, PLAYER, VIDEO

# From now on: the longest time without a new frame, in seconds, and how often the player waited.
WATCHING_CLOSELY = f"""(() => {{
    const video = {VIDEO}, seen = globalThis.seen = {{ longest: 0, waits: 0, began: performance.now() }};
    let last = null;
    const frame = (now) => {{
        if (last !== null) seen.longest = Math.max(seen.longest, (now - last) / 1000);
        last = now;
        video.requestVideoFrameCallback(frame);
    }};
    video.requestVideoFrameCallback(frame);
    video.addEventListener('waiting', () => (seen.waits += 1));
}})()"""

SPANISH, ENGLISH, DESCRIBED = (Films.TONES[each] for each in ("spa", "eng", "described"))


def menu(page, entry):
    """Opens one part of the settings and answers its choices as texts."""
    press(page, "Settings")
    page.get_by_test_id(f"menu-{entry}").click()
    return page.locator("palco-player").get_by_role("menuitemradio")


def test_another_sound_is_heard_at_once_and_the_picture_does_not_stand_still(page, spoken):
    watching = watch(page, spoken)
    watching.play_aloud()
    watching.hears(SPANISH)
    watching.seek(3)
    watching.wait(lambda state: state["ranges"] and state["ranges"][-1][1] > state["time"] + 20, 30, "much is in hand")
    choices = menu(page, "sound")
    assert [text.split("\n") for text in choices.all_inner_texts()] == [
        ["Spanish"], ["English"], ["English (2)", "Audio description"],
    ]  # fmt: skip
    expect(choices.nth(0)).to_have_attribute("aria-checked", "true")
    page.evaluate(WATCHING_CLOSELY)
    choices.nth(1).click()
    watching.hears(ENGLISH, 3)
    watching.plays_on(6)
    seen = page.evaluate("globalThis.seen")
    assert seen["waits"] == 0 and seen["longest"] < 0.5, seen
    watching.hears(ENGLISH, 1)
    # Neither ahead nor behind is anything left of the other one.
    watching.seek(30)
    watching.hears(ENGLISH)
    watching.seek(1)
    watching.hears(ENGLISH)
    menu(page, "sound").nth(2).click()
    watching.hears(DESCRIBED, 3)
    press(page, "Settings")
    expect(page.get_by_test_id("menu-sound")).to_contain_text("English (2)")
    assert json.loads(page.evaluate(f"JSON.stringify({PLAYER}.debug)"))["lastError"] is None


def test_the_sound_is_changed_after_the_end_was_loaded_and_while_paused(page, spoken):
    watching = watch(page, spoken)
    watching.play_aloud()
    watching.seek(50)
    watching.wait(lambda state: state["ranges"][-1][1] > state["duration"] - 0.5, 20, "all is in hand")
    page.evaluate(f"{VIDEO}.pause()")
    menu(page, "sound").nth(1).click()
    page.evaluate(f"{VIDEO}.play()")
    watching.hears(ENGLISH, 5)
    watching.wait(lambda state: state["ended"], 30, "ended")
    assert watching.state()["error"] is None


def test_the_language_is_remembered_for_the_next_film(chromium, server, spoken, spoken_otherwise):
    with signed_in(chromium, server) as page:
        watching = watch(page, spoken_otherwise)
        watching.play_aloud()
        watching.hears(DESCRIBED)
        menu(page, "sound").nth(2).click()
        watching.hears(ENGLISH, 3)
        watching = watch(page, spoken)
        watching.play_aloud()
        watching.hears(ENGLISH)
        menu(page, "sound").nth(2).click()
        watching.hears(DESCRIBED, 3)
        watching = watch(page, spoken_otherwise)
        watching.play_aloud()
        watching.hears(DESCRIBED)


def test_a_film_in_one_language_offers_no_choice_of_sound(page, standard):
    watch(page, standard).wait(lambda state: state["duration"], 20, "loaded")
    press(page, "Settings")
    expect(page.get_by_test_id("menu-speed")).to_be_visible()
    expect(page.get_by_test_id("menu-sound")).to_have_count(0)
    expect(page.get_by_test_id("menu-captions")).to_have_count(0)


def test_captions_are_chosen_turned_off_and_on_again_and_remembered(chromium, server, spoken, spoken_otherwise):
    with signed_in(chromium, server) as page:
        watching = watch(page, spoken)
        watching.play()
        watching.seek(3)
        captions = button(page, "Captions")
        expect(captions).to_have_attribute("aria-pressed", "false")
        assert page.evaluate(CUES) == ""
        choices = menu(page, "captions")
        assert [text.split("\n")[0] for text in choices.all_inner_texts()] == ["Off", "English", "Spanish"]
        choices.nth(2).click()
        becomes(page, f"{CUES} === 'ESPAÑOL ONE'")
        expect(captions).to_have_attribute("aria-pressed", "true")
        watching.seek(30)
        becomes(page, f"{CUES} === 'ESPAÑOL TWO'")
        page.locator("palco-player").press("c")
        becomes(page, f"{CUES} === ''")
        expect(captions).to_have_attribute("aria-pressed", "false")
        page.locator("palco-player").press("c")
        becomes(page, f"{CUES} === 'ESPAÑOL TWO'")
        # Another film, another order of everything: the captions are there by themselves.
        watching = watch(page, spoken_otherwise)
        watching.play()
        watching.seek(3)
        becomes(page, f"{CUES} === 'ESPAÑOL ONE'")
        press(page, "Captions")
        becomes(page, f"{CUES} === ''")
        # Off is remembered as well, and so is the language.
        watching = watch(page, spoken)
        watching.play()
        watching.plays_on(1)
        assert page.evaluate(CUES) == ""
        page.locator("palco-player").press("c")
        becomes(page, f"{CUES}.startsWith('ESPAÑOL')")


def test_captions_outlive_their_grant_and_a_new_media_source(chromium, server, spoken):
    with signed_in(chromium, server) as page:
        used, over = set(), set()

        def answer(route):
            grant = re.search(r"/play/([^/]+)/", route.request.url)[1]
            used.add(grant)
            route.fulfill(status=401) if grant in over else route.continue_()

        page.route(re.compile(r"/play/[^/]+/"), answer)
        watching = watch(page, spoken)
        watching.play()
        watching.seek(3)
        watching.plays_on(1)
        page.evaluate(f"{VIDEO}.pause()")
        over |= used
        page.locator("palco-player").press("c")
        becomes(page, f"{CUES} === 'ENGLISH ONE'")
        assert used > over, "no other grant was asked for"
        page.evaluate(f"{PLAYER}.playback.fail(new Error('a decoder in a bad state'))")
        becomes(page, f"{PLAYER}.debug.currentTime > 0 && {PLAYER}.playback.loaders.every((each) => each.current >= 0)")
        watching.play()
        watching.plays_on(1)
        watching.seek(30)
        watching.plays_on(1)
        becomes(page, f"{CUES} === 'ENGLISH TWO'")


# The colour in the middle of the poster, as [red, green, blue].
COVER = f"""(() => {{
    const cover = {PLAYER}.shadowRoot.querySelector('.cover img');
    if (!cover?.complete || cover.naturalWidth === 0 || cover.hidden) return null;
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [8, 8];
    const context = canvas.getContext('2d');
    context.drawImage(cover, 0, 0, 8, 8);
    return [...context.getImageData(4, 4, 1, 1).data].slice(0, 3);
}})()"""

AUDIO = {
    "cover-new-30.m4a": ("-metadata", "comment=new", "-c:a", "aac"),
    "cover-new-30.mp3": ("-metadata", "comment=new", "-c:a", "libmp3lame", "-id3v2_version", "3"),
}


@pytest.mark.parametrize("name", AUDIO)
def test_sound_alone_plays_with_its_cover(page, admin, films, name):
    video = admin.have(films.with_cover(name, *AUDIO[name]), title=f"Only sound {name}")
    video = admin.wait(video["id"], whole=True)
    assert (video["kind"], video["width"], video["height"], video["renditions"]) == ("audio", None, None, [])
    assert abs(video["duration"] - 30) < 0.1
    wait_until(lambda: admin.video(video["id"])["thumbnail_url"], "its picture is there")
    watching = watch(page, video)
    watching.play_aloud()
    watching.hears(440)
    state = watching.plays_on(1)
    assert abs(state["duration"] - 30) < 0.1 and (state["width"], state["height"]) == (0, 0)
    wait_until(lambda: page.evaluate(COVER), "the cover is shown")
    red, green, blue = page.evaluate(COVER)
    assert red > 200 and green < 60 and blue < 60
    # Nothing is offered that needs a picture, and the buttons stay.
    player = page.locator("palco-player")
    expect(player.get_by_test_id("pip")).to_be_hidden()
    page.mouse.move(5, 5)
    watching.plays_on(4)
    assert page.evaluate(f"getComputedStyle({PLAYER}.controls.element).opacity") == "1"
    press(page, "Settings")
    expect(page.get_by_test_id("menu-quality")).to_have_count(0)
    expect(page.get_by_test_id("menu-sound")).to_have_count(0)
    page.keyboard.press("Escape")
    watching.seek(20)
    watching.hears(440)
    facts = page.locator(".about-facts")
    expect(facts).to_contain_text("Audio")
    expect(facts).to_contain_text("0:30")
    expect(facts).not_to_contain_text("×")
    page.goto("/")
    card = page.locator(f"[data-id='{video['id']}']")
    expect(card.get_by_test_id("audio")).to_have_text("Audio")
    expect(card.locator(".badge")).to_contain_text("0:30")
    becomes(page, f"document.querySelector(\"[data-id='{video['id']}'] img\")?.naturalWidth > 0")


def test_an_upload_of_sound_says_so_and_its_picture_comes_by_itself(chromium, own_server, films):
    """Without a cover: a waveform is drawn, after the sound can be heard already."""
    palco = own_server().start()
    film = films.make(
        "wave-20.wav", "-f", "lavfi", "-i", "aevalsrc='sin(2*PI*330*t)*mod(t,2)/2':s=44100:d=20", "-c:a", "pcm_s16le",
    )  # fmt: skip
    with signed_in(chromium, palco) as page:
        page.goto("/upload")
        page.set_input_files("input[type=file]", str(film))
        row = page.locator("main").get_by_test_id("upload")
        expect(row).to_have_attribute("data-state", "done", timeout=30_000)
        expect(row.get_by_test_id("audio")).to_have_text("Audio")
        row.get_by_role("link", name="Watch").click()
        page.wait_for_selector("palco-player", timeout=60_000)
        wait_until(lambda: page.evaluate(COVER), "the waveform is shown without loading the page again")
        assert page.evaluate(f"{PLAYER}.shadowRoot.querySelector('.cover img').naturalWidth") == 640
    palco.stop()
