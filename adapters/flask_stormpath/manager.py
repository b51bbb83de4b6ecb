"""The extension object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from flask import Flask, current_app, has_app_context
from flask.typing import ResponseReturnValue
from flask_login import LoginManager
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from flask_stormpath.checks import check_app, own_views, tell_where_mail_goes
from flask_stormpath.context_processors import user_context_processor
from flask_stormpath.extension import NAME, current, current_session, login_disabled, stormpath
from flask_stormpath.faces import add_templates
from flask_stormpath.middleware import FlaskMiddleware
from flask_stormpath.models import User
from flask_stormpath.routing import add_page, add_view, stay_on_the_host
from flask_stormpath.session import SessionLoginManager, load_user
from flask_stormpath.settings import check_settings, init_settings, middleware_settings
from flask_stormpath.signals import name_the_anonymous, send_signals
from flask_stormpath.views import PROVIDERS, VIEWS
from stormpath_wsgi import Client, Settings
from stormpath_wsgi.client import Application
from stormpath_wsgi.errors import TooManyTries, Unavailable
from stormpath_wsgi.session import LIVES_ON


class StormpathManager:
    """Gives a Flask app user accounts. One manager may serve several apps: what belongs to an app is kept with it.

    ``StormpathManager(app)``, or ``init_app(app)`` later on. Raises :class:`~stormpath_wsgi.ConfigurationError` when a
    setting is wrong.
    """

    def __init__(self, app: Flask | None = None) -> None:
        self.app = app
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Put :class:`~stormpath_wsgi.StormpathMiddleware` around *app*, and Flask-Login in it."""
        check_app(app)
        init_settings(app.config)
        check_settings(app.config)
        middleware = FlaskMiddleware(app, **middleware_settings(app))
        send_signals(app, middleware.events)
        name_the_anonymous(app, middleware.events)
        app.extensions[NAME] = middleware
        app.wsgi_app = middleware  # type: ignore[method-assign]
        self.init_login(app)
        self.init_routes(app)
        app.context_processor(user_context_processor)
        app.register_error_handler(Unavailable, _unavailable)
        app.register_error_handler(TooManyTries, _too_many_tries)
        tell_where_mail_goes(app, middleware.settings)
        login_disabled(app)  # says it at the start, rather than when the first visitor comes
        self.app = app

    def init_login(self, app: Flask) -> None:
        """Make ``app.login_manager``."""
        manager = SessionLoginManager()
        manager.init_app(app)
        if app.config["STORMPATH_ENABLE_LOGIN"]:
            manager.login_view = "stormpath.login"
        app.stormpath_manager = self  # type: ignore[attr-defined]

    def init_routes(self, app: Flask) -> None:
        """Make ``url_for("stormpath.login")`` and the like work, and the views of the pages that the app serves."""
        middleware: FlaskMiddleware = app.extensions[NAME]
        older = own_views(app)
        for name, path in middleware.pages.addresses.items():
            if name in VIEWS and path in older:
                add_page(app, VIEWS[name].__name__, path)
            elif name in VIEWS:
                methods = middleware.served_by_app[name] = _methods(app, name, middleware.settings)
                add_view(app, VIEWS[name].__name__, path, VIEWS[name], methods)
            if name not in VIEWS or VIEWS[name].__name__ != name:
                add_page(app, name, path)
        for provider, view in PROVIDERS.items():
            if app.config[f"STORMPATH_ENABLE_{provider}"]:
                path = middleware.settings.web.callback_uri(provider.lower())
                middleware.returns |= {path.encode().decode("latin-1")}
                add_view(app, view.__name__, path, view, {"GET"})
        stay_on_the_host(app)
        add_templates(app)

    @property
    def client(self) -> Client:
        """The client of the current app."""
        return stormpath().client

    @property
    def application(self) -> Application:
        """The application that people of the current app sign in to."""
        return stormpath().application

    @property
    def login_view(self) -> str | None:
        """The endpoint, or address, that strangers are sent to. A view function may be set as well.

        Of the current app; outside of an application context, of the app that was initialised last.
        """
        return cast("str | None", self._login_manager.login_view)

    @login_view.setter
    def login_view(self, view: str | Callable[..., Any] | None) -> None:
        self._login_manager.login_view = _endpoint(self._app, view) if callable(view) else view

    @staticmethod
    def load_user(account_href: object) -> User | None:
        """The user whose account is at *account_href*; None when there is none, or when it is not ENABLED.

        That the directory cannot be reached is an :class:`~stormpath_wsgi.Error`, and never None.
        """
        return load_user(account_href)

    @property
    def _app(self) -> Flask:
        if has_app_context():
            return current()
        if self.app is None:
            raise RuntimeError("This StormpathManager has no app yet: call init_app first.")
        return self.app

    @property
    def _login_manager(self) -> LoginManager:
        return self._app.login_manager  # type: ignore[attr-defined]


def _endpoint(app: Flask, view: Callable[..., Any]) -> str:
    """What *view* is called in *app*, or will be when it is registered the usual way."""
    named = (endpoint for endpoint, registered in app.view_functions.items() if registered is view)
    return next(named, view.__name__)


def _methods(app: Flask, name: str, settings: Settings) -> frozenset[str]:
    """Those of the page *name*. Where no page asks before it signs out, GET is the application's."""
    asks = name != "logout" or settings.web.logout.page or app.config["STORMPATH_LOGOUT_ON_GET"]
    return frozenset({"POST", "GET", "HEAD"} if asks else {"POST"})


def _unavailable(error: Unavailable) -> ResponseReturnValue:
    # As an HTTP error of Flask's own, so that the app's page for 503 is shown if it has one.
    shown = ServiceUnavailable(retry_after=error.retry_after)
    if current_session().lives_on:  # to try again would not help: the cookie that names the session is gone
        shown = ServiceUnavailable(LIVES_ON)
    return current_app.handle_http_exception(shown)


def _too_many_tries(error: TooManyTries) -> ResponseReturnValue:
    return current_app.handle_http_exception(TooManyRequests(error.user_message, retry_after=error.retry_after))
