"""Pyramid on :mod:`stormpath_wsgi`: ``config.include("pyramid_stormpath")``, and our middleware around the application.

``request.identity`` is the :class:`~stormpath_wsgi.User`, ``request.authenticated_userid`` the href of the account, and
groups are principals of access control lists.
"""

from __future__ import annotations

from pyramid.config import Configurator

from pyramid_stormpath.security import Principals, StormpathSecurityPolicy, principal_of_group
from pyramid_stormpath.views import refused
from pyramid_stormpath.wsgi import PyramidMiddleware, make_wsgi_app

__all__ = [
    "Principals",
    "PyramidMiddleware",
    "StormpathSecurityPolicy",
    "includeme",
    "make_wsgi_app",
    "principal_of_group",
]


def includeme(config: Configurator) -> None:
    """Set the security policy, and what people get who may not see a view. The application may set others instead."""
    config.set_security_policy(StormpathSecurityPolicy())
    config.add_forbidden_view(refused)
