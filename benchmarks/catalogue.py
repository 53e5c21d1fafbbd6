# SPDX-License-Identifier: Apache-2.0
"""What lists and searches cost in a large library: 100,000 videos of 10,000 people, looked through by sixteen clients at once, on both
databases; the four requests of watching beside FastAPI; a thousand players that save where they are.

What counts is the time by which all but one of a hundred answers are there, and what a query costs beside the same with a hundredth of
the videos: both servers stand side by side and take turns. By hand, with a number of videos, on PostgreSQL:

    benchmarks/catalogue.py 1000000
"""

import json
import os
import random
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import closing
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "Tests/Clients"), str(ROOT / "benchmarks")]

from delivery import LIMITS, cpu_seconds, start  # noqa: E402
from palco import ADMIN_PASSWORD  # noqa: E402
from postgres import Postgres  # noqa: E402
from sign_in import add_people, ask, connection  # noqa: E402
from waiting import wait_until  # noqa: E402

MANY, FEW = 100_000, 1_000
PEOPLE = 10_000
CLIENTS = 16
SECONDS = 2
# Both libraries in turns; what counts is the median.
ROUNDS = 3
# Each account may look through lists a few times a second.
ACCOUNTS = 200
PLAYERS = 1_000
SAVE_EVERY = 5

WORDS = {
    "en": "heart valve repair lecture anatomy knee shoulder suture training course history science music season interview panel summit "
    "laparoscopic robotic minimally invasive technique follow complication imaging ultrasound patient teacher student exam review",
    "es": "corazón válvula reparación clase anatomía rodilla hombro sutura formación curso historia ciencia música temporada entrevista "
    "cirugía laparoscópica robótica técnica complicación imagen ecografía paciente profesor alumno examen repaso conferencia",
    "ru": "сердце клапан операция лекция анатомия колено плечо шов обучение курс история наука музыка сезон интервью конференция "
    "хирургия техника осложнение снимок пациент учитель ученик экзамен повторение вебинар доклад",
}
CATEGORIES = ["Cardiology", "Orthopaedics", "School", "Events", "News", "Music", "История", "Cirugía"]
SEARCH = "/api/v1/videos/search?q="
# Of each kind several, so that not one and the same answer is asked for again and again.
QUERIES = {
    "list": ["/api/v1/videos?limit=20"],
    "a category": [f"/api/v1/videos?limit=20&category={name}" for name in ("School", "Events", "News", "Music")],
    "a tag": [f"/api/v1/videos?limit=20&tag=tag{number}" for number in range(20)],
    "search, one word": [SEARCH + word for word in "anatomy heart interview knee patient music suture history".split()],
    "search, two words": [SEARCH + words for words in "knee%20repair heart%20valve music%20season patient%20exam".split()],
    "search, mistyped": [SEARCH + words for words in "anatmoy%20lecure imagnig complicaton%20knee".split()],
    "search, filters": [f"{SEARCH}lecture&category={name}&sort=newest" for name in ("School", "Events", "News", "Music")],
    "suggestions": ["/api/v1/videos/suggestions?q=" + text for text in "ana hea knee pers tag sch mus".split()],
}


def measure(bench):
    os.environ.setdefault("PALCO_BINARY", str(ROOT / ".build/release/palco"))
    measure_library(bench, "SQLite", MANY)
    postgres = Postgres(bench.folder / "postgres", settings=["shared_buffers = 256MB"])
    try:
        measure_library(bench, "PostgreSQL", MANY, postgres)
    finally:
        postgres.close()
    measure_peer(bench)
    measure_players(bench)


