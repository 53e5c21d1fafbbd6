"""What the player offers beside playing, in Chromium: the whole screen, a small window, captions, qualities, previews."""

import contextlib
import json
import re

import pytest
from browsing import NAME_AT_HOME, becomes, button, press, signed_in, visitor, watch
from playwright.sync_api import expect
from waiting import wait_until
from watching import CUES, PLAYER, SIGN_IN, VIDEO, Watching


@pytest.fixture
def playing(page, minute):
    watching = watch(page, minute)
    watching.play()
    watching.plays_on(1)
    return watching


def fills_the_screen(page):
    becomes(page, f"document.fullscreenElement === {PLAYER}")
    size = page.viewport_size
    box = page.locator("palco-player").bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, size["width"], size["height"])


def test_full_screen_by_button_key_and_double_click(page, playing):
    before = page.locator("palco-player").bounding_box()
    press(page, "Full screen")
    fills_the_screen(page)
    playing.plays_on(0.5)
    # Whoever reads the buttons aloud is told what the button does now.
    expect(button(page, "Full screen")).to_have_count(0)
    press(page, "Leave full screen")
    becomes(page, "document.fullscreenElement === null")
    expect(button(page, "Full screen")).to_be_visible()
    assert page.locator("palco-player").bounding_box() == before
    page.locator("palco-player").press("f")
    fills_the_screen(page)
    page.locator("palco-player").press("f")
    becomes(page, "document.fullscreenElement === null")
    page.mouse.dblclick(before["x"] + before["width"] / 2, before["y"] + before["height"] / 3)
    fills_the_screen(page)
    assert not playing.state()["paused"], "two clicks pause and play on"


def test_picture_in_picture_by_button_and_key_ends_with_the_page(page, playing):
    inside = f"document.pictureInPictureElement === {PLAYER}"
    press(page, "Picture in picture")
    becomes(page, inside)
    assert page.evaluate(f"{PLAYER}.shadowRoot.pictureInPictureElement === {VIDEO}")
    playing.plays_on(0.5)
    page.locator("palco-player").press("p")
    becomes(page, "document.pictureInPictureElement === null")
    page.locator("palco-player").press("p")
    becomes(page, inside)
    page.get_by_role("link", name="Palco, to the library").click()
    page.get_by_test_id("video").first.wait_for()
    becomes(page, "document.pictureInPictureElement === null")


CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:10.000\nIN THE BEGINNING\n\n00:10.000 --> 01:00.000\nLATER ON\n"

# A page with a player whose film has captions, as the element takes them.
CAPTIONED = """async (id) => {
    const play = await (await fetch(`/api/v1/videos/${id}/play`)).json();
    const player = document.createElement('palco-player');
    const track = document.createElement('track');
    Object.assign(track, { kind: 'captions', label: 'English', srclang: 'en', src: '/captions.vtt' });
    player.append(track);
    document.querySelector('palco-player').replaceWith(player);
    player.load({ url: play.playback_url, title: 'Captioned', renew: async () => play.playback_url });
}"""


def captions_area(page):
    """The lower part of the picture, above the bar of buttons."""
    box = page.locator("palco-player").bounding_box()
    area = dict(x=box["x"], y=box["y"] + box["height"] * 0.5, width=box["width"], height=box["height"] * 0.38)
    return page.screenshot(clip=area)


def test_captions_are_shown_and_hidden_by_button_and_key(page, minute):
    page.route("**/captions.vtt", lambda route: route.fulfill(body=CAPTIONS, content_type="text/vtt"))
    watch(page, minute)
    page.evaluate(CAPTIONED, minute["id"])
    watching = Watching(page.evaluate)
    watching.play()
    watching.plays_on(1)
    page.locator("palco-player").press("k")
    watching.wait(lambda state: state["paused"], 5, "paused")
    captions = button(page, "Captions")
    expect(captions).to_have_attribute("aria-pressed", "false")
    captions.focus()
    without = captions_area(page)
    press(page, "Captions")
    expect(captions).to_have_attribute("aria-pressed", "true")
    becomes(page, f"{CUES} === 'IN THE BEGINNING'")
    with_captions = captions_area(page)
    assert with_captions != without, "nothing is to be seen of them, or it lies below the buttons"
    watching.seek(30)
    becomes(page, f"{CUES} === 'LATER ON'")
    page.locator("palco-player").press("c")
    expect(captions).to_have_attribute("aria-pressed", "false")
    assert page.evaluate(CUES) == ""


def test_a_film_without_captions_has_no_button_for_them(page, playing):
    expect(page.locator("palco-player").get_by_test_id("captions")).to_be_hidden()
    page.locator("palco-player").press("c")
    assert not playing.state()["paused"]


