"""Where a server of the tests keeps rows and media: in its data folder, or in engines (`scripts/test clients-on-engines`)."""

import contextlib
import hashlib
import os
import sqlite3
import subprocess
from pathlib import Path

from bucket import Bucket

# Whether rows and media are kept as by default: in files of the data folder.
ROWS_ARE_LOCAL = os.environ.get("PALCO_TEST_ENGINE") != "postgresql"
MEDIA_IS_LOCAL = os.environ.get("PALCO_TEST_STORAGE") != "s3"


def database_of(data):
    """The address of the PostgreSQL database that goes with a data folder; made when it is asked for first (scripts/with-postgres)."""
    server = os.environ["PALCO_TEST_POSTGRES"]
    name = "d" + hashlib.sha256(str(Path(data).resolve()).encode()).hexdigest()[:24]
    made = subprocess.run(["psql", "-X", "-q", server, "-c", f"CREATE DATABASE {name}"], capture_output=True, text=True, timeout=60)
    assert made.returncode == 0 or "already exists" in made.stderr, made.stderr
    return server.replace("/postgres?", f"/{name}?")


def bucket_of(data):
    """The place in the bucket of the tests that goes with a data folder (scripts/with-s3)."""
    return Bucket(hashlib.sha256(str(Path(data).resolve()).encode()).hexdigest()[:24])


def engines_of(data):
    """The settings of where the rows and the media of a data folder are, when not in it."""
    settings = {}
    if not ROWS_ARE_LOCAL:
        settings["PALCO_DATABASE"] = database_of(data)
        if "PALCO_TEST_REDIS" in os.environ:
            settings["PALCO_REDIS"] = os.environ["PALCO_TEST_REDIS"]
    if not MEDIA_IS_LOCAL:
        settings["PALCO_STORAGE"] = bucket_of(data).location
    return settings


def stored(data, folder):
    """What is kept below a folder of the storage, such as videos/ID: {name below it: (byte count, what changes when it is made again)}."""
    if not MEDIA_IS_LOCAL:
        return bucket_of(data).objects(f"{folder}/")
    root, found = Path(data) / folder, {}
    # What is removed meanwhile, a file or a folder, is not there.
    for place, _, names in os.walk(root):
        for path in (Path(place) / name for name in names):
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                found[str(path.relative_to(root))] = (status.st_size, (status.st_ino, status.st_mtime_ns))
    return found


def uploads_under_way(data):
    if not MEDIA_IS_LOCAL:
        return [key for key in bucket_of(data).keys() if key.startswith("uploads/")]
    return list(stored(data, "uploads"))


def sql(data, statement):
    """Runs a statement in the database of a data folder, beside whoever has it open; the values of its first row as texts."""
    if not ROWS_ARE_LOCAL:
        command = ["psql", "-X", "-q", "-A", "-t", database_of(data), "-c", statement]
        lines = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.splitlines()
        return lines[0].split("|") if lines else []
    with contextlib.closing(sqlite3.connect(Path(data) / "palco.sqlite", timeout=10)) as database:
        row = database.execute(statement).fetchone()
        database.commit()
        return [str(value) for value in row or []]
