"""``request.user``, from our session."""

from __future__ import annotations

from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import get_backends
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from django_stormpath.backends import StormpathBackend
from django_stormpath.request import UNAVAILABLE, current_session, session_in
from django_stormpath.sessions import keep_apart, mark, tell_of_sign_in
from stormpath_wsgi.errors import Unavailable

#: In the request: its user, once it was asked for.
_FOUND = "_stormpath_user"


class UserMiddleware(AuthenticationMiddleware):
    """In ``MIDDLEWARE`` in place of Django's ``AuthenticationMiddleware``.

    The row is looked up, and made or brought up to date, when something of ``request.user`` is read.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Set ``request.user``, ``request.auser``, and ``request.stormpath_session``, a
        :class:`~stormpath_wsgi.session.CurrentSession`.

        Raises :class:`ImproperlyConfigured` where Django is not wrapped in our middleware, or is served by ASGI: nobody
        is let in by mistake.
        """
        request.stormpath_session = ours = current_session(request)
        keep_apart(request, ours)
        request.user = SimpleLazyObject(partial(_user, request))
        request.auser = partial(_auser, request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """That the directory is away is no error of the view: visitors get our page for that, with the status 503."""
        if not isinstance(exception, Unavailable):
            return None
        request.META[UNAVAILABLE] = exception
        return HttpResponse(status=503)

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        """Note whose Django's session is."""
        ours = session_in(request)
        if ours is not None:
            mark(request, ours)
        return response


def _user(request: HttpRequest) -> Any:
    if not hasattr(request, _FOUND):
        setattr(request, _FOUND, _found(request))
    return getattr(request, _FOUND)


async def _auser(request: HttpRequest) -> Any:
    return await sync_to_async(_user)(request)


def _found(request: HttpRequest) -> Any:
    ours = request.stormpath_session
    visitor = ours.user
    try:
        user = _backend().user_of(visitor) if visitor.is_authenticated else None
    except Unavailable as error:
        request.META[UNAVAILABLE] = error  # wherever in Django it was asked
        raise
    if user is None:
        return AnonymousUser()
    setattr(request, _FOUND, user)  # receivers of the signal ask for it
    tell_of_sign_in(request, user, ours)
    return user


def _backend() -> StormpathBackend:
    found = next((backend for backend in get_backends() if isinstance(backend, StormpathBackend)), None)
    if found is None:
        raise ImproperlyConfigured("AUTHENTICATION_BACKENDS needs django_stormpath.backends.StormpathBackend.")
    return found
