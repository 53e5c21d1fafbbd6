"""Script in every field that people fill: each page that shows it shows it as text."""

import pytest
from browsing import sign_in, visitor
from playwright.sync_api import expect
from waiting import wait_until

SCRIPT = "\"'><img src=x onerror=globalThis.harmed=1><script>globalThis.harmed=1</script>{{7*7}}${7*7}"
CAPTIONS = f"WEBVTT\n\n00:00.000 --> 00:04.000\n{SCRIPT}\n<v {SCRIPT}>said</v>\n"
# What a browser tells of the policy's refusals, on each page from its beginning.
WATCH = "globalThis.refused = []; addEventListener('securitypolicyviolation', (event) => refused.push(event.violatedDirective));"


@pytest.fixture
def filled(own_server, films):
    """A server on which every field has the script in it; answers it, the video, and the list."""
    palco = own_server().start()
    admin = palco.admin()
    admin.request("PATCH", "/auth/me", {"name": SCRIPT}).expect(200)
    video = admin.upload(
        films.street, name="<script>globalThis.harmed=1<script>.mp4", title=SCRIPT, description=SCRIPT, category=SCRIPT, tags=SCRIPT.replace(",", ""),
        people=SCRIPT,
    ).expect(201).json()["id"]  # fmt: skip
    admin.request("PATCH", f"/videos/{video}", {"chapters": [{"start": 0, "title": SCRIPT}]}).expect(200)
    admin.wait(video)
    headers = {"Content-Type": "text/vtt"}
    admin.request("PUT", f"/videos/{video}/captions/en?label=%3Cscript%3E", CAPTIONS.encode(), headers=headers).expect(201)
    admin.post("/admin/groups", {"name": SCRIPT}).expect(201)
    admin.post("/auth/tokens", {"name": SCRIPT, "scopes": ["read"], "expires_in_days": 7}).expect(201)
    listed = admin.post("/me/playlists", {"name": SCRIPT}).expect(201).json()["id"]
    admin.request("PUT", f"/me/playlists/{listed}/videos/{video}").expect(201, 204)
    admin.request("PUT", f"/videos/{video}/favorite").expect(204)
    admin.post(f"/videos/{video}/progress", {"position": 1}).expect(204)
    return palco, video, listed


def test_script_that_people_write_and_that_addresses_bring_is_text_on_every_page(chromium, filled):
    palco, video, listed = filled
    address = "%22%3E%3Cimg%20src%3Dx%20onerror%3DglobalThis.harmed%3D1%3E"
    shown = 0
    link = palco.admin().post(f"/videos/{video}/shares", {}).expect(201).json()["url"]
    with visitor(chromium, palco.url) as page:
        page.add_init_script(WATCH)
        sign_in(page)
        for path in [
            "/", f"/watch/{video}", f"/watch/{address}", f"/search?q={address}", "/search?q=img", f"/search?q=img&category={address}", "/favorites", "/history",
            "/lists", f"/lists/{listed}", f"/lists/{address}", "/upload", "/profile", "/administration", "/administration/groups", "/administration/audit",
            f"/administration/{address}", f"/sign-in?next={address}", f"/{address}", f"/category?name={address}", f"/person?name={address}",
            f"/tag?name={address}", "/tags", "/videos/mine", f"/videos/{video}/captions", "/trash", f"/s/{address}", f"/embed/{address}", link,
            "/administration/vocabulary",
        ]:  # fmt: skip
            page.goto(path)
            page.wait_for_load_state("networkidle")
            assert page.evaluate("[globalThis.harmed, refused, document.querySelectorAll('img[src=x]').length]") == [None, [], 0], path
            shown += "onerror=globalThis.harmed=1" in page.locator("body").inner_text()
        assert shown >= 8, "the pages show what was written"
        page.goto(f"/watch/{video}")
        page.get_by_test_id("edit").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.locator("[name=title]")).to_have_value(SCRIPT)
        wait_until(lambda: page.evaluate("[globalThis.harmed, refused.length]") == [None, 0], "the form shows it as text")
