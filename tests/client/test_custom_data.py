"""Custom data: a dictionary that is saved with its owner or alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from stormpath_wsgi.client import Account, Application, Client

NewAccount = Callable[..., Account]

DATA = {
    "text": "F00!",
    "snake_case": 1,
    "camelCase": True,
    "list": ["a", 1, False, {"deep_snake": 1, "deepCamel": None, "Üñï": {"x": 1.5}}],
}


def test_data_comes_back_as_it_was_stored(client: Client, application: Application, new_account: NewAccount) -> None:
    account = new_account(application, "ada@example.org", custom_data=DATA)
    assert client.accounts.get(account.href).custom_data.stored() == DATA


@pytest.mark.parametrize("owner", ["application", "directory", "group", "tenant"])
def test_other_resources_have_it_too(client: Client, account: Account, application: Application, owner: str) -> None:
    resource = {
        "application": application,
        "directory": account.directory,
        "group": application.groups.create({"name": "members"}),
        "tenant": client.tenant,
    }[owner]
    resource.custom_data["colour"] = owner
    resource.save()
    resource.refresh()
    assert resource.custom_data["colour"] == owner


def test_it_is_like_a_dictionary(account: Account) -> None:
    account.custom_data = DATA
    data = account.custom_data
    assert set(data) == set(data.keys()) == {"created_at", "modified_at", *DATA}
    assert dict(data.items()) == dict(data) == {**DATA, "created_at": data.created_at, "modified_at": data.modified_at}
    assert len(data.values()) == len(DATA) + 2
    assert "text" in data and "texts" not in data
    assert (data.get("text"), data.get("texts"), data.get("texts", 42)) == ("F00!", None, 42)
    with pytest.raises(KeyError, match="texts"):
        data["texts"]


def test_moments_are_datetimes_that_nobody_writes(account: Account) -> None:
    data = account.custom_data
    assert isinstance(data["created_at"], dt.datetime)
    for moment in ("created_at", "modified_at"):
        with pytest.raises(KeyError, match=moment):
            data[moment] = "never"
        with pytest.raises(KeyError, match=moment):
            del data[moment]


@pytest.mark.parametrize("key", ["href", "meta", "spMeta", "sp_meta", "ionmeta", "createdAt", "modifiedAt", "-dash"])
def test_some_keys_are_not_the_owner_s(account: Account, key: str) -> None:
    with pytest.raises(KeyError):
        account.custom_data[key] = "x"
    assert key not in account.custom_data


def test_it_is_saved_with_its_owner_in_one_request(account: Account, requests: list[str]) -> None:
    account.given_name = "Augusta"
    account.custom_data["colour"] = "red"
    account.save()
    assert [request.split()[0] for request in requests] == ["update"]
    account.refresh()
    assert (account.given_name, account.custom_data["colour"]) == ("Augusta", "red")


def test_saving_the_owner_saves_only_the_data_if_only_that_changed(account: Account, requests: list[str]) -> None:
    modified = account.modified_at
    account.custom_data["colour"] = "red"
    account.save()
    assert requests == [f"update accounts/{account.href.rpartition('/')[2]}/customData"]
    account.refresh()
    assert account.modified_at == modified


def test_it_can_be_saved_alone(account: Account, requests: list[str]) -> None:
    account.given_name = "Augusta"
    account.custom_data["colour"] = "red"
    account.custom_data.save()
    account.refresh()
    assert (account.given_name, account.custom_data["colour"]) == ("Ada", "red")


def test_only_changed_keys_are_sent(client: Client, account: Account) -> None:
    account.custom_data.update({"mine": 1, "theirs": 1})
    other = client.accounts.get(account.href)
    other.custom_data.update({"theirs": 2})
    account.custom_data.update({"mine": 2})
    account.refresh()
    assert account.custom_data.stored() == {"mine": 2, "theirs": 2}


def test_assigning_a_dictionary_overwrites_its_keys_and_leaves_the_rest(account: Account) -> None:
    account.custom_data = {"colour": "red", "size": 1}
    account.save()
    account.custom_data = {"colour": "blue"}
    account.save()
    account.refresh()
    assert account.custom_data.stored() == {"colour": "blue", "size": 1}


def test_a_removed_key_is_gone_here_at_once_and_there_when_saved(client: Client, account: Account) -> None:
    account.custom_data.update(DATA)
    del account.custom_data["text"]
    assert "text" not in account.custom_data
    assert "text" in client.accounts.get(account.href).custom_data
    account.save()
    assert "text" not in client.accounts.get(account.href).custom_data
    with pytest.raises(KeyError, match="text"):
        del account.custom_data["text"]


def test_none_removes_a_key(account: Account) -> None:
    account.custom_data.update({"colour": "red"})
    account.custom_data["colour"] = None
    assert "colour" not in account.custom_data
    account.save()
    account.refresh()
    assert account.custom_data.stored() == {}


def test_a_value_changed_in_place_is_saved(account: Account) -> None:
    account.custom_data.update(DATA)
    account.custom_data["list"][3]["deep_snake"] = 2
    account.save()
    account.refresh()
    assert account.custom_data["list"][3]["deep_snake"] == 2


def test_what_was_only_read_is_not_saved(account: Account, requests: list[str]) -> None:
    account.custom_data.update(DATA)
    dict(account.custom_data)
    requests.clear()
    account.save()
    assert not requests


def test_writing_asks_for_nothing_and_unsaved_keys_are_read_back(account: Account, requests: list[str]) -> None:
    account.custom_data["colour"] = "red"
    assert account.custom_data["colour"] == "red"
    assert not requests


def test_delete_removes_all_at_once(account: Account) -> None:
    account.custom_data.update(DATA)
    account.custom_data.delete()
    assert account.custom_data.stored() == {}


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), dt.datetime.now(dt.UTC)])
def test_what_json_cannot_hold_is_refused(account: Account, value: Any) -> None:
    account.custom_data["odd"] = value
    with pytest.raises((TypeError, ValueError, RuntimeError)):
        account.save()


def test_keys_are_not_attributes(account: Account) -> None:
    account.custom_data["colour"] = "red"
    assert not hasattr(account.custom_data, "colour")
    with pytest.raises(AttributeError, match=r"custom_data\['colour'\]"):
        account.custom_data.colour = "blue"  # type: ignore[assignment]


def test_one_owner_s_data_can_be_given_to_another(application: Application, new_account: NewAccount) -> None:
    ada = new_account(application, "ada@example.org", custom_data=DATA)
    eve = new_account(application, "eve@example.org", custom_data=ada.custom_data)
    assert eve.custom_data.stored() == DATA
