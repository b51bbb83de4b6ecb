"""Views for members only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ParamSpec

from flask import abort, current_app

import stormpath_wsgi
from flask_stormpath.extension import current, current_session, login_disabled
from stormpath_wsgi.policy import Policy

P = ParamSpec("P")


def login_required(view: Callable[P, Any]) -> Callable[P, Any]:
    """*view*, for those who are signed in. Strangers get ``app.login_manager.unauthorized()``.

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


def _guarded(view: Callable[P, Any], policy: Policy) -> Callable[P, Any]:
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
        if not (login_disabled(current()) or policy.allows(current_session().user)):
            return _refusal()
        return current_app.ensure_sync(view)(*args, **kwargs)

    return guarded


def _refusal() -> Any:
    if current_session().user.is_authenticated and not current_app.config["STORMPATH_GROUPS_REDIRECT"]:
        abort(403)
    return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
