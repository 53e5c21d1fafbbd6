"""API tokens, the audit, settings and the system: over HTTP, and by `palco user`, `palco token` and `palco audit`."""

import csv
import io
import json
import os
import re
import subprocess
import uuid

import pytest
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, binary
from places import engines_of
from waiting import wait_until


def palco(server, *arguments, text=""):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PALCO_")}
    environment.update(engines_of(server.data))
    return subprocess.run(
        [binary(), *arguments, "--data", str(server.data)], capture_output=True, text=True, input=text, timeout=60,
        env=environment, cwd=server.data,
    )  # fmt: skip


def done(answer, status=0):
    assert answer.returncode == status, answer.stdout + answer.stderr
    return answer.stdout


def make_token(client, *scopes, name="Robot", days=30):
    wish = {"name": name, "scopes": list(scopes), "expires_in_days": days}
    return client.post("/auth/tokens", wish).expect(201).json()


def program(server, made):
    client = server.client()
    client.token = made["token"]
    return client


def remove(client, made):
    return client.request("DELETE", f"/auth/tokens/{made['id']}")


def test_a_token_is_shown_once_and_ends_at_once(server):
    admin = server.admin()
    made = make_token(admin, "read")
    assert re.fullmatch("palco_[0-9a-f]{72}", made["token"])

    def listed():
        return {each["id"]: each for each in admin.get("/auth/tokens").expect(200).json()["data"]}[made["id"]]

    assert "token" not in listed() and listed()["last_used_at"] is None
    robot = program(server, made)
    robot.get("/videos").expect(200)
    remove(admin, made).expect(204)
    assert robot.get("/videos").expect(401).code == "invalid_token"
    assert remove(admin, made).expect(404).code == "token_not_found"
    stranger = server.client()
    stranger.get("/auth/tokens").expect(401)
    stranger.post("/auth/tokens", {}).expect(401)
    remove(stranger, made).expect(401)


def test_a_token_makes_no_token(server):
    made = make_token(server.admin(), "read", "upload", "manage", "administer")
    robot = program(server, made)
    assert robot.get("/auth/tokens").expect(403).code == "session_required"
    robot.post("/auth/tokens", {"name": "More", "scopes": ["read"], "expires_in_days": 1}).expect(403)
    remove(robot, made).expect(403)
    robot.post("/auth/password", {"current_password": ADMIN_PASSWORD, "new_password": "Another-1-word"}).expect(403)


def test_what_cannot_be_is_refused(server):
    admin = server.admin()
    wish = {"name": "Robot", "scopes": ["read"], "expires_in_days": 30}
    for wrong in ({"name": ""}, {"scopes": ["all"]}, {"expires_in_days": 367}):
        admin.post("/auth/tokens", wish | wrong).expect(422)
    admin.post("/auth/tokens", wish | {"name": "a" * (17 << 10)}).expect(413)


def test_a_person_has_fifty(own_server):
    server = own_server().start()
    admin = server.admin()
    for _ in range(50):
        make_token(admin, "read")
    wish = {"name": "One more", "scopes": ["read"], "expires_in_days": 1}
    assert admin.post("/auth/tokens", wish).expect(409).code == "too_many_tokens"


def test_each_operation_asks_a_token_for_its_scope(server):
    """Of an administrator: with every scope but the one that is needed nobody comes in."""
    admin = server.admin()
    every = {"read", "upload", "manage", "administer"}
    lacking = {scope: program(server, make_token(admin, *(every - {scope}))) for scope in every}
    document = admin.contract().document
    tried = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            # What a grant opens asks nobody for a token before.
            if operation.get("security") == [] or "{grant}" in path:
                continue
            target = re.sub(r"\{[^}]+\}", str(uuid.uuid4()), path)
            answers = {
                scope: client.request(method.upper(), target, headers={"Tus-Resumable": "1.0.0"})
                for scope, client in lacking.items()
                # With this one it would be done.
                if (scope, method, path) not in DONE
            }
            refused = {scope for scope, answer in answers.items() if answer.status == 403}
            codes = {answers[scope].code for scope in refused if method != "head"}
            assert len(refused) == 1 or codes == {"session_required"}, f"{method} {path}: {answers}"
            tried |= refused if len(refused) == 1 else set()
    assert tried == every


# A stream that does not end.
DONE = {(scope, "get", "/videos/events") for scope in ("upload", "manage", "administer")}


def entries(admin, query):
    return admin.get(f"/admin/audit?{query}").expect(200).json()["data"]


