"""The library while things happen elsewhere: nobody loads the page again."""

import json
import re

from browsing import becomes, signed_in
from playwright.sync_api import expect

# Each value of the bar of the newest video, in order.
RECORDING = """
globalThis.seen = [];
new MutationObserver(() => {
    const card = document.querySelector('[data-testid=video]');
    const value = card?.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow');
    const now = [card?.dataset.status, value && Number(value)];
    if (card && JSON.stringify(globalThis.seen.at(-1)) !== JSON.stringify(now)) globalThis.seen.push(now);
}).observe(document.documentElement, { subtree: true, childList: true, attributes: true });
"""


def test_a_video_comes_gets_on_is_renamed_and_goes_before_ones_eyes(chromium, own_server, films):
    palco = own_server().start()
    client = palco.admin()
    with signed_in(chromium, palco) as page:
        page.goto("/")
        expect(page.get_by_test_id("empty")).to_be_visible()
        page.evaluate(RECORDING)
        video = client.upload(films.street, title="Street").expect(201).json()
        card = page.locator(f"[data-id='{video['id']}']")
        expect(card).to_be_visible()
        expect(page.get_by_test_id("empty")).to_have_count(0)
        expect(card).to_have_attribute("data-status", "ready", timeout=60_000)
        expect(card.locator(".badge")).to_contain_text("1:19")
        becomes(page, "document.querySelector('.card img')?.naturalWidth > 0")
        seen = json.loads(page.evaluate("JSON.stringify(seen)"))
        order = ["pending", "processing", "ready"]
        statuses = [order.index(status) for status, _ in seen]
        assert statuses == sorted(statuses) and statuses[-1] == 2 and 1 in statuses, seen
        shares = [share for status, share in seen if status == "processing" and share is not None]
        assert shares == sorted(shares) and shares, seen
        client.request("PATCH", f"/videos/{video['id']}", {"title": "A street in the sun"}).expect(200)
        expect(card.get_by_role("heading")).to_have_text("A street in the sun")
        other = client.upload(films.minute, title="Bunny").expect(201).json()
        cards = page.get_by_test_id("video")
        expect(cards).to_have_count(2)
        expect(cards.first).to_have_attribute("data-id", other["id"])
        expect(cards.first).to_have_attribute("data-status", "ready", timeout=60_000)
        client.request("DELETE", f"/videos/{video['id']}").expect(204)
        expect(card).to_have_count(0)
        client.request("DELETE", f"/videos/{other['id']}").expect(204)
        expect(page.get_by_test_id("empty")).to_be_visible()
        assert page.evaluate("globalThis.seen.length > 0"), "the page was loaded anew"
    palco.stop()


def test_what_happened_while_the_network_was_away_is_caught_up(chromium, own_server, films, network):
    palco = own_server().start()
    way = network(palco.port)
    with signed_in(chromium, way) as page:
        page.goto("/")
        expect(page.get_by_test_id("empty")).to_be_visible()
        way.server_port = 1  # Nobody answers there.
        way.cut()
        film = films.test_card("away.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "25", "-c:a", "aac", seconds=3)
        video = palco.admin().upload(film, title="Meanwhile").expect(201).json()
        palco.admin().wait(video["id"], whole=True)
        way.server_port = palco.port
        card = page.locator(f"[data-id='{video['id']}']")
        expect(card).to_have_attribute("data-status", "ready", timeout=30_000)
    palco.stop()


def test_a_video_that_is_deleted_elsewhere_is_no_longer_offered_to_its_viewer(chromium, own_server, films):
    palco = own_server().start()
    client = palco.admin()
    video = client.upload(films.minute, title="Short-lived").expect(201).json()
    client.wait(video["id"])
    with signed_in(chromium, palco) as page:
        page.goto(f"/watch/{video['id']}")
        page.wait_for_selector("palco-player")
        streams = []
        page.on("request", lambda request: streams.append(request) if re.search("/events$", request.url) else None)
        client.request("DELETE", f"/videos/{video['id']}").expect(204)
        expect(page.get_by_test_id("not-found")).to_be_visible()
        expect(page.locator("palco-player")).to_have_count(0)
        assert streams == [], "a stream of what is gone is asked for"
    palco.stop()
