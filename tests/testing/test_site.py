"""A site under test: people who are signed in, a directory that is brought back, mails and the time."""

from __future__ import annotations

import datetime as dt
import unittest
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from sqlalchemy import Engine, event
from webtest import TestApp  # type: ignore[import-untyped]
from werkzeug.middleware.lint import LintMiddleware
from werkzeug.test import Client

from stormpath_wsgi import ConfigurationError, Error, StormpathMiddleware, groups_required, login_required, user
from stormpath_wsgi.directory.crypto.passwords import Passwords
from stormpath_wsgi.events import AfterEvent
from stormpath_wsgi.testing import PASSWORD, SETTINGS, TestSite, quick_databases


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Says who asks."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(user.username).encode()]


def make_site() -> StormpathMiddleware:
    asked = {"/risky": "fresh", "/vault": "secondFactor"}
    protect = {"/members": login_required, "/staff": groups_required(["staff"]), **asked}
    web = {"account": {"grace": "P7D"}}
    with quick_databases():
        return StormpathMiddleware(LintMiddleware(app), protect=protect, web=web, **SETTINGS)


@pytest.fixture(scope="module")
def middleware() -> Iterator[StormpathMiddleware]:
    """The site of this module, which is made once."""
    made = make_site()
    yield made
    made.client.close()


@pytest.fixture
def site(middleware: StormpathMiddleware) -> Iterator[TestSite]:
    with TestSite(middleware) as entered:
        yield entered


@pytest.mark.parametrize("time", ["first", "second"])
def test_somebody_is_signed_in_whom_the_test_has_only_named(site: TestSite, time: str) -> None:
    """The second time she is brought back, and not made."""
    ada = site.login_as("ada", groups=["staff"])
    assert ada.get("/staff").text == "ada"
    assert site.login_as("bob").get("/staff").status_code == 403
    assert site.new_client().get("/staff").status_code == 401
    assert {each.username for each in site.application.accounts} == {"ada", "bob"}


def test_what_is_brought_back_is_what_was_made(middleware: StormpathMiddleware) -> None:
    hrefs = set()
    for _ in range(2):
        with TestSite(middleware) as site:
            site.login_as("eve", groups=["staff"], given_name="Eva", custom_data={"colour": "green"})
            [account] = site.application.accounts
            assert (account.given_name, account.custom_data["colour"]) == ("Eva", "green")
            hrefs.add(account.href)
    assert len(hrefs) == 1


def test_who_comes_in_the_same_order_again_is_brought_back_without_an_insert(middleware: StormpathMiddleware) -> None:
    inserts = []

    def note(*arguments: Any) -> None:
        if arguments[2].startswith("INSERT"):
            inserts.append(arguments[2])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        counts = []
        for names in (["kim", "lee"], ["kim", "lee"], ["lee", "kim"]):
            with TestSite(middleware) as site:
                inserts.clear()
                for name in names:
                    site.login_as(name)
                counts.append(len(inserts))
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert counts[1] == 0
    assert counts[0] and counts[2], "in another order they are made"


def test_the_cookie_is_one_that_the_site_signs_and_the_directory_knows(site: TestSite) -> None:
    ada = site.person("ada")
    client = site.login_as(ada)
    [session] = ada.account.sessions
    session.delete()
    assert client.get("/members").status_code == 401
    assert site.login_as(ada).get("/members").text == "ada"
    cookies = {**site.cookies_of(ada), "stormpath_session": "x" * 128}
    forged = site.new_client()
    for name, value in cookies.items():
        forged.set_cookie(name, value)
    assert forged.get("/members").status_code == 401


def test_a_test_sees_nothing_of_the_one_before(middleware: StormpathMiddleware) -> None:
    before = {each.name for each in middleware.application.groups}
    with TestSite(middleware) as site:
        client = site.login_as("ada", groups=["staff"])
        site.application.accounts.create({"email": "x@example.org", "password": PASSWORD})
        assert client.get("/members").text == "ada"
    assert list(middleware.application.accounts) == []
    assert {each.name for each in middleware.application.groups} == before
    assert client.get("/members").status_code == 401


