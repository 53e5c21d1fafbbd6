# SPDX-License-Identifier: Apache-2.0
"""The same server on SQLite and on PostgreSQL, how soon one server obeys another, what limits in Redis cost, the queue, and the outbox.

PostgreSQL runs on this machine, by TCP, and syncs each commit, as SQLite does. Everything shares two cores.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from statistics import median

from palco import ADMIN_EMAIL, ADMIN_PASSWORD, ROOT, Client
from postgres import Postgres
from redis_server import RedisServer

ROUNDS = 5
SECONDS = 4
CONNECTIONS = 16
# Facts that lie in the outbox.
FACTS = 50_000
# Sessions that one server ends and another has to refuse.
ENDS = 300
# Tasks of encoding that wait: few, and many.
WAITING = (20_000, 100_000)

READS = """
wrk.headers["Authorization"] = "Bearer {token}"
local paths = {{ "/api/v1/videos/{video}", "/api/v1/auth/me" }}
local turn = 0
request = function()
  turn = turn + 1
  return wrk.format("GET", paths[turn % #paths + 1])
end
"""
WRITES = """
wrk.headers["Authorization"] = "Bearer {token}"
wrk.headers["Content-Type"] = "application/json"
local turn = 0
request = function()
  turn = turn + 1
  return wrk.format("POST", "/api/v1/videos/{video}/progress", nil, string.format('{{"position":%d}}', turn % 5))
end
"""


def load(bench, server, script):
    out = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", script, server.url], capture_output=True, text=True, check=True
    ).stdout
    assert "Non-2xx" not in out and "Socket errors" not in out, out
    return float(out.split("Requests/sec:")[1].split()[0])


def measure(bench):
    postgres = Postgres(bench.folder / "postgres")
    try:
        compare(bench, postgres)
        measure_announcements(bench, postgres)
        measure_queue(bench, postgres)
        measure_outbox(bench, postgres)
        redis = RedisServer(bench.folder / "redis")
        try:
            measure_announcements(bench, postgres, redis)
            measure_limits(bench, redis)
        finally:
            redis.kill()
    finally:
        postgres.close()


def compare(bench, postgres):
    servers = {"SQLite": bench.palco("sqlite").start(), "PostgreSQL": bench.palco("postgresql", {"PALCO_DATABASE": postgres.make("mix")}).start()}
    scripts = {}
    for name, server in servers.items():
        client = server.admin()
        video = client.upload(bench.films.bunny, title="Mix").expect(201).json()["id"]
        client.wait(video, whole=True)
        for kind, text in (("reads", READS), ("writes", WRITES)):
            scripts[name, kind] = bench.folder / f"{name}-{kind}.lua"
            scripts[name, kind].write_text(text.format(video=video, token=client.token))
    for kind in ("reads", "writes"):
        runs = {name: [] for name in servers}
        for turn in range(ROUNDS + 1):
            for name in list(servers) if turn % 2 else list(servers)[::-1]:
                rate = load(bench, servers[name], scripts[name, kind])
                # The first round warms up.
                if turn:
                    runs[name].append(rate)
        ratios = [ours / theirs for ours, theirs in zip(runs["PostgreSQL"], runs["SQLite"], strict=True)]
        ratio = median(ratios)
        needed, good = (">= 0.5", ratio >= 0.5) if kind == "reads" else ("", None)
        bench.row(f"{kind} over HTTP: PostgreSQL of SQLite", ratio, "x", needed, good, spread=[min(ratios), max(ratios)], runs=runs)
        print("    " + ", ".join(f"{name} {median(rates):,.0f}/s" for name, rates in runs.items()))
    for server in servers.values():
        server.stop()


def measure_announcements(bench, postgres, redis=None):
    """From the answer of the server that ends a session to the moment in which the other refuses it, which had remembered it."""
    name = "announced_by_redis" if redis else "announced"
    settings = {"PALCO_DATABASE": postgres.make(name), "PALCO_REDIS": redis.url if redis else None}
    first = bench.palco(f"{name}-first", settings).start()
    shutil.copytree(first.data / "secrets", bench.folder / f"{name}-second/secrets")
    second = bench.palco(f"{name}-second", settings).start()
    held = []
    if redis:
        for server in (first, second):
            server.wait_for_line("Redis is there")
        # The database tells nothing meanwhile.
        held = [int(pid) for pid in postgres.sql(f"SELECT pid FROM pg_stat_activity WHERE datname = '{name}' AND query LIKE 'LISTEN%'").split()]
        assert len(held) == 2, held
    times = []
    for pid in held:
        os.kill(pid, signal.SIGSTOP)
    try:
        for _ in range(ENDS):
            client = first.client()
            client.login(ADMIN_EMAIL, ADMIN_PASSWORD)
            other = Client(second.url)
            other.token = client.token
            other.get("/auth/me").expect(200)
            client.post("/auth/logout").expect(204)
            ended = time.monotonic()
            while other.get("/auth/me").status != 401:
                assert time.monotonic() - ended < 20
            times.append((time.monotonic() - ended) * 1000)
    finally:
        for pid in held:
            os.kill(pid, signal.SIGCONT)
    times.sort()
    late = times[int(len(times) * 0.99)]
    road = ", by Redis" if redis else ""
    bench.row(
        f"a session that another server ended is refused{road}, p99", late, "ms", "<= 200", late <= 200, median=median(times),
        times=times,
    )  # fmt: skip
    for server in (first, second):
        server.stop()


def measure_queue(bench, postgres):
    """Tasks are taken and done at once, so that only the queue is measured. Each is two durable transactions."""
    subprocess.run([ROOT / "scripts/build", "queue"], check=True)
    rates = {}
    for waiting in WAITING:
        command = [ROOT / ".build/release/QueueLoad", postgres.make(f"queue-{waiting}"), str(waiting), "8", str(SECONDS)]
        rates[waiting] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    few, many = (rates[waiting]["claims"] for waiting in WAITING)
    bench.row(f"claims by 8 workers of {WAITING[1]:,} waiting tasks", many, "claims/s", ">= 500", many >= 500, **rates[WAITING[1]])
    ratio = many / few
    bench.row(f"the same beside {WAITING[0]:,} waiting tasks", ratio, "x", ">= 0.8", ratio >= 0.8, few=few)


def measure_outbox(bench, postgres):
    """From the first row to the report of the last message; librdkafka's mock brokers run in the same process."""
    subprocess.run([ROOT / "scripts/build", "outbox"], check=True)
    for name, address in (("SQLite", lambda turn: f"sqlite:{bench.folder}/outbox-{turn}.sqlite"), ("PostgreSQL", lambda turn: postgres.make(f"outbox-{turn}"))):
        rates = []
        for turn in range(ROUNDS):
            told = subprocess.run([ROOT / ".build/release/OutboxLoad", address(turn), str(FACTS)], capture_output=True, text=True, check=True).stdout
            rates.append(FACTS / json.loads(told)["sending"])
        rate = median(rates)
        bench.row(f"outbox on {name} to Kafka's mock, in order by key", rate, "facts/s", ">= 5,000", rate >= 5000, spread=[min(rates), max(rates)])


def measure_limits(bench, redis):
    """The cost of a request that is counted, beside the same without Redis: one connection, so what it waits shows."""
    servers = {"alone": bench.palco("limits-alone").start(), "with Redis": bench.palco("limits-redis", {"PALCO_REDIS": redis.url}).start()}
    servers["with Redis"].wait_for_line("Redis is there")
    runs = {name: [] for name in servers}
    for turn in range(ROUNDS + 1):
        for name in list(servers) if turn % 2 else list(servers)[::-1]:
            duration = counted(servers[name])
            if turn:
                runs[name].append(duration)
    ratios = [theirs / ours for theirs, ours in zip(runs["with Redis"], runs["alone"], strict=True)]
    bench.row(
        "a request that is counted: with Redis of without, duration", median(ratios), "x", "", None, spread=[min(ratios), max(ratios)],
        runs=runs,
    )  # fmt: skip
    print("    " + ", ".join(f"{name} {median(times) * 1000:.3f} ms" for name, times in runs.items()))
    for server in servers.values():
        server.stop()


def counted(server):
    """The median duration of a page of the library on a kept connection."""
    client = server.admin()
    connection = client.connection()
    headers = {"Authorization": f"Bearer {client.token}"}
    times = []
    for _ in range(40):
        begun = time.perf_counter()
        connection.request("GET", "/api/v1/videos", headers=headers)
        answer = connection.getresponse()
        answer.read()
        times.append(time.perf_counter() - begun)
        # A bucket holds 240, and the rounds together are as many.
        assert answer.status == 200, answer.status
    connection.close()
    return median(times)
