"""Accounts of people who sign in elsewhere, through both ends of the data store, at a real OpenID provider."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from stormpath_wsgi.api_auth import StormpathSocialGrantAuthenticator
from stormpath_wsgi.client import Application, Client, Directory
from stormpath_wsgi.errors import Error
from stormpath_wsgi.testing import OpenIDProvider

CALLBACK = "https://shop.example.org/callback"


@pytest.fixture
def elsewhere(client: Client, application: Application, provider: OpenIDProvider) -> Directory:
    told = provider.provider
    made: dict[str, Any] = {
        "provider_id": "test",
        "issuer": told["issuer"],
        "client_id": told["clientId"],
        "client_secret": told["clientSecret"],
    }
    directory = client.directories.create({"name": f"Elsewhere {secrets.token_hex(8)}", "provider": made})
    application.account_store_mappings.create({"application": application, "account_store": directory})
    return directory


@pytest.mark.usefixtures("directory")
def test_who_has_an_account_elsewhere_gets_one_here_and_has_it_from_then_on(
    application: Application, elsewhere: Directory, provider: OpenIDProvider
) -> None:
    account = application.get_provider_account("test", access_token=provider.access_token())
    assert account.is_new_account
    assert (account.given_name, account.email, account.directory) == ("Ada", "ada@example.org", elsewhere)
    assert account.provider_data.user_info["email"] == "ada@example.org"
    code = provider.code(redirect_uri=CALLBACK, nonce="our nonce")
    brought = {"code": code, "redirect_uri": CALLBACK, "nonce": "our nonce", "iss": provider.issuer}
    again = application.get_provider_account("test", **brought)
    assert again == account
    assert not again.is_new_account
    again.refresh()
    assert not again.is_new_account
    ours = application.accounts.create({"email": "grace@example.com", "password": "Correct-Horse-1"})
    assert not ours.is_new_account  # of who registers here nobody asks
    assert elsewhere.provider.provider_type == "oidc"


@pytest.mark.usefixtures("elsewhere")
def test_what_a_provider_refuses_is_an_error_with_its_code(
    client: Client, application: Application, provider: OpenIDProvider
) -> None:
    for told, code in [({"code": "x"}, 7200), ({"access_token": "x"}, 7200), ({}, 2000)]:
        with pytest.raises(Error) as caught:
            application.get_provider_account("test", **told)
        assert (caught.value.status, caught.value.code) == (400, code)
    bare = client.applications.create({"name": f"Bare {secrets.token_hex(8)}"})
    with pytest.raises(Error) as caught:
        bare.get_provider_account("test", access_token=provider.access_token())
    assert caught.value.code == 5201


def test_a_token_of_a_provider_is_exchanged_for_tokens(
    application: Application, elsewhere: Directory, provider: OpenIDProvider
) -> None:
    grant = StormpathSocialGrantAuthenticator(application)
    result = grant.authenticate("test", access_token=provider.access_token(), account_store=elsewhere)
    assert result is not None
    assert result.refresh_token
    assert result.account.directory == elsewhere
    code = provider.code(redirect_uri=CALLBACK)
    by_code = grant.authenticate("test", code=code, redirect_uri=CALLBACK)
    assert by_code is not None
    assert by_code.account == result.account
    assert grant.authenticate("test", code="wrong") is None
    account = result.account
    account.status = "DISABLED"
    account.save()
    assert grant.authenticate("test", access_token=provider.access_token()) is None
    with pytest.raises(Error) as caught:
        grant.authenticate("google", code="x")
    assert caught.value.code == 5201


@pytest.mark.usefixtures("elsewhere")
def test_a_visitor_is_sent_to_the_provider(client: Client, application: Application, provider: OpenIDProvider) -> None:
    wish = {"providerId": "test", "redirectUri": CALLBACK, "state": "s", "nonce": "n"}
    answer = client.data_store.create(f"{application.href}/authorizationRequests", wish)
    assert answer.keys() == {"location"}
    back = provider.answer(answer["location"])
    assert back.startswith(f"{CALLBACK}?")
    assert "state=s" in back
    assert "authorizationRequests" not in application.document()
