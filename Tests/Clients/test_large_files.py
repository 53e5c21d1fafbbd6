"""Files of several gigabytes, by form and by tus: whole, played from behind 2 and 4 GiB, and with bounded memory."""

import contextlib
import hashlib
import re
import threading
import urllib.parse
from pathlib import Path

import pytest
from crashing import packets, settle
from palco import children
from places import stored
from test_tus import VERSION, create, patch

GIB = 1 << 30
# A piece of zeros at a time: neither the test nor the file holds gigabytes in memory.
ZEROS = bytes(1 << 20)


def boxes(data):
    """[(type, bytes)] of the boxes at the top of `data`."""
    found, at = [], 0
    while at < len(data):
        size, kind, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        size = size or len(data) - at
        assert size >= head
        found.append((kind, data[at : at + size]))
        at += size
    return found


def box(kind, content):
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def moved(kind, data, shift):
    """A box of the index with its chunk offsets `shift` further on, written with 64 bits."""
    if kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        return box(kind, b"".join(moved(inner, whole, shift) for inner, whole in boxes(data[8:])))
    if kind not in (b"stco", b"co64"):
        return data
    width = 4 if kind == b"stco" else 8
    count = int.from_bytes(data[12:16], "big")
    offsets = [int.from_bytes(data[16 + width * i : 16 + width * (i + 1)], "big") for i in range(count)]
    return box(b"co64", data[8:16] + b"".join((offset + shift).to_bytes(8, "big") for offset in offsets))


class LargeFilm:
    """A small film in a large file: its index, zeros in a `free` box with a size of 64 bits, then its media."""

    def __init__(self, film, hole):
        parts = dict(boxes(Path(film).read_bytes()))
        order = list(parts)
        media_at = sum(len(parts[kind]) for kind in order[: order.index(b"mdat")])
        index_size = len(moved(b"moov", parts[b"moov"], 0))
        self.hole = hole
        self.tail = parts[b"mdat"]
        new_media_at = len(parts[b"ftyp"]) + index_size + 16 + hole
        self.head = parts[b"ftyp"] + moved(b"moov", parts[b"moov"], new_media_at - media_at)
        self.head += (1).to_bytes(4, "big") + b"free" + (16 + hole).to_bytes(8, "big")
        self.size = len(self.head) + hole + len(self.tail)

    def pieces(self):
        yield self.head
        left = self.hole
        while left:
            yield ZEROS[: min(left, len(ZEROS))]
            left -= min(left, len(ZEROS))
        yield self.tail

    def hashed(self, digest):
        for piece in self.pieces():
            digest.update(piece)
            yield piece


class PeakMemory:
    """The most memory that the server and each of its children ever had."""

    def __init__(self, palco):
        self.palco = palco
        self.peaks = {}
        self.over = threading.Event()

    def __enter__(self):
        self.watcher = threading.Thread(target=self._watch)
        self.watcher.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.watcher.join()
        self._look(self.palco.pid)

    def _watch(self):
        # A new look every few milliseconds; a child's own peak is in its own account of itself.
        while not self.over.wait(0.005):
            for child in children(self.palco.pid):
                self._look(child)

    def _look(self, pid):
        with contextlib.suppress(OSError):
            if found := re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()):
                self.peaks[pid] = max(self.peaks.get(pid, 0), int(found.group(1)) * 1024)

    @property
    def server(self):
        return self.peaks[self.palco.pid]

    @property
    def largest_child(self):
        return max(peak for pid, peak in self.peaks.items() if pid != self.palco.pid)


def send_form(client, large, digest):
    return client.upload_stream(large.hashed(digest), large.size, "large.mp4", title="Large").expect(201).json()["id"]


def send_pieces(client, large, digest):
    """By tus: in requests of about a gigabyte, so that each boundary of 32 bits lies within one and between two."""
    address = urllib.parse.urlsplit(create(client, large.size, filename="large.mp4", title="Large")).path
    source, offset, rest = large.hashed(digest), 0, b""
    answer = None
    while offset < large.size:
        length = min(GIB, large.size - offset)

        def body(length=length):
            nonlocal rest
            while length:
                piece = rest or next(source)
                rest = piece[length:]
                yield piece[:length]
                length -= len(piece[:length])

        answer = patch(client, address, offset, body(), **{"Content-Length": str(length)}).expect(204)
        offset += length
        assert answer.headers["Upload-Offset"] == str(offset)
        head = client.request("HEAD", address, headers=VERSION).expect(200)
        assert head.headers["Upload-Offset"] == str(offset)
    return answer.headers["Palco-Video-Id"]


@pytest.mark.parametrize("gibibytes", [2, 4])
@pytest.mark.parametrize("send", [send_form, send_pieces], ids=["form", "tus"])
def test_a_file_past_what_32_bits_count_is_played(own_server, films, send, gibibytes):
    large = LargeFilm(films.bikes, gibibytes * GIB)
    palco = own_server().start()
    client = palco.admin()
    client.timeout = 300
    digest = hashlib.sha256()
    with PeakMemory(palco) as memory:
        identifier = send(client, large, digest)
        client.wait(identifier, whole=True)
        settle(palco)
        variants, _ = client.master(identifier)
        for named, address in variants:
            assert packets(address) == packets(films.bikes), named
    video = client.video(identifier)
    assert video["checksum_sha256"] == digest.hexdigest()
    assert stored(palco.data, f"videos/{identifier}")["original"][0] == large.size
    print(f"{large.size} bytes: server {memory.server >> 20} MiB, largest child {memory.largest_child >> 20} MiB")
    assert memory.server < 128 << 20
    assert memory.server + memory.largest_child < 256 << 20
    client.remove_for_good(identifier)
    assert palco.stop() == 0
