"""A house that people come to by themselves, and what tests do on its pages."""

import contextlib
import re

from identity_provider import StrictProvider
from identity_provider import settings as provider_settings
from mail_server import MailServer
from network import free_port
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, Palco
from waiting import wait_until

CHOSEN = "Correct-Horse-7"
OTHER = "Another-Horse-8"


@contextlib.contextmanager
def open_to_all(data):
    """A server at which anybody may register, with its mail server and a provider of identities as `mails` and `provider`."""
    mails = MailServer(tls=None, signs_in=False).start()
    provider = StrictProvider()
    port = free_port()
    settings = {
        "PALCO_REGISTRATION": "open",
        # Links in mails and the way back from the provider lead to this server.
        **mails.settings(PALCO_PUBLIC_URL=f"http://127.0.0.1:{port}"),
        **provider_settings("house", provider.issuer, LABEL="The house", REGISTER="yes"),
    }
    palco = Palco(data, settings).start(port)
    palco.mails, palco.provider = mails, provider
    try:
        yield palco
        assert palco.stop() == 0
    finally:
        provider.close()
        mails.stop()


def client_of(palco, email=ADMIN_EMAIL, password=ADMIN_PASSWORD):
    client = palco.client()
    client.login(email, password)
    return client


def have_person(palco, email, role="creator", password=CHOSEN):
    palco.admin().post("/admin/users", {"email": email, "name": email.partition("@")[0], "role": role, "password": password}).expect(201)
    return email, password


def password_field(page, label="Password"):
    return page.get_by_label(label, exact=True)


def fill_in(page, email, password):
    page.get_by_label("E-mail address").fill(email)
    password_field(page).fill(password)
    page.keyboard.press("Enter")


def focused(page):
    return page.evaluate("document.activeElement.name || document.activeElement.tagName")


def profile(page):
    page.goto("/profile")
    page.get_by_test_id("sessions").wait_for()
    return page


def last_token(mails, to, page, name="token"):
    message = [each for each in mails.messages() if to in each["To"]][-1]
    return re.search(rf"/{page}#{name}=([\w-]+)", message.get_body(("plain",)).get_content()).group(1)


def wait_for_mail(mails, to, subject):
    wait_until(
        lambda: any(to in each["To"] and each["Subject"] == subject for each in mails.messages()),
        lambda: f"{subject} to {to} among {[(each['To'], each['Subject']) for each in mails.messages()]}",
    )


def traces(page):
    """What tells others where the browser is: all addresses and referrers from now on."""
    seen = []
    page.on("request", lambda request: seen.append((request.url, request.headers.get("referer", ""))))
    return seen
