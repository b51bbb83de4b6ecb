"""What belongs to the Flask app that is being served."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app, request

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.session import CurrentSession

NAME = "stormpath"


def current() -> Flask:
    """The app itself, not a proxy that may be another one tomorrow."""
    return cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]


def stormpath() -> StormpathMiddleware:
    """The middleware around the current app: it has the ``settings``, the ``client`` and the ``application``."""
    return cast(StormpathMiddleware, current_app.extensions[NAME])


def current_session() -> CurrentSession:
    """The session of the current request.

    Under ``app.test_request_context()`` no middleware has run. A session is opened for that request then, in which
    people can be signed in and out as well; there is only no answer to take a cookie to a browser.
    """
    found = request.environ.get("stormpath.session")
    return found if isinstance(found, CurrentSession) else stormpath().sessions.open(request.environ)
