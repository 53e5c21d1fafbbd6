"""Encoding in other processes: workers that share a server's database and a folder, killed, drained, limited, and told of."""

import os
import signal
import subprocess

import pytest
from bucket import Bucket
from palco import Palco, binary, children
from postgres import Postgres
from waiting import wait_until
from workers import Worker


@pytest.fixture(scope="module")
def postgres(tool, tmp_path_factory):
    tool("psql")
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    yield server
    server.close()


class Site:
    """One installation: a database, a shared folder, and as many servers and workers as a test starts."""

    def __init__(self, folder, postgres, name):
        self.folder = folder
        self.postgres, self.name = postgres, name
        database = postgres.make(name)
        self.settings = {"PALCO_DATABASE": database, "PALCO_STORAGE": str(folder / "shared")}
        self.processes = []

    def server(self, name, **settings):
        self.processes.append(Palco(self.folder / name, {**self.settings, **settings}))
        return self.processes[-1].start()

    def worker(self, name, *arguments, **settings):
        self.processes.append(Worker(self.folder / name, {**self.settings, **settings}, *arguments))
        return self.processes[-1].start()

    def run(self, *arguments):
        return subprocess.run(
            [binary(), *arguments], cwd=self.folder, capture_output=True, text=True, timeout=60,
            env={**{key: value for key, value in os.environ.items() if not key.startswith("PALCO_")}, **self.settings},
        )  # fmt: skip

    def sql(self, text):
        return self.postgres.sql(text, self.name)

    def rows(self):
        """What palco workers prints, as lists of words."""
        table = self.run("workers")
        assert table.returncode == 0, table.stderr
        return [line.split() for line in table.stdout.splitlines()]

    def close(self):
        for each in self.processes:
            if each.process is not None and each.process.poll() is None:
                each.kill()


@pytest.fixture
def site(postgres, tmp_path):
    made = Site(tmp_path, postgres, f"site{len(postgres.sql('SELECT datname FROM pg_database').split())}")
    yield made
    made.close()


def whole(client, identifier):
    """Every segment of every rendition is there and plays from any server."""
    for _, playlist in client.master(identifier)[0]:
        for _, address in client.segments(playlist):
            client.get(address, token=False).expect(200)


def test_servers_without_workers_play_what_workers_make(site, films):
    first, second = site.server("first", PALCO_WORKERS="0"), site.server("second", PALCO_WORKERS="0")
    client, other = first.admin(), second.admin()
    video = client.upload(films.street, title="Street").expect(201).json()
    assert site.rows()[0][0] == "No"
    worker = site.worker("worker", "--workers", "1")
    # A viewer of the other server waits for the end of the film, which comes before what is between.
    wait_until(lambda: other.video(video["id"])["status"] == "ready", "it is ready at the other server")
    variants = other.master(video["id"])[0]
    last = other.segments(variants[0][1])[-1][1]
    other.get(last, token=False).expect(200)
    assert other.video(video["id"])["progress"] < 0.9

    def listed():
        name, process, state, running, _, places, *_ = site.rows()[1]
        return bool(name) and (int(process), state, running, places) == (worker.process.pid, "working", "1", "1")

    # Between two tasks it works at none.
    wait_until(listed, "the worker is listed with what it does")
    client.wait(video["id"], whole=True)
    whole(other, video["id"])
    text = first.client().get("//metrics", token=False).text
    assert 'palco_encoding_workers{state="idle"}' in text and 'palco_encoding_workers{state="lost"} 0' in text
    # A session is the same at both: they have one key.
    other.token = client.token
    other.get("/auth/me").expect(200)
    assert other.get(f"/videos/{video['id']}").status == 200
    client.remove_for_good(video["id"])
    left = [path for path in (site.folder / "shared").rglob("*") if path.is_file() and path.name not in (".lock", "installation")]
    assert left == []
    assert worker.stop() == 0
    assert site.rows()[0][0] == "No"


