"""Signing in and out, and who is signed in.

Only our session cookie says who somebody is. Flask-Login keeps the user of a request and sends its signals; what it
writes into the Flask session, and its remember cookie, sign nobody in.
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import cast

import flask_login
from flask_login import AnonymousUserMixin, LoginManager, current_user

from flask_stormpath.extension import current_session
from flask_stormpath.models import User
from stormpath_wsgi.client import Account

log = logging.getLogger(__name__)


def login_user(
    user: Account,
    remember: bool = False,
    duration: dt.timedelta | None = None,
    force: bool = False,
    fresh: bool = True,
) -> bool:
    """Sign *user* in with a new session. False, and nobody is signed in, when the account is not ENABLED.

    *remember* and *duration*, which Flask-Login knows, change nothing: the settings say how long a session lasts.
    *force* tries all the same; whom the directory refuses it refuses then too, by :class:`~stormpath_wsgi.Error`.
    """
    if not (user.is_enabled() or force):
        return False
    current_session().sign_in(user)
    # Not isinstance: to that a proxy of the user looks like one, and kept as the user it would stand for itself.
    known = user if issubclass(type(user), User) else User.at(user.href)
    return cast(bool, flask_login.login_user(known, force=True, fresh=fresh))


def logout_user() -> bool:
    """Sign out whoever is signed in. Always True."""
    # Asked before the session ends, because Flask-Login's signal says who has left.
    log.info("%s signs out.", current_user.get_id())
    current_session().sign_out()
    return cast(bool, flask_login.logout_user())


def login_manager() -> LoginManager:
    """A Flask-Login that asks our session who somebody is."""
    manager = LoginManager()
    manager.session_protection = None  # it watches the Flask session
    manager.request_loader(lambda request: _visitor())
    # Asked when nobody was found. Flask-Login does not come to ask about the request once it has met a cookie that it
    # takes for its own and cannot read; that must not keep anybody out.
    manager.anonymous_user = lambda: _visitor() or AnonymousUserMixin()
    return manager


def _visitor() -> User | None:
    href = current_session().user.href
    return None if href is None else User.at(href)
