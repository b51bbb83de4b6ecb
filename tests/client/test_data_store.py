"""The contract of the data store port: what holds for every data store, whichever end of it that is."""

from __future__ import annotations

import secrets
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from stormpath_wsgi.client import DataStore
from stormpath_wsgi.errors import Error

PASSWORD = "Correct-Horse-7"


def test_the_tenant_is_found_by_its_alias_and_has_an_href_of_its_own(store: DataStore) -> None:
    tenant = store.get(f"{store.base_url}/tenants/current")
    assert tenant["href"].startswith(f"{store.base_url}/tenants/")
    assert store.get(tenant["href"]) == tenant


def test_a_created_resource_is_answered_whole(store: DataStore) -> None:
    directory = new_directory(store, description="people")
    assert directory == store.get(directory["href"])
    assert (directory["description"], directory["status"]) == ("people", "ENABLED")
    assert directory["accounts"] == {"href": directory["href"] + "/accounts"}


def test_the_wire_shape_is_plain_json_types(store: DataStore) -> None:
    directory = new_directory(store)
    assert type(directory) is dict
    assert {type(value) for value in directory.values()} <= {str, int, bool, dict, list, type(None)}
    assert directory["createdAt"].endswith("Z")


def test_an_update_changes_what_it_names_and_answers_the_rest_too(store: DataStore) -> None:
    directory = new_directory(store, description="people")
    updated = store.update(directory["href"], {"description": "everybody"})
    assert updated == store.get(directory["href"])
    assert (updated["name"], updated["description"]) == (directory["name"], "everybody")


def test_modified_at_grows_with_every_update(store: DataStore) -> None:
    directory = new_directory(store)
    moments = [directory["modifiedAt"]]
    moments += [store.update(directory["href"], {"description": text})["modifiedAt"] for text in ("a", "b")]
    assert moments == sorted(set(moments))


def test_what_was_deleted_is_not_found(store: DataStore) -> None:
    directory = new_directory(store)
    store.delete(directory["href"])
    assert_fault(404, 404, store.get, directory["href"])
    assert_fault(404, 404, store.update, directory["href"], {"description": "ghost"})
    assert_fault(404, 404, store.delete, directory["href"])


def test_an_href_of_somewhere_else_is_not_found(store: DataStore) -> None:
    for href in ("https://elsewhere.example/v1/accounts/abc", store.base_url, store.base_url + "x/accounts/abc"):
        assert_fault(404, 404, store.get, href)


def test_a_page_says_how_many_there_are_in_all(store: DataStore) -> None:
    directory = new_directory(store)
    for name in "cab":
        new_group(store, directory, name)
    page = store.list(directory["href"] + "/groups", {"orderBy": "name", "offset": "1", "limit": "1"})
    assert (page["offset"], page["limit"], page["size"]) == (1, 1, 3)
    assert [item["name"] for item in page["items"]] == ["b"]
    assert page["href"] == directory["href"] + "/groups"


def test_items_of_a_page_are_whole(store: DataStore) -> None:
    directory = new_directory(store)
    group = new_group(store, directory, "members")
    assert store.list(directory["href"] + "/groups")["items"] == [group]


def test_a_page_is_filtered_by_text_and_by_attributes(store: DataStore) -> None:
    directory = new_directory(store)
    for name in ("red", "reddish", "blue"):
        new_group(store, directory, name)
    assert names(store.list(directory["href"] + "/groups", {"q": "RED"})) == ["red", "reddish"]
    assert names(store.list(directory["href"] + "/groups", {"name": "Red"})) == ["red"]
    assert names(store.list(directory["href"] + "/groups", {"name": "red*"})) == ["red", "reddish"]


def test_a_wrong_query_is_refused_with_its_code(store: DataStore) -> None:
    href = new_directory(store)["href"] + "/groups"
    assert_fault(400, 2103, store.list, href, {"limit": "0"})
    assert_fault(400, 2105, store.list, href, {"colour": "red"})
    assert_fault(400, 2106, store.list, href, {"orderBy": "colour"})
    assert_fault(400, 2107, store.list, href, None, "colour")


def test_links_parts_and_collections_can_be_expanded(store: DataStore) -> None:
    directory = new_directory(store)
    group = new_group(store, directory, "members", customData={"colour": "red"})
    expanded = store.get(group["href"], "directory,customData,accounts(limit:5)")
    assert expanded["directory"] == directory
    assert expanded["customData"]["colour"] == "red"
    assert (expanded["accounts"]["limit"], expanded["accounts"]["size"]) == (5, 0)
    assert store.list(directory["href"] + "/groups", None, "directory")["items"][0]["directory"] == directory


def test_a_refused_creation_leaves_nothing_behind(store: DataStore) -> None:
    directory = new_directory(store)
    group = {"name": "members", "customData": {"-no": "key"}}
    assert_fault(400, 3002, store.create, directory["href"] + "/groups", group)
    assert store.list(directory["href"] + "/groups")["size"] == 0


def test_a_taken_name_is_a_conflict(store: DataStore) -> None:
    directory = new_directory(store)
    new_group(store, directory, "members")
    assert_fault(409, 2001, store.create, directory["href"] + "/groups", {"name": "Members"})


def test_an_unknown_property_is_refused(store: DataStore) -> None:
    href = new_directory(store)["href"]
    assert_fault(400, 2015, store.update, href, {"colour": "red"})


