"""Telling a Flask app what happened on the pages that the middleware serves around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask
from flask_login import user_logged_in, user_logged_out

from flask_stormpath.models import User, user_created
from stormpath_wsgi.client import Account

Handler = Callable[[Account | None, dict[str, Any]], None]


def page_handlers(app: Flask) -> Mapping[str, Handler]:
    """Handlers for our pages, by the names of their settings. Each sends the signal that the same act has in a view.

    Receivers run in a request context. What they do to its answer, such as writing into the Flask session, is lost.
    """

    def sending(send: Callable[[User], object]) -> Handler:
        def handler(account: Account | None, environ: dict[str, Any]) -> None:
            if account is not None:
                with app.request_context(environ):
                    send(User.at(account.href))

        return handler

    return {
        "web.postRegistrationHandler": sending(lambda user: user.announce(user_created)),
        "web.postLoginHandler": sending(lambda user: user_logged_in.send(app, user=user)),
        "web.postLogoutHandler": sending(lambda user: user_logged_out.send(app, user=user)),
    }
