import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import browsing  # noqa: E402
import crashing  # noqa: E402
import films as film_makers  # noqa: E402
import people  # noqa: E402
from authority import Authority  # noqa: E402
from network import Network  # noqa: E402
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, ROOT, Client, Palco  # noqa: E402
from places import MEDIA_IS_LOCAL, ROWS_ARE_LOCAL  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from waiting import wait_until  # noqa: E402


@pytest.fixture(scope="session")
def tool():
    """`tool("mpv")` is its path. A missing tool skips on a workbench and fails in CI."""

    def find(*names):
        for name in names:
            if found := shutil.which(name, path=f"{ROOT}/.build/tools/bin:{os.environ['PATH']}:/usr/sbin:/opt/swift/usr/bin"):
                return found
        message = f"{names[0]} is not installed (scripts/setup test installs it)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)

    return find


@pytest.fixture(scope="module")
def chromium(tool):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=tool("chromium"), headless=True, args=browsing.ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, server):
    with browsing.signed_in(chromium, server) as page:
        yield page


@pytest.fixture(scope="session")
def authority(tool, tmp_path_factory):
    return Authority(tool("openssl"), tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def films():
    return film_makers.Films(ROOT / ".build/test-media")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """One server for all tests that only use it."""
    palco = Palco(tmp_path_factory.mktemp("palco") / "data", generous()).start()
    yield palco
    assert palco.stop() == 0


@pytest.fixture(scope="session")
def house_over_https(authority, films, tmp_path_factory):
    folder = tmp_path_factory.mktemp("https")
    palco = Palco(folder / "data", {**generous(), **authority.issue("shown", folder=folder)}).start()
    client = Client(f"https://localhost:{palco.secure_port}", trust=authority.trust())
    client.login(ADMIN_EMAIL, ADMIN_PASSWORD)
    yield client, client.wait(client.have(films.bunny, title="Big Buck Bunny")["id"], whole=True)
    assert palco.stop() == 0


@pytest.fixture
def over_https(house_over_https):
    """The address of a server that speaks https, and a film on it, wholly made.

    Nobody has seen it yet: WebKitGTK comes to a lasting stop where so short a film goes on shortly before its end.
    """
    client, video = house_over_https
    client.request("DELETE", "/me/history").expect(204)
    return client.url, video


@pytest.fixture(scope="module")
def open_house(tmp_path_factory):
    with people.open_to_all(tmp_path_factory.mktemp("open") / "data") as palco:
        yield palco


@pytest.fixture
def own_server(tmp_path):
    """A server of this test's own, not started yet: `own_server(settings)`."""
    started = []

    def make(settings=None, name="data"):
        palco = Palco(tmp_path / name, {**generous(), **(settings or {})})
        started.append(palco)
        return palco

    yield make
    for palco in started:
        if palco.process and palco.process.poll() is None:
            palco.kill()


@pytest.fixture(scope="session")
def admin(server):
    return server.admin()


@pytest.fixture(scope="session")
def standard(admin, films):
    """bigbuckbunny.mp4, playable as it is, uploaded and wholly made."""
    video = admin.have(films.bunny, title="Big Buck Bunny")
    return admin.wait(video["id"], whole=True)


@pytest.fixture(scope="session")
def foreign(admin, films):
    """vtest.avi, MS-MPEG-4, which has to be encoded; uploaded and wholly made."""
    video = admin.have(films.street, title="Street")
    return admin.wait(video["id"], whole=True)


@pytest.fixture(scope="session")
def damaged(admin, films):
    """A film with a hole in its middle, wholly made: others stand in for the copied segments there."""
    video = admin.have(films.damaged, title="Damaged")
    video = admin.wait(video["id"], whole=True)
    assert [warning["code"] for warning in video["warnings"]] == ["damaged"]
    assert [rendition["name"] for rendition in video["renditions"]] == ["360p", "240p"]
    return video


@pytest.fixture(scope="session")
def minute(admin, films):
    """A minute of 720 lines and sound, wholly made."""
    video = admin.have(films.minute, title="A minute of a bunny")
    return admin.wait(video["id"], whole=True)


@pytest.fixture(scope="session")
def spoken(admin, films):
    """Spanish, English, and English for those who do not see; captions in English and Spanish."""
    return with_captions(admin, films.in_languages("spa", "eng", "described"), "Spoken")


@pytest.fixture(scope="session")
def spoken_otherwise(admin, films):
    """The same languages in another order."""
    return with_captions(admin, films.in_languages("described", "spa", "eng"), "Spoken otherwise")


@pytest.fixture(scope="session")
def song(admin, films):
    """Half a minute of sound with a cover."""
    video = admin.have(films.with_cover("cover-30.m4a", "-c:a", "aac"), title="A song")
    return admin.wait(video["id"], whole=True)


def with_captions(admin, film, title):
    """Wholly made, with both its captions."""
    video = admin.wait(admin.have(film, title=title)["id"], whole=True)

    def kinds():
        return [named["TYPE"] for named, _ in admin.master(video["id"])[1]]

    wait_until(lambda: kinds().count("SUBTITLES") == 2, lambda: f"captions among {kinds()}")
    return video


@pytest.fixture
def long_film(own_server, films):
    """A server of the test's own and a film of 300 s on it that can be watched."""
    palco = own_server().start()
    client = palco.admin()
    video = client.upload(films.long_standard(300), title="Long").expect(201).json()
    client.wait(video["id"])
    yield palco, video
    palco.stop()


@pytest.fixture(scope="session")
def crash_library(tool, tmp_path_factory):
    """Preloaded into a server, it writes its calls down and ends it at one of them."""
    return crashing.library(tool, "crash", tmp_path_factory.mktemp("crash"))


@pytest.fixture(scope="session")
def short_films(films):
    return {
        "standard": films.bikes,
        "foreign": films.flashes("short.mkv", "-c:v", "mpeg4", "-q:v", "3", "-c:a", "libmp3lame", seconds=9),
    }


@pytest.fixture(scope="session")
def undisturbed(crash_library, short_films, tmp_path_factory):
    """What is there of each short film when nothing goes wrong, and all calls that were made until then."""
    found = {}
    for kind, film in short_films.items():
        folder = tmp_path_factory.mktemp("undisturbed")
        palco = Palco(folder / "data").start()
        token = palco.admin().token
        palco.stop()
        palco.settings = {"LD_PRELOAD": str(crash_library), "PALCO_CRASH_LOG": str(folder / "calls")}
        client = palco.start().client()
        client.token = token
        video = client.upload(film, title=kind).expect(201).json()
        client.wait(video["id"], whole=True)
        crashing.settle(palco)
        found[kind] = crashing.Outcome(palco, client, film, video["id"])
        found[kind].calls = crashing.calls(folder / "calls")
        assert palco.stop() == 0
    return found


@pytest.fixture
def network():
    """`network(port)`: a way to that server that can be slow and cut."""
    made = []

    def make(port):
        made.append(Network(port))
        return made[-1]

    yield make
    for each in made:
        each.close()


# How many tests may be left out where rows and media are not local. Whoever adds one says why beside it, and raises this.
MOST_LOCAL_ONLY = 7
MEANING = "local_only(reason): it is about the local disk, or about SQLite, and left out where rows and media are elsewhere"


def pytest_collection_modifyitems(config, items):
    local = [item for item in items if item.get_closest_marker("local_only")]
    unexplained = [item.nodeid for item in local if not item.get_closest_marker("local_only").args]
    names = {item.nodeid.partition("[")[0] for item in local}
    if unexplained or len(names) > MOST_LOCAL_ONLY:
        raise pytest.UsageError(f"{len(names)} tests are local only, at most {MOST_LOCAL_ONLY} may be; without a reason: {unexplained}")
    if not (ROWS_ARE_LOCAL and MEDIA_IS_LOCAL):
        config.hook.pytest_deselected(items=local)
        items[:] = [item for item in items if item not in local]


def pytest_configure(config):
    config.addinivalue_line("markers", MEANING)
    # What tests measure and do not judge: lines for the end of a run.
    config.measured = []


def generous():
    """Settings for many sign-ins from one address in a short time."""
    return {}


def pytest_sessionfinish():
    """scripts/test looks whether all runs together saw what the contract promises."""
    path = os.environ.get("PALCO_SEEN")
    if path and Client.known_contract:
        Client.known_contract.save(path)


def pytest_terminal_summary(terminalreporter, config):
    for each in config.measured:
        terminalreporter.line(each)
