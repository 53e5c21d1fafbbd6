# SPDX-License-Identifier: Apache-2.0
"""What signing in and being signed in cost, and whether times tell which addresses have an account.

The server is pinned to one core and wrk to another, but for sign-ins, whose hashes have a thread of their own. Runs alternate; what counts
is the median of the ratios.
"""

import http.client
import json
import random
import re
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.parse
import uuid
from contextlib import closing
from math import erfc, sqrt
from statistics import median

from delivery import CONNECTIONS, LIMITS, SECONDS, cpu_seconds, start
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, ROOT
from waiting import wait_until

ROUNDS = 7
# Who sign in at the same time, each from an address of their own: enough that a hash never waits for a client.
PEOPLE = 8
SIGN_INS = 25
# Addresses with an account and without, asked for in turns.
TRIES = 1_000
# Of the tries of one network so many may be wrong (docs/installation.md, Locked accounts).
TRIES_OF_ONE_ADDRESS = 40


def measure(bench):
    measure_sign_ins(bench)
    measure_authorisation(bench)
    measure_me(bench)
    measure_enumeration(bench)


# Sign-ins, by what the hash alone allows


def measure_sign_ins(bench):
    program = bench.folder / "argon"
    subprocess.run(["clang", "-O2", "-Wall", "-Werror", "-o", program, ROOT / "benchmarks/argon.c", "-largon2"], check=True)
    server = bench.palco("sign-ins", LIMITS, log=bench.folder / "sign-ins.log").start()
    emails = [ADMIN_EMAIL, *add_people(server, PEOPLE - 1)]
    alone, signed_in = [], []
    for turn in range(ROUNDS + 1):
        rates = [float(subprocess.run([program, "4"], capture_output=True, text=True, check=True).stdout), sign_ins(server, emails)]
        # The first round warms up.
        if turn:
            alone.append(rates[0])
            signed_in.append(rates[1])
    ratios = [ours / hashes for ours, hashes in zip(signed_in, alone, strict=True)]
    ratio = median(ratios)
    bench.row("sign-ins/s of what the hash alone allows", ratio, "x", ">= 0.9", ratio >= 0.9, spread=[min(ratios), max(ratios)], alone=alone, signed_in=signed_in)
    print(f"    hashes {median(alone):.1f}/s, sign-ins {median(signed_in):.1f}/s")
    server.stop()


def sign_ins(server, emails):
    """Sign-ins a second, of all people together."""
    failures = []

    def person(number):
        try:
            with closing(connection(server, number + 1)) as wire:
                for _ in range(SIGN_INS):
                    status, body, _ = ask(wire, "POST", "/api/v1/auth/login", {"email": emails[number], "password": ADMIN_PASSWORD})
                    assert status == 200, body
        except (AssertionError, OSError) as error:
            failures.append(error)

    threads = [threading.Thread(target=person, args=(number,)) for number in range(len(emails))]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    return len(emails) * SIGN_INS / (time.monotonic() - began)


def connection(server, number):
    """From an address of its own: to the server each is a network."""
    source = f"127.{1 + number // 65536}.{number // 256 % 256}.{number % 256}"
    wire = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60, source_address=(source, 0))
    wire.connect()
    wire.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return wire


def ask(wire, method, path, body):
    """The status, the body, and how many seconds both took."""
    text = json.dumps(body)
    began = time.perf_counter()
    wire.request(method, path, text, {"Content-Type": "application/json"})
    answer = wire.getresponse()
    found = answer.read()
    return answer.status, found, time.perf_counter() - began


def add_people(server, count):
    """People with the administrator's password, put into the database of a server that stands still meanwhile."""
    server.stop()
    with closing(sqlite3.connect(server.data / "palco.sqlite")) as database:
        columns = [column[1] for column in database.execute("PRAGMA table_info(users)")]
        row = dict(zip(columns, database.execute("SELECT * FROM users WHERE email = ?", (ADMIN_EMAIL,)).fetchone(), strict=True))
        emails = [f"person{number}@example.org" for number in range(count)]
        for email in emails:
            each = {**row, "id": new_id(row["id"]), "email": email, "role": "user"}
            database.execute(f"INSERT INTO users ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", list(each.values()))
        database.commit()
    server.start()
    return emails


