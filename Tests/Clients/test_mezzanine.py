"""A film that no index describes is read once as a whole; people watch its beginning meanwhile."""

import pytest
from browsing import signed_in, watch
from playwright.sync_api import expect

SECONDS = 120


@pytest.fixture
def unindexed(films):
    """B-frames in an AVI, which tells no times of presentation."""
    options = ("-c:v", "mpeg4", "-bf", "2", "-b:v", "1500k", "-c:a", "ac3")
    return films.test_card(f"unindexed-{SECONDS}.avi", *options, size="1280x720", rate="25", seconds=SECONDS)


# Reading, encoding and watching two minutes of film, beside other tests on a busy machine.
@pytest.mark.timeout(600)
def test_its_beginning_is_watched_while_the_rest_is_read(chromium, own_server, unindexed):
    palco = own_server().start()
    client = palco.admin()
    identifier = client.upload(unindexed, title="Long").expect(201).json()["id"]
    early = client.wait(identifier)
    assert early["duration"] < SECONDS - 20
    with signed_in(chromium, palco) as page:
        watching = watch(page, early)
        watching.play()
        state = watching.plays_on(2)
        known = state["duration"]
        assert known < SECONDS - 20
        watching.wait(lambda state: state["duration"] > known + 20, 60, "more of it is known")
        watching.seek(known + 5)
        watching.plays_on(1, within=30)
        watching.wait(lambda state: abs(state["duration"] - SECONDS) < 0.5, 300, "all of it is known")
        watching.seek(SECONDS - 4)
        watching.wait(lambda state: state["ended"], 60, "it ends")
    assert abs(client.video(identifier)["duration"] - SECONDS) < 0.1
    assert palco.stop() == 0


@pytest.mark.parametrize(
    "locale, words", [("en-US", "The end of the file is missing"), ("es-ES", "Falta el final"), ("ru-RU", "Конец файла")]
)
def test_its_page_says_what_is_missing(chromium, server, admin, films, locale, words):
    film = films.phone.read_bytes()
    path = films.made / f"cut-{locale}.mp4"
    path.write_bytes(film[: len(film) // 2] + locale.encode())
    video = admin.have(path, title="Cut")
    admin.wait(video["id"])
    with signed_in(chromium, server, locale=locale) as page:
        watch(page, video)
        expect(page.get_by_test_id("warnings")).to_contain_text(words)
        page.set_viewport_size(dict(width=390, height=844))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth") is True
