"""What an account gets of what a provider has told: what fits, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from stormpath_wsgi.directory.providers import Person
from stormpath_wsgi.directory.rules.providers import mapping_rules


def told(rules: dict[str, list[str]] | None = None, /, **facts: Any) -> mapping_rules.Told:
    person = Person(**{"subject": "1", "email": "ada@example.org", "email_is_verified": True, **facts})
    items = [{"name": name, "accountAttributes": targets} for name, targets in (rules or {}).items()]
    return mapping_rules.told_of(person, items)


def test_without_rules_the_address_and_the_names_are_copied() -> None:
    found = told(given_name="Ada", surname="King")
    assert found.values == {"email": "ada@example.org", "givenName": "Ada", "surname": "King"}
    assert found.proves_email
    assert not told(email_is_verified=False).proves_email
    assert not told(email=None).proves_email


@pytest.mark.parametrize("name", ["A\nB", "", " ", "x" * 256, "a\u202eb", 5.0])
def test_what_is_no_name_is_left_out(name: Any) -> None:
    assert "givenName" not in told(given_name=name).values


@pytest.mark.parametrize("email", ["nobody", "a@b@c", "x" * 250 + "@example.org", "ada@example.org\n"])
def test_what_is_no_address_is_left_out(email: str) -> None:
    assert told(email=email).values == {}


@pytest.mark.parametrize("value", [None, True, ["a"], {"a": 1}, "x" * 256, "a:b", "\0"])
def test_a_rule_passes_over_what_does_not_fit(value: Any) -> None:
    found = told({"nick": ["username"], "none": ["surname"]}, user_info={"nick": value}, surname="King")
    assert found.values == {"email": "ada@example.org", "surname": "King"}


def test_a_rule_leads_into_what_is_told() -> None:
    info = {"a": {"b": {"c": "deep"}}, "a.b": "flat", "number": 7}
    rules = {"a.b.c": ["givenName"], "a.b": ["surname"], "number": ["middleName"], "a.x.c": ["username"]}
    assert told(rules, user_info=info).values == {
        **{"email": "ada@example.org", "givenName": "deep", "surname": "flat", "middleName": "7"}
    }


def test_custom_data_is_laid_over_what_is_there() -> None:
    rules = {"x": ["customData.a.b.c", "customData.d", "customData.href", "customData.a.e"], "y": ["customData.d"]}
    found = told(rules, user_info={"x": [1], "y": 2})
    assert found.laid_over({}) == {"a": {"b": {"c": [1]}, "e": [1]}, "d": 2}
    assert found.laid_over({"a": {"b": 5, "own": 6}, "d": 2}) == {"a": {"b": {"c": [1]}, "e": [1], "own": 6}}
    assert found.laid_over({"a": {"b": {"c": [1]}, "e": [1]}, "d": 2}) == {}


def test_what_cannot_be_stored_is_not_kept() -> None:
    nested: Any = 1
    for _ in range(200):
        nested = [nested]
    info = {"good": {"a": ["b"]}, "nul": "\0", "half": ["\ud800"], "big": 1e400, "deep": nested}
    assert mapping_rules.kept_of(Person(subject="1", user_info=info)) == {"good": {"a": ["b"]}}
    assert mapping_rules.kept_of(Person(subject="1", user_info={"large": "x" * 70_000})) == {}
