"""The page where people ask for a new password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webob import Request

from stormpath_wsgi.flows import PasswordRefused
from stormpath_wsgi.pages.about import About
from stormpath_wsgi.pages.form import Form, is_blank
from stormpath_wsgi.pages.page import FormPage, Outcome
from stormpath_wsgi.pages.parameters import read_query
from stormpath_wsgi.pages.refusal import Wait, invalid
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.settings import ForgotPasswordSettings
from stormpath_wsgi.web.organizations import organization_of

#: What ``?status=`` says when a link for a new password was no good.
DEAD = "invalid_sptoken"


class ForgotPage(FormPage[ForgotPasswordSettings]):
    """Mails a link for a new password. The answer is the same whether anybody has the address or not.

    ``?status=invalid_sptoken`` says that a link is no good any more. A program draws a form of its own.
    """

    name = "forgot"
    section = ForgotPasswordSettings

    def __init__(self, site: Site, settings: ForgotPasswordSettings) -> None:
        super().__init__(site, settings)
        self.form = Form(settings.form)

    @staticmethod
    def wanted(about: About) -> bool:
        return about.resets_passwords

    def describe(self, request: Request) -> None:
        """A GET of a program is for the application, says the framework specification."""

    def accept(self, request: Request, posted: Mapping[str, Any], *, html: bool) -> Outcome:
        if html:
            self.form.check_required(posted)
        email = posted.get("email")
        if isinstance(email, str) and not is_blank(email):  # whatever else was sent, a program gets the same answer
            try:
                self.site.flows.password.mail(email, account_store=organization_of(request.environ))
            except PasswordRefused as refused:
                Wait.check(refused)
                raise invalid(refused) from refused
        location = self.site.link(request, self._settings.next_uri, next=self.site.wanted(request))
        return Outcome(None, location, signed_in=False)

    def context(self, request: Request) -> dict[str, Any]:
        policies = self.site.about.policies
        return {
            "dead": read_query(request).get("status") == DEAD,
            "hours": policies and policies.reset_hours,
        }