def measure_library(bench, engine, many, postgres=None):
    few, large = [library(bench, f"{engine}-{count}", count, postgres) for count in (FEW, many)]
    bar = 25 if many <= MANY else 50
    for name, paths in QUERIES.items():
        compare(bench, f"{many:,} videos, {engine}, {name}", (few, paths), (large, paths), bar, f"costs of {FEW:,} videos")
    first = QUERIES["list"]
    far = [far_page(large, min(500, many // 40))]
    compare(bench, f"{many:,} videos, {engine}, a far page", (large, first), (large, far), bar, "costs of page 1", most=1.25)
    memory = large[0].resident_bytes() / 1e6
    bench.row(f"memory with {many:,} videos, {engine}", memory, "MB", "<= 80", memory <= 80 if many == MANY else None)
    for server, _ in (few, large):
        server.stop()


def compare(bench, label, plain, measured, bar, beside, most=2.0):
    """`plain` and `measured` are (library, paths); the costs of a query are the ratio of how many are answered a second."""
    runs = {"plain": [], "measured": []}
    for _ in range(ROUNDS):
        runs["plain"].append(load(bench, *plain))
        runs["measured"].append(load(bench, *measured))
    rates = {name: median(rate for rate, _, _ in found) for name, found in runs.items()}
    slowest = median(each for _, each, _ in runs["measured"])
    cost = median(each for _, _, each in runs["measured"]) * 1000
    bench.row(f"{label}: p99", slowest, "ms", f"<= {bar}", slowest <= bar, rate=rates["measured"], server_milliseconds=cost)
    growth = rates["plain"] / rates["measured"]
    bench.row(f"{label}: {beside}", growth, "x", f"<= {most}", growth <= most)
    print(f"    {rates['measured']:,.0f}/s, {cost:.2f} ms of the server's processor each", flush=True)


def library(bench, name, count, postgres=None):
    """A server with so many videos, and the tokens of some of its people."""
    random.seed(1)
    log = bench.folder / f"{name}.log"
    server = bench.palco(f"library-{name}", LIMITS, log=log).start()
    emails = add_people(server, PEOPLE)
    server.stop()
    fill(server.data / "palco.sqlite", count)
    if postgres:
        address = postgres.make(f"library{count}")
        copy = ["database", "copy", "--from", f"sqlite:{server.data}/palco.sqlite", "--to", address]
        subprocess.run([os.environ["PALCO_BINARY"], *copy], check=True, capture_output=True, cwd=server.data)
        server.settings = {**server.settings, "PALCO_DATABASE": address}
    log.write_text("")
    server.start()
    wait_for_index(log, count)
    if postgres:
        subprocess.run(["psql", "-X", "-q", address, "-c", "VACUUM ANALYZE"], check=True)
    return server, [token(server, number, emails[number]) for number in range(ACCOUNTS)]


def fill(path, count):
    """Puts videos into the database of a server that stands still meanwhile."""
    with closing(sqlite3.connect(path)) as database:
        owners = [row[0] for row in database.execute("SELECT id FROM users ORDER BY id LIMIT 500")]
        videos, tags, people = [], [], []
        for number in range(count):
            words = WORDS[random.choice("en en es ru".split())].split()
            id = str(uuid.UUID(int=(0x0190_0000_0000 + number) << 80 | 7 << 76 | 2 << 62 | random.getrandbits(62)))
            at = 1_700_000_000_000_000 + number * 1_000_000
            title = " ".join(random.choices(words, k=4)).capitalize()
            videos.append((
                id, random.choice(owners), f"{title} {number}", " ".join(random.choices(words, k=30)), random.choice(CATEGORIES),
                random.random() < 0.1, random.random() < 0.02, None, f"{number:064x}", 1000, "film.mp4", "ready", 1.0,
                random.uniform(30, 7200), 1280, 720, "video", 0, "[]", "[]", random.randrange(10_000), at, at, at,
            ))  # fmt: skip
            tags += [(id, place, f"tag{random.randrange(300)}", at) for place in range(3)]
            people += [(id, place, f"Person {random.randrange(2000)}", at) for place in range(2)]
        names = (
            "id, owner_id, title, description, category, is_premium, is_hidden, password_hash, checksum, byte_count, file_name, status, "
            "progress, duration, width, height, kind, has_thumbnail, renditions, warnings, view_count, created_at, updated_at, ready_at"
        )
        database.executemany(f"INSERT INTO videos ({names}) VALUES ({', '.join('?' * len(videos[0]))})", videos)
        columns = "(video_id, position, name, video_created_at) VALUES (?, ?, ?, ?)"
        database.executemany(f"INSERT INTO video_tags {columns}", tags)
        database.executemany(f"INSERT INTO video_people {columns}", people)
        database.commit()


def wait_for_index(log, count):
    def line():
        return next((line for line in log.read_text().splitlines() if "videos were taken into the index" in line), None)

    found = wait_until(line, "the videos are indexed", seconds=1800)
    assert json.loads(found)["count"] == count, found


def token(server, number, email):
    with closing(connection(server, number)) as wire:
        status, body, _ = ask(wire, "POST", "/api/v1/auth/login", {"email": email, "password": ADMIN_PASSWORD})
    assert status == 200, body
    return json.loads(body)["access_token"]


def far_page(library, pages):
    """The address of a page deep in the list."""
    server, tokens = library
    path, cursor = "/api/v1/videos?limit=20", ""
    with closing(connection(server, 9_000)) as wire:
        for page in range(pages):
            wire.request("GET", path + cursor, headers={"Authorization": f"Bearer {tokens[page % ACCOUNTS]}"})
            cursor = "&cursor=" + json.loads(wire.getresponse().read())["next_cursor"]
    return path + cursor


def load(bench, library, paths):
    """Queries a second, the time in milliseconds within which 99 of 100 answers come, and the server's seconds for each."""
    server, tokens = library
    script = write_script(bench, "GET", paths, tokens)
    command = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{SECONDS}s", "--timeout", "30s", "--latency", "-s", script, server.url]
    before = cpu_seconds(server.pid)
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in out and "Socket errors" not in out, out
    used = cpu_seconds(server.pid) - before
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    count = int(re.search(r"(\d+) requests in", out).group(1))
    return rate, float(value) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit], used / count


def write_script(bench, method, paths, tokens, body=None):
    """For wrk: the paths and the people in turns."""
    script = bench.folder / "requests.lua"
    text = json.dumps(body) if body else "nil"
    script.write_text(
        "local tokens = {" + ", ".join(f'"{token}"' for token in tokens) + "}\n"
        "local paths = {" + ", ".join(f'"{path}"' for path in paths) + "}\nlocal turn = 0\n"
        "request = function()\n  turn = turn + 1\n"
        '  local fields = {["Content-Type"] = "application/json", Authorization = "Bearer " .. tokens[turn % #tokens + 1]}\n'
        f'  return wrk.format("{method}", paths[turn % #paths + 1], fields, {text})\nend\n'
    )
    return script


# Watching, beside what is commonly written


class Peer:
    """benchmarks/peers/fastapi_videos.py on the server's core."""

    def __init__(self, folder, port, rows):
        folder.mkdir()
        (folder / "rows.json").write_text(json.dumps(rows))
        self.url = f"http://127.0.0.1:{port}"
        program = [ROOT / ".build/peers/bin/python", ROOT / "benchmarks/peers/fastapi_videos.py", folder, str(port)]
        self.process = subprocess.Popen(["taskset", "-c", "0", *program], stdout=subprocess.PIPE, text=True)
        self.token = self.process.stdout.readline().strip()
        wait_until(lambda: is_open(port), "FastAPI answers")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def is_open(port):
    with closing(socket.socket()) as each:
        return each.connect_ex(("127.0.0.1", port)) == 0


def watched_library(bench, name, people):
    """A server on one core with a thousand videos; tokens of so many people; the videos of the first page."""
    server = start(bench, name=name)
    random.seed(1)
    emails = add_people(server, people)
    server.stop()
    fill(server.data / "palco.sqlite", FEW)
    server.start()
    tokens = [token(server, number, emails[number]) for number in range(people)]
    with closing(connection(server, 9_000)) as wire:
        wire.request("GET", "/api/v1/videos?limit=100", headers={"Authorization": f"Bearer {tokens[0]}"})
        return server, tokens, json.loads(wire.getresponse().read())["data"]


def measure_peer(bench):
    """The four requests of watching, one process each, both on one core."""
    server, tokens, rows = watched_library(bench, "watching", ACCOUNTS)
    peer = Peer(bench.folder / "peer", 8197, rows)
    ids = [row["id"] for row in rows]
    try:
        for name, method, paths, body in [
            ("GET /videos", "GET", ["/videos?limit=20"], None),
            ("GET /videos/{id}", "GET", [f"/videos/{id}" for id in ids], None),
            ("GET /videos/{id}/play", "GET", [f"/videos/{id}/play" for id in ids], None),
            ("POST /videos/{id}/progress", "POST", [f"/videos/{id}/progress" for id in ids], '{"position": 5}'),
        ]:
            ours, theirs = [], []
            for turn in range(ROUNDS + 1):
                rates = [
                    watch(bench, server.url, method, ["/api/v1" + path for path in paths], body, tokens),
                    watch(bench, peer.url, method, paths, body, [peer.token]),
                ]
                # The first round warms up.
                if turn:
                    ours.append(rates[0])
                    theirs.append(rates[1])
            ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
            ratio = median(ratios)
            details = dict(spread=[min(ratios), max(ratios)], palco=ours, fastapi=theirs)
            bench.row(f"{name}: requests/s of FastAPI's", ratio, "x", ">= 10", ratio >= 10, **details)
            print(f"    Palco {median(ours):,.0f}/s, FastAPI {median(theirs):,.0f}/s", flush=True)
    finally:
        peer.stop()
        server.stop()


def watch(bench, url, method, paths, body, tokens):
    """Requests a second."""
    script = write_script(bench, method, paths, tokens, body)
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{CLIENTS}", f"-d{SECONDS}s", "-s", script, url]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in out and "Socket errors" not in out, out
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))


