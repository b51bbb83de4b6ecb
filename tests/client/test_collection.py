"""Collections: sequences that stay in the directory."""

from __future__ import annotations

import datetime as dt
import enum
import json
import logging
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stormpath_wsgi.client import Account, Application, Client, Directory
from stormpath_wsgi.errors import Error

pytestmark = pytest.mark.parametrize("opening", ["sqlite", "postgresql", "http"], indirect=True, scope="session")

People = Callable[[int], list[Account]]
NewAccount = Callable[..., Account]


def test_a_collection_asks_for_nothing_until_it_is_looked_at(
    application: Application, account: Account, requests: list[str]
) -> None:
    found = application.accounts.query(surname="Love*").order("email")[1:]
    repr(found)
    assert not requests


def test_a_short_list_is_one_request(directory: Directory, people: People, requests: list[str]) -> None:
    people(3)
    requests.clear()
    assert len(list(directory.accounts)) == 4
    assert len(requests) == 1


NAMES = [f"g{index:03}" for index in range(105)]


@pytest.fixture(scope="module")
def many(module_directory: Directory) -> Directory:
    """A directory with more groups than there are on a page."""
    for name in NAMES:
        module_directory.groups.create({"name": name})
    return module_directory


def test_iteration_goes_through_all_pages_and_keeps_one(many: Directory) -> None:
    groups = many.groups.order("name")
    assert [group.name for group in groups] == NAMES
    assert [group.name for group in groups] == NAMES
    assert len(groups.items) == 100


ends = st.none() | st.integers(-110, 110)


@settings(max_examples=40, deadline=None)
@given(parts=st.lists(st.builds(slice, ends, ends), max_size=3), index=st.integers(-110, 110))
@example(parts=[slice(1, None), slice(None)], index=103)
@example(parts=[slice(-3, None)], index=-3)
@example(parts=[slice(4, 2)], index=0)
def test_a_collection_and_its_slices_are_sequences(many: Directory, parts: list[slice], index: int) -> None:
    """What holds for a list holds for a collection, also for slices of slices and across pages."""
    expected, found = NAMES, many.groups.order("name")
    for part in parts:
        expected, found = expected[part], found[part]
    if -len(expected) <= index < len(expected):
        assert found[index].name == expected[index]
    else:
        with pytest.raises(IndexError):
            found[index]
    assert [group.name for group in found] == expected
    assert [group.name for group in reversed(found)] == expected[::-1]
    assert (len(found), found.size) == (len(expected), 105)


def test_a_step_is_refused(many: Directory) -> None:
    with pytest.raises(ValueError, match="step"):
        many.groups[::2]


def test_limit_and_offset_are_a_window_that_may_be_larger_than_a_page(many: Directory) -> None:
    groups = many.groups.order("name")
    assert [group.name for group in groups.query(limit=2, offset=3)] == ["g003", "g004"]
    assert len(list(groups.query(limit=103))) == 103
    assert len(list(groups.query(offset=2))) == 103
    assert [group.name for group in groups.query(limit=2).query(offset=1)] == ["g001", "g002"]
    assert list(groups.query(limit=0)) == []
    with pytest.raises(ValueError, match="below zero"):
        groups.query(offset=-1)


def test_a_page_tells_about_itself(many: Directory) -> None:
    page = many.groups.query(limit=10, offset=20)
    assert (page.offset, page.limit, page.size, len(page.items)) == (20, 10, 105, 10)
    assert page.href == many.href + "/groups"


def test_one_index_is_one_request(directory: Directory, people: People, requests: list[str]) -> None:
    made = people(3)
    requests.clear()
    assert directory.accounts.order("email")[2] == made[1]
    assert len(requests) == 1


def test_an_href_or_an_id_is_an_index(client: Client, account: Account, requests: list[str]) -> None:
    id = account.href.rpartition("/")[2]
    assert client.accounts[account.href] == client.accounts.get(id) == account.directory.accounts.get(id) == account
    assert not requests


