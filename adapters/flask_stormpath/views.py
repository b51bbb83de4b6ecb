"""The views of our pages: each asks a page of the middleware, in a request of the app.

So hooks of the app run, receivers of signals may write into its session, and ``flash`` works.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from io import BytesIO
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

import webob
from flask import Flask, abort, current_app, redirect, request
from flask_wtf import CSRFProtect
from werkzeug.wrappers import Response

from flask_stormpath.extension import stormpath
from flask_stormpath.session import begun_by_page, logout_user
from stormpath_wsgi.adapting import HTML, EndedEarly, LogoutPage, TooLarge, read, unavailable
from stormpath_wsgi.errors import Unavailable

#: In the environ: the body of a request for one of our pages, which more than one may read.
BODY = "stormpath.flask_body"


def login(**host: str) -> Response:
    """The page where people sign in. *host*: what the URL rule matched of it, which makes no difference."""
    return _answer("login")


def register(**host: str) -> Response:
    """The page where people make an account."""
    return _answer("register")


def forgot(**host: str) -> Response:
    """The page where people ask for a new password."""
    return _answer("forgot")


def forgot_change(**host: str) -> Response:
    """The page to which the link in such a mail leads, where people choose a new password."""
    return _answer("change")


def logout(**host: str) -> Response:
    """Ends the session, if there is one. On GET a page with a button asks first, unless ``STORMPATH_LOGOUT_ON_GET``."""
    if request.method != "POST" and current_app.config["STORMPATH_LOGOUT_ON_GET"]:
        return _sign_out()
    return _answer("logout")


def google_login(**host: str) -> Response:
    """Where Google sends people back who sign in with it. Without what Google brings it leads there."""
    return _answer("social")


def facebook_login(**host: str) -> Response:
    """The same of Facebook."""
    return _answer("social")


#: By the name of a page.
VIEWS: Mapping[str, Callable[..., Response]] = {
    "login": login,
    "register": register,
    "logout": logout,
    "forgot": forgot,
    "change": forgot_change,
}

#: By what a provider is called in settings.
PROVIDERS: Mapping[str, Callable[..., Response]] = {"GOOGLE": google_login, "FACEBOOK": facebook_login}


def keep_body(environ: WSGIEnvironment, limit: int) -> None:
    """Have the body of a request read by more than one: by our page, and by hooks and receivers of the app.

    *limit*: bytes. What is longer stays as it is, and is refused by the page.
    """
    incoming = webob.Request(environ)
    try:
        body = read(incoming.body_file.read, limit, incoming.content_length)
    except TooLarge:
        environ["CONTENT_LENGTH"] = str(max(incoming.content_length or 0, limit + 1))
    except EndedEarly:
        return
    else:
        environ[BODY], environ["wsgi.input"] = body, BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))


def leave_tokens_to_pages(app: Flask) -> None:
    """Have a ``CSRFProtect`` of *app* pass our views: our pages check tokens themselves, those of Flask-WTF too."""
    guard = app.extensions.get("csrf")
    if isinstance(guard, CSRFProtect):
        for view in VIEWS.values():
            guard.exempt(view)


def _answer(name: str) -> Response:
    page = stormpath().late.named(name)
    if page is None:
        abort(404)
    environ = _environ()
    try:
        with begun_by_page():
            answer: WSGIApplication | None = page(webob.Request(environ))
    except Unavailable as error:
        answer = partial(unavailable, error)
    if answer is None:
        abort(404)
    return current_app.response_class.from_app(answer, environ, buffered=True)


def _environ() -> dict[str, Any]:
    """The environ of the request for our page, with a body of its own. A browser that does not say what it wants gets
    HTML: the forms of old tests are answered as by Flask-Stormpath.
    """
    body = request.environ.get(BODY)
    environ = dict(request.environ)
    if body is not None:
        environ["wsgi.input"] = BytesIO(body)
    if not environ.get("HTTP_ACCEPT") and not request.is_json and HTML in stormpath().settings.web.produces:
        environ["HTTP_ACCEPT"] = HTML
    return environ


def _sign_out() -> Response:
    logout_user()
    page = stormpath().late.named("logout")
    if isinstance(page, LogoutPage) and stormpath().settings.web.id_site.enabled:
        away = page.lead_on(webob.Request(_environ()))
        return current_app.response_class.from_app(away, _environ(), buffered=True)
    target = stormpath().settings.web.logout.next_uri
    response = redirect(request.script_root + target if target.startswith("/") else target)
    response.headers["Cache-Control"] = "no-store"
    return response
