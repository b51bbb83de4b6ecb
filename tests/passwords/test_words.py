"""Passwords that are made of names, and of words of the site."""

from __future__ import annotations

import pytest

from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.passwords import PasswordCheck
from stormpath_wsgi.passwords.words import is_made_of, words_of

ADA = ("ada.lovelace", "countess@babbage.example.org", "Ada", "Lovelace", None)


@pytest.mark.parametrize(
    "password",
    [
        "Lovelace-1815",
        "lovelace1815!",
        "L0vel@ce1815",
        "LOVELACE LOVELACE",
        "Babbage99",
        "countess2026",
        "Lóvelace1815",
    ],
)
def test_a_name_with_a_year_behind_it_is_refused(password: str) -> None:
    assert is_made_of(password, words_of(ADA))


@pytest.mark.parametrize(
    "password",
    [
        "Lovelace wrote the first program",  # enough is left
        "Correct-Horse-1",
        "Adamant-Rock-7",  # three letters are in many words
        "organ-1815-Pipe",  # of an address the last part is everybody's
    ],
)
def test_what_holds_enough_else_is_not(password: str) -> None:
    assert not is_made_of(password, words_of(ADA))


def test_words_of_the_site_count_for_everybody() -> None:
    check = PasswordCheck(None, ["Acme Rockets", "@accounts.acme.example", "Springfield"])
    for password in ("Rockets2026", "acme-rockets", "Accounts-1!", "springfield!"):
        with pytest.raises(Error) as refused:
            check.check(password)
        assert refused.value.code == Code.PASSWORD_OF_OWN_WORDS
    check.check("Correct-Horse-1")


def test_no_word_is_looked_for_where_that_is_off() -> None:
    PasswordCheck(None, None).check("Lovelace-1815", ADA)


def test_anything_may_come_in_the_place_of_a_name() -> None:
    PasswordCheck(None, []).check("Correct-Horse-1", [None, 7, ["Horse"], {"a": "Correct"}, "x" * 10_000])