def new_id(like):
    """In the form in which ids are kept."""
    fresh = uuid.uuid4()
    return fresh.bytes if isinstance(like, bytes) else str(fresh)


# A small request, by who asks


def load(target, pid):
    """One run of wrk for an address and the header fields that go with it: requests/s, and CPU seconds of the server per request."""
    address, fields = target
    before = cpu_seconds(pid)
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *(f"-H{name}: {value}" for name, value in fields.items()), address]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = cpu_seconds(pid) - before
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: .*", out)
    assert not errors, out
    count = int(re.search(r"(\d+) requests in", out).group(1))
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)), used / count


def alternate(targets):
    """{name: (target, pid)} measured in turns: the rates of each."""
    rates = {name: [] for name in targets}
    for turn in range(ROUNDS + 1):
        for name in list(targets) if turn % 2 else list(targets)[::-1]:
            rate, _ = load(*targets[name])
            if turn:
                rates[name].append(rate)
    return rates


def credentials(server):
    """The header fields of each kind of credential."""
    client = server.client()
    answer = client.post("/auth/login", {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}).expect(200)
    client.token = answer.json()["access_token"]
    cookies = [cookie.split(";")[0] for cookie in answer.headers.get_all("Set-Cookie")]
    found = {"JWT": {"Authorization": f"Bearer {client.token}"}, "cookie": {"Cookie": "; ".join(cookies)}}
    if "/auth/tokens" in client.contract().document["paths"]:
        wish = {"name": "bench", "scopes": ["read", "upload", "manage", "administer"], "expires_in_days": 1}
        token = client.post("/auth/tokens", wish).expect(201).json()["token"]
        found["API token"] = {"Authorization": f"Bearer {token}"}
    return found


def measure_authorisation(bench):
    """One and the same small answer: from a server that gives it to anybody, and from one that gives it to administrators only."""
    opened, closed = start(bench), start(bench, {"PALCO_DOCS": "administrators"}, name="closed")
    # The one that is closed does not tell strangers what it promises.
    opened.client().contract()
    targets = {"anybody": ((f"{opened.url}/docs", {}), opened.pid)}
    for name, fields in credentials(closed).items():
        targets[name] = ((f"{closed.url}/docs", fields), closed.pid)
    assert closed.client().get("//docs").status == 401
    rates = alternate(targets)
    for name in list(targets)[1:]:
        ratios = [signed_in / anybody for signed_in, anybody in zip(rates[name], rates["anybody"], strict=True)]
        ratio = median(ratios)
        bench.row(f"a small answer for an administrator, by {name}: requests/s of the same for anybody", ratio, "x", ">= 0.8", ratio >= 0.8, spread=[min(ratios), max(ratios)])
    print("    " + ", ".join(f"{name} {median(found):,.0f}/s" for name, found in rates.items()))
    opened.stop()
    closed.stop()


# GET /auth/me, beside what is commonly written


