"""The films of the zoo: every two values of all factors meet in one of them, and each is made once."""

import hashlib
import itertools
import os
import random
from dataclasses import astuple, dataclass, fields, replace

# What there is of each factor, and how ffmpeg makes it

SIZE = "192x108"

CONTAINERS = {
    "mp4": ("mp4", "-movflags +faststart"),
    "fmp4": ("mp4", "-movflags +frag_keyframe+delay_moov+default_base_moof"),
    "mov": ("mov", ""),
    "mkv": ("mkv", ""),
    "webm": ("webm", ""),
    "avi": ("avi", ""),
    "ts": ("ts", ""),
    "mpg": ("mpg", "-f vob"),
    "flv": ("flv", ""),
    "wmv": ("wmv", ""),
    "ogv": ("ogv", ""),
    "mxf": ("mxf", ""),
}

CODECS = {
    "h264": "libx264 -preset veryfast",
    "hevc": "libx265 -preset ultrafast -x265-params log-level=error:pools=1",
    "mpeg4": "mpeg4 -q:v 3",
    "mpeg2": "mpeg2video -q:v 3 -bf 2",
    "vp8": "libvpx -deadline realtime -cpu-used 8 -b:v 1M",
    "vp9": "libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 1M",
    "av1": "libaom-av1 -usage realtime -cpu-used 8 -b:v 1M",
    "prores": "prores_ks -profile:v 0",
    "mjpeg": "mjpeg -q:v 3",
    "ffv1": "ffv1",
    "theora": "libtheora -q:v 8",
    "wmv2": "wmv2 -q:v 3",
    "flv1": "flv -q:v 3",
}

PIXELS = {
    "yuv420p": "yuv420p",
    "yuvj420p": "yuvj420p",
    "yuv422p": "yuv422p",
    "yuv444p": "yuv444p",
    "yuv420p10": "yuv420p10le",
    "yuv422p10": "yuv422p10le",
    "pq": "yuv420p10le",
    "hlg": "yuv420p10le",
    "rgb": "gbrp",
    "gray": "gray",
}

CURVES = {"pq": "smpte2084", "hlg": "arib-std-b67"}

RATES = {"25": "25", "29.97": "30000/1001", "60": "60", "12": "12", "1": "1", "120": "120", "50i": "25"}

SOUNDS = {
    "none": None,
    "aac": "aac -ar 44100 -ac 2",
    "aac51": "aac -ar 48000 -af pan=5.1|c0=c0|c1=c0|c2=c0|c3=0*c0|c4=c0|c5=c0",
    "mp3": "libmp3lame -ar 44100 -ac 2",
    "mp2": "mp2 -ar 48000 -ac 2",
    "ac3": "ac3 -ar 48000 -ac 2",
    "opus": "libopus -ar 48000 -ac 2",
    "vorbis": "libvorbis -ar 44100 -ac 2",
    "flac": "flac -ar 48000 -ac 1",
    "pcm": "pcm_s16le -ar 48000 -ac 2",
    "wma": "wmav2 -ar 44100 -ac 2",
}

# A clock of 33 bits at 90 kHz begins anew after 95443.7 s.
TIMES = {
    "steady": "",
    "vfr": "",
    "jitter": "-enc_time_base:v 1:1000",
    "gap": "",
    "wrap": "-output_ts_offset 95440",
    "restart": "",
    "negative": "-output_ts_offset -0.3 -avoid_negative_ts disabled",
    "edits": "",
    "latesound": "",
    "earlysound": "",
    "shortsound": "",
    "longsound": "",
}

SHAPES = {"square": "", "anamorphic": "", "rotated": "-metadata:s:v:0 rotate=90"}
DAMAGES = ["whole", "cut", "holes", "flips"]
LENGTHS = {"6s": 6, "18s": 18}


@dataclass(frozen=True)
class Film:
    container: str
    codec: str
    pixels: str
    rate: str
    sound: str
    times: str
    shape: str
    damage: str
    length: str

    @property
    def name(self):
        return "-".join(astuple(self))

    @property
    def seconds(self):
        return LENGTHS[self.length]


