"""New passwords that are easy to guess: the flows refuse them before a directory is asked, wherever that is."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.browsing import PASSWORD, make_site
from support.visitors import request

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import ConfigurationError, Error, Unavailable
from stormpath_wsgi.events import Event
from stormpath_wsgi.flows import Finished, PasswordRefused, RegistrationRefused, SignInRefused
from stormpath_wsgi.passwords.build import build
from stormpath_wsgi.session import CurrentSession

ADA: dict[str, Any] = {
    "email": "ada@babbage.example", "password": PASSWORD, "given_name": "Ada", "surname": "Lovelace"
}  # fmt: skip

#: One that the directory takes, and that is on our list.
STOLEN = "Password1"

#: Passwords, and why they are refused.
EASY = [
    (STOLEN, Code.PASSWORD_KNOWN),
    ("Lovelace-1815", Code.PASSWORD_OF_OWN_WORDS),
    ("B@bbage99", Code.PASSWORD_OF_OWN_WORDS),
    ("Application1", Code.PASSWORD_OF_OWN_WORDS),  # the application is called My Application
]


def session(site: StormpathMiddleware) -> CurrentSession:
    return site.sessions.open(request())


@pytest.mark.parametrize(("password", "code"), EASY)
def test_no_account_is_made_with_one(site: StormpathMiddleware, password: str, code: Code) -> None:
    with pytest.raises(RegistrationRefused) as refused:
        site.flows.registration(session(site), {**ADA, "password": password})
    assert (refused.value.code, refused.value.field) == (code, "password")
    assert password not in repr(refused.value)
    assert len(site.application.accounts.search({"email": ADA["email"]})) == 0


def test_it_replaces_none_and_nobody_reads_it(
    site: StormpathMiddleware, told: list[Event], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser, ada = session(site), site.application.accounts.create(ADA)
    browser.sign_in(ada)
    token = site.application.password_reset_tokens.create({"email": ADA["email"]}).href.rpartition("/")[2]
    for password, code in EASY:
        with pytest.raises(PasswordRefused) as changed:
            site.flows.profile.change_password(browser, PASSWORD, password)
        with pytest.raises(PasswordRefused) as reset:
            site.flows.password.change(session(site), token, password)
        assert (changed.value.code, reset.value.code) == (code, code)
        assert password not in f"{told!r} {caplog.text}"
    site.flows.password.change(session(site), token, "a longer sentence of mine")  # the token has stayed good


def test_a_program_sets_what_it_likes(site: StormpathMiddleware) -> None:
    account = site.application.accounts.create({**ADA, "password": STOLEN})
    account.password = "Lovelace-1815"
    account.save()
    assert site.application.authenticate_account(ADA["email"], "Lovelace-1815").account == account


def test_a_program_does_not_where_the_directory_is_told_so() -> None:
    site = make_site(passwords={"inDirectory": True, "words": ["Springfield"]})
    account = site.application.accounts.create(ADA)
    for password in (STOLEN, "Lovelace-1815", "Springfield1"):
        account.password = password
        with pytest.raises(Error) as refused:
            account.save()
        assert refused.value.code in (Code.PASSWORD_KNOWN, Code.PASSWORD_OF_OWN_WORDS)
        with pytest.raises(Error):
            site.application.accounts.create({**ADA, "email": "another@babbage.example", "password": password})


def test_either_check_can_be_switched_off() -> None:
    site = make_site(passwords={"known": False, "ownWords": False})
    for number, (password, _) in enumerate(EASY):
        site.flows.registration(session(site), {**ADA, "email": f"{number}@babbage.example", "password": password})


def test_a_list_of_ones_own_is_used_and_one_that_is_lost_refuses_nobody_who_signs_in(tmp_path: Path) -> None:
    path = tmp_path / "list"
    build([b"correct-horse-7"], path)
    site = make_site(passwords={"list": str(path)})
    ada = site.application.accounts.create(ADA)
    with pytest.raises(RegistrationRefused):
        site.flows.registration(session(site), {**ADA, "email": "another@babbage.example"})
    path.unlink()
    with pytest.raises(Unavailable):
        site.flows.registration(session(site), {**ADA, "email": "another@babbage.example"})
    assert site.flows.sign_in.with_password(session(site), ADA["email"], PASSWORD) == Finished(ada)


def test_a_file_that_is_no_list_is_named_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("password\n")
    with pytest.raises(ConfigurationError, match=r"passwords\.list.*words\.txt is no list of passwords"):
        make_site(passwords={"list": str(tmp_path / "words.txt")})


class TestASignInWithAStolenPassword:
    def test_succeeds_and_says_so(self, site: StormpathMiddleware) -> None:
        ada = site.application.accounts.create({**ADA, "password": STOLEN})
        browser = session(site)
        assert site.flows.sign_in.with_password(browser, ADA["email"], STOLEN) == Finished(ada, password_is_known=True)
        assert browser.user.is_authenticated

    def test_says_nothing_where_that_is_not_wanted(self, directory: dict[str, Any]) -> None:
        site = make_site(passwords={"atSignIn": "ignore"}, **directory)
        with closing(site.client):
            ada = site.application.accounts.create({**ADA, "password": STOLEN})
            assert site.flows.sign_in.with_password(session(site), ADA["email"], STOLEN) == Finished(ada)

    def test_is_no_sign_in_where_a_mail_is_wanted_instead(self, directory: dict[str, Any]) -> None:
        site = make_site(passwords={"atSignIn": "mail"}, **directory)
        with closing(site.client):
            ada, browser = site.application.accounts.create({**ADA, "password": STOLEN}), session(site)
            with pytest.raises(SignInRefused) as refused:
                site.flows.sign_in.with_password(browser, ADA["email"], STOLEN)
            assert (refused.value.code, browser.user.is_authenticated) == (Code.PASSWORD_KNOWN, False)
            policy = ada.directory.password_policy
            policy.reset_email_status = "DISABLED"
            policy.save()
            try:
                finished = site.flows.sign_in.with_password(browser, ADA["email"], STOLEN)
                assert finished == Finished(ada, password_is_known=True)  # nobody is locked out
            finally:
                policy.reset_email_status = "ENABLED"
                policy.save()
