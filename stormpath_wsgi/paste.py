"""PasteDeploy: the middleware as a filter in an ini file, ``use = egg:stormpath-wsgi``."""

from __future__ import annotations

from collections.abc import Mapping
from wsgiref.types import WSGIApplication

from stormpath_wsgi.middleware import StormpathMiddleware


def filter_app_factory(app: WSGIApplication, global_conf: Mapping[str, str], **local_conf: str) -> StormpathMiddleware:
    """*app*, with user accounts. *local_conf*: settings by dotted names, ``session.idle = PT1H``.

    Text is read as in environment variables; an empty value says nothing. Raises ConfigurationError.
    """
    return StormpathMiddleware(app, **{name: text for name, text in local_conf.items() if text.strip()})
