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


# The ladder of a 720p source, with the settings that `Encoding` gives to ffmpeg (Ladder.swift, EncodeCommand.swift).
LADDER = [(1280, 720), (854, 480), (640, 360), (426, 240)]


def video_options(width, height):
    cap = int(3_800_000 * (width * height / (1280 * 720)) ** 0.875) // 1000 * 1000
    return [
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-profile:v", "high", "-pix_fmt", "yuv420p",
        "-maxrate", str(cap), "-bufsize", str(cap * 3 // 2), "-g", "1000", "-forced-idr", "1",
        "-force_key_frames", "expr:gte(t,n_forced*4)",
    ]  # fmt: skip


def measure_ladder(bench):
    # As phones record: browsers in general do not play it, so all of the ladder is encoded.
    source = bench.films.make(
        "ladder-source.mp4", "-i", bench.films.minute, "-c:v", "libx265", "-preset", "ultrafast", "-crf", "20",
        "-x265-params", "log-level=error:keyint=60", "-tag:v", "hvc1", "-c:a", "aac", "-b:a", "192k",
    )  # fmt: skip
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


SOUND = ["-map", "0:a", "-c:a", "aac", "-b:a", "160k"]


def cascade(bench, source):
    """One process, one decode, each size scaled from the one above it."""
    graph = "[0:v]split[v0][s0]"
    for index, (width, height) in enumerate(LADDER[1:], 1):
        last = index == len(LADDER) - 1
        graph += f";[s{index - 1}]scale={width}:{height}" + (f"[v{index}]" if last else f",split[v{index}][s{index}]")
    outputs = []
    for index, size in enumerate(LADDER):
        outputs += ["-map", f"[v{index}]", *video_options(*size), bench.folder / f"cascade-{index}.mp4"]
    return run("-i", source, "-filter_complex", graph, *outputs, *SOUND, bench.folder / "cascade.m4a")


def one_by_one(bench, source):
    """One process for each rendition, one after another."""
    total = run("-i", source, *SOUND, bench.folder / "one.m4a")
    for width, height in LADDER:
        scaling = ["-an", "-vf", f"scale={width}:{height}"]
        total += run("-i", source, *scaling, *video_options(width, height), bench.folder / f"{height}.mp4")
    return total
