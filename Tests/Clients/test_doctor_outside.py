"""`palco doctor --url`: each usual fault of a proxy, made for itself, is named with the line that mends it."""

import pytest
from palco import Palco
from test_command_line import palco as command
from test_proxies import Nginx, free_port

GOOD = {"reach", "address", "scheme", "name", "upgrade", "uploads", "streams"}
TRUSTED = {"PALCO_TRUSTED_PROXIES": "127.0.0.1"}


class PlainNginx(Nginx):
    """As documented but for TLS, and with something broken."""

    def __init__(self, tool, folder, upstream, change=lambda text: text):
        self.change = change
        super().__init__(tool, folder, upstream)

    def surrounded(self, text):
        lines = [line for line in text.splitlines() if "ssl_certificate" not in line]
        return super().surrounded(self.change("\n".join(lines).replace(" ssl http2;", ";")))


def findings(url):
    """{name: (mark, the line that mends it)}"""
    answer = command("doctor", "--url", url)
    found, name = {}, None
    for line in answer.stdout.splitlines():
        if line.strip().startswith("-> "):
            found[name] = (found[name][0], line.strip()[3:])
        elif line[:4].strip() in ("ok", "weak", "BAD"):
            name = line[6:34].strip()
            found[name] = (line[:4].strip(), None)
    bad = [name for name, (mark, _) in found.items() if mark == "BAD"]
    assert answer.returncode == (1 if bad else 0), answer.stdout + answer.stderr
    return found


def examined(tool, tmp_path, settings=TRUSTED, change=lambda text: text):
    server = Palco(tmp_path / "data", settings).start()
    proxy = None
    try:
        proxy = PlainNginx(tool, tmp_path, f"127.0.0.1:{server.port}", change)
        return findings(f"http://localhost:{proxy.port}")
    finally:
        if proxy:
            proxy.stop()
        assert server.stop() == 0


def test_what_is_as_documented_is_good(tool, tmp_path):
    found = examined(tool, tmp_path)
    assert set(found) == GOOD and {mark for mark, _ in found.values()} == {"ok"}, found


def test_a_server_without_a_proxy(own_server):
    server = own_server().start()
    found = findings(server.url)
    assert set(found) == GOOD and {mark for mark, _ in found.values()} == {"ok"}, found
    assert server.stop() == 0


FAULTS = {
    "upgrade": ("proxy_set_header Upgrade $http_upgrade;", "", "proxy_set_header Upgrade $http_upgrade;"),
    "uploads": ("client_max_body_size 0;", "", "client_max_body_size 0;"),
    "name": ("proxy_set_header Host $http_host;", "", "proxy_set_header Host $http_host;"),
    "scheme": ("X-Forwarded-Proto $scheme", "X-Forwarded-Proto https", "proxy_set_header X-Forwarded-Proto $scheme;"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named(tool, tmp_path, name):
    old, new, mend = FAULTS[name]
    # With the name, what says it otherwise.
    also = "proxy_set_header X-Forwarded-Host $http_host;" if name == "name" else old

    def change(text):
        assert old in text
        return text.replace(old, new).replace(also, new)

    found = examined(tool, tmp_path, change=change)
    assert found[name][0] == "BAD" and mend in found[name][1], found
    assert {mark for each, (mark, _) in found.items() if each != name} == {"ok"}, found


def test_streams_that_are_kept_on_the_way(tool, tmp_path):
    """Of HTTP/1.1 nginx passes on what comes even where it may keep it, of HTTP/1.0 it fills its buffers."""

    def change(text):
        return text.replace("proxy_buffering off;", "").replace("proxy_http_version 1.1;", "")

    found = examined(tool, tmp_path, change=change)
    assert found["streams"] == ("BAD", "proxy_buffering off;"), found


def test_uploads_that_are_kept_on_the_way(tool, tmp_path):
    found = examined(tool, tmp_path, change=lambda text: text.replace("proxy_request_buffering off;", ""))
    assert found["uploads"] == ("BAD", "proxy_request_buffering off;"), found


def test_a_proxy_that_is_not_trusted(tool, tmp_path):
    found = examined(tool, tmp_path, settings={})
    assert found["address"] == ("BAD", "PALCO_TRUSTED_PROXIES=127.0.0.1"), found


def test_nobody_is_there_or_somebody_else(tool, tmp_path):
    assert findings(f"http://127.0.0.1:{free_port()}")["reach"][0] == "BAD"
    proxy = PlainNginx(tool, tmp_path, f"127.0.0.1:{free_port()}")
    try:
        assert findings(f"http://localhost:{proxy.port}")["reach"][0] == "BAD"
    finally:
        proxy.stop()


def test_wrong_addresses():
    for address in ("nonsense", "ftp://example.org", "https://user:secret@example.org"):
        answer = command("doctor", "--url", address)
        assert answer.returncode == 1 and "secret" not in answer.stdout + answer.stderr
        assert answer.stderr or "BAD" in answer.stdout
