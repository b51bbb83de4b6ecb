"""The addresses that lead to other sites, such as Google, and those to which these send people back.

Who comes back goes on at once, or learns on the sign-in page why not: the address in the browser, which holds what the
other site has given, is never shown.
"""

from __future__ import annotations

import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus

from webob import Request, Response

from stormpath_wsgi.codes import Code
from stormpath_wsgi.events import Declined, here
from stormpath_wsgi.flows import CONNECT, PROVE, SIGN_IN, Arrived, SocialRefused, Unfinished
from stormpath_wsgi.flows.cookies import FlowCookie
from stormpath_wsgi.flows.journeys import Journeys
from stormpath_wsgi.pages.account_document import account_document
from stormpath_wsgi.pages.answer import hide_address, json_answer, redirect
from stormpath_wsgi.pages.login import BY_PROVIDER, CANCELLED, DECLINED, REMEMBER_ME, TICKED, LoginPage
from stormpath_wsgi.pages.page import Page, refused, said_by_listener
from stormpath_wsgi.pages.parameters import media_type, read_query
from stormpath_wsgi.pages.refusal import Refusal
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.pages.social_links import SocialButtons, organization_href, redirect_uri
from stormpath_wsgi.session import session_of
from stormpath_wsgi.settings import SocialSignInSettings
from stormpath_wsgi.settings.social import PROVIDER_ID
from stormpath_wsgi.web.bodies import FORM
from stormpath_wsgi.web.language import texts_of
from stormpath_wsgi.web.organizations import place_of

log = logging.getLogger(__name__)

#: What another site brings back in the address that we look at.
BROUGHT = ("state", "code", "iss", "error", "error_reason")

#: What Apple tells of the name of a person, once, in a form only; the most characters of that; and for how many seconds
#: the browser keeps it.
PERSON, LONGEST_PERSON, AT_ONCE = "user", 1500, 60


