"""What is done to every object there is, by debuggers, logs and other libraries: it costs nothing and never fails."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from support.silent import look, silent_client

from stormpath_wsgi import ConfigurationError, Error
from stormpath_wsgi.client import Account, Application, Client, Collection, Directory, Group
from stormpath_wsgi.client.credentials import NoKeyPair
from stormpath_wsgi.client.resources import RESOURCES
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Overloaded, TooManyTries, Unavailable, fault

NewAccount = Callable[..., Account]


@pytest.fixture
def silent() -> Client:
    return silent_client()


@pytest.mark.parametrize("title", sorted(RESOURCES))
def test_to_look_at_a_resource_asks_for_nothing(silent: Client, title: str) -> None:
    kind = RESOURCES[title]
    href = f"{silent.base_url}/{kind.path}/7q"
    other = silent.resource({"href": f"{href}x"}, title)
    for resource in (
        kind(silent, href),  # nothing is loaded
        kind(silent, properties={"href": href, "name": None, "username": 5}),
        kind(silent, properties={}),  # new
        kind.__new__(kind),  # not made yet, as in the traceback of a failed __init__
    ):
        look(resource, other)
        assert bool(resource) is True


def test_to_look_at_a_collection_asks_for_nothing(silent: Client) -> None:
    account = Account(silent, f"{silent.base_url}/accounts/7q")
    look(account.groups, account.applications)
    look(account.groups.query(name="x").order("name")[1:], account.groups)
    look(silent.group_memberships, account.groups)
    assert isinstance(account.groups, Collection)


def test_a_collection_is_true_when_there_is_anything_in_it(account: Account, requests: list[str]) -> None:
    """It asks for that: were it always true, ``if account.groups.search(…):`` would let everybody in."""
    groups = account.directory.groups
    assert not groups and len(groups) == 0
    assert len(requests) == 1
    groups.create({"name": "members"})
    assert groups and not groups.query(name="other")


def test_to_look_at_a_client_asks_for_nothing(silent: Client) -> None:
    look(silent, silent_client())


def test_what_was_written_or_loaded_is_printed(silent: Client) -> None:
    href = f"{silent.base_url}/accounts/7q"
    lazy = Account(silent, href)
    assert (str(lazy), f"{lazy:-<5}") == (repr(lazy), repr(lazy))
    lazy.username = "ada"
    assert (str(lazy), f"{lazy:-<5}", repr(lazy)) == ("ada", "ada--", f"<Account href={href}>")
    assert str(Group(silent, properties={"href": href, "name": "admins"})) == "admins"


def test_a_key_called_name_is_not_the_name_of_custom_data(account: Account) -> None:
    account.custom_data["name"] = "Ada"
    assert str(account.custom_data) == f"<CustomData href={account.href}/customData>"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_shares_the_client_and_no_unsaved_change(
    account: Account, client: Client, copied: Callable[[Any], Any]
) -> None:
    account.given_name, account.custom_data["list"] = "Augusta", ["a"]
    twin = copied(account)
    assert type(twin) is Account and twin is not account and twin == account
    assert twin._client is account._client is client
    twin.surname, twin.custom_data["list"] = "King", twin.custom_data["list"] + ["b"]
    twin.custom_data["more"] = 1
    assert (twin.given_name, account.surname, account.custom_data["list"]) == ("Augusta", "Lovelace", ["a"])
    assert "more" not in account.custom_data
    twin.save()
    account.refresh()
    assert (account.given_name, account.surname) == ("Augusta", "King")
    assert account.custom_data.stored() == {"list": ["a", "b"], "more": 1}


def test_a_list_changed_in_place_in_a_copy_stays_there(application: Application) -> None:
    application.authorized_callback_uris.append("https://a.example")
    twin = copy.copy(application)
    twin.authorized_callback_uris.append("https://b.example")
    assert application.authorized_callback_uris == ["https://a.example"]


def test_a_copy_of_data_with_resources_in_it_has_the_same_client(account: Account, requests: list[str]) -> None:
    (who,), groups, client = copy.deepcopy(([account], account.groups, account._client))
    assert who._client is groups._client is client is account._client
    assert not requests
    assert groups.items == []


def test_a_client_and_its_store_are_their_own_copies(opening: dict[str, Any]) -> None:
    with Client(**opening) as client:
        for copied in (copy.copy, copy.deepcopy):
            assert copied(client) is client
            assert copied(client.data_store) is client.data_store


def test_what_is_open_is_not_pickled(opening: dict[str, Any], directory: Directory, account: Account) -> None:
    with Client(**opening) as client:
        for thing, instead in (
            (account, "Pickle its href"),
            (account.custom_data, "Pickle its href"),
            (directory.groups, "Pickle its href"),
            (client, "Open another one"),
            (client.data_store, "Open another one"),
        ):
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                with pytest.raises(TypeError, match=f"a {type(thing).__name__} cannot be pickled: .*{instead}"):
                    pickle.dumps([thing], protocol)


def test_the_store_below_the_cache_is_not_pickled(http_opening: dict[str, Any]) -> None:
    with Client(**http_opening) as client, closing(client.data_store._store) as store:  # type: ignore[attr-defined]
        with pytest.raises(TypeError, match="HttpDataStore cannot be pickled"):
            pickle.dumps(store)
        assert copy.deepcopy(store) is store


class Strange(Error):
    """An error of somebody else's, who wants other arguments."""

    def __init__(self, where: str, *, colour: str) -> None:
        super().__init__({"status": 418, "developerMessage": f"in {where}"})
        self.colour = colour


def errors() -> Iterator[Exception]:
    yield Error()
    yield Error("sentence")
    yield Error(
        {"status": 409, "code": 2001, "message": "m", "developerMessage": "d", "moreInfo": "i", "requestId": "r"}
    )
    yield Error({"existing": "https://id.example/v1/accountLinks/7q"}, http_status=409)
    yield fault(Code.WRONG_PASSWORD)
    yield fault(Code.INVALID, "developer", message="visitor")
    yield Unavailable(retry_after=30)
    yield Unavailable({"code": 2001, "developerMessage": "d", "requestId": "r"}, retry_after=1)
    yield Overloaded(retry_after=2)
    yield TooManyTries(retry_after=8, waits={"key": 7}, place=("place", 7))
    yield Strange("the kitchen", colour="red")
    yield ConfigurationError("write x")
    yield NoKeyPair("write y")


@pytest.mark.parametrize("error", list(errors()), ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling_whole(error: Exception) -> None:
    error.add_note("seen in a worker")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        for twin in (pickle.loads(pickle.dumps(error, protocol)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301
            assert type(twin) is type(error)
            assert (str(twin), repr(twin), twin.args, vars(twin)) == (str(error), repr(error), error.args, vars(error))
            if isinstance(error, Error) and isinstance(twin, Error):
                assert twin.body() == error.body()


def test_every_error_of_ours_is_among_these() -> None:
    def below(kind: type[Error]) -> set[type[Error]]:
        return {kind}.union(*(below(each) for each in kind.__subclasses__()))

    ours = {kind for kind in below(Error) if kind.__module__.startswith("stormpath_wsgi.")}
    assert ours <= {type(error) for error in errors()}
