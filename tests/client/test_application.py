"""Applications: logging in, and where they look for accounts."""

from __future__ import annotations

import base64
from collections.abc import Callable
from traceback import walk_tb

import pytest
from support import cheap

from stormpath_wsgi.client import Account, Application, Client, DataStore, Directory
from stormpath_wsgi.errors import Error

NewAccount = Callable[..., Account]

PASSWORD = "Correct-Horse-7"


@pytest.fixture
def ada(account: Account) -> Account:
    account.password = PASSWORD
    account.save()
    return account


@pytest.mark.parametrize("login", ["ada", "ADA", "ada@example.org", "Ada@Example.org"])
def test_a_login_is_a_username_or_an_e_mail_address(application: Application, ada: Account, login: str) -> None:
    assert application.authenticate_account(login, PASSWORD).account == ada


def test_a_login_that_is_no_text_is_nobody(application: Application, ada: Account) -> None:
    """And not whoever has the username "None"."""
    for login, password in ((None, "x"), ("ada", None), (b"ada", "x"), (5, "x"), (ada, "x")):
        with pytest.raises(TypeError, match="must be text"):
            application.authenticate_account(login, password)  # type: ignore[arg-type]


def test_a_login_is_one_request_and_brings_the_account(
    application: Application, ada: Account, requests: list[str]
) -> None:
    requests.clear()
    assert application.authenticate_account("ada", PASSWORD).account.given_name == "Ada"
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("login", "password", "code"), [("ada", "wrong", 7100), ("ada", "", 7100), ("eve", PASSWORD, 7104)]
)
def test_a_failed_login_tells_the_visitor_one_thing(
    application: Application, ada: Account, login: str, password: str, code: int
) -> None:
    with pytest.raises(Error) as caught:
        application.authenticate_account(login, password)
    assert (caught.value.status, caught.value.code) == (400, code)
    assert caught.value.user_message == "Invalid username or password."


@pytest.mark.parametrize(("status", "code"), [("DISABLED", 7101), ("UNVERIFIED", 7102)])
def test_only_enabled_accounts_log_in(application: Application, ada: Account, status: str, code: int) -> None:
    ada.status = status
    ada.save()
    with pytest.raises(Error) as caught:
        application.authenticate_account("ada", PASSWORD)
    assert caught.value.code == code


@pytest.mark.parametrize("password", ["päss:Wörd 7 \N{GRINNING FACE}", "Colon:7:colon"])
def test_a_password_may_hold_any_character(application: Application, account: Account, password: str) -> None:
    account.password = password
    account.save()
    assert application.authenticate_account("ada", password).account == account


ODD = [
    "",
    ":",
    "::b",
    "a\nb",
    "a\0b",
    "\ud800",
    "\ud83d\ude00",
    "é",
    "e\u0301",
    " ",
    "x" * 1024,
    "x" * 1025,
    "x" * 7000,
]


def said(application: Application, login: str, password: str) -> tuple[int, int, str]:
    with pytest.raises(Error) as caught:
        application.authenticate_account(login, password)
    return caught.value.status, caught.value.code, caught.value.user_message


@pytest.mark.parametrize("wrong", [*((login, PASSWORD) for login in ODD), *(("ada", password) for password in ODD)])
def test_both_ends_of_the_port_judge_odd_texts_alike(
    store: DataStore, application: Application, ada: Account, wrong: tuple[str, str]
) -> None:
    """One is handed them as they are, the other as one text in base64."""
    at_hand = Client(data_store=store).applications.get(application.href)
    assert said(at_hand, *wrong) == said(application, *wrong)


def test_a_password_is_not_encoded_inside_of_one_process() -> None:
    """So no traceback that shows values has it in a spelling that the filters of secrets do not know."""
    with Client("sqlite://", options=cheap.options()) as client, pytest.raises(Error) as caught:
        (application,) = client.applications
        application.authenticate_account("ada", "Wrong:Horse-7")
    values = [repr(value) for frame, _ in walk_tb(caught.value.__traceback__) for value in frame.f_locals.values()]
    encoded = base64.b64encode(b"ada:Wrong:Horse-7").decode()
    assert any("Wrong:Horse-7" in value for value in values)
    assert not any(encoded in value for value in values)


def test_a_login_can_be_limited_to_one_account_store(
    application: Application, ada: Account, directory: Directory
) -> None:
    group = directory.groups.create({"name": "members"})
    application.account_store_mappings.create({"application": application, "account_store": group})
    for store in (directory, directory.href, {"href": directory.href}):
        assert application.authenticate_account("ada", PASSWORD, account_store=store).account == ada
    with pytest.raises(Error):
        application.authenticate_account("ada", PASSWORD, account_store=group)


def test_a_mapping_has_its_flags_and_place(client: Client, application: Application, directory: Directory) -> None:
    other = client.directories.create({"name": f"Other {application.name}"})
    mapping = application.account_store_mappings.create(
        {"application": application, "account_store": other, "list_index": 0, "is_default_account_store": True}
    )
    assert (mapping.list_index, mapping.is_default_account_store, mapping.is_default_group_store) == (0, True, False)
    assert (mapping.application, mapping.account_store) == (application, other)
    application.refresh()
    assert application.default_account_store_mapping == mapping
    assert application.default_group_store_mapping != mapping
    mapping.list_index = 1
    mapping.save()
    assert [found.account_store for found in application.account_store_mappings] == [directory, other]
    with pytest.raises(AttributeError, match="account_store"):
        mapping.account_store = directory


def test_an_account_store_may_be_a_group(application: Application, account: Account, directory: Directory) -> None:
    group = directory.groups.create({"name": "members"})
    mapping = application.account_store_mappings.create({"application": application, "account_store": group})
    mapping.refresh()
    assert mapping.account_store == group
    assert type(mapping.account_store) is type(group)


def test_an_application_has_the_accounts_of_its_stores(
    client: Client, application: Application, account: Account, new_account: NewAccount
) -> None:
    other = client.directories.create({"name": f"Other {application.name}"})
    eve = new_account(other, "eve@example.org")
    for reference in (account, account.href, "ada", "ada@example.org", {"given_name": "Ada"}):
        assert application.has_account(reference)
    for reference in (eve, eve.href, "eve@example.org", {"email": "eve*"}, f"{client.base_url}/accounts/7q"):
        assert not application.has_account(reference)
    with pytest.raises(TypeError):
        application.has_account(7)  # type: ignore[arg-type]