def test_the_audit_tells_who_did_what_from_where(server):
    admin = server.admin()
    (entry,) = entries(admin, "action=user.signed_in&limit=1")
    assert entry["actor"]["name"] == ADMIN_EMAIL and entry["actor"]["kind"] == "person" and entry["address"] == "127.0.0.1"
    made = make_token(admin, "administer", name="=HYPERLINK(1)")
    robot = program(server, made)
    (entry,) = entries(robot, f"target={made['id']}")
    assert entry["action"] == "token.created" and entry["after"]["scopes"] == ["administer"]
    page = robot.get("/admin/audit?limit=1").expect(200).json()
    following = robot.get(f"/admin/audit?limit=1&cursor={page['next_cursor']}").expect(200).json()
    assert following["data"][0]["id"] != page["data"][0]["id"]
    robot.get("/admin/audit?from=yesterday").expect(422)
    table = robot.get("/admin/audit/export?action=token.created").expect(200)
    rows = list(csv.DictReader(io.StringIO(table.text, newline="")))
    assert {row["action"] for row in rows} == {"token.created"}
    assert "'=HYPERLINK(1)" in {row["target_name"] for row in rows}
    lines = robot.get(f"/admin/audit/export?format=jsonl&target={made['id']}").expect(200).text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [entry["id"]]
    (exported,) = entries(admin, "action=audit.exported&limit=1")
    assert exported["actor"]["kind"] == "token" and exported["actor"]["token_id"] == made["id"]
    robot.get("/admin/audit/export?format=xml").expect(422)
    assert made["token"][6:] not in table.text + robot.get("/admin/audit/export").text


def test_the_audit_tells_of_groups_and_of_links(server):
    admin = server.admin()
    wish = {"email": f"{uuid.uuid4()}@example.org", "name": "Ann", "role": "user"}
    made = admin.post("/admin/users", wish).expect(201).json()["user"]
    group = admin.post("/admin/groups", {"name": f"Club {uuid.uuid4()}"}).expect(201).json()
    for method in ("PUT", "PUT", "DELETE", "DELETE"):
        admin.request(method, f"/admin/groups/{group['id']}/members/{made['id']}").expect(204)
    admin.request("DELETE", f"/admin/groups/{group['id']}").expect(204)
    told = entries(admin, f"target={made['id']}")
    assert sorted(entry["action"] for entry in told) == [
        "group.member_added", "group.member_removed", "user.created", "user.reset_link_issued",
    ]  # fmt: skip
    assert all(entry["actor"]["name"] == ADMIN_EMAIL and entry["address"] == "127.0.0.1" for entry in told)
    (added,) = (entry for entry in told if entry["action"] == "group.member_added")
    assert added["before"] is None and added["after"] == {"group": group["name"]}
    assert {entry["action"] for entry in entries(admin, f"target={group['id']}")} == {"group.created", "group.removed"}


def test_only_administrators_see_the_server(server):
    stranger = server.client()
    done(palco(server, "user", "create", "--email", "viewer@example.org", "--password-stdin", text=ADMIN_PASSWORD + "\n"))
    viewer = server.client()
    viewer.login("viewer@example.org", ADMIN_PASSWORD)
    for path in ("audit", "audit/export", "settings", "system"):
        stranger.get(f"/admin/{path}").expect(401)
        viewer.get(f"/admin/{path}").expect(403)
    admin = server.admin()
    settings = {each["name"]: each for each in admin.get("/admin/settings").expect(200).json()["data"]}
    assert settings["PALCO_ADMIN_EMAIL"]["value"] == ADMIN_EMAIL
    assert settings["PALCO_ADMIN_PASSWORD"] == {
        "name": "PALCO_ADMIN_PASSWORD", "value": None, "source": "environment", "is_secret": True,
    }  # fmt: skip
    assert settings["PALCO_GRANT_LIFETIME"]["source"] == "default"
    system = admin.get("/admin/system").expect(200).json()
    assert all(each["version"] for each in system["encoder"]) and system["database"]["version"]
    if system["database"]["name"] == "PostgreSQL":
        # The server's own process tells of itself every few seconds.
        wait_until(lambda: admin.get("/admin/system").json()["workers"], "a worker is listed")


