"""Paths: whatever they hold, they name something or are a 404."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.world import BASE, World, refused

from stormpath_wsgi import kinds
from stormpath_wsgi.directory.wire.paths import (
    DataKey,
    Listing,
    ResetToken,
    Resource,
    TokenCheck,
    TokenEndpoint,
    VerificationToken,
    below,
    parse,
)
from stormpath_wsgi.errors import Error


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("accounts/1aB", Resource(kinds.Account, "1aB")),
        ("accounts/1/customData", Resource(kinds.CustomData, "1", kinds.Account)),
        ("passwordPolicies/1/strength", Resource(kinds.PasswordStrength, "1", kinds.PasswordPolicy)),
        ("oAuthPolicies/1", Resource(kinds.OAuthPolicy, "1")),
        ("applications", Listing(kinds.Application)),
        ("accounts/1/groups", Listing(kinds.Group, kinds.Account, "1", "groups")),
        ("groups/1/accountMemberships", Listing(kinds.GroupMembership, kinds.Group, "1", "accountMemberships")),
        ("accounts/1/customData/any key", DataKey(kinds.Account, "1", "any key")),
        ("applications/1/authTokens/2", TokenCheck("1", "2")),
        ("applications/1/authTokens/a.b-c_d", TokenCheck("1", "a.b-c_d")),
        ("applications/1/oauth/token", TokenEndpoint("1")),
        ("applications/1/passwordResetTokens/a.b", ResetToken("1", "a.b")),
        ("accounts/emailVerificationTokens/a", VerificationToken("a")),
    ],
)
def test_a_path_names_what_is_declared(path: str, target: object) -> None:
    assert parse(path) == target
    assert below(BASE, f"{BASE}/{path}") == target
    if isinstance(target, Resource | Listing):
        assert target.path == path


BAD = [
    "",
    "/",
    "accounts",
    "accounts/",
    "/accounts/1",
    "accounts/1/",
    "accounts//groups",
    "accounts/1/friends",
    "accounts/1/directory",
    "accounts/1/fullName",
    "accounts/a-b",
    "accounts/1\n",
    "accounts/\0",
    "accounts/é",
    "accounts/" + "x" * 65,
    "accounts/1?expand=groups",
    "accounts/..",
    "accounts/1/groups/2",
    "accounts/1/customData/a/b",
    "groupMemberships/1/customData/a",
    "applications/1/oAuthPolicy",
    "applications/1/oauth",
    "applications/1/authTokens/a b",
    "strength/1",
    "customData/1",
    "loginAttempts/1",
    "i.do.not.exist",
    "ACCOUNTS/1",
    "\ud800",
]


@pytest.mark.parametrize("path", BAD)
def test_anything_else_is_a_404_in_every_verb(world: World, path: str) -> None:
    service = world.service
    for call in (
        lambda: service.get(path),
        lambda: service.list(path),
        lambda: service.create(path, {}),
        lambda: service.update(path, {}),
        lambda: service.delete(path),
    ):
        with refused(404):
            call()


@given(st.text() | st.lists(st.sampled_from(["accounts", "applications", "tenants", "current", "1", ""])).map("/".join))
def test_no_path_is_a_surprise(path: str) -> None:
    try:
        parse(path)
    except Error as error:
        assert error.code == 404


@pytest.mark.parametrize(
    "href", [None, 5, {}, "", BASE, "accounts/1", f"{BASE}x/accounts/1", "https://elsewhere/v1/accounts/1"]
)
def test_an_href_of_somebody_else_names_nothing(href: object) -> None:
    assert below(BASE, href) is None


def test_the_tenant_has_a_second_name(world: World) -> None:
    assert world.service.get("tenants/current") == world.service.get(world.tenant)
    assert world.service.list("tenants/current/accounts") == world.service.list(f"{world.tenant}/accounts")
    assert world.service.update("tenants/current/customData", {"a": 1})["a"] == 1
    assert world.service.update("tenants/current", {"name": "Acme"})["name"] == "Acme"
    for path in ("tenants/currently", "tenants/other", "tenants/other/accounts", "tenants/other/customData"):
        with refused(404):
            world.service.list(path) if path.endswith("accounts") else world.service.get(path)
