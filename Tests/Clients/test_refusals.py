"""Answers of the contract that need a crowd, a kernel that gives less, or a person who is kept out."""

import contextlib
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from palco import ADMIN_EMAIL, ADMIN_PASSWORD, Palco
from places import sql
from test_command_line import palco as command
from test_tus import BODY, VERSION, metadata, patch
from waiting import until_refused

PASSWORD = "Another-1-password"
OVERRIDE = {"X-HTTP-Method-Override": "PATCH"}


def person(palco, email):
    made = command("admin", "create", "--data", palco.data, "--email", email, settings={"PALCO_ADMIN_PASSWORD": PASSWORD})
    assert made.returncode == 0, made.stderr


def test_somebody_who_is_kept_out(own_server):
    palco = own_server().start()
    person(palco, "out@example.org")
    sql(palco.data, "UPDATE users SET is_disabled = 1 WHERE email = 'out@example.org'")
    answer = palco.client().post("/auth/login", {"email": "out@example.org", "password": PASSWORD})
    assert (answer.status, answer.code) == (403, "account_disabled")
    assert palco.stop() == 0


def test_a_crowd_at_the_hashing_threads(own_server, films):
    """One address or person has sixteen places in the line; more are told to come again, and nobody is locked out."""
    palco = own_server().start()
    admin = palco.admin()
    # Ten tries at once for each: more would be guesses.
    videos = [
        admin.upload(films.copy(films.bikes, f"crowd{number}"), title="Locked", password="opensesame").expect(201).json()["id"]
        for number in range(4)
    ]

    def crowd(ask, count=60):
        with ThreadPoolExecutor(count) as pool:
            return {answer.status for answer in pool.map(lambda number: ask(palco.client(), number), range(count))}

    def as_admin(client, path, body):
        client.token = admin.token
        return client.post(path, body)

    unlock = {"password": "opensesame"}
    answers = crowd(lambda client, number: as_admin(client, f"/videos/{videos[number % 4]}/unlock", unlock), 40)
    assert answers == {200, 503}
    same = {"current_password": ADMIN_PASSWORD, "new_password": ADMIN_PASSWORD}
    # More than five at once are guesses.
    assert crowd(lambda client, _: as_admin(client, "/auth/password", same), 40) == {422, 429}
    wrong = [{"email": f"nobody{number}@example.org", "password": "Wrong-1-password"} for number in range(40)]
    assert crowd(lambda client, number: client.post("/auth/login", wrong[number]), 40) == {401, 503}
    palco.client().login(ADMIN_EMAIL, ADMIN_PASSWORD)
    assert palco.stop() == 0


def test_guesses_with_a_stolen_session_are_counted(own_server):
    palco = own_server().start()
    admin = palco.admin()
    wrong = {"current_password": "Wrong-1-password", "new_password": PASSWORD}
    statuses = [admin.post("/auth/password", wrong).status for _ in range(7)]
    assert statuses == [422] * 5 + [423] * 2
    assert palco.stop() == 0


def test_a_browser_goes_on_after_its_password_was_changed(own_server):
    palco = own_server().start()
    person(palco, "browser@example.org")
    client = palco.client()

    def jar(answer, before=()):
        pairs = dict(before)
        pairs |= dict(cookie.split(";")[0].split("=", 1) for cookie in answer.headers.get_all("Set-Cookie"))
        return pairs, {"Cookie": "; ".join(f"{name}={value}" for name, value in pairs.items()),
                       "X-CSRF-Token": pairs["palco_csrf"]}  # fmt: skip

    old, headers = jar(client.post("/auth/login", {"email": "browser@example.org", "password": PASSWORD}).expect(200))
    change = {"current_password": PASSWORD, "new_password": PASSWORD + "-2"}
    new, after = jar(client.post("/auth/password", change, headers=headers).expect(204), old)
    assert new["palco_session"] != old["palco_session"]
    client.get("/auth/me", headers=after).expect(200)
    client.get("/auth/me", headers=headers).expect(401)
    assert palco.stop() == 0


def test_unknown_refresh_tokens_are_counted(own_server):
    palco = own_server().start()
    client = palco.client()
    refused = until_refused(lambda number: client.post("/auth/refresh", {"refresh_token": f"{number:043}"}), 401, 60)
    assert refused.headers["RateLimit-Limit"] == "60" and refused.headers["Retry-After"] == "1"
    assert palco.stop() == 0


def test_a_kernel_that_confines_nothing(tool, tmp_path):
    """What was begun before is not gone on with, and nothing new is taken."""
    palco = Palco(tmp_path / "data").start()
    address = palco.admin().post(
        "/uploads", headers={**VERSION, "Upload-Length": "10", "Upload-Metadata": metadata(filename="a.mp4")}
    ).expect(201).headers["Location"]  # fmt: skip
    assert palco.stop() == 0
    wrapper = tmp_path / "without_landlock"
    source = Path(__file__).with_name("without_landlock.c")
    subprocess.run([tool("clang", "gcc", "cc"), "-Wall", "-Werror", "-o", wrapper, source], check=True)
    palco = Palco(tmp_path / "data", wrapper=[wrapper]).start()
    admin = palco.admin()
    answers = [
        admin.upload_stream(iter([b"x"]), 1, "a.mp4"),
        admin.post("/uploads", headers={**VERSION, "Upload-Length": "10", "Upload-Metadata": metadata(filename="a.mp4")}),
        patch(admin, address, 0, b"x"),
        admin.post(address, b"x", headers={**BODY, **OVERRIDE, "Upload-Offset": "0"}),
    ]
    assert [(answer.status, answer.code) for answer in answers] == [(503, "sandbox_unavailable")] * 4
    assert palco.stop() == 0


def test_streams_of_one_person(own_server, films):
    palco = own_server().start()
    admin = palco.admin()
    video = admin.upload(films.bikes, title="Bikes").expect(201).json()["id"]
    with contextlib.ExitStack() as stack:
        for _ in range(8):
            stack.enter_context(admin.stream("/videos/events"))
        for path in ("/videos/events", f"/videos/{video}/events"):
            answer = admin.get(path)
            assert (answer.status, answer.code) == (429, "too_many_streams")
    assert palco.stop() == 0
