"""Providers of identities: a real one, and a strict one of the tests that does wrong what it is told to."""

import base64
import contextlib
import hashlib
import hmac
import json
import secrets
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from waiting import wait_until

CLIENT = "palco"
SECRET = "the:secret/of palco"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def encoded(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def settings(name, issuer, **more):
    """Of Palco, for a provider of this machine."""
    named = {"ISSUER": issuer, "CLIENT_ID": CLIENT, "CLIENT_SECRET": SECRET, "NETWORKS": "127.0.0.1", **more}
    return {f"PALCO_OIDC_{name.upper()}_{key}": value for key, value in named.items()}


class Key:
    """One that signs, by RS256 or ES256."""

    def __init__(self, algorithm="RS256"):
        self.algorithm = algorithm
        self.name = secrets.token_hex(4)
        rsa_key = algorithm == "RS256"
        self.private = rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())

    def sign(self, data):
        if self.algorithm == "RS256":
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        numbers = utils.decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
        return b"".join(number.to_bytes(32, "big") for number in numbers)

    def public(self):
        numbers = self.private.public_key().public_numbers()
        if self.algorithm == "RS256":
            values = {"kty": "RSA", "n": encoded(numbers.n.to_bytes(256, "big")), "e": "AQAB"}
        else:
            x, y = (encoded(value.to_bytes(32, "big")) for value in (numbers.x, numbers.y))
            values = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        return {**values, "kid": self.name, "use": "sig", "alg": self.algorithm}

    def pem(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


class StrictProvider:
    """Checks the client's secret, the redirect address, PKCE, and that a code comes once. `fault` names what it does wrong, and
    `person` says who has come."""

    def __init__(self):
        self.fault = None
        self.person = {"sub": "ann", "email": "ann@example.org", "email_verified": True, "name": "Ann"}
        self.keys = [Key()]
        # What the client did, in order.
        self.asked = []
        self.complaints = []
        self.codes = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                provider.answer(self, None)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
                provider.answer(self, dict(urllib.parse.parse_qsl(body)))

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def count(self, path):
        return self.asked.count(path)

    def answer(self, request, form):
        parts = urllib.parse.urlsplit(request.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        self.asked.append(parts.path)
        if parts.path == "/go":
            return self._go(request, query)
        made = {
            "/.well-known/openid-configuration": self._document, "/keys": self._keys, "/me": lambda: self._me(request),
            "/token": lambda: self._token(request, form or {}),
        }.get(parts.path)  # fmt: skip
        status, body = made() if made else (404, {})
        data = json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def _document(self):
        return 200, {
            "issuer": "https://evil.example.org" if self.fault == "discovery_issuer" else self.issuer,
            "authorization_endpoint": f"{self.issuer}/go", "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/me", "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/out",
            "authorization_response_iss_parameter_supported": self.fault in ("answer_issuer", "answer_without_issuer"),
        }  # fmt: skip

    def _keys(self):
        keys = [key.public() for key in self.keys]
        if self.fault == "kid_absent_multiple":
            keys.append(Key().public())
        return 200, {"keys": keys}

    def _go(self, request, query):
        if query.get("code_challenge_method") != "S256" or query.get("response_type") != "code":
            self.complaints.append(f"the request {query}")
        code = secrets.token_urlsafe(8)
        self.codes[code] = query
        back = {"code": code, "state": query["state"]}
        if self.fault == "answer_issuer":
            back["iss"] = "https://evil.example.org"
        request.send_response(302)
        request.send_header("Location", query["redirect_uri"] + "?" + urllib.parse.urlencode(back))
        request.end_headers()

    def _token(self, request, form):
        quoted = [urllib.parse.quote(each, safe="") for each in (CLIENT, SECRET)]
        basic = "Basic " + base64.b64encode(":".join(quoted).encode()).decode()
        began = self.codes.pop(form.get("code"), None)
        verifier = form.get("code_verifier", "")
        if self.fault == "client_secret" or request.headers["Authorization"] != basic:
            return 401, {"error": "invalid_client"}
        if (
            not began
            or began["redirect_uri"] != form.get("redirect_uri")
            or began["code_challenge"] != encoded(hashlib.sha256(verifier.encode()).digest())
        ):
            self.complaints.append(f"the code of {form}")
            return 400, {"error": "invalid_grant"}
        if self.fault == "keys_change_before":
            self.keys = [Key()]
        token = self.token(self.claims(began["nonce"]))
        return 200, {"access_token": "the-access-token", "token_type": "Bearer", "id_token": token}

    def _me(self, request):
        if request.headers["Authorization"] != "Bearer the-access-token":
            return 401, {}
        return 200, {**self.person, "sub": "other"} if self.fault == "userinfo_subject" else self.person

    def claims(self, nonce):
        now = int(time.time())
        half = hashlib.sha256(b"the-access-token").digest()[:16]
        claims = {
            "iss": self.issuer, "aud": CLIENT, "sub": self.person["sub"], "exp": now + 300, "iat": now, "nonce": nonce,
            "at_hash": encoded(half), "sid": "session-" + self.person["sub"],
        }  # fmt: skip
        changes = {
            "issuer": {"iss": "https://evil.example.org"}, "subject_missing": {"sub": None},
            "audience": {"aud": "somebody"}, "audience_missing": {"aud": None}, "issued_at_missing": {"iat": None},
            "nonce": {"nonce": "another"}, "nonce_missing": {"nonce": None}, "authorized_party": {"azp": "somebody"},
            "audiences": {"aud": [CLIENT, "somebody"]}, "expired": {"exp": now - 300}, "future": {"iat": now + 600},
            "access_token_hash": {"at_hash": encoded(b"0123456789abcdef")},
        }  # fmt: skip
        claims.update(changes.get(self.fault, {}))
        return {key: value for key, value in claims.items() if value is not None}

    def token(self, claims):
        key = self.keys[0]
        if self.fault == "es256":
            self.keys = [key := Key("ES256")]
        head = {"alg": key.algorithm, "kid": key.name}
        if self.fault in ("kid_absent", "kid_absent_multiple"):
            del head["kid"]
        if self.fault == "unsigned":
            head = {"alg": "none"}
        if self.fault in ("hs256_secret", "hs256_public_key"):
            head["alg"] = "HS256"
        signed = ".".join(encoded(json.dumps(part).encode()) for part in (head, claims)).encode()
        if self.fault == "unsigned":
            signature = b""
        elif self.fault == "hs256_secret":
            signature = hmac.digest(SECRET.encode(), signed, "sha256")
        elif self.fault == "hs256_public_key":
            signature = hmac.digest(key.pem(), signed, "sha256")
        else:
            signature = key.sign(signed)
        if self.fault in ("signature", "es256_signature"):
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        return f"{signed.decode()}.{encoded(signature)}"

    def logout_token(self, **changes):
        claims = {**self.claims("no"), "events": {EVENT: {}}, "jti": secrets.token_hex(8), **changes}
        for name in ("nonce", "at_hash"):
            claims.pop(name)
        return self.token({key: value for key, value in claims.items() if value is not None})


class NanoProvider:
    """PyPI nanoidp, a provider that others wrote: checks PKCE, and takes a code once."""

    PASSWORD = "Anns-own-1-word"
    # Without characters that RFC 6749 2.3.1 has encoded in a field of basic authentication: this provider does not decode them.
    SECRET = "a-plain-secret"

    def __init__(self, program, folder, port, redirects):
        self.issuer = f"http://127.0.0.1:{port}"
        configuration = folder / "configuration"
        subprocess.run([program, "init", configuration], check=True, capture_output=True, cwd=folder)
        client = {"client_id": CLIENT, "client_secret": self.SECRET, "redirect_uris": redirects}
        # JSON is YAML.
        (configuration / "settings.yaml").write_text(
            json.dumps(
                {
                    "config_version": 1,
                    "server": {"host": "127.0.0.1", "port": port},
                    "oauth": {"issuer": self.issuer, "audience": CLIENT, "clients": [client]},
                }
            )
        )
        people = {
            name: {"password": self.PASSWORD, "email": f"{name}@example.org", "roles": ["USER"], "groups": [group]}
            for name, group in (("ann", "makers"), ("zoe", "viewers"))
        }
        (configuration / "users.yaml").write_text(json.dumps({"config_version": 1, "users": people}))
        arguments = ["--config", configuration, "--host", "127.0.0.1", "--port", str(port), "--profile", "oauth21"]
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen([program, *arguments], cwd=folder, stdout=self.log, stderr=self.log)
        wait_until(self._answers, "nanoidp answers", 60)

    def _answers(self):
        assert self.process.poll() is None, "nanoidp ended"
        with contextlib.suppress(OSError), urllib.request.urlopen(
            self.issuer + "/.well-known/openid-configuration", timeout=5
        ) as answer:
            return json.load(answer)["issuer"] == self.issuer

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
