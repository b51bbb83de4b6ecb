"""Every state of every page, looked at by axe-core in Chromium, and measured for fingers and for large text.

The states are HTML, so no server is needed. What axe-core looks for: the rules of WCAG 2.2, levels A and AA, that a
program can check, and its own best practices.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, ViewportSize
from real.test_node import NODE
from support.states import MAILS, STATES

AXE = NODE / "node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
TOUCH = 44  # pixels, the least that a finger hits

#: Rules about the frame of a page, which a mail has not.
NOT_IN_MAILS = ["region", "page-has-heading-one", "landmark-one-main"]

_VIOLATIONS = """async options => (await axe.run(document, options)).violations.map(
    violation => [violation.id, ...violation.nodes.map(node => `${node.target} ${node.failureSummary}`)])"""

# What is smaller than a finger. A check box counts with its label, and a small button with what surrounds it. Links in
# the midst of words may be as high as their line (WCAG 2.2, 2.5.8, "Inline").
_SMALL = """least => {
    const inWords = element => getComputedStyle(element).display === "inline";
    const around = element => {
        const {position, content, top, bottom} = getComputedStyle(element, "::after");
        return content !== "none" && position === "absolute" ? -parseFloat(top) - parseFloat(bottom) : 0;
    };
    const height = element => Math.max(
        element.getBoundingClientRect().height + around(element),
        ...[...element.labels ?? []].filter(() => element.type === "checkbox").map(label => label.offsetHeight));
    return [...document.querySelectorAll("a, button, input, select, textarea, summary")]
        .filter(element => element.checkVisibility() && element.type !== "hidden" && !inWords(element))
        .filter(element => height(element) < least)
        .map(element => element.outerHTML);
}"""

_WIDTH = """() => {
    document.documentElement.style.fontSize = "200%";
    return document.documentElement.scrollWidth;
}"""


class Looks(NamedTuple):
    """A desk with axe-core on it, and the narrowest phone."""

    desk: Page
    phone: Page

    def violations(self, **options: Any) -> list[list[str]]:
        found: list[list[str]] = self.desk.evaluate(_VIOLATIONS, {"resultTypes": ["violations"], **options})
        return found


@pytest.fixture(scope="module")
def looks(chromium: Browser) -> Iterator[Looks]:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci --prefix tests/real/node")
    # Without motion the colours of one scheme are there at once when the other one goes.
    with chromium.new_context(viewport=ViewportSize(width=1280, height=800), reduced_motion="reduce") as context:
        desk, phone = context.new_page(), context.new_page()
        phone.set_viewport_size(ViewportSize(width=320, height=568))
        desk.evaluate(AXE.read_text())  # the window keeps it, whatever document is shown in it
        yield Looks(desk, phone)


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(looks: Looks, states: dict[str, str], state: str) -> None:
    rules = {rule: {"enabled": state not in MAILS} for rule in NOT_IN_MAILS}
    looks.desk.emulate_media(color_scheme="light")
    looks.desk.set_content(states[state])
    assert looks.violations(runOnly=TAGS, rules=rules) == []
    looks.desk.emulate_media(color_scheme="dark")
    assert looks.violations(runOnly={"type": "rule", "values": ["color-contrast"]}) == [], "in the dark"


@pytest.mark.parametrize("state", [state for state in STATES if state not in MAILS])
def test_a_finger_hits_everything_and_large_text_fits(looks: Looks, states: dict[str, str], state: str) -> None:
    looks.phone.set_content(states[state])
    assert looks.phone.evaluate(_SMALL, TOUCH) == []
    assert looks.phone.evaluate(_WIDTH) <= 320
