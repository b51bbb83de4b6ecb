"""The page to which the link in a mail leads, where people choose a new password."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from webob import Request, Response

from stormpath_wsgi.flows import Entered, PasswordRefused, TokenRefused
from stormpath_wsgi.pages.about import About, password_rules
from stormpath_wsgi.pages.answer import hide_address, json_answer, redirect
from stormpath_wsgi.pages.form import Form, is_blank
from stormpath_wsgi.pages.page import FormPage, Outcome, refused
from stormpath_wsgi.pages.parameters import NO_TOKEN, TOKEN, mailed_token
from stormpath_wsgi.pages.refusal import Invalid, Refusal, invalid
from stormpath_wsgi.pages.sentences import PASSWORDS_DIFFER
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.session import session_of
from stormpath_wsgi.settings import ChangePasswordSettings
from stormpath_wsgi.texts import marked
from stormpath_wsgi.web.language import texts_of

CONFIRMATION = "confirmPassword"

#: What a program is told of a token that is no good.
NO_SUCH_REQUEST = marked("This password reset request does not exist. Please request a new password reset.")


class ChangePage(FormPage[ChangePasswordSettings]):
    """Sets a new password with a mailed token, which stands in the query as ``sptoken``.

    To open the page uses no token up: the form does. A program may put the token into the document as well.
    """

    name = "change"
    section = ChangePasswordSettings

    def __init__(self, site: Site, settings: ChangePasswordSettings) -> None:
        super().__init__(site, settings)
        self.form = Form(settings.form)

    @staticmethod
    def wanted(about: About) -> bool:
        return about.resets_passwords

    @classmethod
    def form_targets(cls, settings: ChangePasswordSettings) -> tuple[str, ...]:
        return settings.next_uri, settings.error_uri

    def show(self, request: Request) -> Response:
        """The form for a token that is good. Others lead to where people ask for a new one."""
        if mailed_token(request) is None:
            return redirect(self._ask(request))
        try:
            return hide_address(super().show(request))
        except TokenRefused:
            return redirect(self._dead(request))

    def describe(self, request: Request) -> Response:
        """Whether the token is good."""
        token = mailed_token(request)
        if token is None:
            return refused(request, Refusal(NO_TOKEN))
        try:
            self.site.flows.password.account(token)
        except TokenRefused:
            return refused(request, Refusal(NO_SUCH_REQUEST, status=HTTPStatus.NOT_FOUND))
        return json_answer(None)

    def accept(self, request: Request, posted: Mapping[str, Any], *, html: bool) -> Outcome:
        token = mailed_token(request) or (None if html else posted.get(TOKEN))
        if is_blank(token):
            raise self._without(request)
        try:
            ticket = self.site.tokens.ticket(request) if html else None
            self._check(token, posted, ticket)  # a token that is no good counts before the form
            return self.entered(request, self._change(request, token, posted, ticket), self._settings.next_uri)
        except TokenRefused as dead:
            raise self._refusal(request) from dead

    def refuse(self, request: Request, posted: Mapping[str, Any], refusal: Refusal) -> Response:
        """The form once more, as long as the token is good."""
        if refusal.location is None and mailed_token(request) is None:
            refusal.location = self._ask(request)
        try:
            return hide_address(super().refuse(request, posted, refusal))
        except TokenRefused:
            return redirect(self._dead(request))

    def context(self, request: Request) -> dict[str, Any]:
        """Raises :class:`TokenRefused`."""
        account = self.site.flows.password.account(mailed_token(request))
        strength = self.site.about.strength_in(account.directory.href)
        return {"email": account.email, "password_rules": password_rules(strength, texts_of(request.environ))}

    def action(self, request: Request) -> str:
        return self.site.link(request, self.uri, **{TOKEN: mailed_token(request)})

    def _check(self, token: Any, posted: Mapping[str, Any], ticket: str | None) -> None:
        """Raises :class:`TokenRefused`, but not where the same form may have come before, by a double click."""
        try:
            self.site.flows.password.account(token)
        except TokenRefused:
            if ticket is None or is_blank(posted.get("password")):
                raise

    def _change(self, request: Request, token: Any, posted: Mapping[str, Any], ticket: str | None) -> Entered:
        self.form.check_required(posted)
        password: Any = posted["password"]
        if CONFIRMATION in self.form.fields and posted.get(CONFIRMATION) != password:
            raise Invalid(PASSWORDS_DIFFER, field=CONFIRMATION)
        try:
            return self.site.flows.password.change(
                session_of(request.environ), token, password, signs_in=self._settings.auto_login, ticket=ticket
            )
        except PasswordRefused as refused:
            raise invalid(refused, self.form.fields) from refused

    def _without(self, request: Request) -> Refusal:
        refusal = Refusal(NO_TOKEN)
        refusal.location = self._ask(request)
        return refusal

    def _refusal(self, request: Request) -> Refusal:
        refusal = Refusal(NO_SUCH_REQUEST, status=HTTPStatus.NOT_FOUND)
        refusal.location = self._dead(request)
        return refusal

    def _ask(self, request: Request) -> str:
        """Where people ask for a link."""
        return self.site.link(request, self.site.web.at(self.site.web.forgot_password.uri))

    def _dead(self, request: Request) -> str:
        """Where people go whose link is no good any more."""
        return self.site.link(request, self._settings.error_uri)
