"""A real browser, and the demo site under gunicorn for it to visit, wherever its accounts are."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
import requests
from playwright.sync_api import Browser, sync_playwright
from real.test_deploy import CHEAP, GUNICORN, ROOT, server
from real.test_remote import TTL, Environ, machine_with_accounts

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


@dataclass(frozen=True)
class DemoSite:
    """*environ* tells a command where its accounts are. A change that others make counts after *lag* seconds."""

    address: str
    environ: Environ
    lag: float = 0

    def soon(self, holds: Callable[[], bool]) -> None:
        """Fails unless *holds*: at once, if it is to know of a change at once."""
        begun = time.monotonic()
        while not holds():
            assert time.monotonic() - begun < self.lag


@pytest.fixture(scope="module", params=["embedded", "another machine"])
def demo_site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoSite]:
    """The demo site with two workers. Its accounts are in its own folder, or on another machine, reached by https."""
    folder = tmp_path_factory.mktemp("demo")
    command = [*GUNICORN, "--chdir", str(ROOT), "examples.demo:application"]
    environ, lag = {"STORMPATH_INSTANCE": str(folder / "instance"), **CHEAP}, 0
    with ExitStack() as stack:
        if request.param == "another machine":
            _, environ = stack.enter_context(machine_with_accounts(folder))
            lag = 10 * TTL  # machines are slow at times
        site = stack.enter_context(server(command, folder, WEB_CONCURRENCY="2", **environ))
        requests.get(site.address, timeout=60).raise_for_status()  # the first worker to answer has made the accounts
        yield DemoSite(site.address, environ, lag)
    assert not (lag and (folder / "instance").exists()), "accounts were looked for here"