class SocialPage(Page[SocialSignInSettings]):
    """The way to another site (``/login/google``), and the way back (``/callbacks/google``).

    Only providers have these addresses of which a directory is mapped: others are the application's.
    """

    name = "social"
    section = SocialSignInSettings
    methods = frozenset({"GET", "POST"})
    takes_below = True

    def __init__(self, site: Site, settings: SocialSignInSettings) -> None:
        super().__init__(site, settings)
        web = site.web
        self._start, self._buttons = web.at(web.login.uri), SocialButtons(site)
        self._person = FlowCookie("stormpath_person", secure=site.secure)
        self._starts = {web.start_uri(id): id for id in web.social}
        self._ends = {web.callback_uri(id): id for id in web.social}

    @property
    def paths(self) -> tuple[str, ...]:
        """The addresses that settings name, wherever they are."""
        return (self.uri, *self._starts, *self._ends)

    @property
    def above(self) -> tuple[str, ...]:
        """Below these the ids of providers are looked for that no settings name."""
        return (self.uri, self._start)

    def answer(self, request: Request, *, html: bool) -> Response | None:
        place = place_of(request.environ)
        if place is not None and place.found is None:
            return None  # nobody signs in at a host of no organization
        id, comes_back = self._found(request)
        if id is None or not self._is_ours(request, id, comes_back=comes_back):
            return None
        if request.method == "POST":
            return self._posted_back(request, id) if comes_back else None
        if not comes_back:
            return self._set_out(request, id, html=html)
        query = read_query(request)
        if not any(name in query for name in BROUGHT):
            return redirect(self.site.link(request, self.site.web.start_uri(id), next=self.site.wanted(request)))
        return hide_address(self._come_back(request, id, query, html=html))

    def _is_ours(self, request: Request, id: str, *, comes_back: bool) -> bool:
        """Whether it is about a provider that people sign in with here. Who comes back for an organization may be at an
        address that is the same for all: there the provider is one where this browser has set out for it.
        """
        social = self.site.flows.social
        if comes_back and social.is_under_way(session_of(request.environ), read_query(request).get("state")):
            return True
        return id in social.offered(organization_href(request))

    def _found(self, request: Request) -> tuple[str | None, bool]:
        """The id of the provider whose address was asked for, and whether it is the one that leads back."""
        path = request.environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        if path in self._starts or path in self._ends:
            return (self._ends.get(path) or self._starts.get(path)), path in self._ends
        above, _, id = path.rpartition("/")
        named = PROVIDER_ID.fullmatch(id) is not None and id not in self.site.web.social
        return (id if named and above in (self._start, self.uri) else None), above == self.uri

    def _set_out(self, request: Request, id: str, *, html: bool) -> Response:
        session, query = session_of(request.environ), read_query(request)
        asks = self.site.web.login.remember_me
        remember = query.get(REMEMBER_ME, "").lower() in TICKED if asks else None
        purpose = PROVE if query.get("for") == PROVE and session.session is not None else SIGN_IN
        try:
            location = self.site.flows.social.set_out(
                session,
                id,
                redirect_uri(self.site, request, id),
                purpose=purpose,
                organization=organization_href(request),
                remember=remember,
                onward=self.site.wanted(request),
            )
        except SocialRefused as refusal:
            return self._refuse(request, id, refusal, html=html)
        return redirect(location)

    def _posted_back(self, request: Request, id: str) -> Response | None:
        """Some providers have the browser post what they bring. It comes without our cookies, for the form is of
        another site; so it is sent here once more, by GET.
        """
        if media_type(request) != FORM:
            return None
        try:
            posted = self.posted(request) or {}
        except Refusal as refusal:
            log.info("%s refuses %s: %s", request.path, here().address, refusal.reason)
            return hide_address(refused(request, refusal))
        brought = {name: value for name in BROUGHT if isinstance(value := posted.get(name), str)}
        person, state = posted.get(PERSON), brought.get("state")
        if isinstance(person, str) and len(person) <= LONGEST_PERSON and Journeys.is_state(state):
            # The name of a person belongs into no address. Any site may post one here, so it is kept for this state.
            name = urlsafe_b64encode(person.encode()).decode()
            self._person.set(session_of(request.environ), f"{state}.{name}", AT_ONCE)
        answer = redirect(self.site.link(request, self.site.web.callback_uri(id), **brought))
        answer.status_int = HTTPStatus.SEE_OTHER
        return hide_address(answer)

    def _brought(self, request: Request, query: Mapping[str, str]) -> dict[str, str]:
        """What the visitor brings from the other site, in the address, and in the cookie of a form that came before."""
        brought, session = {name: query[name] for name in BROUGHT if name in query}, session_of(request.environ)
        for text in self._person.texts(request.environ):
            self._person.remove(session)
            state, _, name = text.partition(".")
            if state == query.get("state"):
                with suppress(ValueError):
                    brought[PERSON] = urlsafe_b64decode(name).decode()
        return brought

    def _come_back(self, request: Request, id: str, query: Mapping[str, str], *, html: bool) -> Response:
        try:
            arrived = self.site.flows.social.come_back(
                session_of(request.environ),
                id,
                redirect_uri(self.site, request, id),
                self._brought(request, query),
                organization=organization_href(request),
            )
        except SocialRefused as refusal:
            return self._refuse(request, id, refusal, html=html)
        except Declined as declined:
            return self._declined(request, id, declined, html=html)
        return self._arrived(request, id, arrived, html=html)

    def _arrived(self, request: Request, id: str, arrived: Arrived, *, html: bool) -> Response:
        onward = arrived.onward
        if arrived.waits:
            return self._to_sign_in(request, id, "connect", onward)
        if isinstance(arrived.result, Unfinished):
            return redirect(self.site.step(request, arrived.result, onward))
        if html or arrived.purpose != SIGN_IN:
            answer = redirect(self._destination(request, arrived))
        else:
            answer = json_answer(account_document(self.site.store, arrived.account.href))
        if arrived.purpose != CONNECT:
            self.site.tokens.forget(request, answer)
        answer.headers.add(*self._buttons.remember(request, id))
        return answer

    def _destination(self, request: Request, arrived: Arrived) -> str:
        site, web = self.site, self.site.web
        if arrived.purpose == CONNECT:
            return site.link(request, web.at(web.account.uri), status="connected")
        if arrived.purpose == PROVE:
            # That page goes on at once, perhaps to the one that asks for the second factor, too.
            return site.link(request, web.at(web.fresh.uri), next=arrived.onward)
        return arrived.onward or site.link(request, web.register_.next_uri if arrived.is_new else web.login.next_uri)

    def _refuse(self, request: Request, id: str, refusal: SocialRefused, *, html: bool) -> Response:
        """Where a visitor goes whom the other site, or the directory, does not let in; or what a program is told."""
        why = "" if refusal.error is None else f" ({refusal.error.developer_message!r})"
        log.info("%s refuses %s: %s%s", request.path, here().address, refusal.reason, why)
        if not html:
            return refused(request, LoginPage.social_refusal(refusal, self._buttons.label(id)))
        if refusal.purpose in (CONNECT, PROVE):
            taken = refusal.code is Code.NOT_UNIQUE
            account = self.site.web.at(self.site.web.account.uri)
            return redirect(
                self.site.link(request, account, status="connected-elsewhere" if taken else "not-connected")
            )
        status = _STATUSES.get(refusal.code, BY_PROVIDER)
        return self._to_sign_in(request, id, CANCELLED if refusal.cancelled else status, refusal.onward)

    def _declined(self, request: Request, id: str, declined: Declined, *, html: bool) -> Response:
        if declined.answer is not None:
            answer: Response = request.get_response(declined.answer)
            return answer
        if not html:
            return refused(request, said_by_listener(declined))
        said = said_by_listener(declined).shown(texts_of(request.environ)).message
        self.site.said.write(session_of(request.environ), said)
        return self._to_sign_in(request, id, DECLINED, self.site.wanted(request))

    def _to_sign_in(self, request: Request, id: str, status: str, onward: str | None) -> Response:
        site = self.site
        login = site.web.at(site.web.login.uri)
        return redirect(site.link(request, login, status=status, provider=id, next=onward))


#: What the sign-in page says, by the code of what is refused. Anything else is the other site's.
_STATUSES: Mapping[Code | None, str] = {
    Code.TOKEN_EXPIRED: "over",
    Code.TOO_MANY_TRIES: "wait",
    Code.ACCOUNT_NOT_VERIFIED: "unverified",
    Code.PROVIDER_LACKS: "no-address",
}
