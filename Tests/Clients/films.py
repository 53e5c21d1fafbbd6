"""Films for the tests: real ones from packages (scripts/setup), others made once with ffmpeg and kept."""

import os
import subprocess
from functools import cached_property
from pathlib import Path


class Films:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.made = self.folder / "made"
        self.made.mkdir(parents=True, exist_ok=True)

    @property
    def bunny(self):
        return self.folder / "bigbuckbunny.mp4"

    @property
    def bikes(self):
        return self.folder / "bikes.mp4"

    @property
    def phone(self):
        return self.folder / "movie-hello.mp4"

    @property
    def street(self):
        return self.folder / "vtest.avi"

    @property
    def corpus(self):
        return self.folder / "afl-testcases"

    @staticmethod
    def partial(path):
        """Where a file is made before it gets its name: two runs of tests may make the same one at the same time."""
        return path.with_name(f"partial-{os.getpid()}-{path.name}")

    def write(self, path, content):
        partial = self.partial(path)
        partial.write_bytes(content)
        os.replace(partial, path)
        return path

    def make(self, name, *arguments):
        """`ffmpeg arguments… name`, unless it is there already; never half there."""
        path = self.made / name
        if not path.exists():
            partial = self.partial(path)
            run = subprocess.run(
                ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *map(str, arguments), str(partial)],
                capture_output=True,
                text=True,
            )
            assert run.returncode == 0, f"ffmpeg could not make {name}: {run.stderr}"
            os.replace(partial, path)
        return path

    def copy(self, source, mark):
        """The same film in other bytes: a `free` box with `mark` behind it. (The same bytes are the same video.)"""
        path = self.made / f"{Path(source).stem}-{mark}.mp4"
        if not path.exists():
            box = (8 + len(mark)).to_bytes(4, "big") + b"free" + mark.encode()
            self.write(path, Path(source).read_bytes() + box)
        return path

    def looped(self, name, source, seconds):
        """`source` joined with itself to about `seconds`, not encoded again."""
        path = self.made / name
        if path.exists():
            return path
        length = float(probe(source, "-show_entries", "format=duration", "-of", "csv=p=0"))
        parts = self.text(name + ".txt", f"file '{Path(source).resolve()}'\n" * max(1, round(seconds / length)))
        return self.make(name, "-f", "concat", "-safe", "0", "-i", parts, "-map", "0:v", "-map", "0:a?", "-c", "copy")

    def long_standard(self, seconds):
        """H.264 720p and AAC, playable as it is."""
        return self.looped(f"standard-{seconds}.mp4", self.stereo, seconds)

    @cached_property
    def stereo(self):
        """The bunny with stereo sound, keyframes every 2 s."""
        return self.make(
            "stereo.mp4", "-i", self.bunny, "-c:v", "libx264", "-preset", "veryfast", "-g", "50", "-pix_fmt", "yuv420p",
            "-c:a", "aac", "-ac", "2", "-ar", "48000", "-shortest",
        )  # fmt: skip

    @cached_property
    def minute(self):
        """64 s of 720p H.264 and AAC: enough to change the quality in."""
        return self.looped("minute.mp4", self.stereo, 64)

    @cached_property
    def small_and_long(self):
        """120 s of 480p H.264 and AAC: a player cannot have all of it in hand before its quality changes."""
        small = self.make(
            "stereo-480.mp4", "-i", self.stereo, "-vf", "scale=854:480", "-c:v", "libx264", "-preset", "veryfast",
            "-b:v", "1500k", "-g", "50", "-c:a", "copy",
        )  # fmt: skip
        return self.looped("small-and-long.mp4", small, 120)

    def text(self, name, content):
        return self.write(self.made / name, content.encode())

    # The tones that tell sounds apart, in hertz. They stand far from each other and from the hum of nothing.
    TONES = {"spa": 440, "eng": 1000, "described": 2200}

    def in_languages(self, *languages, seconds=60):
        """A film whose sounds, in this order, are tones, with captions as SubRip (English) and ASS (Spanish)."""
        spoken = "1\n00:00:00,000 --> 00:00:20,000\n{0} ONE\n\n2\n00:00:20,000 --> 00:01:00,000\n{0} TWO\n"
        english, spanish = (self.text(f"{word}.srt", spoken.format(word)) for word in ("ENGLISH", "ESPAÑOL"))
        sounds, maps, marks = [], [], []
        for place, each in enumerate(languages):
            sounds += ["-f", "lavfi", "-i", f"sine=frequency={self.TONES[each]}:sample_rate=48000"]
            maps += ["-map", f"{place + 3}:a"]
            flags = ["default"] * (place == 0) + ["visual_impaired"] * (each == "described")
            marks += [f"-metadata:s:a:{place}", f"language={'eng' if each == 'described' else each}"]
            marks += [f"-disposition:a:{place}", "+".join(flags) or "0"]
        return self.make(
            f"languages-{'-'.join(languages)}-{seconds}.mkv", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25",
            "-i", english, "-i", spanish, *sounds, "-t", seconds, "-map", "0:v", *maps, "-map", "1:s", "-map", "2:s",
            "-c:v", "libx264", "-preset", "veryfast", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac",
            "-c:s:0", "srt", "-c:s:1", "ass", *marks,
            "-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=spa", "-disposition:s", "0",
        )  # fmt: skip

    def with_cover(self, name, *codecs, seconds=30):
        """Sound with a red square as its cover."""
        cover = self.make("cover-red-500.png", "-f", "lavfi", "-i", "color=c=red:size=500x500", "-frames:v", "1")
        return self.make(
            name, "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100", "-i", cover, "-t", seconds,
            "-map", "0:a", "-map", "1:v", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-disposition:v", "attached_pic", *codecs,
        )  # fmt: skip

    # The same picture and sound every second: one white frame and a beep, for measuring sound against picture.
    FLASH = "color=c=black:s=640x360:r=25,drawbox=enable='lt(mod(t,1),0.04)':color=white:t=fill"
    BEEP = "aevalsrc='if(lt(mod(t,1),0.04),0.8*sin(2*PI*1000*t),0)':s=48000"

    def flashes(self, name, *codecs, seconds=20):
        return self.make(name, "-f", "lavfi", "-i", self.FLASH, "-f", "lavfi", "-i", self.BEEP, "-t", seconds, *codecs)

    @cached_property
    def flashes_standard(self):
        return self.flashes(
            "flashes.mp4", "-c:v", "libx264", "-preset", "veryfast", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac",
        )  # fmt: skip

    @cached_property
    def flashes_foreign(self):
        return self.flashes("flashes.mkv", "-c:v", "mpeg4", "-q:v", "3", "-c:a", "libmp3lame")

    def test_card(self, name, *codecs, size="320x180", rate="25", seconds=4, sound=True):
        sound_in = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"] if sound else []
        return self.make(
            name, "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}", *sound_in, "-t", seconds, *codecs,
        )  # fmt: skip


    @property
    def subtitled(self):
        """bikes.mp4 with a line of text in it."""
        text = self.text("line.srt", "1\n00:00:00,500 --> 00:00:02,000\nBikes\n")
        arguments = ("-map", "0", "-map", "1", "-c", "copy", "-c:s", "mov_text")
        return self.make("bikes-subtitled.mp4", "-i", self.bikes, "-i", text, *arguments)

    @property
    def damaged(self):
        """Twelve seconds of H.264 and AAC with 40 kB of zeros in the middle, as a bad disk leaves them."""
        path = self.made / "damaged-12.mp4"
        if not path.exists():
            options = ("-c:v", "libx264", "-g", "50", "-b:v", "1M", "-pix_fmt", "yuv420p", "-c:a", "aac")
            whole = self.test_card("undamaged-12.mp4", *options, size="640x360", seconds=12)
            data = bytearray(whole.read_bytes())
            middle = data.index(b"mdat") + len(data) // 2
            data[middle : middle + 40_000] = bytes(40_000)
            self.write(path, data)
        return path


def probe(path, *arguments):
    run = subprocess.run(["ffprobe", "-v", "error", *arguments, str(path)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()
