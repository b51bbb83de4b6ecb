"""User accounts for any WSGI application: sign-up, sign-in, sessions, groups.

>>> from stormpath_wsgi import StormpathMiddleware, login_required, user
>>> application = StormpathMiddleware(application)
"""

from stormpath_wsgi.client import Client
from stormpath_wsgi.errors import ConfigurationError, Error
from stormpath_wsgi.middleware import StormpathMiddleware
from stormpath_wsgi.policy import fresh_required, groups_required, login_required, second_factor_required
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.users import AnonymousUser, User, user

__all__ = [
    "AnonymousUser",
    "Client",
    "ConfigurationError",
    "Error",
    "Settings",
    "StormpathMiddleware",
    "User",
    "fresh_required",
    "groups_required",
    "login_required",
    "second_factor_required",
    "user",
]
