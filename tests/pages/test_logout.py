"""Signing out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from support.browsing import Visit, app, make_site
from support.callers import basic

from stormpath_wsgi.api_auth import OAuthClientCredentialsRequestAuthenticator
from stormpath_wsgi.client import Account
from stormpath_wsgi.client.local import LocalDataStore
from stormpath_wsgi.events import SignedOut
from stormpath_wsgi.flows import flows_of
from stormpath_wsgi.session import session_of


@pytest.fixture
def signed_in(visit: Visit) -> Visit:
    visit.account()
    visit.sign_in()
    return visit


def test_a_button_of_the_application_signs_out(signed_in: Visit) -> None:
    answer = signed_in.post("/logout")
    assert (answer.status_int, answer.headers["Location"]) == (302, "/")
    assert not signed_in.is_signed_in()


def test_a_copy_of_the_old_cookie_is_worthless(signed_in: Visit) -> None:
    copy = signed_in.cookies["stormpath_session"]
    signed_in.post("/logout")
    signed_in.set_cookie("stormpath_session", copy)
    assert not signed_in.is_signed_in()


def test_a_single_page_app_gets_an_empty_answer(signed_in: Visit) -> None:
    answer = signed_in.post("/logout", headers={"Accept": "application/json"})
    assert (answer.status_int, answer.body) == (200, b"")
    assert not signed_in.is_signed_in()


def test_who_is_not_signed_in_may_sign_out(visit: Visit) -> None:
    assert visit.post("/logout").headers["Location"] == "/"


def test_beside_the_token_of_somebody_else_listeners_hear_whose_session_ended(signed_in: Visit) -> None:
    bob = signed_in.account("bob@example.org")
    [ada] = signed_in.application.accounts.search({"email": "ada@example.org"})
    headers = {"Authorization": f"Bearer {token_of(signed_in, bob)}"}
    told: list[SignedOut] = []
    signed_in.site.events.listen(SignedOut, told.append)
    signed_in.post("/logout", headers=headers)
    signed_in.post("/logout", headers=headers)
    assert [event.account for event in told] == [ada.href, None]
    assert {(event.actor, event.credential) for event in told} == {(bob.href, "token")}
    assert "app: bob@example.org" in signed_in.get("/", headers=headers)
    assert not signed_in.is_signed_in()


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_another_site_signs_nobody_out(signed_in: Visit, headers: dict[str, str]) -> None:
    assert signed_in.post("/logout", headers=headers, status=403)
    assert signed_in.is_signed_in()


@pytest.mark.parametrize("said", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "https://site.example"}])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/plain"])
def test_a_form_of_the_application_passes_with_a_token_of_its_own_when_the_browser_says_that_it_is_from_here(
    signed_in: Visit, said: dict[str, str], kind: str
) -> None:
    answer = signed_in.post("/logout", "csrfmiddlewaretoken=its+own&next=x", content_type=kind, headers=said)
    assert (answer.status_int, answer.headers["Location"]) == (302, "/")
    assert not signed_in.is_signed_in()


@pytest.mark.parametrize("said", [{"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}, {"Origin": "null"}, {}])
def test_it_does_not_pass_when_nobody_says_so(signed_in: Visit, said: dict[str, str]) -> None:
    signed_in.post("/logout", {"__FORM_TOKEN": "of Trac"}, headers=said, status=403)
    assert signed_in.is_signed_in()


def test_a_port_that_a_proxy_left_out_is_named_with_what_to_set(signed_in: Visit) -> None:
    for form in ("", {"token": "x"}):
        page = signed_in.post("/logout", form, headers={"Origin": "https://site.example:8443"}, status=403)
        assert "proxy_set_header Host $http_host" in page
    assert signed_in.is_signed_in()


def test_a_form_with_fields_needs_a_token(signed_in: Visit) -> None:
    page = signed_in.post("/logout", {"really": "yes"}, status=403)
    assert "This form has expired." in page
    assert signed_in.is_signed_in()


def test_a_document_does_not(signed_in: Visit) -> None:
    signed_in.post_json("/logout", {})
    assert not signed_in.is_signed_in()


def test_text_is_not_taken(signed_in: Visit) -> None:
    assert signed_in.post("/logout", "{}", content_type="text/plain", status=415)
    assert signed_in.is_signed_in()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_nothing_but_a_post_signs_out(signed_in: Visit, method: str) -> None:
    answer = signed_in.request("/logout", method=method, status=404)
    assert "app: " in answer or method == "HEAD"
    assert signed_in.is_signed_in()


def test_the_page_he_wanted_is_where_he_goes_if_it_is_here(signed_in: Visit) -> None:
    assert signed_in.post("/logout?next=%2Fbye").headers["Location"] == "/bye"
    assert signed_in.post("/logout?next=%2F%2Fevil.example").headers["Location"] == "/"


class TestWithoutTheDirectory:
    """Nobody is kept signed in on a machine that he wants to leave."""

    @pytest.fixture
    def told(self) -> list[Any]:
        return []

    @pytest.fixture
    def signed_in(self, told: list[Any]) -> Visit:
        visit = Visit(web={"postLogoutHandler": lambda account, environ: told.append(account.email)})
        visit.account()
        visit.sign_in()
        write_protect(visit)
        return visit

    def test_this_browser_is_signed_out_and_learns_that_the_session_may_live_on(
        self, signed_in: Visit, told: list[Any]
    ) -> None:
        copy = signed_in.cookies["stormpath_session"]
        page = signed_in.post("/logout", status=503)
        assert page.html.h1.get_text() == "Signed out in this browser"
        assert "may live on" in page.html.main.get_text()
        assert "You have not been signed out" not in page
        assert "Retry-After" not in page.headers
        assert told == ["ada@example.org"]
        assert not signed_in.is_signed_in()
        signed_in.set_cookie("stormpath_session", copy)
        assert signed_in.is_signed_in()

    def test_a_single_page_app_learns_it_too(self, signed_in: Visit) -> None:
        answer = signed_in.post("/logout", headers={"Accept": "application/json"}, status=503)
        assert answer.json.keys() == {"status", "message"}
        assert "may live on" in answer.json["message"]
        assert not signed_in.is_signed_in()


class TestOpeningTheAddress:
    @pytest.fixture
    def visit(self) -> Visit:
        return Visit(web={"logout": {"page": True}})

    def test_shows_a_button_when_the_settings_say_so(self, signed_in: Visit) -> None:
        page = signed_in.get("/logout?next=%2Fbye")
        assert "ada@example.org" in page.html.main.get_text()
        assert page.html.select_one("a.plain")["href"] == "/bye"
        assert signed_in.is_signed_in()
        assert page.form.submit().headers["Location"] == "/bye"
        assert not signed_in.is_signed_in()

    def test_says_to_a_stranger_that_he_is_one(self, visit: Visit) -> None:
        page = visit.get("/logout")
        assert "not signed in" in page
        assert page.html.select_one("a.button")["href"] == "/login"

    def test_is_the_applications_for_whoever_wants_no_page(self, signed_in: Visit) -> None:
        answer = signed_in.get("/logout", headers={"Accept": "application/json"}, status=404)
        assert "app: ada@example.org at /logout" in answer


class TestSigningOutOfTheApplication:
    """Django and others have an address of their own for it."""

    @pytest.fixture
    def told(self) -> list[Any]:
        return []

    @pytest.fixture
    def signed_in(self, told: list[Any]) -> Visit:
        web = {
            "logout": {"alsoAt": ["/accounts/logout/", "/café"]},
            "postLogoutHandler": lambda account, environ: told.append(account and account.email),
        }
        visit = Visit(site=make_site(django, web=web))
        visit.account()
        visit.sign_in()
        return visit

    @pytest.mark.parametrize("address", ["/accounts/logout/?status=302%20Found", "/caf%C3%A9?status=200%20OK"])
    def test_ends_our_session_too(self, signed_in: Visit, told: list[Any], address: str) -> None:
        copy = signed_in.cookies["stormpath_session"]
        assert signed_in.post(address, {"csrfmiddlewaretoken": "its own"}).text == "django"
        assert "stormpath_session" not in signed_in.cookies
        signed_in.set_cookie("stormpath_session", copy)
        assert not signed_in.is_signed_in()
        assert told == ["ada@example.org"]

    @pytest.mark.parametrize("status", ["403 Forbidden", "500 Oops"])
    def test_does_not_when_the_application_refuses(self, signed_in: Visit, status: str) -> None:
        signed_in.post(f"/accounts/logout/?status={status}", expect_errors=True)
        assert signed_in.is_signed_in()

    def test_does_not_by_get_or_from_elsewhere_or_at_another_address(self, signed_in: Visit, told: list[Any]) -> None:
        signed_in.get("/accounts/logout/?status=200%20OK")
        signed_in.post("/accounts/logout/?status=200%20OK", headers={"Sec-Fetch-Site": "cross-site"})
        signed_in.post("/accounts/logout?status=200%20OK")
        assert signed_in.is_signed_in()
        assert told == []

    def test_that_does_so_by_itself_is_told_once(self, signed_in: Visit, told: list[Any]) -> None:
        events: list[SignedOut] = []
        signed_in.site.events.listen(SignedOut, events.append)
        signed_in.post("/accounts/logout/?status=200%20OK&itself=yes")
        assert "stormpath_session" not in signed_in.cookies
        assert [event.account is None for event in events] == [False]
        assert told == []  # the handler is for what our pages do

    def test_signs_this_browser_out_when_the_directory_cannot_be_written(self, signed_in: Visit) -> None:
        write_protect(signed_in)
        assert signed_in.post("/accounts/logout/?status=200%20OK").text == "django"
        assert not signed_in.is_signed_in()


def django(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """An application that answers what the query says, or what the one of other tests does."""
    query = parse_qs(environ["QUERY_STRING"])
    status = query.get("status")
    if status is None:
        return app(environ, start_response)
    if "itself" in query:
        flows_of(environ).sign_out(session_of(environ))
    start_response(status[0], [("Content-Type", "text/plain")])
    return [b"django"]


def token_of(visit: Visit, account: Account) -> str:
    """An access token of *account*."""
    key = account.api_keys.create()
    headers = {"Authorization": basic(key.id, key.secret)}
    maker = OAuthClientCredentialsRequestAuthenticator(visit.application)
    made = maker.authenticate(headers, "POST", body={"grant_type": "client_credentials"})
    assert made
    assert made.token
    return made.token.token


def write_protect(visit: Visit) -> None:
    """From now on the directory can be read only."""
    store = visit.site.client.data_store
    assert isinstance(store, LocalDataStore)
    with store._service._context.database.write(moves_generation=False) as transaction:
        transaction.connection.exec_driver_sql("PRAGMA query_only = ON")
