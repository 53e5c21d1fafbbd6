"""A mail server (aiosmtpd) that takes, refuses or lets wait what it is told to, with TLS and sign-in, and what it has taken."""

import asyncio
import email
import email.policy
import ssl

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from network import free_port
from waiting import wait_until

USER, PASSWORD = "palco@example.org", "Mail-Horse-7"


class MailServer:
    """`tls` is None, "starttls" or "implicit"."""

    def __init__(self, authority=None, tls="starttls", signs_in=True, folder=None, name="mail", hosts=()):
        self.port = free_port()
        self.tls = tls
        self.signs_in = signs_in
        self.authority = authority
        self.context = None
        if tls:
            files = authority.issue(name, *hosts, folder=folder)
            self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.context.load_cert_chain(files["PALCO_TLS_CERT"], files["PALCO_TLS_KEY"])
        # What each recipient is answered, in order, before they are taken; "hang" is no answer.
        self.answers = {}
        # Of each conversation that got so far: the sender, the recipients, whether it was encrypted, the message.
        self.taken = []
        self.commands = []
        self.controller = None

    def settings(self, **more):
        scheme = "smtps" if self.tls == "implicit" else "smtp"
        user = USER.replace("@", "%40") + "@" if self.signs_in else ""
        found = {
            "PALCO_SMTP": f"{scheme}://{user}localhost:{self.port}{'' if self.tls else '?starttls=no'}",
            "PALCO_MAIL_FROM": "Palco <noreply@example.org>",
            "PALCO_PUBLIC_URL": "https://video.example.org",
        }
        if self.signs_in:
            found["PALCO_SMTP_PASSWORD"] = PASSWORD
        if self.authority:
            found["PALCO_SMTP_CA"] = str(self.authority.path)
        return {**found, **more}

    def start(self):
        options = {}
        if self.tls == "starttls":
            options = {"tls_context": self.context, "require_starttls": True}
        if self.tls == "implicit":
            options = {"ssl_context": self.context}
        if self.signs_in:
            # Implicit TLS is none that aiosmtpd knows of when it is asked to sign in.
            options |= {"authenticator": self._authenticate, "auth_required": True, "auth_require_tls": self.tls == "starttls"}
        self.controller = Listening(self, hostname="localhost", port=self.port, **options)
        self.controller.start()
        return self

    def stop(self):
        if self.controller:
            self.controller.stop(no_assert=True)
            self.controller = None

    def wait(self, count=1):
        """The last of so many mails, read by Python's own parser."""
        wait_until(lambda: len(self.taken) >= count, lambda: f"{count} mails; {len(self.taken)} came: {self.commands[-20:]}")
        return self.messages()[count - 1]

    def messages(self):
        return [email.message_from_bytes(message, policy=email.policy.default) for _, _, _, message in self.taken]

    def _authenticate(self, server, session, envelope, mechanism, data):
        return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)


class Listening(Controller):
    def __init__(self, mail, **options):
        self.mail = mail
        super().__init__(Handler(mail), **options)

    def factory(self):
        return Recording(self.mail, self.handler, **self.SMTP_kwargs)


class Recording(SMTP):
    def __init__(self, mail, *arguments, **options):
        self.mail = mail
        super().__init__(*arguments, **options)

    async def push(self, status):
        self.mail.commands.append(str(status)[:80])
        await super().push(status)


class Handler:
    def __init__(self, mail):
        self.mail = mail

    async def handle_RCPT(self, server, session, envelope, address, options):
        waiting = self.mail.answers.get(address, [])
        if waiting:
            answer = waiting.pop(0)
            if answer == "hang":
                await asyncio.Event().wait()
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        encrypted = session.ssl is not None or self.mail.tls == "implicit"
        self.mail.taken.append((envelope.mail_from, envelope.rcpt_tos, encrypted, envelope.original_content))
        return "250 taken"
