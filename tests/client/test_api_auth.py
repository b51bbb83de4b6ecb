"""The authenticators, over every end of the data store port."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from stormpath_wsgi import api_auth, jwt
from stormpath_wsgi.api_auth import (
    ApiRequestAuthenticator,
    BasicRequestAuthenticator,
    ClientCredentialsGrantAuthenticator,
    GrantResult,
    IdSiteTokenAuthenticator,
    JwtAuthenticator,
    OAuthBearerRequestAuthenticator,
    OAuthClientCredentialsRequestAuthenticator,
    OAuthRequestAuthenticator,
    PasswordGrantAuthenticator,
    RefreshGrantAuthenticator,
    StormpathTokenGrantAuthenticator,
)
from stormpath_wsgi.client import Account, ApiKey, Application, Client, Directory
from stormpath_wsgi.errors import ConfigurationError, Error, TooManyTries
from stormpath_wsgi.limits import Visitor, visited
from stormpath_wsgi.settings import LimitsSettings

#: Of the same vector as the hash of the accounts.
PASSWORD = "SomePassw0rd!"
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture(scope="session")
def whole_client(opening: dict[str, Any]) -> Iterator[Client]:
    """With what it proves itself by, where it does; no recorder stands before it."""
    with Client(**opening) as client:
        yield client


@pytest.fixture
def client(whole_client: Client) -> Client:
    return whole_client


@pytest.fixture
def key(account: Account) -> ApiKey:
    return account.api_keys.create()


@pytest.fixture
def granted(application: Application, account: Account) -> GrantResult:
    found = PasswordGrantAuthenticator(application).authenticate(account.username, PASSWORD)
    assert found is not None
    return found


def basic(key: ApiKey, secret: str | None = None) -> dict[str, str]:
    text = f"{key.id}:{key.secret if secret is None else secret}"
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"bearer {token}"}


def test_a_password_gets_tokens(application: Application, account: Account, granted: GrantResult) -> None:
    assert granted.account == account
    assert (granted.token_type, granted.expires_in) == ("Bearer", 3600)
    assert json.loads(granted.to_json()) == {
        "access_token": granted.access_token,
        "refresh_token": granted.refresh_token,
        "token_type": "Bearer",
        "expires_in": 3600,
    }
    assert granted.access_token not in repr(granted)
    assert [token.jwt for token in account.access_tokens] == [granted.access_token]
    assert [token.jwt for token in account.refresh_tokens] == [granted.refresh_token]
    assert granted.stormpath_access_token.expanded_jwt["claims"]["sub"] == account.href


def test_what_proves_nothing_gets_nothing(application: Application, account: Account, key: ApiKey) -> None:
    refused = [
        PasswordGrantAuthenticator(application).authenticate(account.username, "wrong"),
        PasswordGrantAuthenticator(application).authenticate("nobody", PASSWORD),
        PasswordGrantAuthenticator(application).authenticate("nobody", PASSWORD, account_store=account.directory.href),
        ClientCredentialsGrantAuthenticator(application).authenticate(key.id, "wrong"),
        RefreshGrantAuthenticator(application).authenticate("garbage"),
        StormpathTokenGrantAuthenticator(application).authenticate("garbage"),
        IdSiteTokenAuthenticator(application).authenticate("garbage"),
        JwtAuthenticator(application).authenticate("garbage"),
        JwtAuthenticator(application).authenticate("a.b.c"),
        JwtAuthenticator(application).authenticate("a.b.c", local_validation=True),
    ]
    assert set(refused) == {None}


def test_who_has_to_wait_is_not_told_that_the_password_is_wrong(application: Application) -> None:
    grant = PasswordGrantAuthenticator(application)
    with visited(Visitor("203.0.113.7")):
        for _ in range(LimitsSettings().account_and_address.tries + 1):
            assert grant.authenticate("whoever", PASSWORD) is None
        with pytest.raises(TooManyTries) as caught:
            grant.authenticate("whoever", PASSWORD)
    assert (caught.value.status, caught.value.retry_after) == (429, 1)


def test_what_cannot_be_asked_raises(application: Application, account: Account) -> None:
    grant = PasswordGrantAuthenticator(application)
    with pytest.raises(TypeError, match="password must be a string"):
        grant.authenticate(account.username, 5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="account_store"):
        grant.authenticate("a", "b", account_store=5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="token must be a string"):
        JwtAuthenticator(application).authenticate(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="headers"):
        BasicRequestAuthenticator(application).authenticate("Basic x")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="url must be below"):
        grant.authenticate("a", "b", url="https://elsewhere.example.org/v1/oauth/token")
    application.delete()
    with pytest.raises(Error) as caught:
        grant.authenticate("a", "b")
    assert caught.value.status == 404


def test_a_store_can_be_named(application: Application, directory: Directory, account: Account) -> None:
    grant = PasswordGrantAuthenticator(application)
    assert grant.authenticate(account.username, PASSWORD, directory, f"{application.href}/oauth/token")


def test_an_api_key_gets_an_access_token_alone(application: Application, account: Account, key: ApiKey) -> None:
    found = ClientCredentialsGrantAuthenticator(application).authenticate(key.id, key.secret)
    assert found is not None
    assert (found.account, found.refresh_token) == (account, None)
    assert "refresh_token" not in json.loads(found.to_json())


def test_a_refresh_token_gets_another_access_token(application: Application, granted: GrantResult) -> None:
    assert granted.refresh_token
    found = RefreshGrantAuthenticator(application).authenticate(granted.refresh_token)
    assert found is not None
    assert found.refresh_token == granted.refresh_token
    assert found.access_token != granted.access_token
    assert RefreshGrantAuthenticator(application).authenticate(granted.access_token) is None


def test_an_access_token_is_checked_here_or_there(
    application: Application, account: Account, granted: GrantResult
) -> None:
    authenticator = JwtAuthenticator(application)
    for local in (False, True):
        found = authenticator.authenticate(granted.access_token, local_validation=local)
        assert found is not None
        assert (found.account, found.stormpath_access_token) == (account, granted.stormpath_access_token)
        assert found.claims["sub"] == account.href
        assert authenticator.authenticate(granted.refresh_token or "", local_validation=local) is None
    granted.stormpath_access_token.delete()
    assert authenticator.authenticate(granted.access_token) is None
    assert authenticator.authenticate(granted.access_token, local_validation=True)  # nobody was asked
    later = JwtAuthenticator(application, now=lambda: time.time() + 3600)
    assert later.authenticate(granted.access_token, local_validation=True) is None


def test_a_token_of_another_application_is_not_good(client: Client, granted: GrantResult, account: Account) -> None:
    other = client.applications.create({"name": f"Other of {account.href[-22:]}"})
    for local in (False, True):
        assert JwtAuthenticator(other).authenticate(granted.access_token, local_validation=local) is None


def test_the_id_of_a_session_is_no_token(application: Application, account: Account) -> None:
    """It is what the session cookie holds, signed; and nothing that a request may bring by itself."""
    session = account.refresh_tokens.create({"application": application})
    id = session.href.split("/")[-1]
    assert JwtAuthenticator(application).authenticate(id) is None
    assert ApiRequestAuthenticator(application).authenticate(bearer(id)) is None


def test_a_request_may_bring_an_api_key(application: Application, account: Account, key: ApiKey) -> None:
    for authenticator in (BasicRequestAuthenticator(application), ApiRequestAuthenticator(application)):
        found = authenticator.authenticate(basic(key))
        assert found is not None
        assert (found.account, found.api_key, found.token) == (account, key, None)
        assert key.secret not in repr(found)
        for headers in (
            {},
            {"Authorization": ""},
            {"Authorization": "Basic"},
            {"Authorization": "Basic é"},
            {"Authorization": "Basic /w=="},
            {"Authorization": "Basic bm9jb2xvbg=="},
            basic(key, ""),
            basic(key, key.secret[:-1]),
        ):
            assert authenticator.authenticate(headers) is None
    assert OAuthRequestAuthenticator(application).authenticate(basic(key)) is None
    key.status = "disabled"
    key.save()
    assert BasicRequestAuthenticator(application).authenticate(basic(key)) is None


@pytest.mark.parametrize(
    "kind", [OAuthClientCredentialsRequestAuthenticator, OAuthRequestAuthenticator, ApiRequestAuthenticator]
)
def test_an_api_key_may_ask_for_a_bearer_token(
    application: Application, account: Account, key: ApiKey, kind: type[OAuthRequestAuthenticator]
) -> None:
    body = {**GRANT, "scope": "read write rule"}
    issued = kind(application).authenticate(basic(key), "POST", body=body, scopes=["read", "write"], ttl=60)
    assert issued is not None
    assert issued.token is not None
    assert (issued.account, issued.api_key, issued.token.scopes) == (account, key, ("read", "write"))
    assert json.loads(issued.token.to_json()) == {
        "access_token": issued.token.token,
        "token_type": "Bearer",
        "expires_in": 60,
        "scope": "read write",
    }
    text = issued.token.token
    for scopes in ([], ["read"], ["write", "read"]):
        found = OAuthBearerRequestAuthenticator(application).authenticate(bearer(text), scopes=scopes)
        assert found is not None
        assert (found.account, found.api_key, found.token and found.token.token) == (account, key, text)
    assert OAuthBearerRequestAuthenticator(application).authenticate(bearer(text), scopes=["rule"]) is None
    later = OAuthBearerRequestAuthenticator(application, now=lambda: time.time() + 60)
    assert later.authenticate(bearer(text)) is None
    key.delete()
    assert OAuthBearerRequestAuthenticator(application).authenticate(bearer(text)) is None


def test_only_the_grant_gets_a_bearer_token(application: Application, key: ApiKey) -> None:
    authenticator = OAuthClientCredentialsRequestAuthenticator(application)
    assert authenticator.authenticate(basic(key), "POST", body="grant_type=client_credentials&scope=")
    assert authenticator.authenticate(basic(key), "GET", body=GRANT) is None
    assert authenticator.authenticate(basic(key), "POST", body={"grant_type": "password"}) is None
    assert authenticator.authenticate(basic(key), "POST") is None
    assert authenticator.authenticate(basic(key, "wrong"), "POST", body=GRANT) is None


def test_a_request_may_bring_a_token_of_the_token_endpoint(
    application: Application, account: Account, granted: GrantResult
) -> None:
    authenticator = OAuthBearerRequestAuthenticator(application)
    found = authenticator.authenticate(bearer(granted.access_token))
    assert found is not None
    assert (found.account, found.api_key) == (account, None)
    assert authenticator.authenticate(bearer(granted.access_token), scopes=["read"]) is None
    granted.stormpath_access_token.delete()
    assert authenticator.authenticate(bearer(granted.access_token)) is None


def test_an_accounts_own_key_signs_no_tokens(
    application: Application, account: Account, key: ApiKey, granted: GrantResult
) -> None:
    """Whoever has an API key knows its secret, and must not be believed what he signs with it."""
    now = int(time.time())
    claims = {"jti": "x", "iat": now, "exp": now + 60, "iss": application.href}
    forged = [
        jwt.write(header, {**claims, "sub": subject}, key.secret)
        for header in ({}, {"kid": key.id, "stt": "access"})
        for subject in (key.id, account.href)
    ]
    for token in forged:
        assert ApiRequestAuthenticator(application).authenticate(bearer(token)) is None
        assert JwtAuthenticator(application).authenticate(token) is None
        assert JwtAuthenticator(application).authenticate(token, local_validation=True) is None


def test_a_client_without_an_api_key_signs_nothing(recorder: Any, application: Application) -> None:
    seen = application.seen_as(Application)
    seen._client = Client(data_store=recorder)
    with pytest.raises(ConfigurationError, match="API key"):
        JwtAuthenticator(seen).authenticate("a.b.c", local_validation=True)


def test_the_address_of_before_has_the_same_names() -> None:
    from stormpath_wsgi.client import api_auth as former

    assert {name: getattr(former, name) for name in api_auth.__all__} == {
        name: getattr(api_auth, name) for name in api_auth.__all__
    }
