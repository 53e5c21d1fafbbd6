"""Programs people really play with, each reading the playlist address that `play` hands out."""

import json
import os
import pwd
import re
import subprocess
import urllib.parse

import pytest
from crashing import packets
from palco import Palco


def run(*command, timeout=120, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, timeout=timeout, **options)
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


@pytest.fixture(params=["standard", "foreign"])
def address(request, admin):
    return admin.playback_url(request.getfixturevalue(request.param)["id"])


def test_ffmpeg_decodes_picture_and_sound_without_a_complaint(tool, address):
    status, _, complaints = run(tool("ffmpeg"), "-v", "error", "-xerror", "-i", address, "-f", "null", "-")
    assert (status, complaints) == (0, "")


def test_mpv_plays(tool, address):
    status, out, complaints = run(
        tool("mpv"), "--no-config", "--vo=null", "--ao=null", "--untimed", "--length=4", "--msg-level=all=info", address
    )
    assert status == 0, complaints
    assert b"Video" in out


def test_vlc_plays(tool, address, tmp_path):
    if os.getuid() != 0:
        command = [tool("cvlc")]
    else:  # VLC refuses root.
        nobody = pwd.getpwnam("nobody")
        os.chmod(tmp_path, 0o777)
        command = [
            tool("setpriv"), f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", tool("cvlc"),
        ]  # fmt: skip
    status, _, complaints = run(
        *command, "-vv", "--vout", "dummy", "--aout", "dummy", "--play-and-exit", "--run-time", "4", address,
        env={**os.environ, "HOME": "/tmp", "XDG_RUNTIME_DIR": "/tmp"}, timeout=60, cwd="/tmp",
    )  # fmt: skip
    assert status == 0, complaints[-2000:]
    assert "Received first picture" in complaints, complaints[-4000:]


def test_streamlink_reads_the_best_quality(tool, address, tmp_path):
    out = tmp_path / "film.ts"
    status, listed, complaints = run(tool("streamlink"), "--loglevel", "warning", "-o", out, f"hls://{address}", "best")
    assert status == 0, listed.decode() + complaints
    status, found, _ = run(tool("ffprobe"), "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", out)
    assert status == 0 and b"h264" in found


def test_yt_dlp_lists_every_quality_and_downloads(tool, address, tmp_path):
    downloader = (tool("yt-dlp"), "--no-update", "--ignore-config", "--no-warnings")
    status, listed, complaints = run(*downloader, "--dump-json", address)
    assert status == 0, complaints
    heights = {form.get("height") for form in json.loads(listed)["formats"]} - {None}
    assert len(heights) >= 3, heights
    out = tmp_path / "film.mp4"
    status, _, complaints = run(*downloader, "--quiet", "-o", out, address)
    assert status == 0, complaints
    status, found, _ = run(tool("ffprobe"), "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", out)
    assert status == 0 and b"h264" in found


