"""nginx as a cache between many viewers and Palco: it keeps what all may share, and nothing else."""

import json
import os
import re
import socket
import subprocess
import urllib.parse
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from network import free_port
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, Client
from waiting import wait_until

VIEWERS = 50

# Everything may be kept that Palco lets a cache keep: nothing here knows which addresses those are.
CONFIGURATION = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    proxy_cache_path {folder}/cache keys_zone=palco:1m;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass {palco};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_cache palco;
            proxy_cache_lock on;
            proxy_cache_lock_timeout 60s;
            proxy_cache_lock_age 60s;
            add_header X-Cache $upstream_cache_status always;
        }}
    }}
}}
"""


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.fixture
def cache(tool, server, tmp_path):
    """The address of an nginx before the server."""
    port = free_port()
    user = "user root;" if os.getuid() == 0 else ""
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=tmp_path, port=port, palco=server.url, user=user))
    nginx = subprocess.Popen([tool("nginx"), "-p", tmp_path, "-c", configuration, "-e", tmp_path / "error.log"])
    try:
        wait_until(lambda: answers(port), lambda: f"nginx listens: {(tmp_path / 'error.log').read_text()}")
        yield f"http://127.0.0.1:{port}"
    finally:
        nginx.terminate()
        nginx.wait()


def through(cache, address):
    """The same address, by way of the cache."""
    parts = urllib.parse.urlsplit(address)
    return cache + parts.path


def requests(server):
    """How often the server was asked for each path, by its log."""
    return Counter(json.loads(line).get("path") for line in list(server.lines) if line.startswith("{"))


class Viewer:
    """Somebody with a sign-in of their own, whose every request goes through the cache."""

    def __init__(self, cache):
        self.client = Client(cache)
        self.client.login(ADMIN_EMAIL, ADMIN_PASSWORD)

    def watch(self, identifier):
        """Every playlist, key, init segment and segment of the film: {address: body}."""
        answers = {}

        def get(address):
            if address not in answers:
                answers[address] = self.client.get(address, token=False).expect(200)
            return answers[address]

        get(self.client.playback_url(identifier))
        variants, media = self.client.master(identifier)
        for _, playlist in [*variants, *media]:
            for uri in re.findall('URI="([^"]+)"', get(playlist).text):
                get(urllib.parse.urljoin(playlist, uri))
            for _, segment in self.client.segments(playlist):
                get(segment)
        return answers


def test_a_crowd_fetches_each_segment_once_from_the_server(server, cache, foreign):
    before = requests(server)
    with ThreadPoolExecutor(10) as pool:
        viewers = list(pool.map(lambda _: Viewer(cache), range(VIEWERS)))
    with ThreadPoolExecutor(VIEWERS) as pool:
        seen = list(pool.map(lambda viewer: viewer.watch(foreign["id"]), viewers))
    segments = {address for answers in seen for address in answers if "/media/" in address}
    assert len(segments) > 20
    for address in segments:
        bodies = {answers[address].body for answers in seen}
        assert len(bodies) == 1 and len(bodies.pop()) % 16 == 0
    server.client().get("//crowd/is/through").expect(404)
    wait_until(lambda: "/crowd/is/through" in requests(server), "all requests are in the log")
    counts = requests(server) - before
    assert {counts[urllib.parse.urlsplit(address).path] for address in segments} == {1}, counts
    # Of what stands behind a grant nothing comes from the cache.
    own = {address: answer for answers in seen for address, answer in answers.items() if "/play/" in address}
    assert len(own) > VIEWERS * 4 and not [each for each in own if own[each].headers["X-Cache"] == "HIT"]


def test_without_a_grant_the_cache_gives_no_key_no_playlist_and_no_picture(server, admin, cache, films):
    film = films.test_card("cached.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", seconds=5)
    video = admin.have(film, title="Cached")
    admin.wait(video["id"], whole=True)
    viewer = Viewer(cache)
    pictures = [f"/videos/{video['id']}/{name}" for name in ("thumbnail.jpg", "storyboard.vtt", "storyboard.jpg")]
    wait_until(lambda: all(admin.get(each).status == 200 for each in pictures), "its pictures are made")
    answers = viewer.watch(video["id"])
    for each in pictures:
        viewer.client.get(each).expect(200)
    granted = {urllib.parse.urlsplit(address).path for address in answers if "/play/" in address}
    names = {path.rpartition("/")[2] for path in granted}
    assert {"master.m3u8", "index.m3u8", "key", "init.mp4"} <= names
    stranger = Client(cache)
    for path in [*granted, *pictures, f"/videos/{video['id']}/hls/master.m3u8"]:
        grant = re.search("/play/([^/]+)/", path)
        without = path.replace(grant.group(1), "x") if grant else path
        stranger.get(without).expect(401)
    # The segments are noise.
    shared = [address for address in answers if "/media/" in address]
    assert shared and all(stranger.get(address).expect(200).headers["X-Cache"] == "HIT" for address in shared)
    for path in (f"//media/{video['id']}/720p/key", f"//media/{video['id']}/720p/index.m3u8"):
        stranger.get(path).expect(404)
    # What was open a moment ago is not open any more, though it went through the cache.
    admin.request("PATCH", f"/videos/{video['id']}", {"password": "opensesame"}).expect(200)
    for path in granted:
        assert stranger.get(path).expect(401).code == "grant_expired"
    # A segment that does not exist now may exist later.
    for _ in range(2):
        assert stranger.get(f"//media/{video['id']}/none/0.m4s").expect(404).headers["X-Cache"] == "MISS"


def test_ffmpeg_plays_through_the_cache(tool, admin, cache, foreign):
    address = through(cache, admin.playback_url(foreign["id"]))
    done = subprocess.run(
        [tool("ffmpeg"), "-v", "error", "-xerror", "-i", address, "-f", "null", "-"], capture_output=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, b"")
