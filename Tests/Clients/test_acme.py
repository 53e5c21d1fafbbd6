# SPDX-License-Identifier: Apache-2.0
"""Certificates that are had by themselves from Pebble, a certificate authority that is as strict as RFC 8555 allows."""

import contextlib
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import time
import urllib.parse

import pytest
from network import free_port
from palco import binary
from places import engines_of
from waiting import wait_until

NAMES = ["video.example.org", "www.video.example.org"]


@pytest.fixture
def pebble(tool, authority, tmp_path):
    """Starts an authority that looks for names at a port of this machine; answers the settings of a server for it."""
    with contextlib.ExitStack() as stack:

        def start(http_port=None, tls_port=None):
            files = authority.issue("pebble")
            names, listening, managing = free_port(), free_port(), free_port()
            config = tmp_path / "pebble.json"
            config.write_text(json.dumps({"pebble": {
                "listenAddress": f"127.0.0.1:{listening}", "managementListenAddress": f"127.0.0.1:{managing}",
                "certificate": files["PALCO_TLS_CERT"], "privateKey": files["PALCO_TLS_KEY"],
                "httpPort": http_port or free_port(), "tlsPort": tls_port or free_port(), "ocspResponderURL": "",
                "externalAccountBindingRequired": False,
            }}))  # fmt: skip
            lookup = [tool("pebble-challtestsrv"), "-dns01", f"127.0.0.1:{names}", "-defaultIPv4", "127.0.0.1"]
            lookup += ["-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", ""]
            lookup += ["-management", f"127.0.0.1:{free_port()}"]
            certifying = [tool("pebble"), "-config", str(config), "-strict", "-dnsserver", f"127.0.0.1:{names}"]
            environment = {**os.environ, "PEBBLE_VA_NOSLEEP": "1"}
            for number, command in enumerate([lookup, certifying]):
                log = stack.enter_context((tmp_path / f"pebble-{number}.log").open("wb"))
                process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
                stack.callback(process.wait, 10)
                stack.callback(process.terminate)
            wait_until(lambda: answers(listening), "Pebble listens", 30)
            return {
                "PALCO_TLS_NAMES": ",".join(NAMES), "PALCO_TLS_PORT": str(tls_port or 0), "PALCO_HOST": "127.0.0.1",
                "PALCO_ACME_DIRECTORY": f"https://127.0.0.1:{listening}/dir", "PALCO_ACME_CA": str(authority.path),
            }  # fmt: skip

        yield start


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def shown(palco, openssl):
    """Whom the server's certificate is from, and for whom."""
    context = ssl._create_unverified_context()
    with (
        socket.create_connection(("127.0.0.1", palco.secure_port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname=NAMES[0]) as secure,
    ):
        pem = ssl.DER_cert_to_PEM_cert(secure.getpeercert(binary_form=True))
    command = [openssl, "x509", "-noout", "-issuer", "-serial", "-ext", "subjectAltName"]
    return subprocess.run(command, input=pem, check=True, capture_output=True, text=True, timeout=60).stdout


def told(port):
    """The server's own numbers, which are told to this machine without TLS too."""
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    asking.request("GET", "/metrics")
    return asking.getresponse().read().decode()


FORWARDING = """
ServerRoot {folder}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache.error
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_connect_module /usr/lib/apache2/modules/mod_proxy_connect.so
LogFormat "%r" line
CustomLog {folder}/apache.log line
ProxyRequests On
AllowCONNECT {target}
"""


@pytest.fixture
def forwarding(tool, tmp_path):
    """Starts Apache as a proxy that leads to one port; answers its address and its log."""
    with contextlib.ExitStack() as stack:

        def start(target):
            port = free_port()
            (tmp_path / "apache.conf").write_text(FORWARDING.format(folder=tmp_path, port=port, target=target))
            process = subprocess.Popen([tool("apache2"), "-f", tmp_path / "apache.conf", "-DFOREGROUND"])
            stack.callback(process.wait, 10)
            stack.callback(process.terminate)
            wait_until(lambda: answers(port), "Apache listens", 30)
            return f"http://127.0.0.1:{port}", tmp_path / "apache.log"

        yield start


def test_the_authority_is_asked_through_the_proxy_of_the_house(own_server, pebble, forwarding):
    port = free_port()
    settings = pebble(port)
    authority_port = urllib.parse.urlsplit(settings["PALCO_ACME_DIRECTORY"]).port
    proxy, log = forwarding(authority_port)
    palco = own_server({**settings, "PALCO_HTTP_PROXY": proxy}).start(port=port)
    palco.wait_for_line("a certificate was issued")
    assert palco.stop() == 0
    wait_until(lambda: f"CONNECT 127.0.0.1:{authority_port} HTTP/1.1" in log.read_text(), "the proxy was asked", 30)


def test_a_server_gets_its_certificate_and_keeps_it(tool, own_server, pebble):
    port = free_port()
    palco = own_server(pebble(port)).start(port=port)
    openssl = tool("openssl")
    palco.wait_for_line("a certificate was issued")
    # It is told a moment before it is shown.
    wait_until(lambda: "Pebble" in shown(palco, openssl), "it is shown")
    issued = shown(palco, openssl)
    assert "Pebble" in issued and all(f"DNS:{name}" in issued for name in NAMES), issued
    asked = float(re.search(r'palco_outgoing_requests_total\{[^}]*outcome="2xx"[^}]*\} (\d+)', told(port)).group(1))
    assert asked >= 6, asked
    folder = palco.data / "tls"
    for path in [folder, *folder.iterdir()]:
        assert path.stat().st_mode & 0o077 == 0, path
    # What was put up for the authority is gone, and a started server asks for nothing that it has.
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    asking.request("GET", "/.well-known/acme-challenge/x")
    assert asking.getresponse().status == 404
    assert palco.stop() == 0
    palco.start(port=port)
    assert shown(palco, openssl) == issued
    state = json.loads((folder / "state.json").read_text())
    assert state["names"] == NAMES and state["issuedAt"] <= time.time() and state["failureCount"] == 0
    assert not any("a certificate was issued" in line for line in palco.lines)
    assert palco.stop() == 0


def test_a_name_that_leads_elsewhere_is_told_and_not_asked_for_at_once_again(tool, own_server, pebble):
    elsewhere = free_port()
    settings = pebble(elsewhere)
    palco = own_server(settings).start()
    line = json.loads(palco.wait_for_line("no certificate was issued"))
    assert NAMES[0] in line["reason"] or NAMES[1] in line["reason"], line
    # Meanwhile there is https with a certificate that nobody else has signed.
    assert "Pebble" not in shown(palco, tool("openssl"))
    state = json.loads((palco.data / "tls/state.json").read_text())
    assert state["failureCount"] == 1 and state["nextTry"] > time.time() and state["lastFailure"] == line["reason"]
    assert palco.stop() == 0
    seen = subprocess.run(
        [binary(), "doctor", "--data", palco.data], env={**os.environ, **engines_of(palco.data), **settings},
        capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert state["lastFailure"] in seen and "port 80" in seen, seen
    palco.start()
    assert "Pebble" not in shown(palco, tool("openssl"))
    assert json.loads((palco.data / "tls/state.json").read_text()) == state
    assert palco.stop() == 0


def hello(port, name, *protocols):
    """The protocol that is taken of those that are offered for this name."""
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(list(protocols))
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        return secure.selected_alpn_protocol()


def test_names_are_shown_by_tls_where_port_80_leads_elsewhere(tool, own_server, pebble):
    secure = free_port()
    palco = own_server(pebble(tls_port=secure)).start()
    palco.wait_for_line("no certificate was issued")
    assert palco.stop() == 0
    # As though the pause were over.
    path = palco.data / "tls/state.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "nextTry": 1}))
    palco.start()
    palco.wait_for_line("a certificate was issued")
    issued = shown(palco, tool("openssl"))
    assert "Pebble" in issued and all(f"DNS:{name}" in issued for name in NAMES), issued
    state = json.loads(path.read_text())
    assert state["method"] == "tls-alpn-01" and state["failureCount"] == 0
    # It is there for the authority's look only, and others go on as ever.
    with pytest.raises(ssl.SSLError):
        hello(secure, NAMES[0], "acme-tls/1")
    assert hello(secure, NAMES[0], "acme-tls/1", "h2") == "h2"
    assert palco.stop() == 0


def test_a_certificate_is_renewed_when_a_third_of_its_time_is_left(tool, own_server, pebble):
    port = free_port()
    palco = own_server(pebble(port)).start(port=port)
    openssl = tool("openssl")
    palco.wait_for_line("a certificate was issued")
    first = shown(palco, openssl)
    assert palco.stop() == 0
    path = palco.data / "tls/state.json"
    state = json.loads(path.read_text())
    # As though it had been issued so long ago that less than a third is left.
    path.write_text(json.dumps({**state, "issuedAt": state["issuedAt"] - 20 * 365 * 86_400}))
    palco.start(port=port)
    palco.wait_for_line("a certificate was issued")
    # It is told a moment before it is shown.
    wait_until(lambda: shown(palco, openssl) != first, "another one is shown")
    assert "Pebble" in shown(palco, openssl)
    assert json.loads(path.read_text())["issuedAt"] >= state["issuedAt"]
    assert palco.stop() == 0
