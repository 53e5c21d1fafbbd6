"""`palco` as typed: help, version, doctor, wrong use, bad settings, a newer database."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, binary
from places import engines_of, sql


def palco(*arguments, settings=None, cwd="/tmp", wrapper=()):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PALCO_")}
    if "--data" in arguments:
        environment.update(engines_of(arguments[arguments.index("--data") + 1]))
    environment.update(settings or {})
    return subprocess.run(
        [*wrapper, binary(), *map(str, arguments)], capture_output=True, text=True, timeout=60, env=environment, cwd=cwd,
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
    for word in ("ffmpeg", "libx264", "common passwords", "andlock", "seccomp", "space", "database"):
        assert word in answer.stdout, f"{word} is not in:\n{answer.stdout}"
    assert answer.returncode == 0, answer.stdout


def make_newer(data):
    """As if a later version had migrated the database."""
    sql(data, "INSERT INTO schema_migrations (id, checksum, applied_at, generation) VALUES ('videos-9999', '', 0, 9)")


def test_a_newer_database_is_left_alone(own_server):
    server = own_server().start()
    assert server.stop() == 0
    make_newer(server.data)
    answer = palco("serve", "--port", "0", "--data", server.data)
    assert answer.returncode == 1
    assert "newer" in answer.stderr


class TestDoctor:
    """Each thing broken for itself: the doctor names it, says what to do, and fails exactly when palco could not work."""

    @staticmethod
    def findings(answer):
        """{name: (state, detail and what to do)}"""
        found, name = {}, None
        for line in answer.stdout.splitlines():
            if line[:4] in ("ok  ", "weak", "BAD "):
                name = line[6:34].strip()
                found[name] = (line[:4].strip(), line[34:])
            elif line.strip().startswith("->"):
                found[name] = (found[name][0], found[name][1] + line)
        return found

    def bad(self, answer, *names):
        """Exactly these are bad, and each says what to do."""
        found = self.findings(answer)
        assert {name for name, (state, _) in found.items() if state == "BAD"} == set(names), answer.stdout
        assert answer.returncode == 1
        assert all("->" in found[name][1] for name in names)
        return [found[name][1] for name in names]

    def test_nothing_is_bad_here(self, tmp_path):
        answer = palco("doctor", "--data", tmp_path / "data")
        assert answer.returncode == 0
        assert "BAD" not in answer.stdout
        assert not (tmp_path / "data").exists(), "the doctor changes nothing"

    @pytest.mark.parametrize("name", ["ffmpeg", "ffprobe"])
    def test_a_missing_program(self, tmp_path, name):
        answer = palco("doctor", "--data", tmp_path / "data", settings={f"PALCO_{name.upper()}": "/nowhere/it"})
        (words,) = self.bad(answer, name)
        assert "/nowhere/it does not start" in words and "PALCO_FFMPEG" in words

    def test_an_ffmpeg_that_lacks_what_is_needed(self, tmp_path, tool):
        answer = palco("doctor", "--data", tmp_path / "data", settings={"PALCO_FFMPEG": tool("true")})
        encoders, filters = self.bad(answer, "encoders", "filters")
        assert "libx264" in encoders and "zscale" in filters

    def test_a_folder_that_cannot_be_written(self, tmp_path, tool):
        folder = tmp_path / "locked"
        folder.mkdir(mode=0o500)
        for above in [tmp_path, *tmp_path.parents[:2]]:
            above.chmod(above.stat().st_mode | 0o011)
        # Root may write anywhere.
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
        answer = palco("doctor", "--data", folder / "data", wrapper=nobody)
        (words,) = self.bad(answer, "data folder")
        assert f"{folder} cannot be written" in words

    def test_a_full_disk(self, tmp_path):
        answer = palco("doctor", "--data", tmp_path / "data", settings={"PALCO_DISK_RESERVE_BYTES": str(1 << 50)})
        (words,) = self.bad(answer, "free space")
        assert "0 MiB can be used" in words

    def test_a_database_of_a_newer_version(self, own_server):
        server = own_server().start()
        assert server.stop() == 0
        assert self.findings(palco("doctor", "--data", server.data))["database"][0] == "ok"
        make_newer(server.data)
        (words,) = self.bad(palco("doctor", "--data", server.data), "database")
        assert "newer" in words

    def test_a_database_that_is_none(self, tmp_path):
        (tmp_path / "palco.sqlite").write_bytes(b"Dear all, this is a letter. " * 200)
        self.bad(palco("doctor", "--data", tmp_path, settings={"PALCO_DATABASE": ""}), "database")

    def test_a_weak_sandbox(self, tmp_path, tool):
        wrapper = tmp_path / "without_landlock"
        source = Path(__file__).with_name("without_landlock.c")
        subprocess.run([tool("clang", "gcc", "cc"), "-Wall", "-Werror", "-o", wrapper, source], check=True)
        strong = self.findings(palco("doctor", "--data", tmp_path))
        answer = palco("doctor", "--data", tmp_path, wrapper=[wrapper])
        found = self.findings(answer)
        changed = {name: found[name][0] for name in found if name not in strong or found[name][0] != strong[name][0]}
        assert changed == {"sandbox: landlock": "weak", "sandbox": "BAD"}, answer.stdout
        assert all("->" in found[name][1] for name in changed)
        assert answer.returncode == 1
        # It runs, with less protection than it could have, where that is accepted by name.
        accepting = {"PALCO_ACCEPT_WEAK_SANDBOX": "landlock"}
        answer = palco("doctor", "--data", tmp_path, wrapper=[wrapper], settings=accepting)
        assert self.findings(answer)["sandbox: landlock"][0] == "weak"
        assert answer.returncode == 0

    def test_few_open_files(self, tmp_path):
        answer = palco("doctor", "--data", tmp_path, wrapper=["prlimit", "--nofile=1024:1024"])
        state, words = self.findings(answer)["limits"]
        assert state == "weak" and "1024 open files" in words and "LimitNOFILE" in words
        assert answer.returncode == 0


def signs_in(server, email, password):
    client = server.client()
    answer = client.login(email, password)
    assert answer["user"]["email"] == email and answer["user"]["role"] == "admin"
    client.get("/videos").expect(200)


def test_the_first_administrator_is_printed_once_and_can_sign_in(own_server):
    server = own_server({"PALCO_ADMIN_EMAIL": None, "PALCO_ADMIN_PASSWORD": None}).start()
    line = server.wait_for_line("first administrator:")
    email, password = re.fullmatch(r"first administrator: (\S+) password: (\S+) \(shown this once\)", line).groups()
    signs_in(server, email, password)
    assert server.stop() == 0
    assert [line for line in server.lines if password in line] == [line], "it is in no other line, and not in the log"
    server.start()
    signs_in(server, email, password)
    assert server.stop() == 0
    assert not [line for line in server.lines if password in line or "first administrator" in line]


@pytest.mark.parametrize("is_running", [False, True], ids=["before the start", "beside the server"])
@pytest.mark.parametrize("chosen", ["Another-1-password", None], ids=["chosen", "made"])
def test_an_administrator_is_made_on_the_command_line(own_server, chosen, is_running):
    server = own_server()
    server.data.mkdir(parents=True)
    if is_running:
        server.start()
    settings = {"PALCO_ADMIN_PASSWORD": chosen} if chosen else {}
    made = palco("admin", "create", "--data", server.data, "--email", "second@example.org", settings=settings)
    assert made.returncode == 0, made.stderr
    printed = re.search("Password, shown this once: (.+)", made.stdout)
    assert (printed is None) == (chosen is not None)
    if not is_running:
        server.start()
    signs_in(server, "second@example.org", chosen or printed.group(1))
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
