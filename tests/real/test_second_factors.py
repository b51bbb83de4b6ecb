"""A second factor from its beginning to the day when the phone is lost, in Chromium."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect
from support.browsing import PASSWORD, make_site
from support.servers import served

from stormpath_wsgi import StormpathMiddleware

JO = "jo@example.org"


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a browser without scripts, for a site with Jo's account."""
    with ExitStack() as stack:

        def make(address: str) -> StormpathMiddleware:
            site = make_site(web={"look": {"name": "Acme"}}, session={"cookieSecure": False})
            stack.enter_context(closing(site.client))
            site.application.accounts.create({"email": JO, "password": PASSWORD})
            return site

        context = chromium.new_context(java_script_enabled=False, base_url=stack.enter_context(served(make)))
        yield context.new_page()
        context.close()


def test_a_phone_is_added_asked_for_and_lost(page: Page) -> None:
    """The QR code is drawn, the code lets in, and when the phone is gone a recovery code does."""
    _sign_in(page)
    page.goto("/account")
    page.get_by_role("button", name="Add an authenticator app").click()
    box = page.locator("#new-app-panel svg").bounding_box()
    assert box is not None
    assert box["width"] > 100
    app = pyotp.TOTP(page.locator("#new-app-panel code").inner_text().replace(" ", ""))
    page.get_by_label("Code that the app shows").fill(_code_of_before(app))
    page.get_by_role("button", name="Add the app").click()
    expect(page.locator("ul.codes li")).to_have_count(10)
    codes = page.locator("ul.codes li").all_inner_texts()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download Recovery codes").click()
    assert download.value.suggested_filename == "recovery-codes.txt"
    assert download.value.path().read_text().split() == codes
    page.get_by_role("link", name="I saved them").click()
    expect(page.get_by_text("10 of 10 left")).to_be_visible()

    _sign_out(page)
    _sign_in(page)
    expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()
    page.get_by_label("Code", exact=True).fill("12")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("That code is not right.")).to_be_visible()
    expect(page.get_by_label("Code", exact=True)).to_be_focused()
    page.get_by_label("Code", exact=True).fill(app.now())
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("body")).to_contain_text(f"app: {JO}")

    _sign_out(page)
    _sign_in(page)
    page.get_by_role("link", name="Use another way").click()
    page.get_by_role("link", name="Recovery code").click()
    page.get_by_label("Recovery code").fill(codes[0])
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("body")).to_contain_text(f"app: {JO}")
    page.goto("/account")
    expect(page.get_by_text("9 of 10 left")).to_be_visible()


def _sign_in(page: Page) -> None:
    page.goto("/login")
    page.get_by_label("Email").fill(JO)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def _sign_out(page: Page) -> None:
    page.goto("/account")
    page.locator("header").get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile(r"/(\?|$|login)"))


def _code_of_before(app: pyotp.TOTP) -> str:
    """The code of the half minute before, when it is good for some seconds more."""
    while time.time() % 30 > 24:
        time.sleep(0.2)
    return app.at(int(time.time()) - 30)
