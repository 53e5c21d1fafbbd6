"""TLS that the kernel writes, in an emulated machine: the kernel of whoever runs these tests may lack the module."""

import hashlib
import re
import urllib.parse

import pytest
from emulated import Emulated
from palco import Palco, binary

pytestmark = pytest.mark.local_only("the emulated machine has nothing but a data folder")
MODULES = ("cryptd", "crypto_simd", "aesni-intel", "tls")
START = """
for module in {modules}; do insmod /modules/$module.ko || exit 1; done
export HOME=/tmp PALCO_WEB=/web PALCO_TLS_CERT=/server.pem PALCO_TLS_KEY=/server.key PALCO_TLS_PORT=8443
export PALCO_ADMIN_EMAIL=admin@example.org PALCO_ADMIN_PASSWORD=Correct-Horse-7-Battery
palco serve --port 8080 --data /data > /tmp/log 2>&1 &
server=$!
for turn in $(seq 600); do grep -q 'listening on http:' /tmp/log && break; sleep 0.1; done
ask() {{ curl --silent --show-error --max-time 60 --cacert /authority.pem "$@"; }}
sent() {{ sed -n "s/^$1 *//p" /proc/net/tls_stat; }}
"""
END = """
kill $server
wait $server
echo "palco ended with $?"
grep -v '"level":"info"' /tmp/log
exit 0
"""


@pytest.fixture(scope="module")
def installation(tool, films, authority, tmp_path_factory):
    """A data folder with a film, and the segments of the film: [(path, bytes)]."""
    folder = tmp_path_factory.mktemp("installation")
    palco = Palco(folder / "data").start()
    client = palco.admin()
    video = client.upload(films.bunny, title="Big Buck Bunny").expect(200, 201).json()
    client.wait(video["id"], whole=True)
    variants, _ = client.master(video["id"])
    segments = []
    for _, playlist in variants:
        for _, address in client.segments(playlist):
            segments.append((urllib.parse.urlsplit(address).path, client.get(address, token=False).expect(200).body))
    assert palco.stop() == 0
    return folder / "data", segments


@pytest.fixture
def emulated(tool, installation, authority, tmp_path):
    machine = Emulated(tmp_path)
    for name in ("ffmpeg", "ffprobe", "curl", "openssl", "qemu-system-x86_64", "cpio", "busybox"):
        assert tool(name)
    for name in ("ffmpeg", "ffprobe", "curl", "openssl"):
        machine.program(tool(name), f"/usr/bin/{name}")
    machine.program(binary(), "/usr/bin/palco")
    machine.file(binary().parents[2] / "web", "/web")
    machine.file(installation[0], "/data")
    machine.file("/etc/ssl/openssl.cnf", "/usr/lib/ssl/openssl.cnf")
    files = authority.issue("emulated")
    machine.file(files["PALCO_TLS_CERT"], "server.pem")
    machine.file(files["PALCO_TLS_KEY"], "server.key")
    machine.file(authority.path, "authority.pem")
    for module in MODULES:
        machine.module(module)
    return machine


def test_what_the_kernel_encrypts_arrives_as_it_was(emulated, installation):
    _, segments = installation
    script = START.format(modules=" ".join(MODULES))
    ways = ("--tlsv1.3 --http1.1", "--tlsv1.3 --http2", "--tls-max 1.2 --http1.1", "--tls-max 1.2 --http2")
    for way in ways:
        script += f"echo 'way {way}'\n"
        for path, _ in segments:
            script += f"ask {way} https://localhost:8443{path} | sha256sum\n"
        script += "sent TlsTxSw | sed 's/^/connections /'\n"
    console = emulated.run(script + END)
    found = re.split(r"way --.*\n", console)[1:]
    assert len(found) == len(ways), console
    before = 0
    for text in found:
        sums = re.findall(r"^([0-9a-f]{64})  -$", text, flags=re.MULTILINE)
        assert sums == [hashlib.sha256(body).hexdigest() for _, body in segments], console
        # The kernel counts connections for which it encrypts.
        connections = int(re.search(r"connections\s+(\d+)", text).group(1))
        assert connections - before == len(segments), console
        before = connections
    assert "palco ended with 0" in console, console


def test_uploads_arrive_and_new_keys_end_the_connection(emulated):
    """What a peer sends is read by OpenSSL; its wish for a new key of ours cannot be told to the kernel."""
    script = START.format(modules=" ".join(MODULES)) + r"""
token=$(ask --json '{"email":"admin@example.org","password":"Correct-Horse-7-Battery"}' \
    https://localhost:8443/api/v1/auth/login | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
head -c 3000000 /dev/urandom > /tmp/half
upload=$(ask --dump-header - --output /dev/null --request POST --header "Authorization: Bearer $token" \
    --header 'Tus-Resumable: 1.0.0' --header 'Upload-Length: 6000000' --header 'Upload-Metadata: filename YS5tcDQ=' \
    https://localhost:8443/api/v1/uploads | tr -d '\r' | sed -n 's/^[Ll]ocation: *//p')
ask --request PATCH --header "Authorization: Bearer $token" --header 'Tus-Resumable: 1.0.0' --header 'Upload-Offset: 0' \
    --header 'Content-Type: application/offset+octet-stream' --data-binary @/tmp/half "https://localhost:8443$upload" --write-out 'patched %{http_code}\n'
for file in /data/uploads/* /data/uploads/*/*; do cmp -s /tmp/half $file && echo 'the same bytes'; done
request='GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'
# A client that has ended already takes no more requests, and that is one of the ways in which this may go.
trap '' PIPE
await() { for turn in $(seq 300); do eval "$1" && return; sleep 0.1; done; echo "never: $1"; }
for key in k K; do
    mkfifo /tmp/typed
    openssl s_client -connect 127.0.0.1:8443 -servername localhost -CAfile /authority.pem < /tmp/typed > /tmp/$key 2>&1 &
    client=$!
    answers() { grep -c 'HTTP/1.1 200' /tmp/$key; }
    exec 3> /tmp/typed
    printf "$request" >&3
    await '[ $(answers) = 1 ]'
    printf "$key\n" >&3
    await 'grep -q KEYUPDATE /tmp/$key'
    printf "$request" >&3
    await '[ $(answers) = 2 ] || ! kill -0 $client'
    kill -0 $client && state=open || state=ended
    echo "after $key: $(answers) answers, $state"
    exec 3>&-
    wait $client
    rm /tmp/typed
done
"""
    console = emulated.run(script + END)
    assert "patched 204" in console and "the same bytes" in console, console
    assert "after k: 2 answers, open" in console, console
    assert "after K: 1 answers, ended" in console, console
