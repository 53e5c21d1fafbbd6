"""PostgreSQL in place of SQLite: a whole server on it, one that goes away and comes back, poolers, TLS, moving in and out."""

import concurrent.futures
import contextlib
import os
import signal
import subprocess
import threading

import pytest
from authority import Authority
from network import free_port
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, Palco, binary
from postgres import Postgres
from test_command_line import palco
from waiting import wait_until

SECRET = "Secret-Horse-9"


@pytest.fixture(scope="module")
def postgres(tool, tmp_path_factory):
    tool("psql")
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    yield server
    server.close()


@pytest.fixture
def started():
    """Starts servers that are gone after the test."""
    servers = []

    def start(*arguments, **options):
        servers.append(Palco(*arguments, **options).start())
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.stop()


def titles(client):
    return sorted(video["title"] for video in client.get("/videos?limit=100").expect(200).json()["data"])


def test_a_film_is_uploaded_made_found_and_there_after_a_restart(postgres, started, films, tmp_path):
    settings = {"PALCO_DATABASE": postgres.make("whole")}
    server = started(tmp_path / "data", settings)
    client = server.admin()
    video = client.upload(films.bunny, title="Ça commence").expect(201).json()
    client.wait(video["id"], whole=True)
    assert not (tmp_path / "data/palco.sqlite").exists()
    # Of letters only ASCII's have no size, as on SQLite; what sorts before what does not matter to lists by age.
    for words, count in (("COMMENCE", 1), ("comm", 1), ("ça", 0), ("Ça", 1), ("%", 0), ("_", 0)):
        assert len(client.get("/videos?q=" + words.replace("%", "%25").replace("ç", "%C3%A7").replace("Ç", "%C3%87")).json()["data"]) == count, words
    assert server.stop() == 0
    again = started(tmp_path / "data", settings).admin()
    assert titles(again) == ["Ça commence"]
    for _, playlist in again.master(video["id"])[0]:
        for _, address in again.segments(playlist):
            again.get(address, token=False).expect(200)


def test_a_database_that_goes_and_comes_back_costs_seconds_and_nothing_else(tool, started, films, tmp_path):
    database = Postgres(tmp_path / "postgres")
    try:
        server = started(tmp_path / "data", {"PALCO_DATABASE": database.make("palco")})
        client = server.admin()
        video = client.upload(films.bunny, title="Bunny").expect(201).json()
        for how in ("immediate", "fast"):
            database.stop(how)
            answer = client.get("/videos")
            assert answer.status == 503 and answer.headers["Retry-After"] and SECRET not in answer.text, answer
            # What needs no database goes on.
            client.get("//healthz", token=False).expect(200)
            assert client.get("//readyz", token=False).status == 503
            database.start()
            wait_until(lambda: client.get("/videos").status == 200, "an answer after the database came back")
        client.wait(video["id"], whole=True)
        assert not [line for line in server.lines if SECRET in line]
        assert server.stop() == 0
    finally:
        database.close()


def test_what_the_server_of_the_database_ends_is_opened_again(postgres, started, tmp_path):
    server = started(tmp_path / "data", {"PALCO_DATABASE": postgres.make("ended")})
    client = server.admin()
    for _ in range(5):
        postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'ended'")
        # Nobody sees it.
        client.get("/videos").expect(200)
        client.request("PATCH", "/auth/me", body={"name": "Somebody"}).expect(200)


def test_ten_that_start_at_once_migrate_once(postgres):
    settings = {"PALCO_DATABASE": postgres.make("many")}
    expected = palco("migrate", "show", settings=settings)
    assert expected.returncode == 0 and "would be applied" in expected.stdout
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: palco("migrate", settings=settings), range(10)))
    assert [answer.returncode for answer in answers] == [0] * 10, answers
    steps = [line for answer in answers for line in answer.stdout.splitlines() if not line.endswith(".")]
    assert sorted(steps) == sorted(line for line in expected.stdout.splitlines() if not line.endswith("."))
    assert "up to date" in palco("migrate", "show", settings=settings).stdout


