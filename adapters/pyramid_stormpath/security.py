"""The security policy: who somebody is, and what access control lists let him do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from pyramid.authorization import ACLHelper, Authenticated, Everyone
from pyramid.httpexceptions import HTTPForbidden, HTTPSeeOther
from pyramid.request import Request

from stormpath_wsgi import AnonymousUser, ConfigurationError, User
from stormpath_wsgi.client import Account
from stormpath_wsgi.events import Declined
from stormpath_wsgi.flows import SignInRefused, Unfinished, flows_of
from stormpath_wsgi.policy import below_mount
from stormpath_wsgi.session import CurrentSession, session_of

#: What the principal of a group begins with. The principal of an account is its href, which begins otherwise.
_GROUP = "group:"


def principal_of_group(group: str) -> str:
    """The principal of a *group*: a name in the directory of the account, or an href, which is one group for ever."""
    return _GROUP + group


class Principals:
    """What somebody is called in an access control list: to be asked whether a name is among it.

    A group is looked up when an entry names it: no list of all the groups of somebody is made.
    """

    def __init__(self, user: User | AnonymousUser) -> None:
        self._user = user

    def __contains__(self, principal: object) -> bool:
        if principal == Everyone:
            return True
        if not isinstance(principal, str) or not self._user.is_authenticated:
            return False
        if principal.startswith(_GROUP):
            return self._user.has_group(principal.removeprefix(_GROUP))
        return principal in (Authenticated, self._user.href)

    def __iter__(self) -> Iterator[str]:
        """Those that are known without a question for each: of the groups, the first hundred."""
        yield Everyone
        if self._user.is_authenticated:
            yield from (Authenticated, str(self._user.href))
            yield from (principal_of_group(str(group.name)) for group in self._user.groups)

    def __repr__(self) -> str:
        return f"<Principals of {self._user!r}>"


class StormpathSecurityPolicy:
    """Pyramid's ``ISecurityPolicy``: asks our session who somebody is, and access control lists what he may.

    Raises :class:`~stormpath_wsgi.ConfigurationError` where the application is not wrapped: nobody is let in by
    mistake.
    """

    def __init__(self) -> None:
        self._lists = ACLHelper()

    def identity(self, request: Request) -> User | None:
        """The user; None for a stranger."""
        user = _session(request).user
        return user if isinstance(user, User) else None

    def authenticated_userid(self, request: Request) -> str | None:
        """The href of the account, which is one person's for ever; None for a stranger."""
        return _session(request).user.href

    def permits(self, request: Request, context: Any, permission: str) -> Any:
        """Whether an access control list at *context* or above it allows *permission*: Pyramid's ``Allowed`` or
        ``Denied``.
        """
        return self._lists.permits(context, Principals(_session(request).user), permission)

    def remember(
        self, request: Request, userid: Account | str, *, remember: bool | None = None, **_: Any
    ) -> list[tuple[str, str]]:
        """Sign the account *userid*, or the one at that href, in with a new session. No headers: the middleware writes
        the cookie.

        *remember*: whether the browser stays signed in, as the argument of ``sign_in.enter``. Raises Pyramid's
        ``HTTPForbidden`` where a listener or the directory refuses, and ``HTTPSeeOther`` where more is asked: that
        leads to the page that asks.
        """
        account = userid if isinstance(userid, Account) else _account(request, userid)
        try:
            result = flows_of(request.environ).sign_in.enter(_session(request), account, remember=remember)
        except (SignInRefused, Declined) as refused:
            raise HTTPForbidden(str(refused)) from refused
        if isinstance(result, Unfinished):
            raise HTTPSeeOther(_step(request, result))
        return []

    def forget(self, request: Request, **_: Any) -> list[tuple[str, str]]:
        """End the session, in the directory too. No headers: the middleware takes the cookie away."""
        flows_of(request.environ).sign_out(_session(request))
        return []


def _session(request: Request) -> CurrentSession:
    try:
        return session_of(request.environ)
    except RuntimeError as error:
        raise ConfigurationError(
            "Our middleware is not around this Pyramid application, so nobody can be signed in: end the function that "
            "makes it with return pyramid_stormpath.make_wsgi_app(config)."
        ) from error


def _step(request: Request, unfinished: Unfinished) -> str:
    """The address of the page that asks for more."""
    path = below_mount(request.environ, quote(_session(request).settings.web.at(unfinished.uri)))
    return f"{path}?{urlencode({'pending': unfinished.pending})}"


def _account(request: Request, href: str) -> Account:
    account: Account = request.environ["stormpath.application"].accounts.get(href)
    return account
