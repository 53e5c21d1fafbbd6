"""Firefox by WebDriver BiDi, without a driver between."""

import contextlib
import itertools
import json
import subprocess
import threading

import pytest
from waiting import wait_until
from watching import SIGN_IN, Watching
from websockets.sync.client import connect


class Firefox:
    PREFERENCES = {
        "media.autoplay.default": 0,
        "intl.locale.requested": "en-US",
        "datareporting.policy.dataSubmissionEnabled": False,
        "app.update.enabled": False,
        "browser.shell.checkDefaultBrowser": False,
    }

    def __init__(self, program, folder):
        self.stack = contextlib.ExitStack()
        profile = folder / "profile"
        profile.mkdir()
        (profile / "user.js").write_text(
            "".join(f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in self.PREFERENCES.items())
        )
        self.process = subprocess.Popen(
            [program, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        for line in self.process.stderr:
            if "WebDriver BiDi listening on " in line:
                address = line.split("listening on ")[1].strip()
                break
        else:
            raise RuntimeError("Firefox did not start")
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        self.socket = self.stack.enter_context(connect(address + "/session", max_size=None))
        self.numbers = itertools.count(1)
        # Nobody but a test believes its authority.
        self.command("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        self.context = self.command("browsingContext.getTree")["contexts"][0]["context"]
        # Room for 720 lines: the player takes no more than it can show.
        self.command("browsingContext.setViewport", context=self.context, viewport=dict(width=1280, height=900))

    def command(self, method, **parameters):
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv(timeout=60))
            if answer.get("id") == number:
                assert answer["type"] == "success", answer
                return answer["result"]

    def goto(self, address):
        self.command("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def evaluate(self, expression):
        answer = self.command(
            "script.evaluate", expression=expression, target={"context": self.context}, awaitPromise=True
        )
        assert answer["type"] == "success", answer
        return answer["result"].get("value")

    def close(self):
        try:
            self.command("browser.close")
            assert self.process.wait(20) == 0
        finally:
            self.stack.close()
            self.process.kill()


@pytest.fixture
def firefox(tool, tmp_path):
    browser = Firefox(tool("firefox-esr", "firefox"), tmp_path)
    yield browser
    browser.close()


# The page's own question who is signed in has been answered: whoever is by then is led away from it.
ASKED = "performance.getEntriesByType('resource').filter((each) => each.name.endsWith('/auth/me')).length"


def watch(firefox, url, video):
    firefox.goto(url + "/sign-in")
    wait_until(lambda: firefox.evaluate(ASKED) == 1, "the page knows that nobody is signed in")
    assert firefox.evaluate(SIGN_IN) == 200
    firefox.goto(f"{url}/watch/{video['id']}")
    return Watching(firefox.evaluate)


@pytest.mark.parametrize("which", ["standard", "foreign"])
def test_it_plays_and_seeks(firefox, server, which, request):
    video = request.getfixturevalue(which)
    watching = watch(firefox, server.url, video)
    assert watching.play() is True
    watching.plays_on(1.5)
    assert watching.paints()
    watching.seek(video["duration"] * 0.6)
    watching.plays_on(1)


def test_it_speaks_http2_over_https(firefox, over_https):
    url, video = over_https
    watch(firefox, url, video).plays_over_http2(firefox.goto, url, video)


def test_it_plays_over_damage(firefox, server, damaged):
    assert abs(watch(firefox, server.url, damaged).plays_to_the_end()["duration"] - 12) < 0.2


def test_the_quality_follows_the_network(firefox, server, minute, network):
    slow = network(server.port)
    watch(firefox, slow.url, minute).follows_the_network(slow, minute)


def test_it_survives_a_restart_of_the_server(firefox, long_film, network):
    palco, video = long_film
    way = network(palco.port)
    watch(firefox, way.url, video).survives_a_restart(palco, way)


def test_another_sound_takes_over_without_a_pause(firefox, server, spoken):
    # Without a sound card nothing is heard here: Chromium tells the sounds apart by their tones.
    watching = watch(firefox, server.url, spoken)
    watching.play()
    watching.wait(lambda state: state["ranges"] and state["ranges"][-1][1] > state["time"] + 15, 30, "much is in hand")
    watching.changes_the_sound(1)


def test_sound_alone_plays_and_seeks(firefox, server, song):
    watching = watch(firefox, server.url, song)
    assert watching.play() is True
    watching.plays_on(2, within=30)
    watching.seek(20)
    watching.plays_on(1, within=30)
