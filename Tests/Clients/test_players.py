"""Programs people really play with, each reading the playlist address that `play` hands out."""

import json
import os
import pwd
import subprocess

import pytest


def run(*command, timeout=120, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, timeout=timeout, **options)
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


@pytest.fixture(params=["standard", "foreign"])
def address(request, admin):
    return admin.playback_url(request.getfixturevalue(request.param)["id"])


def test_ffmpeg_decodes_picture_and_sound_without_a_complaint(tool, admin, standard):
    status, _, complaints = run(
        tool("ffmpeg"), "-v", "warning", "-i", admin.playback_url(standard["id"]), "-f", "null", "-"
    )
    assert status == 0
    serious = [line for line in complaints.splitlines() if "error" in line.lower() or "invalid" in line.lower()]
    assert not serious, complaints


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
    assert "Received first picture" in complaints or "Decoder wait done" in complaints, complaints[-4000:]


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
