"""Resources: lazy reading, writing of what is declared, saving of what changed."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from stormpath_wsgi.client import Account, Application, Client, Directory, Expansion
from stormpath_wsgi.errors import Error


def test_nothing_is_asked_for_until_something_is_read(client: Client, account: Account, requests: list[str]) -> None:
    lazy = client.accounts.get(account.href)
    repr(lazy), lazy == account, hash(lazy), lazy.is_new(), lazy.groups, lazy.custom_data
    assert not requests
    assert (lazy.given_name, lazy.surname, lazy.directory.href) == ("Ada", "Lovelace", account.directory.href)
    assert requests == [f"get {_path(account)}"]


def test_a_created_resource_is_not_loaded_again(application: Application, requests: list[str]) -> None:
    group = application.groups.create({"name": "members"})
    assert (group.name, group.status) == ("members", "ENABLED")
    assert len(requests) == 1


def test_values_have_python_types(account: Account) -> None:
    assert account.created_at.tzinfo is dt.UTC
    assert dt.datetime.now(dt.UTC) - account.created_at < dt.timedelta(minutes=5)
    assert account.middle_name is None
    assert isinstance(account.directory, Directory)


def test_durations_are_timedeltas_and_may_be_written_as_text(application: Application) -> None:
    policy = application.oauth_policy
    assert policy is application.o_auth_policy
    assert policy.refresh_token_ttl == dt.timedelta(days=60)
    policy.access_token_ttl = dt.timedelta(hours=1, minutes=30)
    policy["refresh_token_ttl"] = "P1W"
    policy.save()
    policy.refresh()
    assert (policy.access_token_ttl, policy.refresh_token_ttl) == (dt.timedelta(minutes=90), dt.timedelta(days=7))


def test_a_link_keeps_what_was_read_of_it(account: Account, requests: list[str]) -> None:
    account.directory.name, account.directory.status  # noqa: B018
    assert len(requests) == 1


def test_a_missing_link_is_none(client: Client, application: Application) -> None:
    bare = client.applications.create({"name": f"Bare {application.name}"})
    assert bare.default_account_store_mapping is None


def test_what_was_written_is_read_back_and_saved_in_one_request(account: Account, requests: list[str]) -> None:
    account.given_name = "Augusta"
    account.middle_name = "Ada"
    assert account.given_name == "Augusta"
    assert not requests
    account.save()
    assert requests == [f"update {_path(account)}"]
    assert account.full_name == "Augusta Ada Lovelace"
    account.refresh()
    assert account.given_name == "Augusta"


def test_saving_sends_only_what_was_written(client: Client, account: Account) -> None:
    """Two people with the same account open do not undo each other's changes."""
    other = client.accounts.get(account.href)
    other.surname = "King"
    other.save()
    account.given_name = "Augusta"
    account.save()
    assert (account.given_name, account.surname) == ("Augusta", "King")


def test_writing_before_reading_asks_for_nothing(client: Client, account: Account, requests: list[str]) -> None:
    lazy = client.accounts.get(account.href)
    lazy.surname = "King"
    lazy.save()
    assert requests == [f"update {_path(account)}"]


def test_saving_without_a_change_asks_for_nothing(account: Account, requests: list[str]) -> None:
    account.save()
    assert not requests


def test_a_refused_change_is_kept_until_it_is_corrected_or_forgotten(account: Account) -> None:
    account.email = ""
    with pytest.raises(Error) as caught:
        account.save()
    assert (caught.value.status, caught.value.code) == (400, 2000)
    assert account.email == ""
    account.refresh()
    assert account.email == "ada@example.org"


def test_a_list_changed_in_place_is_saved(application: Application) -> None:
    application.authorized_callback_uris.append("https://shop.example/callback")
    application.save()
    application.refresh()
    assert application.authorized_callback_uris == ["https://shop.example/callback"]


def test_a_list_that_was_only_read_is_not_saved(application: Application, requests: list[str]) -> None:
    assert application.authorized_callback_uris == []
    application.save()
    assert not requests


@pytest.mark.parametrize("name", ["href", "created_at", "full_name", "tenant", "groups", "givn_name", "givenName"])
def test_what_may_not_be_written_raises(account: Account, name: str) -> None:
    with pytest.raises(AttributeError, match=f"Attribute '{name}' of Account is not writable"):
        setattr(account, name, "x")
    with pytest.raises(AttributeError):
        account[name] = "x"


def test_an_unknown_name_is_python_s_own_attribute_error(account: Account, requests: list[str]) -> None:
    assert not hasattr(account, "givn_name")
    assert not requests


def test_hasattr_does_not_hide_that_a_resource_is_missing(client: Client) -> None:
    ghost = client.accounts.get("7q")
    with pytest.raises(Error) as caught:
        hasattr(ghost, "email")
    assert caught.value.status == 404


