"""Signing in and out, and who is signed in.

Only our session says who somebody is. Flask-Login keeps the user of a request and sends its signals, which we follow:
its ``login_user`` and ``logout_user``, called by whomever, begin and end our session. What it writes into the Flask
session, and its remember cookie, sign nobody in; but for what its test client writes there, in a test.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, TypeVar, cast

import flask_login
from flask import Flask, Response, g, has_request_context, request_started, session
from flask_login import FlaskLoginClient, LoginManager, current_user

from flask_stormpath import freshness
from flask_stormpath.extension import ASKED, current, current_session, refused_by_listener, stormpath, warn_once
from flask_stormpath.flags import AnonymousUser
from flask_stormpath.models import User
from stormpath_wsgi import Error
from stormpath_wsgi.client import Account
from stormpath_wsgi.events import Declined
from stormpath_wsgi.flows import Finished, SignInRefused

log = logging.getLogger(__name__)

#: In ``flask.g``: whether the answer takes a remember cookie away.
_FORGETS = "_stormpath_forgets"

Loader = TypeVar("Loader", bound=Callable[..., Any])


def login_user(
    user: Account,
    remember: bool = False,
    duration: dt.timedelta | None = None,
    force: bool = False,
    fresh: bool = True,
) -> bool:
    """Sign *user* in with a new session. False, and nobody is signed in, when the account is not ENABLED, or is asked
    for more than the app has proved (a step of ``stormpath().flows.sign_in``).

    *remember* and *duration*, which Flask-Login knows, change nothing: the settings say how long a session lasts. What
    keeps a browser signed in is the argument ``remember`` of ``stormpath().flows.sign_in.enter``.
    *force* tries all the same; whom the directory refuses it refuses then too, by :class:`~stormpath_wsgi.Error`.
    """
    if not (user.is_enabled() or force):
        return False
    # Not isinstance: to that a proxy of the user looks like one, and kept as the user it would stand for itself.
    known = user if issubclass(type(user), User) else User.at(user.href)
    flask_login.login_user(known, force=True, fresh=fresh)
    return current_session().user.href == known.href


def load_user(account_href: object) -> User | None:
    """The user whose account is at *account_href*; None when there is none, or when it is not ENABLED.

    That the directory cannot be reached is an :class:`~stormpath_wsgi.Error`, and never None.
    """
    if not isinstance(account_href, str) or not account_href.startswith(f"{stormpath().client.base_url}/{User.path}/"):
        return None  # a group has a status too, and is nobody
    user = User.at(account_href)
    try:
        return user if user.is_enabled() else None
    except Error as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return None


def visitor() -> User | AnonymousUser:
    """Whoever sent the request that is being served. Raises RuntimeError where none is."""
    if not has_request_context():
        raise RuntimeError(
            "No request is being served here, so there is no user. Pass the user, or its href, in to code that runs "
            "elsewhere; in a test, write with app.test_request_context()."
        )
    stormpath()
    return cast("User | AnonymousUser", current_user._get_current_object())


def logout_user() -> bool:
    """Sign out whoever is signed in. Always True."""
    return cast(bool, flask_login.logout_user())


class SessionLoginManager(LoginManager):  # type: ignore[misc]  # Flask-Login has no types
    """A Flask-Login that asks our session who somebody is."""

    def __init__(self) -> None:
        super().__init__()
        self.session_protection = None  # it watches the Flask session
        self.request_loader(_by_our_session)
        # Asked when nobody was found. Flask-Login does not come to ask about the request once it has met a cookie that
        # it takes for its own and cannot read; that must not keep anybody out.
        self.anonymous_user = lambda: _visitor() or AnonymousUser()

    def init_app(self, app: Flask, add_context_processor: bool = True) -> None:
        """Serve *app*, and keep our session in step with what Flask-Login is told there."""
        super().init_app(app, add_context_processor)
        flask_login.user_logged_in.connect(_begin, app)
        flask_login.user_logged_out.connect(_end, app)
        flask_login.user_login_confirmed.connect(_note_freshness, app)
        request_started.connect(_begin_request, app)

    def _load_user(self) -> None:
        """Called by Flask-Login when ``current_user`` is first looked at in a request.

        Where the app has not changed who is asked, the Flask session and the remember cookie are not looked at.
        """
        ours = current_session()
        freshness.follow(ours)
        if self._request_callback is _by_our_session:
            flask_login.user_accessed.send(current())
            self._update_request_context_with_user(ours.user.account_as(User))
        else:
            super()._load_user()

    def _update_remember_cookie(self, response: Response) -> Response:
        """Called by Flask-Login after each request, before Flask saves its session.

        We set no remember cookie, and to look in the Flask session for what it should say would make every page vary by
        cookie. One that an app of before has set goes at the sign-out.
        """
        if g.pop(_FORGETS, False):
            self._clear_cookie(response)
        freshness.leave()
        return response

    def user_loader(self, callback: Loader) -> Loader:
        """Accepted, and never called.

        It would be asked about ids in the Flask session and in a remember cookie, which nothing can revoke: not a new
        password, not the end of all sessions.
        """
        return callback


def _by_our_session(request: object) -> User | None:
    return _visitor()


def _visitor() -> User | None:
    """Whoever is signed in, with what the session knows of the account: the directory is not asked."""
    return current_session().user.account_as(User)


def _begin(app: Flask, user: Any) -> None:
    """A session for *user*, whom ``flask_login.login_user`` has signed in."""
    if user is not current_user._get_current_object():
        return  # told by one of our pages, where the session is there already
    # All of what Flask-Login believes now goes, and it asks our session again: that may refuse this user.
    forget_user()
    if not isinstance(user, Account):
        _forget()
        raise TypeError(f"{user!r} is not an account, and only accounts have sessions.")
    _enter(app, user)


def _enter(app: Flask, account: Account) -> None:
    """A new session of ours, which is as fresh as Flask-Login was told."""
    fresh = _forget()
    try:
        asked = g.pop(ASKED, None) == account.href
        result = stormpath().flows.sign_in.enter(current_session(), account, asked=asked)
    except SignInRefused as refused:
        raise refused.as_error() from refused
    except Declined as refused:
        raise refused_by_listener(refused) from refused
    if isinstance(result, Finished):
        freshness.note(fresh)
    else:
        log.info("%s is not signed in: %s is asked.", account.href, result.asks)


def _forget() -> bool:
    """Take out of the Flask session what Flask-Login has written there. Answers whether the sign-in was fresh."""
    for name in ("_user_id", "_remember", "_remember_seconds"):
        session.pop(name, None)
    return bool(session.pop("_fresh", False))


def _begin_request(app: Flask, **_: object) -> None:
    _admit_test_client(app)
    freshness.begin()


def _admit_test_client(app: Flask) -> None:
    """Sign in the ``user`` of a ``flask_login.FlaskLoginClient``, which it has written into the Flask session.

    Nobody is admitted by TESTING alone: the app has to name that client as its ``test_client_class``, as only tests do.
    """
    if app.test_client_class is None or not issubclass(app.test_client_class, FlaskLoginClient):
        return
    if (href := session.get("_user_id")) is None:
        return
    if not app.testing:
        warn_once(app, "FlaskLoginClient signs its user in only while app.testing is True: set TESTING in app.config.")
    elif (user := load_user(href)) is not None:
        _enter(app, user)
    else:
        _forget()


def _end(app: Flask, user: Any) -> None:
    """*user* is signed in no more. Our pages tell this too, when it is so already; once more does no harm."""
    if session.pop("_remember", None) == "clear":
        setattr(g, _FORGETS, True)
    ours = current_session()
    if ours.user.is_authenticated and getattr(user, "href", None) not in (None, ours.user.href):
        return  # the session of somebody else, which this sign-in has replaced
    if ours.user.is_authenticated:
        log.info("%s signs out.", ours.user.href)
        stormpath().flows.sign_out(ours)
    else:
        ours.sign_out()
    freshness.forget()


@contextmanager
def begun_by_page() -> Iterator[None]:
    """A page of ours is asked, which may begin a session: a sign-in is as fresh there as one by ``login_user``."""
    before = _session_id()
    yield
    forget_user()
    if _session_id() not in (None, before):
        freshness.note(True)


def forget_user() -> None:
    """Have Flask-Login ask once more who is signed in, when somebody next looks at ``current_user``."""
    g.pop("_login_user", None)


def _note_freshness(app: Flask) -> None:
    """``flask_login.confirm_login`` was called."""
    freshness.note(True)


def _session_id() -> str | None:
    ours = current_session().session
    return None if ours is None else ours.id
