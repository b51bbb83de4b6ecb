"""Who somebody is to the app: whatever is registered, renamed, mapped or deleted, a name is one person's for ever."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from stormpath_wsgi.client import Account, Application, Client, Directory
from stormpath_wsgi.flows import Flows
from stormpath_wsgi.session import Sessions
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.web.credentials import Credentials

KEYS = ["a key that signs the cookies of this test, and no others"]

Told = Callable[..., str | None]
NewAccount = Callable[..., Account]


@pytest.fixture
def told(client: Client, application: Application) -> Told:
    """REMOTE_USER of an account that signs in, at an application, in its second request."""

    def told(account: Account, at: Application | None = None, **settings: Any) -> str | None:
        sessions = Sessions(client, at or application, Settings(secret_keys=KEYS, **settings))
        first = sessions.open({"wsgi.url_scheme": "http"})
        first.sign_in(account)
        cookie = dict(first.headers())["Set-Cookie"].partition(";")[0]
        environ = {"wsgi.url_scheme": "http", "HTTP_COOKIE": cookie, "REMOTE_USER": "root"}
        sessions.open(environ)
        return environ.get("REMOTE_USER")

    return told


@pytest.fixture
def named() -> Callable[[str], str]:
    """A name that no other test has."""
    ending = secrets.token_hex(8)
    return lambda name: f"{name}-{ending}"


def mapped(application: Application, store: Any, **flags: Any) -> Any:
    values = {"application": application, "account_store": store, **flags}
    return application.account_store_mappings.create(values)


def person(directory: Directory, new_account: NewAccount, username: str) -> Account:
    return new_account(directory, f"{secrets.token_hex(8)}@example.org", username=username)


class TestTheBareName:
    def test_is_that_of_the_first_directory(self, account: Account, told: Told) -> None:
        assert told(account) == "ada"

    def test_is_nobody_elses_who_registers_at_another_application(
        self, client: Client, application: Application, account: Account, told: Told, named: Any
    ) -> None:
        """A second application has open registration, into a directory that the first one maps as well."""
        second = client.applications.create({"name": named("second")}, create_directory=named("open"))
        store = second.default_account_store_mapping.account_store  # type: ignore[union-attr]
        mapped(application, store)
        ada = second.accounts.create({"email": "ada@evil.example", "username": "ada", "password": "Correct horse 1"})
        assert told(account) == "ada"
        assert told(ada) == f"{named('open')}:ada"
        assert told(ada, at=second) == "ada"

    def test_stays_with_its_directory_whatever_is_mapped(
        self, client: Client, application: Application, directory: Directory, account: Account, told: Told,
        named: Any, new_account: NewAccount,
    ) -> None:  # fmt: skip
        """Neither the order nor the default store of today counts, and who was unmapped comes back as who they were."""
        other = client.directories.create({"name": named("other")})
        mapping = mapped(application, other, list_index=0, is_default_account_store=True)
        ada = person(other, new_account, "ada")
        assert (told(account), told(ada)) == ("ada", f"{named('other')}:ada")
        next(each for each in application.account_store_mappings if each.account_store == directory).delete()
        assert told(ada) == f"{named('other')}:ada"
        mapping.delete()
        mapped(application, directory)
        mapped(application, other)
        assert (told(account), told(ada)) == ("ada", f"{named('other')}:ada")

    def test_is_not_inherited_when_the_directory_is_deleted(
        self, client: Client, application: Application, directory: Directory, account: Account, told: Told,
        named: Any, new_account: NewAccount,
    ) -> None:  # fmt: skip
        name = directory.name
        directory.delete()
        again = client.directories.create({"name": name})
        mapped(application, again, is_default_account_store=True)
        assert told(person(again, new_account, "ada")) == f"{name} (2):ada"

    def test_is_that_of_the_directory_whose_group_came_first(
        self, client: Client, directory: Directory, account: Account, told: Told, named: Any, new_account: NewAccount
    ) -> None:
        application = client.applications.create({"name": named("by group")})
        group = directory.groups.create({"name": "staff"})
        account.add_group(group)
        mapped(application, group)
        other = client.directories.create({"name": named("other")})
        mapped(application, other)
        assert told(account, at=application) == "ada"
        assert told(person(other, new_account, "ada"), at=application) == f"{named('other')}:ada"


class TestAQualifiedName:
    def test_keeps_organizations_apart(self, client: Client, application: Application, told: Told, named: Any) -> None:
        """Two customers of one site; somebody registers at the one under a name of the other."""
        names = []
        for key in ("acme", "evil"):
            organization = client.organizations.create(
                {"name": named(key), "name_key": named(key)}, create_directory=named(key)
            )
            mapped(application, organization)
            boss = organization.accounts.create({"email": "boss@acme.example", "password": "Correct horse 1"})
            names.append(told(boss))
        assert names == [f"{named('acme')}:boss@acme.example", f"{named('evil')}:boss@acme.example"]

    def test_does_not_change_when_the_directory_is_renamed(
        self, client: Client, application: Application, told: Told, named: Any, new_account: NewAccount
    ) -> None:
        """And a directory that takes the old name afterwards does not take over its people."""
        other = client.directories.create({"name": named("acme")})
        mapped(application, other)
        ada = person(other, new_account, "ada")
        other.name = named("renamed")
        other.save()
        evil = client.directories.create({"name": named("ACME")})
        mapped(application, evil)
        assert told(ada) == f"{named('acme')}:ada"
        assert told(person(evil, new_account, "ada")) == f"{named('ACME')} (2):ada"

    def test_is_not_had_by_making_the_directory_again(
        self, client: Client, application: Application, told: Told, named: Any, new_account: NewAccount
    ) -> None:
        found = []
        for _ in range(3):
            other = client.directories.create({"name": named("acme")})
            mapped(application, other)
            found.append(told(person(other, new_account, "ada")))
            other.delete()
        assert found == [f"{named('acme')}:ada", f"{named('acme')} (2):ada", f"{named('acme')} (3):ada"]

    def test_is_not_had_by_naming_a_directory_like_one(
        self, client: Client, application: Application, told: Told, named: Any, new_account: NewAccount
    ) -> None:
        """The first colon ends the qualifier, so no qualifier holds one."""
        found = set()
        for name in (named("a:b"), named("a_b"), named("a_b") + " (2)", named("A::B")):
            other = client.directories.create({"name": name})
            mapped(application, other)
            qualifier, colon, username = str(told(person(other, new_account, "ada"))).partition(":")
            assert (colon, username) == (":", "ada")
            found.add(qualifier.casefold())
        assert len(found) == 4

    def test_tells_somebody_who_was_made_again_elsewhere_from_before(
        self, client: Client, application: Application, account: Account, told: Told, named: Any,
        new_account: NewAccount,
    ) -> None:  # fmt: skip
        """No account moves from one directory to another; it can be deleted here and made there."""
        other = client.directories.create({"name": named("other")})
        mapped(application, other)
        assert told(account) == "ada"
        account.delete()
        assert told(person(other, new_account, "ada")) == f"{named('other')}:ada"


class TestTheSetting:
    @pytest.mark.parametrize("status", ["VERIFIED", "UNVERIFIED"])
    def test_may_ask_for_the_address_which_has_to_be_verified(self, account: Account, told: Told, status: str) -> None:
        account.email_verification_status = status
        account.save()
        assert told(account, remote_user="email") == ("ada@example.org" if status == "VERIFIED" else None)

    def test_forgets_an_address_that_was_changed(self, account: Account, told: Told) -> None:
        account.email_verification_status = "VERIFIED"
        account.save()
        account.email = "boss@acme.example"
        account.save()
        assert told(account, remote_user="email") is None

    def test_may_ask_for_what_nothing_changes(self, account: Account, told: Told) -> None:
        assert told(account, remote_user="href") == account.href
        assert told(account, remote_user="id") == account.href.rpartition("/")[2]


class TestProgramsToo:
    """Whoever brings a token or an API key is called what the cookie would call them."""

    def test_are_told_by_the_same_name(
        self, client: Client, application: Application, account: Account, told: Told, named: Any,
        new_account: NewAccount,
    ) -> None:  # fmt: skip
        other = client.directories.create({"name": named("other")})
        mapped(application, other)
        for someone in (account, person(other, new_account, "ada")):
            key = someone.api_keys.create()
            token = client.data_store.create(
                f"{application.href}/oauth/token",
                {"grant_type": "client_credentials", "client_id": key.id, "client_secret": key.secret},
            )["access_token"]
            basic = base64.b64encode(f"{key.id}:{key.secret}".encode()).decode()
            settings = Settings(secret_keys=KEYS)
            sessions = Sessions(client, application, settings)
            limits = Flows(settings, client, application).limits
            credentials = Credentials(
                client, application, settings, sessions, lambda path: True, lambda account, origin: False, limits
            )
            for header in (f"Bearer {token}", f"Basic {basic}"):
                environ = {"wsgi.url_scheme": "http", "HTTP_AUTHORIZATION": header, "REMOTE_USER": "root"}
                credentials.open(environ)
                assert environ["REMOTE_USER"] == told(someone)
