"""What our pages have in common: which requests are theirs, how a form comes in, what goes out."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from webob import Request, Response

from stormpath_wsgi.client import Account
from stormpath_wsgi.events import Refused, at
from stormpath_wsgi.pages.account import account_document
from stormpath_wsgi.pages.answer import json_answer, redirect
from stormpath_wsgi.pages.csrf import FIELD, HEADER
from stormpath_wsgi.pages.form import Form
from stormpath_wsgi.pages.parameters import FORM, media_type, read_body
from stormpath_wsgi.pages.refusal import Invalid, Refusal
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.web.negotiation import HTML, preferred

log = logging.getLogger(__name__)

NO_BODY = "Request requires that there is a body."
EXPIRED = "This form has expired. Please send it again."


class Page(ABC):
    """One address. A call answers, or says None: the request is for the wrapped application."""

    methods: ClassVar[frozenset[str]] = frozenset({"GET", "HEAD", "POST"})

    def __init__(self, site: Site) -> None:
        self.site = site

    def __call__(self, request: Request) -> Response | None:
        if request.method not in self.methods:
            return None
        wanted = preferred(request.environ, self.site.web.produces)
        if wanted is None:
            return None
        with at(page=True):
            return self.answer(request, html=wanted == HTML)

    @abstractmethod
    def answer(self, request: Request, *, html: bool) -> Response | None:
        """*html*: whether the visitor prefers a page to JSON. None: the request is for the wrapped application."""

    def posted(self, request: Request) -> dict[str, Any] | None:
        """What was posted; None: an empty body. Raises :class:`Refusal`."""
        return read_body(request, self.site.max_body)

    def check_token(self, request: Request, posted: dict[str, Any], otherwise: str = EXPIRED) -> None:
        """Take the token out of what was *posted*.

        Raises :class:`Refusal`, with the message *otherwise*, for a form that is from no page of ours.
        """
        # JSON needs no token: a page elsewhere cannot send that type without asking us first (Fetch, CORS preflight).
        if media_type(request) == FORM:
            token = posted.pop(FIELD, None) or request.headers.get(HEADER)
            if not self.site.tokens.accepts(request, token):
                raise Refusal(otherwise, status=403)


class Outcome(NamedTuple):
    """What a form led to: an account, where a browser goes now, and whether the visitor was signed in by it."""

    account: Account
    location: str
    signed_in: bool


class FormPage(Page):
    """A page with a form: shown on GET, accepted or shown again on POST."""

    form: Form
    view: str
    uri: str

    @abstractmethod
    def accept(self, request: Request, posted: Mapping[str, Any], *, html: bool) -> Outcome:
        """Do what the form is for. Raises :class:`Refusal`."""

    def answer(self, request: Request, *, html: bool) -> Response:
        if request.method != "POST":
            return self.show(request) if html else json_answer(self.form.model())
        posted: dict[str, Any] | None = None
        try:
            posted = self.posted(request)
            if posted is None:
                raise Refusal(NO_BODY)
            self.check_token(request, posted)
            outcome = self.accept(request, posted, html=html)
        except Refusal as refusal:
            log.info("%s refuses %s: %s", self.uri, request.remote_addr, refusal.reason)
            return self.refuse(request, posted or {}, refusal) if html else refused(refusal)
        except Refused as by_listener:
            return self._refused_by_listener(request, posted or {}, by_listener, html=html)
        return self.conclude(request, outcome, html=html)

    def _refused_by_listener(
        self, request: Request, posted: Mapping[str, Any], by_listener: Refused, *, html: bool
    ) -> Response:
        """The answer that a listener gave with its refusal, or the form once more with its sentence."""
        if by_listener.answer is not None:
            return request.get_response(by_listener.answer)
        refusal = Invalid(by_listener.message, status=HTTPStatus.FORBIDDEN)
        log.info("%s refuses %s: a listener does.", self.uri, request.remote_addr)
        return self.refuse(request, posted, refusal) if html else refused(refusal)

    def show(self, request: Request) -> Response:
        return self._page(request)

    def refuse(self, request: Request, posted: Mapping[str, Any], refusal: Refusal) -> Response:
        """The form once more, with what is wrong."""
        if refusal.location is not None:
            return redirect(refusal.location)
        return self._page(request, 200 if isinstance(refusal, Invalid) else refusal.status, posted, refusal)

    def context(self, request: Request) -> dict[str, Any]:
        """What the template of this page sees beside the form."""
        return {}

    def _page(
        self,
        request: Request,
        status: int = 200,
        posted: Mapping[str, Any] = MappingProxyType({}),
        refusal: Refusal | None = None,
    ) -> Response:
        return self.site.html(
            request,
            self.view,
            status,
            site_name=self.site.about.name,
            action=self.site.link(request, self.uri, next=self.site.wanted(request)),
            fields=self.form.inputs(posted),
            error=refusal,
            **self.context(request),
        )

    def conclude(self, request: Request, outcome: Outcome, *, html: bool) -> Response:
        """The answer to a form that was accepted."""
        if html:
            answer = redirect(outcome.location)
        else:
            answer = json_answer(account_document(self.site.store, outcome.account.href))
        if outcome.signed_in:
            self.site.tokens.forget(request, answer)
        return answer


def refused(refusal: Refusal) -> Response:
    """A refusal as JSON: two keys, what else a program has to know, and nothing that the directory tells developers."""
    return json_answer({"status": refusal.status, "message": refusal.message, **refusal.members}, refusal.status)
