"""Passkeys in Chromium, with a device that Chromium simulates: as people meet them on our pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect
from support.browsing import PASSWORD, make_site
from support.questions import site as questions
from support.second_factors import Phone
from support.servers import served
from support.waiting import eventually

from stormpath_wsgi import StormpathMiddleware

ADA = "ada@example.org"
#: A phone or a computer that asks for a finger. It confirms when it is told to.
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Person(NamedTuple):
    """Ada, at a browser with a device."""

    page: Page
    address: str
    protocol: CDPSession
    device: str

    def goes_to(self, path: str) -> None:
        self.page.goto(self.address + path)

    def signs_in(self) -> None:
        self.goes_to("/login")
        self.enters_password()
        self.is_in()

    def enters_password(self) -> None:
        self.page.get_by_label("Email").fill(ADA)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def signs_out(self) -> None:
        self.page.context.clear_cookies()

    def adds(self, name: str) -> None:
        self.goes_to("/account")
        self.page.get_by_role("link", name="Add a passkey").click()
        self.page.get_by_label("Name").last.fill(name)
        self.page.get_by_role("button", name="Add the passkey").click()
        expect(self.page.get_by_text("The passkey is added.")).to_be_visible()

    def is_in(self) -> None:
        expect(self.page).to_have_url(f"{self.address}/")
        expect(self.page.get_by_text(f"user: {ADA}")).to_be_visible()

    def confirms(self, *, does: bool) -> None:
        """Whether her finger is the right one."""
        told = {"authenticatorId": self.device, "isUserVerified": does}
        self.protocol.send("WebAuthn.setUserVerified", told)

    def waits(self) -> None:
        """Until she says :meth:`touches`, the device asks, as in the list of a field."""
        told = {"authenticatorId": self.device, "enabled": False}
        self.protocol.send("WebAuthn.setAutomaticPresenceSimulation", told)

    def touches(self) -> None:
        self.protocol.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": self.device, "enabled": True})

    def keys(self) -> list[Any]:
        """What the device has."""
        found: list[Any] = self.protocol.send("WebAuthn.getCredentials", {"authenticatorId": self.device})[
            "credentials"
        ]
        return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StormpathMiddleware]:
    # Whoever has served the demo site from this folder has left its address in the usual one.
    made = make_site(questions, instance=str(tmp_path_factory.mktemp("instance")))
    with closing(made.client):
        made.application.accounts.create(
            {"email": ADA, "password": PASSWORD, "given_name": "Ada", "surname": "Lovelace"}
        )
        yield made


@pytest.fixture(scope="module")
def address(site: StormpathMiddleware) -> Iterator[str]:
    with served(lambda address: site) as address:
        yield address.replace("127.0.0.1", "localhost")


@pytest.fixture
def ada(chromium: Browser, address: str, site: StormpathMiddleware) -> Iterator[Person]:
    """She is not signed in. Her browser complains of nothing."""
    with chromium.new_context() as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        protocol = context.new_cdp_session(page)
        protocol.send("WebAuthn.enable", {"enableUI": False})
        device = protocol.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]
        yield Person(page, address, protocol, device)
    assert complaints == []


def test_a_passkey_signs_in_by_a_button_by_the_list_of_the_field_and_after_the_password(
    ada: Person, site: StormpathMiddleware
) -> None:
    ada.signs_in()
    ada.adds("Blue phone")
    (key,) = ada.keys()
    assert (key["rpId"], key["userName"], key["userDisplayName"]) == ("localhost", ADA, "Ada Lovelace")

    ada.signs_out()
    ada.confirms(does=False)
    ada.goes_to("/login")
    button = ada.page.get_by_role("button", name="Sign in with a passkey")
    button.click()
    expect(ada.page.get_by_role("alert")).to_contain_text("Your device did not confirm.")
    ada.confirms(does=True)
    button.click()
    ada.is_in()

    ada.signs_out()
    ada.goes_to("/login")  # the device answers as soon as the page asks, with nothing pressed
    ada.is_in()

    ada.signs_out()
    phone = Phone(next(iter(site.client.tenant.accounts)))
    ada.waits()
    ada.goes_to("/login")
    ada.enters_password()
    expect(ada.page.get_by_role("heading", name="Enter your code")).to_be_visible()
    ada.page.get_by_role("link", name="Use another way").click()
    ada.page.get_by_role("link", name="Passkey").click()
    expect(ada.page.get_by_role("heading", name="Use your passkey")).to_be_visible()
    ada.touches()
    ada.page.get_by_role("button", name="Use passkey").click()
    ada.is_in()
    phone.factor.delete()

    ada.goes_to("/account")
    ada.page.get_by_role("link", name="Remove Blue phone").click()
    ada.page.get_by_role("button", name="Remove the passkey").click()
    expect(ada.page.get_by_text("The passkey is removed.")).to_be_visible()
    expect(ada.page.get_by_text("No passkey yet.")).to_be_visible()
    eventually(lambda: not ada.keys())  # the browser was told, and the device has forgotten it


def test_without_a_script_the_page_is_complete(chromium: Browser, address: str) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}/login")
        expect(page.get_by_role("button")).to_have_count(1)
        expect(page.get_by_text("or", exact=True)).to_be_hidden()
