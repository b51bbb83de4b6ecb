"""Policies: which visitors may pass, and the challenge for the others."""

from __future__ import annotations

import json
import logging
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol, TypeAlias, overload
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from webob import Request

from stormpath_wsgi.checks import Check
from stormpath_wsgi.client import Group
from stormpath_wsgi.errors import Error
from stormpath_wsgi.session import session_of
from stormpath_wsgi.settings import WebSettings
from stormpath_wsgi.texts import marked
from stormpath_wsgi.users import AnonymousUser, GroupName, User, group_key
from stormpath_wsgi.web.environ import OFFERS_BASIC, REFUSED_BY, SESSION, pages_of
from stormpath_wsgi.web.identity import CredentialKind, Refused
from stormpath_wsgi.web.language import texts_of, waiting_time
from stormpath_wsgi.web.negotiation import HTML, JSON, preferred
from stormpath_wsgi.web.responses import ExcInfo, Headers, Refusals

log = logging.getLogger(__name__)

#: A function that wraps an application and decides which requests reach it. Every :class:`Rule` is one.
Wrapper: TypeAlias = Callable[[WSGIApplication], WSGIApplication]

#: The headers of a 401 (RFC 9110 asks for one).
_BEARER = ("WWW-Authenticate", 'Bearer realm="stormpath"')
#: The same, where a token was sent and is not good (RFC 6750, section 3.1).
_BAD_TOKEN = ("WWW-Authenticate", 'Bearer realm="stormpath", error="invalid_token"')
#: What makes a program send an API key, and a browser open a window of its own (RFC 7617).
_BASIC = ("WWW-Authenticate", 'Basic realm="stormpath", charset="UTF-8"')

#: What the names of headers begin with that browsers send with every request over https, and programs do not.
_OF_BROWSERS = "HTTP_SEC_FETCH_"

#: The header of answers that depend on the visitor.
NOT_STORED = ("Cache-Control", "no-store")

NOT_SIGNED_IN = marked("You are not authenticated. Please log in to access this resource.")
NOT_ALLOWED = marked("You do not have sufficient permissions to access this resource.")


#: What an id of a request may be that stands in the log as it came.
_REQUEST_ID = re.compile(r"[0-9A-Za-z._:/+=@-]{1,128}")

#: The value of ``?status=`` with which somebody who is signed in and may not pass is sent to the login page. There it
#: shows the form, and says who is signed in and that this account may not see the page that was wanted.
FORBIDDEN = "forbidden"


class Visit(Protocol):
    """What a policy looks at of whoever asks: a :class:`~stormpath_wsgi.session.CurrentSession`, or what may be one."""

    @property
    def user(self) -> User | AnonymousUser:
        """Who is signed in."""

    @property
    def is_fresh(self) -> bool:
        """Whether the sign-in is not longer ago than the setting ``session.fresh``."""

    @property
    def second_factor(self) -> int | None:
        """When a second factor was proved in this session, in seconds since the epoch; None: none was."""

    def is_younger(self, seconds: float) -> bool:
        """Whether the sign-in is less than so many *seconds* ago."""


