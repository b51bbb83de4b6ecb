"""API keys as objects."""

from __future__ import annotations

from typing import assert_type

import pytest

from stormpath_wsgi.client import Account, ApiKey, ApiKeys, Application, Client
from stormpath_wsgi.errors import Error


@pytest.fixture
def key(account: Account) -> ApiKey:
    return account.api_keys.create({"name": "robot"})


def test_an_account_makes_them(account: Account, key: ApiKey) -> None:
    assert_type(account.api_keys, ApiKeys)
    assert (key.name, key.status, key.account) == ("robot", "ENABLED", account)
    assert [each.secret for each in account.api_keys] == [key.secret]
    assert len(key.secret) == 43


def test_an_application_finds_one_by_its_id(application: Application, key: ApiKey) -> None:
    assert application.api_keys.get_key(key.id) == key
    assert application.api_keys.get_key(key.id, key.secret) == key


def test_an_application_tells_whose_it_is_among_those_of_one_name(application: Application, key: ApiKey) -> None:
    found = application.api_keys.get_key(key.id)
    assert found
    assert (found.naming["is_home"], found.naming["qualifier"]) == (True, key.account.directory.name)
    assert key.naming is None  # an account is at no application


@pytest.mark.parametrize("id", ["2ZFMV4WVVCVG35XATII9T96J7", "", "*", "../../tenants", "a\0b", "ä"])
def test_what_there_is_not_is_false(application: Application, key: ApiKey, id: str) -> None:
    assert application.api_keys.get_key(id) is False


@pytest.mark.parametrize("secret", ["", "wrong", "ä", "\ud800"])
def test_the_wrong_secret_is_false(application: Application, key: ApiKey, secret: str) -> None:
    assert application.api_keys.get_key(key.id, secret) is False


def test_one_that_is_disabled_is_found_and_says_so(application: Application, key: ApiKey) -> None:
    key.status = "disabled"
    key.save()
    found = application.api_keys.get_key(key.id)
    assert found and found.is_disabled()


def test_one_that_is_deleted_is_gone(client: Client, application: Application, key: ApiKey) -> None:
    key.delete()
    assert application.api_keys.get_key(key.id) is False
    with pytest.raises(Error):
        client.api_keys.get(key.id).refresh()


def test_the_secret_is_not_printed(key: ApiKey) -> None:
    assert key.secret not in f"{key} {key!r} {key.account.api_keys!r}"