def test_a_wrong_id_is_found_out_when_it_is_read(client: Client) -> None:
    ghost = client.accounts.get("7q")
    with pytest.raises(Error) as caught:
        ghost.email  # noqa: B018
    assert caught.value.status == 404


def test_a_query_leaves_the_collection_it_was_made_from_alone(directory: Directory, account: Account) -> None:
    accounts = directory.accounts
    assert len(accounts.query(surname="Nobody")) == 0
    assert len(accounts) == 1


def test_queries_add_up(directory: Directory, account: Account, new_account: NewAccount) -> None:
    new_account(directory, "eve@example.org", surname="Lovelace")
    found = directory.accounts.query(surname="lovelace")
    assert len(found) == 2
    assert list(found.query(given_name="ada")) == [account]


def test_search_is_by_text_or_by_attributes(directory: Directory, account: Account) -> None:
    for query in ("velac", {"surname": "Lovelace", "given_name": "A*"}, {"surname": "*lace"}, {"surname": "*vel*"}):
        assert list(directory.accounts.search(query)) == [account]
    assert not list(directory.accounts.search({"surname": "Love"}))


def test_search_goes_into_custom_data_without_recasing_keys(directory: Directory, account: Account) -> None:
    account.custom_data.update({"snake_case": "x", "camelCase": {"deep_key": "y"}})
    for key, value in (("custom_data.snake_case", "x"), ("customData.camelCase.deep_key", "y")):
        assert list(directory.accounts.search({key: value})) == [account]


def test_search_takes_moments_flags_and_resources(application: Application, account: Account) -> None:
    assert list(application.accounts.query(created_at=account.created_at)) == [account]
    future = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    assert not list(application.accounts.query(created_at=f"[{future.isoformat()},]"))
    account.refresh_tokens.create({"application": application})
    assert len(account.refresh_tokens.search({"application.href": application})) == 1


class Status(str, enum.Enum):  # noqa: UP042  (str() of these says "Status.ENABLED")
    ENABLED = "ENABLED"


def test_search_takes_days_numbers_and_enumerations(directory: Directory, account: Account) -> None:
    account.custom_data.update({"age": 36, "half": 0.5, "admin": True})
    today = account.created_at.date()
    for matches in (
        {"created_at": today}, {"created_at": account.created_at.astimezone(dt.timezone(dt.timedelta(hours=5)))},
        {"custom_data.age": 36}, {"custom_data.half": 0.5}, {"custom_data.admin": True}, {"status": Status.ENABLED},
    ):  # fmt: skip
        assert list(directory.accounts.search(matches)) == [account]


NO_TEXT = [None, b"x", ["x"], ("x",), {"x"}, {"a": "b"}, object(), float("nan"), float("inf"), Decimal(1), 1j, str]


def test_a_search_for_what_is_no_text_is_a_mistake(directory: Directory, requests: list[str]) -> None:
    """None would have been looked for as the text "None", and a list as Python writes lists."""
    for value in NO_TEXT:
        for name in ("username", "q", "custom_data.colour"):
            with pytest.raises(ValueError, match=r"(username|q|colour) (is None|cannot be a)"):
                directory.accounts.search({name: value})
        with pytest.raises(ValueError, match=r"surname (is None|cannot be a)"):
            directory.accounts.query(surname=value)
    assert not requests


def test_a_group_that_is_searched_for_by_no_text_is_a_mistake(account: Account) -> None:
    for value in NO_TEXT:
        for mistake in (account.has_group, account.add_group, account.remove_group):
            with pytest.raises(ValueError, match=r"name (is None|cannot be a)"):
                mistake({"name": value})


