# SPDX-License-Identifier: Apache-2.0
"""How soon a film is ready after its last byte, and what the whole ladder costs beside plain ffmpeg."""

import os
import shutil
import subprocess
import time
from statistics import median

READY_RUNS = 5


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


def unindexed(films, name, source):
    """An AVI tells no times of presentation: only decoding all of it does."""
    return films.make(name, "-i", source, "-c:v", "mpeg4", "-q:v", "3", "-g", "50", "-bf", "2", "-c:a", "libmp3lame")


def measure_ready(bench):
    films = bench.films
    sources = [
        ("10 min standard source: last byte to ready", films.long_standard(600), 1),
        ("2 h standard source: last byte to ready", films.long_standard(7200), 1.5),
        ("79 s MS-MPEG-4 source: last byte to ready", films.street, 6),
        ("79 s AVI with B-frames, read as a whole: last byte to ready", unindexed(films, "street-b.avi", films.street), 6),
    ]
    for label, film, bar in sources:
        runs = []
        for turn in range(READY_RUNS):
            # A server of its own each: nothing else is being encoded, and nothing is known.
            server = bench.palco(f"{film.stem}-{turn}").start()
            # What earlier runs left to be written must not be written during this one.
            os.sync()
            runs.append(upload_timed(server.admin(), film)[0])
            server.kill()
            shutil.rmtree(server.data)
        seconds = median(runs)
        bench.row(
            label, seconds, "s", f"<= {bar} s", seconds <= bar, bytes=film.stat().st_size,
            spread=[min(runs), max(runs)], runs=runs,
        )  # fmt: skip


# The ladder of a 720p source, with the settings that `Encoding` gives to ffmpeg (Ladder.swift, EncodeCommand.swift).
LADDER = [(1280, 720), (854, 480), (640, 360), (426, 240)]


def video_options(width, height):
    cap = int(3_800_000 * (width * height / (1280 * 720)) ** 0.875) // 1000 * 1000
    return [
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-profile:v", "high", "-pix_fmt", "yuv420p",
        "-maxrate", str(cap), "-bufsize", str(cap * 3 // 2), "-g", "1000", "-forced-idr", "1",
        "-force_key_frames", "expr:gte(t,n_forced*4)",
    ]  # fmt: skip


# name, its file, how the references treat its sound, and the bars. Both need all of the ladder encoded; of the first
# Palco takes the sound as it is, so a reference that encodes it has more to do, which its row says.
SOURCES = [
    ("HEVC with AAC, the sound copied by both", "ladder-hevc.mp4", ["-c:a", "copy"], (1.15, 0.9)),
    ("HEVC with AAC, the sound copied by Palco only", "ladder-hevc.mp4", ["-c:a", "aac", "-b:a", "160k"], (1.15, 0.9)),
    ("MPEG-4 with MP3, the sound encoded by both", "ladder-mpeg4.mkv", ["-c:a", "aac", "-b:a", "160k"], (1.15, 0.9)),
    ("MPEG-4 in AVI, read as a whole first", "ladder-b.avi", ["-c:a", "aac", "-b:a", "160k"], (1.35, None)),
]
RUNS = 5


def ladder_sources(bench):
    """As phones and as older cameras record: 64 s of 720p."""
    films = bench.films
    films.make(
        "ladder-hevc.mp4", "-i", films.minute, "-c:v", "libx265", "-preset", "ultrafast", "-crf", "20", "-x265-params",
        "log-level=error:keyint=60", "-tag:v", "hvc1", "-c:a", "aac", "-b:a", "192k",
    )  # fmt: skip
    unindexed(films, "ladder-b.avi", films.minute)
    films.make("ladder-mpeg4.mkv", "-i", films.minute, "-c:v", "mpeg4", "-q:v", "3", "-g", "50", "-c:a", "libmp3lame")


def measure_ladder(bench):
    ladder_sources(bench)
    for position, (label, name, sound, bars) in enumerate(SOURCES):
        source = bench.films.made / name
        ratios = {"one cascaded ffmpeg": [], "one ffmpeg each": []}
        times = {"palco": [], **{key: [] for key in ratios}}
        for turn in range(RUNS):
            for what in ["palco", *ratios] if turn % 2 == 0 else [*ratios, "palco"]:
                if what == "palco":
                    times[what].append(palco_ladder(bench, source, f"{position}-{turn}"))
                elif what == "one cascaded ffmpeg":
                    times[what].append(cascade(bench, source, sound))
                else:
                    times[what].append(one_by_one(bench, source, sound))
            for what, found in ratios.items():
                found.append(times["palco"][-1] / times[what][-1])
        for what, bar in zip(ratios, bars, strict=True):
            ratio = median(ratios[what])
            bench.row(
                f"whole ladder, {label}: time by {what}'s", ratio, "x", f"<= {bar}" if bar else "",
                ratio <= bar if bar else None,
                spread=[min(ratios[what]), max(ratios[what])], **times,
            )  # fmt: skip
        print("    " + ", ".join(f"{what} {median(found):.1f} s" for what, found in times.items()))


def palco_ladder(bench, source, name):
    """Seconds from the last byte until all of it is made, by a server of its own."""
    server = bench.palco(name).start()
    client = server.admin()
    seconds, video = upload_timed(client, source, whole=True)
    made = [(rendition["width"], rendition["height"]) for rendition in client.video(video["id"])["renditions"]]
    assert made == LADDER, f"the references make {LADDER}, and Palco makes {made}"
    server.kill()
    return seconds


def run(*arguments):
    started = time.monotonic()
    subprocess.run(
        ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *map(str, arguments)], check=True
    )
    return time.monotonic() - started


def cascade(bench, source, sound):
    """One process, one decode, each size scaled from the one above it."""
    graph = "[0:v]split[v0][s0]"
    for index, (width, height) in enumerate(LADDER[1:], 1):
        last = index == len(LADDER) - 1
        graph += f";[s{index - 1}]scale={width}:{height}" + (f"[v{index}]" if last else f",split[v{index}][s{index}]")
    outputs = []
    for index, size in enumerate(LADDER):
        outputs += ["-map", f"[v{index}]", *video_options(*size), bench.folder / f"cascade-{index}.mp4"]
    return run("-i", source, "-filter_complex", graph, *outputs, "-map", "0:a", *sound, bench.folder / "cascade.m4a")


def one_by_one(bench, source, sound):
    """One process for each rendition, one after another."""
    total = run("-i", source, "-map", "0:a", *sound, bench.folder / "one.m4a")
    for width, height in LADDER:
        scaling = ["-an", "-vf", f"scale={width}:{height}"]
        total += run("-i", source, *scaling, *video_options(width, height), bench.folder / f"{height}.mp4")
    return total
