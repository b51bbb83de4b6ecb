"""Somebody changes address and password on the account page, in Chromium, from the mail that arrives."""

from __future__ import annotations

from playwright.sync_api import Browser, expect
from support.browsing import PASSWORD, make_site
from support.post_office import post_office
from support.servers import served

from stormpath_wsgi import StormpathMiddleware

NEW = "Another-horse-8"


def test_an_address_and_a_password_are_changed(chromium: Browser) -> None:
    with post_office() as office:

        def make(address: str) -> StormpathMiddleware:
            site = make_site(mail={"url": office.url}, web={"baseUrl": address}, session={"cookieSecure": False})
            site.application.accounts.create({"email": "jo@example.org", "given_name": "Jo", "password": PASSWORD})
            return site

        with served(make) as address:
            context = chromium.new_context(java_script_enabled=False, base_url=address)
            page = context.new_page()
            page.goto("/account")  # leads to the sign-in page, and back
            page.get_by_label("Email").fill("jo@example.org")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            expect(page).to_have_title("Your account · My Application")
            page.get_by_role("link", name="Change Email").click()
            page.get_by_label("New email").fill("jo@example.com")
            page.get_by_role("button", name="Send the link").click()
            expect(page.get_by_text("jo@example.com takes over once you open our mail there.")).to_be_visible()
            page.goto(office.link())
            page.get_by_role("button", name="Yes, verify it").click()
            expect(page.get_by_role("status")).to_have_text("Your address is changed.")
            assert office.next()["To"] == "jo@example.org"
            page.get_by_role("link", name="Change Password").click()
            page.get_by_label("Password now").fill(PASSWORD)
            page.get_by_label("New password").fill(NEW)
            page.get_by_role("button", name="Save the password").click()
            expect(page.get_by_role("status")).to_contain_text("You were signed out everywhere else.")
            assert office.next()["To"] == "jo@example.com"
            context.close()
