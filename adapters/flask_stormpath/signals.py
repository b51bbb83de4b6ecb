"""Telling a Flask app what happened on the pages that the middleware serves around it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from flask_login import user_logged_in, user_logged_out

from flask_stormpath.models import User, user_created
from stormpath_wsgi.events import AfterEvent, Events, Registered, SignedIn, SignedOut, at, here


def send_signals(app: Flask, events: Events) -> None:
    """Has *app* send, for what happens on our pages, the signals that the same act has in a view.

    Receivers run in a request context. What they do to its answer, such as writing into the Flask session, is lost; and
    as of all that listen to what has happened, what one raises is logged.
    """

    def on_pages(kind: type[AfterEvent], send: Callable[[User], object]) -> None:
        def listener(event: AfterEvent) -> None:
            origin = here()
            if origin.page and origin.environ is not None and event.account is not None:
                # What a receiver itself does is no act of our pages.
                with at(page=False), app.request_context(origin.environ):
                    send(User.at(event.account))

        events.listen(kind, listener)

    on_pages(Registered, lambda user: user.announce(user_created))
    on_pages(SignedIn, lambda user: user_logged_in.send(app, user=user))
    on_pages(SignedOut, lambda user: user_logged_out.send(app, user=user))
