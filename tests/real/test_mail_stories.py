"""What begins with a mail, in Chromium: the mail is sent by SMTP and read, and its link is followed, wherever the
accounts are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browsing import PASSWORD, make_site
from support.post_office import PostOffice, post_office
from support.servers import served, served_api

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.client import Directory
from stormpath_wsgi.settings import MailSettings

JO, NEW = "jo@example.org", "jo@example.com"
SECOND, THIRD = "Another-horse-8", "A-third-horse-9"


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    with post_office() as office:
        yield office


@pytest.fixture(params=["embedded", "over the REST API"])
def page(request: pytest.FixtureRequest, chromium: Browser, office: PostOffice) -> Iterator[Page]:
    """A page of a browser without scripts, for a site that verifies addresses."""
    with ExitStack() as stack:
        elsewhere = request.param != "embedded"

        def make(address: str) -> StormpathMiddleware:
            settings: dict[str, Any] = {"mail": {"url": office.url}}
            if elsewhere:
                mail = MailSettings(url=office.url, site=address)
                opening = stack.enter_context(served_api("sqlite://", mail=mail))
                settings = {
                    "directory": opening["url"],
                    "application": {"name": "My Application"},
                    "client": {"apiKey": {"id": opening["id"], "secret": opening["secret"]}},
                }
            site = make_site(web={"baseUrl": address}, session={"cookieSecure": False}, **settings)
            stack.enter_context(closing(site.client))
            _verify_addresses(site)
            return site

        address = stack.enter_context(served(make))
        context = chromium.new_context(java_script_enabled=False, base_url=address)
        yield context.new_page()
        context.close()
    assert office.empty() == []


def _verify_addresses(site: StormpathMiddleware) -> None:
    mapping = site.application.default_account_store_mapping
    assert mapping is not None
    assert isinstance(mapping.account_store, Directory)
    policy = mapping.account_store.account_creation_policy
    policy.verification_email_status = "ENABLED"
    policy.save()


def test_an_account_lives_by_its_mails(page: Page, office: PostOffice) -> None:
    """It is verified, moves to another address, gets another password, is forgotten and given up, and comes back."""
    page.goto("/register")
    page.get_by_label("First name").fill("Jo")
    page.get_by_label("Last name").fill("Winter")
    page.get_by_label("Email").fill(JO)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("We mailed a code to")).to_be_visible()
    page.goto(office.link())
    page.get_by_role("button", name="Yes, verify it").click()
    expect(page.get_by_role("status")).to_contain_text("Your address is verified.")
    _sign_in(page, JO, PASSWORD)

    page.goto("/account?change=email")
    page.get_by_label("New email").fill(NEW)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_text(f"{NEW} takes over once you open our mail there.")).to_be_visible()
    page.goto(office.link())
    page.get_by_role("button", name="Yes, verify it").click()
    expect(page.get_by_role("status")).to_have_text("Your address is changed.")
    assert office.next()["To"] == JO
    page.get_by_role("link", name="Change Password").click()
    page.get_by_label("Password now").fill(PASSWORD)
    page.get_by_label("New password").fill(SECOND)
    page.get_by_role("button", name="Save the password").click()
    expect(page.get_by_role("status")).to_contain_text("You were signed out everywhere else.")
    assert office.next()["To"] == NEW
    page.get_by_role("button", name="Sign out").click()

    page.goto("/forgot")
    page.get_by_label("Email").fill(NEW)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    page.goto(office.link())
    page.get_by_label("New password").fill(THIRD)
    page.get_by_role("button", name="Save the password").click()
    expect(page.get_by_role("status")).to_contain_text("Your password is changed.")
    assert office.next()["To"] == NEW
    _sign_in(page, NEW, THIRD)

    page.goto("/account?change=delete")
    page.get_by_label("Your password").fill(THIRD)
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_role("status")).to_contain_text("Your account is going to be deleted.")
    told = office.next()
    assert told["To"] == NEW
    _sign_in(page, NEW, THIRD)
    page.goto("/account")
    expect(page.get_by_role("heading", name="Your account", exact=True)).to_be_visible()


def _sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/login")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url("/")
