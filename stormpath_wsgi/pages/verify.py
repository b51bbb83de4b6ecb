"""The page to which the link in a verification mail leads, and where people ask for another mail."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from webob import Request, Response

from stormpath_wsgi.codes import Code
from stormpath_wsgi.flows import CodeRefused, TokenRefused, VerificationRefused
from stormpath_wsgi.flows.mailed import VERIFICATION
from stormpath_wsgi.pages.about import About
from stormpath_wsgi.pages.answer import hide_address
from stormpath_wsgi.pages.form import Form, is_blank
from stormpath_wsgi.pages.page import FormPage, Outcome, refused
from stormpath_wsgi.pages.parameters import NO_TOKEN, TOKEN, mailed_token
from stormpath_wsgi.pages.refusal import Invalid, Refusal, Wait, invalid
from stormpath_wsgi.pages.sent import AGAIN, CODE, VERIFICATION_VIEW, SentPage
from stormpath_wsgi.pages.sentences import SENTENCES
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.session import session_of
from stormpath_wsgi.settings import VerifyEmailSettings
from stormpath_wsgi.texts import marked
from stormpath_wsgi.web.language import texts_of
from stormpath_wsgi.web.organizations import organization_of

#: The template of the page with the button.
BUTTON = "verify-button"

#: The names of the field for the address: that of the framework specification, and that of its Express library.
LOGIN, EMAIL = "login", "email"

#: What a program is told of a token that is no good.
NO_SUCH_TOKEN = marked("The requested resource does not exist.")
BY_POST = marked("Send the token with POST to verify the address.")


class VerifyPage(FormPage[VerifyEmailSettings]):
    """Verifies an address with a mailed token (``sptoken``), and mails another one.

    To open the link uses no token up, for mail servers open links too: it shows a button, which does. With the setting
    ``onGet`` the link alone does, as the framework specification has it.
    """

    name = "verify"
    section = VerifyEmailSettings

    def __init__(self, site: Site, settings: VerifyEmailSettings) -> None:
        super().__init__(site, settings)
        self.form = Form(settings.form)
        self._sent = SentPage(site, VERIFICATION, VERIFICATION_VIEW, self.uri)

    @staticmethod
    def wanted(about: About) -> bool:
        return about.verifies_addresses

    @classmethod
    def templates(cls, settings: VerifyEmailSettings) -> tuple[str, ...]:
        return settings.view, BUTTON, VERIFICATION_VIEW

    def show(self, request: Request) -> Response:
        """The page with the button; without a token that is good, the form for another mail."""
        token = mailed_token(request)
        if token is None:
            return self._sent_page(request) if self._sent.is_asked_for(request) else super().show(request)
        try:
            return hide_address(self._opened(request, token))
        except TokenRefused:
            return hide_address(self._page(request, dead=True))

    def describe(self, request: Request) -> Response:
        """Whether the token is good. With ``onGet`` it is used."""
        token = mailed_token(request)
        if token is None:
            return refused(request, Refusal(NO_TOKEN))
        try:
            if self._settings.on_get and request.method == "GET":
                return self.conclude(request, self._verify(request, token), html=False)
            self.site.flows.verification.account(token)
        except TokenRefused:
            return refused(request, _no_such_token())
        # To say 200 here would tell a program of the specification's that the address is verified.
        answer = refused(request, Refusal(BY_POST, status=HTTPStatus.METHOD_NOT_ALLOWED))
        answer.allow = ("POST",)
        return answer

    def accept(self, request: Request, posted: Mapping[str, Any], *, html: bool) -> Outcome:
        token = posted.get(TOKEN) or mailed_token(request)
        if token:
            try:
                return self._verify(request, token, self.site.tokens.ticket(request) if html else None)
            except TokenRefused as dead:
                raise _no_such_token() from dead
        if html and CODE in posted:
            return self._answer(request, posted)
        again = self._sent.awaited(request) if html and AGAIN in posted else None
        wanted = posted if again is None else {LOGIN: again.address}
        name = wanted.get(LOGIN) or wanted.get(EMAIL)
        ticket = self._sent.ticket(request, name) if html and self._settings.asks_code else None
        self._mail(request, wanted, ticket)
        if ticket is not None:
            return Outcome(None, self._sent.begin(request, str(name), ticket), signed_in=False)
        login = self.site.web.at(self.site.web.login.uri)
        location = self.site.link(request, login, status="unverified", next=self.site.wanted(request))
        return Outcome(None, location, signed_in=False)

    def refuse(self, request: Request, posted: Mapping[str, Any], refusal: Refusal) -> Response:
        """The form once more, or the button, with what is wrong."""
        if refusal.status == HTTPStatus.NOT_FOUND:
            return self._page(request, dead=True)
        if (CODE in posted or AGAIN in posted) and refusal.location is None and self._sent.awaited(request):
            return self._sent_page(request, refusal)
        if not posted.get(TOKEN):
            return super().refuse(request, posted, refusal)
        try:
            return self._button(request, posted[TOKEN], refusal)
        except TokenRefused:
            return self._page(request, dead=True)

    def _opened(self, request: Request, token: str) -> Response:
        """What opening the link leads to. Raises :class:`TokenRefused`."""
        if self._settings.on_get and request.method == "GET":
            return self.conclude(request, self._verify(request, token), html=True)
        return self._button(request, token)

    def _button(self, request: Request, token: Any, refusal: Refusal | None = None) -> Response:
        """The page with the button. Raises :class:`TokenRefused`."""
        account = self.site.flows.verification.account(token)
        return self.site.html(
            request,
            BUTTON,
            HTTPStatus.OK if refusal is None else refusal.status,
            site_name=self.site.about.name,
            error=refusal and refusal.shown(texts_of(request.environ)),
            email=account and account.email,
            action=self.action(request),
            token_field=TOKEN,
            token=token,
        )

    def _answer(self, request: Request, posted: Mapping[str, Any]) -> Outcome:
        """Verifies the address of who has typed the right code."""
        awaited, code = self._sent.typed(request, posted)
        signs_in = self.site.web.register_.auto_login
        try:
            made = self.site.flows.verification.answer(
                session_of(request.environ), awaited.ticket, code, signs_in=signs_in
            )
        except CodeRefused as refused:
            raise self._sent.wrong(refused) from refused
        self._sent.forget(request)
        return self.entered(request, made, self._settings.next_uri)

    def _sent_page(self, request: Request, refusal: Refusal | None = None) -> Response:
        return self._sent.html(request, self.action(request), refusal)

    def _verify(self, request: Request, token: Any, ticket: str | None = None) -> Outcome:
        """Uses *token* up. Raises :class:`TokenRefused`."""
        signs_in = self.site.web.register_.auto_login
        made = self.site.flows.verification.verify(session_of(request.environ), token, signs_in=signs_in, ticket=ticket)
        return self.entered(request, made, self._settings.next_uri)

    def _mail(self, request: Request, posted: Mapping[str, Any], ticket: str | None) -> None:
        login = posted.get(LOGIN) or posted.get(EMAIL)
        if is_blank(login):
            raise Invalid(SENTENCES[Code.REQUIRED], field=LOGIN, label=self.form.fields[LOGIN].label)
        if not isinstance(login, str):
            return  # nobody is called that, and so the answer is the same
        try:
            here = organization_of(request.environ)
            self.site.flows.verification.mail(login, account_store=here, ticket=ticket)
        except VerificationRefused as refusal:
            Wait.check(refusal)
            raise invalid(refusal) from refusal


def _no_such_token() -> Refusal:
    return Refusal(NO_SUCH_TOKEN, status=HTTPStatus.NOT_FOUND)
