"""WebKitGTK's MiniBrowser, nearest to Safari here: it has ManagedMediaSource."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service
from watching import SIGN_IN, Watching


@pytest.fixture(scope="module")
def display(tool):
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [tool("Xvfb"), "-displayfd", str(writing), "-screen", "0", "1600x1200x24", "-nolisten", "tcp"],
        pass_fds=[writing], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writing)
    number = os.read(reading, 16).decode().strip()
    os.close(reading)
    yield f":{number}"
    process.terminate()
    process.wait(10)


@pytest.fixture
def webkit(tool, display):
    home = tempfile.mkdtemp(prefix="palco-webkit")
    found = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser"))
    browser = str(found[0]) if found else tool("MiniBrowser")
    options = Options()
    options.binary_location = browser
    options.add_argument("--automation")
    environment = {
        **os.environ, "DISPLAY": display, "LIBGL_ALWAYS_SOFTWARE": "1", "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
        "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1", "XDG_RUNTIME_DIR": home, "HOME": home, "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    service = Service(executable_path=tool("WebKitWebDriver"), env=environment)
    driver = webdriver.WebKitGTK(options=options, service=service)
    driver.set_script_timeout(30)
    yield driver
    driver.quit()
    shutil.rmtree(home, ignore_errors=True)


def evaluate(driver, expression):
    return driver.execute_async_script(
        f"const done = arguments[0]; Promise.resolve({expression}).then(done, (error) => done(String(error)));"
    )


def watch(webkit, url, video):
    webkit.get(url + "/sign-in")
    assert evaluate(webkit, SIGN_IN) == 200
    webkit.get(f"{url}/watch/{video['id']}")
    return Watching(lambda expression: evaluate(webkit, expression))


@pytest.mark.parametrize("which", ["standard", "foreign"])
def test_it_plays_and_seeks(webkit, server, which, request):
    video = request.getfixturevalue(which)
    watching = watch(webkit, server.url, video)
    assert watching.play() is True
    watching.plays_on(1.5, within=30)
    watching.seek(video["duration"] * 0.6)
    watching.plays_on(1, within=30)
    assert evaluate(webkit, "'ManagedMediaSource' in window") is True


def test_the_quality_follows_the_network(webkit, server, minute, network):
    slow = network(server.port)
    # Its window is small, and the player takes no more lines than it can show.
    watch(webkit, slow.url, minute).follows_the_network(slow, minute, lines=480)


def test_it_survives_a_restart_of_the_server(webkit, long_film):
    palco, video = long_film
    watch(webkit, palco.url, video).survives_a_restart(palco)