def test_custom_data_is_merged_by_key_and_null_removes(store: DataStore) -> None:
    href = new_directory(store, customData={"keep": [1, {"deep": None}], "go": 1})["href"] + "/customData"
    answer = store.update(href, {"go": None, "come": True})
    assert answer == store.get(href)
    assert {key: answer[key] for key in answer.keys() - {"href", "createdAt", "modifiedAt"}} == {
        "keep": [1, {"deep": None}],
        "come": True,
    }


def test_custom_data_can_be_saved_with_its_owner_and_deleted_alone(store: DataStore) -> None:
    directory = new_directory(store)
    store.update(directory["href"], {"description": "both", "customData": {"colour": "red"}})
    href = directory["href"] + "/customData"
    assert store.get(href)["colour"] == "red"
    store.delete(href)
    assert store.get(href).keys() == {"href", "createdAt", "modifiedAt"}


def test_parameters_of_a_creation_are_heard(store: DataStore) -> None:
    name = unique("Shop")
    application = store.create(store.base_url + "/applications", {"name": name}, {"createDirectory": "true"})
    mapping = store.get(application["defaultAccountStoreMapping"]["href"], "accountStore")
    assert mapping["accountStore"]["name"] == f"{name} Directory"


def test_a_login_answers_the_account_and_its_faults_are_all_alike_to_the_visitor(store: DataStore) -> None:
    application = new_application(store)
    account = store.create(application["href"] + "/accounts", {"email": "ada@example.org", "password": PASSWORD})
    attempts = application["href"] + "/loginAttempts"
    answer = store.create(attempts, login("ada@example.org", PASSWORD), {"expand": "account"})
    assert answer["account"] == account
    wrong = assert_fault(400, 7100, store.create, attempts, login("ada@example.org", "wrong"))
    nobody = assert_fault(400, 7104, store.create, attempts, login("eve@example.org", PASSWORD))
    assert wrong.user_message == nobody.user_message


def test_a_refresh_token_is_made_checked_listed_and_revoked(store: DataStore) -> None:
    application = new_application(store)
    account = store.create(application["href"] + "/accounts", {"email": "ada@example.org", "password": PASSWORD})
    tokens = account["href"] + "/refreshTokens"
    token = store.create(tokens, {"application": {"href": application["href"]}})
    check = f"{application['href']}/authTokens/{token['href'].rpartition('/')[2]}"
    assert store.get(check, "account")["account"] == account
    assert [item["href"] for item in store.list(tokens)["items"]] == [token["href"]]
    store.delete(token["href"])
    assert_fault(404, 10013, store.get, check)
    assert store.list(tokens)["size"] == 0


def test_the_epoch_stays_while_nothing_is_written_and_moves_with_a_write(store: DataStore) -> None:
    directory = new_directory(store)
    group = new_group(store, directory, "members")
    before = settled_epoch(store)
    assert store.get(group["href"]) == group
    assert store.epoch() == before
    store.update(group["href"], {"description": "changed"})
    assert store.epoch() != before


def test_a_write_moves_the_epoch_of_every_store_of_the_directory(store: DataStore, other_store: DataStore) -> None:
    directory = new_directory(store)
    before = settled_epoch(other_store)
    updated = store.update(directory["href"], {"description": "changed"})
    within(lambda: other_store.epoch() != before)
    assert other_store.get(directory["href"]) == updated


def test_secrets_never_come_back(store: DataStore) -> None:
    application = new_application(store)
    account = store.create(application["href"] + "/accounts", {"email": "ada@example.org", "password": PASSWORD})
    assert "password" not in account
    assert PASSWORD not in repr(store.get(account["href"], "customData"))


def test_a_closed_store_opens_again(store: DataStore, other_store: DataStore) -> None:
    directory = new_directory(store)
    other_store.close()
    assert other_store.get(directory["href"]) == directory


def unique(name: str) -> str:
    """A name that no other test has taken."""
    return f"{name} {secrets.token_hex(8)}"


def new_directory(store: DataStore, **properties: Any) -> dict[str, Any]:
    return store.create(store.base_url + "/directories", {"name": unique("People"), **properties})


def new_application(store: DataStore) -> dict[str, Any]:
    return store.create(store.base_url + "/applications", {"name": unique("Shop")}, {"createDirectory": "true"})


def new_group(store: DataStore, directory: Mapping[str, Any], name: str, **properties: Any) -> dict[str, Any]:
    return store.create(directory["href"] + "/groups", {"name": name, **properties})


def settled_epoch(store: DataStore) -> int:
    """The epoch, once it repeats: a store that is not yet told of others' writes says a new one each time."""
    within(lambda: store.epoch() == store.epoch())
    return store.epoch()


def within(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Returns when *condition* holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)


def login(name: str, password: str) -> dict[str, str]:
    return {"type": "basic", "value": b64encode(f"{name}:{password}".encode()).decode()}


def names(page: Mapping[str, Any]) -> list[str]:
    return [item["name"] for item in page["items"]]


def assert_fault(status: int, code: int, verb: Any, *arguments: Any) -> Error:
    """That calling *verb* raises the Error with this *status* and *code*, which is answered."""
    with pytest.raises(Error) as caught:
        verb(*arguments)
    assert (caught.value.status, caught.value.code) == (status, code)
    return caught.value
