"""Whom a request concerns, as far as a client that sends it can see."""

from __future__ import annotations

import pytest

from stormpath_wsgi.client.concerned import Moved, concerned
from stormpath_wsgi.slots import ANY, EVERYBODY, slot_of

BASE = "https://id.example.org/v1"
ADA, BOB = "7qAda7qAda7qAda7qAda7q", "7qBob7qBob7qBob7qBob7q"


@pytest.mark.parametrize("path", ["", "/customData", "/customData/key", "/sessions", "/passwordChange", "/deletions"])
def test_a_path_below_an_account_is_about_that_account(path: str) -> None:
    assert concerned(BASE, f"{BASE}/accounts/{ADA}{path}") == slot_of(ADA)


@pytest.mark.parametrize(
    "path",
    [
        "accounts/emailVerificationTokens/0123456789abcdef",
        "accounts/emailChangeTokens/0123456789abcdef",
        "accounts/noticeTokens/0123456789abcdef",
        "accounts",
        "accounts/",
        f"accounts/{ADA}/something else",
        f"accounts/{ADA}-/customData",
        f"groups/{ADA}",
        f"refreshTokens/{ADA}",
        f"groupMemberships/{ADA}",
        f"directories/{ADA}/accounts/{ADA}",
        "applications/7q/passwordResetTokens/0123456789abcdef",
        "",
    ],
)
def test_any_other_path_is_about_everybody(path: str) -> None:
    """Safe by default: so also what says of no account whose it is."""
    assert concerned(BASE, f"{BASE}/{path}") == EVERYBODY
    assert concerned(BASE, f"https://elsewhere.example.org/v1/accounts/{ADA}") == EVERYBODY


def test_of_a_new_membership_the_body_says_it() -> None:
    href = f"{BASE}/groupMemberships"
    assert concerned(BASE, href, {"account": {"href": f"{BASE}/accounts/{ADA}"}}) == slot_of(ADA)
    for account in (None, {}, {"href": 7}, {"href": "x"}, {"href": f"{BASE}/accounts/noticeTokens/x"}, "x"):
        assert concerned(BASE, href, {"account": account}) == EVERYBODY


def test_a_caller_may_know_more() -> None:
    assert concerned(BASE, f"{BASE}/refreshTokens/7q", about=ADA) == slot_of(ADA)


def test_a_move_of_a_slot_leaves_the_others_and_one_of_everybody_none() -> None:
    moved = Moved()
    ada, bob = slot_of(ADA), slot_of(BOB)

    def changed(slot: int) -> list[bool]:
        before = [moved.read(each) for each in (ada, bob, EVERYBODY, ANY)]
        moved.move(slot)
        return [now != was for now, was in zip(map(moved.read, (ada, bob, EVERYBODY, ANY)), before, strict=True)]

    assert changed(ada) == [True, False, False, True]
    assert changed(bob) == [False, True, False, True]
    assert changed(EVERYBODY) == [True, True, True, True]
    assert changed(ada) == [True, False, False, True]
