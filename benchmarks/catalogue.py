# SPDX-License-Identifier: Apache-2.0
"""What lists and searches cost in a large library: 100,000 videos of 10,000 people, looked through by sixteen clients at once.

What counts is the time by which all but one of a hundred answers are there, beside the same with a hundredth of the videos.
"""

import json
import random
import re
import sqlite3
import subprocess
import uuid
from contextlib import closing

from delivery import LIMITS
from palco import ADMIN_PASSWORD
from sign_in import add_people, ask, connection
from waiting import wait_until

MANY, FEW = 100_000, 1_000
PEOPLE = 10_000
CLIENTS = 16
SECONDS = 8
# Each account may look through lists a few times a second.
ACCOUNTS = 200

WORDS = {
    "en": "heart valve repair lecture anatomy knee shoulder suture training course history science music season interview panel summit "
    "laparoscopic robotic minimally invasive technique follow complication imaging ultrasound patient teacher student exam review",
    "es": "corazón válvula reparación clase anatomía rodilla hombro sutura formación curso historia ciencia música temporada entrevista "
    "cirugía laparoscópica robótica técnica complicación imagen ecografía paciente profesor alumno examen repaso conferencia",
    "ru": "сердце клапан операция лекция анатомия колено плечо шов обучение курс история наука музыка сезон интервью конференция "
    "хирургия техника осложнение снимок пациент учитель ученик экзамен повторение вебинар доклад",
}
CATEGORIES = ["Cardiology", "Orthopaedics", "School", "Events", "News", "Music", "История", "Cirugía"]
QUERIES = {
    "list": "/api/v1/videos?limit=20",
    "a category": "/api/v1/videos?limit=20&category=School",
    "a tag": "/api/v1/videos?limit=20&tag=tag17",
    "search, one word": "/api/v1/videos/search?q=anatomy",
    "search, two words": "/api/v1/videos/search?q=knee%20repair",
    "search, mistyped": "/api/v1/videos/search?q=anatmoy%20lecure",
    "search, filters": "/api/v1/videos/search?q=%D0%BB%D0%B5%D0%BA%D1%86%D0%B8%D1%8F&category=School&sort=newest",
    "suggestions": "/api/v1/videos/suggestions?q=ana",
}


def measure(bench):
    random.seed(1)
    times = {}
    for count in (FEW, MANY):
        log = bench.folder / f"library-{count}.log"
        server = bench.palco(f"library-{count}", LIMITS, log=log).start()
        emails = add_people(server, PEOPLE)
        server.stop()
        fill(server.data / "palco.sqlite", count)
        log.write_text("")
        server.start()
        wait_for_index(log, count)
        tokens = [token(server, number, emails[number]) for number in range(ACCOUNTS)]
        times[count] = {name: slowest(bench, server, path, tokens) for name, path in QUERIES.items()}
        times[count]["page 200"] = slowest(bench, server, far_page(server, tokens[-1], min(200, count // 20 - 1)), tokens)
        if count == MANY:
            memory = server.resident_bytes() / 1e6
            bench.row("memory with 100,000 videos", memory, "MB", "<= 80", memory <= 80)
        server.stop()
    for name, time in times[MANY].items():
        bench.row(f"100,000 videos, {name}: p99", time, "ms", "<= 25", time <= 25)
        growth = time / max(times[FEW][name], 1)
        bench.row(f"100,000 videos instead of 1,000, {name}", growth, "x", "< 2", growth < 2)


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
            tags += [(id, place, f"tag{random.randrange(300)}") for place in range(3)]
            people += [(id, place, f"Person {random.randrange(2000)}") for place in range(2)]
        names = (
            "id, owner_id, title, description, category, is_premium, is_hidden, password_hash, checksum, byte_count, file_name, status, "
            "progress, duration, width, height, kind, has_thumbnail, renditions, warnings, view_count, created_at, updated_at, ready_at"
        )
        database.executemany(f"INSERT INTO videos ({names}) VALUES ({', '.join('?' * len(videos[0]))})", videos)
        database.executemany("INSERT INTO video_tags (video_id, position, name) VALUES (?, ?, ?)", tags)
        database.executemany("INSERT INTO video_people (video_id, position, name) VALUES (?, ?, ?)", people)
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


def far_page(server, token, pages):
    """The address of a page deep in the list."""
    client, path = server.client(), "/api/v1/videos?limit=20"
    cursor = ""
    for _ in range(pages):
        wire = client.connection()
        wire.request("GET", path + cursor, headers={"Authorization": f"Bearer {token}"})
        cursor = "&cursor=" + json.loads(wire.getresponse().read())["next_cursor"]
        wire.close()
    return path + cursor


def slowest(bench, server, path, tokens):
    """The time in milliseconds within which 99 of 100 answers come."""
    script = bench.folder / "accounts.lua"
    script.write_text(
        "local tokens = {" + ", ".join(f'"{token}"' for token in tokens) + "}\nlocal turn = 0\n"
        "request = function()\n  turn = turn % #tokens + 1\n"
        f'  return wrk.format("GET", "{path}", {{Authorization = "Bearer " .. tokens[turn]}})\nend\n'
    )
    command = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{SECONDS}s", "--latency", "-s", script, f"http://127.0.0.1:{server.port}"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in out and "Socket errors" not in out, out
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    rate = re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)
    print(f"    {path}: {rate}/s, p99 {value}{unit}", flush=True)
    return float(value) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]
