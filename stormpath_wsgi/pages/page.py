"""What our pages have in common: which requests are theirs, how a form comes in, what goes out."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from webob import Request, Response

from stormpath_wsgi.client import Account
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import Declined, at, here
from stormpath_wsgi.flows import Entered
from stormpath_wsgi.flows.profile import LANGUAGE
from stormpath_wsgi.pages.about import About
from stormpath_wsgi.pages.account_document import account_document
from stormpath_wsgi.pages.answer import Answer, json_answer, redirect
from stormpath_wsgi.pages.csrf import FIELD, HEADER, OF_FORM
from stormpath_wsgi.pages.declaration import Declaration
from stormpath_wsgi.pages.form import Form
from stormpath_wsgi.pages.id_site import away
from stormpath_wsgi.pages.organization_select import OrganizationSelect
from stormpath_wsgi.pages.parameters import media_type, read_body
from stormpath_wsgi.pages.refusal import Invalid, Refusal, Wait
from stormpath_wsgi.pages.sentences import EXPIRED, GENERAL, WEAK
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.policy import challenge, forbid, wants_header
from stormpath_wsgi.session import session_of
from stormpath_wsgi.settings import FormPageSettings, PageSettings
from stormpath_wsgi.texts import Texts, marked, texts_in
from stormpath_wsgi.web.bodies import FORM
from stormpath_wsgi.web.environ import TEXTS
from stormpath_wsgi.web.language import texts_of
from stormpath_wsgi.web.negotiation import HTML, preferred
from stormpath_wsgi.web.organizations import place_of
from stormpath_wsgi.web.origin import is_deliberate

log = logging.getLogger(__name__)

#: The field of a form for a password.
PASSWORD = "password"  # noqa: S105 - its name, and no password

NO_BODY = marked("Request requires that there is a body.")

#: The methods of a page that takes every one.
ALL_METHODS = frozenset({"all"})

S = TypeVar("S", bound=PageSettings)
F = TypeVar("F", bound=FormPageSettings)


class Page(ABC, Generic[S]):
    """One address. A call answers, or says None: the request is for the wrapped application.

    Each page of ours is a class in a module of this package and declares itself there: its :attr:`name`, its
    :attr:`section` of the settings, and what else differs from here. Where it is served, which links lead to it, what
    its forms may lead to, the endpoints of adapters and the documentation follow.
    """

    #: What it is called in the ``links`` of templates and in the endpoints of adapters.
    name: ClassVar[str]
    #: Its section of the settings: one with such a type is in :class:`~stormpath_wsgi.settings.WebSettings`.
    section: type[S]
    #: Requests with other methods are for the application. :data:`ALL_METHODS`: there are none.
    methods: ClassVar[frozenset[str]] = frozenset({"GET", "HEAD", "POST"})
    #: Whether requests below its address are for it as well.
    takes_below: ClassVar[bool] = False
    #: Whether it also answers those who accept neither HTML nor JSON.
    answers_all: ClassVar[bool] = False
    #: Whether links to it carry along where the visitor wanted to go.
    keeps_next: ClassVar[bool] = False

    def __init__(self, site: Site, settings: S) -> None:
        self.site, self._settings = site, settings
        self.uri = site.web.at(settings.uri)
        self._declared = self.declaration(settings)

    @property
    def paths(self) -> tuple[str, ...]:
        """Where it is served: paths below the mount point of the application."""
        return (self.uri,)

    @property
    def above(self) -> tuple[str, ...]:
        """Paths below which all requests are for it as well."""
        return (self.uri,) if self.takes_below else ()

    def __call__(self, request: Request) -> Response | None:
        if request.method not in self.methods and self.methods is not ALL_METHODS:
            return None
        wanted = preferred(request.environ, self.site.web.produces)
        if wanted is None and not self.answers_all:
            return None
        if not self._declared.is_on(self.site.about):
            return None
        if wanted == HTML:
            self._speak(request)
        with at(page=True):
            return self.answer(request, html=wanted == HTML)

    def _speak(self, request: Request) -> None:
        """Have people who are signed in answered in the language that their account names."""
        account = session_of(request.environ).user.account if len(self.site.web.languages) > 1 else None
        if account is None:
            return
        with suppress(Error):  # a page is there in any case; what it needs of the directory it asks itself
            own = account.custom_data.get(LANGUAGE)
            if own in self.site.web.languages:
                request.environ[TEXTS] = texts_in(own)

    @classmethod
    def declaration(cls, settings: S) -> Declaration:
        """What the site has to know of it in advance."""
        return Declaration(
            name=cls.name,
            settings=settings,
            keeps_next=cls.keeps_next,
            templates=cls.templates(settings),
            form_targets=cls.form_targets(settings),
            wanted=cls.wanted,
        )

    @staticmethod
    def wanted(about: About) -> bool:
        """Whether the directory wants it, where the settings leave open whether it is served."""
        return True

    @classmethod
    def templates(cls, settings: S) -> tuple[str, ...]:
        """The templates that it shows: the view of its settings, where it has one."""
        view = getattr(settings, "view", None)  # a page without a form may have one too
        return (view,) if view else ()

    @classmethod
    def form_targets(cls, settings: S) -> tuple[str, ...]:
        """Where its forms may lead to: where the settings send people next, where they do."""
        return (settings.next_uri,) if isinstance(settings, FormPageSettings) else ()

    @property
    def offers_basic(self) -> bool:
        """Whether programs may bring an API key there, by HTTP Basic."""
        return False

    @abstractmethod
    def answer(self, request: Request, *, html: bool) -> Response | None:
        """*html*: whether the visitor prefers a page to JSON. None: the request is for the wrapped application."""

    def posted(self, request: Request) -> dict[str, Any] | None:
        """What was posted; None: an empty body. Raises :class:`Refusal`."""
        return read_body(request, self.site.max_body)

    def refuse_stranger(self, request: Request, wanted: str) -> Response:
        """What who is not signed in by a session gets on a page for those who are.

        A browser is sent to the sign-in page, which leads to *wanted*, an address of this site; a program gets 401. Who
        is signed in by a token or an API key gets 403: to sign in would not help.
        """
        login = self.site.web.login
        if session_of(request.environ).user.is_authenticated:
            answer: Response = request.get_response(forbid)
        elif (
            not login.enabled
            or wants_header(request.environ)
            or preferred(request.environ, self.site.web.produces) != HTML
        ):
            answer = request.get_response(challenge)
        else:
            answer = redirect(self.site.link(request, self.site.web.at(login.uri), next=wanted))
        return answer

    def check_token(self, request: Request, posted: dict[str, Any], otherwise: str = EXPIRED) -> None:
        """Take the token out of what was *posted*.

        Raises :class:`Refusal`, with the message *otherwise*, for a form that is from no page of ours.
        """
        # JSON needs no token: a page elsewhere cannot send that type without asking us first (Fetch, CORS preflight).
        if media_type(request) == FORM:
            token = posted.pop(FIELD, None) or request.headers.get(HEADER)
            if not (is_deliberate(request) or self.site.tokens.accepts(request, token)):
                raise Refusal(otherwise, status=403, field=PASSWORD if PASSWORD in posted else None)
            request.environ[OF_FORM] = token


class Outcome(NamedTuple):
    """What a form led to: an account, where a browser goes now, and whether the visitor was signed in by it.

    Without an account a program gets an empty body.
    """

    account: Account | None
    location: str
    signed_in: bool
    #: Recovery codes that were made by it, which are shown this once.
    codes: tuple[str, ...] = ()


class FormPage(Page[F]):
    """A page with a form: shown on GET, accepted or shown again on POST."""

    keeps_next = True
    #: The setting of ``web.idSite`` that names the page there which stands for this one; None: none does.
    hosted: ClassVar[str | None] = None

    form: Form

    def __init__(self, site: Site, settings: F) -> None:
        super().__init__(site, settings)
        self._select = OrganizationSelect(site)

    @abstractmethod
    def accept(self, request: Request, posted: Mapping[str, Any], *, html: bool) -> Outcome:
        """Do what the form is for. Raises :class:`Refusal`."""

    def form_at(self, request: Request) -> Form:
        """The form as it is at the host of the request."""
        return self.form

    def answer(self, request: Request, *, html: bool) -> Response | None:
        if self.hosted is not None and self.site.web.id_site.enabled:
            path: str = getattr(self.site.web.id_site, self.hosted)
            return away(self.site, request, path) if request.method in ("GET", "HEAD") else None
        if html and (instead := self._instead(request)) is not None:
            return instead
        if request.method != "POST":
            return self.show(request) if html else self.describe(request)
        posted: dict[str, Any] | None = None
        try:
            posted = self.posted(request)
            if posted is None:
                raise Refusal(NO_BODY)
            self.check_token(request, posted)
            outcome = self.accept(request, posted, html=html)
        except Refusal as refusal:
            if not isinstance(refusal, Wait):
                log.info("%s refuses %s: %s", self.uri, here().address, refusal.reason)
            return self.refuse(request, posted or {}, refusal) if html else refused(request, refusal)
        except Declined as by_listener:
            return self._refused_by_listener(request, posted or {}, by_listener, html=html)
        return self.conclude(request, outcome, html=html)

    def _instead(self, request: Request) -> Response | None:
        """What a browser gets in the place of the page; None: the page, or what its form leads to."""
        spa = self.site.spa
        place = place_of(request.environ)
        if spa is not None and (place is None or place.found is not None or place.is_parent):
            return spa.answer()
        return self._select(request)

    def _refused_by_listener(
        self, request: Request, posted: Mapping[str, Any], by_listener: Declined, *, html: bool
    ) -> Response:
        """The answer that a listener gave with its refusal, or the form once more with its sentence."""
        if by_listener.answer is not None:
            return request.get_response(by_listener.answer)
        refusal = said_by_listener(by_listener)
        log.info("%s refuses %s: a listener does.", self.uri, here().address)
        return self.refuse(request, posted, refusal) if html else refused(request, refusal)

    def entered(self, request: Request, made: Entered, otherwise: str) -> Outcome:
        """Where a visitor goes after a mailed token was used up. *otherwise*: who is not signed in by that."""
        site = self.site
        if made.signed_in:
            return Outcome(made.account, site.link(request, site.web.login.next_uri), signed_in=True)
        location = site.link(request, otherwise) if made.unfinished is None else site.step(request, made.unfinished)
        return Outcome(None, location, signed_in=False)

    def show(self, request: Request) -> Response:
        """The page with an empty form."""
        return self._page(request)

    def describe(self, request: Request) -> Response | None:
        """What a single-page app needs to draw the form. None: the request is for the wrapped application."""
        model = self.form_at(request).model(texts_of(request.environ))
        return json_answer({**model, "accountStores": self.account_stores(request)})

    def account_stores(self, request: Request) -> list[dict[str, Any]]:
        """What a single-page app needs to draw the buttons of other sites, as the framework specification has it."""
        return []

    def refuse(self, request: Request, posted: Mapping[str, Any], refusal: Refusal) -> Response:
        """The form once more, with what is wrong."""
        if refusal.location is not None:
            return redirect(refusal.location)
        return self._page(request, 200 if isinstance(refusal, Invalid) else refusal.status, posted, refusal)

    def context(self, request: Request) -> dict[str, Any]:
        """What the template of this page sees beside the form."""
        return {}

    def action(self, request: Request) -> str:
        """Where the form is sent."""
        return self.site.link(request, self.uri, next=self.site.wanted(request))

    def _page(
        self,
        request: Request,
        status: int = 200,
        posted: Mapping[str, Any] = MappingProxyType({}),
        refusal: Refusal | None = None,
        **more: Any,
    ) -> Response:
        texts = texts_of(request.environ)
        context = {**self.context(request), **more}
        wrong = _wrong_fields(refusal, context, posted, texts)
        answer = self.draw(
            request,
            status,
            site_name=self.site.about.name,
            action=self.action(request),
            fields=self.form_at(request).inputs(posted, texts, wrong),
            error=refusal and refusal.shown(texts),
            **context,
        )
        if refusal is not None:
            answer.retry_after = refusal.retry_after
        return answer

    def draw(self, request: Request, status: int, **context: Any) -> Response:
        """The page with its form, by the template of its settings, which sees *context*."""
        return self.site.html(request, self._settings.view, status, **context)

    def conclude(self, request: Request, outcome: Outcome, *, html: bool) -> Response:
        """The answer to a form that was accepted."""
        answer = redirect(outcome.location) if html else self._account(outcome.account)
        if outcome.signed_in:
            self.site.tokens.forget(request, answer)
        return answer

    def _account(self, account: Account | None) -> Answer:
        """*account* as JSON. An empty body when there is none, or when it is gone: a listener may have deleted it."""
        if account is None:
            return json_answer(None)
        try:
            return json_answer(account_document(self.site.store, account.href))
        except Error as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return json_answer(None)


def said_by_listener(declined: Declined) -> Invalid:
    """The sentence of a listener that refused, as a refusal of ours."""
    said = declined.message
    message = GENERAL if said in ("", Code.REFUSED_BY_LISTENER.developer_message) else said
    return Invalid(message, status=HTTPStatus.FORBIDDEN)


def _wrong_fields(
    refusal: Refusal | None, context: dict[str, Any], posted: Mapping[str, Any], texts: Texts
) -> dict[str, str | bool]:
    """What is wrong with each field. At a password that is too weak no sentence stands where its rules, which are in
    the *context* of the page, say it: those get marks.
    """
    if refusal is None:
        return {}
    wrong: dict[str, str | bool] = {**refusal.wrong_fields(texts)}
    rules, sent = context.get("password_rules"), posted.get(PASSWORD)
    weak = any(each.message == WEAK and each.field == PASSWORD for each in (refusal, *refusal.others))
    if weak and rules and isinstance(sent, str):
        rules = context["password_rules"] = rules.after(sent)
        if any(rule.missing for rule in rules.rules):
            wrong[PASSWORD] = True
    return wrong


def refused(request: Request, refusal: Refusal) -> Response:
    """A refusal as JSON: two keys, what else a program has to know, and nothing that the directory tells developers."""
    told = refusal.told(texts_of(request.environ))
    answer = json_answer({"status": told.status, "message": told.message, **refusal.members}, told.status)
    answer.retry_after = refusal.retry_after
    return answer