def test_no_password_is_told_and_the_reason_is(postgres, tmp_path):
    closed = Postgres(tmp_path / "closed", access="scram-sha-256")
    try:
        right = closed.make("palco")
        wrong = right.replace(SECRET, "Wrong-Horse-3")
        nowhere = closed.address("palco", port=free_port())
        for address, words in ((wrong, "password authentication failed"), (nowhere, "refused"), (closed.address("nothing"), "does not exist")):
            for command in (("serve", "--port", "0", "--data", tmp_path / "data"), ("doctor", "--data", tmp_path / "data")):
                answer = palco(*command, settings={"PALCO_DATABASE": address})
                told = answer.stdout + answer.stderr
                assert answer.returncode == 1 and words in told and str(closed.folder) not in told, told
                assert "Horse" not in told
        answer = palco("doctor", "--data", tmp_path / "data", settings={"PALCO_DATABASE": right})
        assert answer.returncode == 0 and f"postgres://127.0.0.1:{closed.port}/palco" in answer.stdout, answer.stdout
    finally:
        closed.close()


def test_tls_is_as_libpq_is_told(tool, tmp_path):
    authority = Authority(tool("openssl"), tmp_path / "authority")
    files = authority.issue("database")
    database = Postgres(tmp_path / "postgres")
    try:
        for name, key in (("server.crt", "PALCO_TLS_CERT"), ("server.key", "PALCO_TLS_KEY")):
            target = database.folder / "data" / name
            target.write_bytes(open(files[key], "rb").read())
            target.chmod(0o600)
            if database.owner:
                os.chown(target, database.owner["user"], database.owner["group"])
        database.stop("fast")
        with (database.folder / "data/postgresql.conf").open("a") as file:
            file.write("ssl = on\n")
        database.start()
        address = database.make("palco") + "?sslmode=verify-full"
        stranger = Authority(tool("openssl"), tmp_path / "stranger")
        assert palco("migrate", settings={"PALCO_DATABASE": address, "PGSSLROOTCERT": str(authority.path)}).returncode == 0
        answer = palco("migrate", settings={"PALCO_DATABASE": address, "PGSSLROOTCERT": str(stranger.path)})
        assert answer.returncode == 1 and "certificate verify failed" in answer.stderr, answer
        # libpq's own variables count where the address says nothing.
        plain = database.address("palco")
        answer = palco("migrate", settings={"PALCO_DATABASE": plain, "PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(stranger.path)})
        assert answer.returncode == 1 and "certificate verify failed" in answer.stderr, answer
    finally:
        database.close()


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_pooler_must_leave_each_its_connection(mode, tool, postgres, started, tmp_path):
    direct = postgres.make(f"pooled-{mode}")
    port = free_port()
    (tmp_path / "users").write_text(f'"palco" "{SECRET}"\n')
    (tmp_path / "pgbouncer.ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={postgres.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"auth_type = trust\nauth_file = {tmp_path}/users\npool_mode = {mode}\nmax_client_conn = 100\ndefault_pool_size = 20\n"
        f"unix_socket_dir =\nignore_startup_parameters = extra_float_digits\n"
    )
    for path in [tmp_path, *tmp_path.parents]:
        if path.stat().st_uid == os.getuid() and not path.stat().st_mode & 0o005 == 0o005:
            path.chmod(path.stat().st_mode | 0o055)
    process = subprocess.Popen(
        [tool("pgbouncer"), "-q", tmp_path / "pgbouncer.ini"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **postgres.owner
    )
    try:
        settings = {"PALCO_DATABASE": postgres.address(f"pooled-{mode}", port=port)}

        def is_up():
            assert process.poll() is None
            with contextlib.suppress(OSError):
                import socket

                socket.create_connection(("127.0.0.1", port)).close()
                return True

        wait_until(is_up, "pgbouncer")
        answer = palco("migrate", settings=settings)
        if mode == "transaction":
            assert answer.returncode == 1 and "pool_mode = session" in answer.stderr, answer
        else:
            assert answer.returncode == 0, answer
            client = started(tmp_path / "data", settings).admin()
            for _ in range(20):
                client.get("/videos").expect(200)
            assert postgres.sql("SELECT count(*) FROM users", f"pooled-{mode}") == "1", direct
    finally:
        process.terminate()
        process.wait(20)


def test_an_installation_moves_in_and_out_again(postgres, started, films, tmp_path):
    server = started(tmp_path / "data")
    client = server.admin()
    video = client.upload(films.bunny, title="Moved", tags='a, b').expect(201).json()
    client.wait(video["id"], whole=True)
    file, address = f"sqlite:{tmp_path}/data/palco.sqlite", postgres.make("moved")
    running = palco("database", "copy", "--from", file, "--to", address)
    assert running.returncode == 1 and "in use" in running.stderr, running
    assert server.stop() == 0
    assert palco("database", "copy", "--from", file, "--to", "mysql://nowhere").returncode == 1
    moved = palco("database", "copy", "--from", file, "--to", address)
    assert moved.returncode == 0 and "videos: 1 rows, 1 of them copied now" in moved.stdout, moved
    again = palco("database", "copy", "--from", file, "--to", address)
    assert again.returncode == 1 and "empty database" in again.stderr, again
    there = started(tmp_path / "data", {"PALCO_DATABASE": address})
    client = there.client()
    client.login(ADMIN_EMAIL, ADMIN_PASSWORD)
    assert titles(client) == ["Moved"] and client.video(video["id"])["tags"] == ["a", "b"]
    client.upload(films.bikes, title="Came later").expect(201)
    assert there.stop() == 0
    back = palco("database", "copy", "--from", address, "--to", f"sqlite:{tmp_path}/data/back.sqlite")
    assert back.returncode == 0, back
    (tmp_path / "data/back.sqlite").rename(tmp_path / "data/palco.sqlite")
    for leftover in ("palco.sqlite-wal", "palco.sqlite-shm"):
        (tmp_path / "data" / leftover).unlink(missing_ok=True)
    assert titles(started(tmp_path / "data").admin()) == ["Came later", "Moved"]


def test_a_copy_that_is_killed_goes_on_and_no_server_begins_meanwhile(postgres, started, films, tmp_path):
    server = started(tmp_path / "data")
    assert server.stop() == 0
    # Rows enough that a kill comes in the middle.
    import sqlite3

    with contextlib.closing(sqlite3.connect(tmp_path / "data/palco.sqlite")) as database:
        database.executemany(
            "INSERT INTO sign_in_attempts (account_hash, source_hash, failures, last_at) VALUES (?, ?, 1, ?)",
            [(number.to_bytes(4, "big"), b"\0", number) for number in range(30_000)],
        )
        database.commit()
    file, address = f"sqlite:{tmp_path}/data/palco.sqlite", postgres.make("killed")
    process = subprocess.Popen([binary(), "database", "copy", "--from", file, "--to", address], stdout=subprocess.DEVNULL)

    def arrived():
        with contextlib.suppress(subprocess.CalledProcessError):
            return int(postgres.sql("SELECT count(*) FROM sign_in_attempts", "killed"))

    wait_until(lambda: (arrived() or 0) > 1000, "rows in the target")
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    assert arrived() < 30_000
    refused = palco("serve", "--port", "0", "--data", tmp_path / "other", settings={"PALCO_DATABASE": address})
    assert refused.returncode == 1 and "database copy" in refused.stderr, refused
    rest = palco("database", "copy", "--from", file, "--to", address)
    assert rest.returncode == 0, rest
    line = next(line for line in rest.stdout.splitlines() if line.startswith("sign_in_attempts"))
    assert "30000 rows" in line and "30000 of them" not in line
    assert arrived() == 30_000


def test_refreshes_of_one_token_at_once_get_one_new_token(postgres, started, tmp_path):
    """What is read is still so when it is written, though writers run side by side."""
    server = started(tmp_path / "data", {"PALCO_DATABASE": postgres.make("side")})
    for _ in range(10):
        client = server.client()
        tokens = client.login(ADMIN_EMAIL, ADMIN_PASSWORD)
        barrier = threading.Barrier(6)

        def refresh():
            other = server.client()
            barrier.wait()
            answer = other.post("/auth/refresh", {"refresh_token": tokens["refresh_token"]}, token=False)
            return answer.expect(200).json()["refresh_token"]

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = [each.result() for each in [pool.submit(refresh) for _ in range(6)]]
        assert len(set(answers)) == 1 and answers[0] != tokens["refresh_token"]
        # One writer after the other found it used, or unused for the first: nobody made a second one.
        assert server.client().post("/auth/refresh", {"refresh_token": answers[0]}, token=False).status == 200
