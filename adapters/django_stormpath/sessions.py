"""Keeping three in step: our session, Django's session, and what a project does with ``login`` and ``logout``."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import Q
from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from django_stormpath.models import Account
from django_stormpath.request import session_in
from stormpath_wsgi.events import Declined
from stormpath_wsgi.flows import Finished, SignInRefused, flows_of
from stormpath_wsgi.session import CurrentSession
from stormpath_wsgi.web.identity import CredentialKind, Proved

log = logging.getLogger(__name__)

#: In Django's session: the href of the account that it belongs to.
_OWNER = "_stormpath_account"


def keep_apart(request: HttpRequest, ours: CurrentSession) -> None:
    """Empty Django's session where it belongs to somebody else than whoever is signed in now.

    People sign in and out on our pages, where Django does not see it. What a stranger has put in stays, as with
    Django's own ``login``, under another key.
    """
    if not hasattr(request, "session") or settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return
    owner, now = request.session.get(_OWNER), _href(ours)
    if owner == now:
        return
    if owner is not None:
        request.session.flush()
    elif not request.session.is_empty():
        request.session.cycle_key()
    if now is not None and not request.session.is_empty():
        request.session[_OWNER] = now


def mark(request: HttpRequest, ours: CurrentSession) -> None:
    """Note in Django's session, if something was written there, whose it is."""
    now = _href(ours)
    if now is None or not hasattr(request, "session") or not request.session.modified or request.session.is_empty():
        return
    request.session[_OWNER] = now


def tell_of_sign_in(request: HttpRequest, user: Any, ours: CurrentSession) -> None:
    """Send Django's ``user_logged_in``, once for each sign-in on our pages: with the first request that asks who it is.

    So ``last_login`` is kept, and the form token changes, as with Django's own ``login``.
    """
    identity = ours.identity
    if not isinstance(identity, Proved) or identity.kind is not CredentialKind.SESSION:
        return
    at, seen = dt.datetime.fromtimestamp(identity.at, dt.UTC), user.stormpath_account.signed_in_at
    if seen is not None and _aware(seen) >= at:
        return
    stored = at if settings.USE_TZ else at.astimezone().replace(tzinfo=None)
    newer = Q(signed_in_at__isnull=True) | Q(signed_in_at__lt=stored)
    # Of several requests at once, one tells.
    if Account.objects.filter(newer, user=user).update(signed_in_at=stored):
        rotate_token(request)
        user_logged_in.send(sender=type(user), request=request, user=user)


def begin(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    """Begin a session of ours for *user*, whom Django's ``login`` has signed in.

    Raises :class:`PermissionDenied` where a listener or the directory refuses, or more is asked than the project has
    proved; and :class:`ImproperlyConfigured` for a row that has no account. Nobody is signed in then.
    """
    ours = session_in(request)
    if ours is None:
        return
    account = Account.objects.filter(user=user).first()
    if account is not None and account.href == _href(ours):
        return
    try:
        _enter(request, ours, account)
    except BaseException:
        request.session.flush()
        request.user = AnonymousUser()
        raise


def _enter(request: HttpRequest, ours: CurrentSession, account: Account | None) -> None:
    if account is None:
        raise ImproperlyConfigured(
            "login() was called for a row without an account, and only accounts have sessions. Make the account first, "
            "and a django_stormpath Account with its href and the row."
        )
    found = request.META["stormpath.application"].accounts.get(account.href)
    try:
        result = flows_of(request.META).sign_in.enter(ours, found)
    except (SignInRefused, Declined) as refused:
        raise PermissionDenied(str(refused)) from refused
    if not isinstance(result, Finished):
        raise PermissionDenied(f"{account.href} is not signed in: {result.asks} is asked.")


def end(sender: Any, request: HttpRequest, **_: Any) -> None:
    """End our session: Django's ``logout`` was called, by the admin for example."""
    ours = session_in(request)
    if ours is not None:
        log.info("%s signs out.", _href(ours))
        flows_of(request.META).sign_out(ours)


def _href(ours: CurrentSession) -> str | None:
    """Who is signed in. That is no look at the user: it does not make the answer depend on the cookie."""
    return ours.identity.href if isinstance(ours.identity, Proved) else None


def _aware(moment: dt.datetime) -> dt.datetime:
    return moment if moment.tzinfo else moment.astimezone()
