"""The token endpoint: who gets tokens for what proof, what the tokens say, and what ends them."""

from __future__ import annotations

import base64
import itertools
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.handset import Handset
from support.world import BASE, PASSWORD, Wire, World, link, part, path, refused

from stormpath_wsgi import jwt
from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.errors import Error

DAY = 24 * 3600


class Caller:
    """A program with an API key of the tenant's administrators, and an application."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.id, self.secret = world.service.issue_api_key()
        self.service: DirectoryService = world.service.called_with(self.id)
        self._assertions = itertools.count()

    def ask(self, grant_type: str, at: str | None = None, /, **fields: Any) -> Wire:
        return self.service.create(f"{at or self.world.application}/oauth/token", {"grant_type": grant_type, **fields})

    def password(self, account: str, at: str | None = None, /, **fields: Any) -> Wire:
        email = self.world.service.get(account)["email"]
        return self.ask("password", at, username=email, password=PASSWORD, **fields)

    def refresh(self, tokens: Wire, at: str | None = None) -> Wire:
        return self.ask("refresh_token", at, refresh_token=tokens["refresh_token"])

    def check(self, token: str, at: str | None = None, expand: str | None = None) -> Wire:
        return self.service.get(f"{at or self.world.application}/authTokens/{token}", expand)

    def claims(self, token: str) -> dict[str, Any]:
        return dict(jwt.read(token, lambda kid: self.secret if kid == self.id else None).claims)

    def assertion(self, account: str, header: dict[str, Any] | None = None, secret: str = "", /, **claims: Any) -> str:
        """What an ID Site answers with. A claim that is None is left out."""
        number, now = next(self._assertions), int(self.world.now)
        said = {
            "iss": "https://id.example.org",
            "sub": link(account)["href"],
            "aud": self.id,
            "exp": now + 60,
            "iat": now,
            "jti": f"answer {number}",
            "irt": f"request {number}",
            "isNewSub": False,
            "status": "AUTHENTICATED",
            **claims,
        }
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.write(
            {"kid": self.id, "stt": "assertion"} if header is None else header, said, secret or self.secret
        )


@pytest.fixture
def caller(world: World) -> Caller:
    return Caller(world)


def policy(world: World, **lifetimes: str) -> None:
    world.update(part(world.service.get(world.application), "oAuthPolicy"), **lifetimes)


def api_key(world: World, account: str, **properties: Any) -> Wire:
    return world.service.create(f"{account}/apiKeys", properties)


def organization(world: World, store: str, name_key: str = "acme") -> str:
    """The path of a new organization that is mapped to the application and has one store."""
    made = world.new_organization(name_key, store)
    world.map(made)
    return made


# What tokens are.


def test_a_password_is_exchanged_for_an_access_token_and_a_refresh_token(world: World, caller: Caller) -> None:
    account = world.account()
    told = caller.password(account)
    (access,), (refresh,) = world.items(f"{account}/accessTokens"), world.items(f"{account}/refreshTokens")
    assert told == {
        "access_token": access["jwt"],
        "refresh_token": refresh["jwt"],
        "token_type": "Bearer",
        "expires_in": 3600,
        "stormpath_access_token_href": access["href"],
    }


def test_the_tokens_say_what_is_documented(world: World, caller: Caller) -> None:
    world.now += 0.75
    account, now = world.account(), int(world.now)
    told = caller.password(account)
    (access,), (refresh,) = world.items(f"{account}/accessTokens"), world.items(f"{account}/refreshTokens")
    whom = {"iss": link(world.application)["href"], "sub": link(account)["href"], "iat": now}
    refresh_id = path(refresh).split("/")[1]
    assert caller.claims(told["refresh_token"]) == {**whom, "jti": refresh_id, "exp": now + 60 * DAY}
    assert caller.claims(told["access_token"]) == {
        **whom,
        "jti": path(access).split("/")[1],
        "exp": now + 3600,
        "rti": refresh_id,
    }
    header = base64.urlsafe_b64decode(told["access_token"].split(".")[0] + "==")
    assert json.loads(header) == {"kid": caller.id, "stt": "access", "alg": "HS256"}


def test_a_token_is_made_again_of_its_row_byte_for_byte(world: World, caller: Caller) -> None:
    told = caller.password(world.account())
    world.now += 1800
    access = world.service.get(told["stormpath_access_token_href"].removeprefix(f"{BASE}/"))
    assert access["jwt"] == told["access_token"]
    assert access["expandedJwt"] == {
        "header": {"kid": caller.id, "stt": "access", "alg": "HS256"},
        "claims": caller.claims(told["access_token"]),
        "signature": told["access_token"].split(".")[2],
    }


def test_a_session_that_no_grant_made_has_no_jwt(world: World, caller: Caller) -> None:
    session = caller.check(world.session(world.account()))
    assert not {"jwt", "expandedJwt"} & session.keys()


def test_in_process_tokens_are_signed_with_a_key_of_the_administrators(world: World) -> None:
    """It is made with the first token, and all processes of an installation find the same one."""
    fields = {"grant_type": "password", "username": "ada@example.org", "password": PASSWORD}
    account = world.account("ada@example.org")
    endpoint = f"{world.application}/oauth/token"
    first, second = (world.service.create(endpoint, fields)["access_token"] for _ in range(2))
    assert first.split(".")[0] == second.split(".")[0]
    assert first != second
    found = world.service.get(f"{world.application}/authTokens/{first}")
    assert (found["account"], found["jwt"]) == (link(account), first)


def test_a_key_that_was_disabled_meanwhile_signs_nothing(world: World, caller: Caller) -> None:
    account = world.account()
    world.update(f"apiKeys/{caller.id}", status="DISABLED")
    with refused(401):
        caller.password(account)


# Grants.


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 2000),
        ({"grant_type": ""}, 2000),
        ({"grant_type": ["password"]}, 2004),
        ({"grant_type": "implicit"}, 2003),
        ({"grant_type": "password", "username": "ada"}, 2000),
        ({"grant_type": "password", "username": "ada", "password": 5}, 2004),
        ({"grant_type": "password", "username": "a", "password": "b", "accountStore": "x"}, 2002),
        ({"grant_type": "password", "username": "a", "password": "b", "accountStore": f"{BASE}/directories/x"}, 2016),
        ({"grant_type": "password", "username": "a", "password": "b", "organizationNameKey": "nobody"}, 2016),
        ({"grant_type": "client_credentials", "client_id": "x"}, 2000),
        ({"grant_type": "client_credentials", "apiKeyId": "x", "apiKeySecret": ""}, 2000),
        ({"grant_type": "client_credentials", "apiKeyId": ["x"], "apiKeySecret": "y"}, 2004),
        ({"grant_type": "refresh_token"}, 2000),
        ({"grant_type": "stormpath_token"}, 2000),
        ({"grant_type": "id_site_token", "token": ""}, 2000),
        ({"grant_type": "stormpath_factor_challenge", "code": "123456"}, 2000),
        ({"grant_type": "stormpath_social"}, 2000),
        ({"grant_type": "stormpath_social", "providerId": "google"}, 5201),
        ({"grant_type": "stormpath_social", "providerId": "\0"}, 5201),
    ],
)
def test_a_request_has_to_say_what_it_wants(world: World, caller: Caller, fields: Any, code: int) -> None:
    with refused(code):
        caller.service.create(f"{world.application}/oauth/token", fields)


@pytest.mark.parametrize("grant_type", ["refresh_token", "stormpath_token", "id_site_token"])
@pytest.mark.parametrize("text", ["garbage", "a.b.c", "\0", "é", "x" * 100_000])
def test_what_is_no_token_proves_nothing(caller: Caller, grant_type: str, text: str) -> None:
    with refused(10017) as _:
        caller.ask(grant_type, token=text, refresh_token=text)


def test_there_are_no_tokens_of_an_application_that_is_not_there(caller: Caller) -> None:
    with refused(404):
        caller.ask("password", "applications/unknown", username="a", password="b")


def test_the_password_grant_refuses_what_a_login_would(world: World, caller: Caller) -> None:
    account = world.account("ada@example.org")
    for username, password, code in (("ada@example.org", "Wrong-1", 7100), ("nobody@example.org", PASSWORD, 7104)):
        with refused(code):
            caller.ask("password", username=username, password=password)
    world.update(account, status="DISABLED")
    with refused(7101):
        caller.password(account)
    world.update(account, status="ENABLED")
    world.update(world.application, status="DISABLED")
    with refused(7104):
        caller.password(account)


def test_a_named_organization_stands_in_the_tokens(world: World, caller: Caller) -> None:
    store = world.new_directory()
    acme = organization(world, store)
    account = world.account(at=store)
    for named in ({"organizationNameKey": "acme"}, {"nameKey": "acme"}, {"accountStore": link(acme)["href"]}):
        told = caller.password(account, **named)
        assert {caller.claims(told[name])["org"] for name in ("access_token", "refresh_token")} == {link(acme)["href"]}
        assert caller.claims(caller.refresh(told)["access_token"])["org"] == link(acme)["href"]
        assert caller.check(told["access_token"])["jwt"] == told["access_token"]
    assert "org" not in caller.claims(caller.password(account)["access_token"])
    assert "org" not in caller.claims(caller.password(account, accountStore=link(store)["href"])["access_token"])
    world.service.delete(acme)
    left = world.items(f"{account}/accessTokens", limit="100")
    assert [token for token in left if "org" in token["expandedJwt"]["claims"]] == []
    assert len(left) == 2


MAPPINGS = "accountStoreMappings"
LEAVES: dict[str, Callable[[World, str], object]] = {
    "store": lambda world, acme: world.service.delete(path(world.only(f"{acme}/{MAPPINGS}"))),
    "application": lambda world, acme: world.service.delete(path(world.items(f"{world.application}/{MAPPINGS}")[-1])),
    "status": lambda world, acme: world.update(acme, status="DISABLED"),
}


@pytest.mark.parametrize("leave", LEAVES)
def test_tokens_that_name_an_organization_end_with_it(world: World, caller: Caller, leave: str) -> None:
    """Even where their account is known to the application by another way."""
    acme, account = organization(world, world.directory), world.account()
    named, other = caller.password(account, organizationNameKey="acme"), caller.password(account)
    LEAVES[leave](world, acme)
    with refused(10016):
        caller.check(named["access_token"])
    with refused(10016):
        caller.refresh(named)
    assert caller.check(caller.refresh(other)["access_token"])


def test_without_a_lifetime_there_is_no_refresh_token(world: World, caller: Caller) -> None:
    policy(world, refreshTokenTtl="P0D")
    told = caller.password(world.account())
    assert "refresh_token" not in told
    assert "rti" not in caller.claims(told["access_token"])


def test_the_policy_says_how_long_new_tokens_live(world: World, caller: Caller) -> None:
    account = world.account()
    old = caller.password(account)
    policy(world, accessTokenTtl="PT1.5S", refreshTokenTtl="P1D")
    new = caller.password(account)
    assert (old["expires_in"], new["expires_in"]) == (3600, 1)
    world.now += 1
    assert caller.check(old["access_token"])
    with refused(10011):
        caller.check(new["access_token"])
    assert [path(item) for item in world.items(f"{account}/accessTokens")] == [
        old["stormpath_access_token_href"].removeprefix(f"{BASE}/")
    ]


@pytest.mark.parametrize("fraction", [0, 0.001, 0.5, 0.999])
def test_a_token_is_expired_when_its_lifetime_was_slept_through(world: World, caller: Caller, fraction: float) -> None:
    policy(world, accessTokenTtl="PT5S", refreshTokenTtl="PT10S")
    world.now += fraction
    told = caller.password(world.account())
    token = jwt.read(told["access_token"], lambda kid: caller.secret)
    world.now += 4 - fraction
    assert caller.check(told["access_token"])
    world.now += 1
    with pytest.raises(Error):
        token.check_times(world.now)  # who validates for himself sees the same
    with refused(10011):
        caller.check(told["access_token"])
    with refused(10011):
        caller.check(told["stormpath_access_token_href"].split("/")[-1])
    assert caller.refresh(told)
    world.now += 5
    with refused(10011):
        caller.refresh(told)


# Refreshing.


def test_a_refresh_token_comes_back_with_another_access_token(world: World, caller: Caller) -> None:
    told = caller.password(world.account())
    for seconds in (0, 30 * DAY):
        world.now += seconds
        again = caller.refresh(told)
        assert again.keys() == told.keys()
        assert again["refresh_token"] == told["refresh_token"]
        assert again["access_token"] != told["access_token"]
        claims = caller.claims(again["access_token"])
        assert (claims["rti"], claims["iat"]) == (caller.claims(told["refresh_token"])["jti"], int(world.now))
    world.now += 30 * DAY
    with refused(10011):
        caller.refresh(told)


def test_another_api_key_may_refresh_and_signs_with_its_own_secret(world: World, caller: Caller) -> None:
    told, other = caller.password(world.account()), Caller(world)
    again = other.refresh(told)
    assert other.claims(again["access_token"])["rti"] == caller.claims(again["refresh_token"])["jti"]
    assert caller.check(again["access_token"])["jwt"] == again["access_token"]


def test_only_a_refresh_token_of_the_application_refreshes(world: World, caller: Caller) -> None:
    told = caller.password(world.account())
    with refused(10017):
        caller.ask("refresh_token", refresh_token=told["access_token"])
    other = world.new_application()
    world.map(world.directory, other)
    with refused(10014):
        caller.refresh(told, other)


ENDS: dict[str, tuple[Callable[[World, str], object], int]] = {
    "disabled application": (lambda world, account: world.update(world.application, status="DISABLED"), 10015),
    "disabled directory": (lambda world, account: world.update(world.directory, status="DISABLED"), 10016),
    "removed mapping": (lambda world, account: world.service.delete(world.mapping()), 10016),
    "disabled account": (lambda world, account: world.update(account, status="DISABLED"), 10013),
    "deleted account": (lambda world, account: world.service.delete(account), 10013),
    "another password": (lambda world, account: world.update(account, password="Another-Horse-2"), 10013),
    "sign-out": (lambda world, account: world.service.delete(path(world.only(f"{account}/refreshTokens"))), 10013),
}


@pytest.mark.parametrize("end", ENDS)
def test_tokens_end_with_what_they_rest_on(world: World, caller: Caller, end: str) -> None:
    """With a refresh token end the access tokens that it was exchanged for."""
    account, (act, code) = world.account(), ENDS[end]
    told = caller.password(account)
    again = caller.refresh(told)
    act(world, account)
    for token in (told["access_token"], again["access_token"]):
        with refused(code):
            caller.check(token)
    with refused(code):
        caller.refresh(told)


def test_a_refused_grant_is_a_bad_request(world: World, caller: Caller) -> None:
    told = caller.password(world.account())
    world.service.delete(f"refreshTokens/{caller.claims(told['refresh_token'])['jti']}")
    with pytest.raises(Error) as caught:
        caller.refresh(told)
    assert (caught.value.code, caught.value.status) == (10013, 400)


def test_a_revoked_access_token_ends_alone(world: World, caller: Caller) -> None:
    account = world.account()
    told = caller.password(account)
    world.service.delete(told["stormpath_access_token_href"].removeprefix(f"{BASE}/"))
    assert world.items(f"{account}/accessTokens") == []
    with refused(10013):
        caller.check(told["access_token"])
    assert caller.check(caller.refresh(told)["access_token"])


def test_purging_an_expired_refresh_token_ends_no_access_token(world: World, caller: Caller) -> None:
    policy(world, accessTokenTtl="PT1H", refreshTokenTtl="PT1M")
    account = world.account()
    told = caller.password(account)
    world.now += 120
    caller.password(account)
    assert caller.check(told["access_token"])
    world.now += DAY
    for _ in range(2):
        caller.password(account)
    assert len(world.items(f"{account}/accessTokens")) == 2


# Client credentials.


def test_an_api_key_of_an_account_gets_an_access_token_alone(world: World, caller: Caller) -> None:
    account = world.account()
    key = api_key(world, account)
    told = caller.ask("client_credentials", client_id=key["id"], client_secret=key["secret"])
    assert told.keys() == {"access_token", "token_type", "expires_in", "stormpath_access_token_href"}
    claims = caller.claims(told["access_token"])
    assert (claims["sub"], "rti" in claims) == (link(account)["href"], False)
    assert world.items(f"{account}/refreshTokens") == []


UNFIT: dict[str, Callable[[World, str, Wire], object]] = {
    "wrong secret": lambda world, account, key: key.update(secret=key["secret"][:-1]),
    "no ASCII": lambda world, account, key: key.update(secret="é\ud800"),
    "unknown id": lambda world, account, key: key.update(id="UNKNOWN"),
    "no id": lambda world, account, key: key.update(id="\0"),
    "disabled key": lambda world, account, key: world.update(path(key), status="disabled"),
    "deleted key": lambda world, account, key: world.service.delete(path(key)),
    "disabled account": lambda world, account, key: world.update(account, status="DISABLED"),
    "account elsewhere": lambda world, account, key: world.service.delete(world.mapping()),
    "disabled directory": lambda world, account, key: world.update(world.directory, status="DISABLED"),
    "disabled application": lambda world, account, key: world.update(world.application, status="DISABLED"),
}


@pytest.mark.parametrize("unfit", UNFIT)
def test_whatever_is_wrong_with_an_api_key_the_answer_is_the_same(world: World, caller: Caller, unfit: str) -> None:
    account = world.account()
    key = api_key(world, account)
    UNFIT[unfit](world, account, key)
    with refused(10019, "API Key Authentication failed because the API key or secret submitted is invalid."):
        caller.ask("client_credentials", client_id=key["id"], client_secret=key["secret"])


@pytest.mark.parametrize("id_as", [("client_id",), ("apiKeyId",), ("client_id", "apiKeyId")])
@pytest.mark.parametrize("secret_as", [("client_secret",), ("apiKeySecret",), ("client_secret", "apiKeySecret")])
def test_an_api_key_may_be_sent_by_the_names_that_sdks_use(
    world: World, caller: Caller, id_as: tuple[str, ...], secret_as: tuple[str, ...]
) -> None:
    key = api_key(world, world.account())
    fields = {**dict.fromkeys(id_as, key["id"]), **dict.fromkeys(secret_as, key["secret"])}
    assert caller.ask("client_credentials", **fields)["access_token"]


@pytest.mark.parametrize("wrong", ["client_id", "apiKeyId", "client_secret", "apiKeySecret"])
def test_two_api_keys_at_once_are_refused(world: World, caller: Caller, wrong: str) -> None:
    """Also when one of them is good: which was meant nobody can tell."""
    key = api_key(world, world.account())
    fields = {"client_id": key["id"], "apiKeyId": key["id"]}
    fields |= {"client_secret": key["secret"], "apiKeySecret": key["secret"]}
    with refused(2102, "say different things"):
        caller.ask("client_credentials", **{**fields, wrong: "other"})


def test_an_api_key_may_be_asked_for_in_one_account_store(world: World, caller: Caller) -> None:
    acme = organization(world, world.directory)
    elsewhere = world.new_directory()
    world.map(elsewhere)
    key = api_key(world, world.account())
    fields = {"client_id": key["id"], "client_secret": key["secret"]}
    told = caller.ask("client_credentials", **fields, accountStore=link(acme)["href"])
    assert caller.claims(told["access_token"])["org"] == link(acme)["href"]
    with refused(10019):
        caller.ask("client_credentials", **fields, accountStore=link(elsewhere)["href"])


# Validation.


def test_a_good_token_answers_with_what_it_is(world: World, caller: Caller) -> None:
    account = world.account()
    told = caller.password(account)
    found = caller.check(told["access_token"], expand="account")
    assert found["account"]["email"] == world.service.get(account)["email"]
    assert (found["href"], found["jwt"]) == (told["stormpath_access_token_href"], told["access_token"])
    with refused(10017, "no access token"):
        caller.check(told["refresh_token"])
    with world.statements() as ran:
        caller.check(told["access_token"], expand="account")
    assert len(ran) == 2  # its API key, and all else that decides


def test_a_token_of_another_application_is_not_good_here(world: World, caller: Caller) -> None:
    other = world.new_application()
    world.map(world.directory, other)
    told = caller.password(world.account())
    with refused(10014):
        caller.check(told["access_token"], other)


def test_only_the_administrators_keys_sign_tokens(world: World, caller: Caller) -> None:
    """Whoever has an API key of an account must not make himself a token of another."""
    told = caller.password(world.account())
    claims = caller.claims(told["access_token"])
    key = api_key(world, world.account())
    other = Caller(world)
    for id, secret in ((key["id"], key["secret"]), (caller.id, key["secret"]), (other.id, other.secret)):
        with refused(10017):
            caller.check(jwt.write({"kid": id, "stt": "access"}, claims, secret))


def test_a_token_ends_with_the_api_key_that_signed_it(world: World, caller: Caller) -> None:
    account = world.account()
    told, other = caller.password(account), Caller(world)
    world.update(f"apiKeys/{caller.id}", status="DISABLED")
    with refused(10017):
        other.check(told["access_token"])
    world.service.delete(f"apiKeys/{caller.id}")
    assert world.items(f"{account}/accessTokens") == []


@pytest.mark.parametrize(
    ("header", "claims", "code"),
    [
        ({"stt": "refresh"}, {}, 10017),
        ({"stt": "assertion"}, {}, 10017),
        ({"stt": ["access"]}, {}, 10017),
        ({}, {"jti": "unknown"}, 10013),
        ({}, {"jti": "\0"}, 10013),
        ({}, {"jti": 5}, 11004),
        ({}, {"iat": 1_800_000_000}, 10012),
        ({}, {"exp": 1}, 10011),
    ],
)
def test_what_our_own_key_signed_is_looked_at_too(
    world: World, caller: Caller, header: dict[str, Any], claims: dict[str, Any], code: int
) -> None:
    said = caller.claims(caller.password(world.account())["access_token"])
    token = jwt.write({"kid": caller.id, "stt": "access", **header}, {**said, **claims}, caller.secret)
    with refused(code):
        caller.check(token)


def test_a_session_cannot_be_turned_into_a_token(world: World, caller: Caller) -> None:
    claims = caller.claims(caller.password(world.account())["refresh_token"])
    session = world.session(world.account())
    with refused(10017):
        forged = jwt.write({"kid": caller.id, "stt": "refresh"}, {**claims, "jti": session}, caller.secret)
        caller.ask("refresh_token", refresh_token=forged)


# Assertions.


@pytest.mark.parametrize("grant_type", ["stormpath_token", "id_site_token"])
def test_the_answer_of_an_id_site_counts_once(world: World, caller: Caller, grant_type: str) -> None:
    account = world.account()
    token = caller.assertion(account, irt="the request")
    told = caller.ask(grant_type, token=token)
    assert caller.claims(told["access_token"])["sub"] == link(account)["href"]
    assert told["refresh_token"]
    for again in (token, caller.assertion(account, irt="the request")):
        with refused(11005):
            caller.ask(grant_type, token=again)


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"aud": "OTHER"}, 10017),
        ({"aud": None}, 10017),
        ({"status": "LOGOUT"}, 12002),
        ({"status": "registered"}, 12002),
        ({"status": None}, 11004),
        ({"exp": 1_700_000_000}, 10011),
        ({"iat": 1_700_000_003}, 10012),
        ({"iat": None}, 11004),
        ({"iat": None, "exp": None}, 11004),
        ({"iat": 1_699_999_940, "exp": None}, 10011),
        ({"iat": 1_700_000_003, "exp": None}, 10012),
        ({"iss": None}, 11004),
        ({"jti": ""}, 11004),
        ({"jti": 1}, 11004),
        ({"irt": ""}, 11004),
        ({"exp": 10**400}, 11004),
        ({"sub": None}, 11004),
        ({"sub": f"{BASE}/groups/x"}, 11004),
        ({"sub": f"{BASE}/accounts/unknown"}, 10016),
        ({"iss": f"{BASE}/applications/other"}, 10014),
        ({"onk": "nobody"}, 11001),
        ({"onk": ""}, 11004),
    ],
)
def test_what_an_id_site_did_not_say_is_refused(
    world: World, caller: Caller, claims: dict[str, Any], code: int
) -> None:
    account = world.account()
    with refused(code):
        caller.ask("stormpath_token", token=caller.assertion(account, **claims))
    assert world.items(f"{account}/accessTokens") == []


#: What Stormpath's SDKs for Ruby and Node say in the place of an ID Site.
OF_SDKS: dict[str, Any] = {"exp": None, "jti": None, "irt": None, "isNewSub": None}


@pytest.mark.parametrize("status", ["AUTHENTICATED", "REGISTERED"])
@pytest.mark.parametrize("header", [{"alg": "HS256"}, {"typ": "JWT", "alg": "HS256"}])
def test_what_an_sdk_says_in_the_place_of_an_id_site_counts_once(
    world: World, caller: Caller, header: dict[str, Any], status: str
) -> None:
    account = world.account()
    token = caller.assertion(account, header, status=status, **OF_SDKS)
    assert caller.claims(caller.ask("stormpath_token", token=token)["access_token"])["sub"] == link(account)["href"]
    world.now += 59.999
    for again in (token, caller.assertion(account, header, status=status, iat=int(world.now) - 59, **OF_SDKS)):
        with refused(11005):
            caller.ask("stormpath_token", token=again)
    world.now += 0.001
    with refused(10011):
        caller.ask("stormpath_token", token=token)


def test_another_spelling_of_a_used_assertion_is_used_too(world: World, caller: Caller) -> None:
    """The last digit of a signature in base64url has bits that say nothing: there are four texts for each token."""
    token = caller.assertion(world.account(), {"alg": "HS256"}, **OF_SDKS)
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    at = digits.index(token[-1])
    caller.ask("stormpath_token", token=token)
    for last in digits[at - at % 4 : at - at % 4 + 4]:
        with pytest.raises(Error) as caught:
            caller.ask("stormpath_token", token=token[:-1] + last)
        assert caught.value.code in (11005, 10017)


def test_two_assertions_that_say_different_things_are_two(world: World, caller: Caller) -> None:
    one, other = world.account(), world.account()
    for account, claims in ((one, {}), (other, {}), (one, {"iat": world.now - 0.5}), (one, {"state": "x"})):
        assert caller.ask("stormpath_token", token=caller.assertion(account, {}, **{**OF_SDKS, **claims}))


def test_a_used_assertion_is_remembered_to_its_last_moment(world: World, caller: Caller) -> None:
    """``exp`` may have a fraction of a millisecond."""
    account, end = world.account(), world.now + 30.0004
    token = caller.assertion(account, exp=end)
    caller.ask("stormpath_token", token=token)
    world.now += 30
    caller.ask("stormpath_token", token=caller.assertion(account))  # which purges
    with refused(11005):
        caller.ask("stormpath_token", token=token)


def test_only_an_assertion_for_the_caller_is_one(world: World, caller: Caller) -> None:
    account, other = world.account(), Caller(world)
    told = caller.password(account)
    for token in (
        told["access_token"],
        caller.assertion(account, {"kid": caller.id, "stt": "access"}),
        caller.assertion(account, {"kid": caller.id, "stt": ""}),
        caller.assertion(account, {"kid": caller.id, "stt": None}),
        caller.assertion(account, {"alg": "HS256"}, other.secret),
        caller.assertion(account, {"alg": "HS256"}, **{**OF_SDKS, "aud": None}),
        caller.assertion(account, {"kid": other.id, "stt": "assertion"}, other.secret),
        caller.assertion(account, {"kid": caller.id, "stt": "assertion"}, other.secret),
        other.assertion(account),
    ):
        with refused(10017):
            caller.ask("stormpath_token", token=token)


def test_an_assertion_may_name_an_organization(world: World, caller: Caller) -> None:
    acme = organization(world, world.directory)
    elsewhere = world.new_directory()
    organization(world, elsewhere, "other")
    world.new_organization("stray")
    account = world.account()
    told = caller.ask("stormpath_token", token=caller.assertion(account, onk="acme"))
    assert caller.claims(told["refresh_token"])["org"] == link(acme)["href"]
    told = caller.ask("stormpath_token", token=caller.assertion(account), organizationNameKey="acme")
    assert caller.claims(told["refresh_token"])["org"] == link(acme)["href"]
    with refused(10016):
        caller.ask("stormpath_token", token=caller.assertion(account, onk="other"))
    with refused(11003):
        caller.ask("stormpath_token", token=caller.assertion(account, onk="stray"))
    world.update(acme, status="DISABLED")
    with refused(11002):
        caller.ask("stormpath_token", token=caller.assertion(account, onk="acme"))


# Factors.


def test_a_code_that_comes_back_is_exchanged_for_tokens_once(world: World, caller: Caller) -> None:
    account, handset = world.account(), Handset(world)
    challenge = link(handset.challenge(handset.factor(account)))["href"]
    with refused(13104):
        caller.ask("stormpath_factor_challenge", challenge=challenge, code=handset.wrong_code)
    told = caller.ask("stormpath_factor_challenge", challenge=challenge, code=handset.code)
    assert caller.claims(told["refresh_token"])["sub"] == link(account)["href"]
    with refused(13112):
        caller.ask("stormpath_factor_challenge", challenge=challenge, code=handset.code)


def test_a_code_gets_nobody_into_an_application_that_he_does_not_belong_to(world: World, caller: Caller) -> None:
    handset, elsewhere = Handset(world), world.account(at=world.new_directory())
    challenge = link(handset.challenge(handset.factor(elsewhere)))["href"]
    with refused(10016):
        caller.ask("stormpath_factor_challenge", challenge=challenge, code=handset.code)


@pytest.mark.parametrize(
    ("challenge", "code"), [("x", 2002), (f"{BASE}/accounts/x", 2014), (f"{BASE}/challenges/unknown", 2016)]
)
def test_a_challenge_has_to_be_there(caller: Caller, challenge: str, code: int) -> None:
    with refused(code):
        caller.ask("stormpath_factor_challenge", challenge=challenge, code="123456")


# Races.


def test_no_token_outlives_a_password_change_that_happens_at_the_same_time(world: World, caller: Caller) -> None:
    account = world.account("ada@example.org")
    first = caller.password(account)
    barrier = threading.Barrier(3)

    def sign_in() -> list[str]:
        barrier.wait()
        return [told["access_token"] for told in _tried(4, lambda: caller.password(account))]

    def refresh() -> list[str]:
        barrier.wait()
        return [told["access_token"] for told in _tried(8, lambda: caller.refresh(first))]

    def change() -> list[str]:
        barrier.wait()
        world.update(account, password="Another-Horse-2")
        return []

    with ThreadPoolExecutor(3) as threads:
        ran = [threads.submit(work) for work in (sign_in, refresh, change)]
        issued = [token for one in ran for token in one.result()]
    for token in issued:
        with refused(10013):
            caller.check(token)


def test_no_access_token_outlives_a_sign_out_that_happens_at_the_same_time(world: World, caller: Caller) -> None:
    account = world.account()
    for _ in range(5):
        told = caller.password(account)
        session = caller.claims(told["refresh_token"])["jti"]
        barrier = threading.Barrier(2)

        def refresh(told: Wire = told, barrier: threading.Barrier = barrier) -> list[str]:
            barrier.wait()
            return [again["access_token"] for again in _tried(5, lambda: caller.refresh(told))]

        def sign_out(session: str = session, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            world.service.delete(f"refreshTokens/{session}")

        with ThreadPoolExecutor(2) as threads:
            refreshed, gone = threads.submit(refresh), threads.submit(sign_out)
            gone.result()
            for token in refreshed.result():
                with refused(10013):
                    caller.check(token)


def _tried(times: int, work: Callable[[], Wire]) -> list[Wire]:
    """What came of it, as often as it was not refused."""
    done = []
    for _ in range(times):
        try:
            done.append(work())
        except Error as error:
            assert error.code in (7100, 10013), error
    return done
