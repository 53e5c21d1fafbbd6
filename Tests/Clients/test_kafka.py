"""What Palco tells other systems: a started server, a broker that goes and comes back, a reader of another make."""

import concurrent.futures
import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading

import pytest
from crashing import GONE
from kafka import Kafka
from network import free_port
from palco import ADMIN_PASSWORD, ROOT, Palco
from postgres import Postgres
from test_command_line import palco
from test_metrics import families
from waiting import wait_until
from workers import Worker


@pytest.fixture
def kafka(tool, tmp_path):
    broker = Kafka(tool, tmp_path / "kafka")
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def postgres(tool, tmp_path_factory):
    tool("psql")
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def telling(request, kafka, postgres, tmp_path):
    """A server of each database that tells, not started yet."""
    settings = {"PALCO_KAFKA": kafka.address, "PALCO_DATABASE": None}
    if request.param == "postgresql":
        settings["PALCO_DATABASE"] = postgres.make(f"facts-{os.urandom(6).hex()}")
    server = Palco(tmp_path / "data", settings)
    yield server
    if server.process and server.process.poll() is None:
        server.kill()


def types(facts, key):
    return [fact["type"] for fact in facts if fact["key"] == key]


def test_the_life_of_a_film_is_told_in_order(telling, kafka, films):
    kafka.start()
    client = telling.start().admin()
    video = client.upload(films.bikes, title="Bikes").expect(201).json()["id"]
    client.wait(video, whole=True)
    client.view(video)
    # It is told a moment later: who removes the film before has it told of no more.
    wait_until(lambda: "video.viewed" in types(kafka.facts()[0], video), "the view")
    client.request("DELETE", f"/videos/{video}").expect(204)
    facts = kafka.wait_for("video.removed", key=video)
    assert types(facts, video) == ["video.uploaded", "video.ready", "video.viewed", "video.removed"]
    for fact in facts:
        assert set(fact) == {"id", "type", "version", "key", "time", "data"} and fact["version"] == 1
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", fact["time"])
    ready = next(fact for fact in facts if fact["type"] == "video.ready")
    assert ready["data"]["title"] == "Bikes" and ready["data"]["byte_count"] == films.bikes.stat().st_size
    people = [fact for fact in facts if fact["type"].startswith("user.")]
    assert [fact["type"] for fact in people] == ["user.created", "user.signed_in"]

    def numbers():
        return {name: family.samples[0].value for name, family in families(telling.client()).items() if name.startswith("palco_outbox")}

    # The broker has a message a moment before the server knows that.
    wait_until(lambda: numbers()["palco_outbox_sent"] >= len(facts), "the server knows what it told")
    assert numbers()["palco_outbox_sent"] == len(facts) and numbers()["palco_outbox_facts"] == 0
    assert numbers()["palco_outbox_dropped"] == numbers()["palco_outbox_failed"] == 0
    assert telling.stop() == 0


def test_what_happens_without_a_broker_and_before_a_kill_is_told_later(telling, kafka, films):
    client = telling.start().admin()
    video = client.upload(films.bikes, title="Bikes").expect(201).json()["id"]
    client.wait(video, whole=True)
    telling.wait_for_line("facts are not delivered")
    # Nothing of it concerns those who use it.
    client.get("//readyz", token=False).expect(200)
    telling.kill()
    # So does what the command line does meanwhile.
    settings = {key: value or "" for key, value in telling.settings.items()}
    made = palco("admin", "create", "--data", telling.data, "--email", "second@example.org", settings=settings)
    assert made.returncode == 0, made
    kafka.start()
    telling.start()

    def all_told():
        facts = kafka.facts()[0]
        return facts if sum(fact["type"] == "user.created" for fact in facts) == 2 else None

    facts = wait_until(all_told, "both administrators")
    assert types(facts, video) == ["video.uploaded", "video.ready"]
    assert sorted(fact["type"] for fact in facts if fact["key"] != video) == ["user.created", "user.created", "user.signed_in"]
    assert telling.stop() == 0


def changes_of(kafka):
    return [fact for fact in kafka.facts()[0] if fact["type"] == "user.changed"]


def change_until_gone(server, changed, paused, rests):
    """Changes a profile, one change after the other, and notes what was confirmed."""
    client = server.admin()
    with contextlib.suppress(*GONE):
        for number in range(100_000):
            if paused.is_set():
                rests.set()
                wait_until(lambda: not paused.is_set(), "it goes on")
            client.request("PATCH", "/auth/me", body={"locale": f"en-n{number}"}).expect(200)
            changed.append(number)


@pytest.mark.parametrize("victim", ["palco", "kafka"])
def test_a_kill_in_the_middle_loses_nothing_and_keeps_the_order(victim, telling, kafka):
    kafka.start()
    telling.start()
    changed = []
    paused, rests = threading.Event(), threading.Event()
    worker = threading.Thread(target=change_until_gone, args=(telling, changed, paused, rests))
    worker.start()
    wait_until(lambda: len(changed) > 100, "changes")
    if victim == "kafka":
        # Nothing is on its way when this broker ends, and it has written what it confirmed.
        paused.set()
        assert rests.wait(60)
        wait_until(lambda: len(changes_of(kafka)) >= len(changed), "all is told")
        wait_until(lambda: kafka.kept() >= kafka.facts()[1], "the broker has written it")
        kafka.stop()
        paused.clear()
        before = len(changed)
        wait_until(lambda: len(changed) > before + 100, "changes while it is away")
        kafka.start()
        wait_until(lambda: len(changed) > before + 200, "changes after it")
    telling.kill()
    worker.join(60)
    telling.start()

    def told():
        facts = changes_of(kafka)
        return facts if len(facts) >= len(changed) else None

    facts = wait_until(told, lambda: f"{len(changed)} changes, of which {len(kafka.facts()[0])} are told")
    numbers = [int(fact["data"]["locale"].removeprefix("en-n")) for fact in facts]
    # One more than was confirmed may have been kept.
    assert numbers == list(range(len(numbers))) and len(numbers) <= len(changed) + 1
    assert telling.stop() == 0


