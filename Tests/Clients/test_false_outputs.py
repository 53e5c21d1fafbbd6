"""ffmpeg gives something else than what it was asked for: nothing of it counts, and the next right run is taken.

falsify.c makes it so. One server treats all films of this file, each in a way of its own: a film carries the name of
its way in its first bytes.
"""

import fnmatch
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from crashing import library, packets
from palco import Palco
from places import stored
from waiting import wait_until

# All films are worked at side by side, so the first may wait for nearly all.
pytestmark = pytest.mark.timeout(900)

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "40")
SECONDS = 3
# What one output of such a short film may take at most: more than it needs, and little.
FILM_BYTES, MOST_BYTES = 1 << 20, 80 << 20

# Each step: the film, a part of its output's name, what its arguments must have or not, its task, and what it makes
STEPS = {
    "opening": ("foreign", "/360p.mp4", {"not": "-frames:v"}, "opening", "360p/*.m4s"),
    "chunk": ("foreign", "/240p.mp4", {"not": "-frames:v"}, "chunk", "240p/*.m4s"),
    "init segments": ("foreign", "/240p.mp4", {"with": "-frames:v"}, "heads", "240p/init.mp4"),
    "sound": ("foreign", "/audio.mp4", {}, "audio", "audio/*"),
    "copy": ("standard", "/copy.mp4", {}, "copy", "180p/*"),
    "mezzanine": ("unindexed", "/mezzanine.mp4", {}, "mezzanine", "360p/*"),
    "thumbnail": ("foreign", "/thumbnail.jpg", {}, "thumbnail", "thumbnail.jpg"),
    "storyboard": ("foreign", "/storyboard.jpg", {}, "storyboard", "storyboard.jpg"),
}

CUT = {"way": "truncate"}
DAMAGED = {"way": "damage"}
EMPTY = {"way": "empty"}
MISSING = {"way": "remove"}
TEXT = {"way": "replace", "file": "page"}
OTHER_FILM = {"way": "replace", "file": "other"}
OTHER_SOUND = {"way": "replace", "file": "song"}
OTHER_PROFILE = {"options": "-profile:v main"}
# The best of the renditions, cropped after all else.
OTHER_SIZE = {"old": "setsar=1", "new": "setsar=1,crop=iw-8"}
HALF = {"options": "-t 1.5"}

WAYS = {
    "opening": {"damaged": DAMAGED, "another size": OTHER_SIZE, "another profile": OTHER_PROFILE},
    "chunk": {
        "cut short": CUT, "another film": OTHER_FILM, "half of it": HALF, "one frame less": {"options": "-frames:v 29"},
    },
    "init segments": {"missing": MISSING, "another size": OTHER_SIZE},
    "sound": {
        "damaged": DAMAGED, "another sound": OTHER_SOUND, "half of it": HALF, "another codec": {"options": "-c:a libmp3lame"},
    },
    "mezzanine": {"cut short": CUT, "damaged": DAMAGED},
    "copy": {"cut short": CUT, "another film": OTHER_FILM, "half of it": HALF},
    "thumbnail": {"cut short": CUT, "empty": EMPTY},
    "storyboard": {"cut short": CUT, "a text": TEXT},
}  # fmt: skip
CASES = [(step, way) for step, ways in WAYS.items() for way in ways]
# Beside them, for each step: cut short in every run, and held at its start.
ALWAYS, LATE = "always", "late"
PARTS = ["mark", "output", "with", "not", "count", "options", "old", "new", "way", "file"]


def mark(step, way):
    return f"<{step}: {way}>"


def wish(step, way, sources):
    """The line of falsify.c for a film."""
    _, output, words, _, _ = STEPS[step]
    wanted = {ALWAYS: {**CUT, "count": 1000}, LATE: {"way": "hold"}}.get(way) or WAYS[step][way]
    found = {"mark": mark(step, way), "output": output, "count": 1, **words, **wanted}
    if "file" in found:
        found["file"] = sources[found["file"]]
    return "|".join(str(found.get(part, "")) for part in PARTS)


