"""Mail as a real mail server and Python's own parser see it: TLS, sign-in, refusals, a server that is away, and what is in it."""

import email
import os
import re
import signal
import subprocess
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from mail_server import PASSWORD, MailServer
from palco import ADMIN_EMAIL, binary
from prometheus_client.parser import text_string_to_metric_families
from waiting import wait_until

CHOSEN = "Correct-Horse-7"


@pytest.fixture
def mail_server(authority, tmp_path):
    """`mail_server(tls=…)`: a running one."""
    made = []

    def make(**options):
        options.setdefault("authority", authority if options.get("tls", "starttls") else None)
        made.append(MailServer(folder=tmp_path, **options).start())
        return made[-1]

    yield make
    for each in made:
        each.stop()


def register(client, email, **more):
    body = {"email": email, "password": CHOSEN, "name": "Ann", **more}
    answer = client.post("/auth/register", body).expect(202)
    assert answer.json() == {"status": "verification_sent"}


def token_of(message, page="verify", name="token"):
    """The same in the text and on the page."""
    found = {
        re.search(rf"https://video\.example\.org/{page}#{name}=([\w-]+)", message.get_body((kind,)).get_content()).group(1)
        for kind in ("plain", "html")
    }
    assert len(found) == 1
    return found.pop()


def numbers(palco):
    text = palco.client().get("//metrics", token=False).text
    found = {sample.name: sample.value for family in text_string_to_metric_families(text) for sample in family.samples}
    return {name.removeprefix("palco_mails").strip("_").removesuffix("_total"): value for name, value in found.items() if "palco_mails" in name}


