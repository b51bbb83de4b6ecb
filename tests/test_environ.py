"""What any app may read of who is signed in: names that are nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from visitors import Site, hello

from stormpath_wsgi.environ import Told, qualified
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.user import RememberedAccount

HOME, OTHER = {"isHome": True, "qualifier": "acme"}, {"isHome": False, "qualifier": "evil"}
#: Colons are what it is about.
USERNAMES = st.text(st.sampled_from("ab:"), min_size=1, max_size=6)
QUALIFIERS = st.lists(st.text(st.sampled_from("ab "), min_size=1, max_size=4), min_size=2, max_size=2, unique=True)
ACCOUNTS = st.tuples(st.sampled_from([0, 1]), USERNAMES)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    site = Site(hello)
    yield site
    site.client.close()


def told(site: Site, naming: Any, remote_user: Any = "username", **properties: Any) -> str | None:
    """REMOTE_USER of an account with *properties*, as a directory may answer them."""
    account = {"href": f"{site.client.base_url}/accounts/7q", "username": "ada", "email": "a@b.example", **properties}
    settings = Settings(remote_user=remote_user)
    return Told(settings).of(RememberedAccount(site.client, account), naming).get("REMOTE_USER")


@given(ACCOUNTS, ACCOUNTS, QUALIFIERS)
def test_no_two_accounts_are_named_alike(one: tuple[int, str], other: tuple[int, str], qualifiers: list[str]) -> None:
    """Of several directories one is the home at the most, and no two have the same qualifier."""
    directories = [{"isHome": at == 0, "qualifier": qualifier} for at, qualifier in enumerate(qualifiers)]
    first, second = (qualified(username, directories[at]) for at, username in (one, other))
    assert (first == second) == (one == other)


@pytest.mark.parametrize(
    ("naming", "username", "name"),
    [
        (HOME, "ada", "ada"),
        (OTHER, "ada", "evil:ada"),
        (HOME, "evil:ada", "acme:evil:ada"),
        (OTHER, "x:ada", "evil:x:ada"),
        ({"isHome": True, "qualifier": None}, "evil:ada", None),
        ({"isHome": False, "qualifier": None}, "ada", None),
        ({"isHome": False, "qualifier": ""}, "ada", None),
        ({"isHome": False, "qualifier": "evil:x"}, "ada", None),
        ({}, "ada", None),
        (None, "ada", None),
        ("acme", "ada", None),
    ],
)
def test_a_name_that_nobody_vouches_for_is_not_told(site: Site, naming: Any, username: str, name: str | None) -> None:
    """A server of an older version does not say whose name it is, so none is safe."""
    assert told(site, naming, username=username) == name


@pytest.mark.parametrize(
    "unsafe", ["a\nb", "a\rb", "a\x85b", "a\u2028b", "a\u202eb", "a\u200eb", "a\u061cb", "a\u2066b"]
)
@pytest.mark.parametrize("setting", ["username", "email"])
def test_a_name_with_a_line_break_is_not_told(site: Site, setting: str, unsafe: str) -> None:
    """It may be in the directory since before it was refused there."""
    known = {"username": unsafe, "email": unsafe, "emailVerificationStatus": "VERIFIED"}
    for naming in (HOME, OTHER):
        assert told(site, naming, setting, **known) is None


def test_the_directory_need_not_say_whose_name_it_is_where_it_is_not_asked_for(site: Site) -> None:
    assert told(site, None, "id") == "7q"
    assert told(site, None, "href") == f"{site.client.base_url}/accounts/7q"
    assert told(site, None, "email", emailVerificationStatus="VERIFIED") == "a@b.example"
    assert told(site, None, "email", emailVerificationStatus="UNKNOWN") is None