class Rule(ABC):
    """What every policy can do: go around an app, explain itself, and be combined with others.

    ``one & other`` lets pass whom both let pass, ``one | other`` whom one of them does, and ``~one`` whom it does not.
    """

    #: What it is called, in the log.
    name: str
    #: The groups that it asks for, by name or href; empty: it asks for something else.
    groups: tuple[str, ...] = ()

    @abstractmethod
    def passes(self, visit: Visit) -> bool:
        """Whether whoever asks may pass."""

    @abstractmethod
    def check(self, visit: Visit) -> Check:
        """The same with the reasons, and what would make it pass. It may ask more of the directory."""

    def refuse(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answers a visitor whom it does not let pass: a stranger is asked to sign in, others get 403. A WSGI app."""
        if not session_of(environ).user.is_authenticated:
            return challenge(environ, start_response)
        environ[REFUSED_BY] = self
        return forbid(environ, start_response)

    def __call__(self, app: WSGIApplication) -> WSGIApplication:
        if not callable(app):
            raise TypeError(f"{self.name} goes around a WSGI application, and {app!r} is none.")

        def guarded(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            session = session_of(environ)
            if self.passes(session):
                return app(environ, start_response)
            if _seconds_to_wait(environ) is None:  # the log was told when the wait began
                _log(self, session, environ)
            return self.refuse(environ, start_response)

        return guarded

    def __bool__(self) -> bool:
        """Refuses ``and``, ``or`` and ``not``, which would leave a policy out unseen."""
        raise TypeError("Combine policies with &, | and ~, and not with and, or, not.")

    def __and__(self, other: object) -> Rule:
        return _All((self, other)) if isinstance(other, Rule) else NotImplemented

    def __or__(self, other: object) -> Rule:
        return _Any((self, other)) if isinstance(other, Rule) else NotImplemented

    def __invert__(self) -> Rule:
        return _Not(self)


def _log(policy: Rule, session: Visit, environ: WSGIEnvironment) -> None:
    """Logs that *policy* refuses a request, and why; under the id that a proxy or server has given the request."""
    if not log.isEnabledFor(logging.INFO):
        return
    id = environ.get("HTTP_X_REQUEST_ID", "")
    request = f" (request {id})" if _REQUEST_ID.fullmatch(id) else ""
    try:
        why: Check | str = policy.check(session)
    except Error as error:  # the refusal stands all the same
        why = f"why is not known: {error}"
    log.info("The policy %s refuses %r%s: %s", policy.name, session.user, request, why)


@dataclass(frozen=True)
class Policy(Rule):
    """A named question about a user.

    Called with a WSGI app, it returns one that asks the question before each request.
    """

    name: str
    allows: Callable[[User | AnonymousUser], bool]
    #: The groups that it asks for, by name or href; empty: it asks for something else.
    groups: tuple[str, ...] = ()
    #: Whether it asks for all of these groups, and not for one of them.
    all_groups: bool = True

    def passes(self, visit: Visit) -> bool:
        """See :meth:`Rule.passes`."""
        return self.allows(visit.user)

    def check(self, visit: Visit) -> Check:
        """See :meth:`Rule.check`."""
        user, passed = visit.user, self.allows(visit.user)
        remedy = "sign in"
        if user.is_authenticated:
            remedy = "" if self.groups else f"{_place(self.allows)} has to answer yes"
            if self.groups and not self.all_groups:
                remedy = "one of these is enough"
        return Check(self.name, passed, remedy, tuple(_of_group(group, user) for group in self.groups))


def _of_group(group: str, user: User | AnonymousUser) -> Check:
    return Check(f"in the group {group}", user.has_groups([group]), "stormpath-wsgi group add puts an account into it")


def _place(function: object) -> str:
    """Where a developer finds *function*."""
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{getattr(named, '__qualname__', '')}"


login_required = Policy("login_required", lambda user: user.is_authenticated)


def groups_required(groups: Iterable[GroupName], all: bool = True) -> Policy:
    """The policy that lets members of all *groups* pass, or with ``all=False`` members of one of them.

    *groups*: Group objects, hrefs or names. A group that does not exist has no members. With an empty list no visitor
    passes.
    """
    if isinstance(groups, str | Group) or callable(groups):
        raise TypeError("groups_required takes a list of groups: write groups_required([…])")
    wanted = tuple(group_key(group) for group in groups)
    name = f"groups_required({', '.join(wanted)})"
    return Policy(name, lambda user: user.has_groups(wanted, all), wanted, all)


@dataclass(frozen=True)
class SessionPolicy(Rule):
    """A named question about the session of somebody who is signed in. It is used as a :class:`Policy` is.

    *holds*: whether the session will do. *page*: of the settings, our page that mends it, and what its address says
    besides ``next``; None: it is not served. A browser is sent there and comes back; a program gets 403, and so does
    who is signed in by a token or an API key, which proves nothing of the kind. *remedy*: what makes it pass.
    """

    name: str
    holds: Callable[[Visit], bool]
    page: Callable[[WebSettings], tuple[str, str] | None]
    remedy: str = ""

    def passes(self, visit: Visit) -> bool:
        """See :meth:`Rule.passes`."""
        return self.holds(visit)

    def check(self, visit: Visit) -> Check:
        """See :meth:`Rule.check`."""
        return Check(self.name, self.holds(visit), self.remedy if visit.user.is_authenticated else "sign in")

    def refuse(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """See :meth:`Rule.refuse`. A browser with a session is sent to the page that mends it."""
        session = session_of(environ)
        web = session.settings.web
        page = self.page(web)
        if session.session is None or page is None or preferred(environ, web.produces) != HTML:
            return super().refuse(environ, start_response)
        uri, query = page
        return _redirect(environ, start_response, web.at(uri), query)


class _Fresh(SessionPolicy):
    """See :data:`fresh_required`."""

    @overload
    def __call__(self, minutes: float, /) -> SessionPolicy: ...
    @overload
    def __call__(self, app: WSGIApplication, /) -> WSGIApplication: ...
    def __call__(self, app: Any, /) -> WSGIApplication | SessionPolicy:
        is_number = isinstance(app, int | float) and not isinstance(app, bool)
        if not is_number:
            return super().__call__(app)
        if not 0 < app < math.inf:
            raise ValueError(f"fresh_required takes a number of minutes above 0, and not {app}.")
        seconds = math.ceil(app * 60)
        return SessionPolicy(
            f"fresh_required({app:g})",
            lambda visit: visit.is_younger(seconds),
            lambda web: (web.fresh.uri, f"within={seconds}") if web.fresh.enabled else None,
            _PROVE_AGAIN,
        )


_PROVE_AGAIN = "prove once more who you are: the sign-in is too long ago"

#: The policy for those only who have signed in not longer ago than the setting ``session.fresh``; ``fresh_required(5)``
#: is one that asks for five minutes, or any other number above 0.
#:
#: Others who are signed in by a session are asked for the password once more, and come back; a program gets 403. A
#: browser that was not asked for the second factor, because it is remembered, is asked for that too.
#:
#: Raises TypeError for what is neither a number nor a WSGI application, ValueError for a number that is not above 0.
fresh_required = _Fresh(
    "fresh_required",
    lambda visit: visit.is_fresh,
    lambda web: (web.fresh.uri, "") if web.fresh.enabled else None,
    _PROVE_AGAIN,
)

#: The policy for those only who have proved a second factor in this session. Others are asked for one and come back;
#: who has none sets one up on the account page first. A browser that is not asked at the sign-in is asked here.
second_factor_required = SessionPolicy(
    "second_factor_required",
    lambda visit: visit.second_factor is not None,
    lambda web: (web.second_factor.uri, "") if web.second_factor.enabled else None,
    "prove a second factor in this session",
)


@dataclass(frozen=True)
class _All(Rule):
    """``one & other``. Who is refused is answered by the first that does not let pass."""

    parts: tuple[Rule, ...]

    @property
    def name(self) -> str:  # type: ignore[override]  # it follows from its parts
        return f"({' & '.join(part.name for part in self.parts)})"

    @property
    def groups(self) -> tuple[str, ...]:  # type: ignore[override]  # they follow from its parts
        return tuple(group for part in self.parts for group in part.groups)

    def passes(self, visit: Visit) -> bool:
        return all(part.passes(visit) for part in self.parts)

    def check(self, visit: Visit) -> Check:
        parts = tuple(part.check(visit) for part in self.parts)
        return Check(self.name, all(part.passed for part in parts), "all of these have to pass", parts)

    def refuse(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        session = session_of(environ)
        refusing = next((part for part in self.parts if not part.passes(session)), self.parts[0])
        return refusing.refuse(environ, start_response)


@dataclass(frozen=True)
class _Any(Rule):
    """``one | other``. Who is refused is answered by the last one."""

    parts: tuple[Rule, ...]

    @property
    def name(self) -> str:  # type: ignore[override]  # it follows from its parts
        return f"({' | '.join(part.name for part in self.parts)})"

    def passes(self, visit: Visit) -> bool:
        return any(part.passes(visit) for part in self.parts)

    def check(self, visit: Visit) -> Check:
        parts = tuple(part.check(visit) for part in self.parts)
        return Check(self.name, any(part.passed for part in parts), "one of these has to pass", parts)

    def refuse(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.parts[-1].refuse(environ, start_response)


@dataclass(frozen=True)
class _Not(Rule):
    """``~one``."""

    part: Rule

    @property
    def name(self) -> str:  # type: ignore[override]  # it follows from its part
        return f"~{self.part.name}"

    def passes(self, visit: Visit) -> bool:
        return not self.part.passes(visit)

    def check(self, visit: Visit) -> Check:
        part = self.part.check(visit)
        return Check(self.name, not part.passed, "this must not pass", (part,))


def challenge(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Asks a visitor to sign in: with the login page if the client prefers HTML, otherwise with a 401. A WSGI app.

    It is always a 401 after a wrong token, API key or password, and for a program at a path that offers Basic; and a
    429 with ``Retry-After`` after one that came too soon to be looked at.
    """
    seconds = _seconds_to_wait(environ)
    if seconds is not None:
        told, wait = waiting_time(seconds, texts_of(environ)), ("Retry-After", str(seconds))
        return _as_json(environ, start_response, HTTPStatus.TOO_MANY_REQUESTS, told, [wait])
    session = session_of(environ)
    if refused_in_header(environ) is None:
        session.drop_tokens()
    web = session.settings.web
    if not wants_header(environ) and web.login.enabled and preferred(environ, web.produces) == HTML:
        return _redirect(environ, start_response, web.at(web.login.uri))
    told = texts_of(environ).gettext(NOT_SIGNED_IN)
    return _as_json(environ, start_response, HTTPStatus.UNAUTHORIZED, told, www_authenticate(environ))


def _redirect(environ: WSGIEnvironment, start_response: StartResponse, uri: str, query: str = "") -> Iterable[bytes]:
    """Sends a browser to the page of ours at *uri*, which leads back to the address that was asked for. *query*: what
    its address says besides.
    """
    parameters = "&".join(filter(None, (query, _next(environ))))
    location = below_mount(environ, quote(uri)) + (f"?{parameters}" if parameters else "")
    headers = [("Location", location), ("Content-Type", "text/html"), ("Content-Length", "0"), NOT_STORED]
    start_response("302 Found", headers)
    return []


def _as_json(
    environ: WSGIEnvironment, start_response: StartResponse, status: HTTPStatus, message: str, more: Headers
) -> Iterable[bytes]:
    body = json.dumps({"status": status, "message": message}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), NOT_STORED]
    start_response(f"{status.value} {status.phrase}", headers + more)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def wants_header(environ: WSGIEnvironment) -> bool:
    """Whether a stranger has to be told 401, whatever media type is preferred.

    A token or an API key was brought that is not good; or the path offers Basic, and no browser asks.
    """
    return refused_in_header(environ) is not None or _asks_for_basic(environ)


