"""The page behind "This was not me": it asks, signs out everywhere, and has a link for a new password mailed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.browsing import Visit, make_site
from support.post import text
from support.post_office import PostOffice, post_office
from support.servers import served_api

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.events import AccountSecured, AfterEvent
from stormpath_wsgi.settings import MailSettings

ADA = "ada@example.org"


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    with post_office() as opened:
        yield opened


@pytest.fixture(params=["embedded", "remote"])
def site(request: pytest.FixtureRequest, office: PostOffice, tmp_path: Path) -> Iterator[StormpathMiddleware]:
    if request.param == "embedded":
        made = make_site(mail={"url": office.url}, web={"baseUrl": "https://site.example"})
        with closing(made.client):
            yield made
        return
    mail = MailSettings(url=office.url, site="https://site.example")
    with served_api(f"sqlite:///{tmp_path}/accounts.db", mail=mail) as opening:
        client = {"apiKey": {"id": opening["id"], "secret": opening["secret"]}}
        made = make_site(directory=opening["url"], application={"name": "My Application"}, client=client)
        with closing(made.client):
            yield made


def link_in(office: PostOffice, page: str) -> str:
    """The path of the link to *page* in the next mail."""
    mail = office.next()
    found = re.search(rf"https?://[^/]+({page}\?sptoken=\S+)", text(mail))
    assert found, text(mail)
    return found[1]


def test_whoever_was_not_there_takes_the_account_back(site: StormpathMiddleware, office: PostOffice) -> None:
    told: list[AfterEvent] = []
    site.events.listen(AccountSecured, told.append)
    ada, thief = Visit(site=site), Visit(site=site)
    account = ada.account(ADA)
    ada.sign_in(ADA)
    thief.sign_in(ADA)
    notice = link_in(office, "/account/secure")
    page = ada.get(notice)
    assert "Sign out everywhere?" in page and page.headers["Referrer-Policy"] == "strict-origin"
    assert ada.is_signed_in() and thief.is_signed_in()
    done = page.form.submit()
    assert "You are signed out everywhere" in done and ADA not in done
    assert not ada.is_signed_in() and not thief.is_signed_in()
    assert [event.account for event in told] == [account.href]
    assert "Choose a new password" in ada.get(link_in(office, "/change"))
    for visit in (ada, thief):
        assert "This link no longer works" in visit.get(notice)
    assert "This link no longer works" in thief.post(notice, status=404)
    assert office.empty() == []


def test_a_browser_that_the_account_knows_is_no_news(site: StormpathMiddleware, office: PostOffice) -> None:
    ada = Visit(site=site)
    ada.account(ADA)
    for _ in range(3):
        ada.sign_in(ADA)
        ada.post("/logout", headers={"Sec-Fetch-Site": "same-origin"})
    assert office.empty() == []


def test_only_our_form_presses_the_button(site: StormpathMiddleware, office: PostOffice) -> None:
    ada = Visit(site=site)
    ada.account(ADA)
    ada.sign_in(ADA)
    Visit(site=site).sign_in(ADA)
    notice = link_in(office, "/account/secure")
    other = Visit(site=site)
    assert "This page was open too long" in other.post(notice, {"csrfToken": "wrong"}, status=403)
    assert ada.is_signed_in()
