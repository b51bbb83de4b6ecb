"""What the verbs of a directory tell listeners, and what they ask them before."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from support.post import Post, token_in
from support.world import BASE, PASSWORD, World, link, path, refused

from stormpath_wsgi import events
from stormpath_wsgi.directory.crypto.passwords import Passwords
from stormpath_wsgi.errors import Error, Overloaded
from stormpath_wsgi.events import (
    AccountDeleted,
    AccountUpdated,
    AfterEvent,
    ApiKeyDisabled,
    ApiKeyEnabled,
    ApiKeyMade,
    BeforeEvent,
    ConfigurationChanged,
    Declined,
    EmailChanged,
    Event,
    GroupJoined,
    GroupLeft,
    PasswordChanged,
    PasswordChangeStarts,
    Registered,
    RegistrationStarts,
    SessionEnded,
    SignedIn,
    SignInFailed,
    SignInStarts,
    StatusChanged,
)

ADA = "ada@example.org"
NEW = "Another-Horse-2"
WRONG = "Wrong-Horse-3"


class Told:
    """Listens to a world. *events* are those since the last look, each without what all have.

    What administrators do is left out unless it is what is listened to.
    """

    def __init__(self, world: World, kind: type[Event] = AfterEvent) -> None:
        self._events: list[Event] = []
        self._kind = kind
        world.service.events.listen(kind, self._events.append)

    def full(self) -> list[Event]:
        told = [event for event in self._events if self._kind is ConfigurationChanged or not _is_configuration(event)]
        self._events.clear()
        return told

    def read(self) -> list[tuple[Any, ...]]:
        """The class of each event, the path of its account, and what only such events say."""
        return [(type(event), _path(event.account), *_own(event)) for event in self.full()]


def _is_configuration(event: Event) -> bool:
    return isinstance(event, ConfigurationChanged)


def _path(href: str | None) -> str | None:
    return None if href is None else href.removeprefix(f"{BASE}/")


def _own(event: Event) -> list[Any]:
    common = {each.name for each in dataclasses.fields(Event)}
    own = [getattr(event, each.name) for each in dataclasses.fields(event) if each.name not in common]
    return [_path(each) if isinstance(each, str) else each for each in own]


@pytest.fixture
def told(sqlite_world: World) -> Told:
    return Told(sqlite_world)


class TestAfter:
    """Each change is told once, when it is committed."""

    def test_a_new_account(self, world: World) -> None:
        told = Told(world)
        account = world.account()
        [event] = told.full()
        assert event == Registered(
            time=dt.datetime.fromtimestamp(world.now, dt.UTC), account=f"{BASE}/{account}"
        )  # by this program: nobody is signed in, from nowhere

    def test_an_account_that_is_made_in_a_group_has_joined_it(self, sqlite_world: World, told: Told) -> None:
        group = sqlite_world.group()
        sqlite_world.map(group, isDefaultAccountStore=True)
        account = sqlite_world.account(at=sqlite_world.application)
        assert told.read() == [(Registered, account), (GroupJoined, account, group)]

    def test_a_password(self, sqlite_world: World, told: Told) -> None:
        account = sqlite_world.account()
        sqlite_world.session(account)
        told.full()
        sqlite_world.update(account, password=NEW)
        assert told.read() == [(PasswordChanged, account)]  # that all sessions end is said with it

    def test_an_address_and_a_status(self, sqlite_world: World, told: Told) -> None:
        account = sqlite_world.account(ADA)
        told.full()
        sqlite_world.update(account, email="countess@example.org", status="DISABLED", givenName="Ada")
        assert told.read() == [
            (EmailChanged, account, ADA, "countess@example.org"),
            (StatusChanged, account, "ENABLED", "DISABLED"),
            (AccountUpdated, account, ("givenName",)),
        ]

    def test_what_stays_as_it_was_is_not_told(self, sqlite_world: World, told: Told) -> None:
        account = sqlite_world.account(ADA)
        told.full()
        sqlite_world.service.update(account, sqlite_world.service.get(account))
        sqlite_world.update(account, email=ADA, status="ENABLED")
        assert told.read() == []

    def test_a_password_that_was_reset(self, sqlite_world: World) -> None:
        Post(sqlite_world)
        account = sqlite_world.account(ADA)
        made = sqlite_world.service.create(f"{sqlite_world.application}/passwordResetTokens", {"email": ADA})
        told = Told(sqlite_world, Event)
        sqlite_world.update(path(made), password=NEW)
        starts, changed = told.full()
        assert (type(starts), type(changed)) == (PasswordChangeStarts, PasswordChanged)
        assert starts.account == changed.account == f"{BASE}/{account}"
        assert starts.credential == changed.credential == "reset token"

    def test_an_address_that_was_proved(self, sqlite_world: World) -> None:
        post = Post(sqlite_world)
        policy = sqlite_world.directory.replace("directories", "accountCreationPolicies")
        sqlite_world.update(policy, verificationEmailStatus="ENABLED")
        account = sqlite_world.account(ADA)
        token = token_in(post.only())
        told = Told(sqlite_world)
        sqlite_world.service.update(f"accounts/emailVerificationTokens/{token}", {})
        [event] = told.full()
        assert isinstance(event, StatusChanged)
        assert (event.old, event.new, event.credential) == ("UNVERIFIED", "ENABLED", "verification token")
        assert event.account == f"{BASE}/{account}"

    def test_a_group(self, sqlite_world: World, told: Told) -> None:
        account, group = sqlite_world.account(), sqlite_world.group()
        told.full()
        membership = sqlite_world.member(account, group)
        with refused(2001):
            sqlite_world.member(account, group)
        sqlite_world.service.delete(membership)
        sqlite_world.service.delete(membership)  # it is gone: nothing happens
        assert told.read() == [(GroupJoined, account, group), (GroupLeft, account, group)]

    def test_an_api_key(self, sqlite_world: World, told: Told) -> None:
        account = sqlite_world.account()
        told.full()
        made = sqlite_world.service.create(f"{account}/apiKeys", {})
        key = made["id"]
        sqlite_world.update(path(made), name="laptop")
        for status in ("DISABLED", "DISABLED", "ENABLED"):
            sqlite_world.update(path(made), status=status)
        sqlite_world.service.delete(path(made))
        assert told.read() == [
            (ApiKeyMade, account, key),
            (ApiKeyDisabled, account, key, False),
            (ApiKeyEnabled, account, key),
            (ApiKeyDisabled, account, key, True),
        ]

    def test_a_session_that_somebody_else_ends(self, sqlite_world: World, told: Told) -> None:
        account = sqlite_world.account()
        body = {"application": link(sqlite_world.application)}
        tokens = [path(sqlite_world.service.create(f"{account}/refreshTokens", body)) for _ in range(3)]
        access_token = path(sqlite_world.service.create(f"{account}/accessTokens", body))
        told.full()
        sqlite_world.service.delete(tokens[0])
        with events.at(actor=f"{BASE}/accounts/somebody"):
            sqlite_world.service.delete(tokens[1])
            sqlite_world.service.delete(access_token)  # ends no session
        with events.at(actor=f"{BASE}/{account}"):
            sqlite_world.service.delete(tokens[2])
        by_nobody, by_somebody = told.full()
        assert (type(by_nobody), by_nobody.account, by_nobody.actor) == (SessionEnded, f"{BASE}/{account}", None)
        assert (type(by_somebody), by_somebody.actor) == (SessionEnded, f"{BASE}/accounts/somebody")

    def test_what_goes_with_an_account_is_not_told_one_by_one(self, sqlite_world: World, told: Told) -> None:
        account, group = sqlite_world.account(), sqlite_world.group()
        sqlite_world.member(account, group)
        sqlite_world.service.create(f"{account}/apiKeys", {})
        sqlite_world.session(account)
        told.full()
        sqlite_world.service.delete(account)
        sqlite_world.service.delete(group)
        assert told.read() == [(AccountDeleted, account)]

    def test_what_is_rolled_back_is_not_told(self, sqlite_world: World, told: Told) -> None:
        account = sqlite_world.account(ADA)
        sqlite_world.account("taken@example.org")
        told.full()
        with refused(2001):
            sqlite_world.update(account, email="taken@example.org", status="DISABLED")
        with refused(2001):
            sqlite_world.account(ADA)
        assert told.read() == []

    def test_a_listener_finds_what_it_is_told_of_and_may_use_the_directory(self, sqlite_world: World) -> None:
        group = sqlite_world.group()

        def join(event: Registered) -> None:
            assert event.account is not None
            account = event.account.removeprefix(f"{BASE}/")
            assert sqlite_world.service.get(account)["email"] == ADA
            sqlite_world.member(account, group)

        sqlite_world.service.events.listen(Registered, join)
        account = sqlite_world.account(ADA)
        assert [item["href"] for item in sqlite_world.items(f"{account}/groups")] == [f"{BASE}/{group}"]

    def test_a_listener_that_raises_stops_nothing(self, sqlite_world: World, caplog: pytest.LogCaptureFixture) -> None:
        def fail(event: AfterEvent) -> None:
            raise ZeroDivisionError

        sqlite_world.service.events.listen(AfterEvent, fail)
        account = sqlite_world.account(ADA)
        assert sqlite_world.login(ADA) == account
        assert "ZeroDivisionError" in caplog.text
        assert PASSWORD not in caplog.text


class TestSignIns:
    """Sign-ins by password, and those at the token endpoint."""

    def test_a_login_attempt(self, world: World) -> None:
        told = Told(world, Event)
        account = world.account(ADA)
        told.full()
        world.login(ADA)
        starts, entered = told.full()
        assert isinstance(starts, SignInStarts)
        assert (starts.login, starts.password, starts.credential) == (ADA, PASSWORD, "password")
        assert (type(entered), entered.account, entered.credential) == (SignedIn, f"{BASE}/{account}", "password")

    def test_failures_tell_listeners_why(self, sqlite_world: World, told: Told) -> None:
        account, disabled = sqlite_world.account(ADA), sqlite_world.account(status="DISABLED")
        email = sqlite_world.service.get(disabled)["email"]
        told.full()
        for code, login, password in ((7100, ADA, WRONG), (7104, "nobody", PASSWORD), (7101, email, PASSWORD)):
            with refused(code):
                sqlite_world.login(login, password)
        assert told.read() == [
            (SignInFailed, account, "WRONG_PASSWORD", ADA),
            (SignInFailed, None, "NO_SUCH_ACCOUNT", "nobody"),
            (SignInFailed, disabled, "ACCOUNT_DISABLED", email),
        ]

    def test_a_directory_that_has_too_much_to_do_is_no_failure(self, sqlite_world: World, told: Told) -> None:
        class Busy(Argon2Hasher):
            def verify(self, password: str | bytes, hash: str | bytes) -> bool:
                raise Overloaded

        sqlite_world.account(ADA)
        told.full()
        context = sqlite_world.service._context
        context.passwords = Passwords(Busy(time_cost=1, memory_cost=8, parallelism=1))
        with pytest.raises(Overloaded):
            sqlite_world.login(ADA)
        assert told.read() == []

    def test_the_token_endpoint(self, sqlite_world: World) -> None:
        told = Told(sqlite_world)
        ask = Asker(sqlite_world)
        account = sqlite_world.account(ADA)
        key = sqlite_world.service.create(f"{account}/apiKeys", {})
        told.full()
        tokens = ask("password", username=ADA, password=PASSWORD)
        ask("client_credentials", client_id=key["id"], client_secret=key["secret"])
        ask("refresh_token", refresh_token=tokens["refresh_token"])  # goes on with what was proved before
        assert [(type(event), event.account, event.credential) for event in told.full()] == [
            (SignedIn, f"{BASE}/{account}", "password"),
            (SignedIn, f"{BASE}/{account}", "api key"),
        ]

    def test_failures_at_the_token_endpoint(self, sqlite_world: World) -> None:
        told = Told(sqlite_world)
        ask = Asker(sqlite_world)
        account = sqlite_world.account(ADA)
        key = sqlite_world.service.create(f"{account}/apiKeys", {})
        told.full()
        with refused(7100):
            ask("password", username=ADA, password=WRONG)
        with refused(10019):
            ask("client_credentials", client_id=key["id"], client_secret=key["secret"][::-1])
        with refused(10017):
            ask("stormpath_token", token="no.token.atall")
        with refused(2000):
            ask("password", username=ADA)
        with refused(10017):
            ask("refresh_token", refresh_token="no.token.atall")
        assert told.read() == [
            (SignInFailed, account, "WRONG_PASSWORD", ADA),
            (SignInFailed, None, "API_KEY_WRONG", key["id"]),
            (SignInFailed, None, "TOKEN_SIGNATURE_WRONG", None),
        ]


class Asker:
    """Asks the token endpoint of a *world*'s application."""

    def __init__(self, world: World) -> None:
        self._at = f"{world.application}/oauth/token"
        self._service = world.service.called_with(world.service.issue_api_key()[0])

    def __call__(self, grant_type: str, **fields: Any) -> dict[str, Any]:
        return self._service.create(self._at, {"grant_type": grant_type, **fields})


