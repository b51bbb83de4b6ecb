"""Whether the sign-in of this browser is fresh, as Flask-Login calls it: made since the browser was opened.

Flask-Login keeps that in the Flask session, under ``_fresh``. Then every request of every member would bring a Flask
session, which takes Flask longer to read than all that we do. So a cookie of our own keeps it, which names our session
and ends when the browser is closed, and in the Flask session it stands only while a request is served.
"""

from __future__ import annotations

from flask import g, request, session
from flask.sessions import NullSession, SessionMixin

from flask_stormpath.extension import current_session, stormpath
from stormpath_wsgi import Settings
from stormpath_wsgi.adapting import SignedCookie
from stormpath_wsgi.session import CurrentSession

NAME = "stormpath_fresh"

#: What Flask-Login writes into the Flask session besides who is signed in, and nobody needs here.
_OF_FLASK_LOGIN = ("_fresh", "_id")

#: In ``flask.g``: whether what stands under ``_fresh`` in the Flask session is true.
_KNOWN = "_stormpath_fresh"

#: An attribute of the request: its Flask session.
_HELD = "_stormpath_flask_session"

#: The highest number of cookies that are known again without a look at their signatures.
MOST_REMEMBERED = 1000

#: The characters of the longest id of a session, with a signature.
_LONGEST = 64 + 1 + 64


def cookie_of(settings: Settings) -> SignedCookie:
    """The cookie that keeps it."""
    secure = bool(settings.session.cookie_secure)
    return SignedCookie(
        NAME,
        "flask_stormpath fresh 1",
        settings.secret_keys,
        longest=_LONGEST,
        secure=secure,
        remembers=min(MOST_REMEMBERED, settings.cache_size),
    )


def begin() -> None:
    """Take ``_fresh`` out of the Flask session that came with a request, before anybody reads it: a version of before
    has written it there, or the app, and nobody knows of which session.
    """
    flask_session = session._get_current_object()  # type: ignore[attr-defined]
    setattr(request, _HELD, flask_session)
    if "_fresh" not in flask_session:
        flask_session.accessed = False  # that was no look on which the answer depends
    elif not g.get(_KNOWN):
        _remove_from_flask()


def follow(ours: CurrentSession) -> None:
    """Let Flask-Login read in the Flask session what the cookie says of *ours*. Called when it is asked who sends the
    request.
    """
    begun = ours.session
    if begun is not None and begun.id in stormpath().fresh.values(ours.environ):
        _write()
    elif "_fresh" in _flask_session() and not g.get(_KNOWN):
        _remove_from_flask()


def note(fresh: bool) -> None:
    """Keep whether the sign-in that has just been made, or confirmed, is *fresh*."""
    begun = current_session().session
    if not fresh or begun is None:
        forget()
        return
    _remove_from_flask()
    stormpath().fresh.sign(current_session(), begun.id)
    _write()


def forget() -> None:
    """Nobody is signed in any more, or somebody else is."""
    _remove_from_flask()
    ours, cookie = current_session(), stormpath().fresh
    if cookie.texts(ours.environ):
        cookie.remove(ours)


def leave() -> None:
    """Take ``_fresh`` out of the Flask session again, before Flask saves that."""
    if g.get(_KNOWN):
        flask_session = _flask_session()
        modified = flask_session.modified
        flask_session.pop("_fresh", None)
        flask_session.modified = modified


def _write() -> None:
    flask_session = _flask_session()
    if isinstance(flask_session, NullSession):
        return  # the app has no SECRET_KEY
    modified = flask_session.modified
    flask_session["_fresh"] = True
    flask_session.modified = modified
    setattr(g, _KNOWN, True)


def _flask_session() -> SessionMixin:
    """The Flask session, without Flask's proxy. Flask takes a look through that for one on which the page depends, and
    adds ``Vary: Cookie``; our middleware adds it where it is due.
    """
    held: SessionMixin | None = getattr(request, _HELD, None)
    return session._get_current_object() if held is None else held  # type: ignore[attr-defined]


def _remove_from_flask() -> None:
    g.pop(_KNOWN, None)
    for name in _OF_FLASK_LOGIN:
        session.pop(name, None)
