"""The middleware around a Flask app."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import nullcontext
from functools import cache
from importlib.metadata import version
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask

from flask_stormpath.checks import check_before_serving, own_views, tell_of_another_user
from flask_stormpath.freshness import cookie_of
from flask_stormpath.late import LatePages
from flask_stormpath.pages import pages_of_flask
from flask_stormpath.routing import matches_hosts
from flask_stormpath.views import VIEWS, keep_body, leave_tokens_to_pages
from stormpath_wsgi import ConfigurationError, StormpathMiddleware
from stormpath_wsgi.adapting import AnyPage

log = logging.getLogger(__name__)


class FlaskMiddleware(StormpathMiddleware):
    """The middleware around a Flask app, which itself serves the pages that Flask-Stormpath had."""

    def __init__(self, app: Flask, **settings: Any) -> None:
        super().__init__(app.wsgi_app, **settings)
        self._app, self._wsgi_app = app, app.wsgi_app
        #: The methods of the pages that the app serves, by name.
        self.served_by_app: dict[str, frozenset[str]] = {}
        #: The addresses to which providers send people back and that the app serves: native strings of WSGI.
        self.returns: frozenset[str] = frozenset()
        #: The pages in whose place the app has a view of its own; None: not known before the first request.
        self._left_to_app: frozenset[str] | None = None
        #: Keeps whether the sign-in of a browser is fresh.
        self.fresh = cookie_of(self.settings)
        self.late = LatePages(app, self.pages)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._left_to_app is None:
            check_before_serving(self._app)
            tell_of_another_user(self._app)
            self.late.warn_of_others()
            self._left_to_app = self._find_left()
        return super().__call__(environ, start_response)

    @classmethod
    def page_kinds(cls) -> tuple[type[AnyPage], ...]:
        """Those that Flask-Stormpath had too know its forms."""
        return pages_of_flask()

    def serve_page(self, page: AnyPage, environ: WSGIEnvironment) -> WSGIApplication | None:
        """The app serves its pages by its views, before any policy for their paths."""
        if page.name in (self._left_to_app or ()):
            return None
        comes_back = environ["REQUEST_METHOD"] == "GET" and environ.get("PATH_INFO") in self.returns
        if not comes_back and environ["REQUEST_METHOD"] not in self.served_by_app.get(page.name, ()):
            # Those that know forms of Flask-Stormpath look at the app, and at its request.
            with self._app.request_context(environ) if page.name in VIEWS else nullcontext():
                return super().serve_page(page, environ)
        keep_body(environ, self.settings.max_body)
        leave_tokens_to_pages(self._app)
        return self._wsgi_app

    def _find_left(self) -> frozenset[str]:
        """The pages that an app of before has never heard of, or that its own view is older than.

        Where an app tells hosts apart, its own view for one of them comes before ours for all. No request shall reach
        that one past a policy for its path, so such a page is not served by the app.

        Raises :class:`~stormpath_wsgi.errors.ConfigurationError` for the address at which proxies ask: they take 200
        of any view there for a yes.
        """
        own = own_views(self._app)
        left = {name: own[path] for name, path in self.pages.addresses.items() if path in own}
        left = {name: endpoint for name, endpoint in left.items() if name not in self.served_by_app}
        if (asked := "forward_auth") in left:
            raise ConfigurationError(
                f"The app {self._app.name!r} has the view {left[asked]!r} at {self.pages.addresses[asked]}, where "
                "proxies ask who may pass: move the view, or move ours with web.forwardAuth.uri, in the file of the "
                "proxy too."
            )
        for name, endpoint in left.items():
            log.info(
                "The app %r has the view %r at %s, so our page %s is not served: web.%s.uri moves it.",
                self._app.name, endpoint, self.pages.addresses[name], name, name,
            )  # fmt: skip
        if matches_hosts(self._app):
            served = self.served_by_app.items()
            self.served_by_app = {name: methods for name, methods in served if self.pages.addresses[name] not in own}
        return frozenset(left)

    @classmethod
    @cache  # the versions stand in files
    def made_with(cls) -> str:
        return f"flask-stormpath/{version('stormpath-wsgi')} flask/{version('flask')}"
