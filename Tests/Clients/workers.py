"""`palco worker` processes that are really started."""

import os
import signal
import subprocess
import threading
from pathlib import Path

from palco import binary
from waiting import wait_until


class Worker:
    """One worker with a data folder of its own; the database and the storage are the servers'."""

    def __init__(self, data, settings, *arguments):
        self.data = Path(data)
        self.settings = settings
        self.arguments = list(arguments)
        self.process = None
        self.lines = []

    def start(self):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PALCO_")}
        environment.update({key: value for key, value in self.settings.items() if value is not None})
        self.data.mkdir(parents=True, exist_ok=True)
        self.lines = []
        self.process = subprocess.Popen(
            [binary(), "worker", "--data", self.data, *self.arguments], cwd=self.data, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        self.reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self.reader.start()
        self.wait_for_line('"working"')
        return self

    def _read(self, process):
        for line in process.stdout:
            self.lines.append(line.rstrip("\n"))

    def wait_for_line(self, words):
        lines = self.lines
        return wait_until(
            lambda: next((line for line in list(lines) if words in line), None),
            lambda: f"{words} in the log\n" + "\n".join(lines[-40:]),
        )

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number=signal.SIGTERM):
        os.kill(self.process.pid, number)

    def stop(self, timeout=40):
        """SIGTERM; answers the exit status."""
        if self.is_running:
            self.signal()
        status = self.process.wait(timeout)
        self.reader.join(5)
        return status

    def kill(self):
        """SIGKILL to the worker only: what it started must go by itself."""
        if self.is_running:
            self.signal(signal.SIGKILL)
        self.process.wait(20)
        self.reader.join(5)
