# SPDX-License-Identifier: Apache-2.0
"""Memory, start on existing data, and disk."""

import os
import socket
import sqlite3
import threading
import time
import uuid
from pathlib import Path
from statistics import median

MEGABYTE = 1 << 20


def measure_memory(bench):
    server = bench.palco("memory").start()
    client = server.admin()
    time.sleep(3)
    idle = server.resident_bytes()
    bench.row("memory, idle", idle / MEGABYTE, "MB", "<= 30 MB", idle <= 30 * MEGABYTE)
    peak = idle
    uploads = [Upload(client, sparse_film(bench)) for _ in range(8)]
    for upload in uploads:
        upload.start()
    for upload in uploads:
        upload.join()
    # What the kernel saw at most, not what happened to be seen.
    peak = max(peak, server.peak_bytes())
    sent = sum(upload.sent for upload in uploads)
    failed = [upload.failure for upload in uploads if upload.failure]
    assert not failed, failed
    more = peak - idle
    bench.row(
        "memory, more while 8 uploads of 2 GB run", more / MEGABYTE, "MB", "<= 48 MB", more <= 48 * MEGABYTE, sent=sent,
        seconds=max(upload.seconds for upload in uploads),
    )  # fmt: skip
    print(f"    {sent / 1e9:.1f} GB arrived in {max(upload.seconds for upload in uploads):.0f} s")
    server.kill()


def sparse_film(bench):
    """A real film with 2 GB of nothing behind it, which takes no room on the disk here."""
    path = bench.folder / "sparse.mp4"
    if not path.exists():
        path.write_bytes(bench.films.bunny.read_bytes())
        os.truncate(path, 2_000_000_000)
    return path


class Upload(threading.Thread):
    """One multipart upload by sendfile, cut just before its end so that nothing is encoded afterwards."""

    def __init__(self, client, path):
        super().__init__(daemon=True)
        self.client, self.path = client, path
        self.sent, self.seconds, self.failure = 0, 0, None

    def run(self):
        started = time.monotonic()
        size = self.path.stat().st_size
        boundary = uuid.uuid4().hex
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="sparse.mp4"\r\n'
            "Content-Type: video/mp4\r\n\r\n"
        ).encode()
        port = int(self.client.url.rsplit(":", 1)[1])
        try:
            with socket.create_connection(("127.0.0.1", port), 120) as wire, self.path.open("rb") as file:
                wire.sendall(
                    f"POST /api/v1/videos HTTP/1.1\r\nHost: palco\r\nAuthorization: Bearer {self.client.token}\r\n"
                    f"Content-Type: multipart/form-data; boundary={boundary}\r\n"
                    f"Content-Length: {len(head) + size + len(boundary) + 8}\r\n\r\n".encode() + head
                )
                self.sent = wire.sendfile(file, 0, size - 1000)
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x00" * 8)
        except OSError as error:
            self.failure = repr(error)
        self.seconds = time.monotonic() - started


def measure_start(bench):
    server = bench.palco("start").start()
    client = server.admin()
    video = client.upload(bench.films.bikes, title="One of a thousand").expect(201).json()
    client.wait(video["id"], whole=True)
    time.sleep(3)
    server.stop()
    count = multiply(server.data, video["id"], 1000)
    times = []
    for _ in range(5):
        server.start()
        times.append(server.seconds_to_listening)
        listed = server.admin().get("/videos?limit=100").expect(200).json()
        assert len(listed["data"]) == 100
        server.stop()
    seconds = median(times)
    bench.row(f"start on {count:,} videos, to listening", seconds, "s", "<= 0.5 s", seconds <= 0.5, runs=times)


def multiply(data, identifier, wanted):
    """Copies every row that names the video, under new ids, and its folder by hard links."""
    database = sqlite3.connect(data / "palco.sqlite")
    database.execute("PRAGMA foreign_keys = OFF")
    tables = [
        name
        for name, kind in database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        if not name.startswith("sqlite_") and "VIRTUAL" not in (kind or "").upper()
    ]
    shadows = {
        table for table in tables if any(table.startswith(name + "_") for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%'"))
    }  # fmt: skip
    for number in range(1, wanted):
        new = identifier[:-6] + f"{number:06x}"
        for table in set(tables) - shadows:
            copy_rows(database, table, identifier, new)
        folder = data / "videos" / identifier
        for path in folder.rglob("*"):
            target = data / "videos" / new / path.relative_to(folder)
            if path.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, target)
    database.commit()
    count = database.execute("SELECT count(*) FROM videos").fetchone()[0]
    database.close()
    return count


def copy_rows(database, table, old, new):
    columns = list(database.execute(f'PRAGMA table_info("{table}")'))
    names = [column[1] for column in columns]
    numbered = {column[1] for column in columns if column[5] and column[2].upper() == "INTEGER"}
    kept = [name for name in names if name not in numbered]
    for row in list(database.execute("SELECT {} FROM \"{}\"".format(", ".join(f'"{name}"' for name in kept), table))):
        if old not in [value for value in row if isinstance(value, str)]:
            continue
        copied = []
        for name, value in zip(kept, row):
            if value == old:
                value = new
            elif "checksum" in name and isinstance(value, str):
                value = uuid.uuid4().hex * 2
            elif name == "id":
                value = value[:-6] + new[-6:] if isinstance(value, str) else value
            copied.append(value)
        marks = ", ".join("?" * len(kept))
        database.execute("INSERT INTO \"{}\" ({}) VALUES ({})".format(table, ", ".join(f'"{name}"' for name in kept), marks), copied)


def measure_disk(bench):
    server = bench.palco("disk").start()
    client = server.admin()
    film = bench.films.street
    video = client.upload(film, title="Disk").expect(201).json()
    client.wait(video["id"], whole=True)
    time.sleep(5)
    served = 0
    variants, media = client.master(video["id"])
    for _, playlist in [*variants, *media]:
        for _, address in client.segments(playlist):
            served += len(client.get(address).expect(200).body)
        served += len(client.get(playlist.replace("index.m3u8", "init.mp4")).expect(200).body)
    for picture in ("thumbnail.jpg", "storyboard.jpg", "storyboard.vtt"):
        answer = client.get(f"/videos/{video['id']}/{picture}")
        served += len(answer.body) if answer.status == 200 else 0
    server.stop()
    stored = sum(
        path.stat().st_size
        for path in Path(server.data).rglob("*")
        if path.is_file() and not path.name.startswith("palco.sqlite") and "secrets" not in path.parts
    )
    ratio = stored / (served + film.stat().st_size)
    bench.row("disk by original and served files", ratio, "x", "<= 1.02", ratio <= 1.02, stored=stored, served=served)
