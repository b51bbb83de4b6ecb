"""The page to which the link of an invitation leads, where people make the account."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from webob import Request, Response

from stormpath_wsgi.codes import Code
from stormpath_wsgi.flows import Entered, InvitationRefused, Invitee, TokenRefused
from stormpath_wsgi.pages.about import password_rules
from stormpath_wsgi.pages.answer import hide_address, json_answer
from stormpath_wsgi.pages.form import Form
from stormpath_wsgi.pages.new_account import account_of, values_of
from stormpath_wsgi.pages.page import FormPage, Outcome, refused
from stormpath_wsgi.pages.parameters import NO_TOKEN, TOKEN, mailed_token
from stormpath_wsgi.pages.refusal import Invalid, Refusal, invalid
from stormpath_wsgi.pages.sentences import SENTENCES
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.session import session_of
from stormpath_wsgi.settings import InvitationSettings
from stormpath_wsgi.texts import marked
from stormpath_wsgi.web.language import texts_of

#: What a program is told of a token that is no good.
NO_SUCH_INVITATION = marked("This invitation does not exist any more. Please ask for another one.")

#: The page for such a token.
OVER = "invitation-over"


class InvitationPage(FormPage[InvitationSettings]):
    """Makes the account of somebody who is invited, with a mailed token, which stands in the query as ``sptoken``.

    To open the page uses no token up: the form does. A program may put the token into the document as well. Without a
    token the page is for the application.
    """

    name = "invitation"
    section = InvitationSettings

    def __init__(self, site: Site, settings: InvitationSettings) -> None:
        super().__init__(site, settings)
        self.form = Form(settings.form)

    @classmethod
    def templates(cls, settings: InvitationSettings) -> tuple[str, ...]:
        return settings.view, OVER

    def answer(self, request: Request, *, html: bool) -> Response | None:
        if request.method != "POST" and mailed_token(request) is None:
            return None
        return super().answer(request, html=html)

    def show(self, request: Request) -> Response:
        """The form for a token that is good."""
        try:
            return hide_address(super().show(request))
        except TokenRefused:
            return self._over(request)

    def describe(self, request: Request) -> Response:
        """The form, and the address that is invited."""
        try:
            invitee = self._invitee(request)
        except TokenRefused:
            return refused(request, _refusal())
        return json_answer({**self.form.model(texts_of(request.environ)), "email": invitee.email})

    def accept(self, request: Request, posted: Mapping[str, Any], *, html: bool) -> Outcome:
        token = mailed_token(request) or (None if html else posted.get(TOKEN))
        if not token:
            raise Refusal(NO_TOKEN)
        try:
            strength = self.site.about.strength_in(self.site.flows.invitation.invitee(token).directory)
            check = self.site.flows.new_passwords.check
            values = values_of(self.form, _without_token(posted), strength, check, html=html)
            made = self.site.flows.invitation.accept(
                session_of(request.environ), token, account_of(values), signs_in=self._settings.auto_login
            )
        except TokenRefused as dead:
            raise _refusal() from dead
        except InvitationRefused as refusal:
            raise self._invalid(refusal) from refusal
        return self._welcome(request, made)

    def refuse(self, request: Request, posted: Mapping[str, Any], refusal: Refusal) -> Response:
        """The form once more, as long as the token is good."""
        if mailed_token(request) is None:
            return self._over(request)
        try:
            return hide_address(super().refuse(request, posted, refusal))
        except TokenRefused:
            return self._over(request)

    def context(self, request: Request) -> dict[str, Any]:
        """Raises :class:`TokenRefused`."""
        invitee = self._invitee(request)
        strength = self.site.about.strength_in(invitee.directory)
        return {"email": invitee.email, "password_rules": password_rules(strength, texts_of(request.environ))}

    def action(self, request: Request) -> str:
        return self.site.link(request, self.uri, **{TOKEN: mailed_token(request)})

    def _invitee(self, request: Request) -> Invitee:
        return self.site.flows.invitation.invitee(mailed_token(request))

    def _invalid(self, refusal: InvitationRefused) -> Invalid:
        """What the visitor is told. Who has the token reads the mail of the address, and so may know of an account."""
        if refusal.code is Code.NOT_UNIQUE and refusal.field != "username":
            return Invalid(SENTENCES[Code.NOT_UNIQUE, "email"], status=refusal.status)
        return invalid(refusal, self.form.fields)

    def _welcome(self, request: Request, made: Entered) -> Outcome:
        site = self.site
        if made.signed_in:
            return Outcome(made.account, site.link(request, site.web.login.next_uri), signed_in=True)
        if made.unfinished is not None:
            return Outcome(made.account, site.step(request, made.unfinished), signed_in=False)
        return Outcome(made.account, site.link(request, self._settings.next_uri), signed_in=False)

    def _over(self, request: Request) -> Response:
        """The same page for what was used, revoked, is too old, or was never a token."""
        answer = self.site.html(request, OVER, HTTPStatus.NOT_FOUND, site_name=self.site.about.name)
        return hide_address(answer)


def _without_token(posted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in posted.items() if name != TOKEN}


def _refusal() -> Refusal:
    return Refusal(NO_SUCH_INVITATION, status=HTTPStatus.NOT_FOUND)
