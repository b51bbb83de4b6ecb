"""Our session in a request of Django, and answers of ours as answers of Django."""

from __future__ import annotations

from wsgiref.types import WSGIApplication

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from webob import Request

from stormpath_wsgi.session import CurrentSession, session_of

#: In the environ: the :class:`~stormpath_wsgi.errors.Unavailable` that Django has made an answer of.
UNAVAILABLE = "django_stormpath.unavailable"

_NOT_WRAPPED = (
    "There is no session of ours in this request, so nobody can be signed in. In wsgi.py write: "
    "from django_stormpath.wsgi import get_wsgi_application; application = get_wsgi_application(). Requests by ASGI, "
    "and those of a bare django.test.Client, do not pass there."
)


def current_session(request: HttpRequest) -> CurrentSession:
    """The session of *request*. Raises :class:`ImproperlyConfigured` where no middleware of ours is around Django."""
    try:
        return session_of(request.META)
    except RuntimeError as error:
        raise ImproperlyConfigured(_NOT_WRAPPED) from error


def session_in(request: HttpRequest) -> CurrentSession | None:
    """The session that our ``UserMiddleware`` has found for *request*. None where it is not in use: then Django's
    ``login`` and ``logout`` are none of our business.
    """
    return getattr(request, "stormpath_session", None)


def answer_of(app: WSGIApplication, request: HttpRequest) -> HttpResponse:
    """What *app* answers to *request*, for a view to return."""
    answer = Request(request.META).get_response(app)
    response = HttpResponse(answer.body, status=answer.status_int)
    response.headers = answer.headers
    return response
