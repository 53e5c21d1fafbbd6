"""`palco` as typed: help, version, doctor, wrong use, bad settings, a newer database."""

import os
import sqlite3
import subprocess

import pytest
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, binary


def palco(*arguments, settings=None, cwd="/tmp"):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PALCO_")}
    environment.update(settings or {})
    return subprocess.run(
        [binary(), *map(str, arguments)], capture_output=True, text=True, timeout=60, env=environment, cwd=cwd,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize("command", [(), ("serve",), ("admin",), ("admin", "create"), ("admin", "unlock"), ("doctor",), ("version",)])
def test_help_is_everywhere(command):
    answer = palco(*command, "--help")
    assert answer.returncode == 0
    assert "palco" in answer.stdout


def test_the_version_is_one_line():
    answer = palco("version")
    assert answer.returncode == 0 and len(answer.stdout.strip().splitlines()) == 1


@pytest.mark.parametrize("wrong", [("dance",), ("serve", "--port"), ("serve", "--prot", "1"), ("admin", "destroy")])
def test_wrong_usage_ends_with_64_and_one_clear_line(wrong):
    answer = palco(*wrong)
    assert answer.returncode == 64
    assert 0 < len(answer.stderr.strip().splitlines()) <= 3


def test_a_bad_setting_ends_with_78_and_names_it(tmp_path):
    answer = palco("serve", "--data", tmp_path / "data", settings={"PALCO_PORT": "many"})
    assert answer.returncode == 78
    assert "PALCO_PORT" in answer.stderr


def test_the_doctor_names_what_it_looked_at(tmp_path):
    answer = palco("doctor", "--data", tmp_path / "data")
    for word in ("ffmpeg", "libx264", "andlock", "seccomp", "space", "database"):
        assert word in answer.stdout, f"{word} is not in:\n{answer.stdout}"
    assert answer.returncode == 0, answer.stdout


def test_a_newer_database_is_left_alone(own_server, tmp_path):
    server = own_server().start()
    assert server.stop() == 0
    database = sqlite3.connect(server.data / "palco.sqlite")
    table = next(
        name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'") if "migration" in name
    )
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    row = list(database.execute(f"SELECT * FROM {table}").fetchall()[-1])
    row[columns.index("id")] = "videos-9999"
    database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    database.commit()
    database.close()
    answer = palco("serve", "--port", "0", "--data", server.data)
    assert answer.returncode not in (0, -9)
    assert "newer" in answer.stderr + answer.stdout


def test_an_administrator_is_made_on_the_command_line(own_server):
    server = own_server()
    server.data.mkdir(parents=True)
    made = palco(
        "admin", "create", "--data", server.data, "--email", "second@example.org",
        settings={"PALCO_ADMIN_PASSWORD": "Another-1-password"},
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    server.start()
    assert server.stop() == 0


def test_a_locked_account_is_unlocked_while_the_server_runs(own_server):
    server = own_server().start()
    wrong = {"email": ADMIN_EMAIL, "password": "Wrong-1-password"}
    for _ in range(5):
        server.client().post("/auth/login", wrong).expect(401)
    locked = server.client().post("/auth/login", {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}).expect(423)
    assert locked.code == "account_locked"
    unknown = palco("admin", "unlock", "--email", "nobody@example.org", "--data", server.data)
    assert unknown.returncode == 1 and "no account" in unknown.stderr
    answer = palco("admin", "unlock", "--email", ADMIN_EMAIL, "--data", server.data)
    assert answer.returncode == 0 and ADMIN_EMAIL in answer.stdout
    server.client().login(ADMIN_EMAIL, ADMIN_PASSWORD)
    assert server.stop() == 0