def test_the_quality_is_chosen_in_the_menu_and_given_back(page, minute, playing):
    names = sorted((rendition["name"] for rendition in minute["renditions"]), key=lambda name: -int(name[:-1]))
    playing.wait(lambda state: state["height"] == 720, 30, "720 lines by itself")
    press(page, "Settings")
    entry = page.get_by_test_id("menu-quality")
    expect(entry).to_contain_text("Automatic · 720p")
    entry.click()
    choices = page.locator("palco-player").get_by_role("menuitemradio")
    expect(choices).to_have_count(len(names) + 1)
    assert [text.split("p")[0] + "p" for text in choices.all_inner_texts()[1:]] == names
    expect(choices.nth(0)).to_have_attribute("aria-checked", "true")
    lowest = page.get_by_test_id(f"quality-{names[-1]}")
    lowest.click()
    expect(page.locator("palco-player").get_by_role("menu")).to_be_hidden()
    playing.wait(lambda state: f"{state['height']}p" == names[-1] and not state["paused"], 30, names[-1])
    # It stays chosen, although the network would allow more.
    playing.seek(40)
    assert playing.plays_on(2)["height"] == int(names[-1][:-1])
    press(page, "Settings")
    expect(entry).to_contain_text(names[-1])
    # With the keyboard: into the qualities, up to the first one.
    page.keyboard.press("ArrowRight")
    expect(lowest).to_have_attribute("aria-checked", "true")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    playing.wait(lambda state: state["height"] == 720, 30, "720 lines again")
    assert page.evaluate(f"{PLAYER}.debug.automatic") is True


def test_buttons_out_of_sight_are_within_the_reach_of_keys(page, playing):
    page.locator("palco-player").focus()
    idle = f"{PLAYER}.stage.classList.contains('idle')"
    becomes(page, idle)
    expect(button(page, "Pause")).to_have_count(1)
    page.keyboard.press("Tab")
    assert page.evaluate(idle) is False
    assert page.evaluate(f"{PLAYER}.shadowRoot.activeElement?.getAttribute('role')") == "slider"
    page.keyboard.press("Tab")
    expect(button(page, "Pause")).to_be_focused()


def test_escape_leaves_the_menu_step_by_step(page, playing):
    press(page, "Settings")
    page.get_by_test_id("menu-speed").click()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("menu-speed")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("palco-player").get_by_role("menu")).to_be_hidden()
    expect(button(page, "Settings")).to_be_focused()
    expect(button(page, "Settings")).to_have_attribute("aria-expanded", "false")


# How far the preview's picture is from the film at some times: [mean difference of a channel, …].
DIFFERENCES = f"""async (times) => {{
    const picture = {PLAYER}.shadowRoot.querySelector('.preview-picture');
    const {{ backgroundImage, backgroundPosition, width, height }} = picture.style;
    const sprite = new Image();
    sprite.src = backgroundImage.slice(5, -2);
    await sprite.decode();
    const [x, y] = backgroundPosition.split(' ').map((part) => -Number.parseFloat(part));
    const [w, h] = [width, height].map(Number.parseFloat);
    if (x + w > sprite.naturalWidth || y + h > sprite.naturalHeight) return 'outside of the sprite';
    const pixels = (image, ...area) => {{
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [16, 9];
        const context = canvas.getContext('2d');
        context.drawImage(image, ...area, 0, 0, 16, 9);
        return context.getImageData(0, 0, 16, 9).data;
    }};
    const wanted = pixels(sprite, x, y, w, h);
    const video = {VIDEO};
    video.pause();
    const differences = [];
    for (const time of times) {{
        const seeked = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
        video.currentTime = time;
        await seeked;
        const found = pixels(video, 0, 0, video.videoWidth, video.videoHeight);
        differences.push(found.reduce((sum, value, place) => sum + Math.abs(value - wanted[place]), 0) / found.length);
    }}
    return differences;
}}"""


def test_the_seek_bar_shows_the_picture_of_the_place_under_the_pointer(page, films, admin):
    # Every second has a colour of its own, so that a picture tells its time.
    colours = "+".join(f"eq(floor(T/2)\\,{n})*{40 + n * 25}" for n in range(8))
    film = films.make(
        "colours.mp4", "-f", "lavfi", "-i", f"color=c=black:s=32x18:r=25:d=16,format=yuv420p,geq=lum='{colours}':cb=128:cr=128,scale=640:360",
        "-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-pix_fmt", "yuv420p",
    )  # fmt: skip
    video = admin.upload(film, title="Colours").expect(200, 201).json()
    admin.wait(video["id"], whole=True)
    wait_until(lambda: admin.get(f"/videos/{video['id']}/storyboard.vtt").status == 200, "the pictures are made")
    watching = watch(page, video)
    watching.play()
    seek_bar = page.locator("palco-player").get_by_role("slider", name="Position in the video")
    preview = page.locator("palco-player").locator(".preview")
    for share, clock, time in ((0.2, "0:03", 3.2), (0.7, "0:11", 11.2)):
        box = seek_bar.bounding_box()
        page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
        expect(preview.locator(".preview-time")).to_have_text(clock)
        expect(preview.locator(".preview-picture")).to_be_visible()
        shown = preview.bounding_box()
        assert abs(shown["x"] + shown["width"] / 2 - box["x"] - box["width"] * share) < 3, "it is not above the pointer"
        there, *elsewhere = page.evaluate(DIFFERENCES, [time, time - 2, time + 2, 15.5 - time])
        assert there < 8 < min(elsewhere), (there, elsewhere)
    page.mouse.move(5, 5)
    expect(preview).to_be_hidden()