@pytest.mark.parametrize("kind", ["standard", "foreign"])
def test_every_keyframe_of_a_list_is_a_picture(request, tool, admin, tmp_path, kind):
    """As RFC 8216 6.3.6 has it: whole blocks are fetched and decrypted, and what is too much is cut off."""
    identifier = request.getfixturevalue(kind)["id"]
    lists, variants = admin.keyframe_lists(identifier), admin.master(identifier)[0]
    assert [named["RESOLUTION"] for named, _ in lists] == [named["RESOLUTION"] for named, _ in variants]
    for (named, address), (whole, playlist) in zip(lists, variants):
        assert int(named["BANDWIDTH"]) < int(whole["BANDWIDTH"]) and named["CODECS"] in whole["CODECS"]
        text = admin.get(address).expect(200).text
        assert "#EXT-X-I-FRAMES-ONLY" in text and text.count("#EXT-X-KEY:METHOD=AES-128") == 1
        ranges = [int(count) for count in re.findall("#EXT-X-BYTERANGE:([0-9]+)@0", text)]
        segments = admin.segments(address)
        assert segments == admin.segments(playlist) and len(ranges) == len(segments)
        key = admin.get(urllib.parse.urljoin(address, "key")).expect(200).body
        init = admin.get(urllib.parse.urljoin(address, "init.mp4")).expect(200).body
        for number, (count, (_, segment)) in enumerate(zip(ranges, segments)):
            if number % 5 == 0:
                blocks = -(-count // 16) * 16
                part = admin.get(segment, headers={"Range": f"bytes=0-{blocks - 1}"}).expect(206).body
                assert len(part) == blocks
                shown = picture(tool, tmp_path, init + decrypted(part, key, number)[:count])
                whole_segment = decrypted(admin.get(segment).expect(200).body, key, number)
                assert shown == picture(tool, tmp_path, init + whole_segment)


def decrypted(blocks, key, number):
    """Without taking the padding off."""
    command = ["openssl", "enc", "-d", "-aes-128-cbc", "-nopad", "-K", key.hex(), "-iv", f"{number:032x}"]
    return subprocess.run(command, input=blocks, capture_output=True, check=True).stdout


def picture(tool, folder, film):
    """The checksum of its first picture, and when it is shown."""
    (folder / "part.mp4").write_bytes(film)
    status, hashed, complaints = run(
        tool("ffmpeg"), "-v", "fatal", "-copyts", "-i", folder / "part.mp4", "-frames:v", "1", "-f", "framemd5", "-"
    )
    lines = [line for line in hashed.decode().splitlines() if line and line[0] != "#"]
    assert status == 0 and len(lines) == 1, complaints
    return lines


@pytest.fixture(scope="module")
def in_the_clear(tmp_path_factory, short_films):
    """A server that encrypts nothing, with a film that is copied and one that is encoded."""
    palco = Palco(tmp_path_factory.mktemp("clear") / "data", {"PALCO_ENCRYPTION": "none"})
    client = palco.start().admin()
    videos = {}
    for kind, film in short_films.items():
        videos[kind] = client.upload(film, title=kind).expect(201).json()["id"]
        client.wait(videos[kind], whole=True)
    yield client, videos
    assert palco.stop() == 0


@pytest.mark.parametrize("kind", ["standard", "foreign"])
class TestInTheClear:
    def test_segments_joined_by_curl_are_a_film(self, in_the_clear, short_films, tool, tmp_path, kind):
        client, videos = in_the_clear
        variants, media = client.master(videos[kind])
        for named, playlist in [*variants, *media]:
            text = client.get(playlist).expect(200).text
            assert "EXT-X-KEY" not in text
            first = re.search('#EXT-X-MAP:URI="([^"]+)"', text).group(1)
            parts = [urllib.parse.urljoin(playlist, first), *(address for _, address in client.segments(playlist))]
            film = tmp_path / "film.mp4"
            status, joined, complaints = run(tool("curl"), "--silent", "--show-error", "--fail", *parts)
            assert status == 0, complaints
            film.write_bytes(joined)
            status, _, complaints = run(tool("ffmpeg"), "-v", "error", "-xerror", "-i", film, "-f", "null", "-")
            assert (status, complaints) == (0, "")
            if "RESOLUTION" in named:
                assert packets(film) == packets(short_films[kind])
            # There is no key to be had.
            client.get(re.sub("index.m3u8", "key", playlist)).expect(404)

    def test_keyframes_are_bytes_of_the_segments(self, in_the_clear, tool, tmp_path, kind):
        client, videos = in_the_clear
        _, address = client.keyframe_lists(videos[kind])[0]
        text = client.get(address).expect(200).text
        assert "#EXT-X-I-FRAMES-ONLY" in text and "EXT-X-KEY" not in text
        init = client.get(urllib.parse.urljoin(address, "init.mp4")).expect(200).body
        for count, (_, segment) in zip(re.findall("#EXT-X-BYTERANGE:([0-9]+)@0", text), client.segments(address)):
            part = client.get(segment, headers={"Range": f"bytes=0-{int(count) - 1}"}).expect(206).body
            whole = client.get(segment).expect(200).body
            assert picture(tool, tmp_path, init + part) == picture(tool, tmp_path, init + whole)

    def test_only_the_viewer_may_keep_it(self, in_the_clear, kind):
        client, videos = in_the_clear
        variants, _ = client.master(videos[kind])
        segment = client.segments(variants[0][1])[0][1]
        assert client.get(segment).expect(200).headers["Cache-Control"] == "private, max-age=31536000, immutable"
        # Whoever has no grant does not even learn that there is something.
        rendition, name = segment.split("/")[-2:]
        client.get(f"//media/{videos[kind]}/{rendition}/{name}", token=False).expect(404)

    def test_players_play_it(self, in_the_clear, tool, tmp_path, kind):
        client, videos = in_the_clear
        address = client.playback_url(videos[kind])
        status, _, complaints = run(tool("ffmpeg"), "-v", "error", "-xerror", "-i", address, "-f", "null", "-")
        assert (status, complaints) == (0, "")
        status, out, complaints = run(
            tool("mpv"), "--no-config", "--vo=null", "--ao=null", "--untimed", "--msg-level=all=info", address
        )
        assert status == 0 and b"Video" in out, complaints
        film = tmp_path / "film.mp4"
        downloader = (tool("yt-dlp"), "--no-update", "--ignore-config", "--no-warnings", "--quiet")
        status, _, complaints = run(*downloader, "-o", film, address)
        assert status == 0, complaints
        assert packets(film) > 0


def test_films_are_served_as_they_were_made(tool, own_server, short_films):
    """The setting changes between films and back: what is there stays what it is, and caches are told so."""
    palco = own_server({"PALCO_ENCRYPTION": "none"})
    videos = {}
    for setting, kind in [("none", "standard"), ("aes-128", "foreign"), ("none", None)]:
        palco.settings["PALCO_ENCRYPTION"] = setting
        client = palco.start().admin()
        if kind:
            identifier = client.upload(short_films[kind], title=kind).expect(201).json()["id"]
            client.wait(identifier, whole=True)
            videos[identifier] = setting
        for identifier, made in videos.items():
            status, _, complaints = run(
                tool("ffmpeg"), "-v", "error", "-xerror", "-i", client.playback_url(identifier), "-f", "null", "-"
            )
            assert (status, complaints) == (0, "")
            variants, media = client.master(identifier)
            for _, playlist in [*variants, *media]:
                assert ("EXT-X-KEY" in client.get(playlist).expect(200).text) == (made == "aes-128")
                kept = client.get(client.segments(playlist)[0][1]).expect(200).headers["Cache-Control"]
                assert kept == f"{'public' if made == 'aes-128' else 'private'}, max-age=31536000, immutable"
        assert palco.stop() == 0
    assert sorted(videos.values()) == ["aes-128", "none"]