def test_workers_share_a_bucket(site, films):
    if "PALCO_TEST_S3" not in os.environ and "CI" not in os.environ:
        pytest.skip("there is no bucket: run by scripts/with-s3")
    site.settings["PALCO_STORAGE"] = Bucket().location
    server = site.server("server", PALCO_WORKERS="0")
    client = server.admin()
    video = client.upload(films.street, title="Street").expect(201).json()
    workers = [site.worker(f"worker-{number}", "--workers", "1") for number in range(2)]
    wait_until(lambda: client.video(video["id"])["status"] == "ready", "it is ready")
    # What nobody has made yet is made for whoever waits, and comes by way of the bucket.
    last = client.segments(client.master(video["id"])[0][0][1])[-1][1]
    client.get(last, token=False).expect(200)
    client.wait(video["id"], whole=True)
    whole(client, video["id"])
    for worker in workers:
        assert worker.stop() == 0
    client.remove_for_good(video["id"])


def test_a_killed_worker_loses_one_task_and_leaves_nothing(site, films):
    server = site.server("server", PALCO_WORKERS="0")
    client = server.admin()
    video = client.upload(films.street, title="Street").expect(201).json()
    killed = site.worker("killed", "--workers", "1")
    wait_until(lambda: children(killed.process.pid), "it has begun")
    killed.kill()
    # One of the same machine sees at once that it is gone, and need not wait for the end of its leases.
    other = site.worker("other", "--workers", "2")
    other.wait_for_line("tasks of a stopped server go on")
    client.wait(video["id"], whole=True)
    whole(client, video["id"])
    wait_until(lambda: not list((site.folder / "shared/work").iterdir()), "no work is left")
    assert other.stop() == 0


@pytest.mark.parametrize("patient", [True, False])
def test_a_worker_that_is_stopped_ends_what_it_has_in_hand_or_gives_it_back(site, films, patient):
    server = site.server("server", PALCO_WORKERS="0")
    client = server.admin()
    video = client.upload(films.street, title="Street").expect(201).json()
    worker = site.worker("worker", "--workers", "1", "--kinds", "plan,chunk")
    wait_until(lambda: client.video(video["id"])["progress"] > 0 and children(worker.process.pid), "it is at a chunk")
    worker.signal(signal.SIGTERM)
    worker.wait_for_line("stopping when what is in hand is done")
    if not patient:
        worker.signal(signal.SIGTERM)
    assert worker.stop() == 0
    given_back = any("task stopped" in line for line in worker.lines)
    assert given_back is not patient or not children(worker.process.pid), worker.lines
    second = site.worker("second", "--workers", "2")
    client.wait(video["id"], whole=True)
    whole(client, video["id"])
    assert second.stop() == 0


def test_what_a_worker_needs_is_said(site, tmp_path):
    def refused(**settings):
        environment = {"PATH": "/usr/bin:/bin", **site.settings, **settings}
        ended = subprocess.run(
            [binary(), "worker", "--data", tmp_path / "refused"], cwd=tmp_path, capture_output=True, text=True, timeout=60,
            env={key: value for key, value in environment.items() if value is not None},
        )  # fmt: skip
        assert ended.returncode not in (0, None) and ended.returncode > 0, ended
        return ended.stderr

    assert "PALCO_DATABASE" in refused(PALCO_DATABASE=None)
    assert "PALCO_STORAGE" in refused(PALCO_STORAGE=None)
    assert "PALCO_WORKERS" in refused(PALCO_WORKERS="0")
    assert "PALCO_WORKER_KINDS must be names" in refused(PALCO_WORKER_KINDS="chunks")
    assert "PALCO_WORKER_MAX_LINES must be" in refused(PALCO_WORKER_MAX_LINES="0")
    assert "PALCO_STORAGE must be" in refused(PALCO_STORAGE="shared")


def test_a_server_with_the_storage_of_another_installation_removes_nothing(site, postgres, films):
    server = site.server("server")
    client = server.admin()
    video = client.upload(films.bunny, title="Bunny").expect(201).json()
    client.wait(video["id"], whole=True)
    before = sorted(path for path in (site.folder / "shared/videos").rglob("*"))
    stranger = Site(site.folder / "stranger", postgres, "stranger")
    stranger.folder.mkdir()
    stranger.settings["PALCO_STORAGE"] = site.settings["PALCO_STORAGE"]
    with pytest.raises(RuntimeError, match="PALCO_STORAGE is the storage of another installation"):
        stranger.server("data")
    assert server.stop() == 0
    # And the other way round: the database is right, the folder is empty.
    site.settings["PALCO_STORAGE"] = str(site.folder / "empty")
    with pytest.raises(RuntimeError, match="put a file with the name installation"):
        site.server("again")
    assert sorted(path for path in (site.folder / "shared/videos").rglob("*")) == before
