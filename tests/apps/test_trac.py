"""Trac, and somebody with a browser who signs in, changes a page, and signs out with Trac's own button."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.recipes import Browser, Site, python, served


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("trac")
    with served("trac.py", folder) as site:
        orders = 'initenv "Our project" sqlite:db/trac.db\npermission add bob WIKI_ADMIN\nquit\n'
        site.done(*python("trac.admin.console", folder / "trac"), input=orders)
        yield site


def test_a_wiki_page_is_written_by_who_signed_in(site: Site) -> None:
    browser = Browser(site)
    stranger = browser.open("/wiki")
    assert 'href="/login"' in stranger.text and "logged in as" not in stranger.text
    assert browser.open("/wiki/Tea?action=edit").status_code == 403
    assert "logged in as" in browser.sign_in(browser.open("/login"), site.ada).text
    editor = browser.open("/wiki/Tea?action=edit")
    saved = browser.fill_in(editor, "textarea", text="With milk.", save="Submit changes")
    assert "With milk." in saved.text
    assert "ada" in browser.open("/wiki/Tea?action=history").text


def test_a_form_without_the_token_of_trac_changes_nothing(site: Site) -> None:
    browser = Browser(site)
    browser.sign_in(browser.open("/login"), site.ada)
    form = {"action": "edit", "version": "0", "text": "Forged.", "save": "1", "__FORM_TOKEN": "guessed"}
    assert browser.session.post(f"{site.address}/wiki/Forged", data=form, timeout=60).status_code == 400
    assert "Forged." not in browser.open("/wiki/Forged").text


def test_rights_go_by_the_name_of_the_account(site: Site) -> None:
    deletes = "Delete page"
    for person, may in ((site.ada, False), (site.bob, True)):
        browser = Browser(site)
        browser.sign_in(browser.open("/login"), person)
        assert (deletes in browser.open("/wiki/WikiStart").text) is may


def test_the_button_of_trac_ends_our_session(site: Site) -> None:
    browser = Browser(site)
    page = browser.sign_in(browser.open("/login"), site.ada)
    assert "logged in as" not in browser.fill_in(page, 'name="logout"').text
    assert browser.open("/wiki/Tea?action=edit").status_code == 403


def test_an_account_that_was_disabled_is_a_stranger_at_once(site: Site) -> None:
    browser = Browser(site)
    assert "logged in as" in browser.sign_in(browser.open("/login"), site.bob).text
    with site.application() as application:
        [account] = application.accounts.search({"username": "bob"})
        account.status = "DISABLED"
        account.save()
        assert "logged in as" not in browser.open("/wiki").text
        account.status = "ENABLED"
        account.save()
