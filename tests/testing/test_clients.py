"""The test clients of others: each is signed in, and keeps what it can do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client as DjangoClient
from django.test import override_settings
from django.urls import path
from flask import Flask, session
from flask.testing import FlaskClient
from support.django_project import set_up
from webtest import TestApp  # type: ignore[import-untyped]
from werkzeug.test import Client

from flask_stormpath import StormpathManager
from flask_stormpath import login_required as flask_login_required
from flask_stormpath import user as flask_user
from stormpath_wsgi import StormpathMiddleware, groups_required, login_required, user
from stormpath_wsgi.testing import SETTINGS, TestSite, quick_databases


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(user.username).encode()]


@pytest.fixture(scope="module", params=["session", "tokens"])
def middleware(request: pytest.FixtureRequest) -> Iterator[StormpathMiddleware]:
    """With one cookie, and with three."""
    with quick_databases():
        middleware = StormpathMiddleware(login_required(app), cookies=request.param, **SETTINGS)
    yield middleware
    middleware.client.close()


def test_webtest_and_werkzeug_are_signed_in_over_http_and_https(middleware: StormpathMiddleware) -> None:
    with TestSite(middleware) as site:
        client = site.login_as("ada", client=TestApp(middleware))
        assert client.get("/").text == "ada"
        assert client.get("/", extra_environ={"wsgi.url_scheme": "https"}).text == "ada"
        assert site.login_as("bob", client=client).get("/").text == "bob"
        named = TestApp(middleware, extra_environ={"HTTP_HOST": "site.example:8080"})
        assert site.login_as("ada", client=named).get("/").text == "ada"
        werkzeug = site.login_as("ada")
        assert isinstance(werkzeug, Client)
        assert werkzeug.get("/").text == werkzeug.get("/", base_url="https://localhost").text == "ada"
        assert werkzeug.post("/logout", headers={"Accept": "application/json"}).status_code == 200
        assert werkzeug.get("/").status_code == 401


def test_the_refresh_token_beside_a_session_is_one_of_the_directory() -> None:
    with quick_databases():
        middleware = StormpathMiddleware(login_required(app), cookies="tokens", **SETTINGS)
    with TestSite(middleware) as site:
        cookies = site.cookies_of("ada")
        client = site.new_client()
        client.set_cookie("refresh_token", cookies["refresh_token"])
        assert client.get("/").text == "ada"
    middleware.client.close()


def test_another_client_may_be_the_usual_one(middleware: StormpathMiddleware) -> None:
    with TestSite(middleware, new_client=lambda: TestApp(middleware)) as site:
        assert isinstance(site.login_as("ada"), TestApp)
        assert site.new_client().get("/", status=401)


def flask_app(**config: Any) -> Flask:
    made = Flask("site")
    with quick_databases():
        made.config.update(
            SECRET_KEY="k" * 64,
            TESTING=True,
            STORMPATH_DIRECTORY=SETTINGS["directory"],
            STORMPATH_PASSWORD_HASHER=SETTINGS["password_hasher"],
            **config,
        )
        StormpathManager(made)

    @made.get("/")
    @flask_login_required
    def front() -> str:
        session["seen"] = True
        return str(flask_user.username)

    return made


@pytest.mark.parametrize("config", [{}, {"SERVER_NAME": "site.example:8080"}])
def test_the_client_of_flask_is_signed_in_and_is_still_one_of_flask(config: dict[str, Any]) -> None:
    made = flask_app(**config)
    with TestSite(made) as site:
        with site.login_as("ada") as client:
            assert isinstance(client, FlaskClient)
            assert client.get("/").text == "ada"
            assert session["seen"]
        with made.test_client() as mine:
            assert site.login_as("bob", client=mine).get("/").text == "bob"
    made.extensions["stormpath"].client.close()


def show(request: HttpRequest) -> HttpResponse:
    """A view of Django."""
    name = request.environ["stormpath.user"].username
    template = engines["django"].from_string("{{ name }} at {{ request.path }}")
    response = HttpResponse(template.render({"name": name}, request))
    response.set_cookie("theme", "dark")
    return response


urlpatterns = [path("", show), path("staff/", show)]


@pytest.fixture(scope="module")
def django_site() -> Iterator[StormpathMiddleware]:
    set_up()
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[]), quick_databases():
        middleware = StormpathMiddleware(
            WSGIHandler(),
            protect={"/": login_required, "/staff": groups_required(["staff"])},
            challenge_on_401=True,
            **SETTINGS,
        )
        yield middleware
        middleware.client.close()


def test_the_client_of_django_goes_through_the_middleware(django_site: StormpathMiddleware) -> None:
    with TestSite(django_site) as site:
        client = site.login_as("ada")
        assert isinstance(client, DjangoClient)
        response = client.get("/")
        assert response.content.decode().startswith("ada")
        assert response.wsgi_request.path == "/"
        assert client.cookies["theme"].value == "dark"
        assert client.get("/staff/").status_code == 403
        assert site.login_as("bob", groups=["staff"], client=client).get("/staff/").status_code == 200
        assert client.get("/", secure=True).status_code == 200
        stranger = site.new_client().get("/", headers={"accept": "text/html"})
        assert (stranger.status_code, stranger["Location"]) == (302, "/login?next=%2F")


def test_a_client_of_django_is_signed_out_by_the_page(django_site: StormpathMiddleware) -> None:
    with TestSite(django_site) as site:
        client = site.login_as("ada", client=DjangoClient())
        assert client.post("/logout", {}, "application/json", headers={"accept": "application/json"}).status_code == 200
        assert client.get("/", headers={"accept": "application/json"}).status_code == 401
