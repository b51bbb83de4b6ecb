"""The client: how it is opened, and what hangs on it directly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import stormpath_wsgi.client
from stormpath_wsgi import kinds
from stormpath_wsgi.client import Account, Application, Client, Collection, DataStore, Directory
from stormpath_wsgi.client.cache import NullCacheStore
from stormpath_wsgi.client.resources import RESOURCES
from stormpath_wsgi.errors import ConfigurationError, Error, Unavailable

ADDRESS = "https://id.example.org/v1"


def test_an_empty_embedded_directory_is_set_up_when_it_is_opened(tmp_path: Path) -> None:
    with Client(f"sqlite:///{tmp_path}/accounts.db") as client:
        (application,) = client.applications
        mapping = application.default_account_store_mapping
        assert mapping is not None
        assert mapping.account_store == client.directories[0]


def test_an_embedded_directory_is_found_again(tmp_path: Path, new_account: Callable[..., Account]) -> None:
    url = f"sqlite:///{tmp_path}/accounts.db"
    with Client(url) as client:
        made = new_account(client.applications[0], "ada@example.org")
    with Client(url) as client:
        assert [account.href for account in client.applications[0].accounts] == [made.href]


def test_hrefs_follow_the_base_url_and_ids_do_not(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/accounts.db"
    with Client(url) as client:
        assert client.base_url == "https://localhost/v1"
        id = client.applications[0].href.rpartition("/")[2]
    with Client(url, base_url="https://id.example.org/v1") as client:
        assert client.applications[0].href == f"https://id.example.org/v1/applications/{id}"


def test_a_client_can_be_given_a_data_store(store: DataStore) -> None:
    client = Client(data_store=store)
    assert client.data_store is store
    assert client.base_url == store.base_url


def test_a_directory_on_another_machine_is_opened_by_its_address() -> None:
    openings: list[dict[str, Any]] = [{"url": ADDRESS}, {"base_url": ADDRESS}]
    for opening in openings:
        with Client(**opening, id="MyId", secret="Shush!") as client:
            assert client.base_url == ADDRESS
            assert client.auth and client.auth.id == "MyId"
            assert "Shush!" not in repr(client) + repr(client.auth) + repr(client.data_store)


def test_without_an_api_key_another_machine_is_not_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ValueError, match="No valid authentication sources found"):
        Client(ADDRESS)
    monkeypatch.setenv("STORMPATH_API_KEY_ID", "MyId")
    monkeypatch.setenv("STORMPATH_API_KEY_SECRET", "Shush!")
    with Client(ADDRESS) as client:
        assert client.auth and client.auth.id == "MyId"


def test_the_hosted_service_is_gone_and_the_client_says_so() -> None:
    with pytest.raises(ConfigurationError, match="base_url='https://"):
        Client(id="MyId", secret="Shush!")


def test_the_key_in_the_address_of_a_remote_directory_is_told_to_nobody() -> None:
    with pytest.raises(ConfigurationError, match="no API key may stand in one") as refused:
        Client("https://id:the-secret@id.example.org/v1")
    assert "the-secret" not in str(refused.value)


def test_a_keyword_that_nobody_knows_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="'colour'"):
        Client(ADDRESS, id="MyId", secret="Shush!", colour="red")


@pytest.mark.parametrize("keyword", ["scheme", "method"])
def test_an_unknown_scheme_is_a_value_error(keyword: str) -> None:
    options: dict[str, Any] = {"id": "MyId", "secret": "Shush!", keyword: "digest"}
    with pytest.raises(ValueError, match="SAuthc1 or basic"):
        Client(ADDRESS, **options)


def test_the_options_of_a_cache_stay_the_caller_s() -> None:
    options: dict[str, Any] = {"store": NullCacheStore, "ttl": 7, "regions": {"accounts": {"tti": 5}}}
    with Client(ADDRESS, id="MyId", secret="Shush!", cache_options=options):
        assert options == {"store": NullCacheStore, "ttl": 7, "regions": {"accounts": {"tti": 5}}}
    with pytest.raises(TypeError):
        Client(ADDRESS, id="MyId", secret="Shush!", cache_options={"colour": "red"})


def test_an_embedded_directory_asks_for_no_key(tmp_path: Path) -> None:
    with Client(f"sqlite:///{tmp_path}/accounts.db", id="MyId", secret="Shush!", cache_options={}) as client:
        assert client.auth is None


def test_the_tenant_may_bring_along_what_it_links_to(opening: dict[str, Any]) -> None:
    with Client(**opening, expand="applications(limit:1)") as client:
        assert client.tenant.applications.limit == 1


@pytest.mark.parametrize("url", ["", "accounts.db", "mysql://localhost/accounts", "sqlite:///no/such/folder/a.db"])
def test_a_url_that_opens_nothing_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError):
        Client(url)


def test_a_database_server_that_was_not_prepared_is_a_configuration_error(empty_postgresql_url: str) -> None:
    with pytest.raises(ConfigurationError, match="stormpath-wsgi init"):
        Client(empty_postgresql_url)


def test_a_prepared_but_empty_database_server_is_not_set_up_by_a_client(postgresql_url: str) -> None:
    with Client(postgresql_url) as client, pytest.raises(ConfigurationError, match="stormpath-wsgi init"):
        client.tenant  # noqa: B018


def test_a_directory_that_is_gone_is_not_taken_for_a_missing_account(
    tmp_path: Path, new_account: Callable[..., Account]
) -> None:
    with Client(f"sqlite:///{tmp_path}/accounts.db") as client:
        application = client.applications[0]
        account = new_account(application, "ada@example.org")
        (tmp_path / "accounts.db").rename(tmp_path / "elsewhere.db")
        with pytest.raises(Unavailable):
            application.has_account(account.href)
        with pytest.raises(Unavailable):
            account.has_group("members")


def test_a_client_needs_exactly_one_of_url_and_data_store(store: DataStore) -> None:
    with pytest.raises(ConfigurationError, match="data_store"):
        Client()
    with pytest.raises(ConfigurationError, match="data_store"):
        Client("sqlite://", data_store=store)


def test_the_tenant_is_asked_for_once(client: Client, application: Application, requests: list[str]) -> None:
    assert client.tenant is client.tenant
    client.applications.get(application.href)
    assert not requests


def test_all_of_a_tenant_is_listed(client: Client, application: Application, account: Account) -> None:
    group = account.directory.groups.create({"name": "members"})
    assert application in client.applications
    assert account.directory in client.directories
    assert account in client.accounts.query(email=account.email)
    assert group in client.groups


def test_a_directory_is_created_at_the_top(client: Client, application: Application) -> None:
    directory = client.directories.create({"name": f"More {application.name}"})
    client.account_store_mappings.create({"application": application, "account_store": directory})
    assert directory in [mapping.account_store for mapping in application.account_store_mappings]


@pytest.mark.parametrize("create", [lambda client: client.groups.create, lambda client: client.accounts.create])
def test_a_tenant_makes_no_groups_and_no_accounts(client: Client, create: Callable[[Client], Any]) -> None:
    with pytest.raises(ValueError, match="its container"):
        create(client)({"name": "members"})


def test_mappings_and_memberships_are_not_listed_at_the_top(client: Client, account: Account) -> None:
    for collection in (client.account_store_mappings, client.group_memberships):
        with pytest.raises(ValueError, match="not listed here"):
            list(collection)
    membership = account.add_group(account.directory.groups.create({"name": "members"}))
    assert client.group_memberships.get(membership.href).account == account


def test_an_href_outside_the_base_url_is_not_found(client: Client) -> None:
    stranger = client.accounts.get("https://elsewhere.example/v1/accounts/7q")
    with pytest.raises(Error) as caught:
        stranger.email  # noqa: B018
    assert caught.value.status == 404


@pytest.mark.parametrize("title", list(kinds.KINDS))
def test_every_kind_has_a_class_of_objects(title: str) -> None:
    assert RESOURCES[title].members == kinds.KINDS[title].members


@pytest.mark.parametrize("title", list(kinds.KINDS))
def test_annotations_name_the_declared_kinds(title: str) -> None:
    """The types that editors and mypy see repeat what the kinds declare; this keeps the two together."""
    resource = RESOURCES[title]
    hints = get_type_hints(resource, localns=vars(stormpath_wsgi.client))
    for member in resource.members.values():
        declared = getattr(member, "of", None) or getattr(member, "to", None)
        if declared:
            assert _named(hints[member.name]) == set([declared] if isinstance(declared, str) else declared), member.name


def test_every_annotated_member_is_declared() -> None:
    for resource in (Account, Application, Directory):
        for name in resource.__annotations__:
            assert isinstance(getattr(resource, name), kinds.Member)


def _named(hint: Any) -> set[str]:
    """The titles of the resource classes in ``Link[A | None]``, ``Part[A]`` or ``Collection[Collection[A]]``."""
    arguments = getattr(hint, "__args__", ())
    if isinstance(hint, type) and issubclass(hint, Collection) and hint is not Collection:
        return _named(hint.__orig_bases__[0])  # type: ignore[attr-defined]  # one with methods of its own
    if not arguments:
        return set() if hint is type(None) or hint is Collection else {hint.__name__}
    return set().union(*map(_named, arguments))
