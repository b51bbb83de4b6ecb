"""The opening story, as people live it: Chromium, the demo site, gunicorn with two workers."""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from pages.test_next import TRICKS
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect
from real.conftest import DemoSite
from real.test_deploy import ROOT
from support.waiting import eventually
from support.warm import run

from stormpath_wsgi.pages.next import safe_next

PHONE, DESKTOP = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=800)
PASSWORD = "Correct-horse-7"
#: For what cannot depend on where the accounts are.
EMBEDDED = pytest.mark.parametrize("demo_site", ["embedded"], indirect=True)

#: Each place with each size and with each way of a browser, and each size with each way: every pair, in four runs.
EVERY_PAIR = pytest.mark.parametrize(
    ("demo_site", "viewport", "scripts"),
    [
        pytest.param("embedded", PHONE, "no scripts", id="embedded-phone-no scripts"),
        pytest.param("embedded", DESKTOP, "scripts", id="embedded-desktop-scripts"),
        pytest.param("another machine", PHONE, "scripts", id="another machine-phone-scripts"),
        pytest.param("another machine", DESKTOP, "no scripts", id="another machine-desktop-no scripts"),
    ],
    indirect=True,
)

_people = itertools.count()


class Visitor(NamedTuple):
    """Somebody at a browser of his own. *complaints*: what the browser's console says."""

    page: Page
    context: BrowserContext
    site: DemoSite
    email: str
    complaints: list[str]

    @property
    def address(self) -> str:
        return self.site.address

    def goes_to(self, path: str) -> int:
        answer = self.page.goto(self.address + path)
        assert answer is not None
        return answer.status

    def registers(self) -> None:
        self.goes_to("/register")
        self.page.get_by_label("First Name").fill("Ada")
        self.page.get_by_label("Last Name").fill("Lovelace")
        self.page.get_by_label("Email").fill(self.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Create account").click()

    def signs_in(self, password: str = PASSWORD) -> None:
        self.page.get_by_label("Email").fill(self.email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def is_at(self, path: str) -> None:
        expect(self.page).to_have_url(self.address + path)


@pytest.fixture(params=["scripts", "no scripts"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "scripts")


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def viewport(request: pytest.FixtureRequest) -> ViewportSize:
    size: ViewportSize = request.param
    return size


@pytest.fixture
def visitor(chromium: Browser, demo_site: DemoSite, viewport: ViewportSize, scripts: bool) -> Iterator[Visitor]:
    context = chromium.new_context(viewport=viewport, java_script_enabled=scripts)
    page = context.new_page()
    complaints: list[str] = []
    # Chromium says there too that a page came with status 403, which is as it should be.
    page.on("console", lambda said: None if "server responded" in said.text else complaints.append(said.text))
    yield Visitor(page, context, demo_site, f"visitor{next(_people)}@example.org", complaints)
    context.close()
    assert complaints == []


Owner = Callable[..., None]


@pytest.fixture(scope="module")
def owner(demo_site: DemoSite) -> Owner:
    """What the owner of the site types in another terminal. The group of the admins is there."""

    def command(*arguments: str) -> None:
        run(["-m", "stormpath_wsgi.cli", *arguments], cwd=ROOT, env=os.environ | demo_site.environ, check=True)

    command("group", "create", "admins")
    return command


@EVERY_PAIR
def test_the_opening_story(visitor: Visitor, chromium: Browser, owner: Owner) -> None:
    page = visitor.page
    visitor.goes_to("/")
    page.get_by_role("link", name="Create an account").click()
    visitor.is_at("/register")
    visitor.registers()
    visitor.is_at("/")
    expect(page.get_by_role("heading", name="Hello, Ada")).to_be_visible()
    assert visitor.goes_to("/members") == 200

    assert visitor.goes_to("/admin") == 403
    expect(page.get_by_role("heading", name="You cannot open this page")).to_be_visible()
    expect(page.get_by_text(visitor.email)).to_be_visible()
    owner("group", "add", "admins", visitor.email)
    visitor.site.soon(lambda: visitor.goes_to("/admin") == 200)

    copied = visitor.context.cookies()
    page.get_by_role("button", name=re.compile("Sign out")).click()
    visitor.is_at("/")
    expect(page.get_by_role("heading", name="Hello, stranger")).to_be_visible()

    thief = chromium.new_context()
    [session] = [cookie["value"] for cookie in copied if cookie["name"] == "stormpath_session"]
    thief.add_cookies([{"name": "stormpath_session", "value": session, "url": visitor.address}])
    elsewhere = visitor._replace(page=thief.new_page())
    visitor.site.soon(
        lambda: elsewhere.goes_to("/members") == 200 and elsewhere.page.url.endswith("/login?next=%2Fmembers")
    )
    thief.close()


@EVERY_PAIR
def test_a_stranger_signs_in_and_comes_to_the_page_he_wanted(visitor: Visitor) -> None:
    visitor.registers()
    visitor.page.get_by_role("button", name=re.compile("Sign out")).click()
    visitor.goes_to("/members?a=1&b=%2F")
    visitor.is_at("/login?next=%2Fmembers%3Fa%3D1%26b%3D%252F")
    visitor.signs_in("not the password")
    expect(visitor.page.get_by_role("alert")).to_contain_text("That email and password do not match.")
    expect(visitor.page.get_by_role("alert")).to_be_focused()
    expect(visitor.page.get_by_label("Email")).to_have_value(visitor.email)
    visitor.signs_in()
    visitor.is_at("/members?a=1&b=%2F")


@EMBEDDED
def test_a_keyboard_is_enough(visitor: Visitor, scripts: bool) -> None:
    visitor.goes_to("/register")
    keyboard = visitor.page.keyboard
    for _ in ("brand", "first field"):
        keyboard.press("Tab")
    expect(visitor.page.get_by_label("First Name")).to_be_focused()
    for text in ("Ada", "Lovelace", visitor.email, PASSWORD):
        keyboard.type(text)
        keyboard.press("Tab")
    if scripts:
        expect(visitor.page.get_by_role("button", name="Show")).to_be_focused()
        keyboard.press("Tab")
    expect(visitor.page.get_by_role("button", name="Create account")).to_be_focused()
    keyboard.press("Enter")
    expect(visitor.page.get_by_role("heading", name="Hello, Ada")).to_be_visible()


@EMBEDDED
def test_the_way_from_a_mistake_to_its_field_is_one_link(visitor: Visitor) -> None:
    visitor.goes_to("/register")
    visitor.page.get_by_label("Email").fill("ada@example.org")
    visitor.page.get_by_label("Password").fill("short")
    visitor.page.get_by_label("First Name").fill("Ada")
    visitor.page.get_by_role("button", name="Create account").click()
    expect(visitor.page.get_by_role("alert").filter(has_text="Two things to correct")).to_be_focused()
    visitor.page.get_by_role("link", name="Last name").click()
    field = visitor.page.get_by_label("Last Name")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description("Enter your last name.")
    expect(visitor.page.get_by_label("Password")).to_have_accessible_description(
        re.compile("8 characters or more missing")
    )


#: How many requests two clicks would send. The listener comes after those of the page, and lets nothing be sent.
_SUBMIT_TWICE = """() => {
    let sent = 0;
    document.forms[0].addEventListener("submit", (event) => {
        if (!event.defaultPrevented) sent += 1;
        event.preventDefault();
    });
    document.forms[0].requestSubmit();
    document.forms[0].requestSubmit();
    return sent;
}"""


@EMBEDDED
@pytest.mark.parametrize("viewport", [DESKTOP], ids=["desktop"])
def test_the_script_shows_a_password_and_ticks_its_rules(visitor: Visitor, scripts: bool) -> None:
    page = visitor.page
    visitor.goes_to("/register")
    password = page.get_by_label("Password")
    password.fill("abcdefgH")
    page.get_by_label("Email").fill(visitor.email)
    if not scripts:
        expect(page.get_by_role("button")).to_have_count(1)
        expect(password).not_to_have_accessible_description(re.compile("met"))
        return
    expect(password).to_have_accessible_description(
        "8 characters or more met An upper-case letter met A lower-case letter met A number "
        "Or any 16 characters or more"
    )
    password.fill("a sentence of mine")
    expect(password).to_have_accessible_description(
        "8 characters or more met An upper-case letter met A lower-case letter met A number met "
        "Or any 16 characters or more met"
    )
    page.get_by_role("button", name="Show").click()
    expect(password).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide", pressed=True).click()
    expect(password).to_have_attribute("type", "password")
    assert page.evaluate(_SUBMIT_TWICE) == 1


@EMBEDDED
@pytest.mark.parametrize("viewport", [PHONE], ids=["phone"])
def test_a_forgotten_password_becomes_a_new_one_by_a_mail(visitor: Visitor) -> None:
    page, outbox = visitor.page, Path(visitor.site.environ["STORMPATH_INSTANCE"]) / "outbox"
    visitor.registers()
    page.get_by_role("button", name="Sign out").click()
    visitor.goes_to("/login")
    page.get_by_role("link", name="Forgot password?").click()
    page.get_by_label("Email").fill(visitor.email)
    page.get_by_role("button", name="Send the link").click()
    visitor.is_at("/forgot?status=sent")
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()

    def found(pattern: str) -> list[str]:
        mails = [mail.read_text() for mail in outbox.glob("*.eml")]
        matches = [re.search(pattern, mail, re.M) for mail in mails if f"To: {visitor.email}" in mail]
        return [each[0] for each in matches if each]

    eventually(lambda: bool(found(r"/change\?sptoken=\S+")))
    [address], [code] = found(r"/change\?sptoken=\S+"), found(r"^ {4}\d{4} \d{4}$")
    page.get_by_label("Code from the mail").fill(code.strip())
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Choose a new password")).to_be_visible()
    visitor.goes_to(address)  # which is as good as the code
    page.get_by_label("New password").fill(f"{PASSWORD}-new")
    page.get_by_role("button", name="Save the password").click()
    visitor.is_at("/login?status=reset")
    visitor.signs_in(f"{PASSWORD}-new")
    visitor.is_at("/")
    visitor.goes_to(address)
    visitor.is_at("/forgot?status=invalid_sptoken")
    expect(page.get_by_role("heading", name="This link no longer works")).to_be_visible()


@EMBEDDED
@pytest.mark.parametrize("viewport", [PHONE], ids=["phone"])
@pytest.mark.parametrize("scripts", [False], ids=["no scripts"])
def test_an_invitation_becomes_an_account_that_stays_signed_in(visitor: Visitor, owner: Owner) -> None:
    page, outbox = visitor.page, Path(visitor.site.environ["STORMPATH_INSTANCE"]) / "outbox"
    owner("account", "invite", visitor.email, "--group", "admins")
    [mail] = [text for mail in outbox.glob("*.eml") if f"To: {visitor.email}" in (text := mail.read_text())]
    found = re.search(r"/invitation\?sptoken=\S+", mail)
    assert found
    for _ in range(2):  # to open the link uses nothing up
        visitor.goes_to(found[0])
    expect(page.get_by_text(visitor.email)).to_be_visible()
    page.get_by_label("First name").fill("Ada")
    page.get_by_label("Last name").fill("Lovelace")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_label("Password")).to_be_focused()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    visitor.is_at("/login?status=created")
    page.get_by_label("Keep me signed in").check()
    visitor.signs_in()
    visitor.is_at("/")
    assert visitor.goes_to("/admin") == 200
    [session] = [cookie for cookie in visitor.context.cookies() if cookie["name"] == "stormpath_session"]
    assert session["expires"] > time.time() + 29 * 86_400
    assert visitor.goes_to(found[0]) == 404
    expect(page.get_by_role("heading", name="This link no longer works")).to_be_visible()


def test_a_browser_reads_no_next_of_ours_as_another_site(chromium: Browser) -> None:
    """What Chromium makes of every spelling, and of every local path made with it, that we let pass."""
    candidates = [start + trick for trick in TRICKS for start in ("", "/", "/a", "/%", "/.", "/a?", "/;")]
    accepted = [address for address in candidates if safe_next(address)]
    assert len(accepted) > len(TRICKS)
    page = chromium.new_page()
    origins = page.evaluate(
        "addresses => addresses.map(address => new URL(address, 'https://site.example/login').origin)", accepted
    )
    page.close()
    assert set(origins) == {"https://site.example"}


@EMBEDDED
def test_somebody_looks_after_devices_keys_and_the_end_of_an_account(chromium: Browser, demo_site: DemoSite) -> None:
    with chromium.new_context(viewport=DESKTOP) as desk, chromium.new_context(viewport=PHONE) as hand:
        email = f"visitor{next(_people)}@example.org"
        visitor, other = (Visitor(each.new_page(), each, demo_site, email, []) for each in (desk, hand))
        page = visitor.page
        visitor.registers()
        other.goes_to("/login")
        other.signs_in()
        other.is_at("/")

        visitor.goes_to("/account")
        devices = page.get_by_role("region", name="Where you are signed in")
        # Two rows, and once more for who cannot see in which row the button is.
        expect(devices.get_by_text("Chrome on Linux")).to_have_count(3)
        devices.get_by_role("button", name="Sign out Chrome on Linux").click()
        expect(page.get_by_role("status")).to_contain_text("That device is signed out.")
        other.goes_to("/account")
        assert "/login" in other.page.url

        page.get_by_role("link", name="Make a new key").click()
        page.get_by_label("Name").fill("Nightly backup")
        page.get_by_role("button", name="Make the key").click()
        expect(page.get_by_text("is ready. Copy the secret now.")).to_be_visible()
        secret = page.locator("#secret").inner_text()
        page.get_by_role("link", name="Done").click()
        assert secret not in page.content()
        page.get_by_role("link", name="Revoke Nightly backup").click()
        page.get_by_role("button", name="Revoke the key").click()
        expect(page.get_by_text("No API keys.")).to_be_visible()

        page.get_by_role("link", name="Delete… your account").click()
        page.get_by_label("Your password").fill(PASSWORD)
        page.get_by_role("button", name="Delete my account").click()
        expect(page.get_by_role("status")).to_contain_text("Your account is going to be deleted.")
        visitor.goes_to("/account")
        assert "/login" in visitor.page.url
        visitor.signs_in()
        visitor.is_at("/account")
