"""Events: what they say, who is told, and what a listener may do."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stormpath_wsgi import events
from stormpath_wsgi.events import (
    AfterEvent,
    BeforeEvent,
    Declined,
    Event,
    Events,
    Origin,
    PasswordChanged,
    PasswordChangeStarts,
    Registered,
    RegistrationStarts,
    SignedIn,
    SignedOut,
    SignInFailed,
    SignInStarts,
    at,
    heard,
    here,
    reserved,
)

ADA = "https://localhost/v1/accounts/ada"
SECRET = "Analytical Engine 1843"


def _kinds(kind: type[Event] = Event) -> Iterator[type[Event]]:
    for each in kind.__subclasses__():
        yield each
        yield from _kinds(each)


KINDS = [kind for kind in _kinds() if kind not in (BeforeEvent, AfterEvent)]


def example(kind: type[Event]) -> Event:
    """An event of *kind* in which every text is the secret."""
    known = {"time", "data", "removed"}
    texts = {each.name: SECRET for each in dataclasses.fields(kind) if each.name not in known}
    data = {"data": {"password": SECRET}} if kind is RegistrationStarts else {}
    return kind(**texts, **data)  # type: ignore[arg-type]  # each field that is left is a text


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_says_when_who_and_from_where(kind: type[Event]) -> None:
    event = example(kind)
    assert event.time.tzinfo is dt.UTC
    assert {"account", "actor", "address", "agent", "credential"} <= {each.name for each in dataclasses.fields(kind)}
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.account = None  # type: ignore[misc]  # that is what is tried


@pytest.mark.parametrize("event", [
    SignInStarts(login="ada", password=SECRET),
    RegistrationStarts(data={"email": "ada@example.org", "password": SECRET}),
    PasswordChangeStarts(account=ADA, password=SECRET),
], ids=lambda event: type(event).__name__)  # fmt: skip
def test_no_event_shows_a_password(event: Event) -> None:
    assert SECRET not in repr(event)


def test_the_data_of_a_registration_cannot_be_changed_in_place() -> None:
    data = {"email": "ada@example.org"}
    event = RegistrationStarts(data=data)
    data["email"] = "changed"
    assert event.data["email"] == "ada@example.org"
    with pytest.raises(TypeError):
        event.data["email"] = "changed"  # type: ignore[index]  # that is what is tried


class TestOrigins:
    """Where an event comes from."""

    def test_without_a_request_nothing_is_known(self) -> None:
        assert here() == Origin()
        assert SignedIn(account=ADA).actor is None

    def test_an_event_says_where_it_comes_from(self) -> None:
        with at(actor=ADA, address="192.0.2.1"), at(agent="curl"):
            event = SignedIn(account=ADA, credential="password")
        assert (event.actor, event.address, event.agent) == (ADA, "192.0.2.1", "curl")
        assert event.credential == "password"
        assert here() == Origin()

    def test_a_request_that_is_being_served_is_asked_only_when_something_happens(self) -> None:
        asked = []

        class Request:
            def origin(self) -> Origin:
                asked.append(self)
                return Origin(actor=ADA, address="192.0.2.1")

        token = events.serving.set(Request())
        try:
            assert not asked
            assert PasswordChanged(account=ADA).address == "192.0.2.1"
            with at(credential="command"):
                assert here() == Origin(actor=ADA, address="192.0.2.1", credential="command")
        finally:
            events.serving.reset(token)

    @pytest.mark.parametrize(
        ("sent", "told"),
        [
            ("curl", "curl"),
            ("Käfer".encode().decode("latin-1"), "Käfer"),
            ("\xff\xfe", "\ufffd\ufffd"),
            ("x" * 100_000, "x" * events.LONGEST),
            ("", None),
        ],
    )
    def test_what_a_client_says_of_itself_is_text_and_bounded(self, sent: str, told: str | None) -> None:
        origin = Origin.of({"HTTP_USER_AGENT": sent, "REMOTE_ADDR": "192.0.2.1"}, actor=ADA, credential="session")
        assert (origin.agent, origin.address, origin.actor) == (told, "192.0.2.1", ADA)

    def test_who_signs_in_is_the_actor_from_then_on(self) -> None:
        class Request:
            actor: str | None = None

            def origin(self) -> Origin:
                return Origin(actor=self.actor, address="192.0.2.1")

        request = Request()
        token = events.serving.set(request)
        try:
            with at(page=True):
                assert SignedOut().actor is None
                request.actor = ADA
                assert SignedIn(account=ADA).actor == ADA
                with at(Origin(agent="elsewhere"), credential="api key"):
                    assert here() == Origin(agent="elsewhere", credential="api key")
                assert here() == Origin(actor=ADA, address="192.0.2.1", page=True)
        finally:
            events.serving.reset(token)

    def test_an_environ_is_not_printed(self) -> None:
        assert SECRET not in repr(Origin(environ={"HTTP_AUTHORIZATION": SECRET}))


class TestAfter:
    """Events that tell what has happened."""

    def test_listeners_are_told_in_order_of_what_they_listen_to(self) -> None:
        told: list[tuple[str, Event]] = []
        listeners = Events([(SignedIn, lambda event: told.append(("first", event)))])
        listeners.listen(AfterEvent, lambda event: told.append(("all", event)))
        listeners.listen(SignedIn, lambda event: told.append(("last", event)))
        entered, left = SignedIn(account=ADA), SignedOut(account=ADA)
        listeners.emit(entered)
        listeners.emit(left)
        assert told == [("first", entered), ("all", entered), ("last", entered), ("all", left)]

    def test_a_listener_that_raises_is_logged_and_the_others_go_on(self, caplog: pytest.LogCaptureFixture) -> None:
        def fail(event: SignedIn) -> None:
            raise ZeroDivisionError("broken")

        told: list[Event] = []
        listeners = Events()
        listeners.listen(SignedIn, fail)
        listeners.listen(SignedIn, told.append)
        listeners.emit(SignedIn(account=ADA))
        assert len(told) == 1
        [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert "fail" in record.getMessage()
        assert "ZeroDivisionError" in str(record.exc_text)

    def test_a_refusal_of_what_has_happened_comes_too_late(self) -> None:
        def refuse(event: SignedIn) -> None:
            raise Declined("No.")

        Events([(SignedIn, refuse)]).emit(SignedIn(account=ADA))

    @pytest.mark.parametrize(("kind", "listener"), [(str, print), (SignedIn(), print), ("SignedIn", print)])
    def test_what_is_no_event_cannot_be_listened_to(self, kind: Any, listener: Any) -> None:
        with pytest.raises(TypeError, match="no kind of event"):
            Events().listen(kind, listener)

    def test_what_cannot_be_called_cannot_listen(self) -> None:
        with pytest.raises(TypeError, match="cannot listen"):
            Events().listen(SignedIn, "print")  # type: ignore[arg-type]  # that is what is tried


class TestBefore:
    """Events that ask about what is about to happen."""

    def test_nobody_listens(self) -> None:
        event = SignInStarts(login="ada", password=SECRET)
        assert Events().before(event) is event

    def test_listeners_change_it_one_after_the_other(self) -> None:
        listeners = Events()
        listeners.listen(SignInStarts, lambda event: dataclasses.replace(event, login=f"{event.login}@"))
        listeners.listen(SignInStarts, lambda event: None)
        listeners.listen(SignInStarts, lambda event: dataclasses.replace(event, login=f"{event.login}example.org"))
        assert listeners.before(SignInStarts(login="ada", password=SECRET)).login == "ada@example.org"

    def test_a_refusal_ends_it(self) -> None:
        def refuse(event: SignInStarts) -> None:
            raise Declined("We are closed on Sundays.", answer="a page")

        asked: list[Event] = []
        listeners = Events([(SignInStarts, refuse), (SignInStarts, asked.append)])
        with pytest.raises(Declined, match="We are closed on Sundays") as caught:
            listeners.before(SignInStarts())
        assert (caught.value.message, caught.value.answer) == ("We are closed on Sundays.", "a page")
        assert asked == []

    def test_what_else_is_raised_goes_up(self) -> None:
        def fail(event: SignInStarts) -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            Events([(SignInStarts, fail)]).before(SignInStarts())

    @pytest.mark.parametrize("answer", [True, "ada", RegistrationStarts(data={})])
    def test_another_answer_is_a_mistake(self, answer: object) -> None:
        with pytest.raises(TypeError, match=r"dataclasses\.replace"):
            Events([(SignInStarts, lambda event: answer)]).before(SignInStarts())


class TestReserved:
    """A flow and the verb it calls tell an event once."""

    def test_what_is_reserved_is_kept_for_the_caller(self) -> None:
        told: list[Event] = []
        listeners = Events([(Event, told.append)])
        failed = SignInFailed(reason="WRONG_PASSWORD", account=ADA)
        with reserved(SignInStarts, SignInFailed) as kept:
            listeners.before(SignInStarts())
            listeners.emit(failed)
            listeners.emit(Registered(account=ADA))
        assert kept == [failed]
        assert [type(event) for event in told] == [Registered]
        listeners.emit(kept[0])  # type: ignore[arg-type]  # it was emitted, so it is one that can be
        assert told[-1] is failed

    def test_the_inner_block_decides(self) -> None:
        with reserved(SignedIn) as outer, reserved(SignedIn, SignedOut) as inner:
            Events().emit(SignedIn(account=ADA))
        assert (len(outer), len(inner)) == (0, 1)

    def test_what_a_listener_does_is_told_though_its_kind_is_reserved(self) -> None:
        told: list[Event] = []
        listeners = Events([(Registered, told.append)])
        listeners.listen(PasswordChanged, lambda event: listeners.emit(Registered(account="somebody else")))
        with reserved(Registered) as kept:
            listeners.emit(PasswordChanged(account=ADA))
        assert kept == []
        assert len(told) == 1


class TestTheLog:
    """One line for each thing that has happened."""

    @pytest.fixture
    def log(self, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
        caplog.set_level(logging.INFO, "stormpath_wsgi.events")
        return caplog

    def test_a_sign_in_is_one_line(self, log: pytest.LogCaptureFixture) -> None:
        with at(address="192.0.2.1", agent="curl"):
            Events().emit(SignedIn(account=ADA, actor=ADA, credential="password"))
        [record] = log.records
        assert (record.name, record.levelname) == ("stormpath_wsgi.events", "INFO")
        line = json.loads(record.getMessage())
        assert dt.datetime.fromisoformat(line.pop("time")).utcoffset() == dt.timedelta()
        assert line == {
            "event": "SignedIn", "account": ADA, "actor": ADA, "address": "192.0.2.1", "agent": "curl",
            "credential": "password",
        }  # fmt: skip

    def test_neither_a_login_name_nor_an_agent_forges_a_line(self, log: pytest.LogCaptureFixture) -> None:
        forged = 'ada\r\n\x85\u2028\ud800{"event": "SignedIn"}' + "x" * 100_000
        with at(agent=forged):
            Events().emit(SignInFailed(reason="NO_SUCH_ACCOUNT", login=forged))
        [record] = log.records
        line = record.getMessage()
        assert line.isascii()
        assert line.isprintable()
        assert len(line) < 3000
        assert json.loads(line)["login"] == forged[: events.LONGEST]

    def test_addresses_are_not_logged(self, log: pytest.LogCaptureFixture) -> None:
        Events().emit(events.EmailChanged(account=ADA, old="ada@example.org", new="countess@example.org"))
        assert "@" not in log.text

    def test_a_sign_out_of_nobody_is_no_line(self, log: pytest.LogCaptureFixture) -> None:
        Events().emit(SignedOut())
        assert log.records == []

    def test_what_is_about_to_happen_is_no_line(self, log: pytest.LogCaptureFixture) -> None:
        Events().before(SignInStarts(login="ada", password=SECRET))
        assert log.records == []


def _greet(event: SignedIn) -> None: ...
def _both(event: SignedIn | SignedOut) -> None: ...
def _untold(event) -> None: ...  # type: ignore[no-untyped-def]  # such functions are what is tried
def _wrong(event: int) -> None: ...
def _nothing() -> None: ...
def _missing(event: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821 - as under TYPE_CHECKING


class TestDeclarations:
    """How a listener of the settings says what it listens to."""

    def test_by_an_annotation(self) -> None:
        assert heard(_greet) == [(SignedIn, _greet)]
        assert heard(_both) == [(SignedIn, _both), (SignedOut, _both)]

    @pytest.mark.parametrize("wrong", [_untold, _wrong, _nothing, _missing, "events:greet", 1, None])
    def test_or_it_is_told_what_to_write(self, wrong: Any) -> None:
        with pytest.raises(ValueError, match=r"def greet\(event: SignedIn\)"):
            heard(wrong)


def test_the_documentation_says_all_values_of_the_credential() -> None:
    names = ("PASSWORD", "API_KEY", "TOKEN", "SESSION", "COMMAND", "APPLICATION", "REGISTRATION", "ASSERTION", "FACTOR")
    words = [getattr(events, name) for name in (*names, "RESET_TOKEN", "VERIFICATION_TOKEN")]
    page = (Path(__file__).parent.parent / "docs" / "events.rst").read_text(encoding="utf-8")
    assert [word for word in words if f"``{word}``" not in page] == []
