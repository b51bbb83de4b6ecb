"""The stories of the demo site with nothing but a keyboard: Tab, Enter, Space and what is typed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect
from real.conftest import DemoSite
from real.test_browser import DESKTOP, EMBEDDED, PASSWORD, PHONE

_people = itertools.count()
_LINE = 30  # pixels, by which the middles of two things differ at the most that stand in one line

# Where the focus is: what it is called, whether it can be seen, and where it stands on the page.
_FOCUSED = """() => {
    const element = document.activeElement, style = getComputedStyle(element), box = element.getBoundingClientRect();
    const label = element.labels && element.labels.length ? element.labels[0] : element;
    return {
        name: label.textContent.trim().replace(/\\s+/g, " "),
        outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
        seen: box.bottom > 0 && box.top < innerHeight && box.width > 0,
        top: box.top + scrollY + box.height / 2,
        left: box.left,
        right: box.right,
    };
}"""


class Keyboard(NamedTuple):
    """Somebody who sees the page, and has no mouse."""

    page: Page
    address: str
    email: str

    def tab_to(self, name: str, most: int = 40) -> None:
        """Presses Tab until what is called *name* has the focus, and looks at all that has it on the way."""
        last = {"top": 0, "right": 0}
        for _ in range(most):
            self.page.keyboard.press("Tab")
            focused = self.page.evaluate(_FOCUSED)
            assert focused["outline"] >= 2 and focused["seen"], focused
            below, beside = focused["top"] >= last["top"] - _LINE, focused["left"] >= last["right"]
            assert below or beside, f"the order is not that of reading: {focused} after {last}"
            if focused["name"] == name:
                return
            last = focused
        raise AssertionError(f"Tab does not lead to {name}")

    def presses(self, name: str, key: str = "Enter") -> None:
        """Goes on to a button or a link, presses *key* there, and is where that leads."""
        self.tab_to(name)
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def types(self, name: str, text: str) -> None:
        """Goes on to a field and types into it, over what stands there: Tab marks that."""
        self.tab_to(name)
        self.page.keyboard.type(text)

    def registers(self) -> None:
        self.page.goto(f"{self.address}/register")
        for name, text in {"First name": "Ada", "Last name": "Lovelace", "Email": self.email}.items():
            self.types(name, text)
        self.types("Password", PASSWORD)
        self.presses("Create account")
        self.is_at("/")

    def is_at(self, path: str) -> None:
        expect(self.page).to_have_url(self.address + path)


@pytest.fixture
def keyboard(request: pytest.FixtureRequest, chromium: Browser, demo_site: DemoSite) -> Iterator[Keyboard]:
    with chromium.new_context(viewport=request.param, reduced_motion="reduce") as context:
        yield Keyboard(context.new_page(), demo_site.address, f"keyboard{next(_people)}@example.org")


@EMBEDDED
@pytest.mark.parametrize("keyboard", [PHONE], ids=["phone"], indirect=True)
def test_who_registers_is_led_to_what_is_wrong(keyboard: Keyboard) -> None:
    page = keyboard.page
    page.goto(f"{keyboard.address}/register")
    keyboard.types("First name", "Ada")
    keyboard.types("Email", keyboard.email)
    keyboard.types("Password", "short")
    keyboard.presses("Create account")
    expect(page).to_have_title("Error: Create your My Application account")
    expect(page.get_by_role("alert").filter(has_text="Two things to correct")).to_be_focused()
    keyboard.presses("Last name")  # a link in the message
    expect(page.get_by_label("Last name")).to_be_focused()
    page.keyboard.type("Lovelace")
    keyboard.types("Password", PASSWORD)
    keyboard.tab_to("Show")
    page.keyboard.press("Space")
    expect(page.get_by_label("Password")).to_have_value(PASSWORD)
    keyboard.presses("Create account", "Space")
    keyboard.is_at("/")


@EMBEDDED
@pytest.mark.parametrize("keyboard", [DESKTOP], ids=["desktop"], indirect=True)
def test_who_has_an_account_signs_in_changes_it_and_signs_out(keyboard: Keyboard) -> None:
    page = keyboard.page
    keyboard.registers()
    keyboard.presses("Sign out")
    keyboard.presses("Sign in")
    keyboard.types("Email", keyboard.email)
    keyboard.types("Password", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    keyboard.is_at("/")
    keyboard.presses("your account")
    keyboard.presses("Change Name")
    keyboard.is_at("/account?change=name#name-panel")
    keyboard.tab_to("First name")  # the next one after the place that the link led to
    page.keyboard.press("Delete")
    keyboard.presses("Save")
    expect(page.get_by_label("First name")).to_be_focused()
    expect(page.get_by_label("First name")).to_have_accessible_description("Enter your first name.")
    page.keyboard.type("Augusta")
    keyboard.types("Last name", "King")
    keyboard.presses("Save")
    expect(page.get_by_role("status")).to_have_text("Your name is saved.")
    keyboard.presses("Change Email")
    keyboard.presses("Cancel")
    expect(page.get_by_text("Augusta King")).to_be_visible()
    page.goto(f"{keyboard.address}/account")
    keyboard.presses("Sign out", "Space")
    keyboard.is_at("/")
    expect(page.get_by_role("heading", name="Hello, stranger")).to_be_visible()
