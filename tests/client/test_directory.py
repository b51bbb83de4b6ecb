"""Directories: their password policy."""

# ruff: noqa: RUF001 - letters of all scripts are what passwords are made of

from __future__ import annotations

import pytest

from stormpath_wsgi.client import Directory
from stormpath_wsgi.errors import Error


def test_the_password_policy_and_its_strength_have_their_defaults(directory: Directory) -> None:
    policy = directory.password_policy
    assert (policy.reset_token_ttl, policy.reset_email_status) == (24, "ENABLED")
    strength = policy.strength
    assert (strength.min_length, strength.max_length, strength.min_symbol) == (8, 100, 0)


@pytest.mark.parametrize("password", ["Correct7", "Пароль12345", "Correct Horse 7", "É" * 5 + "Aa7"])
def test_a_good_password_is_good(directory: Directory, password: str) -> None:
    directory.password_policy.strength.validate_password(password)


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("Short7", "Password minimum length not satisfied."),
        ("Aa7" + "x" * 98, "Password exceeded the maximum length."),
        ("ALL-UPPER-7", "Password requires at least 1 lowercase characters."),
        ("all-lower-7", "Password requires at least 1 uppercase characters."),
        ("No-Digits", "Password requires at least 1 numeric characters."),
        ("Plain-Text-7", "Password requires at least 2 diacritic characters."),
        ("ÄÖplainText7", "Password requires at least 1 symbol characters."),
    ],
)
def test_a_weak_password_is_named_and_the_directory_agrees(directory: Directory, password: str, fault: str) -> None:
    strength = directory.password_policy.strength
    strength.min_symbol, strength.min_diacritic = 1, 2 if "diacritic" in fault else 0
    strength.save()
    with pytest.raises(ValueError, match=fault):
        strength.validate_password(password)
    with pytest.raises(Error) as caught:
        directory.accounts.create({"email": "ada@example.org", "password": password})
    assert caught.value.code in (2007, 2008)


def test_strength_is_a_setting_of_the_directory(directory: Directory) -> None:
    strength = directory.password_policy.strength
    strength.min_length = 20
    strength.save()
    directory.refresh()
    assert directory.password_policy.strength.min_length == 20