class Peer:
    """benchmarks/peers/fastapi_me.py on the server's core."""

    def __init__(self, folder, port):
        folder.mkdir()
        self.url = f"http://127.0.0.1:{port}/auth/me"
        command = ["taskset", "-c", "0", ROOT / ".build/peers/bin/python", ROOT / "benchmarks/peers/fastapi_me.py", folder, str(port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.fields = {"Authorization": f"Bearer {self.process.stdout.readline().strip()}"}
        wait_until(self.answers, "FastAPI answers")

    def answers(self):
        parts = urllib.parse.urlsplit(self.url)
        try:
            with closing(http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)) as wire:
                wire.request("GET", parts.path, headers=self.fields)
                answer = wire.getresponse()
                self.body = json.loads(answer.read())
                return answer.status == 200
        except ConnectionRefusedError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def measure_me(bench):
    server = start(bench)
    peer = Peer(bench.folder / "peer", 8198)
    try:
        fields = credentials(server)["JWT"]
        answer = server.client().get("/auth/me", headers=fields).expect(200).json()
        missing = peer.body.keys() - answer.keys()
        assert not missing, f"Palco does not answer what FastAPI answers: {missing}"
        targets = {"Palco": ((f"{server.url}/api/v1/auth/me", fields), server.pid), "FastAPI": ((peer.url, peer.fields), peer.process.pid)}
        rates = alternate(targets)
        ratios = [ours / theirs for ours, theirs in zip(rates["Palco"], rates["FastAPI"], strict=True)]
        ratio = median(ratios)
        bench.row("GET /auth/me: requests/s of FastAPI's", ratio, "x", ">= 10", ratio >= 10, spread=[min(ratios), max(ratios)], rates=rates)
        print("    " + ", ".join(f"{name} {median(found):,.0f}/s" for name, found in rates.items()))
    finally:
        peer.stop()
        server.stop()


# Whether times tell


def doors(paths):
    """{name: (path, the body for an address)} of each door at which an address can be tried, as far as the server has them."""
    found = {"sign-in": ("/auth/login", lambda email: {"email": email, "password": "Wrong-1-password"})}
    if "/auth/password/forgot" in paths:
        found["forgotten password"] = ("/auth/password/forgot", lambda email: {"email": email})
    if "/auth/register" in paths:
        found["registration"] = ("/auth/register", lambda email: {"email": email, "password": "Another-Horse-8-Battery", "name": "Name"})
    return found


def measure_enumeration(bench):
    """The chance that an address with an account takes longer than one without, for each door: 0.5 tells nothing."""
    settings = {**LIMITS, "PALCO_REGISTRATION": "open"}
    server = bench.palco("enumeration", settings, log=bench.folder / "enumeration.log").start()
    known = add_people(server, TRIES)
    for number, (name, (path, body)) in enumerate(doors(server.client().contract().document["paths"]).items()):
        unknown = [f"nobody{number}.{each}@example.org" for each in range(TRIES)]
        times, statuses = try_addresses(server, f"/api/v1{path}", body, known, unknown, number * TRIES)
        assert statuses[True] == statuses[False] and len(statuses[True]) == 1, f"{name}: {statuses}"
        area = area_under_curve(times[True], times[False])
        middle = {key: median(found) * 1000 for key, found in times.items()}
        bench.row(f"{name}: chance that an account takes longer", area, "", "0.45 to 0.55", 0.45 <= area <= 0.55, known=middle[True], unknown=middle[False])
        print(f"    medians: with an account {middle[True]:.3f} ms, without {middle[False]:.3f} ms; p = {chance(area):.3f}")
    server.stop()


def try_addresses(server, path, body, known, unknown, first):
    """{whether it has an account: times}, and the same of all statuses that came."""
    tries = [(True, email) for email in known] + [(False, email) for email in unknown]
    random.Random(1).shuffle(tries)
    times, statuses = {True: [], False: []}, {True: set(), False: set()}
    for begin in range(0, len(tries), TRIES_OF_ONE_ADDRESS):
        with closing(connection(server, 1000 + first + begin)) as wire:
            for has_account, email in tries[begin : begin + TRIES_OF_ONE_ADDRESS]:
                status, _, seconds = ask(wire, "POST", path, body(email))
                times[has_account].append(seconds)
                statuses[has_account].add(status)
    return times, statuses


def area_under_curve(longer, shorter):
    """Of all pairs those in which the first takes longer, ties half: the statistic of Mann and Whitney by the number of pairs."""
    ranked = sorted([(seconds, 1) for seconds in longer] + [(seconds, 0) for seconds in shorter])
    below = above = 0.0
    place = 0
    while place < len(ranked):
        same, end = [], place
        while end < len(ranked) and ranked[end][0] == ranked[place][0]:
            same.append(ranked[end][1])
            end += 1
        ones = sum(same)
        above += ones * (below + (len(same) - ones) / 2)
        below += len(same) - ones
        place = end
    return above / (len(longer) * len(shorter))


def chance(area):
    """How probable an area at least as far from a half is where times tell nothing (normal approximation, two-sided)."""
    deviation = sqrt((2 * TRIES + 1) / (12 * TRIES * TRIES))
    return erfc(abs(area - 0.5) / deviation / sqrt(2))