FACTORS = dict(
    zip(
        [field.name for field in fields(Film)],
        map(list, [CONTAINERS, CODECS, PIXELS, RATES, SOUNDS, TIMES, SHAPES, DAMAGES, LENGTHS]),
    )
)

# The one table of what is possible: for a value of the first factor, those of the second. What is not here goes with
# all.
POSSIBLE = {
    ("container", "codec"): {
        "mp4": "h264 hevc mpeg4 mpeg2 vp9 av1 mjpeg",
        "fmp4": "h264 hevc mpeg4 vp9 av1",
        "mov": "h264 hevc mpeg4 mpeg2 prores mjpeg",
        "webm": "vp8 vp9 av1",
        "avi": "h264 mpeg4 mpeg2 vp8 mjpeg ffv1 wmv2 flv1",
        "ts": "h264 hevc mpeg4 mpeg2",
        "mpg": "h264 mpeg2",
        "flv": "h264 flv1",
        "wmv": "h264 mpeg4 wmv2",
        "ogv": "theora vp8",
        "mxf": "h264 mpeg2",
    },
    ("container", "sound"): {
        "mp4": "none aac aac51 mp3 ac3 opus flac",
        "fmp4": "none aac aac51 mp3 ac3 opus",
        "mov": "none aac aac51 mp3 ac3 pcm",
        "mkv": "none aac aac51 mp3 ac3 opus vorbis flac",
        "webm": "none opus vorbis",
        "avi": "none mp3 ac3 pcm",
        "ts": "none aac aac51 mp3 mp2 ac3 opus",
        "mpg": "none mp3 mp2 ac3",
        "flv": "none aac mp3",
        "wmv": "none wma mp3 pcm",
        "ogv": "none vorbis opus flac",
        "mxf": "none pcm",
    },
    ("codec", "pixels"): {
        "h264": "yuv420p yuvj420p yuv422p yuv444p yuv420p10 yuv422p10 pq hlg gray",
        "hevc": "yuv420p yuv422p yuv444p yuv420p10 yuv422p10 pq hlg gray",
        "mpeg4": "yuv420p",
        "mpeg2": "yuv420p yuv422p",
        "vp8": "yuv420p",
        "vp9": "yuv420p yuv422p yuv444p yuv420p10 pq hlg rgb",
        "av1": "yuv420p yuv444p yuv420p10 pq hlg",
        "prores": "yuv422p10 pq hlg",
        "mjpeg": "yuvj420p",
        "ffv1": "yuv420p yuv422p yuv444p yuv420p10 rgb gray",
        "theora": "yuv420p yuv422p yuv444p",
        "wmv2": "yuv420p",
        "flv1": "yuv420p",
    },
    ("codec", "rate"): {"mpeg2": "25 29.97 60 50i"},
    ("container", "rate"): {"mxf": "25 29.97 60 50i"},
    ("rate", "codec"): {"50i": "h264 mpeg2 mpeg4 prores"},
    ("rate", "pixels"): {"50i": "yuv420p yuv422p yuv422p10"},
    ("rate", "times"): {
        "1": "steady gap wrap negative edits latesound earlysound shortsound longsound"
    },
    ("rate", "length"): {"60": "6s", "120": "6s"},
    ("codec", "times"): {
        "mpeg2": "steady vfr gap wrap restart negative edits latesound earlysound shortsound longsound"
    },
    ("times", "container"): {
        "vfr": "mp4 fmp4 mov mkv webm ts mpg flv wmv",
        "jitter": "mp4 fmp4 mov mkv webm flv wmv",
        "gap": "mp4 fmp4 mov mkv webm ts mpg flv wmv",
        "wrap": "ts mpg",
        "restart": "ts mpg",
        "negative": "mp4 mov",
        "edits": "mp4 mov",
        "latesound": "mp4 fmp4 mov mkv webm ts mpg flv wmv",
        "earlysound": "mp4 fmp4 mov mkv webm ts mpg flv wmv",
        "shortsound": "mp4 fmp4 mov mkv webm avi ts mpg flv wmv ogv",
        "longsound": "mp4 fmp4 mov mkv webm avi ts mpg flv wmv ogv",
    },
    ("times", "sound"): {
        times: " ".join(sound for sound in SOUNDS if sound != "none")
        for times in ("latesound", "earlysound", "shortsound", "longsound")
    },
    ("shape", "container"): {
        "anamorphic": "mp4 fmp4 mov mkv webm ts mpg wmv ogv mxf",
        "rotated": "mp4 fmp4 mov",
    },
}
POSSIBLE = {
    pair: {value: set(others.split()) for value, others in rule.items()} for pair, rule in POSSIBLE.items()
}


