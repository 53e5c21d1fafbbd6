# SPDX-License-Identifier: Apache-2.0
"""TLS that the kernel writes beside TLS that OpenSSL writes, in palco and in nginx, in an emulated machine.

Emulation makes everything slower, and not everything alike: only what stands side by side here may be compared, and no bar is set.
"""

import re
import urllib.parse
from statistics import median

import delivery
from authority import Authority
from emulated import Emulated
from palco import binary

ROUNDS = 5
SECONDS = 3
MODULES = ("cryptd", "crypto_simd", "aesni-intel", "tls")

SCRIPT = """
export HOME=/tmp PALCO_WEB=/web PALCO_TLS_CERT=/server.pem PALCO_TLS_KEY=/server.key PALCO_TLS_PORT=8443 PALCO_LOOPS=1
taskset 1 palco serve --port 8080 --data /data > /tmp/log 2>&1 &
palco=$!
for turn in $(seq 600); do grep -q 'listening on http:' /tmp/log && break; sleep 0.1; done
mkdir -p /nginx/t1
taskset 1 nginx -p /nginx -c /nginx/nginx.conf -e /tmp/error.log &
for turn in $(seq 600); do [ -s /nginx/nginx.pid ] && break; sleep 0.1; done
sleep 1
nginx=$(cat /proc/$(cat /nginx/nginx.pid)/task/*/children)
ticks() { sed 's/.*) //' /proc/$1/stat | cut -d' ' -f12,13 | tr ' ' '+'; }
load() {
    before=$(($(ticks $3)))
    out=$(taskset 2 wrk -t1 -c8 -d%(seconds)ds $4)
    after=$(($(ticks $3)))
    echo "run $1 $2 $(echo "$out" | sed -n 's/ *\\([0-9]*\\) requests in.*/\\1/p') $((after - before)) $(echo "$out" | grep -c -e Non-2xx -e Socket)"
}
rounds() {
    for round in $(seq %(rounds)d); do
        while read size ours; do
            load $1-$size palco $palco https://127.0.0.1:8443$ours
            load $1-$size nginx $nginx https://127.0.0.1:8198/$size.m4s
        done < /segments
    done
}
rounds openssl
for module in %(modules)s; do insmod /modules/$module.ko || exit 1; done
rounds kernel
echo "encrypted by the kernel: $(sed -n 's/TlsTxSw *//p' /proc/net/tls_stat)"
"""


def measure(bench):
    authority = Authority("openssl", bench.folder / "authority")
    files = authority.issue("server")
    server = bench.palco("data").start()
    client = server.admin()
    machine = Emulated(bench.folder / "emulated")
    sizes, lines = {}, ""
    for wanted in (100_000, 1_000_000):
        found, body = delivery.segment_near(bench, client, f"rate-{wanted}.mp4", wanted * 2, wanted)
        sizes[str(wanted)] = len(body)
        lines += f"{wanted} {urllib.parse.urlsplit(found).path}\n"
        (machine.root / "nginx/files").mkdir(parents=True, exist_ok=True)
        (machine.root / f"nginx/files/{wanted}.m4s").write_bytes(body)
    server.stop()
    machine.text("segments", lines)
    secure = "listen 127.0.0.1:8198 ssl; ssl_certificate /server.pem; ssl_certificate_key /server.key; "
    secure += "ssl_protocols TLSv1.2 TLSv1.3; ssl_conf_command Options KTLS;"
    text = delivery.NGINX.format(folder="/nginx", port=8197, access_log="/tmp/access.log", secure=secure, padding="x")
    machine.text("nginx/nginx.conf", "user root;\n" + text)
    for name in ("/usr/bin/ffmpeg", "/usr/bin/ffprobe", "/usr/sbin/nginx", "/usr/bin/wrk"):
        machine.program(name)
    machine.program(binary(), "/usr/bin/palco")
    machine.file(binary().parents[2] / "web", "/web")
    machine.file(bench.folder / "data", "/data")
    machine.file(files["PALCO_TLS_CERT"], "/server.pem")
    machine.file(files["PALCO_TLS_KEY"], "/server.key")
    for module in MODULES:
        machine.module(module)
    console = machine.run(SCRIPT % dict(seconds=SECONDS, rounds=ROUNDS, modules=" ".join(MODULES)), timeout=900)
    found = re.search(r"encrypted by the kernel:\s+(\d+)", console)
    assert found and int(found.group(1)) >= ROUNDS * 4 * 8, console
    runs = {}
    for way, size, name, count, ticks, errors in re.findall(r"run (\w+)-(\d+) (\w+) (\d+) (\d+) (\d+)", console):
        assert errors == "0", console
        # Requests per second, and CPU seconds for a gigabyte.
        cost = int(ticks) / 100 / (int(count) * sizes[size]) * 1e9
        runs.setdefault((size, way), {}).setdefault(name, []).append((int(count) / SECONDS, cost))
    for size, length in sizes.items():
        label = f"TLS 1.3, {length:,} bytes, emulated"
        for way in ("openssl", "kernel"):
            found = runs[size, way]
            ratio, spread = delivery.ratios(found, 0)
            bench.row(f"{label}, by {way}: requests/s of nginx's", ratio, "x", "", None, spread=spread, runs=found)
            inverse, (least, most) = delivery.ratios(found, 1)
            bench.row(f"{label}, by {way}: CPU per GB, nginx's by ours", 1 / inverse, "x", "", None, spread=[1 / most, 1 / least])
        gain = [median(cost for _, cost in runs[size, way]["palco"]) for way in ("openssl", "kernel")]
        bench.row(f"{label}: CPU per GB by the kernel of that by OpenSSL", gain[1] / gain[0], "x", "", None)
