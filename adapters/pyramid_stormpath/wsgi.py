"""The WSGI application of a Pyramid application, with accounts."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Any

from pyramid.config import Configurator

from stormpath_wsgi import StormpathMiddleware

#: What the names of our settings begin with in those of Pyramid, which an ``.ini`` file has.
_PREFIX = "stormpath."


class PyramidMiddleware(StormpathMiddleware):
    """The middleware around a Pyramid application."""

    @classmethod
    @cache  # the versions stand in files
    def made_with(cls) -> str:
        return f"pyramid-stormpath/{version('stormpath-wsgi')} pyramid/{version('pyramid')}"


def make_wsgi_app(config: Configurator, **settings: Any) -> PyramidMiddleware:
    """``config.make_wsgi_app()`` in our middleware. *settings*: keywords of the middleware.

    Pyramid's own settings may name ours, by dotted names: ``stormpath.web.login.uri = /sign-in`` in an ``.ini`` file.
    Raises :class:`~stormpath_wsgi.ConfigurationError` when a setting of ours is wrong.
    """
    named = {
        name.removeprefix(_PREFIX): value for name, value in config.get_settings().items() if name.startswith(_PREFIX)
    }
    return PyramidMiddleware(config.make_wsgi_app(), **{**named, **settings})
