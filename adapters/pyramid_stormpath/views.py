"""What people get who may not see a view."""

from __future__ import annotations

from pyramid.request import Request
from pyramid.response import Response

from stormpath_wsgi.policy import challenge, forbid


def refused(request: Request) -> Response:
    """Strangers are asked to sign in: with our page, or with a 401 where a program asks. Others get 403."""
    return request.get_response(challenge if request.identity is None else forbid)