def test_a_search_is_text_or_names_with_values(directory: Directory, client: Client) -> None:
    accounts = directory.accounts
    for mistake in (None, 5, b"ada", ["ada"], {1: "ada"}, {None: "ada"}):
        with pytest.raises(ValueError, match="takes text, or a dictionary"):
            accounts.search(mistake)  # type: ignore[arg-type]
    for window in ({"limit": "5"}, {"offset": 1.0}, {"limit": True}):
        with pytest.raises(ValueError, match="whole numbers"):
            accounts.search(window)
    for order in (None, 5, ["email"]):
        with pytest.raises(ValueError, match="as text"):
            accounts.order(order)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="as text"):
        accounts.get(None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="href cannot be a"):
        accounts.search({"application.href": Account(client, properties={"email": "new@example.org"})})


def test_a_search_for_no_text_at_all_is_refused_by_the_directory(directory: Directory) -> None:
    for query in ("", {"username": ""}):
        with pytest.raises(Error) as caught:
            list(directory.accounts.search(query))
        assert caught.value.code == 2101


def test_an_unknown_search_is_refused_by_the_directory(directory: Directory) -> None:
    with pytest.raises(Error) as caught:
        list(directory.accounts.query(colour="red"))
    assert caught.value.code == 2105


def test_order_takes_several_names_in_snake_case(directory: Directory, new_account: NewAccount) -> None:
    for first, last in (("B", "X"), ("A", "Y"), ("A", "X")):
        new_account(directory, f"{first}{last}@example.org", given_name=first, surname=last)
    found = directory.accounts.order("surname desc, given_name")
    assert [f"{account.given_name}{account.surname}" for account in found] == ["AY", "AX", "BX"]


def test_order_takes_keys_of_custom_data_as_they_stand(directory: Directory, new_account: NewAccount) -> None:
    made = [new_account(directory, f"{key}@example.org", custom_data={"snake_case": key}) for key in "bca"]
    assert list(directory.accounts.order("custom_data.snake_case desc")) == [made[1], made[0], made[2]]


def test_items_can_be_expanded(directory: Directory, account: Account, requests: list[str]) -> None:
    (found,) = directory.accounts.query(expand="directory,custom_data")
    assert "name" in found.directory and "created_at" in found.custom_data
    assert len(requests) == 1


def test_a_kept_page_is_read_again_on_demand_and_after_creating(directory: Directory) -> None:
    groups = directory.groups
    assert len(groups) == 0
    directory.groups.create({"name": "elsewhere"})
    assert len(groups) == 0
    groups.refresh()
    assert len(groups) == 1
    groups.create({"name": "here"})
    assert len(groups) == 2


def test_each_read_of_a_collection_is_a_new_look(directory: Directory) -> None:
    assert len(directory.groups) == 0
    directory.groups.create({"name": "members"})
    assert len(directory.groups) == 1


def test_only_what_may_be_written_is_sent(
    directory: Directory, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """So the attributes of one resource make another; a name that nobody knows is dropped too, but logged."""
    others = {"email": "eve@example.org", "username": "eve", "password": "Correct-Horse-7", "favorite": "red"}
    with caplog.at_level(logging.WARNING):
        eve = directory.accounts.create({**dict(account), **others})
    assert eve.href != account.href
    assert eve.given_name == "Ada"
    assert "'favorite'" in caplog.text and "red" not in caplog.text


def test_parameters_of_create_are_in_snake_case(directory: Directory) -> None:
    account = directory.accounts.create(
        {"email": "eve@example.org", "password": "$2a$04$" + "A" * 53},
        password_format="mcf",
        registration_workflow_enabled=False,
        expand="directory",
    )
    assert account.directory.name == directory.name


def test_an_account_has_no_groups_created_in_it(account: Account) -> None:
    with pytest.raises(ValueError, match="no Group can be created here"):
        account.groups.create({"name": "members"})


def test_json_is_the_first_page(directory: Directory, account: Account) -> None:
    told = json.loads(directory.accounts.to_json())
    assert (told["href"], told["size"], told["offset"]) == (directory.accounts.href, 1, 0)
    assert told["items"][0]["given_name"] == "Ada"
