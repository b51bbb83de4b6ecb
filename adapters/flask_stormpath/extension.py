"""What belongs to the Flask app that is being served."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

from flask import Flask, current_app, request

from stormpath_wsgi import Error
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import fault
from stormpath_wsgi.events import Declined
from stormpath_wsgi.session import CurrentSession, session_of

if TYPE_CHECKING:
    from flask_stormpath.middleware import FlaskMiddleware

log = logging.getLogger(__name__)

NAME = "stormpath"

#: In ``flask.g``: the href of the account that this request has proved, after listeners were asked.
ASKED = "_stormpath_asked"


def current() -> Flask:
    """The app itself, not a proxy that may be another one tomorrow."""
    return cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]


def stormpath() -> FlaskMiddleware:
    """The middleware around the current app: it has the ``settings``, the ``client`` and the ``application``.

    Raises RuntimeError when the app has none.
    """
    if (middleware := current_app.extensions.get(NAME)) is None:
        raise RuntimeError(
            f"The Flask app {current_app.name!r} has no StormpathManager: write StormpathManager(app), or "
            "stormpath_manager.init_app(app), where the app is made."
        )
    return cast("FlaskMiddleware", middleware)


def current_session() -> CurrentSession:
    """The session of the current request.

    Under ``app.test_request_context()`` no middleware has run. A session is opened for that request then, in which
    people can be signed in and out as well; there is only no answer to take a cookie to a browser.
    """
    try:
        return session_of(request.environ)
    except RuntimeError:
        return stormpath().credentials.open(request.environ)


def returns_to(provider_id: str) -> str:
    """The whole address to which the provider with that id sends people back who come from the current request."""
    web = stormpath().settings.web
    base = web.base_url or request.url_root.rstrip("/")
    return base + web.callback_uri(provider_id)


def refused_by_listener(refused: Declined) -> Error:
    """What a listener refused, as the error that apps expect of a directory. Its *message* is for people."""
    return fault(Code.REFUSED_BY_LISTENER, refused.message, message=refused.message)


def login_disabled(app: Flask) -> bool:
    """Whether ``LOGIN_DISABLED`` is True, so that the decorators let everybody pass.

    Flask-Login had the switch and gives it up. Outside of debugging and testing the log is told once for each app.
    """
    # Text is not True: "false", as the environment has it, would open the site otherwise.
    if app.config.get("LOGIN_DISABLED") not in (True,):
        return False
    if not (app.debug or app.testing):
        warn_once(
            app,
            f"LOGIN_DISABLED is True: login_required and groups_required let everybody pass, and {app.name} is open to "
            "the world. Take it out of app.config where others can reach the site.",
        )
    return True


def warn_once(app: Flask, sentence: str) -> None:
    """Write *sentence* into the log, unless it was said of *app* before."""
    said: set[str] = app.extensions.setdefault(f"{NAME}_said", set())
    if sentence not in said:
        said.add(sentence)
        log.warning(sentence)
