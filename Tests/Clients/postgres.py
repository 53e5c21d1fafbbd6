"""A PostgreSQL server of one test, which it may stop, start and cut off."""

import contextlib
import glob
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

from network import free_port
from waiting import wait_until


def is_alive(process):
    """Whether it runs; one whose end nobody has asked for yet does not."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


class Postgres:
    def __init__(self, folder, *, port=None, settings=(), access="trust"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.programs = Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda name: int(name.split("/")[4]))[-1])
        self.owner = {}
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            self.owner = dict(user=user.pw_uid, group=user.pw_gid, extra_groups=[])
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        password = self.folder / "password"
        password.write_text("Secret-Horse-9\n")
        password.chmod(0o644)
        # Texts sorted as people do: what sorts otherwise must say so itself.
        self._run(
            "initdb", "-D", self.folder / "data", "-U", "palco", "--no-sync", "-A", access, f"--pwfile={password}",
            "--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8", "--encoding=UTF8",
        )  # fmt: skip
        with (self.folder / "data/postgresql.conf").open("a") as file:
            file.write(f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{self.folder}'\n")
            file.write("max_connections = 400\n" + "".join(f"{line}\n" for line in settings))
        self.start()

    def _open_the_way(self):
        """For its user. Each pytest that begins closes the folder of all again."""
        for above in self.folder.parents if self.owner else ():
            if above.stat().st_uid == 0 and not above.stat().st_mode & 0o001:
                above.chmod(above.stat().st_mode | 0o111)

    def _run(self, name, *arguments, settings=None):
        self._open_the_way()
        subprocess.run(
            [self.programs / name, *arguments], check=True, timeout=120, cwd="/", stdout=subprocess.DEVNULL,
            env={**os.environ, **(settings or {})}, **self.owner,
        )  # fmt: skip

    def start(self, settings=None):
        try:
            self._run("pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", "start", settings=settings)
        except subprocess.CalledProcessError as error:
            raise AssertionError((self.folder / "log").read_text()[-2000:]) from error

    def kill(self):
        """SIGKILL to the process that all others hang on; they end by themselves, and until then none can begin."""
        file = self.folder / "data/postmaster.pid"
        number = file.read_text().split()[0]
        group = Path(f"/proc/{number}/task/{number}/children").read_text().split()
        os.kill(int(number), signal.SIGKILL)
        wait_until(lambda: not [each for each in [number, *group] if is_alive(each)], "PostgreSQL's processes are gone")
        # The next one would take a process for alive whose end nobody has asked for.
        for left in [file, *self.folder.glob(".s.PGSQL.*")]:
            left.unlink()

    def stop(self, how="immediate"):
        self._run("pg_ctl", "-D", self.folder / "data", "-m", how, "-w", "stop")

    def close(self):
        with contextlib.suppress(subprocess.CalledProcessError):
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, text, database="postgres"):
        """The answer, a line for each row."""
        return subprocess.run(
            ["psql", "-X", "-A", "-t", "-h", self.folder, "-p", str(self.port), "-U", "palco", "-d", database, "-c", text],
            check=True, timeout=60, capture_output=True, text=True, env={**os.environ, "PGPASSWORD": "Secret-Horse-9"},
        ).stdout.strip()  # fmt: skip

    def make(self, name):
        """The address of a new database."""
        self.sql(f'CREATE DATABASE "{name}"')
        return self.address(name)

    def address(self, name, port=None):
        return f"postgres://palco:Secret-Horse-9@127.0.0.1:{port or self.port}/{name}"
