"""Flask-Stormpath's documented names, on :mod:`stormpath_wsgi`.

Source: the documentation of Flask-Stormpath 0.4.8. What differs is listed under *Compatibility* in our documentation.
"""

from importlib.metadata import version
from typing import Any

from flask import Blueprint, current_app
from flask_login import LoginManager, current_user
from werkzeug.local import LocalProxy

from flask_stormpath.context_processors import user_context_processor
from flask_stormpath.decorators import groups_required, login_required, second_factor_required
from flask_stormpath.manager import StormpathManager
from flask_stormpath.models import User
from flask_stormpath.session import login_user, logout_user, visitor
from flask_stormpath.settings import check_settings, init_settings
from flask_stormpath.views import facebook_login, forgot, forgot_change, google_login, login, logout, register
from stormpath_wsgi import Client
from stormpath_wsgi import Error as StormpathError

#: Whoever is signed in: a :class:`User`, or Flask-Login's anonymous user. Outside of a request a RuntimeError.
user: Any = LocalProxy(visitor)

flask_version = version("flask")

__version__ = version("stormpath-wsgi")
__version_info__ = __version__.split(".")
__author__ = "The stormpath-wsgi maintainers"
__license__ = "Apache-2.0"
__copyright__ = f"Copyright {__author__}"

__all__ = [
    "Blueprint",
    "Client",
    "LocalProxy",
    "LoginManager",
    "StormpathError",
    "StormpathManager",
    "User",
    "check_settings",
    "current_app",
    "current_user",
    "facebook_login",
    "flask_version",
    "forgot",
    "forgot_change",
    "google_login",
    "groups_required",
    "init_settings",
    "login",
    "login_required",
    "login_user",
    "logout",
    "logout_user",
    "register",
    "second_factor_required",
    "user",
    "user_context_processor",
]
