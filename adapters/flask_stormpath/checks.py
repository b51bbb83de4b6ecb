"""What is wrong with an app before it serves anybody: each is told with what to write."""

from __future__ import annotations

import logging
from pathlib import Path

from flask import Flask

from flask_stormpath.extension import NAME
from flask_stormpath.faces import TEMPLATES
from flask_stormpath.routing import PREFIX
from flask_stormpath.session import SessionLoginManager
from stormpath_wsgi import ConfigurationError, Settings

log = logging.getLogger(__name__)


def check_app(app: object) -> None:
    """Raises :class:`ConfigurationError` for what a manager cannot serve."""
    if not isinstance(app, Flask):
        raise ConfigurationError(f"{app!r} is no Flask app: write StormpathManager(app) with what Flask(…) made.")
    if NAME in app.extensions:
        raise ConfigurationError(
            f"The app {app.name!r} has a StormpathManager already: write StormpathManager(app), or init_app(app) of a "
            "manager that was made without an app, and not both."
        )
    for name in (TEMPLATES, PREFIX.rstrip(".")):
        if name in app.blueprints:
            raise ConfigurationError(
                f"The app {app.name!r} has a blueprint {name!r}, and that is the name of ours: give the app's another "
                "name."
            )
    if not app.config.get("SECRET_KEY"):
        log.warning("SECRET_KEY of the app %r is not set yet: set it before the first request comes.", app.name)
    if hasattr(app, "login_manager"):
        log.warning(
            "The app %r has a LoginManager already, and ours takes its place: take the app's out. What was set on it, "
            "such as unauthorized_handler, set on app.login_manager after StormpathManager(app).",
            app.name,
        )


def check_before_serving(app: Flask) -> None:
    """The same for what an app may do after it was given to the manager, when the first request comes."""
    if not app.config.get("SECRET_KEY"):
        raise ConfigurationError(
            "SECRET_KEY is not set, and Flask has no session without it: write app.config['SECRET_KEY'] = … with a key "
            "of its own. Make one with: stormpath-wsgi secret"
        )
    if not isinstance(app.login_manager, SessionLoginManager):  # type: ignore[attr-defined]
        raise ConfigurationError(
            f"The app {app.name!r} has put a LoginManager of its own in the place of that of StormpathManager, so "
            "nobody could sign in: take LoginManager(app), or its init_app(app), out. app.login_manager is one already."
        )


def tell_of_another_user(app: Flask) -> None:
    """Log that *app* has a ``user`` of its own for all templates, which ours hides."""
    if "user" in app.jinja_env.globals:
        log.warning(
            "Templates of the app %r see who is signed in as user, and not the user in app.jinja_env.globals: give "
            "that another name.",
            app.name,
        )


def tell_where_mail_goes(app: Flask, settings: Settings) -> None:
    """Log where the mails are for people who forgot their password, while nobody has said how mail leaves."""
    if settings.remote or settings.mail.url is not None or not settings.web.forgot_password.enabled:
        return
    file = settings.directory.removeprefix("sqlite:///")
    if file in (settings.directory, ":memory:"):  # the accounts end with the process, as in tests
        return
    log.warning(
        "Mails of the app %r are written into the folder %s, and leave this machine once STORMPATH_MAIL_URL is set.",
        app.name,
        Path(file).with_name("outbox"),
    )


def own_views(app: Flask) -> dict[str, str]:
    """The endpoints of *app* that are none of ours, by the path of each that has one and the same for all requests."""
    rules = (rule for rule in app.url_map.iter_rules() if not (rule.arguments or rule.build_only))
    return {rule.rule: rule.endpoint for rule in rules if not rule.endpoint.startswith(PREFIX)}