@pytest.mark.parametrize("tls", ["starttls", "implicit", None])
def test_a_registration_is_verified_by_the_mail(own_server, mail_server, tls):
    mails = mail_server(tls=tls, signs_in=tls is not None)
    palco = own_server(mails.settings(PALCO_REGISTRATION="open")).start()
    client = palco.client()
    register(client, "ann@example.org")
    message = mails.wait()
    sender, recipients, encrypted, _ = mails.taken[0]
    assert (sender, recipients, encrypted) == ("noreply@example.org", ["ann@example.org"], tls is not None)
    assert message["Subject"] == "Confirm your e-mail address" and message["To"] == "ann@example.org"
    assert message["From"] == "Palco <noreply@example.org>" and message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime.tzinfo and re.fullmatch(r"<[\w-]+@example\.org>", message["Message-ID"])
    assert not message.defects and [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    body = {"token": token_of(message), "password": CHOSEN}
    assert client.post("/auth/verify", body).expect(200).json()["user"]["email"] == "ann@example.org"
    wait_until(lambda: numbers(palco)["sent"] == 1 and numbers(palco)[""] == 0, lambda: numbers(palco))
    log = "\n".join(palco.lines)
    assert token_of(message) not in log and PASSWORD not in log and "ann@example.org" not in log


def test_nobody_gets_mail_who_is_not_who_they_say(own_server, mail_server, authority, tmp_path):
    """Another name in the certificate, an authority that nobody knows, no TLS at all: nothing is said."""
    wrong_name = mail_server(hosts=("DNS:mail.example.net",))
    unknown = mail_server()
    plain = mail_server(tls=None, signs_in=False)
    without_tls = {"PALCO_SMTP": f"smtp://localhost:{plain.port}"}
    for mails, settings in [
        (wrong_name, {}), (unknown, {"PALCO_SMTP_CA": ""}), (plain, without_tls),
    ]:  # fmt: skip
        palco = own_server(mails.settings(PALCO_REGISTRATION="open", **settings), name=f"data-{mails.port}").start()
        register(palco.client(), "ann@example.org")
        wait_until(lambda palco=palco: numbers(palco)["failed"] >= 1, lambda palco=palco: numbers(palco))
        assert numbers(palco)[""] == 1 and not mails.taken
        assert not [line for line in mails.commands if "MAIL" in line or line.startswith("235")]
        palco.stop()


def test_a_wrong_password_keeps_the_mail_waiting(own_server, mail_server):
    mails = mail_server()
    palco = own_server(mails.settings(PALCO_REGISTRATION="open", PALCO_SMTP_PASSWORD="Wrong-Horse-8")).start()
    register(palco.client(), "ann@example.org")
    wait_until(lambda: numbers(palco)["failed"] >= 1, lambda: numbers(palco))
    assert numbers(palco)[""] == 1 and not mails.taken
    palco.stop()
    assert "Wrong-Horse-8" not in "\n".join(palco.lines)
    # The operator mends it.
    palco.settings["PALCO_SMTP_PASSWORD"] = PASSWORD
    palco.start()
    assert mails.wait()["To"] == "ann@example.org"


def test_what_is_refused_now_comes_later_and_what_is_refused_for_good_does_not(own_server, mail_server):
    mails = mail_server()
    mails.answers = {"grey@example.org": ["451 4.7.1 come again"], "nobody@example.org": ["550 5.1.1 nobody"] * 9}
    palco = own_server(mails.settings(PALCO_REGISTRATION="open")).start()
    for name in ("grey", "nobody"):
        register(palco.client(), f"{name}@example.org")
    assert mails.wait()["To"] == "grey@example.org"
    wait_until(lambda: numbers(palco)[""] == 0, lambda: numbers(palco))
    assert len(mails.taken) == 1 and len(mails.answers["nobody@example.org"]) == 8
    assert (numbers(palco)["sent"], numbers(palco)["failed"], numbers(palco)["dropped"]) == (1, 2, 1)


def test_a_mail_outlives_a_server_that_is_killed_and_a_mail_server_that_is_away(own_server, mail_server):
    mails = mail_server()
    mails.stop()
    palco = own_server(mails.settings(PALCO_REGISTRATION="open")).start()
    client = palco.client()
    register(client, "ann@example.org")
    wait_until(lambda: numbers(palco)["failed"] == 1, lambda: numbers(palco))
    palco.kill()
    palco.start()
    assert numbers(palco)["sent"] == 0
    mails.start()
    token = token_of(mails.wait())
    palco.client().post("/auth/verify", {"token": token, "password": CHOSEN}).expect(200)


def test_a_mail_that_was_under_way_when_the_server_was_killed_is_sent_by_the_next(own_server, mail_server):
    mails = mail_server()
    mails.answers = {"ann@example.org": ["hang"], "bob@example.org": ["hang"]}
    palco = own_server(mails.settings(PALCO_REGISTRATION="open")).start()
    for name in ("ann", "bob", "cid"):
        register(palco.client(), f"{name}@example.org")
    # A mail server that is slow with some holds up no other.
    assert mails.wait()["To"] == "cid@example.org"
    wait_until(lambda: not mails.answers["ann@example.org"] and not mails.answers["bob@example.org"], "both are under way")
    os.kill(palco.pid, signal.SIGKILL)
    palco.kill()
    palco.start()
    mails.wait(3)
    assert sorted(message["To"] for message in mails.messages()) == [f"{name}@example.org" for name in ("ann", "bob", "cid")]


@pytest.mark.parametrize(
    "name",
    [
        'Ann "the cat" <eve@example.net>, Bob', "Анна Ивановна Длинноимённая-Долгорукая из Ростова-на-Дону", "=?utf-8?q?x?=",
        "Bcc: eve@example.net", "<b>Ann</b> & \\ Co",
    ],
)  # fmt: skip
def test_a_name_is_a_name_whatever_it_holds(own_server, mail_server, name):
    mails = mail_server()
    palco = own_server(mails.settings()).start()
    admin = palco.admin()
    admin.request("PATCH", "/auth/me", {"name": name, "locale": "ru"}).expect(200)
    palco.client().post("/auth/password/forgot", {"email": ADMIN_EMAIL}).expect(202)
    message = mails.wait()
    assert [str(address.addr_spec) for address in message["To"].addresses] == [ADMIN_EMAIL]
    # Python's newer parser puts spaces between the parts of a long name.
    words, address = parseaddr(email.message_from_bytes(mails.taken[0][3])["To"].replace("\r\n", ""))
    assert (str(make_header(decode_header(words))), address) == (name, ADMIN_EMAIL)
    assert sorted(set(message.keys())) == [
        "Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To",
    ]  # fmt: skip
    assert mails.taken[0][1] == [ADMIN_EMAIL] and message["Subject"] == "Выберите новый пароль"
    page = message.get_body(("html",)).get_content()
    assert "<b>Ann" not in page and "<eve@" not in page
    assert f"Здравствуйте, {name}!" in message.get_body(("plain",)).get_content()
    assert all(len(line) <= 78 for line in mails.taken[0][3].split(b"\r\n"))


@pytest.mark.parametrize(
    "field, value",
    [
        ("email", "ann@example.org\r\nBcc: eve@example.net"), ("email", "ann@example.org>\r\nRCPT TO:<eve@example.net"),
        ("email", "ann@example.org,eve@example.net"), ("email", "ann@example.org\n"), ("name", "Ann\r\nBcc: eve@example.net"),
        ("name", "Ann\x00"), ("locale", "ru\r\nX: y"),
    ],
)  # fmt: skip
def test_what_would_begin_a_field_or_a_command_is_refused(own_server, mail_server, field, value):
    mails = mail_server(tls=None, signs_in=False)
    palco = own_server(mails.settings(PALCO_REGISTRATION="open")).start()
    wish = {"email": "ann@example.org", "password": CHOSEN, "name": "Ann", field: value}
    answer = palco.client().post("/auth/register", wish)
    if value.endswith("org\n"):
        # Space around an address is no part of it.
        answer.expect(202)
        assert mails.wait()["To"] == "ann@example.org" and mails.taken[0][1] == ["ann@example.org"]
    else:
        assert answer.expect(422).json()["errors"][0]["field"] == field
        assert not mails.taken


def test_the_doctor_tries_the_mail_server(mail_server, tmp_path):
    mails = mail_server()

    def doctor(**settings):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PALCO_")}
        command = [binary(), "doctor", "--data", str(tmp_path / "data")]
        environment |= mails.settings(**settings)
        text = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, cwd=tmp_path).stdout
        return re.search(r"^\S+ +mail .*", text, re.MULTILINE).group()

    assert f"smtp://localhost:{mails.port} answers, and lets this user in" in doctor()
    wrong = doctor(PALCO_SMTP_PASSWORD="Wrong-Horse-8")
    assert "535" in wrong and "Wrong-Horse" not in wrong
    assert "answers" not in doctor(PALCO_SMTP_CA="")
    mails.stop()
    assert "answers" not in doctor()
    assert not mails.taken
