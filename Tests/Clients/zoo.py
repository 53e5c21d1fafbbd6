"""Some 250 short films in which every two values of all factors meet (container, codec, pixel format, rate, sound,
times, shape, damage, length), and what a server makes of each, compared with ffmpeg's decode of the source.

    python Tests/Clients/zoo.py [part of a name …]
"""

import collections
import contextlib
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy
from films import Films
from palco import ROOT, Palco
from waiting import wait_until
from zoo_films import CURVES, FILMS, make, picture

# Reading what is there of a film

TONE_MAP = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv,"
    "format=yuv420p"
)
SMALL = (32, 18)
SIZE_OF_SMALL = SMALL[0] * SMALL[1] * 3


@dataclass
class Reading:
    """Times are in seconds from the first picture."""

    times: numpy.ndarray
    # Small ones, of every frame.
    pictures: numpy.ndarray
    aspect: float
    beeps: numpy.ndarray
    # Of the sound; None where there is none.
    end: float | None

    @property
    def duration(self):
        """Until the last picture and the sound are over."""
        last = numpy.median(numpy.diff(self.times)) if len(self.times) > 1 else 0
        return max(self.times[-1] + last, self.end or 0)


def read(source, *options, picture="0:v:0", has_sound=True, is_hdr=False, start=-numpy.inf):
    """What ffmpeg decodes from `start` on, as far as it comes; None where it finds no picture. `options` are those of
    the input."""
    with tempfile.TemporaryDirectory() as folder:
        # What is served is 4:2:0, and colours that change from one pixel to the next look otherwise in it.
        same = TONE_MAP if is_hdr else "format=yuv420p"
        small = f"{same},setsar=r=sar:max=1000,scale={SMALL[0]}:{SMALL[1]}:flags=area"
        exact = ["-fps_mode", "passthrough", "-enc_time_base", "-1"]
        frames = ["-map", picture, "-vf", small, *exact, "-c:v", "rawvideo", "-pix_fmt", "rgb24"]
        samples = ["-map", "0:a:0", "-c:a", "pcm_s16le", "-ac", "1", "-ar", "48000"]
        outputs = [(frames, "framecrc", "frames.txt"), (frames, "rawvideo", "frames.raw")]
        if has_sound:
            outputs += [(samples, "framecrc", "samples.txt"), (samples, "s16le", "samples.raw")]
        command = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "1", *options, "-i", str(source)]
        for arguments, muxer, name in outputs:
            command += [*arguments, "-f", muxer, f"{folder}/{name}"]
        subprocess.run(command, capture_output=True, timeout=120)
        return reading(Path(folder), start)


def reading(folder, start):
    header, rows = table(folder / "frames.txt")
    times = numpy.array([at for at, _ in rows])
    if not (times >= start).any():
        return None
    pictures = numpy.fromfile(folder / "frames.raw", numpy.uint8)
    pictures = pictures[: times.size * SIZE_OF_SMALL].reshape(-1, SIZE_OF_SMALL)
    pictures, times = pictures[times[: len(pictures)] >= start], times[times >= start]
    above, below = map(int, header["#sar 0"].split("/"))
    beeps, end = heard(folder)
    aspect = SMALL[0] / SMALL[1] * (above / below if above else 1)
    first = times[0]
    return Reading(times - first, pictures, aspect, beeps - first, None if end is None else end - first)


def table(path):
    """What framecrc wrote: its head, and (seconds, bytes) of each packet."""
    lines = path.read_text().splitlines() if path.exists() else []
    header = dict(line.split(": ", 1) for line in lines if line.startswith("#") and ": " in line)
    rows = [[int(field) for field in line.split(",")[2:5]] for line in lines if not line.startswith("#")]
    above, below = map(int, header.get("#tb 0", "1/1").split("/"))
    return header, [(at * above / below, size) for at, _, size in rows]


