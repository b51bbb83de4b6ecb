"""WsgiDAV, and what mounts its folder: litmus, which tries all of WebDAV, and cadaver."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.machine import program
from support.recipes import Browser, Site, served


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("wsgidav")
    (folder / "files").mkdir()
    with served("wsgidav.py", folder) as site:
        yield site


def test_litmus_finds_no_fault(site: Site) -> None:
    said = site.done(program("litmus"), f"{site.address}/", site.ada.name, site.ada.secret)
    assert re.findall(r"(\d+) failed", said) == ["0"] * 5, said
    assert any(" - ada - " in line for line in site.server.lines)  # to whom a lock belongs


def test_cadaver_brings_a_file_and_takes_it_back(site: Site) -> None:
    home = Path(site.environ(site.ada)["HOME"])
    (home / "here.txt").write_text("Hello, Ada!\n")
    orders = "put here.txt\nmkdir letters\nmove here.txt letters/\nls letters\nget letters/here.txt back.txt\nquit\n"
    said = site.done(program("cadaver"), f"{site.address}/", person=site.ada, input=orders)
    assert (home / "back.txt").read_text() == "Hello, Ada!\n", said
    assert (site.folder / "files/letters/here.txt").read_text() == "Hello, Ada!\n"


def test_nobody_else_comes_in(site: Site) -> None:
    assert (site.status("/"), site.status("/", site.bob), site.status("/", site.ada)) == (401, 403, 200)
    assert site.status("/new", method="MKCOL") == 401
    assert not (site.folder / "files/new").exists()


def test_a_browser_is_led_to_the_sign_in_page_and_back(site: Site) -> None:
    browser = Browser(site)
    page = browser.open("/?listing")
    assert "/login?next=" in page.url
    assert browser.sign_in(page, site.ada).url == f"{site.address}/?listing"