def measure_players(bench):
    """A thousand players that tell every five seconds where they are."""
    server, tokens, rows = watched_library(bench, "players", PLAYERS)
    threads = 10
    over = threading.Event()
    failures = []

    def players(first):
        try:
            own = range(first, PLAYERS, threads)
            wires = {number: connection(server, number) for number in own}
            began, told = time.monotonic(), 0
            while True:
                for place, number in enumerate(own):
                    due = began + told * SAVE_EVERY + place * SAVE_EVERY / len(own)
                    if over.wait(max(0, due - time.monotonic())):
                        return
                    fields = {"Authorization": f"Bearer {tokens[number]}", "Content-Type": "application/json"}
                    body = json.dumps({"position": 5.0 * told})
                    wires[number].request("POST", f"/api/v1/videos/{rows[number % len(rows)]['id']}/progress", body, fields)
                    answer = wires[number].getresponse()
                    answer.read()
                    assert answer.status == 204, answer.status
                told += 1
        except (AssertionError, OSError) as error:
            failures.append(error)

    workers = [threading.Thread(target=players, args=(first,)) for first in range(threads)]
    for worker in workers:
        worker.start()
    # With the first report of each the policy is asked.
    time.sleep(2 * SAVE_EVERY)
    before, since = cpu_seconds(server.pid), time.monotonic()
    count = commits(server, 4 * SAVE_EVERY)
    seconds = time.monotonic() - since
    used, written = (cpu_seconds(server.pid) - before) / seconds, count / seconds
    over.set()
    for worker in workers:
        worker.join()
    assert not failures, failures
    bench.row("1,000 players that save every 5 s: of one core", used * 100, "%", "<= 5", used <= 0.05)
    bench.row("1,000 players that save every 5 s: transactions", written, "/s", "<= 20", written <= 20)
    server.stop()


def commits(server, seconds):
    """How often somebody else changes the database (sqlite.org/pragma.html, data_version), looked at far more often than is allowed."""
    with closing(sqlite3.connect(f"file:{server.data}/palco.sqlite?mode=ro", uri=True)) as database:
        end, count, last = time.monotonic() + seconds, -1, None
        while time.monotonic() < end:
            version = database.execute("PRAGMA data_version").fetchone()[0]
            if version != last:
                count += 1
            last = version
            time.sleep(0.005)
    return count


def main(count):
    from bench import Bench

    # Not in /tmp, which may be memory.
    folder = Path(tempfile.mkdtemp(prefix="catalogue", dir=ROOT / ".build"))
    bench = Bench(folder)
    postgres = Postgres(folder / "postgres", settings=["shared_buffers = 512MB"])
    try:
        measure_library(bench, "PostgreSQL", count, postgres)
    finally:
        bench.close()
        postgres.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
