"""PasteDeploy: the middleware as a filter in an ini file, ``use = egg:stormpath-wsgi``."""

from __future__ import annotations

from collections.abc import Mapping
from wsgiref.types import WSGIApplication

from stormpath_wsgi.middleware import StormpathMiddleware


def filter_app_factory(app: WSGIApplication, global_conf: Mapping[str, str], **local_conf: str) -> StormpathMiddleware:
    """Wraps *app* in the middleware. *local_conf*: settings by dotted names, such as ``session.idle = PT1H``.

    Texts are read like those of environment variables; an empty value is ignored. Raises
    :class:`~stormpath_wsgi.ConfigurationError`.
    """
    return StormpathMiddleware(app, **{name: text for name, text in local_conf.items() if text.strip()})