class TestCommands:
    """Beside a running server, which obeys at once or within the seconds that it remembers a session."""

    @pytest.fixture
    def server(self, own_server):
        return own_server().start()

    def test_people(self, server):
        made = json.loads(done(palco(server, "user", "create", "--email", "ann@example.org", "--role", "creator", "--json")))
        assert made["user"]["role"] == "creator"
        ann = server.client()
        ann.login("ann@example.org", made["password"])
        listed = [json.loads(line) for line in done(palco(server, "user", "list", "--json")).splitlines()]
        assert {each["email"] for each in listed} == {"ann@example.org", ADMIN_EMAIL}
        assert "ann@example.org" in done(palco(server, "user", "list", "--role", "creator"))
        assert "ann@example.org" not in done(palco(server, "user", "list", "--role", "admin"))
        done(palco(server, "user", "role", "--email", "ann@example.org", "--role", "premium"))
        wait_until(lambda: ann.get("/auth/me").json()["role"] == "premium", "the server knows the role")
        done(palco(server, "user", "disable", "--email", "ann@example.org"))
        wait_until(lambda: ann.get("/auth/me").status == 401, "the session has ended")
        assert "disabled" in done(palco(server, "user", "list", "--state", "disabled"))
        done(palco(server, "user", "enable", "--email", "ann@example.org"))
        done(palco(server, "user", "reset", "--email", "ann@example.org", "--password-stdin", text="Yet-Another-1-word\n"))
        server.client().login("ann@example.org", "Yet-Another-1-word")
        told = [entry["action"] for entry in entries(server.admin(), "actor=&limit=50") if entry["actor"]["kind"] == "command"]
        assert sorted(told) == [
            "user.created", "user.disabled", "user.enabled", "user.password_changed", "user.role_changed",
        ]  # fmt: skip

    def test_what_is_given_wrong_ends_with_65_and_what_is_typed_wrong_with_64(self, server):
        nobody = palco(server, "user", "role", "--email", "nobody@example.org", "--role", "user")
        assert nobody.returncode == 65 and "no account" in nobody.stderr
        for wrong in (
            ("user", "role", "--email", ADMIN_EMAIL, "--role", "emperor"), ("user", "create", "--email", "not an address"),
            ("user", "disable", "--email", ADMIN_EMAIL), ("token", "remove", "--id", "x"),
            ("token", "create", "--email", ADMIN_EMAIL, "--name", "A", "--scopes", "everything", "--days", "1"),
            ("audit", "export", "--format", "xml"), ("audit", "export", "--from", "yesterday"),
        ):  # fmt: skip
            answer = palco(server, *wrong)
            assert answer.returncode == 65 and answer.stderr.startswith("palco: "), wrong
        for wrong in (("user", "dance"), ("user", "role", "--role", "user"), ("token", "create"), ("user", "list", "--json=1")):
            assert palco(server, *wrong).returncode == 64, wrong
        answer = subprocess.run(
            [binary(), "user", "list", "--data", str(server.data)], capture_output=True, env={"PALCO_PORT": "many"}, timeout=60
        )
        assert answer.returncode == 78
        server.admin()

    def test_a_list_of_people(self, server):
        people = "email,name,role\nann@example.org,Ann,user\nbob@example.org,Bob,emperor\n"
        dry = palco(server, "user", "import", "--file", "-", "--dry-run", text=people)
        assert dry.returncode == 65 and "line 3, bob@example.org" in dry.stdout
        assert "ann@example.org" not in done(palco(server, "user", "list"))
        answer = palco(server, "user", "import", "--file", "-", "--json", text=people)
        outcome = json.loads(answer.stdout)
        assert answer.returncode == 65 and outcome["created"] == 1 and outcome["refused"][0]["line"] == 3
        assert "ann@example.org" in done(palco(server, "user", "list"))

    def test_tokens(self, server):
        scopes = ("--scopes", "read,manage", "--days", "7", "--json")
        made = json.loads(done(palco(server, "token", "create", "--email", ADMIN_EMAIL, "--name", "Night", *scopes)))
        robot = program(server, made)
        robot.get("/videos").expect(200)
        robot.get("/admin/audit").expect(403)
        (listed,) = json.loads(done(palco(server, "token", "list", "--email", ADMIN_EMAIL, "--json")))
        assert listed["id"] == made["id"] and "token" not in listed
        assert "Night" in done(palco(server, "token", "list", "--email", ADMIN_EMAIL))
        done(palco(server, "token", "remove", "--id", made["id"]))
        wait_until(lambda: robot.get("/videos").status == 401, "the token has ended")

    def test_the_audit(self, server):
        server.admin()
        lines = done(palco(server, "audit", "export", "--format", "jsonl")).splitlines()
        actions = [json.loads(line)["action"] for line in lines]
        assert "user.signed_in" in actions
        rows = list(csv.DictReader(io.StringIO(done(palco(server, "audit", "export", "--action", "audit.exported")), newline="")))
        assert rows[0]["actor_kind"] == "command" and rows[0]["actor_name"]