def heard(folder):
    """When the beeps begin, and when the sound ends."""
    _, rows = table(folder / "samples.txt")
    if not rows:
        return numpy.array([]), None
    data = numpy.fromfile(folder / "samples.raw", numpy.int16)
    # Each packet at its time: a gap stays a gap.
    origin = min(at for at, _ in rows)
    line = numpy.zeros(round((max(at for at, _ in rows) - origin) * 48000) + max(size for _, size in rows), numpy.int16)
    position = 0
    for at, size in rows:
        piece = data[position : position + size // 2]
        start = round((at - origin) * 48000)
        line[start : start + piece.size] = piece
        position += size // 2
    loudness = numpy.abs(line.astype(int))
    peak = numpy.percentile(loudness[loudness > 0], 99) if loudness.any() else 0
    audible = numpy.flatnonzero(loudness > 0.04 * peak)
    if peak < 100 or not audible.size:
        return numpy.array([]), None
    loud = numpy.flatnonzero(loudness > 0.4 * peak)
    # Whatever is quieter than 200 ms before starts a new one.
    starts = loud[numpy.diff(loud, prepend=-48000) > 9600]
    return origin + starts / 48000, origin + audible[-1] / 48000


def read_source(film, path):
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(path)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    streams = json.loads(told.stdout or "{}").get("streams", [])
    has_sound = any(stream.get("codec_type") == "audio" and stream.get("channels") for stream in streams)
    is_hdr = any(stream.get("color_transfer") in CURVES.values() for stream in streams)
    # A clock that begins anew is made one, which a second between two pictures would be taken for otherwise.
    options = [] if film.times == "restart" else ["-copyts"]
    # Some decoders of ffmpeg show what an edit list hides.
    start = 0 if film.times in ("edits", "negative") else -numpy.inf
    return read(path, *options, has_sound=has_sound, is_hdr=is_hdr, start=start)


def read_served(client, identifier):
    """The top rendition and the sound, by way of the master playlist."""
    variants, media = client.master(identifier)
    sizes = [min(map(int, named["RESOLUTION"].split("x"))) for named, _ in variants]
    has_sound = any(named["TYPE"] == "AUDIO" for named, _ in media)
    top = f"0:v:{sizes.index(max(sizes))}"
    return read(client.playback_url(identifier), "-copyts", picture=top, has_sound=has_sound)


# Comparing

# Of a picture's mean over all its colours, of 255.
COLOUR_DISTANCE = 5
HDR_DISTANCE = 8
# The longest frame of AAC that is served, in seconds, and a millisecond.
AUDIO_FRAME = 1024 / 44100 + 0.001


def differences(film, source, served):
    """What is served otherwise than ffmpeg decodes the source, in words.

    Undamaged: the same number of frames, each at its time to half a frame; beeps at their times to an audio frame; the
    sound ends where it ends, to 0.1 s. Of 120 pictures a second every other one is enough.
    Damaged: nine of ten frames, the last within a second of where it was; beeps near those of the source for the most
    part; the sound ends within a second of where it did.
    Both: the shape to 1 %, and most pictures in their colours; undamaged all of them, less exactly."""
    if served is None:
        return ["no picture is served"]
    found = [*frame_differences(film, source, served), *sound_differences(film, source, served)]
    if abs(served.aspect / source.aspect - 1) > 0.01:
        found.append(f"shape {served.aspect:.3f} instead of {source.aspect:.3f}")
    return found


def frame_differences(film, source, served):
    nearest = numpy.abs(served.times[:, None] - source.times[None, :]).argmin(axis=1)
    yield from count_differences(film, source, served, nearest)
    rows = min(len(served.pictures), len(nearest))
    wanted = source.pictures[numpy.minimum(nearest[:rows], len(source.pictures) - 1)].astype(int)
    distances = numpy.abs(served.pictures[:rows].astype(int) - wanted).mean(axis=1)
    bound = HDR_DISTANCE if film.pixels in CURVES else COLOUR_DISTANCE
    if numpy.median(distances) > bound:
        yield f"colours are {numpy.median(distances):.1f} off"
    elif film.damage == "whole" and distances.max() > 3 * bound:
        yield f"the picture at {served.times[distances.argmax()]:.3f} s is {distances.max():.1f} off"


def count_differences(film, source, served, nearest):
    count, wanted = len(served.times), len(source.times)
    is_halved = film.rate == "120" and count < 0.6 * wanted
    if film.damage != "whole":
        if count < 0.9 * wanted / (2 if is_halved else 1):
            yield f"{count} frames instead of {wanted}"
        if abs(served.times[-1] - source.times[-1]) > 1:
            yield f"the last picture is at {served.times[-1]:.3f} s instead of {source.times[-1]:.3f} s"
        return
    if count != wanted and not (is_halved and count >= wanted // 2):
        yield f"{count} frames instead of {wanted}"
        return
    matching = source.times[nearest] if is_halved else source.times
    interval = numpy.median(numpy.diff(source.times)) if wanted > 1 else 0.04
    # Pictures that ffmpeg gives one time, or the next tick, have none that it knows.
    known = numpy.diff(matching, prepend=-1, append=numpy.inf) > interval / 8
    off = numpy.abs(served.times - matching) * (known[:-1] & known[1:])
    if off.max() > interval / 2 + 0.001:
        yield f"the picture at {matching[off.argmax()]:.3f} s is {off.max():.3f} s off"


def sound_differences(film, source, served):
    if source.end is None or source.end <= 0:
        return
    if served.end is None:
        yield "no sound is served"
        return
    # What was heard before the first picture is not served.
    wanted = source.beeps[source.beeps > 0.05]
    beeps = served.beeps[served.beeps > 0.05]
    if film.damage == "whole" and len(beeps) != len(wanted):
        yield f"{len(beeps)} beeps instead of {len(wanted)}"
    elif len(beeps) and len(wanted):
        off = numpy.abs(beeps[:, None] - wanted[None, :]).min(axis=1)
        worst = off.max() if film.damage == "whole" else numpy.median(off)
        if worst > AUDIO_FRAME:
            yield f"sound is {worst:.3f} s off"
    if abs(served.end - source.end) > (0.1 if film.damage == "whole" else 1):
        yield f"sound ends at {served.end:.3f} s instead of {source.end:.3f} s"


# The verdict


@dataclass
class Verdict:
    # whole, with warnings, refused, failed or wrong
    outcome: str
    reason: str = ""
    is_right: bool = True


def verdict(client, film, path, answer):
    """What became of a film that was sent; waits until all of it is made."""
    source = read_source(film, path)
    if answer.status == 422:
        is_right = source is None and answer.code in documented_codes(client)
        return Verdict("refused", answer.code, is_right)
    if answer.status not in (200, 201):
        return Verdict("failed", f"{answer.status} {answer.code}", False)
    video = settled(client, answer.json()["id"])
    if video["status"] != "ready" or video["progress"] < 1:
        return Verdict("failed", failure(video), False)
    if source is None:
        return Verdict("wrong", "ffmpeg decodes nothing of it", False)
    found = differences(film, source, read_served(client, video["id"]))
    if abs(video["duration"] - source.duration) > 1:
        found.append(f"lasts {source.duration:.3f} s, and the server says {video['duration']:.3f} s")
    if found:
        return Verdict("wrong", "; ".join(found), False)
    warnings = video.get("warnings", [])
    words = ", ".join(f"{warning['code']} {warning['detail'] or ''}".strip() for warning in warnings)
    return Verdict("with warnings" if warnings else "whole", words)


def documented_codes(client):
    contract = client.get("/openapi.json").expect(200).json()
    return contract["paths"]["/videos"]["post"]["description"]


def settled(client, identifier):
    """The video when nothing more is going to be made of it."""

    def is_settled():
        video = client.video(identifier)
        is_failed = video["status"] == "failed" or any(each["state"] == "failed" for each in video["renditions"])
        return video if is_failed or (video["status"] == "ready" and video["progress"] >= 1) else None

    return wait_until(is_settled, lambda: f"it is made: {client.video(identifier)}", 240)


def failure(video):
    error = video["error"] or {"code": "renditions_failed", "detail": None}
    return f"{error['code']} {error['detail'] or ''}".strip().replace("\n", " ")[:300]


# The program


def tried(client, films, film):
    try:
        path = make(films, film)
        return verdict(client, film, path, client.upload(path, title=film.name))
    except Exception as error:
        # One film that breaks something must not hide what the others do.
        return Verdict("failed", f"{type(error).__name__}: {str(error)[:300]}", False)


def summary(verdicts):
    counts = collections.Counter(each.outcome for each in verdicts)
    reasons = collections.Counter(each.reason for each in verdicts if each.outcome == "refused")
    why = ", ".join(f"{code} {count}" for code, count in sorted(reasons.items()))
    refused = f"{counts['refused']} refused" + (f" ({why})" if why else "")
    return (
        f"{len(verdicts)} tried, {counts['whole']} whole, {counts['with warnings']} with warnings, {refused}, "
        f"{counts['failed']} failed, {counts['wrong']} wrong"
    )


def main(parts):
    chosen = [film for film in FILMS if all(part in film.name for part in parts)]
    films = Films(ROOT / ".build/test-media")
    verdicts = []
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        palco = Palco(Path(folder) / "data").start()
        stack.callback(palco.stop)
        client = palco.admin()
        with ThreadPoolExecutor(4) as pool:
            for film, found in zip(chosen, pool.map(lambda film: tried(client, films, film), chosen)):
                verdicts.append(found)
                if found.outcome != "whole":
                    wrongly = "" if found.is_right or found.outcome != "refused" else " wrongly"
                    print(f"{film.name}: {found.outcome}{wrongly}: {found.reason}", flush=True)
    print(summary(verdicts))
    return 0 if all(each.is_right for each in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
