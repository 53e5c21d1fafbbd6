"""The pages of administrators, as a person uses them: with the mouse, with the keyboard alone, on a phone."""

import json
import re
import urllib.parse

import pytest
from browsing import sign_in, signed_in, visitor
from palco import ADMIN_EMAIL, Palco
from playwright.sync_api import expect

PEOPLE = "/administration/people"
SECRET = "sesame-open-the-mail-7"
PAGES = ["people", "people?view=invitations", "people?view=waiting", "people?view=import", "groups", "audit", "settings", "system"]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A server with one administrator, so that all who are there are known."""
    settings = {"PALCO_SMTP_PASSWORD": SECRET, "PALCO_REGISTRATION": "invitation"}
    palco = Palco(tmp_path_factory.mktemp("house") / "data", settings).start()
    yield palco
    assert palco.stop() == 0


@pytest.fixture(scope="module")
def client(house):
    return house.admin()


@pytest.fixture
def page(chromium, house):
    with signed_in(chromium, house) as page:
        yield page


def have_person(client, name, role="user", email=None):
    email = email or name.lower().replace(" ", ".") + "@example.org"
    body = {"email": email, "name": name, "role": role, "password": "A-good-1-password"}
    return client.post("/admin/users", body).expect(201).json()["user"]


def person_now(client, person):
    return client.get(f"/admin/users/{person['id']}").expect(200).json()


def row(page, person):
    return page.locator(f"tr[data-id='{person['id']}']")


def open_people(page, **query):
    page.goto(PEOPLE + ("?" + urllib.parse.urlencode(query) if query else ""))
    page.get_by_test_id("people").locator("tr[data-id]").first.wait_for()


def choose(page, person, item):
    row(page, person).locator("[data-part=menu]").click()
    page.locator(".menu:popover-open").get_by_role("button", name=item, exact=True).click()


def focused(page):
    """What has the focus, as its row and its part in it."""
    return page.evaluate(
        "[document.activeElement.closest('tr')?.dataset.id ?? null, document.activeElement.dataset.part ?? null]"
    )


def test_a_search_is_a_link_to_what_it_finds(page, client):
    ann = have_person(client, "Searched Ann", "creator")
    bob = have_person(client, "Searched Bob")
    have_person(client, "Somebody Else")
    open_people(page)
    page.get_by_test_id("search").fill("searched")
    expect(page.get_by_test_id("people").locator("tr[data-id]")).to_have_count(2)
    page.get_by_test_id("filter-role").select_option("creator")
    expect(row(page, bob)).to_have_count(0)
    expect(row(page, ann)).to_be_visible()
    assert urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query) == {"q": ["searched"], "role": ["creator"]}
    page.reload()
    expect(page.get_by_test_id("people").locator("tr[data-id]")).to_have_count(1)
    expect(page.get_by_test_id("search")).to_have_value("searched")
    page.get_by_test_id("search").fill("nobody of this name")
    expect(page.get_by_test_id("empty")).to_contain_text("Nobody fits")
    page.get_by_test_id("empty").get_by_role("link").click()
    expect(row(page, bob)).to_be_visible()
    assert page.url.endswith(PEOPLE)


def test_a_long_list_comes_page_by_page_and_reading_goes_on_where_it_ended(page, client):
    lines = "".join(f"crowd{number:02}@example.org,Crowd {number:02},user,en,Crowd\n" for number in range(60))
    file = ("email,name,role,locale,groups\n" + lines).encode()
    client.request("POST", "/admin/users/import", file, headers={"Content-Type": "text/csv"}).expect(200)
    group = next(each for each in client.get("/admin/groups").expect(200).json()["data"] if each["name"] == "Crowd")
    open_people(page, group=group["id"])
    rows = page.get_by_test_id("people").locator("tr[data-id]")
    expect(rows).to_have_count(50)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(60)
    assert focused(page)[0] == rows.nth(50).get_attribute("data-id")
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()
    expect(page.get_by_text("60 people")).to_be_visible()


def test_a_role_is_changed_with_the_keyboard_alone(page, client):
    person = have_person(client, "Promoted Pia")
    open_people(page, q="promoted")
    row(page, person).locator("[data-part=role]").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Role of Promoted Pia")).to_be_visible()
    page.get_by_role("radio", name="User").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(row(page, person).locator("[data-part=role]")).to_have_text("Creator")
    assert person_now(client, person)["role"] == "creator"
    assert focused(page) == [person["id"], "role"]


def test_a_person_is_disabled_and_enabled_from_a_menu_without_a_mouse(page, client):
    person = have_person(client, "Disabled Dan")
    open_people(page, q="disabled dan")
    row(page, person).locator("[data-part=menu]").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".menu:popover-open button").first).to_be_focused()
    page.keyboard.press("Escape")
    assert focused(page) == [person["id"], "menu"]
    page.keyboard.press("Enter")
    expect(page.locator(".menu:popover-open button").first).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".menu:popover-open button:focus")).to_have_text("Disable")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Disable").click()
    state = row(page, person).get_by_text("Disabled", exact=True)
    expect(state).to_be_visible()
    assert person_now(client, person)["is_disabled"] is True
    choose(page, person, "Enable")
    expect(state).to_have_count(0)
    assert person_now(client, person)["is_disabled"] is False


def test_whoever_is_removed_is_named_first(page, client):
    person = have_person(client, "José Removed")
    other = have_person(client, "Stays Removed")
    open_people(page, q="removed")
    choose(page, person, "Remove")
    question = page.get_by_role("dialog", name="Remove José Removed?")
    expect(question).to_contain_text("This goes for good")
    expect(question).to_contain_text("What the audit tells of this person")
    question.get_by_test_id("typed-name").fill("Jose Removed")
    question.get_by_role("button", name="Remove for good").click()
    expect(question.get_by_role("alert")).to_have_text("The name is not the one above.")
    client.get(f"/admin/users/{person['id']}").expect(200)
    # Made of two code points, as some keyboards do.
    question.get_by_test_id("typed-name").fill("Jose\u0301 Removed")
    question.get_by_role("button", name="Remove for good").click()
    expect(row(page, person)).to_have_count(0)
    client.get(f"/admin/users/{person['id']}").expect(404)
    assert focused(page)[0] == other["id"]


def test_an_invitation_shows_its_link_once(page, client):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(PEOPLE + "?view=invitations")
    page.get_by_test_id("invite").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Role").select_option("creator")
    dialog.get_by_role("button", name="Create invitation").click()
    link = page.get_by_role("dialog", name="Link of the invitation")
    expect(link).to_be_visible()
    # A slip of the Escape key does not lose it.
    page.keyboard.press("Escape")
    expect(link).to_be_visible()
    text = link.get_by_label("Link", exact=True).input_value()
    link.get_by_role("button", name="Copy").click()
    expect(link.get_by_role("status")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == text
    link.get_by_role("button", name="I have the link").click()
    invitations = page.get_by_test_id("invitations").locator("tr[data-id]")
    expect(invitations).to_have_count(1)
    expect(invitations).to_contain_text("Creator")
    assert text not in page.content()
    assert text.startswith("http"), "a link that can be sent to somebody"
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(text).fragment)["invitation"][0]
    assert client.get(f"/auth/invitations/{token}").expect(200).json()["role"] == "creator"
    invitations.get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("button", name="Take back").click()
    expect(page.get_by_test_id("empty")).to_contain_text("No open invitations")
    client.get(f"/auth/invitations/{token}").expect(404)


def test_what_is_wrong_with_a_new_person_is_told_at_the_field(page, client):
    have_person(client, "Taken Tom")
    open_people(page)
    page.get_by_test_id("add-person").click()
    dialog = page.get_by_role("dialog")
    address = dialog.get_by_label("E-mail address")
    dialog.get_by_label("Name").fill("Another Tom")
    dialog.get_by_role("button", name="Create the account").click()
    expect(address).to_be_focused()
    expect(address).to_have_attribute("aria-invalid", "true")
    address.fill("taken.tom@example.org")
    dialog.get_by_role("button", name="Create the account").click()
    expect(dialog).to_contain_text("There is an account with this address already.")
    expect(address).to_be_focused()
    address.fill("another.tom@example.org")
    dialog.get_by_role("button", name="Create the account").click()
    link = page.get_by_role("dialog", name="Link to choose a password")
    expect(link.get_by_label("Link", exact=True)).not_to_have_value("")
    link.get_by_role("button", name="I have the link").click()
    page.get_by_test_id("search").fill("another tom")
    expect(page.get_by_test_id("people").locator("tr[data-id]")).to_have_count(1)


def test_a_lost_password_is_replaced_by_a_link(page, client, house):
    person = have_person(client, "Forgetful Fay")
    open_people(page, q="forgetful")
    choose(page, person, "Reset password")
    page.get_by_role("dialog").get_by_role("button", name="Create link").click()
    dialog = page.get_by_role("dialog", name="Link for Forgetful Fay")
    link = dialog.get_by_label("Link", exact=True).input_value()
    assert link.startswith(house.url), link
    dialog.get_by_role("button", name="I have the link").click()
    assert focused(page) == [person["id"], "menu"]
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(link).fragment)["token"][0]
    house.client().post("/auth/password/reset", {"token": token, "password": "Another-2-password"}).expect(204)
    house.client().login(person["email"], "Another-2-password")
    assert set(client.post(f"/admin/users/{person['id']}/reset").expect(200).json()) == {"link", "mailed"}


def test_many_are_changed_at_once_and_who_was_not_is_told(page, client):
    chosen = [have_person(client, f"Many {name}") for name in ("Ada", "Bea", "Cleo")]
    open_people(page, q="many ")
    for person in chosen[:2]:
        row(page, person).get_by_role("checkbox").check()
    bar = page.get_by_test_id("batch")
    expect(bar).to_contain_text("2 selected")
    bar.get_by_role("button", name="Change role").click()
    page.get_by_role("radio", name="Premium").check()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(row(page, chosen[0]).locator("[data-part=role]")).to_have_text("Premium")
    assert [person_now(client, person)["role"] for person in chosen] == ["premium", "premium", "user"]
    expect(bar).to_be_hidden()
    me = client.get("/auth/me").expect(200).json()
    open_people(page, q=ADMIN_EMAIL)
    row(page, me).get_by_role("checkbox").check()
    bar.get_by_role("button", name="Change role").click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    refused = page.get_by_role("dialog", name="1 person was not changed")
    expect(refused).to_contain_text("There would be no administrator left")
    refused.get_by_role("button", name="Close").click()
    assert person_now(client, me)["role"] == "admin"


def test_a_list_is_looked_through_before_anything_changes(page, client):
    content = "email,name,role\nimported.ida@example.org,Imported Ida,creator\nno address,Nobody,user\n"
    page.goto(PEOPLE + "?view=import")
    file = dict(name="people.csv", mimeType="text/csv", buffer=content.encode())
    page.set_input_files("[data-testid=csv]", [file])
    expect(page.get_by_role("heading", name="What would happen")).to_be_focused()
    expect(page.get_by_test_id("sums")).to_contain_text("1 account would be created")
    expect(page.get_by_test_id("refused").locator("tr[data-id]")).to_have_count(1)
    expect(page.get_by_test_id("refused").locator("tr[data-id]")).to_contain_text("no address")
    assert client.get("/admin/users?q=imported").expect(200).json()["data"] == []
    page.get_by_test_id("import").click()
    expect(page.get_by_role("heading", name="The list was imported")).to_be_focused()
    [ida] = client.get("/admin/users?q=imported").expect(200).json()["data"]
    assert (ida["email"], ida["role"]) == ("imported.ida@example.org", "creator")


def test_the_page_of_a_person_says_who_they_are_and_what_was_done(page, client):
    person = have_person(client, "Known Kim")
    client.request("PATCH", f"/admin/users/{person['id']}", {"role": "premium"}).expect(200)
    open_people(page, q="known")
    row(page, person).get_by_role("link", name="Known Kim").click()
    expect(page.get_by_test_id("person-name")).to_have_text("Known Kim")
    expect(page).to_have_title("Known Kim · Palco")
    facts = page.locator("dl")
    expect(facts).to_contain_text("Premium")
    done = page.get_by_role("heading", name="What others did with this account").locator("xpath=..")
    expect(done).to_contain_text(f"{ADMIN_EMAIL} changed the role of known.kim@example.org")
    expect(done).to_contain_text("role:")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Known Kimberly")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_test_id("person-name")).to_have_text("Known Kimberly")
    expect(page).to_have_title("Known Kimberly · Palco")
    done.get_by_role("link", name="All in the audit").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit")
    assert f"target={person['id']}" in page.url
    page.goto(f"{PEOPLE}/01890a5d-ac96-774b-bcce-b302099a8057")
    expect(page.get_by_test_id("empty")).to_contain_text("There is no such person")


def test_a_group_is_made_filled_emptied_and_removed(page, client):
    person = have_person(client, "Grouped Gil")
    page.goto("/administration/groups")
    for name, outcome in [("Surgery", "Surgery"), ("surgery", None)]:
        page.get_by_test_id("new-group").click()
        page.get_by_role("dialog").get_by_label("Name").fill(name)
        page.get_by_role("dialog").get_by_role("button", name="Create").click()
        if outcome:
            expect(page.get_by_test_id("groups").get_by_role("link", name=outcome)).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("already a group with this name")
    page.keyboard.press("Escape")
    page.get_by_test_id("groups").get_by_role("link", name="Surgery").click()
    expect(page.get_by_test_id("group-name")).to_have_text("Surgery")
    expect(page.get_by_test_id("empty")).to_contain_text("Nobody is in this group yet")
    page.get_by_test_id("add-members").click()
    page.get_by_test_id("pick-search").fill("grouped")
    page.get_by_role("button", name="Add Grouped Gil").click()
    expect(page.get_by_role("dialog")).to_contain_text("Member")
    page.get_by_role("dialog").get_by_role("button", name="Done").click()
    expect(row(page, person)).to_be_visible()
    assert [group["name"] for group in person_now(client, person)["groups"]] == ["Surgery"]
    row(page, person).get_by_role("button", name="Remove Grouped Gil from the group").click()
    expect(page.get_by_test_id("empty")).to_be_visible()
    assert person_now(client, person)["groups"] == []
    page.locator(".page-head [data-part=menu]").click()
    page.get_by_role("button", name="Remove the group").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove the group").click()
    page.wait_for_url(re.compile("/administration/groups$"))
    expect(page.get_by_text("Surgery", exact=True)).to_have_count(0)


def test_the_audit_is_narrowed_by_link_and_by_hand_and_taken_away_as_it_is_shown(page, client):
    person = have_person(client, "Audited Amy")
    client.request("PATCH", f"/admin/users/{person['id']}", {"role": "creator"}).expect(200)
    client.request("PATCH", f"/admin/users/{person['id']}", {"disabled": True}).expect(200)
    page.goto(f"/administration/audit?target={person['id']}")
    rows = page.get_by_test_id("audit").locator("tr[data-id]")
    expect(rows.first).to_contain_text("disabled audited.amy@example.org")
    expect(page.get_by_text("About Audited Amy")).to_be_visible()
    page.get_by_test_id("filter-action").select_option("user.role_changed")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(f"{ADMIN_EMAIL} changed the role of audited.amy@example.org")
    expect(rows.locator("del")).to_contain_text("User")
    expect(rows.locator("ins")).to_contain_text("Creator")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export JSON lines").click()
    lines = download.value.path().read_text().splitlines()
    assert [json.loads(line)["action"] for line in lines] == ["user.role_changed"]
    page.get_by_label("To day").fill("2001-01-01")
    expect(page.get_by_test_id("empty")).to_contain_text("No entry fits")
    page.get_by_test_id("empty").get_by_role("link").click()
    expect(rows.nth(1)).to_be_visible()
    assert page.url.endswith("/administration/audit")


def test_settings_say_where_they_come_from_and_secrets_only_that_they_are_set(page):
    answers = []
    page.on("response", lambda answer: answers.append(answer) if "/admin/settings" in answer.url else None)
    page.goto("/administration/settings?q=smtp_password")
    rows = page.get_by_test_id("settings").locator("tr[data-id]")
    secret = page.locator("tr[data-id=PALCO_SMTP_PASSWORD]")
    expect(secret).to_contain_text("Set (secret)")
    expect(secret).to_contain_text("Environment")
    expect(rows.filter(has_not_text=re.compile("smtp_password", re.IGNORECASE))).to_have_count(0)
    assert SECRET not in page.content() and all(SECRET not in answer.text() for answer in answers)
    page.get_by_test_id("search").fill("admin_email")
    expect(rows).to_contain_text("PALCO_ADMIN_EMAIL")


def test_the_system_is_looked_at_again_by_itself_and_old_news_are_called_old(page):
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/admin/system" in request.url else None)
    page.goto("/administration/system")
    expect(page.get_by_test_id("system-encoder")).to_contain_text("ffmpeg")
    with page.expect_response(lambda answer: "/admin/system" in answer.url, timeout=20_000):
        pass
    assert len(asked) >= 2
    page.route("**/admin/system", lambda route: route.abort())
    expect(page.get_by_text("What you see is no longer new")).to_be_visible(timeout=20_000)
    expect(page.get_by_test_id("system-encoder")).to_contain_text("ffmpeg")


def test_whoever_is_no_administrator_is_told_so_and_asks_for_nothing(chromium, house, client):
    person = have_person(client, "Curious Carl", "creator")
    with visitor(chromium, house.url) as page:
        sign_in(page, person["email"], "A-good-1-password")
        asked = []
        page.on("request", lambda request: asked.append(request.url) if "/admin/" in request.url else None)
        for place in PAGES:
            page.goto(f"/administration/{place}")
            expect(page.get_by_test_id("administrators-only")).to_contain_text("Only for administrators")
        page.goto("/")
        page.get_by_test_id("account").click()
        expect(page.get_by_role("link", name="Administration")).to_have_count(0)
        assert asked == []


def problem(status, code, **more):
    return dict(
        status=status, content_type="application/problem+json", body=json.dumps({"status": status, "code": code, **more})
    )


@pytest.mark.parametrize(
    "answer, words",
    [
        (problem(429, "rate_limited", retry_after=30), "30 sec"),
        (problem(403, "forbidden", detail="Your account may not do this."), "Your account may not do this."),
        (problem(500, "internal_error", error_id="E7"), "E7"),
        (None, "The server does not answer"),
    ],
    ids=["too often", "forbidden", "broken", "offline"],
)
def test_a_list_that_does_not_come_says_why_and_can_be_asked_for_again(page, answer, words):
    address = re.compile("/admin/users[?]")
    page.route(address, lambda route: route.fulfill(**answer) if answer else route.abort())
    page.goto(PEOPLE)
    expect(page.get_by_test_id("trouble")).to_contain_text(words)
    page.unroute(address)
    page.get_by_test_id("trouble").get_by_role("button", name="Try again").click()
    expect(page.get_by_test_id("people").locator("tr[data-id]").first).to_be_visible()
    expect(page.get_by_test_id("trouble")).to_have_count(0)


@pytest.mark.parametrize("language", ["en-US", "es-ES", "ru-RU"])
def test_no_page_scrolls_sideways_on_a_phone_in_any_language(chromium, house, client, language):
    person = have_person(client, f"{'Very-Long-Name-Without-Any-Blank' * 3} {language}", email=f"{'long' * 14}@{language}.example.org")
    with signed_in(chromium, house, locale=language, viewport=dict(width=360, height=740)) as page:
        for place in [*PAGES, f"people/{person['id']}", "people?q=very-long"]:
            page.goto(f"/administration/{place}")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            expect(page.locator("main [aria-busy=true]")).to_have_count(0)
            wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider <= 0, place


def test_the_way_back_leads_to_the_search_that_one_came_from(page, client):
    person = have_person(client, "Returned Rita")
    open_people(page, q="returned")
    row(page, person).get_by_role("link", name="Returned Rita").click()
    expect(page.get_by_test_id("person-name")).to_be_visible()
    page.go_back()
    expect(page.get_by_test_id("search")).to_have_value("returned")
    expect(row(page, person)).to_be_visible()
