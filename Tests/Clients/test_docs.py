"""The page on which a person tries requests of the contract, in Chromium: what it asks is real."""

import json
import re
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import sign_in, signed_in, visitor
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, ROOT
from places import sql
from playwright.sync_api import expect
from test_accessibility import violations
from test_refusals import PASSWORD, person


def operation(page, name):
    """One of accounts, opened, ready to be tried."""
    # Of as many as there are Swagger UI draws only those that are seen; of one tag it draws all.
    page.get_by_placeholder("Filter by tag or path").fill("accounts")
    block = page.locator(f"[id$='-{name}'].opblock")
    block.locator("button.opblock-summary-control").click()
    return block


def run(block):
    """What came: the status and the body."""
    block.get_by_role("button", name="Execute").click()
    answer = block.locator(".live-responses-table tbody tr").first
    status = answer.locator(".response-col_status")
    expect(status).to_have_text(re.compile(r"\d{3}"))
    return int(re.search(r"\d{3}", status.inner_text()).group()), answer.locator(".response-col_description").inner_text()


def test_a_request_is_tried_as_who_is_signed_in(chromium, server):
    with signed_in(chromium, server) as page:
        page.goto("/docs")
        status, body = run(operation(page, "showMe"))
        assert status == 200 and ADMIN_EMAIL in body
        # What changes something goes with the token against forgery.
        block = operation(page, "changeMe")
        block.locator("textarea").first.fill(json.dumps({"name": "Tried on a page"}))
        status, body = run(block)
        assert status == 200 and "Tried on a page" in body
    assert server.admin().get("/auth/me").json()["name"] == "Tried on a page"


def test_a_request_is_tried_as_nobody_and_by_a_token(chromium, server):
    with visitor(chromium, server.url) as page:
        page.goto("/docs")
        expect(page.get_by_test_id("docs-sign-in")).to_have_attribute("href", "/sign-in?next=%2Fdocs")
        block = operation(page, "showMe")
        assert run(block)[0] == 401
        page.get_by_role("button", name="Authorize").first.click()
        bearer = page.locator(".auth-container").first
        bearer.get_by_label("auth-bearer-value").fill(server.admin().token)
        bearer.get_by_role("button", name="Apply credentials").click()
        bearer.get_by_role("button", name="Close").click()
        block.get_by_role("button", name="Clear").click()
        status, body = run(block)
        assert status == 200 and ADMIN_EMAIL in body


def test_signing_in_leads_back_to_the_page(chromium, server):
    with visitor(chromium, server.url) as page:
        page.goto("/docs")
        page.get_by_test_id("docs-sign-in").click()
        page.get_by_label("E-mail address").fill(ADMIN_EMAIL)
        page.get_by_label("Password", exact=True).fill(ADMIN_PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(server.url + "/docs")
        page.locator(".opblock").first.wait_for()


def test_nothing_is_asked_of_other_servers(chromium, server):
    with signed_in(chromium, server) as page:
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto("/docs")
        page.locator(".opblock").first.wait_for()
        assert asked and [url for url in asked if not url.startswith((server.url, "data:"))] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_and_follows_the_theme(chromium, server, width, scheme):
    options = dict(viewport=dict(width=width, height=900), color_scheme=scheme, bypass_csp=True)
    with visitor(chromium, server.url, **options) as page:
        sign_in(page)
        page.goto("/docs")
        page.locator(".opblock").first.wait_for()
        assert page.evaluate("document.documentElement.classList.contains('dark-mode')") == (scheme == "dark")
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, "the page scrolls sideways"
        # Of what is ours; Swagger UI's own is as its makers left it.
        found = Axe().run(page, context={"exclude": [["[data-testid=swagger]"]]})
        page.complaints.clear()
        assert violations(found) == {}


def test_it_is_for_administrators_where_so_set(chromium, own_server):
    palco = own_server({"PALCO_DOCS": "administrators"})
    palco.start()
    nobody, admin = palco.client(), palco.admin()
    paths = ["/openapi.json", "/openapi.yaml", "//docs", "//docs/swagger-ui/swagger-ui.css"]
    assert [nobody.get(path).status for path in paths] == [401] * 4
    assert [admin.get(path).status for path in paths] == [200] * 4
    person(palco, "user@example.org")
    sql(palco.data, "UPDATE users SET role = 'creator' WHERE email = 'user@example.org'")
    creator = palco.client()
    creator.login("user@example.org", PASSWORD)
    assert [creator.get(path).status for path in paths] == [403] * 4
    with visitor(chromium, palco.url) as page:
        assert page.goto("/docs").status == 401
        page.get_by_role("alert").get_by_role("link", name="Sign in").click()
        page.get_by_label("E-mail address").fill("user@example.org")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(palco.url + "/docs")
        expect(page.get_by_role("alert")).to_have_text("This page is for administrators of this server.")
        sign_in(page)
        assert page.goto("/docs").status == 200
        page.locator(".opblock").first.wait_for()
    assert palco.stop() == 0


def test_it_is_not_there_where_so_set(own_server):
    palco = own_server({"PALCO_DOCS": "off"}).start()
    for client in (palco.client(), palco.admin()):
        for path in ("//api/v1/openapi.json", "//docs", "//docs/swagger-ui/swagger-ui.css"):
            connection = client.connection()
            connection.request("GET", path[1:], headers={"Authorization": f"Bearer {client.token}"} if client.token else {})
            assert connection.getresponse().status == 404, path
            connection.close()
    assert palco.stop() == 0


def test_without_swagger_ui_the_page_says_so_and_offers_the_contract(chromium, own_server, tmp_path):
    """As where only the pages and the contract were installed."""
    for folder in ("web", "api"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    palco = own_server({"PALCO_WEB": str(tmp_path / "web")}).start()
    with visitor(chromium, palco.url) as page:
        page.goto("/docs")
        expect(page.get_by_test_id("docs-notice")).to_contain_text("not installed")
        for name, begin in (("JSON", '{"openapi"'), ("YAML", "# The contract")):
            with page.expect_download() as download:
                page.get_by_role("link", name=name).click()
            assert download.value.path().read_text().startswith(begin)
    assert palco.stop() == 0
