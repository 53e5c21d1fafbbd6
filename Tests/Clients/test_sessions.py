"""What the pages show, keep and follow when people come, go and change."""

import http.client
import json
import os
import re
import subprocess
import urllib.parse

import pytest
from browsing import ARGUMENTS, sign_in, signed_in, visitor, watch
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, binary
from places import engines_of
from playwright.sync_api import expect
from waiting import wait_until

# One of each kind; the whole table is tested in Tests/WebPages/address_test.js.
HOSTILE = [
    "https://evil.example/", "//evil.example", "/\\evil.example", "/.//evil.example", "/..//evil.example",
    "/a/..//evil.example", "/%2e//evil.example", "/\t/evil.example", "/%2f/evil.example", "javascript:location='//evil.example'",
    "/api/v1/auth/me",
]  # fmt: skip


def sign_in_address(following):
    return "/sign-in?next=" + urllib.parse.quote(following, safe="")


def strangers(page, url):
    """What the page asks of other servers from now on."""
    asked = []
    page.on("request", lambda request: asked.append(request.url) if not request.url.startswith(url) else None)
    return asked


def fill_in(page, email=ADMIN_EMAIL, password=ADMIN_PASSWORD):
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("following", HOSTILE)
def test_the_sign_in_page_leads_nobody_who_is_signed_in_to_another_server(page, server, following):
    asked = strangers(page, server.url)
    page.goto(sign_in_address(following))
    page.wait_for_url(server.url + "/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Library")
    assert asked == []


@pytest.mark.parametrize("following", HOSTILE[1:4])
def test_signing_in_leads_nobody_to_another_server(chromium, server, following):
    with visitor(chromium, server.url) as page:
        asked = strangers(page, server.url)
        page.goto(sign_in_address(following))
        fill_in(page)
        page.wait_for_url(server.url + "/")
        assert asked == []


def test_signing_in_leads_back_to_where_one_was(chromium, server, standard):
    path = f"/watch/{standard['id']}?from=mail"
    with visitor(chromium, server.url) as page:
        page.goto(path)
        page.wait_for_url(server.url + sign_in_address(path))
        fill_in(page)
        page.wait_for_url(server.url + path)
        page.wait_for_selector("palco-player")


def sign_out(page):
    page.get_by_test_id("account").click()
    page.get_by_test_id("sign-out").click()


def kept(page):
    """All that the browser keeps for scripts, cookies apart."""
    return page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")


def watch_a_while(page, video):
    watching = watch(page, video)
    watching.play()
    watching.seek(30)
    watching.plays_on(1)
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    wait_until(lambda: video["id"] in kept(page), "the position is kept")
    return watching


def test_signing_out_leaves_nothing_of_the_person(chromium, server, minute):
    with signed_in(chromium, server) as page:
        page.goto("/")
        watch_a_while(page, minute)
        page.reload()
        page.wait_for_selector("palco-player")
        sign_out(page)
        page.wait_for_url(server.url + "/sign-in")
        person = server.admin().get("/auth/me").json()["id"]
        left = kept(page)
        assert minute["id"] not in left and person not in left, left
        page.go_back()
        page.wait_for_url(re.compile("/sign-in"))
        assert minute["title"] not in page.content()


def test_other_tabs_of_the_same_person_go_to_sign_in_as_well(chromium, server, minute):
    with signed_in(chromium, server) as page:
        watching = watch_a_while(page, minute)
        # One that asks the server for nothing by itself.
        quiet = page.context.new_page()
        quiet.goto("/upload")
        quiet.get_by_test_id("account").wait_for()
        other = page.context.new_page()
        other.goto("/")
        other.get_by_test_id("video").first.wait_for()
        sign_out(other)
        quiet.wait_for_url(re.compile("/sign-in"))
        page.wait_for_url(re.compile("/sign-in"))
        assert watching.state() is None, "the film still plays"
        assert minute["id"] not in kept(page), "the tab wrote down where it was when it went"


