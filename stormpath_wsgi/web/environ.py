"""The names of ours in the WSGI environ of a request. What stands there is told to the application as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Who sends the request: a :class:`~stormpath_wsgi.users.User` or an :class:`~stormpath_wsgi.users.AnonymousUser`.
USER = "stormpath.user"
#: How that is known: a :class:`~stormpath_wsgi.web.identity.Proved`, or why nobody is signed in.
IDENTITY = "stormpath.identity"
#: The :class:`~stormpath_wsgi.session.CurrentSession`.
SESSION = "stormpath.session"
#: The client's object of the application that people sign in to.
APPLICATION = "stormpath.application"
#: Our pages, for a request whose session took more than a cookie to find, or was not found. Else the session has them.
PAGES = "stormpath.pages"
#: True below a path whose challenge is Basic.
OFFERS_BASIC = "stormpath.offers_basic"
#: The :class:`~stormpath_wsgi.policy.Rule` that has refused somebody who is signed in.
REFUSED_BY = "stormpath.refused_by"
#: The :class:`~stormpath_wsgi.texts.Texts` that the visitor reads, where a language was chosen.
TEXTS = "stormpath.texts"
#: The client's object of the organization that the host of the request belongs to; None: it belongs to none. Set only
#: where organizations have hosts of their own.
ORGANIZATION = "stormpath.organization"
#: The :class:`~stormpath_wsgi.web.organizations.Place` that the request was sent to, where organizations have hosts.
PLACE = "stormpath.place"
#: Whether signing in by this request connects what waits (:mod:`stormpath_wsgi.flows.waiting`). Absent: only what
#: its owner has agreed to before.
CONNECTS = "stormpath.connects"


def pages_of(environ: Mapping[str, Any]) -> Any:
    """Our pages, which draw refusals for policies, and have the :class:`~stormpath_wsgi.flows.Flows`.

    None when no middleware of ours is around. A variable for each request would cost all of them its time.
    """
    pages = environ.get(PAGES)
    if pages is None and (session := environ.get(SESSION)) is not None:
        return session.pages
    return pages
