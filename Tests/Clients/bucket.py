"""The bucket of the tests (scripts/with-s3): places in it, what lies there, and a way to it on which things go wrong."""

import contextlib
import http.client
import http.server
import os
import re
import signal
import socketserver
import subprocess
import threading
import urllib.parse
import uuid
from pathlib import Path

from waiting import wait_until


class Bucket:
    """A place in the bucket that only one test uses."""

    def __init__(self, prefix=None):
        whole = os.environ["PALCO_TEST_S3"]
        self.name, _, query = whole.removeprefix("s3://").partition("?")
        self.options = dict(urllib.parse.parse_qsl(query))
        self.endpoint = self.options["endpoint"]
        self.prefix = prefix or "c" + uuid.uuid4().hex
        self.location = self.through(self.endpoint)

    def through(self, endpoint):
        """The location for a server that goes by this address."""
        options = urllib.parse.urlencode({**self.options, "endpoint": endpoint}, safe=":/")
        return f"s3://{self.name}/{self.prefix}?{options}"

    def kill_server(self):
        """SIGKILL to the server of all buckets, which scripts/with-s3 begins again; waits until it answers."""
        number = Path(os.environ["PALCO_TEST_S3_PID"])
        killed = number.read_text()
        os.kill(int(killed), signal.SIGKILL)

        def answers():
            with contextlib.suppress(subprocess.CalledProcessError):
                return number.read_text() != killed and self.ask("list-type=2&max-keys=1")

        wait_until(answers, "the bucket's server is there again")

    def ask(self, query):
        return subprocess.run(
            ["curl", "--silent", "--fail", "--max-time", "30", "--aws-sigv4", "aws:amz:us-east-1:s3", "--config", "-",
             "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", f"{self.endpoint}/{self.name}?{query}"],
            input=f'user = "{os.environ["AWS_ACCESS_KEY_ID"]}:{os.environ["AWS_SECRET_ACCESS_KEY"]}"',
            check=True, capture_output=True, text=True, timeout=60,
        ).stdout  # fmt: skip

    def objects(self, folder=""):
        """All whose names begin so: {the rest of the name: (byte count, when it was made)}."""
        below, after, found = urllib.parse.quote(f"{self.prefix}/{folder}", safe=""), "", {}
        while True:
            answer = self.ask(f"list-type=2&max-keys=1000&prefix={below}{after}")
            for entry in re.findall(r"<Contents>.*?</Contents>", answer, re.DOTALL):
                key = re.search(rf"<Key>{self.prefix}/{folder}([^<]*)</Key>", entry).group(1)
                made = re.search(r"<LastModified>([^<]*)<", entry).group(1)
                found[key] = (int(re.search(r"<Size>(\d+)</Size>", entry).group(1)), made)
            following = re.search(r"<NextContinuationToken>([^<]+)<", answer)
            if not following:
                return found
            after = "&continuation-token=" + urllib.parse.quote(following.group(1), safe="")

    def keys(self):
        """The names of all objects, and of the multipart uploads that are under way."""
        under_way = re.findall(rf"<Key>{self.prefix}/([^<]*)</Key>", self.ask(f"prefix={self.prefix}%2F&uploads="))
        # The mark of the installation stays.
        return sorted({*self.objects(), *under_way} - {"installation"})

    def let_in(self, origin):
        """Pages of this origin, and of no other, may read what is in the bucket."""
        rule = f"<AllowedOrigin>{origin}</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedHeader>Range</AllowedHeader>"
        subprocess.run(
            ["curl", "--silent", "--fail-with-body", "--max-time", "30", "--aws-sigv4", "aws:amz:us-east-1:s3", "--config", "-",
             "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "-X", "PUT", f"{self.endpoint}/{self.name}?cors=",
             "--data-binary", f"<CORSConfiguration><CORSRule>{rule}</CORSRule></CORSConfiguration>"],
            input=f'user = "{os.environ["AWS_ACCESS_KEY_ID"]}:{os.environ["AWS_SECRET_ACCESS_KEY"]}"',
            check=True, capture_output=True, text=True, timeout=60,
        )  # fmt: skip


class BadWay:
    """Forwards to the bucket's server, and lets a test spoil what it likes: `spoil(method, path, number)` answers None, a status
    that is said in place of the server's answer, "cut" for an answer that ends in its middle, or "lose" for one that never comes."""

    def __init__(self, bucket, spoil):
        self.server = urllib.parse.urlsplit(bucket.endpoint)
        self.spoil = spoil
        self.lines = []
        # What was answered: the path and its bytes.
        self.answers = []
        way = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                with contextlib.suppress(OSError, http.client.HTTPException):
                    way.forward(self)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = 128

        self.listener = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.listener.server_address[1]}"
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def forward(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        self.lines.append(f"{handler.command} {handler.path}")
        fault = self.spoil(handler.command, handler.path, len(self.lines))
        if isinstance(fault, int):
            words = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
            handler.send_response(fault)
            handler.send_header("Content-Length", str(len(words)))
            handler.end_headers()
            if handler.command != "HEAD":
                handler.wfile.write(words)
            return
        # The field Host stays: it is signed.
        far = http.client.HTTPConnection(self.server.hostname, self.server.port, timeout=60)
        try:
            far.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
            for name, value in handler.headers.items():
                if name.lower() not in ("connection", "expect"):
                    far.putheader(name, value)
            far.endheaders(body)
            answer = far.getresponse()
            content = answer.read()
        finally:
            far.close()
        self.answers.append((handler.path, len(content)))
        if fault == "lose":
            handler.close_connection = True
            return
        handler.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
                handler.send_header(name, value)
        length = answer.getheader("Content-Length") if handler.command == "HEAD" else len(content)
        handler.send_header("Content-Length", str(length or 0))
        handler.end_headers()
        if fault == "cut":
            handler.wfile.write(content[: len(content) // 2])
            handler.close_connection = True
            return
        handler.wfile.write(content)

    def close(self):
        self.listener.shutdown()
        self.listener.server_close()
