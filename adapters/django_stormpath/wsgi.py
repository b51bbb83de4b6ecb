"""The WSGI application of a Django project, with accounts. ``wsgi.py`` imports :func:`get_wsgi_application` from here.

It is what ``manage.py runserver`` serves as well, by the setting ``WSGI_APPLICATION``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application as get_bare_application

from django_stormpath import conf
from django_stormpath.request import UNAVAILABLE
from stormpath_wsgi import StormpathMiddleware


class DjangoMiddleware(StormpathMiddleware):
    """The middleware around a Django project."""

    def __init__(self, app: WSGIApplication, **settings: Any) -> None:
        super().__init__(_passing_on(app), **settings)

    @classmethod
    @cache  # the versions stand in files
    def made_with(cls) -> str:
        return f"django-stormpath/{version('stormpath-wsgi')} django/{version('django')}"


def get_wsgi_application(**settings: Any) -> DjangoMiddleware:
    """Django's application in our middleware. *settings*: keywords of the middleware, beside those in ``STORMPATH``.

    Raises :class:`ImproperlyConfigured`, with what to write, when the project is not set up for it: servers do not run
    Django's checks. Raises :class:`~stormpath_wsgi.ConfigurationError` when a setting of ours is wrong.
    """
    application = get_bare_application()
    from django_stormpath.checks import wrong_settings  # needs what was set up only now

    for found in wrong_settings():
        raise ImproperlyConfigured(f"{found.msg} {found.hint}")
    return DjangoMiddleware(application, **{**conf.keywords(), **settings})


def _passing_on(app: WSGIApplication) -> WSGIApplication:
    """*app*, which raises what Django has made an answer of: that the directory cannot be reached."""

    def django(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = app(environ, start_response)
        error = environ.pop(UNAVAILABLE, None)
        if error is None:
            return body
        if hasattr(body, "close"):
            body.close()
        raise error

    return django
