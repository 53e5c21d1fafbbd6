"""The whole contract with requests that nobody thought of: schemathesis makes them from api/openapi.yaml.

Each operation is asked as nobody, as a user and as an administrator, each at a server of its own, by requests that follow the contract and
by requests that break it. No answer may be a fault, have a status that is not promised, or another body than its schema says; what breaks
the contract must not be taken for good. Operations and what their addresses stand for are found in the contract, so a new one is asked as
soon as it is described. The requests are the same in each run.
"""

import email.message
import re

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import strategies
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Palco
from places import sql
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from test_command_line import palco as command
from test_tus import create

PASSWORD = "Another-1-password"
# (that follow the contract, that break it) for each operation
EXAMPLES = {"nobody": (2, 1), "user": (4, 3), "admin": (6, 4)}
CHECKS = [status_code_conformance, content_type_conformance, response_headers_conformance, response_schema_conformance]
# What ends the session, or removes what others ask for, comes last.
LAST = re.compile(r"delete |post /auth/logout|post /admin/users/\{id\}/sign-out")
SETTINGS = {
    # Wrong passwords are what is made up here, and most requests should come further than to a limit.
    "PALCO_SIGN_IN_FAILURES": "1000",
    "PALCO_MAX_UPLOADS_PER_USER": "10000",
}


def as_it_is(_, value):
    """The body of a type that is no JSON and no form."""
    value = getattr(value, "data", value)
    return {"data": value if isinstance(value, bytes) else str(value).encode()}


def serialize_bodies(document):
    """Teaches schemathesis the types of bodies that it does not know."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for kind in operation.get("requestBody", {}).get("content", {}):
                if not kind.endswith("json") and not kind.startswith("multipart/") and "urlencoded" not in kind:
                    schemathesis.serializer(kind)(as_it_is)


class House:
    """A server, what is on it, and whoever asks it."""

    def __init__(self, palco, who, films):
        self.palco = palco.start()
        self.who = who
        self.admin = palco.admin()
        self.document = self.admin.contract().document
        film = films.copy(films.bikes, f"asked by {who}")
        self.video = self.admin.upload(film, title="Asked for").expect(201).json()["id"]
        self.admin.wait(self.video, whole=True)
        self.admin.post("/admin/groups", {"name": "Asked for"}).expect(201)
        self.session = requests.Session()
        self.session.trust_env = False
        self.asker = palco.client()
        self.device = None
        self.sign_in()

    def sign_in(self):
        if self.who == "nobody":
            return
        if self.who == "user":
            address, password = "user@example.org", PASSWORD
            self.person(address, "user")
        else:
            address, password = ADMIN_EMAIL, ADMIN_PASSWORD
        # A browser that is known is not held up by what strangers got wrong.
        headers = {"Cookie": f"palco_device={self.device}"} if self.device else {}
        answer = self.asker.post("/auth/login", {"email": address, "password": password}, headers=headers, token=False).expect(200)
        cookies = dict(cookie.split(";")[0].split("=", 1) for cookie in answer.headers.get_all("Set-Cookie"))
        self.device = cookies.get("palco_device", self.device)
        self.asker.token = answer.json()["access_token"]

    def person(self, address, role):
        if sql(self.palco.data, f"SELECT id FROM users WHERE email = '{address}'"):
            return
        made = command("admin", "create", "--data", self.palco.data, "--email", address, settings={"PALCO_ADMIN_PASSWORD": PASSWORD})
        assert made.returncode == 0, made.stderr
        sql(self.palco.data, f"UPDATE users SET role = '{role}' WHERE email = '{address}'")

    def stay_signed_in(self):
        """Whatever was asked before may have ended the session."""
        if self.asker.token and self.asker.get("/auth/me").status != 200:
            self.sign_in()

    # What there is

    def known(self, template):
        """{name: values that are something} of the parameters in an address."""
        found = {}
        for name in re.findall(r"\{(\w+)\}", template):
            collection = template.partition("{" + name)[0].rstrip("/")
            values = self.collected(collection) or self.special(name, collection)
            if values:
                found[name] = values
        return found

    def collected(self, path):
        """The ids in a list of the contract that needs nothing to be asked for."""
        if "{" in path or "get" not in self.document["paths"].get(path, {}):
            return []
        # With credentials of its own, which what is asked does not end.
        answer = self.lister().get(path)
        listed = answer.json().get("data", []) if answer.status == 200 else []
        return [each["id"] for each in listed if isinstance(each, dict) and "id" in each]

    def lister(self):
        if self.admin.get("/auth/me").status != 200:
            self.person("lister@example.org", "admin")
            self.admin.login("lister@example.org", PASSWORD)
        return self.admin

    def special(self, name, collection):
        """What no list tells."""
        client = self.lister()
        if collection == "/uploads":
            return [create(client, 10, filename="a.mp4").rpartition("/")[2]]
        if name in ("grant", "rendition"):
            address = client.get(f"/videos/{self.video}/play")
            if address.status != 200:
                return []
            grant = re.search("/play/([^/]+)/", address.json()["playback_url"]).group(1)
            return [grant] if name == "grant" else ["240p", "audio", "captions0"]
        if name == "number":
            return ["0", "1"]
        if name == "share" or collection == "/shares":
            made = client.post(f"/videos/{self.video}/shares", {})
            if made.status != 201:
                return []
            return [made.json()["id"] if name == "share" else made.json()["url"].rpartition("/")[2]]
        return self.collected("/admin/users") if name == "user" else []

    # What is asked

    def ask(self, case):
        """Sends it, and gives both kinds of answer: schemathesis' and that of the other clients."""
        headers = {"Authorization": f"Bearer {self.asker.token}"} if self.asker.token else {}
        sent = case.as_transport_kwargs(base_url=f"{self.palco.url}/api/v1", headers=headers)
        found = self.session.request(**sent, stream=True, allow_redirects=False, timeout=60)
        # An event stream does not end by itself.
        is_endless = found.headers.get("Content-Type", "").startswith("text/event-stream")
        found._content = next(found.iter_content(1 << 16), b"") if is_endless else found.content
        fields = email.message.Message()
        for name, value in found.raw.headers.items():
            fields[name] = value
        if is_endless:
            found.close()
        if found.status_code == 401:
            self.stay_signed_in()
        return found, Answer(found.status_code, fields, found.content)


