"""MoinMoin, and somebody with a browser who signs in with us, and writes a page."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from support.recipes import Browser, Site, served

#: The command ``moin``, which works in the folder of a wiki.
COMMAND = "from moin.cli import cli; cli()"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("moin")
    wiki = folder / "wiki"
    wiki.mkdir()
    subprocess.run([sys.executable, "-c", COMMAND, "create-instance"], check=True, cwd=wiki)
    config = wiki / "wikiconfig.py"
    config.write_text(config.read_text().replace("YOUR-TRUSTED-EDITORS-GROUP", "Known"))
    subprocess.run([sys.executable, "-c", COMMAND, "index-create"], check=True, cwd=wiki)
    with served("moin.py", folder) as site:
        yield site


def test_a_page_is_written_by_who_signed_in(site: Site) -> None:
    browser = Browser(site)
    page = browser.open("/+modify/Tea?itemtype=default&contenttype=text/x.moin.wiki;charset=utf-8&template=")
    assert "/login?next=" in page.url
    editor = browser.sign_in(page, site.ada)
    assert editor.status_code == 200, editor.text
    browser.fill_in(editor, "textarea", content_form_data_text="With milk.")
    assert "With milk." in browser.open("/Tea").text
    assert re.search(r"\bada\b", browser.open("/+history/Tea").text)


def test_who_signs_out_with_us_is_a_stranger_to_the_wiki(site: Site) -> None:
    browser = Browser(site)
    browser.sign_in(browser.open("/+index/"), site.ada)
    assert browser.open("/+index/").url.endswith("/+index/")
    browser.fill_in(browser.open("/logout"), 'type="submit"')
    assert "/login?next=" in browser.open("/+index/").url
