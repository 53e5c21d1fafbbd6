"""Registration, invitations, verifications and new passwords over the wire, each answer that the contract promises."""

import pytest
from mail_server import MailServer
from palco import ADMIN_EMAIL
from test_mail import CHOSEN, token_of
from waiting import until_refused

LARGE = {"email": "x" * 20_000, "token": "x" * 20_000, "password": "x", "name": "x"}
NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"


def wish(name="ann", **more):
    return {"email": f"{name}@example.org", "password": CHOSEN, "name": name, **more}


def token_in(link):
    return link.rpartition("=")[2]


@pytest.fixture
def mails(tmp_path):
    server = MailServer(tls=None, signs_in=False).start()
    yield server
    server.stop()


def test_by_mail(own_server, mails):
    palco = own_server(mails.settings(PALCO_REGISTRATION="open")).start()
    client = palco.client()
    options = client.get("/auth/options").expect(200).json()
    assert (options["registration"], options["has_mail"], options["verifies_email"]) == ("open", True, True)
    client.post("/auth/register", wish()).expect(202)
    token = token_of(mails.wait())
    client.post("/auth/verify", {"token": token, "password": "Wrong-Horse-8"}).expect(401)
    assert client.post("/auth/verify", {"token": token, "password": CHOSEN}).expect(200).json()["user"]["role"] == "user"
    assert client.post("/auth/verify", {"token": token, "password": CHOSEN}).expect(404).code == "link_not_found"
    # Who has an account learns it, and nobody else does.
    before = client.post("/auth/register", wish("bob")).expect(202)
    after = client.post("/auth/register", wish()).expect(202)
    assert before.body == after.body
    mails.wait(3)
    assert {message["To"].addresses[0].addr_spec: message["Subject"] for message in mails.messages()[1:]} == {
        "bob@example.org": "Confirm your e-mail address",
        "ann@example.org": "You already have an account",
    }
    for email in ("ann@example.org", "nobody@example.org"):
        assert client.post("/auth/password/forgot", {"email": email}).expect(202).json() == {"status": "reset_sent"}
    token = token_of(mails.wait(4), "reset")
    client.post("/auth/password/reset", {"token": token, "password": "short"}).expect(422)
    client.post("/auth/password/reset", {"token": token, "password": "Another-Horse-8"}).expect(204)
    client.post("/auth/password/reset", {"token": token, "password": "Another-Horse-8"}).expect(404)
    client.login("ann@example.org", "Another-Horse-8")
    assert mails.wait(5)["Subject"] == "Your password was changed" and len(mails.taken) == 5


def test_by_administrators_where_there_is_no_mail(own_server):
    palco = own_server({"PALCO_REGISTRATION": "open"}).start()
    client, admin = palco.client(), palco.admin()
    assert client.post("/auth/register", wish()).expect(202).json() == {"status": "verification_by_administrator"}
    status = client.post("/auth/password/forgot", {"email": ADMIN_EMAIL}).expect(202).json()
    assert status == {"status": "reset_by_administrator"}
    client.post("/auth/register", wish("bob")).expect(202)
    page = admin.get("/admin/verifications?limit=1").expect(200).json()
    last = admin.get(f"/admin/verifications?limit=1&cursor={page['next_cursor']}").expect(200).json()
    assert [each["email"] for each in page["data"] + last["data"]] == ["bob@example.org", "ann@example.org"]
    assert last["next_cursor"] is None
    link = admin.post(f"/admin/verifications/{last['data'][0]['id']}/link").expect(200).json()["link"]
    assert link.startswith("/verify#token=")
    person = client.post("/auth/verify", {"token": token_in(link), "password": CHOSEN}).expect(200).json()
    admin.post(f"/admin/verifications/{last['data'][0]['id']}/link").expect(404)
    admin.get("/admin/verifications?limit=0").expect(422)
    client.get("/admin/verifications").expect(401)
    client.post(f"/admin/verifications/{NOBODY}/link").expect(401)
    client.token = person["access_token"]
    client.get("/admin/verifications").expect(403)
    client.post(f"/admin/verifications/{NOBODY}/link").expect(403)