def refused_in_header(environ: WSGIEnvironment) -> Refused | None:
    """What was brought in the ``Authorization`` header, is ours to judge, and is wrong; None: nothing was."""
    identity = session_of(environ).identity
    return identity if isinstance(identity, Refused) and identity.kind.in_header else None


def _seconds_to_wait(environ: WSGIEnvironment) -> int | None:
    """After how many seconds what was brought in the header may be tried; None: it was looked at, or is not there."""
    refused = refused_in_header(environ)
    return None if refused is None else refused.retry_after


def www_authenticate(environ: WSGIEnvironment) -> Headers:
    """The ``WWW-Authenticate`` headers of a 401: what may be brought here, and what was wrong with what was."""
    refused = refused_in_header(environ)
    basic = [_BASIC] if _asks_for_basic(environ) else []
    if refused is not None and refused.kind is CredentialKind.BEARER:
        return [_BAD_TOKEN, *basic]
    return basic or [_BEARER]


def _asks_for_basic(environ: WSGIEnvironment) -> bool:
    """Whether the challenge is Basic. Never for a browser, which would open a window and keep what is typed there."""
    return OFFERS_BASIC in environ and not any(name.startswith(_OF_BROWSERS) for name in environ)


def below_mount(environ: WSGIEnvironment, path: str) -> str:
    """*path*, quoted, as the browser has to ask for it: below the mount point of the middleware.

    ``SCRIPT_NAME`` may be that of an app further in, which an app in between has mounted.
    """
    mount: str = environ[SESSION].mount if SESSION in environ else environ.get("SCRIPT_NAME", "")
    return "/" + (_quoted(mount) + path).lstrip("/")  # two slashes in front would name a host