def examine(house, operation, mode, count, found):
    """Asks `count` requests of one operation; what is wrong goes to `found`, one request for each kind of fault."""
    known = house.known(operation.path)
    parameters = strategies.fixed_dictionaries({name: strategies.sampled_from(values) for name, values in known.items()})

    @hypothesis.settings(
        max_examples=count, derandomize=True, database=None, deadline=None, phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode), real=parameters, is_real=strategies.sampled_from([True, True, False]))
    def one(case, real, is_real):
        if is_real and real:
            case.path_parameters = {**case.path_parameters, **real}
        try:
            response, answer = house.ask(case)
        except requests.exceptions.InvalidHeader:
            # No client sends that.
            return
        checks = list(CHECKS)
        # What broke the contract may have been the value that a real one took the place of. To OPTIONS it is all the same, and an
        # empty field of a form stands for none.
        is_broken = mode == GenerationMode.NEGATIVE and not (is_real and real) and "" not in (case.query or {}).values()
        if is_broken and answer.status < 400 and case.method != "OPTIONS":
            checks.append(negative_data_rejection)
        for each in house.asker.contract().breaches(case.method.upper(), path_of(response), answer) or found_by(checks, case, response):
            sent = response.request
            found.setdefault(
                (operation.label, each.partition("\n")[0]), f"{sent.method} {sent.url}\n{dict(sent.headers)}\n{sent.body!r:.2000}\n{answer}\n{each}"
            )

    try:
        one()
    except (hypothesis.errors.Unsatisfiable, pytest.skip.Exception):
        # Nothing about it can be broken.
        assert mode == GenerationMode.NEGATIVE, operation.label


def found_by(checks, case, response):
    """What schemathesis has to say of an answer."""
    try:
        case.validate_response(response, checks=checks)
    except FailureGroup as failures:
        return [str(each) for each in failures.exceptions]
    except Failure as failure:
        return [str(failure)]
    return []


def path_of(response):
    return response.request.path_url.partition("?")[0].removeprefix("/api/v1")


@pytest.mark.parametrize("who", EXAMPLES)
def test_no_answer_is_outside_the_contract(tmp_path, films, who):
    house = House(Palco(tmp_path / "data", SETTINGS), who, films)
    serialize_bodies(house.document)
    schema = schemathesis.openapi.from_dict(house.document)
    operations = [each.ok() for each in schema.get_all_operations()]
    promised = [method for operations_of in house.document["paths"].values() for method in operations_of]
    assert len(operations) == len(promised) > 30
    operations.sort(key=lambda operation: bool(LAST.match(operation.label.lower())))
    found = {}
    for operation in operations:
        for mode, count in zip((GenerationMode.POSITIVE, GenerationMode.NEGATIVE), EXAMPLES[who], strict=True):
            examine(house, operation, mode, count, found)
    assert house.palco.client().get("//healthz", token=False).status == 200
    assert house.palco.stop() == 0
    assert not found, f"{len(found)} faults\n\n" + "\n\n".join(found.values())
    assert [line for line in house.palco.lines if '"error_id"' in line] == []


def test_a_body_that_is_no_json_is_refused(tmp_path, films):
    """By each operation that takes JSON, whatever it is about."""
    house = House(Palco(tmp_path / "data", SETTINGS), "admin", films)
    asked = 0
    for path, operations in house.document["paths"].items():
        for method, operation in operations.items():
            if "application/json" not in operation.get("requestBody", {}).get("content", {}):
                continue
            address = path
            for name, values in house.known(path).items():
                address = address.replace(f"{{{name}}}", values[0])
            for kind, body, status in (("application/json", b"{", 400), ("text/plain", b"{}", 415)):
                house.admin.request(method.upper(), address, body, headers={"Content-Type": kind}).expect(status)
            asked += 1
    assert asked > 7
    assert house.palco.stop() == 0
