# SPDX-License-Identifier: Apache-2.0
"""How soon a film is ready after its last byte, and what the whole ladder costs beside plain ffmpeg."""

import subprocess
import time


def upload_timed(client, film, whole=False, timeout=600):
    """Seconds from the last byte sent until `ready` (or wholly made), and the video."""
    sent = []

    def content():
        with film.open("rb") as file:
            while piece := file.read(1 << 20):
                yield piece
        sent.append(time.monotonic())

    answer = client.upload_stream(content(), film.stat().st_size, film.name, title=film.name).expect(201)
    client.timeout = timeout
    video = client.wait(answer.json()["id"], whole=whole, timeout=timeout)
    return time.monotonic() - sent[0], video


def measure_ready(bench):
    films = bench.films
    sources = [
        ("10 min standard source: last byte to ready", films.long_standard(600), 2),
        ("2 h standard source: last byte to ready", films.long_standard(7200), 4),
        ("79 s MS-MPEG-4 source: last byte to ready", films.street, 6),
    ]
    for label, film, bar in sources:
        # A server of its own each: nothing else is being encoded.
        server = bench.palco(film.stem).start()
        seconds, video = upload_timed(server.admin(), film)
        bench.row(label, seconds, "s", f"<= {bar} s", seconds <= bar, bytes=film.stat().st_size)
        server.kill()


# The ladder below a 720p source, as `Encoding` asks x264 for it.
LADDER = [(720, 1280), (480, 854), (360, 640), (240, 426)]


def reference_options():
    """The video options that our own encoder gave to its last ffmpeg, as /proc showed them."""
    return ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-force_key_frames", "expr:gte(t,n_forced*4)"]


def measure_ladder(bench):
    source = bench.films.make(
        "ladder-source.mkv", "-i", bench.films.minute, "-c:v", "mpeg4", "-q:v", "2", "-c:a", "libmp3lame", "-b:a", "192k"
    )
    times = {"palco": [], "cascade": [], "each": []}
    for turn in range(3):
        server = bench.palco(f"ladder-{turn}").start()
        seconds, video = upload_timed(server.admin(), source, whole=True)
        times["palco"].append(seconds)
        server.kill()
        times["cascade"].append(cascade(bench, source))
        if turn == 0:
            times["each"].append(one_by_one(bench, source))
    ours, theirs, each = (sorted(times[name])[len(times[name]) // 2] for name in ("palco", "cascade", "each"))
    ratio = ours / theirs
    bench.row("64 s of 720p, whole ladder: time by one cascaded ffmpeg's", ratio, "x", "<= 1.15", ratio <= 1.15, **times)
    ratio = ours / each
    bench.row("64 s of 720p, whole ladder: time by one ffmpeg each", ratio, "x", "< 0.9", ratio < 0.9, palco=ours)
    print(f"    palco {ours:.1f} s, one cascaded ffmpeg {theirs:.1f} s, one ffmpeg per rendition {each:.1f} s")


def run(*arguments):
    started = time.monotonic()
    subprocess.run(
        ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *map(str, arguments)], check=True
    )
    return time.monotonic() - started


def cascade(bench, source):
    graph = "[0:v]format=yuv420p,split[v0][c0];[c0]scale=854:480,split[v1][c1];[c1]scale=640:360,split[v2][c2];[c2]scale=426:240[v3]"
    outputs = []
    for index in range(len(LADDER)):
        outputs += ["-map", f"[v{index}]", *reference_options(), bench.folder / f"cascade-{index}.mp4"]
    outputs += ["-map", "0:a", "-c:a", "aac", "-b:a", "128k", bench.folder / "cascade.m4a"]
    return run("-i", source, "-filter_complex", graph, *outputs)


def one_by_one(bench, source):
    total = run("-i", source, "-vn", "-c:a", "aac", "-b:a", "128k", bench.folder / "one.m4a")
    for height, width in LADDER:
        total += run("-i", source, "-an", "-vf", f"scale={width}:{height}", *reference_options(), bench.folder / f"{height}.mp4")
    return total
