"""Takes the pictures of the pages that the documentation shows, into _static/pictures.

Run it by hand when the looks have changed: ``.venv/bin/python docs/pictures.py``. It needs Chromium and what the tests
need.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import FloatRect, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "_static/pictures"
#: By the name of a picture: the state of a page (tests/support/states.py), and how wide the window is.
PICTURES = {
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
    "second-factors": ("account-factors", 1056),
    "recovery-codes": ("recovery-codes", 960),
    "passkeys": ("passkey-sign-in", 960),
    "secure": ("secure", 960),
    "development": ("development", 1056),
}
WIDEST, HIGHEST, MARGIN = 640, 700, 24  # pixels; of the first two: in the picture


def take(page: Page, file: Path) -> None:
    """A picture of what stands on *page*, with a margin around it."""
    found = page.locator(":is(.page > header, .page > main, .page > footer, body > table)").all()
    boxes = [box for each in found if (box := each.bounding_box())]
    left, top = (min(box[name] for box in boxes) for name in ("x", "y"))
    right, bottom = max(box["x"] + box["width"] for box in boxes), max(box["y"] + box["height"] for box in boxes)
    clip = FloatRect(
        x=max(left - MARGIN, 0),
        y=max(top - MARGIN / 2, 0),
        width=right - left + 2 * MARGIN,
        height=min(bottom - top + 1.5 * MARGIN, HIGHEST),
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
        for name, (state, width) in PICTURES.items():
            # The picture of a wide window is made smaller, and that of a card is as large as it is.
            scale = WIDEST / width if state in ("account", "account-factors", "development") else 1
            context = browser.new_context(viewport=ViewportSize(width=width, height=800), device_scale_factor=scale)
            page = context.new_page()
            page.set_content(states[state])
            take(page, FOLDER / f"{name}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
