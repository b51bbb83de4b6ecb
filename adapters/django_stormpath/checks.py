"""What is wrong with the set-up of a project: ``manage.py check`` and ``runserver`` find it, and say what to write."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.shortcuts import resolve_url
from django.urls import Resolver404, resolve
from django.utils.module_loading import import_string

from django_stormpath import conf
from django_stormpath.backends import StormpathBackend
from django_stormpath.middleware import UserMiddleware
from django_stormpath.urls import served_by_middleware
from stormpath_wsgi import ConfigurationError, StormpathMiddleware
from stormpath_wsgi import Error as DirectoryError

_MIDDLEWARE = "django_stormpath.middleware.UserMiddleware"
_DJANGOS = "django.contrib.auth.middleware.AuthenticationMiddleware"
_BACKEND = "django_stormpath.backends.StormpathBackend"
_SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
_LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"
_REMOTE_USER = ("RemoteUserMiddleware", "PersistentRemoteUserMiddleware")

#: A path that no project has: a pattern that matches it matches every path, and clashes with none.
_NOWHERE = "/django-stormpath-asks-for-what-matches-everything"

#: How a wrapper names what it wraps.
_INNER = ("app", "application", "wsgi_app")


def check_project(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Everything that is wrong. Imports ``wsgi.py``, as ``runserver`` does: that opens the directory."""
    wrong = [*wrong_settings(), *_asgi()]
    return wrong if any(found.is_serious() for found in wrong) else [*wrong, *_wsgi()]


def wrong_settings() -> list[CheckMessage]:
    """What can be seen in the settings alone, and must not stay."""
    return [*_middleware(), *_backend(), *_groups()]


def _middleware() -> Iterator[CheckMessage]:
    loaded = list(_classes(settings.MIDDLEWARE))
    ours = next((place for place, kind in enumerate(loaded) if _is(kind, UserMiddleware)), None)
    if ours is None:
        yield Error(
            "MIDDLEWARE does not set request.user.",
            f"Write {_MIDDLEWARE!r} instead of {_DJANGOS!r}.",
            id="stormpath.E001",
        )
        return
    names = [_name(kind) for kind in loaded]
    if _SESSIONS in names[ours + 1 :]:
        yield Error(
            "Django's session comes after request.user in MIDDLEWARE.",
            f"Write {_MIDDLEWARE!r} below {_SESSIONS!r}.",
            id="stormpath.E002",
        )
    if _DJANGOS in names[ours + 1 :]:
        yield Error(
            "In MIDDLEWARE Django's own middleware replaces the user that ours has set.",
            f"Take out {_DJANGOS!r}: {_MIDDLEWARE!r} stands for it.",
            id="stormpath.E003",
        )
    if _LOGIN_REQUIRED in names[:ours]:
        yield Error(
            "In MIDDLEWARE the one that asks whether somebody is signed in comes before the one that knows.",
            f"Write {_LOGIN_REQUIRED!r} below {_MIDDLEWARE!r}.",
            id="stormpath.E004",
        )
    if any(name.rpartition(".")[2] in _REMOTE_USER for name in names):
        yield Error(
            "MIDDLEWARE has RemoteUserMiddleware as well, which makes other rows for the same people.",
            f"Take it out: {_MIDDLEWARE!r} does what it is for.",
            id="stormpath.E005",
        )


def _backend() -> Iterator[CheckMessage]:
    if not any(_is(kind, StormpathBackend) for kind in _classes(settings.AUTHENTICATION_BACKENDS)):
        yield Error(
            "AUTHENTICATION_BACKENDS does not know the rows of accounts.",
            f"Write AUTHENTICATION_BACKENDS = [{_BACKEND!r}].",
            id="stormpath.E006",
        )


def _groups() -> Iterator[CheckMessage]:
    for setting in conf.FLAGS.values():
        yield from _refused(partial(conf.flag_groups, setting))
    yield from _refused(conf.django_groups)
    yield from _refused(conf.keywords)
    known = [*conf.FLAGS.values(), conf.GROUPS, "STORMPATH"]
    for name in dir(settings):
        if (
            name.startswith("STORMPATH_")
            and name not in known
            and (near := difflib.get_close_matches(name, known, n=1))
        ):
            yield Error(f"There is no setting {name}.", f"Did you mean {near[0]}?", id="stormpath.E008")


