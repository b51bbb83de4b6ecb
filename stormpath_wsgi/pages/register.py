"""The page where people make an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webob import Request, Response

from stormpath_wsgi import kinds
from stormpath_wsgi.flows import Entered, RegistrationRefused
from stormpath_wsgi.flows.mailed import VERIFICATION
from stormpath_wsgi.flows.registration import ORGANIZATION as ORGANIZATION_NAME_KEY
from stormpath_wsgi.pages.about import password_rules
from stormpath_wsgi.pages.account_document import answered_document
from stormpath_wsgi.pages.answer import json_answer
from stormpath_wsgi.pages.form import ORGANIZATION, Form, FormByHost, is_blank
from stormpath_wsgi.pages.new_account import account_of, values_of
from stormpath_wsgi.pages.page import FormPage, Outcome
from stormpath_wsgi.pages.refusal import Invalid, Wait, invalid
from stormpath_wsgi.pages.sent import VERIFICATION_VIEW, SentPage
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.pages.social_links import SocialButtons, social_context
from stormpath_wsgi.session import session_of
from stormpath_wsgi.settings import RegisterSettings
from stormpath_wsgi.texts import marked
from stormpath_wsgi.web.language import texts_of
from stormpath_wsgi.web.organizations import organization_of, place_of


class RegisterPage(FormPage[RegisterSettings]):
    """Makes an account, and signs it in when the settings say so."""

    name = "register"
    section = RegisterSettings
    hosted = "register_uri"

    def __init__(self, site: Site, settings: RegisterSettings) -> None:
        super().__init__(site, settings)
        self._forms = FormByHost(settings.form, lambda: site.about.demanded)
        self.form = self._forms.usual
        self._buttons = SocialButtons(site)
        self._sent = SentPage(site, VERIFICATION, VERIFICATION_VIEW, site.web.at(site.web.verify_email.uri))

    def form_at(self, request: Request) -> Form:
        return self._forms.at(place_of(request.environ))

    def accept(self, request: Request, posted: Mapping[str, Any], *, html: bool) -> Outcome:
        form, here = self.form_at(request), organization_of(request.environ)
        posted = posted if here is None else _without_organization(posted)
        values = values_of(
            form, posted, self.site.about.password_strength, self.site.flows.new_passwords.check, html=html
        )
        key = None if is_blank(values.get(ORGANIZATION)) else values[ORGANIZATION]
        asks_code = html and key is None and self._asks_code(request)
        ticket = self._sent.ticket(request, values.get("email")) if html else None
        try:
            made = self.site.flows.registration(
                session_of(request.environ),
                account_of(values),
                organization_name_key=key if here is None else here.name_key,
                signs_in=self._settings.auto_login,
                ticket=ticket,
                mails_code=asks_code or not html,
                hides_taken=not self._settings.tells_taken,
            )
        except RegistrationRefused as refused:
            raise self._refusal(refused) from refused
        return self._welcome(request, made, ticket if asks_code else None)

    def context(self, request: Request) -> dict[str, Any]:
        strength = self.site.about.password_strength
        rules = strength and password_rules(strength, texts_of(request.environ))
        return {"password_rules": rules, **social_context(self.site, self._buttons, request)}

    def account_stores(self, request: Request) -> list[dict[str, Any]]:
        return self._buttons.documents(request)

    def _refusal(self, refused: RegistrationRefused) -> Invalid:
        """What the visitor is told. Raises :class:`Wait`."""
        Wait.check(refused)
        if refused.field == ORGANIZATION_NAME_KEY:
            return Invalid(marked("Organization could not be found."), field=ORGANIZATION)
        return invalid(refused, self.form.fields)

    def _asks_code(self, request: Request) -> bool:
        """Whether there is a page that takes the code of the mail that verifies the address."""
        return self.site.web.verify_email.asks_code and self.site.address(request, "verify") is not None

    def conclude(self, request: Request, outcome: Outcome, *, html: bool) -> Response:
        account = outcome.account
        if html or account is None or account.status != kinds.UNVERIFIED or self._settings.tells_taken:
            return super().conclude(request, outcome, html=html)
        # The account is not looked at once more: where its address is taken there is none.
        return json_answer(answered_document(account.document()))

    def _welcome(self, request: Request, made: Entered, ticket: str | None) -> Outcome:
        site, account = self.site, made.account
        if made.signed_in:
            location = site.wanted(request) or site.link(request, self._settings.next_uri)
            return Outcome(account, location, signed_in=True)
        if made.unfinished is not None:
            # A program gets the account, which is made. It is asked for more when it signs in.
            return Outcome(account, site.step(request, made.unfinished), signed_in=False)
        if ticket is not None and account.status == kinds.UNVERIFIED:
            return Outcome(account, self._sent.begin(request, account.email, ticket), signed_in=False)
        status = "created" if account.status == kinds.ENABLED else "unverified"
        login = site.link(request, site.web.at(site.web.login.uri), status=status, next=site.wanted(request))
        return Outcome(account, login, signed_in=False)


def _without_organization(posted: Mapping[str, Any]) -> Mapping[str, Any]:
    """*posted* at the host of an organization: that is the one that counts, whatever a program names."""
    return {name: value for name, value in posted.items() if name != ORGANIZATION}
