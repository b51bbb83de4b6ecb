"""Takes the pictures of the pages that the documentation shows, into _static/pictures.

Run it by hand when the looks have changed: ``.venv/bin/python docs/pictures.py``. It needs Chromium and what the tests
need.
"""

from __future__ import annotations

import math
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import FloatRect, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "_static/pictures"
#: What a picture shows of a page: all of it, unless it is another part.
PAGE = ":is(.page > header, .page > main, .page > footer, body > table)"
#: By the name of a picture: the state of a page (tests/support/states.py), how wide the window is, and perhaps a part.
PICTURES: dict[str, tuple[str, int] | tuple[str, int, str]] = {
    "sign-in": ("sign-in-remember", 960),
    "register": ("register-fields", 960),
    "mail-sent": ("mail-sent", 960),
    "verify": ("verify-button", 960),
    "account": ("account", 1056),
    "fresh": ("fresh", 960),
    "invitation": ("invitation", 960),
    "organization": ("organization", 960),
    "mail": ("demo-mail-html", 560),
    "second-factor": ("factor-app", 960),
    "second-factors": ("account-factors", 1056, "#factors"),
    "new-app": ("account-new-app", 1056, "#factors"),
    "set-up-factor": ("factor-new-app", 960),
    "own-passkeys": ("passkey-account", 1056, "#sign-in"),
    "stolen-password": ("account-password-stolen", 1056, "#sign-in"),
    "recovery-codes": ("recovery-codes", 960),
    "passkeys": ("passkey-sign-in", 960),
    "other-sites": ("sign-in-ways", 960),
    "connections": ("account-connections", 1056, "#sign-in"),
    "secure": ("secure", 960),
    "development": ("development", 1056),
}
#: Pages that are wide and long: their picture is made smaller, and shows the beginning.
LONG = ("account", "development")
WIDEST, HIGHEST, MARGIN = 640, 700, 24  # pixels; of the first two: in the picture


def take(page: Page, file: Path, highest: float, part: str = PAGE) -> None:
    """A picture of that *part* of a *page*, a selector, with a margin around it. *highest*: pixels that it shows."""
    found = page.locator(part).all()
    boxes = [box for each in found if (box := each.bounding_box())]
    left, top = (min(box[name] for box in boxes) for name in ("x", "y"))
    right, bottom = max(box["x"] + box["width"] for box in boxes), max(box["y"] + box["height"] for box in boxes)
    clip = FloatRect(
        x=max(left - MARGIN, 0),
        y=max(top - MARGIN / 2, 0),
        width=right - left + 2 * MARGIN,
        height=min(bottom - top + 1.5 * MARGIN, highest),
    )
    page.screenshot(path=file, clip=clip, full_page=True)


def main() -> None:
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]
    from real.conftest import ARGUMENTS
    from support.states import all_states

    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        states = all_states(Path(folder))
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for name, (state, width, *part) in PICTURES.items():
            scale, highest = (WIDEST / width, HIGHEST) if state in LONG else (1, math.inf)
            context = browser.new_context(viewport=ViewportSize(width=width, height=800), device_scale_factor=scale)
            page = context.new_page()
            page.set_content(states[state])
            take(page, FOLDER / f"{name}.png", highest, *part)
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
