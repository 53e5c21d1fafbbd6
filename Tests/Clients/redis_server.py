"""A Redis server of one test, which it may kill, hold and start again."""

import shutil
import signal
import subprocess
from pathlib import Path

from network import free_port
from waiting import wait_until


class RedisServer:
    def __init__(self, folder, *arguments):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.arguments = arguments
        self.process = None
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def start(self):
        log = self.folder / "log"
        log.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [
                shutil.which("redis-server"), "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no",
                "--dir", self.folder, "--logfile", log, *self.arguments,
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

        def is_ready():
            assert self.process.poll() is None, log.read_text()
            return log.exists() and "Ready to accept connections" in log.read_text()

        wait_until(is_ready, "Redis")

    def kill(self):
        """SIGKILL."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(20)

    def hold(self):
        """It says nothing until it is let go."""
        self.process.send_signal(signal.SIGSTOP)

    def let_go(self):
        self.process.send_signal(signal.SIGCONT)

    def cli(self, *words):
        return subprocess.run(
            ["redis-cli", "-p", str(self.port), *words], check=True, capture_output=True, text=True, timeout=60
        ).stdout.strip()  # fmt: skip
