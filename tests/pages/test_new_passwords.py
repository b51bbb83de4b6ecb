"""Passwords that are easy to guess, or were used before: what people are told, page by page."""

from __future__ import annotations

import pytest
from support.browsing import PASSWORD, OpenSite, Visit
from support.second_factors import Phone

from stormpath_wsgi.client import Account

STOLEN = "Password1"
ON_A_LIST = "This password is on lists of stolen passwords. Choose another."
OWN_WORDS = "Choose another one: it is mostly your name, your address or a name of this site."
USED_BEFORE = "Choose another one: you have used this password before."


def keep_passwords(visit: Visit, number: int = 5) -> None:
    """Let the directory refuse the last *number* passwords."""
    [directory] = (each for each in visit.site.client.directories if each.name == "My Application Directory")
    strength = directory.password_policy.strength
    strength.prevent_reuse = number
    strength.save()


def change(visit: Visit, present: str, password: str) -> str:
    """What the account page answers to another password."""
    form = visit.get("/account?change=password").forms[1]
    form["present"], form["password"] = present, password
    return str(form.submit().text)


def reset(visit: Visit, account: Account, password: str) -> str:
    token = visit.application.password_reset_tokens.create({"email": account.email}).href.rpartition("/")[2]
    return str(visit.fill_in(f"/change?sptoken={token}", password=password).text)


@pytest.mark.parametrize(("password", "told"), [(STOLEN, ON_A_LIST), ("Lovelace-1815", OWN_WORDS)])
def test_every_page_says_why_it_takes_another(visit: Visit, password: str, told: str) -> None:
    page = visit.fill_in("/register", givenName="Ada", surname="Lovelace", email="ada@example.org", password=password)
    assert told in page
    ada = visit.account()
    assert told in reset(visit, ada, password)
    visit.sign_in()
    assert told in change(visit, PASSWORD, password)
    assert visit.application.authenticate_account("ada@example.org", PASSWORD).account == ada


def test_the_page_says_at_once_what_else_is_wrong(visit: Visit) -> None:
    page = visit.fill_in("/register", givenName="", surname="Lovelace", email="ada@example.org", password=STOLEN)
    assert ON_A_LIST in page
    assert "Enter your first name." in page


def test_a_password_that_was_used_before_has_a_sentence_of_its_own(opened: OpenSite) -> None:
    visit = opened("text/html")
    ada = visit.account()
    keep_passwords(visit)
    assert USED_BEFORE in reset(visit, ada, PASSWORD)
    visit.sign_in()
    assert USED_BEFORE in change(visit, PASSWORD, PASSWORD)


class TestThePassphrase:
    def test_is_among_the_rules(self, visit: Visit) -> None:
        assert "Or any 16 characters or more" in visit.get("/register")
        page = visit.fill_in(
            "/register", givenName="Ada", surname="Lovelace", email="ada@example.org", password="a sentence of mine"
        )
        assert page.status_int == 302

    def test_is_not_where_somebody_has_set_the_strength(self, visit: Visit) -> None:
        keep_passwords(visit)
        assert "characters or more" in visit.get("/register")
        assert "Or any 16" not in visit.get("/register")

    def test_is_not_where_the_setting_says_so(self) -> None:
        assert "Or any" not in Visit(passwords={"passphrase": 0}).get("/register")


class TestASignInWithAStolenPassword:
    def test_leads_to_where_it_is_changed_and_from_there_to_what_was_wanted(self, visit: Visit) -> None:
        visit.account(password=STOLEN)
        led = visit.fill_in("/login?next=/wanted", login="ada@example.org", password=STOLEN)
        assert led.location.endswith("/account?change=password&status=stolen&next=%2Fwanted#password-panel")
        page = led.follow()
        assert ON_A_LIST in page
        assert page.html.find("a", string="Not now")["href"] == "/wanted"

    def test_leads_there_after_the_second_factor(self, visit: Visit) -> None:
        phone = Phone(visit.account(password=STOLEN))
        page = visit.fill_in("/login?next=/wanted", login="ada@example.org", password=STOLEN).follow()
        page.form["code"] = phone.code()
        page = page.form.submit(status=302).follow(status=200)
        assert ON_A_LIST in page
        assert page.html.find("a", string="Not now")["href"] == "/wanted"

    def test_leads_where_it_led_before_where_there_is_no_such_page(self) -> None:
        visit = Visit(web={"account": {"enabled": False}})
        visit.account(password=STOLEN)
        led = visit.fill_in("/login?next=/wanted", login="ada@example.org", password=STOLEN)
        assert led.location.endswith("/wanted")

    def test_is_told_nothing_of_it_as_a_program(self, spa: Visit) -> None:
        spa.account(password=STOLEN)
        answer = spa.post_json("/login", {"login": "ada@example.org", "password": STOLEN})
        assert (answer.status_int, [*answer.json]) == (200, ["account"])

    def test_signs_nobody_in_where_a_mail_is_sent_instead(self) -> None:
        visit = Visit(passwords={"atSignIn": "mail"})
        visit.account(password=STOLEN)
        page = visit.fill_in("/login", login="ada@example.org", password=STOLEN)
        assert "We mailed you a link: choose another one." in page
        assert not visit.is_signed_in()
