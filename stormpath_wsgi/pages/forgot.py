"""The page where people ask for a new password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webob import Request, Response

from stormpath_wsgi.flows import CodeRefused, PasswordRefused
from stormpath_wsgi.flows.mailed import RESET
from stormpath_wsgi.pages.about import About
from stormpath_wsgi.pages.form import Form, is_blank
from stormpath_wsgi.pages.page import FormPage, Outcome
from stormpath_wsgi.pages.parameters import TOKEN, read_query
from stormpath_wsgi.pages.refusal import Refusal, Wait, invalid
from stormpath_wsgi.pages.sent import AGAIN, CODE, RESET_VIEW, SentPage
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.settings import ForgotPasswordSettings
from stormpath_wsgi.web.organizations import organization_of

#: What ``?status=`` says when a link for a new password was no good.
DEAD = "invalid_sptoken"


class ForgotPage(FormPage[ForgotPasswordSettings]):
    """Mails a link for a new password. The answer is the same whether anybody has the address or not.

    ``?status=invalid_sptoken`` says that a link is no good any more, and ``?status=sent`` that a mail is on its way. A
    program draws a form of its own.
    """

    name = "forgot"
    section = ForgotPasswordSettings
    hosted = "forgot_uri"

    def __init__(self, site: Site, settings: ForgotPasswordSettings) -> None:
        super().__init__(site, settings)
        self.form = Form(settings.form)
        self._sent = SentPage(site, RESET, RESET_VIEW, self.uri)

    @staticmethod
    def wanted(about: About) -> bool:
        return about.resets_passwords

    def describe(self, request: Request) -> None:
        """A GET of a program is for the application, says the framework specification."""

    @classmethod
    def templates(cls, settings: ForgotPasswordSettings) -> tuple[str, ...]:
        return settings.view, RESET_VIEW

    def show(self, request: Request) -> Response:
        """The form; to who has asked, that the mail is on its way."""
        return self._sent_page(request) if self._sent.is_asked_for(request) else super().show(request)

    def accept(self, request: Request, posted: Mapping[str, Any], *, html: bool) -> Outcome:
        if html and CODE in posted:
            return self._answer(request, posted)
        again = self._sent.awaited(request) if html and AGAIN in posted else None
        if html and again is None:
            self.form.check_required(posted)
        email = posted.get("email") if again is None else again.address
        ticket = self._sent.ticket(request, email) if html and self.asks_code(request) else None
        if isinstance(email, str) and not is_blank(email):  # whatever else was sent, a program gets the same answer
            try:
                here = organization_of(request.environ)
                self.site.flows.password.mail(email, account_store=here, ticket=ticket)
            except PasswordRefused as refused:
                Wait.check(refused)
                raise invalid(refused) from refused
            if ticket is not None:
                return Outcome(None, self._sent.begin(request, email, ticket), signed_in=False)
        location = self.site.link(request, self._settings.next_uri, next=self.site.wanted(request))
        return Outcome(None, location, signed_in=False)

    def refuse(self, request: Request, posted: Mapping[str, Any], refusal: Refusal) -> Response:
        """The form once more, or the page that takes the code, with what is wrong."""
        if (CODE in posted or AGAIN in posted) and refusal.location is None and self._sent.awaited(request):
            return self._sent_page(request, refusal)
        return super().refuse(request, posted, refusal)

    def _answer(self, request: Request, posted: Mapping[str, Any]) -> Outcome:
        """Where who has typed the right code chooses a new password."""
        awaited, code = self._sent.typed(request, posted)
        try:
            token = self.site.flows.password.answer(awaited.ticket, code)
        except CodeRefused as refused:
            raise self._sent.wrong(refused) from refused
        self._sent.forget(request)
        change = self.site.web.at(self.site.web.change_password.uri)
        return Outcome(None, self.site.link(request, change, **{TOKEN: token}), signed_in=False)

    def asks_code(self, request: Request) -> bool:
        """Whether codes are asked for: not where the owner has a page of his own to go to, and only where there is the
        page for a new password.
        """
        web, asks = self.site.web, self._settings.asks_code
        if asks is None:
            asks = self._settings.next_uri == f"{web.at(web.login.uri)}?status=forgot"
        return asks and self.site.address(request, "change") is not None

    def _sent_page(self, request: Request, refusal: Refusal | None = None) -> Response:
        policies = self.site.about.policies
        return self._sent.html(request, self.action(request), refusal, hours=policies and policies.reset_hours)

    def context(self, request: Request) -> dict[str, Any]:
        policies = self.site.about.policies
        return {
            "dead": read_query(request).get("status") == DEAD,
            "hours": policies and policies.reset_hours,
        }