def test_what_was_written_between_two_tests_stays(middleware: StormpathMiddleware) -> None:
    with TestSite(middleware) as site:
        site.login_as("ada")
    group = middleware.application.groups.create({"name": "authors"})
    try:
        with TestSite(middleware) as site:
            assert site.login_as("ada", groups=["authors"]).get("/members").text == "ada"
            assert len(site.application.accounts) == 1
        assert [each.name for each in middleware.application.groups] == ["authors"]
    finally:
        group.delete()


def test_nothing_is_brought_back_once_the_site_itself_has_written(site: TestSite) -> None:
    site.application.accounts.create({"username": "ada", "email": "other@example.org", "password": PASSWORD})
    site.login_as("ada")
    assert [each.email for each in site.application.accounts] == ["other@example.org"]


def test_no_password_is_hashed_where_none_is_tested(site: TestSite, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("a password is hashed")

    for name in ("hash", "verify"):
        monkeypatch.setattr(Passwords, name, forbidden)
    assert site.login_as("nobody-before", groups=["staff"], factor="totp").get("/staff").text == "nobody-before"


def test_everybody_can_sign_in_on_the_page_as_well(site: TestSite) -> None:
    site.person("ada")
    site.person("bob", password="Another-One-7")
    for name, password in (("ada", PASSWORD), ("bob", "Another-One-7")):
        client = site.new_client()
        headers = {"Accept": "application/json"}
        assert client.post("/login", json={"login": name, "password": password}, headers=headers).status_code == 200
        assert client.get("/members").text == name


def test_how_long_ago_somebody_has_signed_in_is_told(site: TestSite) -> None:
    assert site.login_as("ada").get("/risky").status_code == 200
    assert site.login_as("ada", age=dt.timedelta(hours=1)).get("/risky").status_code != 200
    assert site.login_as("ada", age=3600).get("/members").text == "ada"
    assert site.login_as("ada", age=dt.timedelta(days=40)).get("/members").status_code == 401


def test_the_session_of_who_is_made_with_a_second_factor_has_proved_it(site: TestSite) -> None:
    assert site.login_as("ada", factor="totp").get("/vault").text == "ada"
    assert site.login_as("bob").get("/vault").status_code == 403


def test_a_second_factor_is_one_of_which_a_code_was_given(site: TestSite) -> None:
    ada, bob = site.person("ada", factor="totp"), site.person("bob", factor="sms")
    for person in (ada, bob):
        [factor] = person.account.factors
        assert factor.is_verified()
    [app_of_ada] = ada.account.factors
    assert app_of_ada.challenge_factor(code=ada.code).is_successful()
    assert site.mailbox.texts == []
    [phone] = bob.account.factors
    challenge = phone.challenge_factor()
    assert challenge.submit(site.mailbox.text().code).is_successful()


def test_a_mail_is_there_at_once_with_its_link_and_its_code(site: TestSite) -> None:
    site.person("ada")
    client = TestApp(site.middleware, extra_environ={"HTTP_ACCEPT": "text/html"})
    form = client.get("/forgot").form
    form["email"] = "ada@example.org"
    sent = form.submit().follow()
    mail = site.mailbox.mail("ada@example.org")
    assert mail.html
    assert len(mail.code) == 8
    assert mail.path.startswith("/change?sptoken=")
    assert mail.link.endswith(mail.path)
    assert "New password" in client.get(mail.path)
    sent.forms[0]["code"] = mail.code
    assert "/change" in sent.forms[0].submit(status=302).location
    site.mailbox.clear()
    assert site.mailbox.mails == []


def test_the_clock_moves_sessions_and_links(site: TestSite) -> None:
    client, ada = site.login_as("ada"), site.person("bob")
    site.clock.move(minutes=11)
    assert client.get("/risky").status_code != 200
    site.clock.move(days=2)
    assert client.get("/members").status_code == 401
    token = site.application.password_reset_tokens.create({"email": "bob@example.org"})
    site.clock.move(dt.timedelta(days=2))
    with pytest.raises(Error):
        site.application.verify_password_reset_token(token.href.rpartition("/")[2])
    assert site.clock.now - dt.datetime.now(dt.UTC) > dt.timedelta(days=4)
    assert site.login_as(ada).get("/members").text == "bob"


def test_what_waits_for_its_time_happens_when_the_clock_is_moved(site: TestSite) -> None:
    ada = site.person("ada")
    ada.account.deletions.create({"grace": "P7D"})
    assert site.application.accounts.search({"username": "ada"})[0].href == ada.href
    site.clock.move(days=8)
    assert len(site.application.accounts) == 0


def test_the_clock_is_right_again_in_the_next_test(middleware: StormpathMiddleware) -> None:
    with TestSite(middleware) as site:
        site.clock.move(days=3)
    with TestSite(middleware) as site:
        assert site.login_as("ada").get("/risky").status_code == 200
        [account] = site.application.accounts
        assert abs(account.created_at - dt.datetime.now(dt.UTC)) < dt.timedelta(hours=1)


def test_no_event_is_told_of_what_a_test_takes_as_given(site: TestSite) -> None:
    heard: list[AfterEvent] = []
    site.client.events.listen(AfterEvent, heard.append)
    site.login_as("never-seen", groups=["readers"])
    assert heard == []
    site.person("ada").account.delete()
    assert [type(each).__name__ for each in heard] == ["AccountDeleted"]


@pytest.mark.parametrize(
    ("act", "kind", "words"),
    [
        (lambda site: site.login_as("ada", groups=["stafff"]), LookupError, "did you mean 'staff'"),
        (lambda site: site.login_as("ada", groups="staff"), TypeError, r"groups=\["),
        (
            lambda site: site.login_as("ada", groups=[f"{site.client.base_url}/groups/none"]),
            LookupError,
            "no group at",
        ),
        (lambda site: site.person("ada", shoe_size=42), TypeError, "shoe_size.*given_name"),
        (lambda site: site.person("ada", factor="fax"), ValueError, "totp"),
        (lambda site: site.person("ada").code, LookupError, "factor='totp'"),
        (lambda site: site.login_as("ada", client=object()), TypeError, "WebTest"),
        (lambda site: site.login_as(site.person("ada"), given_name="Eva"), TypeError, "there already"),
        (lambda site: site.login_as("ada", status="DISABLED"), Error, "disabled|enabled|token"),
        (lambda site: (site.person("ada"), site.person("ada")), Error, "unique|already|taken"),
        (lambda site: site.mailbox.mail(), LookupError, "none was sent"),
        (lambda site: site.mailbox.text("+1"), LookupError, "text message to"),
    ],
)
def test_a_mistake_is_told_with_what_to_write(
    site: TestSite, act: Callable[[TestSite], object], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=f"(?i){words}"):
        act(site)


def test_a_name_that_is_nearly_another_may_be_meant(site: TestSite) -> None:
    site.group("staffs")
    assert site.login_as("ada", groups=["staffs"]).get("/staff").status_code == 403


def test_accounts_that_somebody_needs_are_not_touched(tmp_path: Path) -> None:
    real = StormpathMiddleware(app, directory=f"sqlite:///{tmp_path}/accounts.db", secret_keys=["k" * 64])
    with pytest.raises(ConfigurationError, match="STORMPATH_DIRECTORY=sqlite://"):
        TestSite(real)
    real.client.close()
    with pytest.raises(ConfigurationError, match="no StormpathMiddleware"):
        TestSite(app)


class WithoutPytest(unittest.TestCase):
    """The standard library alone."""

    app: StormpathMiddleware

    @classmethod
    def setUpClass(cls) -> None:
        cls.app = make_site()

    def setUp(self) -> None:
        self.site = self.enterContext(TestSite(self.app))

    def test_somebody_is_signed_in(self) -> None:
        self.assertIsInstance(self.site.new_client(), Client)
        self.assertEqual(self.site.login_as("ada").get("/members").text, "ada")

    test_a_directory_is_fresh_again = test_somebody_is_signed_in