def test_a_password_can_be_written_and_never_read(account: Account) -> None:
    account.password = "Correct-Horse-7"
    assert "Correct-Horse-7" not in repr(account) + str(account) + account.to_json()
    assert "password" not in account
    account.save()
    with pytest.raises(AttributeError, match="cannot be read"):
        account.password  # noqa: B018


def test_a_deleted_resource_is_gone(client: Client, account: Account) -> None:
    account.delete()
    with pytest.raises(Error) as caught:
        account.refresh()
    assert caught.value.status == 404


def test_resources_are_equal_by_href(client: Client, account: Account) -> None:
    same = client.accounts.get(account.href)
    assert same == account
    assert len({same, account}) == 1
    assert account != account.directory
    assert account != account.href


def test_a_resource_prints_its_name(application: Application, account: Account) -> None:
    assert (str(application), str(account)) == (application.name, "ada")
    assert str(account.custom_data) == repr(account.custom_data) == f"<CustomData href={account.href}/customData>"


def test_a_resource_is_like_a_dictionary(account: Account) -> None:
    assert account["given_name"] == "Ada"
    assert "given_name" in account
    assert "givn_name" not in account
    assert dict(account)["directory"] == account.directory
    assert list(account) == account.keys()
    assert [name for name, _ in account.items()] == account.keys()
    assert account.values()[:2] == [account.href, account.created_at]


def test_a_missing_item_is_a_key_error(account: Account) -> None:
    for name in ("givn_name", "save", "password"):
        with pytest.raises(KeyError, match=name):
            account[name]


def test_update_saves_at_once(account: Account, requests: list[str]) -> None:
    account.update({"given_name": "Augusta", "custom_data": {"colour": "red"}})
    assert requests == [f"update {_path(account)}"]


def test_an_update_with_one_bad_name_changes_nothing(account: Account, requests: list[str]) -> None:
    for bad in ("href", "created_at", "givn_name", "groups", "save"):
        with pytest.raises(AttributeError, match="not writable"):
            account.update({"given_name": "Augusta", bad: "x"})
    assert account.given_name == "Ada"
    assert not requests


def test_status_has_helpers(account: Account) -> None:
    assert account.is_enabled() and not account.is_disabled() and not account.is_unverified()
    account.status = account.STATUS_UNVERIFIED
    assert account.is_unverified()
    assert account.get_status() == "UNVERIFIED"


def test_a_new_resource_is_known_to_no_directory(client: Client, account: Account, requests: list[str]) -> None:
    new = Account(client, properties={"email": "eve@example.org", "directory": account.directory})
    new.given_name, new.password, new["custom_data"] = "Eve", "Correct-Horse-7", {"colour": "red"}
    assert new.is_new() and not new.href and new.is_disabled()
    assert sorted(new) == ["custom_data", "directory", "email", "given_name"]
    assert (new.given_name, new["custom_data"], new.directory) == ("Eve", {"colour": "red"}, account.directory)
    new.delete()
    with pytest.raises(ValueError, match="create"):
        new.save()
    with pytest.raises(AttributeError, match="groups"):
        new.groups  # noqa: B018
    assert new == new and new != Account(client, properties={"email": "eve@example.org"})
    assert not requests


def test_a_resource_needs_an_href_or_properties(client: Client) -> None:
    with pytest.raises(ValueError, match="href or properties"):
        Account(client)
    with pytest.raises(TypeError, match="string"):
        Account(client, 7)  # type: ignore[arg-type]


def test_what_was_expanded_comes_in_the_same_request(
    client: Client, account: Account, directory: Directory, requests: list[str]
) -> None:
    account.add_group(directory.groups.create({"name": "members"}))
    name = directory.name
    requests.clear()
    expansion = Expansion("directory", "custom_data").add_property("groups", limit=10)
    expanded = client.accounts.get(account.href, expansion)
    assert [group.name for group in expanded.groups] == ["members"]
    assert expanded.directory.name == name
    assert expanded.custom_data.get("colour") is None
    assert requests == [f"get {_path(account)}"]


def test_an_expansion_has_a_text_form() -> None:
    expansion = Expansion("custom_data").add_property("groups", offset=5, limit=10).add_property("tenant")
    assert expansion.get_params() == "customData,groups(offset:5,limit:10),tenant"


def test_json_has_all_attributes_by_their_python_names(account: Account) -> None:
    told = json.loads(account.to_json())
    assert told["given_name"] == "Ada"
    assert told["groups"] == {"href": account.groups.href}


def _path(account: Account) -> str:
    return "accounts/" + account.href.rpartition("/")[2]
