"""Custom data: a dictionary that is saved with its owner or alone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, MutableMapping
from typing import Any

import pytest

from stormpath_wsgi.client import Account, Application, Client, CustomData, Directory

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


def test_it_is_a_mutable_mapping(account: Account) -> None:
    data = account.custom_data
    mapping: MutableMapping[str, Any] = data
    assert isinstance(mapping, MutableMapping)
    data |= {"colour": "red", "size": 1}
    data |= [("shape", "round")]
    assert len(data) == 5 and len(data.keys()) == len(data.values()) == len(data.items()) == 5
    assert data.keys() & {"colour", "hue"} == {"colour"}
    assert data.setdefault("tags", []) == [] and data.setdefault("colour", "blue") == "red"
    data["tags"].append("new")
    assert data.pop("size") == 1 and data.pop("size", None) is None and "size" not in data
    with pytest.raises(KeyError, match="size"):
        data.pop("size")
    account.save()
    account.refresh()
    assert account.custom_data.stored() == {"colour": "red", "shape": "round", "tags": ["new"]}


def test_its_union_is_a_dictionary(account: Account, requests: list[str]) -> None:
    account.custom_data.update({"colour": "red", "size": 1})
    data, whole = account.custom_data, dict(account.custom_data)
    assert data | {"size": 2, "new": 3} == {**whole, "size": 2, "new": 3}
    assert {"size": 2, "new": 3} | data == {"size": 1, "new": 3} | whole
    assert data | data == whole == data | {}
    with pytest.raises(TypeError):
        data | ["colour"]
    assert data.stored() == {"colour": "red", "size": 1}
    assert len(requests) == 1


def test_popping_items_takes_the_owner_s_own_until_there_are_none(account: Account) -> None:
    data = account.custom_data
    data.update({"colour": "red", "size": 1})
    assert sorted([data.popitem(), data.popitem()]) == [("colour", "red"), ("size", 1)]
    with pytest.raises(KeyError, match="empty"):
        data.popitem()
    assert list(data) == ["created_at", "modified_at"]
    account.save()
    account.refresh()
    assert account.custom_data.stored() == {}


def test_it_is_cleared_when_it_is_saved(client: Client, account: Account) -> None:
    account.custom_data.update(DATA)
    account.custom_data.clear()
    assert len(account.custom_data) == 2
    assert client.accounts.get(account.href).custom_data.stored() == DATA
    account.save()
    assert client.accounts.get(account.href).custom_data.stored() == {}


def test_update_takes_what_dictionaries_take_and_saves_at_once(account: Account, requests: list[str]) -> None:
    account.custom_data.update([("colour", "red")], size=1)
    account.custom_data.update(shape="round")
    assert len(requests) == 2
    account.refresh()
    assert account.custom_data.stored() == {"colour": "red", "size": 1, "shape": "round"}


def test_what_asks_for_something_and_what_does_not(account: Account, requests: list[str]) -> None:
    """As the documentation says."""
    lazy = Account(account._client, account.href)
    data = lazy.custom_data
    data["colour"] = "red"
    data |= {"size": 1}
    lazy.custom_data = {"shape": "round"}
    lazy.custom_data |= {"more": 2}
    assert data == lazy.custom_data and bool(data) is True and data["colour"] == "red" and "size" in data
    assert data.get("shape") == data.setdefault("shape", "square") == "round"
    assert data.pop("size") == 1
    assert not requests
    for look in (len, list, dict, lambda data: data | {}, lambda data: data.get("x"), lambda data: "x" in data):
        requests.clear()
        other = Account(account._client, account.href)
        look(other.custom_data)
        assert len(requests) == 1


def as_given(account: Account) -> list[dict[str, Any]]:
    """What custom data gives of itself, and in the spelling of the REST API."""
    data, wire = account.custom_data, json.loads(account.custom_data.to_json())
    moments = {"createdAt": wire["created_at"], "modifiedAt": wire["modified_at"]}
    return [dict(data), wire, {"href": data.href, **moments, **data.stored()}, data | {}]


def test_it_accepts_back_what_it_gave(account: Account, requests: list[str]) -> None:
    account.custom_data.update(DATA)
    for form in range(len(as_given(account))):
        given = as_given(account)[form]
        account.custom_data = given
        account.custom_data |= given
        for key, value in given.items():
            account.custom_data[key] = value
        account.update({"custom_data": {**given, "colour": "red"}})
        account.refresh()
        assert account.custom_data.stored() == {**DATA, "colour": "red"}


def test_it_is_assigned_to_itself_without_a_change(account: Account, requests: list[str]) -> None:
    account.custom_data = account.custom_data
    account.custom_data |= {}
    account.save()
    assert not requests


def test_what_another_one_gave_is_refused(account: Account, directory: Directory, new_account: NewAccount) -> None:
    eve = new_account(directory, "eve@example.org", custom_data=DATA)
    for given in as_given(eve):
        with pytest.raises(KeyError, match=r"href|created_?[aA]t"):
            account.custom_data = given
        with pytest.raises(KeyError, match=r"created_at|modified_at|createdAt|href"):
            account.custom_data |= given
    account.custom_data = eve.custom_data
    assert account.custom_data.stored() == DATA
    with pytest.raises(KeyError, match="stored"):
        new_account(directory, "bob@example.org", custom_data=dict(eve.custom_data))


@pytest.mark.parametrize("bad", ["-dash", "", "a.b", "x" * 256, "meta", "created_at", "href", "ключ", 5, None, ("a",)])
def test_one_bad_key_changes_nothing(account: Account, requests: list[str], bad: Any) -> None:
    account.custom_data["kept"] = 1
    given = {"first": "x", "kept": 2, bad: "y", "last": "z"}
    for write in (
        lambda: setattr(account, "custom_data", given),
        lambda: account.custom_data.update(given),
        lambda: account.custom_data.update(list(given.items())),
        lambda: account.custom_data.__ior__(given),
        lambda: account.update({"given_name": "Augusta", "custom_data": given}),
        lambda: account.custom_data.__setitem__(bad, "y"),
    ):
        with pytest.raises(KeyError):
            write()
    assert (account.custom_data["kept"], account.given_name) == (1, "Ada")
    assert not [request for request in requests if request.startswith("update")]
    assert account.custom_data.stored() == {"kept": 1}


@pytest.mark.parametrize("given", [None, 5, "text", [("colour", "red")], {"colour"}])
def test_it_is_assigned_dictionaries_only(account: Account, given: Any) -> None:
    with pytest.raises(TypeError, match="takes a dictionary"):
        account.custom_data = given


def test_what_is_no_text_is_no_key(account: Account) -> None:
    data = account.custom_data
    for key in (5, None, ("a",), b"colour"):
        assert key not in data and data.get(key, "none") == "none"  # type: ignore[call-overload, comparison-overlap]
        with pytest.raises(KeyError):
            data[key]  # type: ignore[index]
        with pytest.raises(KeyError):
            del data[key]  # type: ignore[arg-type]


def test_a_copy_of_what_is_stored_is_a_copy(account: Account, requests: list[str]) -> None:
    account.custom_data.update(DATA)
    account.custom_data.stored()["list"].append("more")
    requests.clear()
    account.save()
    assert not requests and account.custom_data.stored() == DATA


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


def test_a_key_can_be_used_as_an_attribute(account: Account) -> None:
    account.custom_data.colour = "red"
    account.save()
    account.custom_data.colour = "blue"  # what was there is overwritten
    assert (account.custom_data.colour, account.custom_data["colour"]) == ("blue", "blue")
    assert not hasattr(account.custom_data, "shape")


def test_what_a_dictionary_can_do_is_no_key_when_it_is_an_attribute(account: Account) -> None:
    with pytest.raises(AttributeError, match=r"custom_data\['items'\]"):
        account.custom_data.items = 1  # type: ignore[assignment, method-assign]


def test_tools_that_look_for_names_of_their_own_in_custom_data_ask_for_nothing(account: Account) -> None:
    data = CustomData(account._client, f"{account._client.base_url}/accounts/nobody/customData")
    assert not hasattr(data, "_ipython_display_")


def test_one_owner_s_data_can_be_given_to_another(application: Application, new_account: NewAccount) -> None:
    ada = new_account(application, "ada@example.org", custom_data=DATA)
    eve = new_account(application, "eve@example.org", custom_data=ada.custom_data)
    assert eve.custom_data.stored() == DATA
