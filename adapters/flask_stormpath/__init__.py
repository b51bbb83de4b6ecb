"""Flask-Stormpath's documented names, on :mod:`stormpath_wsgi`.

Source: the documentation of Flask-Stormpath 0.4.8. What differs is listed under *Compatibility* in our documentation.
"""

from typing import Any

from flask_login import LoginManager, current_user
from werkzeug.local import LocalProxy

from flask_stormpath.context_processors import user_context_processor
from flask_stormpath.decorators import groups_required, login_required
from flask_stormpath.manager import StormpathManager
from flask_stormpath.models import User
from flask_stormpath.session import login_user, logout_user, visitor
from flask_stormpath.settings import check_settings, init_settings
from flask_stormpath.views import forgot, forgot_change, login, logout, register
from stormpath_wsgi import Client
from stormpath_wsgi import Error as StormpathError

#: Whoever is signed in: a :class:`User`, or Flask-Login's anonymous user. Outside of a request a RuntimeError.
user: Any = LocalProxy(visitor)

__all__ = [
    "Client",
    "LoginManager",
    "StormpathError",
    "StormpathManager",
    "User",
    "check_settings",
    "current_user",
    "forgot",
    "forgot_change",
    "groups_required",
    "init_settings",
    "login",
    "login_required",
    "login_user",
    "logout",
    "logout_user",
    "register",
    "user",
    "user_context_processor",
]
