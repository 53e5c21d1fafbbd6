"""Links of videos for people without an account: what the contract promises, the page, and the player on pages of other sites."""

import http.server
import threading

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import signed_in, visitor
from palco import Palco
from playwright.sync_api import expect
from test_accessibility import violations
from test_people import PASSWORD, UNKNOWN, make, too_large
from waiting import until_refused, wait_until
from watching import CUES, VIDEO

CODECS = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "25", "-c:a", "aac")
CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:20.000\nSpoken words\n"

# A page of another site: what the player tells it, and a way to tell the player something.
SITE = """<!doctype html><title>Site</title><iframe src="{src}" width="640" height="360" allow="autoplay; fullscreen"></iframe>
<script>
globalThis.told = [];
const origin = new URL({src!r}).origin;
addEventListener('message', (event) => {{ if (event.origin === origin) told.push(event.data); }});
globalThis.say = (message) => document.querySelector('iframe').contentWindow.postMessage({{ palco: 1, ...message }}, origin);
</script>"""


class Site:
    """Pages of another origin, each with a player in a frame."""

    def __init__(self):
        class Pages(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(SITE.format(src=self.path.partition("?")[2]).encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class House:
    def __init__(self, data, films):
        self.friend, self.stranger_site = Site(), Site()
        self.palco = Palco(data, {"PALCO_EMBED_ORIGINS": self.friend.origin}).start()
        self.admin = self.palco.admin()
        self.anyone = self.palco.client()
        film = films.test_card("shared.mp4", *CODECS, size="320x180", seconds=8)
        self.video = self.admin.upload(film, title="A <b>shared</b> film", description="What \"it\" tells").expect(201).json()["id"]
        self.admin.wait(self.video, whole=True)
        headers = {"Content-Type": "text/vtt"}
        self.admin.request("PUT", f"/videos/{self.video}/captions/en", CAPTIONS.encode(), headers).expect(201)
        wait_until(lambda: self.admin.video(self.video)["thumbnail_url"], "there is a picture")

    def share(self, **wish):
        share = self.admin.post(f"/videos/{self.video}/shares", wish).expect(201).json()
        return {**share, "token": share["url"].split("/")[2]}

    def play(self, share, **visit):
        return self.anyone.post(f"/shares/{share['token']}/play", visit)


@pytest.fixture(scope="module")
def house(tmp_path_factory, films):
    house = House(tmp_path_factory.mktemp("shares") / "data", films)
    yield house
    assert house.palco.stop() == 0


def is_accessible(page):
    assert not page.complaints, page.complaints
    assert violations(Axe().run(page)) == {}
    # Its own.
    page.complaints.clear()
    return True


def test_what_the_contract_promises_those_who_manage_a_video(house):
    admin, path = house.admin, f"/videos/{house.video}/shares"
    share = house.share(expires_at="2099-01-01T00:00:00Z", password="sesame", view_limit=3, starts_at_seconds=2, is_embeddable=True)
    plain = house.share()
    listed = {each["id"]: each for each in admin.get(path).expect(200).json()["data"]}
    assert listed[share["id"]]["has_password"] and listed[plain["id"]]["expires_at"] is None
    make(admin, "viewer@example.org")
    person = house.palco.client()
    person.login("viewer@example.org", PASSWORD)
    for method, place, body in [("GET", path, None), ("POST", path, {}), ("DELETE", f"{path}/{share['id']}", None)]:
        house.anyone.request(method, place, body).expect(401)
        person.request(method, place, body).expect(403)
        admin.request(method, place.replace(house.video, UNKNOWN), body).expect(404)
    assert admin.post(path, {"view_limit": 0}).expect(422).code == "validation_failed"
    admin.request("POST", path, b"{", {"Content-Type": "application/json"}).expect(400)
    admin.request("POST", path, b"x", {"Content-Type": "text/plain"}).expect(415)
    too_large(admin, "POST", path)
    made = [admin.post(path, {}) for _ in range(101 - len(listed))]
    assert made.pop().expect(409).code == "too_many_shares"
    for each in admin.get(path).json()["data"]:
        admin.request("DELETE", f"{path}/{each['id']}").expect(204)
    admin.request("DELETE", f"{path}/{share['id']}").expect(404)
    assert admin.get(path).json()["data"] == []


def test_what_the_contract_promises_whoever_has_a_link(house):
    anyone, share = house.anyone, house.share(view_limit=1, is_embeddable=True)
    place = f"/shares/{share['token']}"
    facts = anyone.get(place).expect(200).json()
    assert facts["title"] == "A <b>shared</b> film" and not facts["asks_password"]
    picture = anyone.get(facts["thumbnail_url"]).expect(200)
    anyone.get(facts["thumbnail_url"], headers={"If-None-Match": picture.headers["ETag"]}).expect(304)
    anyone.get(facts["thumbnail_url"], headers={"Range": "bytes=0-9"}).expect(206)
    anyone.get(facts["thumbnail_url"], headers={"Range": "bytes=99999999-"}).expect(416)
    address = f"{house.palco.url}{share['url']}"
    assert f"{house.palco.url}/embed/{share['token']}" in anyone.get(f"/oembed?url={address}").expect(200).json()["html"]
    anyone.get("/oembed").expect(422)
    # It looks once, and plays once.
    begun = house.play(share).expect(200).json()
    assert anyone.get(begun["playback_url"]).expect(200).text.startswith("#EXTM3U")
    wait_until(lambda: anyone.get(begun["storyboard_url"]).status == 200, "there are small pictures")
    assert house.play(share, grant=begun["grant"]).expect(200).json()["grant"] == begun["grant"]
    for answer in [
        house.play(share), anyone.get(place), anyone.get(facts["thumbnail_url"]), anyone.get(f"/oembed?url={address}")
    ]:  # fmt: skip
        assert answer.expect(410).code == "share_over"
    for answer in [
        anyone.get("/shares/x"), anyone.post("/shares/x/play", {}), anyone.get("/shares/x/thumbnail.jpg"),
        anyone.get("/oembed?url=https://palco.example/s/x"),
    ]:  # fmt: skip
        answer.expect(404)
    locked = house.share(password="sesame", is_embeddable=True)
    assert house.play(locked, password="x").expect(403).code == "wrong_password"
    anyone.get(f"/shares/{locked['token']}/thumbnail.jpg").expect(403)
    anyone.get(f"/oembed?url={house.palco.url}{locked['url']}").expect(403)
    play = f"/shares/{locked['token']}/play"
    anyone.request("POST", play, b"{", {"Content-Type": "application/json"}).expect(400)
    anyone.request("POST", play, b"x", {"Content-Type": "text/plain"}).expect(415)
    anyone.post(play, {"password": 5}).expect(422)
    too_large(house.admin, "POST", play)


def test_a_preview_sees_title_and_picture_escaped_and_nothing_of_what_has_a_password(house):
    share, locked = house.share(is_embeddable=True), house.share(password="sesame")
    page = house.anyone.get(f"/{share['url']}").expect(200)
    assert '<meta property="og:title" content="A &lt;b&gt;shared&lt;/b&gt; film">' in page.text
    assert '<meta property="og:description" content="What &quot;it&quot; tells">' in page.text
    assert f'content="{house.palco.url}/api/v1/shares/{share["token"]}/thumbnail.jpg"' in page.text
    assert 'type="application/json+oembed"' in page.text and "<b>shared" not in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer" and page.headers["X-Robots-Tag"] == "noindex"
    assert page.headers["Cache-Control"] == "private, no-store"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"] and page.headers["X-Frame-Options"] == "DENY"
    secret = house.anyone.get(f"/{locked['url']}").expect(200).text
    assert "shared" not in secret.replace("styles/shared.css", "") and "og:" not in secret
    frame = house.anyone.get(f"/{share['embed_url']}").expect(200)
    assert f"frame-ancestors {house.friend.origin}" in frame.headers["Content-Security-Policy"]
    assert frame.headers["X-Frame-Options"] is None
    # One that may not be embedded, and one that is none.
    for token in [locked["token"], "x"]:
        refused = house.anyone.get(f"//embed/{token}").expect(404)
        assert "frame-ancestors 'none'" in refused.headers["Content-Security-Policy"]
        assert locked["token"] not in refused.text and house.friend.origin not in refused.text
    # What opens a video stands in no log.
    house.palco.wait_for_line('"/embed/{token}"')
    lines = [line for line in house.palco.lines if '"/s/{token}"' in line or '"/embed/{token}"' in line]
    assert lines and not any(each["token"] in line for line in house.palco.lines for each in (share, locked))


def test_a_person_without_an_account_gives_the_password_and_watches(chromium, house):
    share = house.share(password="sesame", starts_at_seconds=3, view_limit=1)
    with visitor(chromium, house.palco.url) as page:
        page.goto(share["url"])
        field = page.get_by_label("Password", exact=True)
        expect(field).to_be_visible()
        assert is_accessible(page)
        expect(page.get_by_test_id("title")).to_be_hidden()
        field.fill("wrong")
        page.get_by_role("button", name="Watch").click()
        expect(page.get_by_text("is not right")).to_be_visible()
        field.fill("sesame")
        page.get_by_role("button", name="Watch").click()
        expect(page.get_by_test_id("title")).to_have_text("A <b>shared</b> film")
        wait_until(lambda: page.evaluate(f"{VIDEO}?.currentTime ?? 0") >= 3, "it plays from where the link says")
        assert page.get_by_role("link").count() == 0
        # Loaded again, the view goes on; in another tab there is none left.
        page.reload()
        page.get_by_test_id("begin").click()
        wait_until(lambda: page.evaluate(f"{VIDEO}?.currentTime ?? 0") >= 3, "it goes on")
    with visitor(chromium, house.palco.url) as page:
        page.goto(share["url"])
        expect(page.get_by_test_id("shared-note")).to_contain_text("This link is over")


def test_an_owner_makes_a_link_on_the_page_and_revokes_it(chromium, house):
    with signed_in(chromium, house.palco) as page:
        page.goto(f"/watch/{house.video}")
        page.get_by_test_id("share").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Password", exact=True).fill("sesame")
        dialog.get_by_label("Pages of other sites").check()
        before = len(house.admin.get(f"/videos/{house.video}/shares").json()["data"])
        dialog.get_by_test_id("create-share").click()
        wait_until(lambda: dialog.get_by_test_id("revoke").count() == before + 1, "the link is there")
        assert is_accessible(page)
        address = dialog.get_by_label("Address of the link").first.input_value()
        made = house.admin.get(f"/videos/{house.video}/shares").json()["data"][0]
        assert address == house.palco.url + made["url"] and made["has_password"] and made["is_embeddable"]
        dialog.get_by_test_id("revoke").first.click()
        wait_until(lambda: dialog.get_by_test_id("revoke").count() == before, "the link is gone")
        house.anyone.get(f"/shares/{made['url'].split('/')[2]}").expect(404)


def test_a_page_of_an_allowed_origin_commands_the_player_and_another_one_does_not(chromium, house):
    share = house.share(is_embeddable=True)
    source = house.palco.url + share["embed_url"]
    with visitor(chromium, house.friend.origin) as page:
        page.goto(f"/?{source}")

        def told(what):
            wait_until(lambda: page.evaluate(f"told.some((message) => {what})"), what)

        told("message.event === 'ready' && !message.started")
        page.evaluate("say({ method: 'setMuted', value: true }), say({ method: 'seek', value: 2 }), say({ method: 'play' })")
        told("message.event === 'play'")
        told("message.event === 'timeupdate' && message.position > 2 && message.muted")
        page.evaluate("say({ method: 'pause' }), say({ method: 'seek', value: 1 }), say({ method: 'getState', id: 'now' })")
        told("message.id === 'now' && message.result.paused && message.result.position === 1")
        page.evaluate("say({ method: 'explode', id: 'no' })")
        told("message.id === 'no' && message.error === 'unknown_method'")
        # Keys and captions, as on our own pages.
        frame = page.frame_locator("iframe")
        frame.locator("palco-player").focus()
        inside = page.frames[1]
        page.keyboard.press("c")
        wait_until(lambda: inside.evaluate(CUES) == "Spoken words", "captions are shown")
        page.keyboard.press("k")
        wait_until(lambda: inside.evaluate(f"!{VIDEO}.paused"), "a key plays it")
        page.evaluate("say({ method: 'seek', value: 7.5 })")
        told("message.event === 'ended'")
    context = chromium.new_context(base_url=house.stranger_site.origin)
    page = context.new_page()
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(f"/?{source}")
    wait_until(lambda: any("frame-ancestors" in text for text in refused), "the browser shows no player")
    assert page.evaluate("told.length") == 0
    context.close()


def test_whoever_asks_without_end_is_refused(house):
    path = f"/videos/{house.video}/shares"
    until_refused(lambda _: house.admin.request("DELETE", f"{path}/{UNKNOWN}"), 404, 0)
    until_refused(lambda _: house.admin.post(path, {"view_limit": 0}), 422, 0)
    until_refused(lambda _: house.admin.get(path), 200, 100)
    until_refused(lambda _: house.anyone.get("/shares/x"), 404, 100)
    until_refused(lambda _: house.anyone.post("/shares/x/play", {}), 404, 0)
    until_refused(lambda _: house.anyone.get("/shares/x/thumbnail.jpg"), 404, 0)
    until_refused(lambda _: house.anyone.get("/oembed"), 422, 0)