def another_administrator(palco, email):
    palco.data.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(
        [binary(), "admin", "create", "--data", palco.data, "--email", email],
        env={**os.environ, **engines_of(palco.data), "PALCO_ADMIN_PASSWORD": "Another-1-password"}, capture_output=True, text=True,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return email, "Another-1-password"


def test_another_person_finds_nothing_of_the_one_who_did_not_sign_out(chromium, own_server, films):
    palco = own_server()
    ann, bob = (another_administrator(palco, f"{name}@example.org") for name in ("ann", "bob"))
    palco.start()
    client = palco.client()
    person = client.login(*ann)["user"]["id"]
    video = client.upload(films.minute, title="Minute").expect(201).json()
    client.wait(video["id"])
    with visitor(chromium, palco.url) as page:
        sign_in(page, *ann)
        watch_a_while(page, video)
        assert person in kept(page)
        tab = page.context.new_page()
        tab.goto("/")
        tab.get_by_test_id("video").first.wait_for()
        page.goto("about:blank")
        sign_in(page, *bob)
        page.goto("/")
        page.get_by_test_id("video").first.wait_for()
        left = kept(page)
        assert person not in left and video["id"] not in left, left
        # The tab of the one before now belongs to the other one, too.
        expect(tab.locator(".account-menu")).to_contain_text(bob[0])
    assert palco.stop() == 0


def end_session(page, palco):
    """Behind the browser's back: it keeps its cookies."""
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    connection = http.client.HTTPConnection("127.0.0.1", palco.port, timeout=20)
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    connection.request("POST", "/api/v1/auth/logout", headers={"Cookie": header, "X-CSRF-Token": cookies["palco_csrf"]})
    answer = connection.getresponse()
    assert answer.status < 300, answer.read()
    connection.close()


@pytest.mark.parametrize("place", ["library", "watch"])
def test_a_page_whose_session_the_server_ended_shows_sign_in_and_stays_there(
    chromium, server, minute, network, place
):
    way = network(server.port)
    with signed_in(chromium, way) as page:
        path = "/" if place == "library" else f"/watch/{minute['id']}"
        page.goto(path)
        page.wait_for_selector("[data-testid=video]" if place == "library" else "palco-player")
        streams = []
        page.on("request", lambda request: streams.append(request) if request.url.endswith("/events") else None)
        end_session(page, server)
        way.cut()
        page.wait_for_url(way.url + sign_in_address(path))
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to Palco")
        assert minute["title"] not in page.content()
        assert len(streams) <= 1, "a stream that was refused is tried again"


def test_whatever_is_refused_first_leads_to_sign_in(chromium, server):
    with signed_in(chromium, server) as page:
        page.goto("/upload")
        page.get_by_test_id("account").wait_for()
        end_session(page, server)
        page.set_input_files("input[type=file]", [dict(name="late.mp4", mimeType="video/mp4", buffer=b"late" * 500)])
        page.wait_for_url(server.url + sign_in_address("/upload"))


def test_a_page_of_a_person_whose_rights_changed_begins_anew(chromium, server, minute, network):
    way = network(server.port)
    with signed_in(chromium, way) as page:
        page.goto("/")
        page.get_by_test_id("video").first.wait_for()

        def demote(route):
            answer = route.fetch()
            route.fulfill(response=answer, body=answer.text().replace('"admin"', '"user"'))

        page.route("**/api/v1/auth/me", demote)
        with page.expect_event("load"):
            way.cut()
        # And then it is the page of that person as they are now.
        page.get_by_test_id("video").first.locator("a").click()
        page.wait_for_selector("palco-player")
        assert page.evaluate("performance.getEntriesByType('navigation')[0].type") == "reload"


def test_one_refusal_does_not_make_the_page_load_itself_again(chromium, server, minute):
    with signed_in(chromium, server) as page:
        problem = dict(status=401, content_type="application/problem+json", body='{"code":"unauthorized"}')
        page.route(re.compile("/api/v1/videos[?]"), lambda route: route.fulfill(**problem))
        loaded = []
        page.on("load", lambda: loaded.append(page.url))
        page.goto("/")
        expect(page.get_by_test_id("trouble")).to_be_visible()
        page.get_by_test_id("trouble").get_by_role("button").click()
        expect(page.get_by_test_id("trouble")).to_be_visible()
        assert len(loaded) == 1


RETURNED = """
addEventListener('pageshow', (event) => {
    if (event.persisted) sessionStorage.setItem('returned', document.documentElement.hidden);
});
"""


@pytest.fixture(scope="module")
def remembering(chromium, tool):
    """A browser that keeps pages to show them again at once on the way back, as browsers do unless they are driven."""
    browser = chromium.browser_type.launch(
        executable_path=tool("chromium"), headless=True, args=ARGUMENTS,
        ignore_default_args=["--disable-back-forward-cache"],
    )  # fmt: skip
    yield browser
    browser.close()


def test_a_page_that_the_browser_kept_is_not_shown_again_after_the_session(remembering, server, minute):
    with signed_in(remembering, server) as page:
        page.add_init_script(RETURNED)
        page.goto("/")
        page.get_by_test_id("video").first.wait_for()
        page.goto("/sign-in.css")
        end_session(page, server)
        page.go_back(wait_until="commit")
        page.wait_for_url(re.compile("/sign-in[?]"))
        assert page.evaluate("sessionStorage.getItem('returned')") == "true", "it was to be seen before anybody asked"
        assert minute["title"] not in page.content()


def test_a_page_that_the_browser_kept_comes_back_to_its_person(remembering, server, minute):
    with signed_in(remembering, server) as page:
        page.add_init_script(RETURNED)
        page.goto("/")
        page.get_by_test_id("video").first.wait_for()
        page.evaluate("globalThis.isTheSame = true")
        page.goto("/sign-in.css")
        page.go_back(wait_until="commit")
        expect(page.get_by_test_id("video").first).to_be_visible()
        assert page.evaluate("[globalThis.isTheSame, sessionStorage.getItem('returned')]") == [True, "true"]


def test_the_way_back_after_signing_out_shows_sign_in(remembering, server, minute):
    with signed_in(remembering, server) as page:
        page.goto("/")
        page.get_by_test_id("video").first.locator("a").click()
        page.wait_for_selector("palco-player")
        sign_out(page)
        page.wait_for_url(server.url + "/sign-in")
        page.go_back(wait_until="commit")
        page.wait_for_url(re.compile("/sign-in[?]"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to Palco")


def test_signing_out_with_uploads_on_their_way_asks_first(chromium, own_server, films, network):
    palco = own_server().start()
    film = films.copy(films.minute, "signing-out")
    slow = network(palco.port)
    slow.up.rate = film.stat().st_size / 20
    with signed_in(chromium, slow) as page:
        page.goto("/upload")
        page.set_input_files("input[type=file]", str(film))
        wait_until(lambda: film.name in kept(page), "the upload is remembered")
        sign_out(page)
        question = page.get_by_role("dialog")
        question.get_by_role("button", name="Cancel").click()
        expect(page.locator("main").get_by_test_id("upload")).to_have_attribute("data-state", "uploading")
        sign_out(page)
        question.get_by_role("button", name="Sign out").click()
        slow.up.rate = None
        page.wait_for_url(slow.url + "/sign-in")
        assert film.stem not in kept(page), kept(page)
    palco.stop()


MARKS = """(() => {
    const found = [];
    const marks = /[\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]/;
    const walk = (node) => {
        if (node.nodeType === Node.TEXT_NODE && marks.test(node.data)) found.push(node.data);
        for (const { name, value } of node.attributes ?? []) if (marks.test(value)) found.push(`${name}=${value}`);
        for (const child of [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes]) walk(child);
    };
    walk(document.documentElement);
    return JSON.stringify([document.title, ...found].filter((text) => marks.test(text)));
})()"""


def test_a_name_that_reads_otherwise_than_it_is_is_shown_as_it_is(page, admin, films):
    name, shown = "ward\u202e4pm.exe", "ward⟨U+202E⟩4pm.exe"
    film = films.test_card("marked.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "25", "-c:a", "aac", seconds=3)
    video = admin.upload(film, name=name, title="The marked one").expect(201, 200).json()
    admin.wait(video["id"], whole=True)

    def rename(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("The marked one", name))

    # This server takes no such title, but pages must not depend on it.
    page.route(re.compile("/events$"), lambda route: route.abort())
    page.route(re.compile("/api/v1/videos([?].*|/[0-9a-f-]+)?$"), rename)
    try:
        page.goto("/")
        card = page.locator(f"[data-id='{video['id']}']")
        expect(card.get_by_role("heading")).to_have_text(shown)
        assert json.loads(page.evaluate(MARKS)) == []
        card.get_by_role("link").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(shown)
        page.wait_for_selector("palco-player")
        expect(page).to_have_title(f"{shown} · Palco")
        assert json.loads(page.evaluate(MARKS)) == []
        page.get_by_test_id("delete").click()
        expect(page.get_by_role("dialog")).to_contain_text(shown)
        assert json.loads(page.evaluate(MARKS)) == []
        page.goto("/upload")
        page.set_input_files("input[type=file]", [dict(name=name, mimeType="video/mp4", buffer=b"no film" * 500)])
        row = page.locator("main").get_by_test_id("upload")
        expect(row).to_have_attribute("data-state", "failed")
        expect(row).to_contain_text(shown)
        assert json.loads(page.evaluate(MARKS)) == []
    finally:
        admin.request("DELETE", f"/videos/{video['id']}").expect(200, 204)
