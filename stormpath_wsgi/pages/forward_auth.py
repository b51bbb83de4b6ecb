"""The address at which a proxy asks whether a request for another application may pass."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit

from webob import Request, Response

from stormpath_wsgi.errors import Error
from stormpath_wsgi.pages.answer import json_answer, redirect
from stormpath_wsgi.pages.next import safe_next
from stormpath_wsgi.pages.page import ALL_METHODS, Page, refused
from stormpath_wsgi.pages.parameters import MOST_FIELDS
from stormpath_wsgi.pages.refusal import Refusal
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.policy import (
    FORBIDDEN,
    NOT_ALLOWED,
    NOT_SIGNED_IN,
    challenge,
    refused_in_header,
    wants_header,
    www_authenticate,
)
from stormpath_wsgi.session import session_of
from stormpath_wsgi.settings import ForwardAuthSettings, GuardedHost, host_key
from stormpath_wsgi.web.address import Proxies
from stormpath_wsgi.web.environ import OFFERS_BASIC
from stormpath_wsgi.web.forward_auth import Asked, IdentityHeaders

log = logging.getLogger(__name__)

#: What the query of a proxy may hold.
GROUPS, REDIRECT = "groups", "redirect"


class ForwardAuthPage(Page[ForwardAuthSettings]):
    """202 and who it is, for a visitor who may pass; 401 for a stranger, 403 for everybody else.

    ``?groups=staff,ops`` asks for members of all these groups. Who writes a query can only ask for more by it. With
    ``?redirect=1`` the proxy hands our answer to the visitor, so a browser is sent to the sign-in page instead of 401,
    and gets a page with 403. Below the address it is the same, and 200: so Envoy asks, whose query is the visitor's.
    """

    name = "forward_auth"
    section = ForwardAuthSettings
    methods = ALL_METHODS
    answers_all = True
    takes_below = True

    def __init__(self, site: Site, settings: ForwardAuthSettings) -> None:
        super().__init__(site, settings)
        self._proxies = Proxies(site.settings.proxies)
        self._identity = IdentityHeaders(site.settings)
        self._base = site.web.base_url or ""
        self._own = host_key(urlsplit(self._base).netloc)
        self._guarded = settings.guarded
        if self._guarded:
            self._guarded.setdefault(self._own, GuardedHost(""))
        self._below = self.uri.encode().decode("latin-1")

    @classmethod
    def form_targets(cls, settings: ForwardAuthSettings) -> tuple[str, ...]:
        """The hosts that sign-in leads back to."""
        return tuple(host.origin for host in settings.guarded.values()) if settings.enabled else ()

    @property
    def offers_basic(self) -> bool:
        return self._settings.basic

    def __call__(self, request: Request) -> Response | None:
        """A visitor who may pass is answered at once: no page and no text is made, and no directory is asked that was
        asked about the same visitor before.
        """
        return self._passed(request) or super().__call__(request)

    def answer(self, request: Request, *, html: bool) -> Response:
        """The refusal."""
        if self._settings.basic:
            request.environ[OFFERS_BASIC] = True
        asked = self._asked(request)
        user = session_of(request.environ).user
        host = self._host(asked)
        if host is None:
            log.warning(
                "A proxy asks for the host %.100r, which web.forwardAuth.hosts does not name. If it does, name the "
                "proxy in the setting proxies, so that its X-Forwarded-Host counts.",
                asked.host,
            )
            return refused(request, Refusal(NOT_ALLOWED, status=HTTPStatus.FORBIDDEN))
        shown = self._is_below(request) or any(name == REDIRECT for name, _ in self._query(request))
        if user.is_authenticated:
            return self._forbidden(request, host, asked, html=html and shown)
        may_sign_in = html and self.site.web.login.enabled and not wants_header(request.environ)
        address = self._sign_in(request, host, asked) if may_sign_in else None
        if not shown:
            return self._unauthorized(request, address)
        return request.get_response(challenge) if address is None else redirect(address)

    def _passed(self, request: Request) -> Response | None:
        """The answer for a visitor who may pass; None for any other."""
        session = session_of(request.environ)
        account = session.identity.account
        host = self._host(self._asked(request))
        if account is None or host is None or not session.user.is_authenticated:
            return None
        try:
            for group in self._groups(request, host):
                if not account.has_group(group):
                    return None
            identity = self._identity.of(account)
        except Error as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return None  # deleted since the session was looked at
        answer = json_answer(None, HTTPStatus.OK if self._is_below(request) else HTTPStatus.ACCEPTED)
        answer.headers.extend(identity)
        return answer

    def _asked(self, request: Request) -> Asked:
        if self._is_below(request):
            return Asked.by_path(request.environ, self._below)
        return Asked.by_headers(request.environ, self._proxies)

    def _is_below(self, request: Request) -> bool:
        return bool(request.environ["PATH_INFO"] != self._below)

    def _host(self, asked: Asked) -> GuardedHost | None:
        """The host that is asked for; None: it is not named. Where none is named all is at the host of our pages."""
        return self._guarded.get(asked.host) if self._guarded else GuardedHost("")

    def _groups(self, request: Request, host: GuardedHost) -> Iterator[str]:
        yield from self._settings.groups
        yield from host.groups
        for name, value in self._query(request):
            if name == GROUPS:
                yield from value.split(",")

    def _query(self, request: Request) -> list[tuple[str, str]]:
        """What the proxy has written. A query with too many parameters asks for a group that nobody is in."""
        if self._is_below(request):
            return []
        text = request.environ.get("QUERY_STRING", "").encode("latin-1").decode(errors="replace")
        try:
            return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
        except ValueError:
            return [(GROUPS, "")]

    def _sign_in(self, request: Request, host: GuardedHost, asked: Asked, status: str | None = None) -> str:
        """The address of the sign-in page, which leads back to what was asked for."""
        path = safe_next(asked.uri) if asked.reads else None
        wanted = None if path is None else host.origin + path
        uri = self.site.web.at(self.site.web.login.uri)
        if not host.origin:
            return self.site.link(request, uri, next=wanted, status=status)
        query = {name: value for name, value in (("next", wanted), ("status", status)) if value is not None}
        return f"{self._base}{uri}" + (f"?{urlencode(query)}" if query else "")

    def _forbidden(self, request: Request, host: GuardedHost, asked: Asked, *, html: bool) -> Response:
        refusal = Refusal(NOT_ALLOWED, status=HTTPStatus.FORBIDDEN)
        if not html:
            return refused(request, refusal)
        login = self.site.web.login
        other = self._sign_in(request, host, asked, FORBIDDEN) if login.enabled else None
        user = session_of(request.environ).user
        return self.site.problem(request, "unauthorized", refusal, user=user, other=other)

    def _unauthorized(self, request: Request, address: str | None) -> Response:
        """401, with the *address* of the sign-in page for a proxy that sends browsers there. nginx knows no 429."""
        answer = refused(request, Refusal(NOT_SIGNED_IN, status=HTTPStatus.UNAUTHORIZED))
        answer.headers.extend(www_authenticate(request.environ))
        wrong = refused_in_header(request.environ)
        answer.retry_after = None if wrong is None else wrong.retry_after
        if address is not None:
            answer.location = address
        return answer
