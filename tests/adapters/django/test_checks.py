"""A project that is set up wrongly is told what to write: by ``manage.py check``, and by servers at the start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from django.conf import settings
from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application as get_bare_application
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import include, path, re_path
from support.visitors import OPENING, Site

from django_stormpath.middleware import UserMiddleware
from django_stormpath.wsgi import DjangoMiddleware, get_wsgi_application
from stormpath_wsgi import StormpathMiddleware

OURS = "django_stormpath.middleware.UserMiddleware"
DJANGOS = "django.contrib.auth.middleware.AuthenticationMiddleware"
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"
REMOTE = "django.contrib.auth.middleware.RemoteUserMiddleware"

Check: TypeAlias = Callable[..., dict[str, str]]


def view(request: HttpRequest, **parts: str) -> HttpResponse:
    return HttpResponse()


everything = re_path(r"^(?P<page>.*)$", view)
ours = path("", include("django_stormpath.urls"))

#: What ``WSGI_APPLICATION`` names in these tests.
application: Any = None


def logged_by_others(environ: Any, start_response: Any) -> Any:
    raise NotImplementedError


class Other(UserMiddleware):
    """Somebody's own."""


class Urls:
    """A module with ``urlpatterns``."""

    def __init__(self, *patterns: Any) -> None:
        self.urlpatterns = list(patterns)


@pytest.fixture(scope="module")
def right() -> Iterator[Any]:
    """The example in our middleware."""
    middleware = get_wsgi_application(**OPENING)
    yield middleware
    middleware.client.close()


@pytest.fixture
def check(right: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Check]:
    """Runs our checks: answers what is found, by its id. *serves*: what makes what ``WSGI_APPLICATION`` names."""
    with ExitStack() as stack:

        def run(serves: Callable[[], Any] | None = None, **changed: Any) -> dict[str, str]:
            stack.enter_context(override_settings(WSGI_APPLICATION=f"{__name__}.application"))
            found = right if serves is None else serves()
            monkeypatch.setitem(globals(), "application", found)
            stack.enter_context(override_settings(**changed))
            return {wrong.id: f"{wrong.msg} {wrong.hint}" for wrong in run_checks(tags=[Tags.security])}

        yield run


def test_the_example_is_right(check: Check) -> None:
    assert check() == {}
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize(
    ("middleware", "id", "told"),
    [
        ([SESSIONS, DJANGOS], "stormpath.E001", f"Write '{OURS}' instead of '{DJANGOS}'."),
        ([OURS, SESSIONS], "stormpath.E002", f"Write '{OURS}' below '{SESSIONS}'."),
        ([SESSIONS, OURS, DJANGOS], "stormpath.E003", f"Take out '{DJANGOS}'"),
        ([SESSIONS, DJANGOS, REQUIRED, OURS], "stormpath.E004", f"Write '{REQUIRED}' below '{OURS}'."),
        ([SESSIONS, OURS, REMOTE], "stormpath.E005", "Take it out"),
    ],
)
def test_middleware_in_the_wrong_order(check: Check, middleware: list[str], id: str, told: str) -> None:
    assert told in check(MIDDLEWARE=middleware)[id]
    with pytest.raises(ImproperlyConfigured, match="MIDDLEWARE"):
        get_wsgi_application(**OPENING)


def test_a_subclass_of_our_middleware_is_ours(check: Check) -> None:
    place = [name if name != OURS else f"{__name__}.Other" for name in settings.MIDDLEWARE]
    assert check(MIDDLEWARE=place) == {}


def test_a_backend_that_is_missing(check: Check) -> None:
    found = check(AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend"])
    assert "StormpathBackend" in found["stormpath.E006"]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("STORMPATH_STAFF_GROUPS", "staff", '["staff"]'),
        ("STORMPATH_SUPERUSER_GROUPS", [""], "is a list of groups"),
        ("STORMPATH_GROUPS", ["Editors"], '{"editors": "Editors"}'),
        ("STORMPATH", "sqlite://", "is a dictionary"),
    ],
)
def test_a_setting_of_the_wrong_kind(check: Check, name: str, value: object, told: str) -> None:
    assert told in check(**{name: value})["stormpath.E007"]


def test_a_setting_that_is_spelt_wrongly(check: Check) -> None:
    assert "STORMPATH_STAFF_GROUPS?" in check(STORMPATH_STAF_GROUPS=["staff"])["stormpath.E008"]


def test_a_setting_of_ours_that_is_wrong(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent)
    found = check(lambda: None, WSGI_APPLICATION="adapters.django.wrong_wsgi.application")
    assert "no_such_setting" in found["stormpath.E009"] or "noSuchSetting" in found["stormpath.E009"]


def test_wsgi_without_our_middleware(check: Check) -> None:
    bare = get_bare_application()
    assert "from django_stormpath.wsgi import get_wsgi_application" in check(lambda: bare)["stormpath.E011"]
    plain = StormpathMiddleware(bare, **OPENING)
    assert check(lambda: plain) == {}  # which lacks no more than our page for a 503
    plain.client.close()
    with pytest.raises(ImproperlyConfigured, match=r"In wsgi\.py write"):
        Client().get("/")


def test_wsgi_in_a_wrapper_that_does_not_say_what_it_wraps(check: Check) -> None:
    """Nobody is told what may be wrong: the first request says it."""
    assert check(lambda: logged_by_others) == {}


def test_wsgi_in_a_wrapper_that_does(check: Check, right: Any) -> None:
    class Wrapper:
        def __init__(self, application: Any) -> None:
            self.application = application

        __call__ = logged_by_others

    assert check(lambda: Wrapper(right)) == {}
    assert "stormpath.E011" in check(lambda: Wrapper(get_bare_application()))


def test_wsgi_that_is_not_named_or_not_there(check: Check) -> None:
    assert "runserver" in check(WSGI_APPLICATION=None)["stormpath.W002"]
    assert "cannot be imported" in check(WSGI_APPLICATION="mysite.nowhere.application")["stormpath.E010"]


def test_a_page_of_the_project_that_ours_hides(check: Check) -> None:
    found = check(ROOT_URLCONF=Urls(path("login", view), ours))
    assert "The project's own /login is hidden by our page login." in found["stormpath.W005"]
    assert "'web': {'login': {'uri'" in found["stormpath.W005"]


def test_a_second_page_for_the_same(check: Check) -> None:
    assert (
        "/logout/ is beside our page /logout" in check(ROOT_URLCONF=Urls(ours, path("logout/", view)))["stormpath.W005"]
    )


def test_a_pattern_for_everything_clashes_with_nothing(check: Check) -> None:
    assert check(ROOT_URLCONF=Urls(ours, everything)) == {}


def test_a_login_url_that_leads_elsewhere(check: Check) -> None:
    assert 'LOGIN_URL = "/login"' in check(LOGIN_URL="/accounts/login/")["stormpath.W004"]


class TestAsgi:
    def test_is_warned_of(self, check: Check) -> None:
        assert "they are refused" in check(ASGI_APPLICATION="mysite.asgi.application")["stormpath.W001"]

    def test_is_refused(self, site: Site) -> None:
        with pytest.raises(ImproperlyConfigured, match="Requests by ASGI"):
            asyncio.run(AsyncClient().get("/"))


def test_the_middleware_names_itself_and_django_to_a_directory() -> None:
    assert DjangoMiddleware.made_with().startswith("django-stormpath/")
