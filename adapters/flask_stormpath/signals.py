"""Telling a Flask app what happened on the pages that the middleware serves around it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

from flask import Flask, has_request_context, request
from flask_login import user_logged_in, user_logged_out

from flask_stormpath.models import User, user_created
from flask_stormpath.session import forget_user
from stormpath_wsgi.events import AfterEvent, Events, Registered, RegistrationStarts, SignedIn, SignedOut, at, here


def send_signals(app: Flask, events: Events) -> None:
    """Has *app* send, for what happens on our pages, the signals that the same act has in a view.

    Receivers run in the request of a page that the app serves itself, and may ``flash`` or write into its session. At
    the others they run in a request context of their own, and what they do to its answer is lost. As of all that listen
    to what has happened, what one raises is logged.
    """

    def on_pages(kind: type[AfterEvent], send: Callable[[User], object]) -> None:
        def listener(event: AfterEvent) -> None:
            origin = here()
            if origin.page and origin.environ is not None and event.account is not None:
                # What a receiver itself does is no act of our pages.
                with at(page=False), _request_of(app, origin.environ):
                    send(User.at(event.account))

        events.listen(kind, listener)

    on_pages(Registered, lambda user: user.announce(user_created))
    on_pages(SignedIn, lambda user: user_logged_in.send(app, user=user))
    on_pages(SignedOut, lambda user: user_logged_out.send(app, user=user))


def name_the_anonymous(app: Flask, events: Events) -> None:
    """Has the register page fill in ``STORMPATH_ANONYMOUS_NAME``, where *app* has set it, for names not given."""

    def fill_in(event: RegistrationStarts) -> RegistrationStarts | None:
        name = app.config["STORMPATH_ANONYMOUS_NAME"]
        if not name or not here().page:
            return None
        return replace(event, data={"given_name": name, "surname": name, **event.data})

    events.listen(RegistrationStarts, fill_in)


def _request_of(app: Flask, environ: dict[str, Any]) -> AbstractContextManager[object]:
    """The request with that *environ*: the one that *app* serves, or a context for this moment."""
    if has_request_context() and request.environ is environ:
        forget_user()
        return nullcontext()
    return app.request_context(environ)