def statistics(page):
    rows = page.get_by_test_id("statistics").locator("dt, dd").all_inner_texts()
    return dict(zip(rows[::2], rows[1::2], strict=True))


def frames_shown(page):
    return int(re.search(r"/ (\d+)", statistics(page)["Dropped frames"])[1])


def test_the_statistics_say_what_is_going_on(page, playing):
    overlay = page.get_by_test_id("statistics")
    expect(overlay).to_be_hidden()
    page.locator("palco-player").press("d")
    expect(overlay).to_be_visible()
    playing.wait(lambda state: state["height"] == 720, 30, "720 lines")
    expect(overlay).to_contain_text("1280 × 720")
    expect(overlay).to_contain_text("720p (Automatic)")
    first = statistics(page)
    assert list(first) == ["Rendition", "Picture", "Bit rate", "Throughput", "Buffer", "Dropped frames", "State"]
    assert re.fullmatch(r"[\d.]+ [MkK]b(ps|/s)", first["Bit rate"]), first
    assert re.fullmatch(r"[\d.]+ [MkK]b(ps|/s)", first["Throughput"]), first
    assert first["State"] == "playing"
    # The figures are those of the video, and they go on.
    frames = frames_shown(page)
    assert 0 < frames <= playing.state()["frames"]
    wait_until(lambda: frames_shown(page) > frames, "more frames are shown")
    page.keyboard.press("k")
    expect(overlay).to_contain_text("paused")
    press(page, "Settings")
    page.get_by_test_id("menu-statistics").click()
    expect(overlay).to_be_hidden()


WITHOUT_MEDIA_SOURCE = """
for (const name of ['MediaSource', 'ManagedMediaSource', 'WebKitMediaSource']) {
    Object.defineProperty(globalThis, name, { value: undefined });
}
"""


@pytest.fixture
def open_film(own_server, films):
    """A server that does not encrypt, and a minute of film on it."""
    palco = own_server({"PALCO_ENCRYPTION": "none"}).start()
    client = palco.admin()
    video = client.upload(films.minute, title="Minute").expect(201).json()
    yield palco, client.wait(video["id"], whole=True)
    palco.stop()


def test_a_browser_without_media_source_plays_hls_itself(chromium, open_film):
    palco, video = open_film
    with signed_in(chromium, palco) as page:
        page.add_init_script(WITHOUT_MEDIA_SOURCE)
        watching = watch(page, video)
        assert watching.play() is True
        state = watching.plays_on(1)
        assert "/master.m3u8" in state["src"], "its own player was used"
        assert watching.paints()
        watching.seek(40)
        watching.plays_on(1)
        # What works without a choice of renditions is offered, and the rest is not.
        press(page, "Settings")
        expect(page.get_by_test_id("menu-speed")).to_be_visible()
        expect(page.get_by_test_id("menu-quality")).to_have_count(0)
        page.keyboard.press("Escape")
        page.locator("palco-player").press("k")
        watching.wait(lambda state: state["paused"], 5, "paused")
        page.reload()
        watching = Watching(page.evaluate)
        watching.play()
        assert watching.plays_on(0.5)["time"] > 38, "it begins where one stopped"


def test_a_browser_that_can_neither_decrypt_nor_be_fed_says_so(chromium, server, minute):
    with signed_in(chromium, server) as page:
        page.add_init_script(WITHOUT_MEDIA_SOURCE)
        watch(page, minute)
        message = page.get_by_test_id("player-message")
        expect(message).to_contain_text("This browser cannot decode the video.", timeout=20_000)
        expect(message.get_by_role("button", name="Try again")).to_be_visible()


@contextlib.contextmanager
def at_home(chromium, palco):
    """A page of the server by a name that is no secure context, signed in."""
    with visitor(chromium, f"http://{NAME_AT_HOME}:{palco.port}") as page:
        page.goto("/sign-in")
        assert page.evaluate(SIGN_IN) == 200
        yield page


def test_encrypted_film_plays_where_the_browser_keeps_its_cryptography_to_itself(chromium, server, minute):
    with at_home(chromium, server) as page:
        watching = watch(page, minute)
        assert page.evaluate("[isSecureContext, typeof crypto.subtle]") == [False, "undefined"]
        assert watching.play() is True
        watching.plays_on(2)
        assert watching.paints()
        watching.seek(40)
        watching.plays_on(1)
        assert json.loads(page.evaluate(f"JSON.stringify({PLAYER}.debug)"))["lastError"] is None
