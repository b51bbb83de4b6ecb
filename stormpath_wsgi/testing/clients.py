"""The test clients of others: how a cookie is put into each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from stormpath_wsgi.middleware import StormpathMiddleware


def give(client: Any, cookies: Mapping[str, str], middleware: StormpathMiddleware) -> None:
    """Put *cookies* into the *client* of a test. Raises TypeError for one that is not known."""
    for module, name, put in _KINDS:
        # Who has a client of that class has imported its module. Nothing is imported for the sake of looking.
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None and isinstance(client, kind):
            put(client, cookies, middleware)
            return
    raise TypeError(
        f"{client!r} is no test client that is known here: WebTest's TestApp, the Client of werkzeug.test, Flask's "
        "app.test_client(), Django's django.test.Client. For another one, send what site.cookies_of(…) answers."
    )


def new_django_client(middleware: StormpathMiddleware) -> Any:
    """A ``django.test.Client`` whose requests pass *middleware*."""
    from django.test import Client

    from stormpath_wsgi.testing.django import go_through

    client = Client()
    go_through(client, middleware)
    return client


def _to_werkzeug(client: Any, cookies: Mapping[str, str], middleware: StormpathMiddleware) -> None:
    config = getattr(client.application, "config", None)  # Flask's
    name = config.get("SERVER_NAME") if isinstance(config, Mapping) else None
    domain = str(name or "localhost").partition(":")[0]
    for cookie, value in cookies.items():
        client.set_cookie(cookie, value, domain=domain, path=middleware.settings.session.cookie_path)


def _to_webtest(client: Any, cookies: Mapping[str, str], middleware: StormpathMiddleware) -> None:
    for cookie, value in cookies.items():
        client.set_cookie(cookie, value)


def _to_django(client: Any, cookies: Mapping[str, str], middleware: StormpathMiddleware) -> None:
    from stormpath_wsgi.testing.django import go_through

    go_through(client, middleware)
    for cookie, value in cookies.items():
        client.cookies[cookie] = value


_KINDS: tuple[tuple[str, str, Callable[[Any, Mapping[str, str], StormpathMiddleware], None]], ...] = (
    ("werkzeug.test", "Client", _to_werkzeug),
    ("webtest.app", "TestApp", _to_webtest),
    ("django.test.client", "Client", _to_django),
)
