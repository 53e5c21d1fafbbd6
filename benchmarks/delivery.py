# SPDX-License-Identifier: Apache-2.0
"""Small responses, playlists and media segments: palco with one loop beside nginx with one worker.

Both log each segment; neither logs the small one, which is the question whether the server is alive.

The server is pinned to one core and wrk to another. Runs alternate; what counts is the median.
"""

import gzip
import os
import re
import socket
import subprocess
import time
import urllib.parse
from pathlib import Path
from statistics import median

from authority import Authority
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, Client

ROUNDS = 5
# Where both are as quick as each other within a hundredth.
EXACT_ROUNDS = 15
SECONDS = 4
CONNECTIONS = 32

NGINX = """
worker_processes 1;
worker_cpu_affinity 01;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
daemon off;
events {{ worker_connections 1024; }}
http {{
    # Written in large pieces, as Palco writes its log; one file gets one share of the loop, as long as Palco's.
    access_log {access_log} combined buffer=64k flush=1s;
    sendfile on;
    sendfile_max_chunk 1m;
    tcp_nopush on;
    keepalive_requests 100000000;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    types {{ video/iso.segment m4s; }}
    open_file_cache max=1000;
    server {{
        listen 127.0.0.1:{port};
        {secure}
        location = /small {{ access_log off; default_type application/json; return 200 '{{"status":"ok"}}'; }}
        location = /same {{
            access_log off; default_type text/plain; add_header X-Padding "{padding}"; return 200 'ok\n';
        }}
        location / {{ root {folder}/files; }}
    }}
}}
"""


class Nginx:
    """On `port`, and with a pair of certificate and key by TLS on the next one, with HTTP/2 for who asks for it."""

    def __init__(self, folder, port, access_log, pair=None, padding=1):
        self.folder = folder
        (folder / "files").mkdir(parents=True, exist_ok=True)
        secure = ""
        if pair:
            secure = f"listen 127.0.0.1:{port + 1} ssl http2; ssl_certificate {pair[0]}; ssl_certificate_key {pair[1]};"
            secure += " http2_max_concurrent_streams 256; keepalive_timeout 600s; ssl_protocols TLSv1.2 TLSv1.3;"
        (folder / "nginx.conf").write_text(
            NGINX.format(folder=folder, port=port, access_log=access_log, secure=secure, padding="x" * padding)
        )
        self.url = f"http://127.0.0.1:{port}"
        self.secure_url = f"https://127.0.0.1:{port + 1}"
        # nginx's worker changes its user: everything above must be open to it.
        for above in [folder, *folder.parents]:
            if above.stat().st_uid == os.getuid() and not above.stat().st_mode & 0o001:
                above.chmod(above.stat().st_mode | 0o111)
        self.process = subprocess.Popen(["nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"])
        time.sleep(0.5)
        self.worker = int(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()[0])

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def weight(address):
    """Bytes of an answer as it stands on the wire."""
    url = urllib.parse.urlsplit(address)
    with socket.create_connection((url.hostname, url.port)) as peer:
        peer.sendall(f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nAccept-Encoding: gzip\r\n\r\n".encode())
        answer = b""
        while not answer.endswith((b"ok\n", b"ok\"}")):
            piece = peer.recv(65536)
            assert piece, answer
            answer += piece
    return len(answer)


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(address, pid):
    """One run of wrk: requests/s, and CPU seconds of the server per request."""
    before = cpu_seconds(pid)
    out = subprocess.run(
        ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-HAccept-Encoding: gzip", address],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    used = cpu_seconds(pid) - before
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: .*", out)
    assert not errors, out
    count = int(re.search(r"(\d+) requests in", out).group(1))
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)), used / count