def _refused(read: Callable[[], object]) -> Iterator[CheckMessage]:
    try:
        read()
    except ImproperlyConfigured as error:
        yield Error(str(error), "Mend it in the settings.", id="stormpath.E007")


def _asgi() -> Iterator[CheckMessage]:
    if getattr(settings, "ASGI_APPLICATION", None):
        yield Warning(
            "ASGI_APPLICATION is set, and requests by ASGI do not pass our middleware: they are refused.",
            "Serve what wsgi.py has. An ASGI server runs it in a2wsgi.WSGIMiddleware.",
            id="stormpath.W001",
        )


def _wsgi() -> Iterator[CheckMessage]:
    if settings.WSGI_APPLICATION is None:
        yield Warning(
            "WSGI_APPLICATION is not set, so runserver serves Django without our middleware.",
            'Write WSGI_APPLICATION = "mysite.wsgi.application".',
            id="stormpath.W002",
        )
        return
    try:
        application = import_string(settings.WSGI_APPLICATION)
    except ConfigurationError as error:
        yield Error(str(error), "Mend it in STORMPATH, or where else it was set.", id="stormpath.E009")
    except DirectoryError as error:
        yield Warning(f"The directory cannot be asked: {error}", "See whether it is running.", id="stormpath.W003")
    except ImportError as error:
        yield Error(f"WSGI_APPLICATION cannot be imported: {error}", "Name what a server calls.", id="stormpath.E010")
    else:
        yield from _application(application)


def _application(application: Any) -> Iterator[CheckMessage]:
    layers = list(_layers(application))
    ours = next((layer for layer in layers if isinstance(layer, StormpathMiddleware)), None)
    if ours is not None:
        yield from _login_url(ours)
        yield from _clashes(ours)
    elif isinstance(layers[-1], WSGIHandler):
        yield Error(
            f"{settings.WSGI_APPLICATION} is Django without our middleware.",
            "In wsgi.py write: from django_stormpath.wsgi import get_wsgi_application",
            id="stormpath.E011",
        )


def _login_url(ours: StormpathMiddleware) -> Iterator[CheckMessage]:
    page = ours.pages.addresses.get("login")
    if page is not None and not resolve_url(settings.LOGIN_URL).endswith(page):
        yield Warning(
            f"LOGIN_URL leads to {settings.LOGIN_URL}, which is not our login page.",
            f'Write LOGIN_URL = "{page}", or "stormpath:login" where django_stormpath.urls is included.',
            id="stormpath.W004",
        )


def _clashes(ours: StormpathMiddleware) -> Iterator[CheckMessage]:
    everything = _view(_NOWHERE)
    for name, address in ours.pages.addresses.items():
        for theirs in (address, f"{address}/"):
            view = _view(theirs)
            if view not in (None, everything, served_by_middleware):
                hidden = f"is hidden by our page {name}" if theirs == address else f"is beside our page {address}"
                yield Warning(
                    f"The project's own {theirs} {hidden}.",
                    f"Take it out of the URLs, or move ours: STORMPATH = {{'web': {{'{name}': {{'uri': '/…'}}}}}}.",
                    id="stormpath.W005",
                )


def _view(path: str) -> Callable[..., Any] | None:
    try:
        view: Callable[..., Any] = resolve(path).func
    except Resolver404:
        return None
    return view


def _layers(application: Any) -> Iterator[Any]:
    """*application*, and what it wraps, as far as it says so."""
    seen: list[Any] = []
    while application is not None and not any(application is layer for layer in seen):
        yield application
        seen.append(application)
        application = next((inner for name in _INNER if callable(inner := getattr(application, name, None))), None)


def _classes(paths: list[str]) -> Iterator[Any]:
    """What the dotted *paths* name. Django itself says which cannot be imported."""
    for path in paths:
        try:
            yield import_string(path)
        except ImportError:
            continue


def _is(found: Any, kind: type) -> bool:
    return isinstance(found, type) and issubclass(found, kind)


def _name(found: Any) -> str:
    return f"{getattr(found, '__module__', '')}.{getattr(found, '__qualname__', '')}"
