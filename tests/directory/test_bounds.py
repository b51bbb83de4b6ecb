"""What strangers send costs no more than in proportion to its length, however it is made."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pwdlib import PasswordHash
from support.cheap import HASHER
from support.world import PASSWORD, World

import stormpath_wsgi
from stormpath_wsgi.client import PasswordStrength
from stormpath_wsgi.directory.crypto import foreign_hashes
from stormpath_wsgi.directory.crypto.passwords import Passwords
from stormpath_wsgi.directory.rows import expansion
from stormpath_wsgi.directory.wire.canonical import (
    MOST_FOLDED,
    canonical_email,
    canonical_name,
    canonical_username,
    fold,
)
from stormpath_wsgi.errors import Error
from stormpath_wsgi.kinds import RefreshToken
from stormpath_wsgi.pages.about import lacks

#: Pieces that are dear when they are many: marks of different classes have to be sorted, others become many characters.
PIECES = ["a", "\u0301", "\u0323", "\u0301\u0323", "\u0344", "\ufdfa", "\u0f73", "\u1f82", "ﬃ", "\u200b", "İ", " "]
texts = st.builds(
    lambda runs: "".join(piece * number for piece, number in runs),
    st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from([1, 30, 1000, 40_000])), min_size=1, max_size=4),
)

#: What a text of the length that is folded may become on the way: one character becomes 18 at the most.
MOST_ON_THE_WAY = 18 * MOST_FOLDED


class Normalised:
    """Watches over every call of ``unicodedata.normalize`` meanwhile: how many, and the longest text at hand."""

    def __init__(self) -> None:
        self.calls = self.longest = 0

    def __call__(self, frame: FrameType, happening: str, function: Any) -> None:
        if happening == "c_call" and function is unicodedata.normalize:
            self.calls += 1
            texts = [len(value) for value in frame.f_locals.values() if isinstance(value, str)]
            self.longest = max(self.longest, *texts)


@contextmanager
def watched() -> Iterator[Normalised]:
    watcher, before = Normalised(), sys.getprofile()
    sys.setprofile(watcher)
    try:
        yield watcher
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize("spell", [canonical_email, canonical_username, canonical_name, fold])
@given(texts)
@example("a" + "\u0301" * 40_000 + "\u0323" * 40_000)
def test_no_long_text_is_folded(spell: Callable[[str], str], text: str) -> None:
    """To order n marks takes n² steps: 80 kB took eight seconds."""
    with watched() as normalised:
        key = spell(text)
    assert normalised.longest <= MOST_ON_THE_WAY
    assert normalised.calls <= 20
    assert len(key) <= max(MOST_FOLDED, len(text) if text.isascii() else 0)


@pytest.mark.parametrize("spell", [canonical_email, canonical_username, canonical_name])
@given(texts)
def test_spelling_long_texts_twice_changes_nothing(spell: Callable[[str], str], text: str) -> None:
    assert spell(spell(text)) == spell(text)


@pytest.mark.parametrize("spell", [canonical_email, canonical_username, canonical_name])
def test_long_texts_stay_different(spell: Callable[[str], str]) -> None:
    assert spell("a" * 5000) != spell("a" * 5001)


HOSTILE = "a" + "\u0301" * 150_000 + "\u0323" * 150_000

REQUESTS: dict[str, Callable[[World], Any]] = {
    "an organization's key at a login": lambda world: world.login("ada", organization=HOSTILE),
    "the name at a login": lambda world: world.login(HOSTILE[:5000]),
    "a grant's username": lambda world: grant(world, username=HOSTILE),
    "a grant's password": lambda world: grant(world, password=HOSTILE),
    "a grant's organization": lambda world: grant(world, organizationNameKey=HOSTILE),
    "a new account's name": lambda world: world.account(username=HOSTILE),
    "a new account's password": lambda world: world.account(password=HOSTILE),
    "a new group's name": lambda world: world.group(HOSTILE),
    "a password that is forgotten": lambda world: world.service.create(
        f"{world.application}/passwordResetTokens", {"email": HOSTILE}
    ),
    "a search": lambda world: world.items(f"{world.directory}/accounts", q=HOSTILE[:4000]),
    "a search for a name": lambda world: world.items(f"{world.directory}/accounts", username=HOSTILE[:4000]),
    "a search for a beginning": lambda world: world.items(f"{world.directory}/groups", name=f"{HOSTILE[:3999]}*"),
}


def grant(world: World, **fields: str) -> Any:
    known = {"grant_type": "password", "username": "ada", "password": PASSWORD}
    return world.service.create(f"{world.application}/oauth/token", {**known, **fields})


@pytest.mark.parametrize("attempt", REQUESTS.values(), ids=REQUESTS.keys())
def test_no_request_has_a_long_text_folded(sqlite_world: World, attempt: Callable[[World], Any]) -> None:
    sqlite_world.account("ada@example.org", username="ada")
    with watched() as normalised, suppress(Error):
        attempt(sqlite_world)
    assert normalised.longest <= MOST_ON_THE_WAY
    assert normalised.calls <= 20


def test_a_password_is_measured_before_it_is_judged(sqlite_world: World) -> None:
    account = sqlite_world.account()
    with watched() as normalised, suppress(Error):
        sqlite_world.update(account, password=HOSTILE)
    assert normalised.calls == 0


def test_so_it_is_where_the_client_judges_it() -> None:
    strength = PasswordStrength.__new__(PasswordStrength)
    with watched() as normalised, pytest.raises(ValueError, match="maximum length"):
        strength.validate_password(HOSTILE)
    assert normalised.calls == 0


def test_so_it_is_where_a_page_says_which_rules_a_password_lacks() -> None:
    with watched() as normalised:
        assert lacks({"maxLength": 1024}, HOSTILE) == {"maxLength"}
    assert normalised.calls == 0


def test_so_it_is_where_it_is_compared_with_a_hash_of_flask_security() -> None:
    inner = PasswordHash([HASHER]).hash("x")
    stored = foreign_hashes.with_salt_of_flask_security(inner, "salt")
    with watched() as normalised:
        assert not Passwords(HASHER).verify(HOSTILE, stored)
    assert normalised.calls == 0


@given(st.integers(0, 20_000), st.integers(0, 20_000))
@example(1_000_000, 0)
def test_blanks_in_an_expansion_are_read_once(before: int, after: int) -> None:
    """They were counted again from each of them: 16 kB took ten seconds, a million would take half a day."""
    with suppress(Error):
        expansion.parse(" " * before + "!", RefreshToken)
    parsed = expansion.parse(f"{' ' * before}account{' ' * after},{' ' * before}tenant", RefreshToken)
    assert [one.name for one in parsed] == ["account", "tenant"]


def test_nobody_else_normalises_text() -> None:
    """Whoever joins them measures first, and has a test here; ``protect`` counts the marks, and has its own."""
    package = Path(stormpath_wsgi.__file__).parent
    found = {
        module.relative_to(package).as_posix()
        for module in package.rglob("*.py")
        if "normalize" in module.read_text(encoding="utf-8") and "migrations" not in module.parts
    }
    assert found == {
        "client/resources/passwords.py",
        "directory/crypto/foreign_hashes.py",
        "directory/crypto/passwords.py",
        "directory/wire/canonical.py",
        "pages/about.py",
        "passwords/lists.py",
        "passwords/words.py",
        "protect.py",
    }
