"""What an owner says about a video, on its page: written, shown, and harmless."""

import pytest
from browsing import becomes, signed_in
from playwright.sync_api import expect

DESCRIPTION = """# Course
An **operation** with [notes](/watch/x), see https://example.org/a.

- first
- second

<img src=x onerror="globalThis.harmed = 1"><script>globalThis.harmed = 1</script> [x](javascript:globalThis.harmed=1)"""


@pytest.fixture
def street(admin, films):
    video = admin.upload(films.copy(films.street, "described"), title="Street").expect(201).json()
    admin.wait(video["id"])
    yield video["id"]
    admin.request("DELETE", f"/videos/{video['id']}").expect(204)


def test_an_owner_says_what_a_video_is_and_everybody_sees_it(chromium, server, street):
    with signed_in(chromium, server) as page:
        page.goto(f"/watch/{street}")
        page.get_by_test_id("edit").click()
        dialog = page.get_by_role("dialog")
        for name, text in {
            "title": "A <b>street</b>", "description": DESCRIPTION, "category": "Heart", "tags": "one, two,, one", "people": "Ann, Иван",
            "language": "spa", "recorded_on": "2024-02-29", "chapters": "0:00 Start\n0:05 <i>Middle</i>\n0:10 End",
        }.items():  # fmt: skip
            dialog.locator(f"[name={name}]").fill(text)
        dialog.locator("button[type=submit]").click()
        expect(dialog).to_have_count(0)
        for _ in range(2):
            expect(page.get_by_test_id("title")).to_have_text("A <b>street</b>")
            about = page.get_by_test_id("description")
            expect(about.locator("h3")).to_have_text("Course")
            expect(about.locator("strong")).to_have_text("operation")
            expect(about.locator("li")).to_have_text(["first", "second"])
            links = about.locator("a").evaluate_all("links => links.map(link => link.href)")
            assert links == [f"{server.url}/watch/x", "https://example.org/a"]
            expect(about).to_contain_text("<img src=x")
            assert about.locator("img, script").count() == 0
            assert page.evaluate("globalThis.harmed") is None
            names = page.get_by_test_id("names")
            expect(names.locator("dd a")).to_have_text(["Heart", "Ann", "Иван", "one", "two"])
            expect(page.locator(".about-facts")).to_contain_text("Spanish")
            expect(page.locator(".about-facts")).to_contain_text("February 29, 2024")
            expect(page.get_by_test_id("chapters").get_by_role("button")).to_have_count(3)
            page.reload()
        page.get_by_test_id("chapters").get_by_role("button").nth(1).click()
        becomes(page, "Math.abs(document.querySelector('palco-player').video.currentTime - 5) < 0.5")
        expect(page.get_by_test_id("chapters").get_by_role("button").nth(1)).to_have_attribute("aria-current", "true")


def test_what_cannot_be_is_said_at_its_field(chromium, server, street):
    with signed_in(chromium, server) as page:
        page.goto(f"/watch/{street}")
        page.get_by_test_id("edit").click()
        dialog = page.get_by_role("dialog")
        dialog.locator("[name=chapters]").fill("Start")
        dialog.locator("button[type=submit]").click()
        expect(dialog.get_by_role("alert")).to_contain_text("1:05 What comes")
        dialog.locator("[name=chapters]").fill("")
        dialog.locator("[name=language]").fill("klingon")
        dialog.locator("button[type=submit]").click()
        expect(dialog.locator("[name=language]")).to_have_attribute("aria-invalid", "true")
        expect(dialog).to_contain_text("It looks like en, es or ru.")
        dialog.locator("[name=language]").fill("ru")
        dialog.locator("button[type=submit]").click()
        expect(dialog).to_have_count(0)
        expect(page.locator(".about-facts")).to_contain_text("Russian")


def test_fields_come_with_an_upload_and_change_by_the_api(admin, films, street):
    film = films.copy(films.phone, "with fields")
    video = admin.upload(film, title="Fields", language="rus", recorded_on="2020-02-29").expect(201).json()
    assert video["language"] == "ru" and video["recorded_on"] == "2020-02-29" and video["chapters"] == []
    path = f"/videos/{video['id']}"
    assert admin.request("PATCH", path, {"chapters": [{"start": 2, "title": "b"}, {"start": 0.5, "title": "a"}]}).expect(200).json()[
        "chapters"
    ] == [{"start": 0.5, "title": "a"}, {"start": 2, "title": "b"}]
    kept = admin.request("PATCH", path, {"description": "*a* <b>"}).expect(200).json()
    assert kept["description_html"] == "<p><em>a</em> &lt;b&gt;</p>" and len(kept["chapters"]) == 2 and kept["language"] == "ru"
    emptied = admin.request("PATCH", path, {"language": None, "recorded_on": None, "chapters": []}).expect(200).json()
    assert emptied["language"] is None and emptied["recorded_on"] is None and emptied["chapters"] == []
    answer = admin.request("PATCH", path, {"language": "x", "recorded_on": "2023-02-29", "chapters": [{"start": 0, "title": ""}]})
    assert {error["field"] for error in answer.expect(422).json()["errors"]} == {"language", "recorded_on", "chapters"}
    assert "description_html" not in admin.get("/videos").json()["data"][0]
    admin.request("DELETE", path).expect(204)
