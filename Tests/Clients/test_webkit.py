"""WebKitGTK's MiniBrowser, nearest to Safari here: it has ManagedMediaSource."""

import contextlib
import os
import select
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.remote_connection import RemoteConnection
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service
from urllib3.exceptions import HTTPError
from watching import SIGN_IN, Watching


SOUND_CARDS = ("alsasink", "jackaudiosink", "openalsink", "oss4sink", "osssink", "pulsesink", "pipewiresink")


@contextlib.contextmanager
def running_screen(program):
    """A screen of memory; answers its DISPLAY."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [program, "-displayfd", str(writing), "-screen", "0", "1600x1200x24", "-nolisten", "tcp"],
        pass_fds=[writing], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writing)
    try:
        number = b""
        while not number.endswith(b"\n"):
            assert select.select([reading], [], [], 30)[0], "Xvfb says nothing"
            assert (piece := os.read(reading, 16)), f"Xvfb ended with {process.wait(10)}"
            number += piece
        yield f":{number.decode().strip()}"
    finally:
        os.close(reading)
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def running_driver(program, display, log):
    home = tempfile.mkdtemp(prefix="palco-webkit")
    environment = {
        **os.environ, "DISPLAY": display, "LIBGL_ALWAYS_SOFTWARE": "1", "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
        "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1", "XDG_RUNTIME_DIR": home, "HOME": home, "LC_ALL": "C.UTF-8",
        "GSETTINGS_BACKEND": "memory", "NO_AT_BRIDGE": "1", "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        # Without a sound card: no looking for one.
        "GST_PLUGIN_FEATURE_RANK": ",".join(f"{sink}:NONE" for sink in SOUND_CARDS),
    }  # fmt: skip
    service = Service(executable_path=program, env=environment, log_output=log)
    try:
        service.start()
        yield service
    finally:
        service.stop()
        shutil.rmtree(home, ignore_errors=True)


def new_session(browser, address, seconds):
    """The driver waits for ever for a browser that ended while it started: so its answer is waited for with a limit."""
    options = Options()
    options.binary_location = browser
    options.add_argument("--automation")
    # Nobody but a test believes its authority.
    options.accept_insecure_certs = True
    config = ClientConfig(address, timeout=seconds)
    driver = WebDriver(command_executor=RemoteConnection(client_config=config), options=options)
    # No command may take longer than this; pages and scripts end earlier, with an error of their own.
    config.timeout = 70
    driver.set_page_load_timeout(60)
    driver.set_script_timeout(30)
    return driver


@pytest.fixture
def webkit(tool, tmp_path):
    """Only the start of a browser is tried again, up to three times, because its driver gives no answer when the browser
    ends while it starts. No page was opened by then: nothing that is tested is done twice."""
    found = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser"))
    browser = str(found[0]) if found else tool("MiniBrowser")
    for attempt in range(3):
        log = tmp_path / f"webkit-{attempt}.log"
        with contextlib.ExitStack() as running:
            display = running.enter_context(running_screen(tool("Xvfb")))
            service = running.enter_context(running_driver(tool("WebKitWebDriver"), display, str(log)))
            try:
                driver = new_session(browser, service.service_url, seconds=40)
            except HTTPError as error:
                print(f"WebKit did not start: {error!r}\n{log.read_text('utf-8', 'replace')[-2000:]}")
                continue
            yield driver
            with contextlib.suppress(HTTPError, WebDriverException):
                driver.quit()
            return
    pytest.fail("WebKit did not start three times")


def evaluate(driver, expression):
    return driver.execute_async_script(
        f"const done = arguments[0]; Promise.resolve({expression}).then(done, (error) => done(String(error)));"
    )


def watch(driver, url, video):
    driver.get(url + "/sign-in")
    assert evaluate(driver, SIGN_IN) == 200
    driver.get(f"{url}/watch/{video['id']}")
    return Watching(lambda expression: evaluate(driver, expression))


@pytest.mark.parametrize("which", ["standard", "foreign"])
def test_it_plays_and_seeks(webkit, server, which, request):
    video = request.getfixturevalue(which)
    watching = watch(webkit, server.url, video)
    assert watching.play() is True
    watching.plays_on(1.5, within=30)
    watching.seek(video["duration"] * 0.6)
    watching.plays_on(1, within=30)
    assert evaluate(webkit, "'ManagedMediaSource' in window") is True


def test_it_speaks_http2_over_https(webkit, over_https):
    url, video = over_https
    watch(webkit, url, video).plays_over_http2(webkit.get, url, video)


def test_it_plays_over_damage(webkit, server, damaged):
    assert abs(watch(webkit, server.url, damaged).plays_to_the_end()["duration"] - 12) < 0.2


def test_the_quality_follows_the_network(webkit, server, admin, films, network):
    # Its window is small, and the player takes no more lines than it can show.
    video = admin.have(films.small_and_long, title="Small and long")
    video = admin.wait(video["id"], whole=True)
    slow = network(server.port)
    watch(webkit, slow.url, video).follows_the_network(slow, video, lines=480)


def test_it_survives_a_restart_of_the_server(webkit, long_film, network):
    palco, video = long_film
    way = network(palco.port)
    watch(webkit, way.url, video).survives_a_restart(palco, way)


def test_it_goes_back_to_before_where_it_was_resumed(webkit, server, minute):
    watching = watch(webkit, server.url, minute)
    watching.play()
    watching.seek(46)
    watching.plays_on(2)
    webkit.refresh()
    watching.play()
    assert watching.plays_on(1)["time"] > 40
    watching.seek(2)
    watching.plays_on(2)


def test_another_sound_takes_over_without_a_pause(webkit, server, spoken):
    # Without a sound card nothing is heard here: Chromium tells the sounds apart by their tones.
    watching = watch(webkit, server.url, spoken)
    watching.play()
    watching.wait(lambda state: state["ranges"] and state["ranges"][-1][1] > state["time"] + 15, 30, "much is in hand")
    watching.changes_the_sound(1)


def test_sound_alone_plays_and_seeks(webkit, server, song):
    watching = watch(webkit, server.url, song)
    assert watching.play() is True
    watching.plays_on(2, within=30)
    watching.seek(20)
    watching.plays_on(1, within=30)