# Every two values that can meet


def is_possible(one, other):
    """Whether two values of two factors go together; each is (factor, value)."""
    for (factor, value), (second, against) in ((one, other), (other, one)):
        if against not in POSSIBLE.get((factor, second), {}).get(value, {against}):
            return False
    return True


def partners():
    """For each (factor, value) those that it can meet."""
    items = [(factor, value) for factor, values in FACTORS.items() for value in values]
    return {one: {other for other in items if other[0] != one[0] and is_possible(one, other)} for one in items}


def pairs_of(chosen):
    """Damage hides what the others do: in a damaged film the only pairs that count are those of its damage."""
    pairs = itertools.permutations(chosen.items(), 2)
    mark = ("damage", chosen["damage"])
    return {pair for pair in pairs if chosen["damage"] == "whole" or mark in pair}


def completed(chosen, possible, wanted, order):
    """These values and others that go with them, so that many of the wanted pairs meet; None where there are none."""
    if len(chosen) == len(FACTORS):
        return chosen
    factor = next(name for name in order if name not in chosen)
    known = list(chosen.items())
    counted = known if chosen["damage"] == "whole" else [("damage", chosen["damage"])]
    values = [value for value in order[factor] if possible[factor, value].issuperset(known)]
    values.sort(key=lambda value: -sum((each, (factor, value)) in wanted for each in counted))
    for value in values:
        if found := completed({**chosen, factor: value}, possible, wanted, order):
            return found
    return None


def pairwise(seed=2026, tries=4):
    """Films in which every two values meet that can; the same list each time."""
    chance = random.Random(seed)
    possible = partners()
    pairs = [(one, other) for one in possible for other in sorted(possible[one])]
    wanted = set(pairs)

    def shuffled(items):
        return chance.sample(items, len(items))

    def candidate(pair):
        order = {name: shuffled(FACTORS[name]) for name in shuffled(list(FACTORS))}
        return completed({"damage": "whole", **dict(pair)}, possible, wanted, order)

    found = []
    for pair in shuffled(pairs):
        if pair not in wanted:
            continue
        choices = [choice for _ in range(tries) if (choice := candidate(pair))]
        if not choices:
            # A third factor forbids it.
            wanted -= {pair, pair[::-1]}
            continue
        best = max(choices, key=lambda choice: len(pairs_of(choice) & wanted))
        wanted -= pairs_of(best)
        found.append(Film(**best))
    return shuffled(found)


FILMS = pairwise()


# Making them

# A beep in each second of a quiet tone that lasts to the end.
TONE = "aevalsrc='if(between(mod(t,1),0.5,0.54),0.8,0.08)*sin(2*PI*1000*t)':s=48000"


def make(films, film):
    """The film's file, made once. One that would be made otherwise today is made again."""
    path = made(films, film)
    if film.damage == "whole":
        return path
    damaged = path.with_name(f"{film.name}-{path.stem.rpartition('-')[2]}{path.suffix}")
    return kept(damaged, lambda: damage(film, path.read_bytes()))


