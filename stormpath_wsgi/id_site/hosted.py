"""Our pages for one application on an ID Site: the middleware that every site has, with the way back in its middle."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from wsgiref.types import StartResponse, WSGIEnvironment

from stormpath_wsgi.client import Client
from stormpath_wsgi.client.local import LocalDataStore
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.errors import fault
from stormpath_wsgi.events import at
from stormpath_wsgi.id_site import told
from stormpath_wsgi.id_site.asked import NO_GOOD, SIGNED_IN, USED, NotAsked, Question, Requests
from stormpath_wsgi.id_site.kept import Kept
from stormpath_wsgi.middleware import StormpathMiddleware
from stormpath_wsgi.pages.answer import Answer, redirect
from stormpath_wsgi.policy import below_mount, second_factor_required
from stormpath_wsgi.session import session_of
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.web.environ import ORGANIZATION, PLACE
from stormpath_wsgi.web.organizations import Organizations, Place

log = logging.getLogger(__name__)

#: What the visitor's browser keeps: the :class:`.Question`, in the environ of his request. None: it keeps none.
QUESTION = "stormpath.id_site.question"

#: Makes the page that says why there is no other.
Refuses = Callable[[WSGIEnvironment, NotAsked], Answer]


class HostedSite(StormpathMiddleware):
    """The pages for one application, mounted anywhere. A request has its :data:`QUESTION` in the environ.

    *settings*: for this application, see :func:`.sites.settings_for`. *form_targets*: where people go afterwards, as
    sources of a content policy. *requests*: check once more what is answered. *kept*: what browsers keep, and forget
    with the answer. *refuses*: draws a refusal. *issuer*: the address of the ID Site. *clock*: seconds since the epoch.
    """

    def __init__(
        self,
        settings: Settings,
        service: DirectoryService,
        application_href: str,
        *,
        form_targets: Iterable[str],
        requests: Requests,
        kept: Kept,
        refuses: Refuses,
        issuer: str,
        clock: Callable[[], float],
    ) -> None:
        self._service, self._requests, self._kept, self._refuses = service, requests, kept, refuses
        self._issuer, self._clock = issuer, clock
        self.arguments = {}
        client = Client(data_store=LocalDataStore(service))
        application = client.applications.get(application_href)
        self._furnish(self._go_on, settings, client, application, form_targets)
        self._serves = True  # the directory belongs to the REST API, which says that

    def _find_organizations(self) -> Organizations:
        return AskedOrganizations(
            self.client,
            self.application,
            self.settings,
            proxies=self.sessions.proxies,
            generation=self.sessions.generation,
        )

    def knows(self, organization: str) -> bool:
        """Whether the application has an organization with that nameKey, in which people can sign in."""
        return self.flows.organization(organization) is not None

    def back(self, environ: WSGIEnvironment, question: Question, claims: Mapping[str, Any]) -> Answer:
        """Sends the visitor back with *claims*, once. Raises :class:`NotAsked` when the site has changed its mind."""
        self._requests.check_callback(question.application_id, question.callback)
        key = self._service.active_key(question.key_id)
        if key is None:
            raise NotAsked(NO_GOOD, "its API key is disabled, or was removed")
        address = told.back(question, claims, secret=key.secret, issuer=self._issuer, now=self._clock())
        answer = redirect(address)
        answer.headers["Referrer-Policy"] = "no-referrer"
        path, https = environ.get("SCRIPT_NAME", ""), environ["wsgi.url_scheme"] == "https"
        for header in self._kept.removal(path, https=https) if QUESTION in environ else ():
            answer.headers.add(*header)
        return answer

    def unknown_organization(self, environ: WSGIEnvironment, question: Question) -> Answer:
        """Sends the visitor back: the site has named an organization that there is not."""
        return self.back(environ, question, told.of_error(fault(Code.TOKEN_ORGANIZATION_NOT_FOUND).body()))

    def _go_on(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """What the middleware is around: where our pages lead to, and where a question begins. A WSGI app."""
        question: Question | None = environ.get(QUESTION)
        if environ.get("PATH_INFO", "") not in ("", "/"):
            return redirect(below_mount(environ, "/"))(environ, start_response)
        try:
            if question is None:
                return self._unasked(environ)(environ, start_response)
            if question.ends:
                return self._end(environ, question)(environ, start_response)
            return self._answer(environ, start_response, question)
        except NotAsked as refusal:
            return self._refuses(environ, refusal)(environ, start_response)

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse, question: Question) -> Iterable[bytes]:
        session = session_of(environ)
        account = session.user.account if session.session is not None else None
        if account is None:
            page = self.pages.addresses.get(question.page, self.settings.web.login.uri)
            # The way back is carried along: who comes from a provider is at an address that is the same for all.
            onward = urlencode({"next": below_mount(environ, "/")})
            return redirect(f"{below_mount(environ, page)}?{onward}")(environ, start_response)
        if question.organization is not None and environ.get(ORGANIZATION) is None:
            return self.unknown_organization(environ, question)(environ, start_response)
        if question.asks_factor and session.second_factor is None:
            return second_factor_required.refuse(environ, start_response)
        is_new = account.created_at > dt.datetime.fromtimestamp(question.begun / 1000, dt.UTC)
        status, factor = told.REGISTERED if is_new else told.AUTHENTICATED, session.second_factor is not None
        claims = told.of_account(question, account.href, status, factor=factor)
        log.info("%s goes back to %s: %s", account.href, self.application.href, status)
        return self.back(environ, question, claims)(environ, start_response)

    def _end(self, environ: WSGIEnvironment, question: Question) -> Answer:
        """Signs the visitor out here, and sends him back."""
        session = session_of(environ)
        href = session.user.href if session.user.is_authenticated else None
        with at(page=True):
            self.flows.sign_out(session)
        return self.back(environ, question, told.of_account(question, href, told.LOGOUT))

    def _unasked(self, environ: WSGIEnvironment) -> Answer:
        """What is shown to who comes from a mail, or too late: nobody knows any more where he came from."""
        if session_of(environ).session is not None:
            return self._refuses(environ, NotAsked(SIGNED_IN, "nothing was asked", HTTPStatus.OK))
        if "/~" not in environ.get("SCRIPT_NAME", ""):
            return redirect(below_mount(environ, self.settings.web.login.uri))
        raise NotAsked(USED, "the browser keeps no question")


class AskedOrganizations(Organizations):
    """The organization of a request is the one that its question names."""

    def place(self, environ: WSGIEnvironment) -> Place:
        question: Question | None = environ.get(QUESTION)
        key = None if question is None else question.organization
        found = None if key is None else self._found.get(key)
        place = Place("", scheme=environ["wsgi.url_scheme"], port="", found=found)
        if found is not None:  # otherwise there are no hosts of organizations here
            environ[PLACE], environ[ORGANIZATION] = place, place.organization
        return place