def test_two_servers_of_one_database_tell_once_and_one_takes_over(postgres, kafka, tmp_path):
    kafka.start()
    settings = {"PALCO_KAFKA": kafka.address, "PALCO_DATABASE": postgres.make("two-tell"), "PALCO_STORAGE": str(tmp_path / "shared")}
    servers = [Palco(tmp_path / name, settings).start() for name in ("first", "second")]
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: servers[number % 2].admin(), range(40)))

        def signed_in():
            facts, arrived = kafka.facts()
            count = sum(fact["type"] == "user.signed_in" for fact in facts)
            return (len(facts), arrived) if count == 40 else None

        assert wait_until(signed_in, "40 sign-ins") == (41, 41)
        servers[0].kill()
        servers[1].admin()
        wait_until(lambda: sum(fact["type"] == "user.signed_in" for fact in kafka.facts()[0]) == 41, "the other one tells")
        assert servers[1].stop() == 0
    finally:
        for server in servers:
            if server.process.poll() is None:
                server.kill()


def test_what_a_worker_makes_is_told_by_the_server(postgres, kafka, films, tmp_path):
    kafka.start()
    settings = {"PALCO_KAFKA": kafka.address, "PALCO_DATABASE": postgres.make("worker-tells"), "PALCO_STORAGE": str(tmp_path / "shared")}
    server = Palco(tmp_path / "server", {**settings, "PALCO_WORKERS": "0"}).start()
    worker = Worker(tmp_path / "worker", settings, "--workers", "1").start()
    try:
        video = server.admin().upload(films.bikes, title="Bikes").expect(201).json()["id"]
        assert types(kafka.wait_for("video.ready", key=video), video) == ["video.uploaded", "video.ready"]
    finally:
        for process in (worker, server):
            if process.process.poll() is None:
                process.kill()


def test_the_reader_of_the_examples_counts_each_view_once(own_server, kafka, films, tmp_path):
    kafka.start()
    server = own_server({"PALCO_KAFKA": kafka.address}).start()
    client = server.admin()
    video = client.upload(films.bikes, title="Bikes").expect(201).json()["id"]
    client.wait(video, whole=True)
    client.view(video)
    kafka.wait_for("video.viewed", key=video)

    def rows():
        with contextlib.closing(sqlite3.connect(tmp_path / "read.sqlite")) as database, contextlib.suppress(sqlite3.OperationalError):
            return database.execute("SELECT id, title, state, views FROM videos").fetchall()

    # The second one reads all of it again.
    for group in ("one", "two"):
        reader = subprocess.Popen(
            [sys.executable, ROOT / "deploy/examples/facts.py", kafka.address, tmp_path / "read.sqlite", "--group", group],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            wait_until(lambda: rows() == [(video, "Bikes", "ready", 1)], lambda: f"the views of the film: {rows()}")
            if group == "two":
                # It tells how far it is with each change, and with each that it knew already.
                for line in reader.stdout:
                    if "knew" in line and "video.viewed" in line:
                        break
        finally:
            reader.send_signal(signal.SIGTERM)
            assert reader.wait(30) == 0
        assert rows() == [(video, "Bikes", "ready", 1)]
    assert server.stop() == 0


def test_the_doctor_looks_for_a_broker_and_no_secret_is_told(kafka, tmp_path):
    kafka.start()
    options = tmp_path / "kafka.conf"
    settings = {"PALCO_KAFKA": kafka.address, "PALCO_DATABASE": ""}
    answer = palco("doctor", "--data", tmp_path / "data", settings=settings)
    assert answer.returncode == 0 and re.search(rf"ok +kafka +{kafka.address}, brokers: 1, topic palco.events", answer.stdout), answer
    settings["PALCO_KAFKA"] = f"127.0.0.1:{free_port()}"
    answer = palco("doctor", "--data", tmp_path / "data", settings=settings)
    assert answer.returncode == 0 and re.search(r"weak +kafka +no broker answers: .*refused", answer.stdout), answer
    options.write_text(f"security.protocol=sasl_plaintext\nsasl.mechanism=NONSENSE\nsasl.password={ADMIN_PASSWORD}\n")
    settings["PALCO_KAFKA_OPTIONS"] = str(options)
    for command in ("doctor", "serve"):
        answer = palco(command, "--data", tmp_path / "data", settings=settings)
        told = answer.stdout + answer.stderr
        assert answer.returncode == 1 and ADMIN_PASSWORD not in told and "Kafka cannot be used as it is set" in told, answer
    options.write_text(f"acks=0\nsasl.password={ADMIN_PASSWORD}\n")
    answer = palco("serve", "--data", tmp_path / "data", settings=settings)
    assert answer.returncode == 1 and "line 1: acks cannot be chosen" in answer.stderr, answer


def test_a_server_without_kafka_does_not_load_its_library(own_server):
    server = own_server({"PALCO_KAFKA": None}).start()
    assert "rdkafka" not in open(f"/proc/{server.pid}/maps").read()
    assert server.stop() == 0
    server = own_server({"PALCO_KAFKA": f"127.0.0.1:{free_port()}"}, name="with").start()
    assert "rdkafka" in open(f"/proc/{server.pid}/maps").read()
    # Nobody waits for a broker.
    assert server.stop(timeout=15) == 0
