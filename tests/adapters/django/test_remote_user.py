"""Without the adapter: Django's own ``RemoteUserMiddleware`` believes what our middleware says in ``REMOTE_USER``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from adapters.django.conftest import Visit
from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path
from support.visitors import OPENING, Site

from stormpath_wsgi import StormpathMiddleware

AUTH = "django.contrib.auth"


def who(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.user.get_username())


urlpatterns = [path("", who)]


@pytest.fixture
def site() -> Iterator[Site]:
    with override_settings(
        ROOT_URLCONF=__name__,
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            f"{AUTH}.middleware.AuthenticationMiddleware",
            f"{AUTH}.middleware.RemoteUserMiddleware",
        ],
        AUTHENTICATION_BACKENDS=[f"{AUTH}.backends.RemoteUserBackend"],
    ):
        site = Site.of(StormpathMiddleware(get_wsgi_application(), **OPENING, remote_user="id"))
        yield site
        site.client.close()


def test_people_have_a_row_named_by_the_id_of_their_account(site: Site, visit: Visit) -> None:
    account = site.account()
    visitor = visit(site, account)
    assert visitor.get("/").text == account.href.rpartition("/")[2]
    account.username = "countess"
    account.save()
    visitor.get("/")
    assert User.objects.count() == 1


def test_who_signs_out_of_ours_is_signed_out_of_django(site: Site, visit: Visit) -> None:
    visitor = visit(site, site.account())
    visitor.get("/")
    assert "sessionid" in visitor.cookies
    visitor.post("/logout", headers={"Sec-Fetch-Site": "same-origin"})
    assert visitor.get("/").text == ""


def test_nobody_becomes_somebody_by_a_header(site: Site, visit: Visit) -> None:
    id = site.account().href.rpartition("/")[2]
    visitor = visit(site)
    assert visitor.get("/", headers={"Remote-User": id}).text == ""
    assert visitor.get("/", extra_environ={"REMOTE_USER": id}).text == ""