class TreatedFilms:
    def __init__(self, tool, films, folder):
        self.films = films
        self.sources = {
            "foreign": films.test_card(
                "false.mkv", "-c:v", "mpeg4", "-c:a", "libmp3lame", size="640x360", rate="10", seconds=SECONDS
            ),
            "standard": films.test_card("false-standard.mkv", *H264, "-c:a", "aac", rate="10", seconds=SECONDS),
            # B-frames in an AVI, which tells no times of presentation.
            "unindexed": films.test_card(
                "false.avi", "-c:v", "mpeg4", "-bf", 2, "-c:a", "libmp3lame", size="640x360", rate="10", seconds=SECONDS
            ),
            "other": films.make("false-other.mp4", "-i", films.bunny, "-t", 3, "-an", *H264),
            "song": films.make("false-song.mp4", "-f", "lavfi", "-i", "sine=sample_rate=44100", "-t", 3, "-c:a", "aac"),
            "page": films.folder.parent.parent / "README.md",
        }
        # What is held holds its worker, so those films come after the others.
        self.names = [*CASES, *((step, ALWAYS) for step in STEPS), *((step, LATE) for step in STEPS)]
        (folder / "wishes").write_text("".join(wish(*name, self.sources) + "\n" for name in self.names))
        self.log = folder / "falsified"
        self.calm = {"PALCO_LOG_LEVEL": "debug"}
        self.palco = Palco(folder / "data", {
            **self.calm, "LD_PRELOAD": str(library(tool, "falsify", folder)),
            "PALCO_FALSE_LIST": str(folder / "wishes"), "PALCO_FALSE_LOG": str(self.log),
        }).start()  # fmt: skip
        self.client = self.palco.admin()
        self.ids = {}
        for step, way in self.names:
            if way != LATE:
                self.upload(step, way)

    def upload(self, step, way):
        source = self.sources[STEPS[step][0]]
        name = re.sub("[^a-z]+", "-", f"false {step} {way}") + source.suffix
        film = self.films.make(name, "-i", source, "-map", 0, "-c", "copy", "-metadata", f"comment={mark(step, way)}")
        self.ids[step, way] = self.client.upload(film, title=f"{step}: {way}").expect(201).json()["id"]
        return self.ids[step, way]

    def falsified(self, step, way):
        """Process ids of the children whose outputs were falsified."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [int(line.rpartition(" ")[2]) for line in lines if line.startswith(mark(step, way) + " ")]

    def lines(self, identifier, words):
        return [line for line in self.palco.lines if identifier in line and words in line]

    def made(self, identifier, pattern):
        """Names of what is kept."""
        return [name for name in stored(self.palco.data, f"videos/{identifier}") if fnmatch.fnmatch(name, pattern)]

    def pictures_are_made(self, identifier):
        return {"thumbnail.jpg", "storyboard.jpg"} <= set(self.made(identifier, "*.jpg"))

    def is_sound_and_whole(self, identifier, source):
        """It plays from its first frame to its last in all qualities at their sizes, without a complaint."""
        video = self.client.wait(identifier, whole=True, timeout=600)
        wait_until(lambda: self.pictures_are_made(identifier), "there are pictures", 600)
        variants, media = self.client.master(identifier)
        assert len(variants) == len(video["renditions"])
        assert len(media) == 1
        addresses = [address for _, address in [*variants, *media]]
        inputs = [word for address in addresses for word in ("-i", address)]
        maps = [word for number in range(len(addresses)) for word in ("-map", str(number))]
        run("ffmpeg", "-nostdin", "-xerror", *inputs, *maps, "-f", "null", "-")
        for named, address in variants:
            assert packets(address) == packets(source), named
            assert size(address) == named["RESOLUTION"]
        # A storyboard has ten small pictures in a row at most, each as wide as 160 pixels.
        for name, widths in [("thumbnail.jpg", {video["width"]}), ("storyboard.jpg", range(2, 1601))]:
            picture = self.log.with_name(name)
            picture.write_bytes(self.client.get(f"/videos/{identifier}/{name}").expect(200).body)
            run("ffmpeg", "-nostdin", "-xerror", "-f", "mjpeg", "-i", picture, "-f", "null", "-")
            assert int(size(picture).split("x")[0]) in widths


def run(*command):
    done = subprocess.run([*map(str, command[:1]), "-v", "error", *map(str, command[1:])], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), command
    return done.stdout


def size(source):
    found = run("ffprobe", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "csv=p=0:s=x", source)
    return found.split("\n")[0].strip("x")


@pytest.fixture(scope="module")
def treated(tool, films, tmp_path_factory):
    treated = TreatedFilms(tool, films, tmp_path_factory.mktemp("treated"))
    yield treated
    if treated.palco.process.poll() is None:
        assert treated.palco.stop() == 0


@pytest.mark.parametrize("step, way", CASES)
def test_a_false_output_does_not_count(treated, step, way):
    kind, _, _, task, _ = STEPS[step]
    identifier = treated.ids[step, way]
    treated.is_sound_and_whole(identifier, treated.sources[kind])
    # It was seen through at once, and made again: what has its name is never replaced.
    assert len(treated.falsified(step, way)) == 1
    failures = treated.lines(identifier, "task failed, tried again later")
    assert [re.search('"task":"([^"]+)"', line).group(1) for line in failures] == [task]


@pytest.mark.parametrize("step", STEPS)
def test_what_is_always_false_is_never_served(treated, step):
    _, _, _, task, made = STEPS[step]
    identifier = treated.ids[step, ALWAYS]
    is_last_way = task in ("mezzanine", "thumbnail", "storyboard")
    words = "task given up" if is_last_way else "the source is read as a whole"
    (given_up,) = wait_until(lambda: treated.lines(identifier, words), "it is given up", 600)
    assert f'"task":"{task}"' in given_up
    tries = len(treated.falsified(step, ALWAYS))
    if step == "opening":
        # The first chunk makes the same rendition and may have been tried as well.
        assert tries >= 4
    else:
        assert tries == 4
    if step == "init segments":
        # The first chunk brings its own, which are right; then its segments are there too.
        wait_until(
            lambda: len(treated.made(identifier, made)) == min(1, len(treated.made(identifier, "240p/*.m4s"))),
            "the init segment is that of a chunk",
        )
    else:
        assert not treated.made(identifier, made)
    if step == "mezzanine":
        video = treated.client.video(identifier)
        assert (video["status"], video["error"]["code"]) == ("failed", "encoding_failed")
        assert treated.client.get(f"/videos/{identifier}/play").expect(200).json()["playback_url"] is None
        return
    video = treated.client.wait(identifier, whole=True, timeout=600)
    assert video["error"] is None
    # What cannot be made one way is made another way.
    names = {rendition["name"] for rendition in video["renditions"]}
    assert all(name.endswith("-2") for name in names) == (not is_last_way)


def byte_limit(child):
    """Of what it may write into a file: its arguments tell it until it confines itself, then the kernel does."""
    words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
    if b"--file-bytes" in words:
        return int(words[words.index(b"--file-bytes") + 1])
    return int(re.search(r"^Max file size +(\d+)", Path(f"/proc/{child}/limits").read_text(), re.MULTILINE).group(1))


@pytest.mark.parametrize("step", STEPS)
def test_a_late_output_counts_when_its_program_has_ended(treated, step):
    kind, _, _, _, made = STEPS[step]
    identifier = treated.upload(step, LATE)
    (child,) = wait_until(lambda: treated.falsified(step, LATE), "the program is held")
    assert not treated.made(identifier, made)
    most = byte_limit(child)
    os.kill(child, signal.SIGCONT)
    # Whatever it writes, it is stopped long before the disk is full.
    assert FILM_BYTES < most <= MOST_BYTES
    treated.is_sound_and_whole(identifier, treated.sources[kind])
    assert treated.made(identifier, made)


def test_with_the_right_program_all_of_it_becomes_whole(treated):
    """The last test of this file: the server starts anew, with an honest ffmpeg."""
    assert treated.palco.stop() == 0
    treated.palco.settings = treated.calm
    treated.palco.start()
    treated.client = treated.palco.admin()
    for step in ("mezzanine", "thumbnail", "storyboard"):
        treated.client.post(f"/videos/{treated.ids[step, ALWAYS]}/retry").expect(202)
    for step, (kind, *_) in STEPS.items():
        treated.is_sound_and_whole(treated.ids[step, ALWAYS], treated.sources[kind])
