"""The user: what it tells of an account, and which groups count."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.silent import look, silent_client
from support.visitors import Site, hello

from stormpath_wsgi import AnonymousUser, User, user
from stormpath_wsgi.client import Account, Client, Group
from stormpath_wsgi.users import RememberedAccount, current


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site(hello)
    yield site
    site.client.close()


def seen(site: Site, account: Account) -> User:
    """*account* as the next request sees it."""
    found = site.session(site.cookie(account)).user
    assert isinstance(found, User)
    return found


class TestAUser:
    def test_has_the_plain_attributes_of_its_account(self, site: Site) -> None:
        ada = site.account(middle_name="King", surname="Lovelace")
        found = seen(site, ada)
        assert (found.href, found.username, found.email) == (ada.href, "ada", "ada@example.org")
        assert (found.given_name, found.middle_name, found.surname) == ("Ada", "King", "Lovelace")
        assert (found.full_name, found.status) == ("Ada King Lovelace", "ENABLED")

    def test_is_authenticated_and_active_and_not_anonymous(self, site: Site) -> None:
        found = seen(site, site.account())
        assert (found.is_authenticated, found.is_active, found.is_anonymous) == (True, True, False)

    def test_is_known_by_its_href(self, site: Site) -> None:
        ada, bob = site.account("ada"), site.account("bob")
        assert seen(site, ada) == seen(site, ada) != seen(site, bob)
        assert len({seen(site, ada), seen(site, ada)}) == 1
        assert seen(site, ada).get_id() == ada.href

    def test_equals_the_account_that_it_is_of(self, site: Site) -> None:
        ada, bob = site.account("ada"), site.account("bob")
        found = seen(site, ada)
        assert isinstance(found.account, Account)
        assert found == ada and ada == found and found.account == ada
        assert found != bob and bob != found
        assert hash(found) == hash(ada) and len({found, ada, found.account}) == 1
        assert found != site.directory and site.directory != found
        new = Account(site.client, properties={"username": "ada"})
        for nobody in (new, site.session().user):
            assert found != nobody and nobody != found

    def test_costs_nothing_and_never_fails_to_look_at(self) -> None:
        wire = {"href": "https://id.example/v1/accounts/7q", "username": "ада"}
        found, other = (User(RememberedAccount(silent_client(), {**wire, **more})) for more in ({}, {"href": "x"}))
        for visitor in (found, AnonymousUser()):
            look(visitor, other)
            assert bool(visitor) is True
        assert f"{found:>60}".endswith(" <User 'ада' (https://id.example/v1/accounts/7q)>")

    @pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
    def test_is_looked_at_when_it_is_copied(self, site: Site, copied: Callable[[Any], Any]) -> None:
        for session in (site.session(site.cookie(site.account())), site.session()):
            session.user.looked_at = False
            twin = copied(session.user)
            assert session.user.looked_at and type(twin) is type(session.user)
            assert twin.href == session.user.href

    def test_is_not_pickled_and_neither_is_the_session(self, site: Site) -> None:
        session = site.session(site.cookie(site.account()))
        for thing in (session.user, AnonymousUser(), session, site.middleware.sessions, user):
            with pytest.raises(TypeError, match=r"cannot be pickled: .*(href|Open another)"):
                pickle.dumps(thing)

    def test_reads_and_writes_custom_data_through_the_account(self, site: Site) -> None:
        ada = site.account()
        custom_data = seen(site, ada).custom_data
        custom_data["colour"] = "green"
        custom_data.save()
        assert seen(site, ada).custom_data["colour"] == "green"

    def test_shows_no_more_than_its_name_in_a_log(self, site: Site) -> None:
        ada = site.account()
        assert repr(seen(site, ada)) == f"<User 'ada' ({ada.href})>"

    @pytest.mark.parametrize(
        "look",
        [
            lambda user: user.email, lambda user: user.is_authenticated, lambda user: user.is_active,
            lambda user: user.get_id(), lambda user: user.has_group("admins"), lambda user: user.has_groups([]),
            lambda user: user.groups, lambda user: user.account, lambda user: user.custom_data, hash, repr,
        ],
    )  # fmt: skip
    def test_notices_when_it_is_looked_at(self, site: Site, look: object) -> None:
        assert callable(look)
        for session in (site.session(site.cookie(site.account())), site.session()):
            assert not session.user.looked_at
            if session.user.is_anonymous is False or look is not hash:
                session.user.looked_at = False
                look(session.user)
                assert session.user.looked_at

    def test_cannot_be_given_attributes(self, site: Site) -> None:
        with pytest.raises(AttributeError):
            seen(site, site.account()).is_admin = True  # type: ignore[attr-defined]


class TestAStranger:
    def test_is_nobody(self, site: Site) -> None:
        nobody = site.session().user
        assert isinstance(nobody, AnonymousUser)
        assert (nobody.is_authenticated, nobody.is_active, nobody.is_anonymous) == (False, False, True)
        assert nobody.get_id() is nobody.href is nobody.email is nobody.username is nobody.full_name is None
        assert nobody.account is nobody.custom_data is None

    def test_is_in_no_group(self, site: Site) -> None:
        nobody = site.session().user
        assert nobody.groups == []
        assert not nobody.has_group("admins")
        assert not nobody.has_groups([])
        assert not nobody.has_groups(["admins"], all=False)


class TestGroups:
    def test_may_be_named_in_three_ways(self, site: Site) -> None:
        admins = site.group("admins")
        found = seen(site, site.account(groups=[admins]))
        assert found.has_group(admins)
        assert found.has_group(admins.href)
        assert found.has_group("admins")

    def test_one_is_not_in(self, site: Site) -> None:
        admins, editors = site.group("admins"), site.group("editors")
        found = seen(site, site.account(groups=[editors]))
        assert not found.has_group(admins)
        assert not found.has_group(admins.href)
        assert not found.has_group("admins")

    def test_that_do_not_exist_are_groups_one_is_not_in(self, site: Site) -> None:
        found = seen(site, site.account(groups=[site.group("admins")]))
        for nothing in ("", "*", "adm*", "admins ", "Admins", "none", f"{site.client.base_url}/groups/none", "\0"):
            assert not found.has_group(nothing)

    def test_of_the_same_name_elsewhere_are_other_groups(self, site: Site) -> None:
        """Whoever may make directories could make himself an admin, were names compared."""
        elsewhere = site.client.directories.create({"name": "Elsewhere"})
        theirs = elsewhere.groups.create({"name": "admins"})
        found = seen(site, site.account(groups=[site.group("admins")]))
        assert found.has_group("admins")
        assert not found.has_group(theirs)
        assert not found.has_group(theirs.href)

    def test_named_like_the_href_of_another_are_not_that_other(self, site: Site) -> None:
        admins = site.group("admins")
        found = seen(site, site.account(groups=[site.group(admins.href)]))
        assert not found.has_group(admins.href)
        assert not found.has_group(admins)

    def test_that_are_disabled_open_nothing(self, site: Site) -> None:
        admins = site.group("admins", status="DISABLED")
        found = seen(site, site.account(groups=[admins]))
        assert not found.has_group("admins")
        assert not found.has_group(admins)
        assert found.groups == []

    def test_of_any_other_type_are_a_mistake(self, site: Site) -> None:
        found = seen(site, site.account())
        for mistake in (None, 1, {"name": "admins"}, site.directory):
            with pytest.raises(TypeError, match="Group object, href, or name"):
                found.has_group(mistake)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("asked", "all_of_them", "any_of_them"),
        [(["a", "b"], True, True), (["a", "c"], False, True), (["c"], False, False), ([], False, False)],
    )
    def test_may_be_asked_for_together(
        self, site: Site, asked: list[str], all_of_them: bool, any_of_them: bool
    ) -> None:
        """Nobody is in an empty list: a policy whose list was left empty by mistake lets nobody in."""
        found = seen(site, site.account(groups=[site.group("a"), site.group("b")]))
        assert found.has_groups(asked) is all_of_them
        assert found.has_groups(asked, all=False) is any_of_them
        assert found.has_groups(iter(asked), all=True) is all_of_them

    def test_can_be_walked_through(self, site: Site) -> None:
        found = seen(site, site.account(groups=[site.group("a"), site.group("b")]))
        assert sorted(group.name for group in found.groups) == ["a", "b"]
        assert all(isinstance(group, Group) for group in found.groups)

    def test_change_with_the_next_request(self, site: Site) -> None:
        admins, ada = site.group("admins"), site.account()
        cookie = site.cookie(ada)
        assert not site.session(cookie).user.has_group("admins")
        ada.add_group(admins)
        assert site.session(cookie).user.has_group("admins")
        ada.remove_group(admins)
        assert not site.session(cookie).user.has_group("admins")

    def test_beyond_the_first_hundred_are_asked_for_one_by_one(self, site: Site) -> None:
        ada = site.account(groups=[site.group(f"group {number:03}") for number in range(101)])
        site.group("group 101")
        found = seen(site, ada)
        assert len(found.groups) == 100
        assert all(found.has_group(f"group {number:03}") for number in range(101))
        every = {group.name: group for group in site.directory.groups}
        assert all(found.has_group(every[f"group {number:03}"]) for number in range(101))
        for nothing in (
            "group 101", every["group 101"], "group *", "*", "Group 100", "", " ", "\0", "\ud800", "x" * 10_000,
            f"{site.client.base_url}/groups/none", f"{site.client.base_url}/groups/", f"{site.client.base_url}/",
            f"{every['group 000'].href}/accounts", f"{every['group 000'].href}/customData",
            f"{ada.href}/groups", ada.href,
        ):  # fmt: skip
            assert not found.has_group(nothing)


class TestTheName:
    def test_needs_a_request(self) -> None:
        with pytest.raises(RuntimeError, match="StormpathMiddleware binds it"):
            _ = user.email

    def test_has_a_representation_without_one(self, site: Site) -> None:
        """Debuggers and documentation tools look at everything they find."""
        assert "unbound" in repr(user) and "unbound" in str(user) and "unbound" in f"{user:>80}"
        assert hash(user) == hash(user) and user == user and bool(user) is False
        for nobody in (site.account(), AnonymousUser(), None):
            assert user != nobody and nobody != user
        dir(user)

    def test_stands_for_the_user_while_there_is_one(self, site: Site) -> None:
        ada = site.account()
        session = site.session(site.cookie(ada))
        bound = current.set(session)
        try:
            look(user, AnonymousUser())
            assert user == ada and ada == user and user == session.user and session.user == user
            assert (str(user), hash(user), bool(user)) == (str(session.user), hash(ada), True)
        finally:
            current.reset(bound)


def test_a_username_beyond_ascii_is_a_native_string(site: Site) -> None:
    """PEP 3333: the bytes that go over the wire, each as one character."""
    cookie = site.cookie(site.account("ада", email="ada@example.org"))
    environ = {"wsgi.url_scheme": "http", "HTTP_COOKIE": cookie}
    site.middleware.sessions.open(environ)
    assert environ["REMOTE_USER"].encode("latin-1").decode() == "ада"


def test_one_client_sees_what_another_changed(tmp_path: object) -> None:
    """The memory of one process is told of changes by the next."""
    url = f"sqlite:///{tmp_path}/accounts.db"
    site = Site(hello, directory=url)
    cookie = site.cookie(site.account())
    assert site.session(cookie).user.given_name == "Ada"
    with Client(url) as other:
        account = other.accounts[0]
        account.given_name = "Augusta"
        account.save()
    assert site.session(cookie).user.given_name == "Augusta"
    site.client.close()
