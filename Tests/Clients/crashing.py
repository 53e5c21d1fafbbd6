"""Servers that are ended at a chosen moment, and what must be true after the next start."""

import contextlib
import http.client
import os
import subprocess
from pathlib import Path

from films import probe
from palco import children
from places import MEDIA_IS_LOCAL, bucket_of, sql
from waiting import wait_until

GONE = (ConnectionError, http.client.HTTPException, TimeoutError)


def library(tool, name, folder):
    """`name.c` of this folder as a library to be preloaded."""
    made = Path(folder) / f"{name}.so"
    source = Path(__file__).with_name(f"{name}.c")
    compiler = tool("clang", "gcc", "cc")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", made, source, "-ldl"], check=True)
    return made


def calls(journal, kind="", word=""):
    """The calls that crash.c wrote down, in their order: `kind details`."""
    lines = Path(journal).read_text(errors="replace").splitlines()
    return [line for line in lines if line.startswith(kind) and word in line]


def tree(data, identifier):
    """Names of all files below `data` and of all that is in the bucket, but for the database and for copies; uploads and work
    must leave none."""
    names = {str(path.relative_to(data)) for path in Path(data).rglob("*") if path.is_file()}
    if not MEDIA_IS_LOCAL:
        names |= {f"bucket: {key}" for key in bucket_of(data).keys()}
    return {name.replace(identifier, "ID") for name in names if not name.startswith(("palco.sqlite", "cache/"))}


def tasks_left(data):
    return int(sql(data, "SELECT COUNT(*) FROM encoding_tasks")[0])


def settle(palco):
    """Waits until all tasks are done, the pictures too, and nothing is on its way any more."""

    def is_settled():
        on_the_way = [path for name in ("work", ".incoming") for path in (palco.data / name).glob("*")]
        return not children(palco.pid) and not tasks_left(palco.data) and not on_the_way

    wait_until(is_settled, "the queue is empty")


def orphans(data):
    """Processes that still work on this data folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes()
                if os.fsencode(str(data)) in command:
                    found.append((int(entry.name), command[:200]))
    return found


def packets(source, stream="v:0"):
    """How many packets a stream has; 0 without such a stream."""
    counted = probe(
        source, "-select_streams", stream, "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0",
    )  # fmt: skip
    return int(counted.split("\n")[0].strip(",") or 0)


class Outcome:
    """What is there of a film when nothing goes wrong."""

    def __init__(self, palco, client, film, identifier):
        variants, media = client.master(identifier)
        self.frames = packets(film)
        self.names = sorted(named["RESOLUTION"] for named, _ in variants)
        self.sound = [packets(address, "a:0") for _, address in media]
        settle(palco)
        self.files = tree(palco.data, identifier)


def sound_and_whole(palco, client, identifier, wanted):
    """The video and nothing else is there, plays from its first frame to its last, and has left nothing over."""
    client.wait(identifier, whole=True)
    assert [found["id"] for found in client.get("/videos").expect(200).json()["data"]] == [identifier]
    settle(palco)
    variants, media = client.master(identifier)
    assert sorted(named["RESOLUTION"] for named, _ in variants) == wanted.names
    for named, address in variants:
        assert packets(address) == wanted.frames, named
    assert [packets(address, "a:0") for _, address in media] == wanted.sound
    # Who plays has the next segments fetched from a bucket, and does not wait for them.
    settle(palco)
    found = tree(palco.data, identifier)
    assert found == wanted.files, sorted(found ^ wanted.files)


def start_again(palco):
    """The next start after a crash, without what made it crash. The children of the last one must be gone by themselves."""
    wait_until(lambda: not orphans(palco.data), "children end with the server", 10)
    palco.settings = {key: value for key, value in palco.settings.items() if key not in TRAPS}
    palco.start()
    return palco.admin()


TRAPS = {
    "LD_PRELOAD", "PALCO_CRASH", "PALCO_CRASH_WORD", "PALCO_CRASH_FROM", "PALCO_CRASH_SIGNAL", "PALCO_CRASH_LOG",
    "PALCO_DISK", "PALCO_DISK_ROOT",
}  # fmt: skip
