"""The contract of the data store port: what holds for every data store, whichever end of it that is."""

from __future__ import annotations

import datetime as dt
import enum
import secrets
import threading
import time
from base64 import b64encode
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import pytest

from stormpath_wsgi.client import DataStore
from stormpath_wsgi.errors import Error

pytestmark = pytest.mark.parametrize("opening", ["sqlite", "postgresql", "http"], indirect=True, scope="session")

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
    store.delete(directory["href"])  # it is, and stays so
    for look in (store.get, store.recall):
        assert_fault(404, 404, look, directory["href"])


def test_a_revocation_that_names_nothing_is_an_error(store: DataStore) -> None:
    for path in ("refreshTokens", "accessTokens", "apiKeys", "applications"):
        assert_fault(404, 404, store.delete, f"{store.base_url}/{path}/{'0' * 22}")
    assert_fault(404, 404, store.delete, f"{store.base_url}/accounts/no-id")


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


class Colour(str, enum.Enum):  # noqa: UP042  (str() of these says "Colour.RED")
    RED = "red"


class Plain(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Words(str):
    def __str__(self) -> str:
        return "something else"


class Ratio(float):
    pass


class Names(list[str]):
    pass


Point = namedtuple("Point", "x y")


def nested(levels: int) -> Any:
    """A text in so many lists."""
    value: Any = "core"
    for _ in range(levels):
        value = [value]
    return value


def endless() -> Any:
    value: list[Any] = []
    value += [value, value]
    return value


NOT_JSON: list[tuple[Any, int]] = [
    ((1, 2), 2004), (Point(1, 2), 2004), ({1, 2}, 2004), (frozenset(), 2004), (b"x", 2004), (bytearray(b"x"), 2004),
    (dt.datetime(2020, 1, 1), 2004), (dt.date(2020, 1, 1), 2004), (dt.timedelta(1), 2004), (Decimal(1), 2004),
    (Fraction(1, 2), 2004), (1j, 2004), (object(), 2004), (MappingProxyType({}), 2004), (Plain.RED, 2004),
    ({1: "x"}, 2004), ({True: "x"}, 2004), ({None: "x"}, 2004), ({(1, 2): "x"}, 2004), ({b"x": "x"}, 2004),
    (float("nan"), 2002), (float("inf"), 2002), (float("-inf"), 2002), (10**309, 2002), (-(10**5000), 2002),
    ("\ud800", 2005), ({"\ud800": 1}, 2005), ("\0", 2005), (nested(105), 2002), (nested(200), 400),
    (nested(100_000), 400), (endless(), 400),
]  # fmt: skip


@pytest.mark.parametrize(("value", "code"), NOT_JSON, ids=lambda given: type(given).__name__)
def test_what_is_no_json_is_refused_alike_on_every_end(store: DataStore, value: Any, code: int) -> None:
    href = new_directory(store, customData={"odd": "as it was"})["href"]
    for path, properties in [
        ("/customData", {"odd": value}),
        ("/customData", {"odd": [{"deeper": value}]}),
        ("", {"customData": {"odd": value}}),
    ]:
        assert_fault(400, code, store.update, href + path, properties)
    assert_fault(400, code, store.create, href + "/groups", {"name": "odd", "customData": {"odd": value}})
    assert store.get(href + "/customData")["odd"] == "as it was"
    assert store.list(href + "/groups")["size"] == 0


@pytest.mark.parametrize("value", [("https://a.example",), {"https://a.example"}, iter([]), {1: 2}, dt.datetime.now()])
def test_a_declared_list_is_a_list_on_every_end(store: DataStore, value: Any) -> None:
    href = new_application(store)["href"]
    assert_fault(400, 2004, store.update, href, {"authorizedCallbackUris": value})
    assert_fault(400, 2004, store.update, href, {"description": value})
    assert_fault(400, 2004, store.update, href, {value if isinstance(value, tuple) else 1: "x"})


def test_a_refusal_names_the_place_and_not_the_value(store: DataStore) -> None:
    href = new_directory(store)["href"]
    body = {"customData": {"tags": ["a", ("secret", "pair")]}}
    error = assert_fault(400, 2004, store.update, href, body)
    assert str(error) == "customData.tags[1] is a tuple, which JSON does not have."


def test_subclasses_are_taken_for_the_json_that_they_hold(store: DataStore) -> None:
    href = new_directory(store)["href"] + "/customData"
    held = {
        "colour": Colour.RED, "level": Level.HIGH, "words": Words("these"), "ratio": Ratio(0.5), "names": Names("ab"),
        "map": OrderedDict(b=1, a=2), "key": {Colour.RED: 1},
    }  # fmt: skip
    answer = store.update(href, held)
    assert answer == store.get(href)
    plain = {key: answer[key] for key in held}
    assert plain == {
        "colour": "red", "level": 3, "words": "these", "ratio": 0.5, "names": ["a", "b"],
        "map": {"b": 1, "a": 2}, "key": {"red": 1},
    }  # fmt: skip
    assert [type(value) for value in plain.values()] == [str, int, str, float, list, dict, dict]


def test_json_comes_back_as_it_was_on_every_end(store: DataStore) -> None:
    href = new_directory(store)["href"] + "/customData"
    whole = {
        "numbers": [0, -0.0, 2**63, -(2**64), 10**300, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 0.1],
        "texts": ["", " ", "é", "\U0001f600", "\x1f\x7f\u2028", "x" * 10_000],
        "rest": [True, False, None, [], {}, {"": {"a.b": None}}],
        "deep": nested(99),
    }
    answer = store.update(href, whole)
    assert {key: answer[key] for key in whole} == whole == {key: store.get(href)[key] for key in whole}
    assert str(answer["numbers"]) == str(whole["numbers"])


@pytest.mark.parametrize(
    ("query", "code"),
    [({"name": ""}, 2101), ({"name": None}, 2103), ({"name": 5}, 2103), ({"name": "\ud800"}, 2103),
     ({"name": ["a"]}, 2103), ({"q": b"a"}, 2103), ({"limit": 5}, 2103), ({"limit": ""}, 2101)],
)  # fmt: skip
def test_what_is_searched_for_is_text_on_every_end(store: DataStore, query: Any, code: int) -> None:
    assert_fault(400, code, store.list, new_directory(store)["href"] + "/groups", query)


def test_parameters_are_text_or_flags_on_every_end(store: DataStore) -> None:
    href = store.base_url + "/applications"
    for value in (5, None, "\ud800", ["x"]):
        assert_fault(400, 2103, store.create, href, {"name": unique("Shop")}, {"createDirectory": value})
    assert_fault(400, 2103, store.get, store.base_url + "/tenants/current", "\ud800")
    made = store.create(href, {"name": unique("Shop")}, {"createDirectory": True})
    assert made["defaultAccountStoreMapping"]


@pytest.mark.parametrize(
    ("field", "code"), [(5, 2004), ({"a": 1}, 2004), (b"x", 2004), ("\ud800", 2005), ("\0", 2005), (None, 2000)]
)
def test_the_fields_of_a_form_are_text_on_every_end(store: DataStore, field: Any, code: int) -> None:
    href = new_application(store)["href"] + "/oauth/token"
    assert_fault(400, code, store.create, href, {"grant_type": "password", "username": field, "password": "x"})


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


def test_the_generation_stays_while_nothing_is_written_and_moves_with_a_write(store: DataStore) -> None:
    directory = new_directory(store)
    group = new_group(store, directory, "members")
    before = settled_generation(store)
    assert store.get(group["href"]) == group
    assert store.generation() == before
    store.update(group["href"], {"description": "changed"})
    assert store.generation() != before


def test_a_write_moves_the_generation_of_every_store_of_the_directory(store: DataStore, other_store: DataStore) -> None:
    directory = new_directory(store)
    before = settled_generation(other_store)
    updated = store.update(directory["href"], {"description": "changed"})
    within(lambda: other_store.generation() != before)
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


def settled_generation(store: DataStore) -> int:
    """The generation, once it repeats: a store that is not yet told of others' writes says a new one each time."""
    within(lambda: store.generation() == store.generation())
    return store.generation()


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
