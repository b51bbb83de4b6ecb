"""A real browser, and the demo site under gunicorn for it to visit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from real.test_deploy import GUNICORN, ROOT, Server, server

# Nothing of the machine, nothing of the network, and no sandbox inside the one that tests run in.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def demo_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """The demo site with two workers, and its instance folder."""
    folder = tmp_path_factory.mktemp("demo")
    instance = folder / "instance"
    command = [*GUNICORN, "--chdir", str(ROOT), "examples.demo:application"]
    with server(command, folder, WEB_CONCURRENCY="2", STORMPATH_INSTANCE=str(instance)) as site:
        yield site, instance
