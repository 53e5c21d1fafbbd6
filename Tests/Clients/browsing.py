"""Chromium, driven by Playwright: pages of people who are signed in, and what tests ask of them."""

import contextlib

from palco import ADMIN_EMAIL, ADMIN_PASSWORD
from waiting import wait_until
from watching import Watching

# A name for this machine that no browser takes for a safe one, as a server at home has.
NAME_AT_HOME = "palco.test"
# The worker for when there is no server would stand between the tests and what they intercept.
USUAL = {"locale": "en-US", "viewport": dict(width=1280, height=800), "service_workers": "block"}
ARGUMENTS = [
    "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required",
    f"--host-resolver-rules=MAP {NAME_AT_HOME} 127.0.0.1",
]


@contextlib.contextmanager
def visitor(chromium, url, **options):
    """A page of somebody who is not signed in, in a context of its own, that must not complain on its console."""
    context = chromium.new_context(base_url=url, **{**USUAL, **options})
    page = context.new_page()
    page.complaints = []
    watch_complaints(page, page.complaints)
    yield page
    complaints = page.complaints
    context.close()
    assert not complaints, complaints


def watch_complaints(page, complaints):
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None)


def sign_in(page, email=ADMIN_EMAIL, password=ADMIN_PASSWORD):
    """Without the page: the browser has the cookies from now on."""
    answer = page.context.request.post("/api/v1/auth/login", data={"email": email, "password": password})
    assert answer.ok, answer.text()


@contextlib.contextmanager
def signed_in(chromium, palco, **options):
    """The same, signed in as the administrator."""
    with visitor(chromium, palco.url, **options) as page:
        sign_in(page)
        yield page


def watch(page, video):
    page.goto(f"/watch/{video['id']}")
    page.wait_for_selector("palco-player")
    return Watching(page.evaluate)


def button(page, name):
    """One of the player's."""
    return page.locator("palco-player").get_by_role("button", name=name, exact=True)


def press(page, name):
    """With the mouse, which brings the buttons back when they have gone out of sight."""
    box = page.locator("palco-player").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    button(page, name).click()


def becomes(page, expression):
    """Waits for something in the page to be true. (Playwright's own way evaluates text there, which the policy forbids.)"""
    wait_until(lambda: page.evaluate(expression) is True, expression)
