"""What the hash of a password costs: what may be set, what is advised, and that hashes follow."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from stormpath_wsgi import Client, ConfigurationError, Settings
from stormpath_wsgi.client import DirectoryOptions
from stormpath_wsgi.passwords.cost import DEFAULT, MOST_PASSES, PRESETS, Cost
from stormpath_wsgi.passwords.tuning import Advice, advice, measured
from stormpath_wsgi.settings import PasswordsSettings

CHEAP = "m=7168,t=5,p=1"


def test_the_presets_are_those_of_the_standards() -> None:
    assert {name: str(cost) for name, cost in PRESETS.items()} == {
        "rfc9106": "m=65536,t=3,p=4",
        "owasp": "m=19456,t=2,p=1",
    }
    assert PasswordsSettings().hash_cost == PRESETS[DEFAULT]


@pytest.mark.parametrize("text", [*PRESETS, CHEAP, "m=131072,t=3,p=4", "m=2097152,t=1,p=16"])
def test_these_costs_can_be_set(text: str) -> None:
    assert Cost.of(str(Cost.of(text))) == PasswordsSettings(cost=text).hash_cost


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "write rfc9106, owasp or a cost such as m=65536,t=3,p=4"),
        ("OWASP", "write rfc9106"),
        ("m=65536", "write rfc9106"),
        ("m=65536,t=3,p=4,x", "write rfc9106"),
        ("m=99999999,t=3,p=4", "write rfc9106"),
        ("m=7167,t=9,p=1", "is too cheap: write a memory m of 7168 or more, and m times t of 35840"),
        ("m=8192,t=4,p=1", "is too cheap"),
        ("m=65536,t=3,p=0", "is too cheap"),
        ("m=2097153,t=1,p=1", "is too dear: write at most m=2097152,t=100,p=16"),
        ("m=65536,t=101,p=1", "is too dear"),
        ("m=65536,t=3,p=17", "is too dear"),
    ],
)
def test_no_other_cost_can_be_set_and_it_is_told_what_to_write(
    monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        Cost.of(text)
    if text:  # an empty variable is none
        monkeypatch.setenv("STORMPATH_PASSWORDS_COST", text)
        with pytest.raises(ConfigurationError, match=re.escape(f"passwords.cost (STORMPATH_PASSWORDS_COST): {told}")):
            Settings.read()


def test_hashes_follow_the_setting_at_the_next_sign_in(tmp_path: Path) -> None:
    file = tmp_path / "accounts.db"

    def opened(cost: str) -> Client:
        return Client(f"sqlite:///{file}", options=DirectoryOptions(passwords=PasswordsSettings(cost=cost)))

    with opened(CHEAP) as client:
        [application] = client.applications
        application.accounts.create(
            {"email": "ada@example.org", "given_name": "Ada", "surname": "Lovelace", "password": "Correct-Horse-9"}
        )
    assert _stored(file).startswith(f"$argon2id$v=19${CHEAP}$")
    with opened("m=7168,t=6,p=1") as client:
        [application] = client.applications
        application.authenticate_account("ada@example.org", "Correct-Horse-9")
        replaced = _stored(file)
        assert replaced.startswith("$argon2id$v=19$m=7168,t=6,p=1$")
        application.authenticate_account("ada@example.org", "Correct-Horse-9")
        assert _stored(file) == replaced


def _stored(file: Path) -> str:
    """The hash of the only account that has a password."""
    with closing(sqlite3.connect(file)) as connection:
        [stored] = connection.execute("SELECT hash FROM passwords ORDER BY position DESC").fetchone()
        return str(stored)


def test_a_hash_is_measured_by_the_median_of_some() -> None:
    """A clock that is asked before and after each."""
    ticks: Iterator[float] = map(float, count())
    assert measured(Cost(8, 1, 1), clock=lambda: next(ticks)) == 1.0


@pytest.mark.parametrize(
    ("default", "cheapest", "wanted", "advised"),
    [
        (0.1, 0.02, 0.1, Advice("rfc9106", 0.1)),
        (0.1, 0.02, 0.13, Advice("rfc9106", 0.1)),
        (0.1, 0.02, 0.25, Advice("m=65536,t=7,p=4", 0.1 * 7 / 3)),
        (0.1, 0.02, 0.09, Advice("owasp", 0.02)),
        (0.1, 0.02, 0.01, Advice("owasp", 0.02, is_slow=True)),
        (0.001, 0.0005, 10, Advice(f"m=65536,t={MOST_PASSES},p=4", 0.1 / 3)),
    ],
)
def test_the_highest_cost_is_advised_that_there_is_time_for(
    default: float, cheapest: float, wanted: float, advised: Advice
) -> None:
    found = advice({"rfc9106": default, "owasp": cheapest}, wanted)
    assert (found.cost, found.is_slow) == (advised.cost, advised.is_slow)
    assert found.seconds == pytest.approx(advised.seconds)
    assert str(Cost.of(found.cost)) in {found.cost, *map(str, PRESETS.values())}
