"""Tokens that say for which application they are: on request, and compared wherever they say it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.cheap import options
from support.world import PASSWORD

from stormpath_wsgi import jwt
from stormpath_wsgi.api_auth import JwtAuthenticator, PasswordGrantAuthenticator
from stormpath_wsgi.client import Application, Client
from stormpath_wsgi.client.grants import NotGood

ADA = {"email": "ada@example.org", "given_name": "Ada", "surname": "Lovelace", "password": PASSWORD}


@pytest.fixture(params=[True, False], ids=["with", "without"])
def application(request: pytest.FixtureRequest) -> Iterator[Application]:
    """With tokens that have the claim ``aud``, and without."""
    with Client("sqlite://", options=options(names_audience=request.param)) as client:
        made = client.applications.create({"name": "Acme"}, create_directory=True)
        made.accounts.create(ADA)
        yield made


def issued(application: Application) -> Any:
    return PasswordGrantAuthenticator(application).authenticate("ada@example.org", PASSWORD)


def with_audience(application: Application, token: str, audience: Any) -> str:
    """The same token, signed with the same key, for another audience."""
    key = JwtAuthenticator(application).key_pair()
    read = jwt.read(token, lambda kid: key.secret)
    return jwt.write(read.header, {**read.claims, "aud": audience}, key.secret or "")


def test_it_is_good_either_way(application: Application, request: pytest.FixtureRequest) -> None:
    tokens = issued(application)
    for token in (tokens.access_token, tokens.refresh_token):
        claims = JwtAuthenticator(application).read(str(token)).claims
        assert claims.get("aud") == (application.href if "[with]" in request.node.name else None)
        assert claims["iss"] == application.href  # what was documented is there either way
    assert JwtAuthenticator(application).authenticate(str(tokens.access_token)) is not None


@pytest.mark.parametrize("audience", ["https://another.example/v1/applications/x", ["another"], None, 7])
def test_one_for_somebody_else_is_not(application: Application, audience: Any) -> None:
    token = with_audience(application, str(issued(application).access_token), audience)
    assert JwtAuthenticator(application).authenticate(token) is None
    with pytest.raises(NotGood, match="another application"):
        JwtAuthenticator(application).read(token)


def test_one_for_several_is_good_for_each(application: Application) -> None:
    token = with_audience(application, str(issued(application).access_token), ["another", application.href])
    assert JwtAuthenticator(application).authenticate(token) is not None
