"""Views for members only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ParamSpec
from urllib.parse import unquote, urlencode, urlsplit

from flask import abort, current_app, request
from flask_login import LoginManager
from werkzeug.wrappers import Response

import stormpath_wsgi
from flask_stormpath.extension import current, current_session, login_disabled, stormpath
from stormpath_wsgi.adapting import REFUSED_BY
from stormpath_wsgi.policy import FORBIDDEN, Policy, challenge, wants_header
from stormpath_wsgi.session import CurrentSession

P = ParamSpec("P")


def login_required(view: Callable[P, Any]) -> Callable[P, Any]:
    """*view*, for those who are signed in. Strangers get ``app.login_manager.unauthorized()``.

    Who brings a token or an API key that is not good gets 401 with ``WWW-Authenticate``, unless the app has an
    ``unauthorized_handler``, which decides for itself.

    Whoever comes reaches it while ``LOGIN_DISABLED`` is True in ``app.config``; the same holds for
    :func:`groups_required`.
    """
    return _guarded(view, stormpath_wsgi.login_required)


def groups_required(groups: Iterable[Any], all: bool = True) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """A decorator for views that are for the members of all (or any) of *groups*: Group objects, names or hrefs.

    Membership is asked of the directory's groups by identity. Nobody is in a group that does not exist or is
    DISABLED, and nobody passes an empty list.
    """
    policy = stormpath_wsgi.groups_required(groups, all)
    return lambda view: _guarded(view, policy)


def second_factor_required(view: Callable[P, Any]) -> Callable[P, Any]:
    """*view*, for those who have proved a second factor in this session. Flask-Stormpath had none.

    Others are asked for one and come back; who has none is led to the account page, and a program gets 403. Strangers
    get what :func:`login_required` gives them.
    """
    policy = stormpath_wsgi.second_factor_required
    if not callable(view):
        raise TypeError(f"{policy.name} goes above a view function, and {view!r} is none.")

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
        ours = current_session()
        if login_disabled(current()) or policy.holds(ours):
            return current_app.ensure_sync(view)(*args, **kwargs)
        if not ours.user.is_authenticated:
            return _refusal(stormpath_wsgi.login_required)
        return current_app.response_class.from_app(policy(challenge), request.environ)  # which never gets so far

    return guarded


def _guarded(view: Callable[P, Any], policy: Policy) -> Callable[P, Any]:
    if not callable(view):
        raise TypeError(f"{policy.name} goes above a view function, and {view!r} is none.")

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
        if not (login_disabled(current()) or policy.allows(current_session().user)):
            return _refusal(policy)
        return current_app.ensure_sync(view)(*args, **kwargs)

    return guarded


def _refusal(policy: Policy) -> Any:
    ours = current_session()
    signed_in = ours.user.is_authenticated
    if signed_in:
        request.environ[REFUSED_BY] = policy
    if signed_in and (_is_program(ours) or not current_app.config["STORMPATH_GROUPS_REDIRECT"]):
        abort(403)
    manager: LoginManager = current_app.login_manager  # type: ignore[attr-defined]
    if wants_header(request.environ) and not manager.unauthorized_callback:
        return current_app.response_class.from_app(challenge, request.environ)
    answer = manager.unauthorized()
    return _told_why(answer) if signed_in and not manager.unauthorized_callback else answer


def _is_program(ours: CurrentSession) -> bool:
    """Whether a token or an API key says who it is: whoever sends one does not look at a login page."""
    kind = ours.identity.kind
    return kind is not None and kind.in_header


def _told_why(answer: Response) -> Response:
    """*answer*, so that our sign-in page, if that is where it leads, says that this account may not see the page."""
    login, target = stormpath().settings.web.login, urlsplit(answer.location or "")
    if login.enabled and unquote(target.path) == request.script_root + stormpath().settings.web.at(login.uri):
        status = urlencode({"status": FORBIDDEN})
        answer.location = target._replace(query=f"{target.query}&{status}".lstrip("&")).geturl()
    return answer
