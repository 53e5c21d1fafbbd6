"""https as others speak it: curl, openssl, Python, a scanner, a browser; certificates that change while people are there."""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess

import pytest
from authority import ECDSA, RSA
from browsing import visitor, watch
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, ROOT, Client
from waiting import wait_until


@pytest.fixture
def secure_server(own_server, authority, tmp_path):
    """A server with a certificate for this machine, whose files the test may change."""
    folder = tmp_path / "tls"
    folder.mkdir()
    palco = own_server(authority.issue("shown", folder=folder)).start()
    palco.folder = folder
    palco.secure_url = f"https://localhost:{palco.secure_port}"
    yield palco
    if palco.process.poll() is None:
        assert palco.stop() == 0


def secure_client(palco, authority):
    return Client(palco.secure_url, trust=authority.trust())


def curl(tool, *arguments):
    command = [tool("curl"), "--silent", "--show-error", "--include", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def shown(palco, name=None):
    """The serial number of the certificate that a new connection sees."""
    context = ssl._create_unverified_context()
    with (
        socket.create_connection(("127.0.0.1", palco.secure_port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        return hashlib.sha256(secure.getpeercert(binary_form=True)).hexdigest()


def in_file(path):
    text = re.search(r"BEGIN CERTIFICATE-+\n(.*?)-+END", path.read_text(), re.DOTALL).group(1)
    return hashlib.sha256(base64.b64decode(text)).hexdigest()


def seen_by_openssl(tool, palco, name, *arguments):
    """What `s_client` tells of a connection that asks for a name."""
    command = [tool("openssl"), "s_client", "-connect", f"127.0.0.1:{palco.secure_port}", "-servername", name, "-ign_eof"]
    request = f"GET /healthz HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode()
    return subprocess.run([*command, *arguments], input=request, capture_output=True, timeout=60).stdout.decode()


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_curl_is_led_to_https_and_gets_its_page(tool, secure_server, authority, version):
    trusting = ["--http1.1", "--cacert", authority.path, f"--tlsv{version}", "--tls-max", version]
    answer = curl(tool, *trusting, f"{secure_server.secure_url}/sign-in")
    assert answer.startswith("HTTP/1.1 200 OK"), answer[:300]
    # The port is not the standard one, so the browser is not told to come by https only.
    assert "Strict-Transport-Security" not in answer
    standard = ["--connect-to", f"localhost:443:127.0.0.1:{secure_server.secure_port}"]
    assert "Strict-Transport-Security: max-age=63072000\n" in curl(tool, *trusting, *standard, "https://localhost/")
    moved = curl(tool, f"http://localhost:{secure_server.port}/watch/1?t=5")
    assert moved.startswith("HTTP/1.1 308 Permanent Redirect")
    assert f"Location: {secure_server.secure_url}/watch/1?t=5\n" in moved
    followed = curl(tool, "--location", *trusting, f"http://localhost:{secure_server.port}/sign-in")
    assert "HTTP/1.1 200 OK" in followed
    for path in ("/healthz", "/readyz", "/metrics"):
        assert curl(tool, f"http://localhost:{secure_server.port}{path}").startswith("HTTP/1.1 200 OK"), path
    agreed = curl(tool, *trusting[1:], f"{secure_server.secure_url}/sign-in")
    assert agreed.startswith("HTTP/2 200"), agreed[:300]
    challenge = curl(tool, f"http://localhost:{secure_server.port}/.well-known/acme-challenge/x")
    assert challenge.startswith("HTTP/1.1 404 Not Found")


def test_a_stranger_s_certificate_is_not_believed(tool, secure_server):
    command = [tool("curl"), "--silent", f"{secure_server.secure_url}/healthz"]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 60


def test_plain_words_at_the_secure_port_are_answered(secure_server):
    connection = http.client.HTTPConnection("127.0.0.1", secure_server.secure_port, timeout=60)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert answer.status == 400
    assert b"https" in answer.read()


def test_cookies_are_the_host_s_own_and_secure(secure_server, authority):
    client = secure_client(secure_server, authority)
    body = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    answer = client.request("POST", "/auth/login", body, headers={"Origin": secure_server.secure_url})
    cookies = answer.expect(200).headers.get_all("Set-Cookie")
    assert any(cookie.startswith("__Host-palco_session=") for cookie in cookies), cookies
    assert all("; Secure" in cookie for cookie in cookies), cookies


def test_a_film_goes_up_and_is_watched_over_https(chromium, secure_server, authority, films):
    client = secure_client(secure_server, authority)
    client.login(ADMIN_EMAIL, ADMIN_PASSWORD)
    video = client.wait(client.have(films.bunny, title="Big Buck Bunny")["id"], whole=True)
    assert video["checksum_sha256"] == hashlib.sha256(films.bunny.read_bytes()).hexdigest()
    with visitor(chromium, secure_server.secure_url, ignore_https_errors=True) as page:
        sign_in = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        assert page.context.request.post("/api/v1/auth/login", data=sign_in).ok
        cookie = next(cookie for cookie in page.context.cookies() if cookie["name"].endswith("palco_session"))
        assert cookie["name"].startswith("__Host-") and cookie["secure"]
        watching = watch(page, video)
        assert watching.play() is True
        watching.plays_on(1.5)
        watching.seek(video["duration"] * 0.6)
        watching.plays_on(1)
        assert page.evaluate("isSecureContext && location.protocol === 'https:'")
        spoken = page.evaluate("performance.getEntriesByType('resource').map((each) => each.nextHopProtocol)")
        assert spoken and set(spoken) - {""} == {"h2"}, spoken


def test_a_connection_s_line_tells_what_went_through_it(own_server, authority):
    palco = own_server({**authority.issue("told"), "PALCO_LOG_LEVEL": "debug"}).start()
    client = Client(f"https://localhost:{palco.secure_port}", trust=authority.trust())
    client.get("//healthz").expect(200)
    line = json.loads(palco.wait_for_line('"message":"connection"'))
    assert line["requests"] == 1 and line["received"] > 50 and line["sent"] > 100
    assert palco.stop() == 0


def test_events_come_through_https(secure_server, authority):
    client = secure_client(secure_server, authority)
    client.login(ADMIN_EMAIL, ADMIN_PASSWORD)
    with client.stream("/videos/events") as lines:
        assert next(lines)


def test_openssl_goes_on_with_a_session_on_new_connections(tool, secure_server, tmp_path):
    for version in ("-tls1_2", "-tls1_3"):
        session = tmp_path / f"session{version}"
        command = [tool("openssl"), "s_client", "-connect", f"127.0.0.1:{secure_server.secure_port}", version, "-ign_eof"]
        request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

        def said(*more, command=command, request=request):
            return subprocess.run([*command, *more], input=request, capture_output=True, timeout=60).stdout.decode()

        assert "New, TLSv1" in said("-sess_out", session)
        # As many as there are loops, and more.
        for _ in range(6):
            answer = said("-sess_in", session)
            assert "Reused, TLSv1" in answer and "HTTP/1.1 200 OK" in answer


def test_a_new_certificate_is_shown_without_a_restart_and_connections_go_on(secure_server, authority):
    kept = http.client.HTTPSConnection("localhost", secure_server.secure_port, timeout=60, context=authority.trust())
    kept.request("GET", "/healthz")
    assert kept.getresponse().read() == b"ok\n"
    path = secure_server.folder / "shown.pem"
    old = in_file(path)
    assert shown(secure_server) == old

    # By the files alone.
    authority.issue("shown", folder=secure_server.folder)
    assert in_file(path) != old
    wait_until(lambda: shown(secure_server) == in_file(path), "the new certificate is shown")

    # At once by a signal.
    second = in_file(path)
    authority.issue("shown", folder=secure_server.folder)
    os.kill(secure_server.pid, signal.SIGHUP)
    wait_until(lambda: shown(secure_server) == in_file(path) != second, "the newest certificate is shown")

    kept.request("GET", "/healthz")
    assert kept.getresponse().read() == b"ok\n"
    assert kept.sock is not None


def test_a_broken_file_keeps_the_old_certificate(secure_server):
    path = secure_server.folder / "shown.pem"
    old, whole = in_file(path), path.read_text()
    path.write_text(whole[: len(whole) // 2])
    os.kill(secure_server.pid, signal.SIGHUP)
    line = json.loads(secure_server.wait_for_line("the old ones stay"))
    assert line["level"] == "error" and str(path) in line["reason"]
    assert shown(secure_server) == old


def test_the_name_chooses_the_certificate(own_server, authority, tmp_path):
    first = authority.issue("first", "DNS:first.example", folder=tmp_path)
    second = authority.issue("second", "DNS:second.example", folder=tmp_path)
    both = {name: f"{first[name]},{second[name]}" for name in ("PALCO_TLS_CERT", "PALCO_TLS_KEY")}
    palco = own_server({**first, **both}).start()
    for name, file in (("first.example", "first"), ("second.example", "second"), ("third.example", "first")):
        assert shown(palco, name) == in_file(tmp_path / f"{file}.pem"), name
    assert palco.stop() == 0


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_keys_of_rsa_and_of_elliptic_curves_serve_side_by_side(tool, own_server, authority, tmp_path, version):
    first = authority.issue("first", "DNS:first.example", folder=tmp_path, key=RSA)
    second = authority.issue("second", "DNS:second.example", folder=tmp_path, key=ECDSA)
    both = {name: f"{first[name]},{second[name]}" for name in ("PALCO_TLS_CERT", "PALCO_TLS_KEY")}
    palco = own_server({**first, **both}).start()
    trusting = ["-CAfile", authority.path, "-verify_return_error", f"-tls{version.replace('.', '_')}"]
    for name, kind, file in (("first.example", "RSA", "first"), ("second.example", "ECDSA", "second")):
        said = seen_by_openssl(tool, palco, name, *trusting)
        assert f"New, TLSv{version}, Cipher is " in said and "Verification: OK" in said, said
        assert re.search(f"Peer signature type: {kind}", said), said
        assert "HTTP/1.1 200 OK" in said, said
        assert shown(palco, name) == in_file(tmp_path / f"{file}.pem"), name
    # A client that can only believe RSA is not shown the other key.
    if version == "1.2":
        only = [*trusting, "-sigalgs", "RSA-PSS+SHA256:RSA+SHA256", "-cipher", "aRSA"]
        assert "HTTP/1.1 200 OK" in seen_by_openssl(tool, palco, "first.example", *only)
        assert "HTTP/1.1 200 OK" not in seen_by_openssl(tool, palco, "second.example", *only)
    assert palco.stop() == 0


# What comes in place of a handshake, and what the server refuses further connections for. Who says nothing, begins, or announces
# more than it has, takes a place; who is found out at once begins too often.
@pytest.mark.parametrize(
    "starts, reason",
    [([b"", b"\x16\x03\x01", b"\x16\x03\x01\x40\x00\x01\x00"], "full"),
     ([b"\x16\x03\x01\x00\x05\xff\xff\xff\xff\xff"], "handshakes")],
    ids=["silent", "rubbish"],
)  # fmt: skip
def test_handshakes_that_never_end_do_not_keep_others_out(own_server, authority, tmp_path, starts, reason):
    folder = tmp_path / "tls"
    folder.mkdir()
    settings = {**authority.issue("shown", folder=folder), "PALCO_MAX_CONNECTIONS_PER_ADDRESS": "300"}
    palco = own_server(settings).start()
    trust = authority.trust()

    def ask(path="/healthz"):
        with (
            socket.create_connection(("127.0.0.1", palco.secure_port), timeout=60, source_address=("127.0.0.9", 0)) as plain,
            trust.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            secure.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            return b"".join(iter(lambda: secure.recv(1 << 14), b"")).decode()

    def refused():
        """By reason."""
        return dict(re.findall(r'^palco_connections_refused_total{reason="(\w+)"} (\d+)', ask("/metrics"), re.MULTILINE))

    assert ask().endswith("ok\n")
    assert refused() == {"full": "0", "handshakes": "0"}
    files, memory = len(palco.open_files()), palco.resident_bytes()
    flood = []
    for number in range(1200):
        one = socket.create_connection(("127.0.0.1", palco.secure_port), timeout=60)
        with contextlib.suppress(OSError):
            one.sendall(starts[number % len(starts)])
        flood.append(one)
        if number % 100 == 0:
            assert ask().endswith("ok\n")
    # The limits of one address hold: most were sent away.
    ended = select.poll()
    for one in flood:
        ended.register(one, select.POLLIN | select.POLLRDHUP)
    wait_until(lambda: len(ended.poll(0)) >= 900, lambda: f"{len(ended.poll(0))} have ended")
    assert int(refused()[reason]) > 0, refused()
    assert palco.resident_bytes() - memory < 64 << 20
    # The server ends those that it took, too: no handshake may take longer than ten seconds.
    wait_until(lambda: len(palco.open_files()) <= files + 2, lambda: f"{len(palco.open_files())} files are open")
    for one in flood:
        one.close()
    assert palco.stop() == 0


@pytest.mark.parametrize("key", [ECDSA, RSA], ids=["ecdsa", "rsa"])
def test_a_scanner_finds_nothing_against_the_intermediate_profile(own_server, authority, tmp_path, key):
    palco = own_server(authority.issue("shown", folder=tmp_path, key=key)).start()
    sslyze = shutil.which("sslyze", path=ROOT / ".build/scanners/bin")
    assert sslyze, "sslyze is not installed (scripts/setup test installs it)"
    command = [sslyze, "--mozilla_config=intermediate", f"localhost:{palco.secure_port}"]
    scan = subprocess.run(command, capture_output=True, text=True, timeout=280)
    (tmp_path / "scan.txt").write_text(scan.stdout)
    findings = re.search(r"COMPLIANCE AGAINST.*", scan.stdout, re.DOTALL)
    assert findings, scan.stdout[-3000:] + scan.stderr[-500:]
    # Nobody but this test believes its authority.
    found = [line.strip() for line in findings.group().splitlines() if line.strip().startswith("*")]
    assert [line for line in found if "certificate path validation failed" not in line.lower()] == [], found
    assert palco.stop() == 0


def test_the_doctor_shows_certificates(tool, authority, tmp_path):
    from test_command_line import palco

    settings = authority.issue("shown", "DNS:video.example", folder=tmp_path)
    answer = palco("doctor", "--data", tmp_path / "data", settings=settings)
    assert re.search(r"ok\s+https\s+\S+shown.pem for video.example, 89 days left", answer.stdout), answer.stdout
    broken = {**settings, "PALCO_TLS_KEY": str(authority.folder / "authority.key")}
    answer = palco("doctor", "--data", tmp_path / "data", settings=broken)
    assert answer.returncode == 1 and "does not belong to the certificate" in answer.stdout, answer.stdout
    answer = palco("serve", "--data", tmp_path / "data", settings=broken)
    assert answer.returncode == 1 and "does not belong to the certificate" in answer.stderr