def made(films, film):
    """The film without its damage."""
    film = replace(film, damage="whole")
    if film.times == "edits" or film.shape == "rotated":
        # ffmpeg writes edit lists and rotations only while it copies.
        times = "steady" if film.times in ("edits", "negative") else film.times
        upright = made(films, replace(film, times=times, shape="square" if film.shape == "rotated" else film.shape))
        # The cut is inside a group of pictures: the first ones are there and not shown.
        cut = ["-ss", "0.7"] if film.times == "edits" else []
        return converted(films, film, *cut, "-i", upright, "-map", "0", "-c", "copy")
    if film.times == "restart":
        whole = made(films, replace(film, times="steady"))
        return kept(whole.with_name(whole.name.replace("-steady-", "-restart-")), lambda: 2 * whole.read_bytes())
    return converted(films, film, *inputs(film), *picture(film), *sound(film))


def converted(films, film, *arguments):
    ending, container = CONTAINERS[film.container]
    arguments = [
        *map(str, arguments), *SHAPES[film.shape].split(), *TIMES[film.times].split(), "-strict", "-2",
        *container.split(),
    ]  # fmt: skip
    mark = hashlib.sha256("\0".join(arguments).encode()).hexdigest()[:8]
    (films.made / "zoo").mkdir(exist_ok=True)
    return films.make(f"zoo/{film.name}-{mark}.{ending}", *arguments)


def kept(path, content):
    if not path.exists():
        partial = path.with_name("partial-" + path.name)
        partial.write_bytes(content())
        os.replace(partial, path)
    return path


def inputs(film):
    rate = RATES["60" if film.rate == "50i" else film.rate]
    late = ["-itsoffset", "0.6"] if film.times == "earlysound" else []
    arguments = [*late, "-f", "lavfi", "-t", film.seconds, "-i", f"testsrc2=size={SIZE}:rate={rate}"]
    if film.sound == "none":
        return arguments
    late = ["-itsoffset", "0.8"] if film.times == "latesound" else []
    longer = {"shortsound": -1.5, "longsound": 1.5}.get(film.times, 0)
    return [*arguments, *late, "-f", "lavfi", "-t", film.seconds + longer, "-i", TONE]


def picture(film):
    rate = RATES[film.rate]
    filters = {
        "vfr": ["select='gt(random(7),0.3)+not(n)'"],
        "jitter": [f"settb=1/1000,setpts='(N+0.6*random(7))/({rate})/TB'"],
        "gap": ["select='lt(t,2)+gte(t,4.5)'"],
    }.get(film.times, [])
    if film.rate == "50i":
        filters = ["fps=50,interlace", *filters]
    if film.shape == "anamorphic":
        filters = [*filters, "setsar=16/11"]
    if film.codec == "prores" and film.pixels in CURVES:
        # This encoder asks the frames.
        filters = [*filters, f"setparams=color_primaries=bt2020:color_trc={CURVES[film.pixels]}:colorspace=bt2020nc"]
    arguments = ["-map", "0:v", "-vf", ",".join(filters or ["null"]), "-fps_mode", "passthrough", "-c:v"]
    arguments += [*CODECS[film.codec].split(), "-g", max(1, round(float(film.rate.removesuffix("i"))))]
    arguments += ["-pix_fmt", *pixel_format(film).split()]
    if film.rate == "50i":
        arguments += ["-flags", "+ilme+ildct", "-top", "1"]
    return arguments


def pixel_format(film):
    arguments = PIXELS[film.pixels]
    if film.codec == "prores":
        arguments = "yuv422p10le"
    if film.pixels == "rgb":
        return {"ffv1": "bgr0"}.get(film.codec, arguments)
    if film.pixels in CURVES:
        arguments += f" -color_primaries bt2020 -color_trc {CURVES[film.pixels]} -colorspace bt2020nc"
    return arguments


def sound(film):
    return ["-map", "1:a", "-c:a", *SOUNDS[film.sound].split()] if film.sound != "none" else ["-an"]


def damage(film, content):
    chance = random.Random(film.name)
    if film.damage == "cut":
        return content[: len(content) * 65 // 100]
    changed = bytearray(content)
    if film.damage == "holes":
        length = min(4096, len(changed) // 50)
        for _ in range(3):
            start = chance.randrange(len(changed) * 4 // 10, len(changed) * 7 // 10)
            changed[start : start + length] = bytes(length)
    else:
        for _ in range(20):
            changed[chance.randrange(len(changed) * 3 // 10, len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)
