"""A really started `palco serve`, and a client of its API written with the standard library only."""

import contextlib
import http.client
import itertools
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.parse
import uuid
from pathlib import Path

from contract import Contract
from places import engines_of
from waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
ADMIN_EMAIL = "admin@example.org"
ADMIN_PASSWORD = "Correct-Horse-7-Battery"


def binary():
    """The newer of the two builds, or what PALCO_BINARY names."""
    if named := os.environ.get("PALCO_BINARY"):
        return Path(named)
    builds = [ROOT / ".build" / kind / "palco" for kind in ("release", "debug")]
    built = [path for path in builds if path.exists()]
    if not built:
        raise FileNotFoundError("palco is not built: run `make build` or `make debug`")
    return max(built, key=lambda path: path.stat().st_mtime)


class Palco:
    """One server process on a port of its own, with its data in a folder of its own. A setting of None is not set at all."""

    def __init__(self, data, settings=None, wrapper=(), log=None):
        self.data = Path(data)
        self.settings = settings or {}
        self.wrapper = list(wrapper)
        # A file that takes the log in place of this process, which could not read as fast as a busy server writes.
        self.log = log
        self.process = None
        self.port = None
        self.secure_port = None
        self.lines = []

    def start(self, port=0, timeout=60):
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith("PALCO_")
        }
        environment.update(PALCO_ADMIN_EMAIL=ADMIN_EMAIL, PALCO_ADMIN_PASSWORD=ADMIN_PASSWORD)
        environment.update(engines_of(self.data))
        environment.update({key: value for key, value in self.settings.items() if value is not None})
        for key in [key for key, value in self.settings.items() if value is None]:
            environment.pop(key, None)
        self.data.mkdir(parents=True, exist_ok=True)
        command = [*self.wrapper, str(binary()), "serve", "--port", str(port), "--data", str(self.data)]
        self.lines = []
        self.port = None
        listening = threading.Event()
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            command,
            cwd=self.data,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self.log.open("wb") if self.log else subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self._read, args=(self.process, listening), daemon=True)
        self.reader.start()
        if not listening.wait(timeout) or self.port is None:
            self.kill()
            raise RuntimeError("palco did not start:\n" + "\n".join(self.lines[-40:]))
        return self

    def _read(self, process, listening):
        for raw in self._raw_lines(process):
            line = raw.decode("utf-8", "replace").rstrip("\n")
            self.lines.append(line)
            # The line for https comes first.
            if found := re.search(r"listening on https://[^\s:\"]+:(\d+)", line):
                self.secure_port = int(found.group(1))
            found = re.search(r"listening on http://[^\s:\"]+:(\d+)", line)
            if found and not listening.is_set():
                self.port = int(found.group(1))
                self.seconds_to_listening = time.monotonic() - self.started_at
                listening.set()
        listening.set()

    def _raw_lines(self, process):
        """All of them; of a log in a file those up to the one that tells the address."""
        if not self.log:
            yield from process.stdout
            return
        done = b"listening on http://"
        wait_until(lambda: done in self.log.read_bytes() or process.poll() is not None, "the address in the log")
        yield from self.log.read_bytes().splitlines()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self):
        """The server itself, also below a wrapper such as strace."""
        if not self.wrapper:
            return self.process.pid
        # A wrapper that executes the server in its own place comes first: the server's children begin as palco too.
        for each in [self.process.pid, *children(self.process.pid)]:
            # One that ended meanwhile is none.
            with contextlib.suppress(OSError):
                if Path(f"/proc/{each}/exe").resolve().name == "palco":
                    return each
        return self.process.pid

    def stop(self, timeout=20):
        """SIGTERM; answers the exit status."""
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self.reader.join(5)
        return status

    def kill(self):
        """SIGKILL to the server process only, as a crash would be: its children must go by themselves."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.process.wait(20)
        self.reader.join(5)

    def wait_for_death(self, timeout):
        self.process.wait(timeout)
        self.reader.join(5)

    def wait_for_line(self, words):
        """The first line of the log that holds these words."""
        lines = self.lines
        return wait_until(
            lambda: next((line for line in list(lines) if words in line), None),
            lambda: f"{words} in the log\n" + "\n".join(lines[-40:]),
        )

    def client(self):
        return Client(self.url)

    def admin(self):
        client = self.client()
        client.login(ADMIN_EMAIL, ADMIN_PASSWORD)
        return client

    def resident_bytes(self, what="VmRSS"):
        """All that is resident, or a part of it by its name in proc(5): `RssAnon` is what the server itself asked for."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+) kB", status).group(1)) * 1024

    def peak_bytes(self):
        """The most that was ever resident of the server itself."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) * 1024

    def open_files(self):
        folder = Path(f"/proc/{self.pid}/fd")
        names = []
        for descriptor in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                names.append(os.readlink(descriptor))
        return names

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid):
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def code(self):
        """The stable `code` of a problem."""
        try:
            return self.json().get("code")
        except (ValueError, AttributeError):
            return None

    def expect(self, *statuses):
        assert self.status in statuses, f"{self.status} is not one of {statuses}: {self.text[:800]}"
        return self

    def __repr__(self):
        return f"<{self.status} {self.text[:200]}>"


class Client:
    known_contract = None

    def __init__(self, url, timeout=60, trust=None):
        """`trust` is the TLS context for an address with https."""
        self.url = url
        self.timeout = timeout
        self.trust = trust
        self.token = None
        self.signed_in = None

    def connection(self):
        parts = urllib.parse.urlsplit(self.url)
        if self.trust:
            return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=self.timeout, context=self.trust)
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=self.timeout)

    def request(self, method, path, body=None, headers=None, token=True):
        """`path` is below /api/v1, from the root with a leading //, or a whole address of this server."""
        if token:
            self.stay_signed_in()
        headers = dict(headers or {})
        if token and self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = self.connection()
        try:
            connection.request(method, self.target(path), body=body, headers=headers)
            found = connection.getresponse()
            answer = Answer(found.status, found.headers, found.read())
        finally:
            connection.close()
        self.contract().check(method, self.target(path), answer)
        return answer

    def contract(self):
        """What the servers promise, as the first one that is asked tells it: all are the same program."""
        if Client.known_contract is None:
            connection = self.connection()
            connection.request("GET", "/api/v1/openapi.json")
            Client.known_contract = Contract(json.loads(connection.getresponse().read()))
            connection.close()
        return Client.known_contract

    def target(self, path):
        if path.startswith(("http://", "https://")):
            parts = urllib.parse.urlsplit(path)
            return parts.path + (f"?{parts.query}" if parts.query else "")
        if path.startswith("//"):
            return path[1:]
        return path if path.startswith("/api/v1/") else "/api/v1" + path

    @contextlib.contextmanager
    def stream(self, path):
        """The lines of an answer that does not end, such as an event stream."""
        self.stay_signed_in()
        connection = self.connection()
        connection.request("GET", self.target(path), headers={"Authorization": f"Bearer {self.token}"})
        found = connection.getresponse()
        answer = Answer(found.status, found.headers, found.readline())
        self.contract().check("GET", self.target(path), answer)
        answer.expect(200)
        try:
            yield itertools.chain([answer.body], found)
        finally:
            connection.close()

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, body=body, **options)

    def login(self, email, password):
        answer = self.post("/auth/login", {"email": email, "password": password}).expect(200)
        self.token = answer.json()["access_token"]
        self.signed_in = (self.token, email, password, time.monotonic())
        return answer.json()

    def stay_signed_in(self):
        """A token is good for a quarter of an hour, and some runs of tests share a client for longer."""
        if self.signed_in and self.token == self.signed_in[0] and time.monotonic() - self.signed_in[3] > 600:
            _, email, password, _ = self.signed_in
            self.signed_in = None
            self.login(email, password)

    # Videos

    def remove_for_good(self, video):
        self.request("DELETE", f"/videos/{video}").expect(204)
        self.request("DELETE", f"/trash/{video}").expect(204)

    def upload(self, path, name=None, chunk=1 << 18, **fields):
        """POST /videos as multipart, streamed; answers whatever the server says."""
        path = Path(path)
        size = path.stat().st_size

        def content():
            with path.open("rb") as file:
                while piece := file.read(chunk):
                    yield piece

        return self.upload_stream(content(), size, name or path.name, **fields)

    def have(self, path, **fields):
        """The video of this film. The same bytes are one video: another test of this server may have brought them (200)."""
        return self.upload(path, **fields).expect(200, 201).json()

    def upload_stream(self, content, size, name, **fields):
        boundary = uuid.uuid4().hex
        head = b""
        for key, value in fields.items():
            head += (f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n').encode()
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        head += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        tail = f"\r\n--{boundary}--\r\n".encode()

        def body():
            yield head
            yield from content
            yield tail

        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + size + len(tail)),
        }
        return self.post("/videos", body(), headers=headers)

    def video(self, identifier):
        return self.get(f"/videos/{identifier}").expect(200).json()

    def wait(self, identifier, whole=False, timeout=180):
        """Waits until the video is ready (or `whole`: every rendition made); a failed one is an error."""
        def made():
            video = self.video(identifier)
            assert video["status"] != "failed", video
            return video if video["status"] == "ready" and (not whole or video["progress"] >= 1) else None

        return wait_until(made, lambda: f"it is made: {self.video(identifier)}", timeout)

    def playback_url(self, identifier):
        answer = self.get(f"/videos/{identifier}/play").expect(200).json()
        return urllib.parse.urljoin(self.url + "/", answer["playback_url"])

    def view(self, identifier):
        """Watches as much of a video as makes a view, in the time that this takes."""
        before = self.video(identifier)["view_count"]
        self.get(f"/videos/{identifier}/play").expect(200)

        def is_counted():
            self.post(f"/videos/{identifier}/progress", {"position": 0.5, "played": 60}).expect(204)
            return self.video(identifier)["view_count"] > before

        wait_until(is_counted, "the view is counted")

    # Playlists

    def master(self, identifier):
        """The master playlist as [(attributes, address)] of variants and of audio renditions."""
        address = self.playback_url(identifier)
        text = self.get(address).expect(200).text
        variants, media, pending = [], [], None
        for line in text.splitlines():
            if line.startswith("#EXT-X-STREAM-INF:"):
                pending = attributes(line)
            elif line.startswith("#EXT-X-MEDIA:"):
                named = attributes(line)
                media.append((named, urllib.parse.urljoin(address, named["URI"])))
            elif line and not line.startswith("#") and pending is not None:
                variants.append((pending, urllib.parse.urljoin(address, line)))
                pending = None
        assert variants, text
        return variants, media

    def keyframe_lists(self, identifier):
        """The lists of keyframes that the master playlist names, as [(attributes, address)]."""
        address = self.playback_url(identifier)
        lines = self.get(address).expect(200).text.splitlines()
        named = [attributes(line) for line in lines if line.startswith("#EXT-X-I-FRAME-STREAM-INF:")]
        return [(each, urllib.parse.urljoin(address, each["URI"])) for each in named]

    def segments(self, playlist_address):
        """[(seconds, address)] of one media playlist."""
        text = self.get(playlist_address).expect(200).text
        found, seconds = [], None
        for line in text.splitlines():
            if line.startswith("#EXTINF:"):
                seconds = float(line[8:].split(",")[0])
            elif line and not line.startswith("#"):
                found.append((seconds, urllib.parse.urljoin(playlist_address, line)))
        return found


def attributes(line):
    found = re.findall(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)', line.split(":", 1)[1])
    return {key: value.strip('"') for key, value in found}
