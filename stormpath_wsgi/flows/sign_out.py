"""Signing out of one browser."""

from __future__ import annotations

from stormpath_wsgi.events import Events, SignedOut
from stormpath_wsgi.session import CurrentSession


class SignOut:
    """Sign-outs of one site. *events*: who listens. Lives with the process; threads may share it."""

    def __init__(self, events: Events) -> None:
        self._events = events

    def __call__(self, session: CurrentSession) -> None:
        """End *session*, and take its cookie away. Does no harm when nobody is signed in.

        Listeners are told of each account whose session ends. That may be another one than that of a token in the
        request, which stays good.

        Raises :class:`~stormpath_wsgi.errors.Unavailable` when the directory does not end it: then this browser is
        signed out all the same, listeners are told, and ``session.lives_on`` says that a copy of the cookie may still
        be good.
        """
        origin = session.origin()  # afterwards nobody is signed in
        try:
            session.sign_out()
        finally:
            for href in session.ended or (None,):
                self._events.emit(SignedOut(account=href, actor=origin.actor, credential=origin.credential))