def test_by_invitation(own_server, mails):
    palco = own_server(mails.settings(PALCO_REGISTRATION="invitation")).start()
    client, admin = palco.client(), palco.admin()
    client.post("/auth/register", wish()).expect(404)
    made = admin.post("/admin/invitations", {"email": "Ann@example.org", "role": "creator", "expires_in_days": 2}).expect(201).json()
    assert made["mailed"] and made["email"] == "ann@example.org"
    assert token_of(mails.wait(), "register", "invitation") == token_in(made["link"])
    shown = client.get(f"/auth/invitations/{token_in(made['link'])}").expect(200).json()
    assert (shown["email"], shown["role"]) == ("ann@example.org", "creator")
    client.get("/auth/invitations/nothing").expect(404)
    client.post("/auth/register", wish("eve", invitation=token_in(made["link"]))).expect(404)
    person = client.post("/auth/register", wish(invitation=token_in(made["link"]))).expect(201).json()
    assert person["user"]["role"] == "creator" and person["user"]["email_verified"]
    other = {"role": "user", "expires_in_days": 1}
    assert admin.post("/admin/invitations", {**other, "email": "ann@example.org"}).expect(409).code == "email_taken"
    admin.post("/admin/invitations", {**other, "expires_in_days": 0}).expect(422)
    admin.post("/admin/invitations", {**other, "email": "x" * 20_000}).expect(413)
    open_one = admin.post("/admin/invitations", other).expect(201).json()
    listed = admin.get("/admin/invitations").expect(200).json()
    assert [each["id"] for each in listed["data"]] == [open_one["id"]] and listed["next_cursor"] is None
    admin.get("/admin/invitations?cursor=x").expect(422)
    for token, status in ((None, 401), (person["access_token"], 403)):
        client.token = token
        client.get("/admin/invitations").expect(status)
        client.post("/admin/invitations", other).expect(status)
        client.request("DELETE", f"/admin/invitations/{open_one['id']}").expect(status)
    admin.request("DELETE", f"/admin/invitations/{open_one['id']}").expect(204)
    admin.request("DELETE", f"/admin/invitations/{open_one['id']}").expect(404)


def test_by_domain_and_without_verification(own_server):
    settings = {"PALCO_REGISTRATION": "domains", "PALCO_REGISTRATION_DOMAINS": "example.org", "PALCO_VERIFY_EMAIL": "false"}
    client = own_server(settings).start().client()
    assert client.get("/auth/options").json()["domains"] == ["example.org"]
    refused = client.post("/auth/register", {**wish(), "email": "ann@example.net"}).expect(403)
    assert refused.code == "domain_not_allowed"
    assert client.post("/auth/register", wish()).expect(201).json()["user"]["email_verified"] is False
    assert client.post("/auth/register", wish()).expect(409).code == "email_taken"
    refused = client.post("/auth/register", wish("bob", role="admin")).expect(422).json()
    assert (refused["errors"][0]["field"], refused["errors"][0]["code"]) == ("role", "not_changeable")


def test_what_is_too_large_or_too_often(own_server):
    client = own_server().start().client()
    assert client.post("/auth/register", wish()).expect(403).code == "registration_closed"
    for path in ("register", "verify", "password/forgot", "password/reset"):
        client.post(f"/auth/{path}", LARGE).expect(413)
        client.post(f"/auth/{path}", {}).expect(422)
    until_refused(lambda _: client.post("/auth/register", wish()), 403, 110)
    until_refused(lambda _: client.post("/auth/password/forgot", {"email": "x@example.org"}), 202, 0)
    unknown = {"token": "x", "password": "Another-Horse-8"}
    until_refused(lambda _: client.post("/auth/verify", unknown), 404, 500)
    until_refused(lambda _: client.post("/auth/password/reset", unknown), 404, 0)
    until_refused(lambda _: client.get("/auth/invitations/x"), 404, 0)
