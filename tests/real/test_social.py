"""Signing in through another site in Chromium: new, known, connected, refused, cancelled; here, and over REST."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browsing import PASSWORD, make_site
from support.others import LABEL, LOOPBACK, enable_linking, social
from support.questions import site as questions
from support.servers import served, served_api

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.settings import ProvidersSettings
from stormpath_wsgi.testing import OpenIDProvider

ADA = "ada@example.org"


@pytest.fixture(scope="module", params=["embedded", "another machine"])
def place(request: pytest.FixtureRequest) -> Iterator[tuple[StormpathMiddleware, str]]:
    """A site with Ada's account and a button of the provider for tests, and its address."""
    with OpenIDProvider() as provider, ExitStack() as stack:
        settings: dict[str, Any] = {"web": {"social": social(provider)}}
        if request.param == "another machine":
            api = stack.enter_context(served_api("sqlite://", providers=ProvidersSettings(private_addresses=True)))
            key = {"id": api["id"], "secret": api["secret"]}
            settings |= {"directory": api["url"], "client": {"apiKey": key, "allowInsecure": True}, "cacheTtl": 1}
            settings["password_hasher"] = None
        else:
            settings |= LOOPBACK
        site = make_site(questions, **settings)
        stack.enter_context(closing(site.client))
        enable_linking(site)
        account = {"email": ADA, "password": PASSWORD, "given_name": "Ada", "surname": "Lovelace"}
        site.application.accounts.create(account)
        address = stack.enter_context(served(lambda address: site))
        yield site, address.replace("127.0.0.1", "localhost")


@pytest.fixture
def page(chromium: Browser, place: tuple[StormpathMiddleware, str]) -> Iterator[Page]:
    """A browser of its own for each story, which complains of nothing."""
    with chromium.new_context() as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(f"{said.location['url']} {said.text}"))
        page.on("pageerror", lambda error: complaints.append(f"{place[1]} {error}"))
        yield page
    assert [each for each in complaints if each.startswith(place[1])] == [], "of the provider, it may"


def chooses(page: Page, name: str) -> None:
    """Goes to the provider from the sign-in page, and presses the button with that name there."""
    page.get_by_role("link", name=f"Continue with {LABEL}").click()
    page.get_by_role("button", name=name).click()


def test_the_whole_story(page: Page, place: tuple[StormpathMiddleware, str]) -> None:
    site, address = place

    # Cancelled, and then new.
    page.goto(f"{address}/login?next=%2Fhall")
    chooses(page, "Cancel")
    expect(page.get_by_role("status")).to_contain_text(f"You did not sign in with {LABEL}.")
    chooses(page, "Grace Hopper")
    expect(page).to_have_url(f"{address}/hall")
    expect(page.get_by_text("user: grace@example.org")).to_be_visible()

    # Known, with the way that was used last marked.
    page.context.clear_cookies(name="stormpath_session")
    page.goto(f"{address}/login")
    expect(page.get_by_role("link", name=f"Continue with {LABEL}")).to_contain_text("Last used")
    chooses(page, "Grace Hopper")
    expect(page.get_by_text("user: grace@example.org")).to_be_visible()

    # Refused: the same way back in another browser.
    page.context.clear_cookies()
    page.goto(f"{address}/login")
    page.get_by_role("link", name=f"Continue with {LABEL}").click()
    page.context.clear_cookies()
    page.get_by_role("button", name="Grace Hopper").click()
    expect(page.get_by_role("alert")).to_contain_text(f"{LABEL} did not sign you in.")

    # Connected: an account with that address is there, and its owner signs in first.
    chooses(page, "Ada Lovelace")
    expect(page.get_by_text("There is an account with this address already.")).to_be_visible()
    page.get_by_label("Email").fill(ADA)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text(f"user: {ADA}")).to_be_visible()
    page.context.clear_cookies()
    page.goto(f"{address}/login")
    chooses(page, "Ada Lovelace")
    expect(page.get_by_text(f"user: {ADA}")).to_be_visible()

    # Disconnected and connected again by hand.
    page.goto(f"{address}/account")
    page.get_by_role("link", name=f"Disconnect {LABEL}").click()
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_text("It is not connected any more")).to_be_visible()
    page.get_by_role("button", name=f"Connect {LABEL}").click()
    page.get_by_role("button", name="Ada Lovelace").click()
    expect(page.get_by_text("It is connected.")).to_be_visible()
    linked = [each for each in site.client.tenant.accounts if each.email == ADA and len(each.linked_accounts)]
    assert len(linked) == 2, "one here, and one of the other site"