def forbid(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Tells a signed-in visitor that the account may not see the page: 403. A WSGI app."""
    refusals: Refusals = pages_of(environ)
    return refusals.forbidden(Request(environ))(environ, start_response)


def challenge_on_401(app: WSGIApplication) -> WSGIApplication:
    """*app*, with the login page in place of its own 401 for visitors who are not signed in. The body of the 401 is
    dropped.

    In two cases the 401 stays as it is. For a visitor who is signed in, since signing in again would not help. And for
    a client that does not prefer HTML, or has sent a token or an API key, since programs know the app's own
    ``WWW-Authenticate`` and not ours.
    """

    def challenging(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        held = _Held401(environ, start_response)
        body = app(environ, held)
        if held.passed:
            return body
        from werkzeug.wsgi import ClosingIterator  # here, because most apps are no generators

        # The app has refused, or it is a generator, which calls start_response with its first chunk.
        return ClosingIterator(_unless_refused(body, held, environ, start_response), getattr(body, "close", None))

    return challenging


class _Held401:
    """A ``start_response`` that passes everything on, except for a 401 to a browser in which nobody is signed in."""

    def __init__(self, environ: WSGIEnvironment, start_response: StartResponse) -> None:
        self._environ, self._start = environ, start_response
        self.passed = self.refused = False

    def __call__(self, status: str, headers: Headers, exc_info: ExcInfo | None = None, /) -> Callable[[bytes], object]:
        # A status that was passed on before cannot be replaced here: only the server knows whether it was sent.
        self.refused = not self.passed and status.startswith("401") and _is_stranger_with_browser(self._environ)
        if self.refused:
            return lambda data: None
        self.passed = True
        return self._start(status, headers, exc_info)


def _is_stranger_with_browser(environ: WSGIEnvironment) -> bool:
    session = session_of(environ)
    web = session.settings.web
    # A client without an Accept header does not prefer HTML, even on a site that has only pages.
    wants_page = HTML in web.produces and preferred(environ, (JSON, HTML)) == HTML and not wants_header(environ)
    return wants_page and web.login.enabled and not session.user.is_authenticated


def _unless_refused(
    body: Iterable[bytes], held: _Held401, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterator[bytes]:
    for chunk in body:
        if held.refused:
            break
        yield chunk
    if held.refused:
        yield from challenge(environ, start_response)


def _next(environ: WSGIEnvironment) -> str:
    # A posted form is lost by signing in, and a GET of its address would be another request.
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        return ""
    wanted = _quoted(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
    if query := environ.get("QUERY_STRING"):
        wanted += f"?{query}"
    return "next=" + quote(wanted.encode("latin-1"), safe="")


def _quoted(path: str) -> str:
    return quote(path.encode("latin-1"), safe="/:@!$&'()*+,;=~")  # what a path may hold (RFC 3986, section 3.3)
