"""Our session, Django's session, and Django's ``login`` and ``logout``: one person, wherever one looks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from adapters.django.conftest import MakeSite, Visit
from django.contrib.auth import login, logout
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from support.visitors import COOKIE, PASSWORD, Site
from webtest import TestApp  # type: ignore[import-untyped]

from django_stormpath.models import Account
from stormpath_wsgi.events import Declined, SignInStarts

HERE = {"Sec-Fetch-Site": "same-origin"}


def put(request: HttpRequest, thing: str) -> HttpResponse:
    request.session["basket"] = thing
    return HttpResponse()


def basket(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.session.get("basket", "empty"))


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("for everybody")


def enter(request: HttpRequest, name: str) -> HttpResponse:
    login(request, User.objects.get(username=name))
    return HttpResponse(f"{request.user.is_authenticated}")


def leave(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponse(f"{request.user.is_authenticated}")


urlpatterns = [
    path("put/<thing>", put), path("basket", basket), path("enter/<name>", enter), path("leave", leave),
    path("plain", plain),
    path("", include("mysite.urls")),
]  # fmt: skip


@pytest.fixture
def make_site(make_site: MakeSite) -> MakeSite:
    return lambda **settings: make_site(ROOT_URLCONF=__name__, **settings)


@pytest.fixture
def told() -> Iterator[list[tuple[str, str]]]:
    """What Django's signals have told, and of whom."""
    heard: list[tuple[str, str]] = []

    def came(user: User, **_: Any) -> None:
        heard.append(("in", user.username))

    def went(user: User | None, **_: Any) -> None:
        heard.append(("out", user.username if user else ""))

    user_logged_in.connect(came)
    user_logged_out.connect(went)
    yield heard
    user_logged_in.disconnect(came)
    user_logged_out.disconnect(went)


def sign_in(visitor: TestApp, name: str) -> None:
    visitor.post_json("/login", {"login": name, "password": PASSWORD}, headers={"Accept": "application/json"})


def sign_out(visitor: TestApp) -> None:
    visitor.post("/logout", headers=HERE)


class TestDjangosSession:
    def test_of_a_stranger_is_kept_when_he_signs_in_under_another_key(self, site: Site, visit: Visit) -> None:
        site.account()
        visitor = visit(site)
        visitor.get("/put/tea")
        before = visitor.cookies["sessionid"]
        sign_in(visitor, "ada")
        assert visitor.get("/basket").text == "tea"
        assert visitor.cookies["sessionid"] != before

    def test_is_empty_for_the_next_one_in_the_same_browser(self, site: Site, visit: Visit) -> None:
        site.account("ada")
        site.account("bob")
        visitor = visit(site)
        sign_in(visitor, "ada")
        visitor.get("/put/tea")
        assert visitor.get("/basket").text == "tea"
        stolen = visitor.cookies["sessionid"]
        sign_out(visitor)
        assert visitor.get("/basket").text == "empty"
        sign_in(visitor, "bob")
        visitor.set_cookie("sessionid", stolen)
        assert visitor.get("/basket").text == "empty"

    def test_signs_nobody_in(self, site: Site, visit: Visit) -> None:
        account = site.account()
        visit(site, account).get("/members")
        visitor = visit(site)
        assert visitor.get("/enter/ada").text == "True"
        assert "sessionid" in visitor.cookies
        site.session(f"{COOKIE}={visitor.cookies[COOKIE]}").sign_out()
        assert visitor.get("/members").location == "/login?next=/members"

    def test_is_not_looked_at_for_who_has_none(self, site: Site, visit: Visit) -> None:
        assert "Vary" not in visit(site, site.account()).get("/plain").headers


class TestDjangosSignals:
    def test_tell_once_of_each_sign_in_on_our_pages(
        self, site: Site, visit: Visit, told: list[tuple[str, str]]
    ) -> None:
        account = site.account()
        visitor = visit(site)
        sign_in(visitor, "ada")
        assert told == []
        visitor.get("/members")
        visitor.get("/members")
        assert told == [("in", "ada")]
        seen = User.objects.get().last_login
        assert dt.datetime.now(dt.UTC) - seen < dt.timedelta(minutes=5)
        Account.objects.update(signed_in_at=seen - dt.timedelta(hours=1))  # as if that had been an hour ago
        visit(site, account).get("/members")
        assert told == [("in", "ada")] * 2

    def test_tell_of_a_sign_out_in_a_view(self, site: Site, visit: Visit, told: list[tuple[str, str]]) -> None:
        visitor = visit(site, site.account())
        visitor.get("/members")
        del told[:]
        cookie = visitor.cookies[COOKIE]
        assert visitor.get("/leave").text == "False"
        assert told == [("out", "ada")]
        assert visitor.get("/members").status_code == 302
        visitor.set_cookie(COOKIE, cookie)
        assert visitor.get("/members").status_code == 302  # the session has ended, and not only its cookie


class TestDjangosLogin:
    def test_begins_a_session_of_ours(self, site: Site, visit: Visit, told: list[tuple[str, str]]) -> None:
        visit(site, site.account()).get("/members")
        del told[:]
        visitor = visit(site)
        assert visitor.get("/enter/ada").text == "True"
        assert visitor.get("/").text == "Hello, Ada!"
        assert ("in", "ada") in told

    def test_signs_nobody_in_whom_a_listener_refuses(self, site: Site, visit: Visit) -> None:
        def refuse(event: SignInStarts) -> None:
            raise Declined("Not today.")

        visit(site, site.account()).get("/members")
        site.middleware.events.listen(SignInStarts, refuse)
        visitor = visit(site)
        visitor.get("/enter/ada", status=403)
        assert visitor.get("/").text == "Hello, stranger!"

    def test_of_a_row_without_an_account_is_a_mistake_that_is_told(
        self, site: Site, visit: Visit, caplog: pytest.LogCaptureFixture
    ) -> None:
        User.objects.create_user("root")
        visitor = visit(site)
        visitor.get("/enter/root", status=500)
        assert "login() was called for a row without an account" in caplog.text
        assert visitor.get("/").text == "Hello, stranger!"
