"""What listeners are told of our pages and may do there, with the directory in this program and on another machine."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from support.browsing import PASSWORD, Visit, make_site
from support.servers import served_api
from webob import Response

from stormpath_wsgi.events import (
    AfterEvent,
    BeforeEvent,
    Declined,
    Event,
    PasswordChanged,
    Registered,
    RegistrationStarts,
    SignedIn,
    SignedOut,
    SignInFailed,
    SignInStarts,
)

ADA = "ada@example.org"
FORM = {"givenName": "Ada", "surname": "Lovelace", "email": ADA, "password": PASSWORD}


def _listen(visit: Visit, kind: type[Event] = Event) -> list[Event]:
    told: list[Event] = []
    visit.site.events.listen(kind, told.append)
    return told


def _kinds(told: list[Event]) -> list[type[Event]]:
    return [type(event) for event in told]


@pytest.fixture(params=["embedded", "on another machine"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Visit]:
    """Somebody with a browser, at a site whose directory is there."""
    if request.param == "embedded":
        yield Visit()
        return
    with served_api(f"sqlite:///{tmp_path}/accounts.db") as api:
        key = {"id": api["id"], "secret": api["secret"]}
        yield Visit(directory=api["url"], client={"api_key": key, "allow_insecure": True}, password_hasher=None)


class TestOnce:
    """Each event comes once, though a flow and the verb beneath see it."""

    def test_registering_signing_in_and_out(self, anywhere: Visit) -> None:
        visit, told = anywhere, _listen(anywhere)
        visit.fill_in("/register", **FORM)
        visit.fill_in("/login", login=ADA, password="Wrong-horse-7")
        visit.fill_in("/login", login=ADA, password=PASSWORD)
        visit.post("/logout")
        assert _kinds(told) == [
            RegistrationStarts, Registered, SignInStarts, SignInFailed, SignInStarts, SignedIn, SignedOut,
        ]  # fmt: skip
        [account] = visit.application.accounts.search({"email": ADA})
        by_kind = {type(event): event for event in told}
        assert {by_kind[kind].account for kind in (Registered, SignedIn, SignedOut)} == {account.href}
        assert by_kind[SignedIn].actor == by_kind[SignedOut].actor == account.href
        failed = by_kind[SignInFailed]
        assert isinstance(failed, SignInFailed)
        assert (failed.reason, failed.login, failed.credential) == ("WRONG_PASSWORD", ADA, "password")

    def test_registering_that_signs_in(self) -> None:
        visit = Visit(web={"register": {"autoLogin": True}})
        told = _listen(visit, AfterEvent)
        visit.fill_in("/register", **FORM)
        assert _kinds(told) == [Registered, SignedIn]

    def test_a_change_by_the_application_says_who_is_signed_in(self) -> None:
        def change(environ: Any, start_response: Any) -> list[bytes]:
            account = environ["stormpath.user"].account
            if account is not None:
                account.password = "Another-horse-8"
                account.save()
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"done"]

        visit = Visit(site=make_site(change))
        account = visit.account()
        visit.sign_in()
        told = _listen(visit)
        visit.get("/", extra_environ={"REMOTE_ADDR": "192.0.2.1", "HTTP_USER_AGENT": "a browser"})
        event = told[-1]
        assert isinstance(event, PasswordChanged)
        assert (event.account, event.actor, event.credential) == (account.href, account.href, "session")
        assert (event.address, event.agent) == ("192.0.2.1", "a browser")


class TestTheLog:
    """A sign-in is one line."""

    def test_whatever_a_browser_says_of_itself(self, visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
        account = visit.account()
        caplog.set_level(logging.INFO, "stormpath_wsgi.events")
        caplog.clear()
        visit.extra_environ |= {"REMOTE_ADDR": "192.0.2.1", "HTTP_USER_AGENT": 'x\x85"}\t{"event": "SignedIn"}\xff'}
        visit.sign_in()
        [line] = [record.getMessage() for record in caplog.records if record.name == "stormpath_wsgi.events"]
        assert line.isprintable()
        said = json.loads(line)
        assert (said["event"], said["account"], said["address"]) == ("SignedIn", account.href, "192.0.2.1")
        assert PASSWORD not in caplog.text


class TestBefore:
    """A listener may change what was filled in, refuse it, or answer itself."""

    def test_a_refusal_is_shown_with_the_form(self, visit: Visit) -> None:
        visit.account()

        def refuse(event: BeforeEvent) -> None:
            raise Declined("We are closed on <Sundays>.")

        visit.site.events.listen(BeforeEvent, refuse)
        told = _listen(visit, AfterEvent)
        for address, form in (("/login", {"login": ADA, "password": PASSWORD}), ("/register", FORM)):
            answer = visit.fill_in(address, **form)
            assert answer.status_code == 200
            assert "We are closed on &lt;Sundays&gt;." in answer.text
            assert PASSWORD not in answer.text
        assert not visit.is_signed_in()
        assert _kinds(told) == [SignInFailed]
        assert len(visit.application.accounts) == 1

    def test_a_refusal_as_json(self, spa: Visit) -> None:
        def refuse(event: BeforeEvent) -> None:
            raise Declined("We are closed.")

        spa.site.events.listen(BeforeEvent, refuse)
        answer = spa.post_json("/login", {"login": ADA, "password": PASSWORD}, status=403)
        assert answer.json == {"status": 403, "message": "We are closed."}

    def test_a_whole_answer_is_sent_in_the_place_of_the_page(self, visit: Visit) -> None:
        def refuse(event: SignInStarts) -> None:
            raise Declined("Busy.", answer=Response("Come back on Monday.", 503, content_type="text/plain"))

        visit.site.events.listen(SignInStarts, refuse)
        answer = visit.get("/login").form
        answer["login"], answer["password"] = ADA, PASSWORD
        answer = answer.submit(status=503)
        assert (answer.text, answer.content_type) == ("Come back on Monday.", "text/plain")

    def test_what_was_filled_in_is_changed(self, visit: Visit) -> None:
        def complete(event: RegistrationStarts) -> RegistrationStarts:
            return dataclasses.replace(event, data={**event.data, "middle_name": "King"})

        visit.site.events.listen(RegistrationStarts, complete)
        visit.site.events.listen(
            SignInStarts, lambda event: dataclasses.replace(event, login=f"{event.login}@example.org")
        )
        visit.fill_in("/register", **FORM)
        assert visit.application.accounts.search({"email": ADA})[0].middle_name == "King"
        visit.fill_in("/login", login="ada", password=PASSWORD)
        assert visit.is_signed_in()

    @pytest.mark.parametrize("name", ["email", "password", "givenName"])
    def test_a_listener_meets_text_only(self, spa: Visit, name: str) -> None:
        def look(event: RegistrationStarts) -> None:
            assert {type(value) for value in event.data.values()} == {str}

        spa.site.events.listen(RegistrationStarts, look)
        for value in ([ADA], {"a": ADA}, True):
            answer = spa.post_json("/register", {**FORM, name: value}, status=400)
            assert "is not valid" in answer.json["message"]
        spa.post_json("/register", {**FORM, "givenName": 1815})
        assert spa.application.accounts.search({"email": ADA})[0].given_name == "1815"

    def test_whatever_else_is_raised_goes_up_with_nothing_changed(self, visit: Visit) -> None:
        visit.account()

        def fail(event: BeforeEvent) -> None:
            raise ZeroDivisionError

        visit.site.events.listen(BeforeEvent, fail)
        told = _listen(visit, AfterEvent)
        for address, form in (("/login", {"login": ADA, "password": PASSWORD}), ("/register", FORM)):
            with pytest.raises(ZeroDivisionError):
                visit.fill_in(address, **form)
        assert not visit.is_signed_in()
        assert (told, len(visit.application.accounts)) == ([], 1)


class TestAfter:
    """A listener that fails changes no answer."""

    def test_a_program_gets_an_empty_answer_when_one_deletes_the_account(self, spa: Visit) -> None:
        def delete(event: Registered | SignedIn) -> None:
            spa.site.client.accounts.get(event.account or "").delete()

        spa.account()
        spa.site.events.listen(SignedIn, delete)
        assert spa.post_json("/login", {"login": ADA, "password": PASSWORD}, status=200).body == b""
        assert not spa.is_signed_in()
        spa.site.events.listen(Registered, delete)
        assert spa.post_json("/register", FORM, status=200).body == b""

    def test_the_page_is_as_always(self, visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
        def fail(event: AfterEvent) -> None:
            raise ZeroDivisionError

        visit.site.events.listen(AfterEvent, fail)
        visit.account()
        assert visit.fill_in("/login", login=ADA, password=PASSWORD).status_code == 302
        assert visit.is_signed_in()
        visit.post("/logout")
        assert not visit.is_signed_in()
        assert caplog.text.count("ZeroDivisionError") >= 3