def load_http2(address, pid):
    """The same by h2load, with ten streams on each of fifty connections."""
    before = cpu_seconds(pid)
    out = subprocess.run(
        ["taskset", "-c", "1", "h2load", "-t1", "-c50", "-m10", f"-D{SECONDS}", address],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    used = cpu_seconds(pid) - before
    assert "Application protocol: h2" in out, out
    good, bad = re.search(r"(\d+) 2xx, ([^\n]*)", out).groups()
    # What is under way when the time is over counts as failed.
    assert bad == "0 3xx, 0 4xx, 0 5xx" and re.search(r" 0 errored, 0 timeout", out), out
    return int(good) / SECONDS, used / int(good)


def alternate(pairs, load=load, rounds=None):
    """[(name, address, pid)] measured in turn; the medians by name, and all runs."""
    runs = {name: [] for name, _, _ in pairs}
    for _, address, pid in pairs:
        load(address, pid)
    for turn in range(rounds or ROUNDS):
        for name, address, pid in pairs if turn % 2 == 0 else pairs[::-1]:
            runs[name].append(load(address, pid))
    middle = {name: (median(rate for rate, _ in found), median(cost for _, cost in found)) for name, found in runs.items()}
    return middle, runs


def ratios(runs, place):
    """palco's by nginx's, run by run: the median, and the least and the greatest."""
    found = [ours[place] / theirs[place] for ours, theirs in zip(runs["palco"], runs["nginx"], strict=True)]
    return median(found), [min(found), max(found)]


def segment_near(bench, client, name, bits_per_second, bytes_wanted):
    """A segment of about `bytes_wanted` out of a film of that rate: (address, its bytes)."""
    film = bench.films.make(
        name, "-f", "lavfi", "-i", "nullsrc=size=1280x720:rate=25,geq=random(1)*255:128:128", "-t", "24",
        "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "100", "-b:v", str(bits_per_second),
        "-maxrate", str(bits_per_second), "-bufsize", str(bits_per_second),
    )  # fmt: skip
    video = client.upload(film, title=name).expect(200, 201).json()
    client.wait(video["id"], whole=True)
    variants, _ = client.master(video["id"])
    best = None
    for _, playlist in variants:
        for _, address in client.segments(playlist):
            body = client.get(address, token=False).expect(200).body
            if best is None or abs(len(body) - bytes_wanted) < abs(len(best[1]) - bytes_wanted):
                best = (address, body)
    return best


def playlist_of_two_hours(bench, client):
    """Of a film without a picture, which is as long a list: (address, its bytes on the wire)."""
    film = bench.films.make("silence.m4a", "-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo", "-t", "7200", "-c:a", "aac", "-b:a", "32k")
    video = client.upload(film, title="Two hours").expect(200, 201).json()
    client.wait(video["id"], whole=True)
    address = client.master(video["id"])[0][0][1]
    answer = client.get(address, headers={"Accept-Encoding": "gzip"}).expect(200)
    assert answer.headers["Content-Encoding"] == "gzip" and "/media/" in gzip.decompress(answer.body).decode()
    return address, answer.body


LIMITS = {"PALCO_MAX_CONNECTIONS_PER_ADDRESS": "10000", "PALCO_MAX_CONNECTIONS": "10000"}


def start(bench, settings=None, name="data"):
    """A server with one loop, on one core."""
    # Each writes its log into a file: who would read that of a busy server takes the time of both cores.
    server = bench.palco(
        name, {"PALCO_LOOPS": "1", **LIMITS, **(settings or {})}, ["taskset", "-c", "0"], bench.folder / f"{name}.log"
    ).start()
    # taskset executes palco in its own place: same process.
    server.wrapper = []
    return server


def compare(bench, label, ours, theirs, size, bar, load=load, rounds=None):
    """`ours` and `theirs` are addresses with the process that answers there."""
    middle, runs = alternate([("palco", *ours), ("nginx", *theirs)], load, rounds)
    (rate, cost), (other_rate, other_cost) = middle["palco"], middle["nginx"]
    details = dict(palco=rate, nginx=other_rate, runs=runs)
    ratio, spread = ratios(runs, 0)
    needed, good = (f">= {bar}", ratio >= bar) if bar else ("", None)
    bench.row(f"{label}: requests/s of nginx's", ratio, "x", needed, good, spread=spread, **details)
    print(f"    palco {rate:,.0f}/s, nginx {other_rate:,.0f}/s")
    cost_ratio, spread = ratios(runs, 1)
    ratio, spread = 1 / cost_ratio, [1 / spread[1], 1 / spread[0]]
    needed, good = (f">= {bar}", ratio >= bar) if bar else ("", None)
    if size:
        what, unit, cost, other_cost = "CPU per GB", "s/GB", cost / size * 1e9, other_cost / size * 1e9
    else:
        what, unit, cost, other_cost = "CPU per request", "us", cost * 1e6, other_cost * 1e6
    bench.row(
        f"{label}: {what}, nginx's by ours", ratio, "x", needed, good, spread=spread,
        palco_cost=cost, nginx_cost=other_cost, cost_unit=unit,
    )  # fmt: skip
    print(f"    palco {cost:.3f} {unit}, nginx {other_cost:.3f} {unit}")


def segments(bench, client, nginx):
    """(label, address of ours, name of theirs, bytes) of a segment of each size."""
    for label, wanted in (("100 KB segment", 100_000), ("1 MB segment", 1_000_000)):
        found, body = segment_near(bench, client, f"rate-{wanted}.mp4", wanted * 2, wanted)
        (nginx.folder / "files" / f"{wanted}.m4s").write_bytes(body)
        yield f"{label} ({len(body):,} bytes)", found, f"{wanted}.m4s", len(body)


def measure(bench):
    server = start(bench)
    client = server.admin()
    # wrk has the other core for itself and is at its limit: what it reads is a part of the cost. So nginx is asked for an answer of
    # the same weight; beside it stands what nginx says of itself, which is shorter.
    nginx = Nginx(bench.folder / "nginx", 8197, bench.folder / "access.log")
    missing = weight(server.url + "/healthz") - weight(nginx.url + "/same")
    nginx.stop()
    nginx = Nginx(bench.folder / "nginx", 8197, bench.folder / "access.log", padding=1 + missing)
    weights = [weight(server.url + "/healthz"), weight(nginx.url + "/same"), weight(nginx.url + "/small")]
    assert weights[0] == weights[1], weights

    def beside(label, ours, theirs, size, bar, rounds=None):
        addresses = [urllib.parse.urljoin(server.url, ours), f"{nginx.url}/{theirs}"]
        compare(bench, label, (addresses[0], server.pid), (addresses[1], nginx.worker), size, bar, rounds=rounds)

    try:
        beside(f"small keep-alive response ({weights[0]} bytes each)", "/healthz", "same", None, 1.0, EXACT_ROUNDS)
        beside(f"the same beside nginx's shortest ({weights[2]} bytes)", "/healthz", "small", None, None, EXACT_ROUNDS)
        for label, ours, theirs, size in segments(bench, client, nginx):
            beside(label, ours, theirs, size, 0.9)
        found, body = playlist_of_two_hours(bench, client)
        bench.row("playlist of two hours: bytes on the wire", len(body), "bytes", "<= 12,000", len(body) <= 12_000)
        (nginx.folder / "files" / "index.m3u8").write_bytes(body)
        beside("playlist of two hours", found, "index.m3u8", None, 0.9)
    finally:
        nginx.stop()
        server.stop()


def measure_secure(bench):
    """By TLS 1.3, with the same library, certificate and ciphers on both sides: HTTP/1.1 by wrk, HTTP/2 by h2load."""
    authority = Authority("openssl", bench.folder / "authority")
    files = authority.issue("server")
    server = start(bench, files)
    client = Client(f"https://localhost:{server.secure_port}", trust=authority.trust())
    client.login(ADMIN_EMAIL, ADMIN_PASSWORD)
    nginx = Nginx(
        bench.folder / "nginx", 8197, bench.folder / "access.log", (files["PALCO_TLS_CERT"], files["PALCO_TLS_KEY"])
    )

    def beside(label, ours, theirs, size, bar, load=load):
        address = urllib.parse.urljoin(f"https://127.0.0.1:{server.secure_port}", urllib.parse.urlsplit(ours).path)
        compare(bench, label, (address, server.pid), (f"{nginx.secure_url}/{theirs}", nginx.worker), size, bar, load)

    try:
        found = list(segments(bench, client, nginx))
        for label, ours, theirs, size in found:
            beside(f"TLS 1.3, HTTP/1.1, {label}", ours, theirs, size, 0.95)
        beside("HTTP/2 over TLS, small response", "/healthz", "small", None, 0.9, load_http2)
        label, ours, theirs, size = found[0]
        beside(f"HTTP/2 over TLS, {label}", ours, theirs, size, 0.9, load_http2)
    finally:
        nginx.stop()
        server.stop()
