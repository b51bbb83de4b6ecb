"""The only view that is not the middleware's."""

from __future__ import annotations

from flask import redirect, request
from werkzeug.wrappers import Response

from flask_stormpath.extension import stormpath
from flask_stormpath.session import logout_user


def logout(**host: str) -> Response:
    """Sign out on GET, as Flask-Stormpath did. Served only where ``STORMPATH_LOGOUT_ON_GET`` says so.

    *host*: what the URL rule matched of it, which makes no difference.
    """
    logout_user()
    target = stormpath().settings.web.logout.next_uri
    response = redirect(request.script_root + target if target.startswith("/") else target)
    response.headers["Cache-Control"] = "no-store"
    return response
