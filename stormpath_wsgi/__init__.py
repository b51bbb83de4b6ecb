"""User accounts for any WSGI application: sign-up, sign-in, sessions, groups.

>>> from stormpath_wsgi import StormpathMiddleware, login_required, user
>>> application = StormpathMiddleware(application)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stormpath_wsgi.client import Client
    from stormpath_wsgi.errors import ConfigurationError, Error
    from stormpath_wsgi.middleware import StormpathMiddleware
    from stormpath_wsgi.policy import fresh_required, groups_required, login_required, second_factor_required
    from stormpath_wsgi.settings import Settings
    from stormpath_wsgi.user_proxy import user
    from stormpath_wsgi.users import AnonymousUser, User

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

#: In which module each public name is. It is imported when the name is first asked for: a command that needs none of
#: them would wait for all of them otherwise.
_HOMES = {
    "AnonymousUser": "users",
    "Client": "client",
    "ConfigurationError": "errors",
    "Error": "errors",
    "Settings": "settings",
    "StormpathMiddleware": "middleware",
    "User": "users",
    "fresh_required": "policy",
    "groups_required": "policy",
    "login_required": "policy",
    "second_factor_required": "policy",
    "user": "user_proxy",
}


def __getattr__(name: str) -> Any:
    """Called by Python for a name that is not here yet (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