class TestBefore:
    """Listeners change what is about to happen, or refuse it, before anything is written."""

    def test_a_registration_is_changed(self, sqlite_world: World) -> None:
        def complete(event: RegistrationStarts) -> RegistrationStarts:
            assert event.data["given_name"] == "Ada"
            assert event.data["password"] == PASSWORD
            custom = {**event.data["custom_data"], "from": "a listener"}
            return dataclasses.replace(event, data={**event.data, "surname": "Lovelace", "custom_data": custom})

        sqlite_world.service.events.listen(RegistrationStarts, complete)
        account = sqlite_world.account(ADA, givenName="Ada", customData={"rank": "countess"})
        assert sqlite_world.service.get(account)["fullName"] == "Ada Lovelace"
        data = sqlite_world.service.get(f"{account}/customData")
        assert (data["rank"], data["from"]) == ("countess", "a listener")

    def test_what_a_listener_makes_of_it_is_checked_as_if_it_were_sent(self, sqlite_world: World) -> None:
        changes: list[dict[str, Any]] = [{"email": "no address"}, {"password": "weak"}, {"rank": "countess"}]

        def spoil(event: RegistrationStarts) -> RegistrationStarts:
            return dataclasses.replace(event, data={**event.data, **changes.pop()})

        sqlite_world.service.events.listen(RegistrationStarts, spoil)
        for code in (2015, 2007, 2006):
            with refused(code):
                sqlite_world.account(ADA)

    @pytest.mark.parametrize("sent", [None, [], {}, {"email": []}, {"email": ADA, "password": {}}, {"customData": 5}])
    def test_what_cannot_be_is_refused_before_a_listener_looks_at_it(self, sqlite_world: World, sent: Any) -> None:
        asked = Told(sqlite_world, BeforeEvent)
        with pytest.raises(Error) as caught:
            sqlite_world.service.create(f"{sqlite_world.directory}/accounts", sent)
        assert caught.value.status == 400
        assert asked.full() == []

    def test_a_listener_sees_values_of_the_declared_types(self, sqlite_world: World) -> None:
        asked = Told(sqlite_world, BeforeEvent)
        sqlite_world.account(ADA, username=1815, givenName=None)
        [event] = asked.full()
        assert isinstance(event, RegistrationStarts)
        assert event.data == {"email": ADA, "password": PASSWORD, "username": "1815", "given_name": None}

    def test_a_sign_in_is_changed(self, sqlite_world: World) -> None:
        account = sqlite_world.account(ADA)
        sqlite_world.service.events.listen(
            SignInStarts, lambda event: dataclasses.replace(event, login=f"{event.login}@example.org")
        )
        assert sqlite_world.login("ada") == account

    def test_a_new_password_is_changed_and_checked(self, sqlite_world: World) -> None:
        account = sqlite_world.account(ADA)
        sqlite_world.service.events.listen(
            PasswordChangeStarts, lambda event: dataclasses.replace(event, password=event.password[1:])
        )
        sqlite_world.update(account, password=f"x{NEW}")
        assert sqlite_world.login(ADA, NEW) == account
        with refused(2007):
            sqlite_world.update(account, password="xAa1")

    def test_a_refusal_is_told_and_nothing_has_changed(self, sqlite_world: World) -> None:
        account = sqlite_world.account(ADA)

        def refuse(event: BeforeEvent) -> None:
            raise Declined("We are closed on Sundays.", answer="only pages look at it")

        sqlite_world.service.events.listen(BeforeEvent, refuse)
        told = Told(sqlite_world)
        with refused(7110, "We are closed on Sundays."):
            sqlite_world.login(ADA)
        with refused(7110, "closed"):
            sqlite_world.account("other@example.org")
        with refused(7110, "closed"):
            sqlite_world.update(account, password=NEW, givenName="Ada")
        assert told.read() == [(SignInFailed, None, events.REFUSED, ADA)]
        assert [item["email"] for item in sqlite_world.items(f"{sqlite_world.directory}/accounts")] == [ADA]
        assert sqlite_world.service.get(account)["givenName"] is None

    def test_what_else_a_listener_raises_goes_up_and_nothing_has_changed(self, sqlite_world: World) -> None:
        account = sqlite_world.account(ADA)

        def fail(event: BeforeEvent) -> None:
            raise ZeroDivisionError

        sqlite_world.service.events.listen(BeforeEvent, fail)
        told = Told(sqlite_world)
        with sqlite_world.changes() as changes:
            for attempt in (
                lambda: sqlite_world.login(ADA),
                lambda: sqlite_world.account("other@example.org"),
                lambda: sqlite_world.update(account, password=NEW),
            ):
                with pytest.raises(ZeroDivisionError):
                    attempt()
        assert (changes, told.read()) == ([], [])

    def test_no_transaction_is_open_while_a_listener_thinks(self, sqlite_world: World) -> None:
        """Others write meanwhile, which on SQLite only one can."""
        account = sqlite_world.account(ADA)

        def write(event: BeforeEvent) -> None:
            sqlite_world.group()

        sqlite_world.service.events.listen(BeforeEvent, write)
        sqlite_world.login(ADA)
        sqlite_world.update(account, password=NEW)
        sqlite_world.account("other@example.org")
        assert len(sqlite_world.items(f"{sqlite_world.directory}/groups")) == 3


class TestReserved:
    """A flow tells what it sees more of."""

    def test_a_verb_leaves_to_a_flow_what_is_reserved(self, sqlite_world: World, told: Told) -> None:
        account = sqlite_world.account(ADA)
        told.full()
        with events.reserved(SignInStarts, SignedIn, SignInFailed) as kept:
            sqlite_world.login(ADA)
            with refused(7100):
                sqlite_world.login(ADA, WRONG)
        assert told.read() == []
        entered, failed = kept
        assert isinstance(entered, SignedIn)
        assert isinstance(failed, SignInFailed)
        assert (failed.reason, failed.account) == ("WRONG_PASSWORD", f"{BASE}/{account}")
