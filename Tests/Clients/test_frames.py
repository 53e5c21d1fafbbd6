"""Every frame that is served, decoded by ffmpeg and compared with the source."""

import re
import subprocess

import numpy
import pytest
from films import probe


def ffmpeg(*arguments):
    run = subprocess.run(
        ["ffmpeg", "-hide_banner", "-nostdin", *map(str, arguments)], capture_output=True, timeout=300
    )
    assert run.returncode == 0, run.stderr.decode()[-2000:]
    return run


def frame_hashes(source):
    """[(seconds from the first frame, hash)] of every frame of the picture."""
    out = ffmpeg("-loglevel", "error", "-i", source, "-map", "0:v:0", "-fps_mode", "passthrough",
                 "-enc_time_base:v", "-1", "-f", "framemd5", "-")  # fmt: skip
    base, rows = None, []
    for line in out.stdout.decode().splitlines():
        if line.startswith("#tb 0:"):
            above, below = line.split(":")[1].split("/")
            base = int(above) / int(below)
        elif not line.startswith("#"):
            fields = [field.strip() for field in line.split(",")]
            rows.append((int(fields[2]) * base, fields[5]))
    return [(seconds - rows[0][0], digest) for seconds, digest in rows]


def top(client, video):
    variants, _ = client.master(video["id"])
    return max(variants, key=lambda variant: int(variant[0]["RESOLUTION"].split("x")[1]))


@pytest.mark.parametrize("name", ["bunny", "bikes", "phone", "minute"])
def test_a_remuxed_rendition_is_the_source_bit_for_bit(admin, films, name):
    source = getattr(films, name)
    video = admin.have(source, title=name)
    admin.wait(video["id"])
    served = frame_hashes(top(admin, video)[1])
    wanted = frame_hashes(source)
    assert [digest for _, digest in served] == [digest for _, digest in wanted]
    for (at, _), (expected, _) in zip(served, wanted):
        assert abs(at - expected) < 0.002


def test_the_top_encoded_rendition_has_every_frame_and_looks_like_the_source(admin, films, foreign):
    _, address = top(admin, foreign)
    served = frame_hashes(address)
    wanted = frame_hashes(films.street)
    assert len(served) == len(wanted)
    for (at, _), (expected, _) in zip(served, wanted):
        assert abs(at - expected) < 0.002
    run = ffmpeg(
        "-i", address, "-i", films.street,
        "-lavfi", "[0:v]settb=1/1000,setpts=N[served];[1:v]settb=1/1000,setpts=N,format=yuv420p[source];"
        "[source][served]scale2ref=flags=bicubic[b][a];[a][b]psnr=stats_file=-",
        "-f", "null", "/dev/null",
    )  # fmt: skip
    average = float(re.search(rb"PSNR .*average:([\d.]+)", run.stderr).group(1))
    assert average >= 32, average
    frames = [float(value) for value in re.findall(rb"psnr_avg:([\d.]+)", run.stdout)]
    assert len(frames) == len(wanted)
    assert min(frames) >= 26, f"frame {frames.index(min(frames))} has {min(frames)} dB: is it another one?"


def test_every_rendition_has_every_frame_and_aligned_segments(admin, films, foreign):
    variants, _ = admin.master(foreign["id"])
    assert len(variants) >= 3
    count = len(frame_hashes(films.street))
    durations = []
    for named, address in variants:
        assert len(frame_hashes(address)) == count, named
        durations.append([seconds for seconds, _ in admin.segments(address)])
    assert all(row == durations[0] for row in durations)


@pytest.mark.parametrize("which", ["standard", "foreign"])
def test_bandwidths_are_those_of_the_bytes_served(admin, which, request):
    video = request.getfixturevalue(which)
    variants, media = admin.master(video["id"])
    sound = []
    for named, address in media:
        if named["TYPE"] == "AUDIO":
            sound = sizes(admin, address)
    for named, address in variants:
        picture = sizes(admin, address)
        peak = max(8 * size / seconds for seconds, size in picture)
        average = 8 * sum(size for _, size in picture) / sum(seconds for seconds, _ in picture)
        if sound:
            peak += max(8 * size / seconds for seconds, size in sound)
            average += 8 * sum(size for _, size in sound) / sum(seconds for seconds, _ in sound)
        assert int(named["BANDWIDTH"]) == pytest.approx(peak, rel=0.12), named
        assert int(named["AVERAGE-BANDWIDTH"]) == pytest.approx(average, rel=0.12), named


def sizes(client, playlist):
    found = []
    for seconds, address in client.segments(playlist):
        found.append((seconds, len(client.get(address).expect(200).body)))
    return found


def flash_and_beep_times(source, folder):
    """Seconds of the white frames and of the beeps on one common timeline."""
    both = folder / "both.nut"
    ffmpeg(
        "-loglevel", "error", "-y", "-i", source, "-map", "0:v:0", "-map", "0:a:0", "-vf", "scale=2:2",
        "-fps_mode", "passthrough", "-enc_time_base:v", "-1", "-pix_fmt", "gray", "-c:v", "rawvideo",
        "-c:a", "pcm_s16le", "-ac", "1", "-ar", "48000", both,
    )  # fmt: skip
    entries = ("-show_entries", "packet=pts_time", "-of", "csv=p=0")
    frame_times = [float(line.strip(",")) for line in probe(both, "-select_streams", "v", *entries).split()]
    first_sample = float(probe(both, "-select_streams", "a", *entries).split()[0].strip(","))
    picture = ffmpeg("-loglevel", "error", "-i", both, "-map", "0:v", "-fps_mode", "passthrough", "-f", "rawvideo", "-")
    sound = ffmpeg("-loglevel", "error", "-i", both, "-map", "0:a", "-f", "s16le", "-")
    frames = numpy.frombuffer(picture.stdout, numpy.uint8).reshape(-1, 4).mean(axis=1)
    flashes = [frame_times[index] for index in rises(frames > 128)]
    loud = numpy.abs(numpy.frombuffer(sound.stdout, numpy.int16).astype(float)) > 6000
    # A beep lasts 40 ms; whatever is quieter than 200 ms before starts a new one.
    starts = numpy.flatnonzero(loud)
    starts = [starts[0], *starts[1:][numpy.diff(starts) > 9600]]
    return flashes, [first_sample + index / 48000 for index in starts]


def rises(values):
    padded = numpy.concatenate([[False], values])
    return numpy.flatnonzero(~padded[:-1] & padded[1:])


@pytest.mark.parametrize("name", ["flashes_standard", "flashes_foreign"])
def test_sound_and_picture_stay_within_one_audio_frame(admin, films, tmp_path, name):
    source = getattr(films, name)
    video = admin.have(source, title=name)
    admin.wait(video["id"], whole=True)
    flashes, beeps = flash_and_beep_times(admin.playback_url(video["id"]), tmp_path)
    expected_flashes, expected_beeps = flash_and_beep_times(source, tmp_path)
    assert len(flashes) == len(expected_flashes) and len(beeps) == len(expected_beeps)
    served = numpy.array(beeps) - numpy.array(flashes)
    wanted = numpy.array(expected_beeps) - numpy.array(expected_flashes)
    assert numpy.abs(served - wanted).max() < 1024 / 48000 + 0.001
