"""The page that asks whether it is still the same person, before a risky change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webob import Request, Response

from stormpath_wsgi.client import Account
from stormpath_wsgi.flows import PROVE, PasskeyRefused, SignInRefused
from stormpath_wsgi.pages.answer import redirect
from stormpath_wsgi.pages.form import Form
from stormpath_wsgi.pages.page import FormPage, Outcome
from stormpath_wsgi.pages.parameters import read_query
from stormpath_wsgi.pages.passkeys import ANSWER, CHALLENGE, not_confirmed
from stormpath_wsgi.pages.refusal import Invalid, Wait, invalid
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.pages.social_links import Button, SocialButtons, organization_href
from stormpath_wsgi.session import session_of
from stormpath_wsgi.settings import FreshForm, FreshSettings
from stormpath_wsgi.texts import marked
from stormpath_wsgi.web.language import texts_of

#: The parameter of the address that says what the password is asked for: a key of :data:`REASONS`.
FOR = "for"

#: The parameter that says how many seconds ago the password may have been given at the most.
WITHIN = "within"

#: Why it is asked, by the panel of the account page that was to be opened.
REASONS: Mapping[str, str] = {
    "new-key": marked("Enter your password once more before you make a key."),
    **dict.fromkeys(
        ("new-app", "new-phone", "prove-phone", "rename-factor", "remove-factor", "new-codes"),
        marked("Enter your password once more before you change your second factors."),
    ),
    "email": marked("Enter your password once more before you change your address."),
    "add-passkey": marked("Enter your password once more before you add a passkey."),
}

#: Why it is asked, for anything else.
ANY_REASON = marked("Enter your password once more before you go on.")

#: The same for who has no password.
NO_PASSWORD = marked("Sign in once more before you go on.")

#: What the visitor is told whose password is wrong. Who it is, is no secret here.
WRONG = marked("That is not your password. Check it, and enter it again.")


def wrong_password(refused: SignInRefused, field: str) -> Invalid:
    """What a visitor is told who is signed in, is asked for the password in *field*, and gives another one.

    Raises :class:`Wait`.
    """
    Wait.check(refused)
    refusal = invalid(refused)
    refusal.say(WRONG)
    refusal.field = field
    return refusal


class FreshPage(FormPage[FreshSettings]):
    """Asks for the password of who is signed in, and begins a new session with it. A stranger has to sign in.

    Whose sign-in is fresh goes on at once.
    """

    name = "fresh"
    section = FreshSettings

    def __init__(self, site: Site, settings: FreshSettings) -> None:
        super().__init__(site, settings)
        self.form, self._buttons = Form(FreshForm()), SocialButtons(site)

    def answer(self, request: Request, *, html: bool) -> Response | None:
        session = session_of(request.environ)
        if session.session is None:
            return self.refuse_stranger(request, self._destination(request))
        if html and request.method != "POST" and self._is_young(request):
            return redirect(self._destination(request))
        return super().answer(request, html=html)

    def _is_young(self, request: Request) -> bool:
        """Whether the password was given not long ago: what is asked for may ask for less than the setting does."""
        session = session_of(request.environ)
        account = session.user.account
        if session.is_waived and account is not None and self.site.flows.fresh.factor(session, account) is None:
            return False  # nothing is due any more: who gives the password is free of it
        begun, fresh = session.session, self.site.settings.session.fresh.total_seconds()
        within = read_query(request).get(WITHIN, "")
        seconds = min(int(within), fresh) if within.isascii() and within.isdigit() and len(within) < 9 else fresh
        return begun is not None and session.now - begun.started < seconds

    def accept(self, request: Request, posted: Mapping[str, Any], *, html: bool) -> Outcome:
        session, flows = session_of(request.environ), self.site.flows
        if ANSWER in posted:
            try:
                account = flows.passkeys.renew(session, posted.get(CHALLENGE), posted.get(ANSWER))
            except PasskeyRefused as refused:
                raise not_confirmed(refused) from refused
            return Outcome(account, self._destination(request), signed_in=True)
        self.form.check_required(posted)
        try:
            account = flows.fresh.renew(session, posted.get("password"))
        except SignInRefused as refused:
            raise wrong_password(refused, "password") from refused
        return Outcome(account, self._destination(request), signed_in=True)

    def context(self, request: Request) -> dict[str, Any]:
        session, texts = session_of(request.environ), texts_of(request.environ)
        user, passkeys = session.user, self.site.flows.passkeys
        passkey = None if user.account is None else passkeys.to_prove(session, user.account, alone=True)
        # An account that another site signs in may have no password.
        has_password = user.account is None or user.account.password_modified_at is not None
        reason = REASONS.get(read_query(request).get(FOR, ""), ANY_REASON) if has_password else NO_PASSWORD
        return {
            "email": user.email,
            "reason": texts.gettext(reason),
            "other": self._other(request),
            "passkey": passkey,
            "has_password": has_password,
            "social": [] if has_password else self._ways(request, user.account),
        }

    def _ways(self, request: Request, account: Account | None) -> list[Button]:
        """The other sites through which who is signed in, and has no password, may prove it."""
        buttons = self._buttons.shown(request, next=self._destination(request), **{FOR: PROVE})
        if account is None or not buttons:
            return []
        held = self.site.flows.connections.of(account, organization_href(request))
        return [button for button in buttons if any(each.provider_id == button.id for each in held)]

    def _other(self, request: Request) -> str | None:
        """Where somebody else signs out first; None: no page of ours asks that."""
        web = self.site.web
        if not (web.logout.enabled and web.logout.page):
            return None
        return self.site.link(request, web.at(web.logout.uri), next=self.site.link(request, web.at(web.login.uri)))

    def action(self, request: Request) -> str:
        kept = {name: read_query(request).get(name) for name in (FOR, WITHIN)}
        return self.site.link(request, self.uri, next=self.site.wanted(request), **kept)

    def _destination(self, request: Request) -> str:
        """Where a visitor goes next: in a browser that was not asked for the second factor, to the page that does."""
        destination = self.site.wanted(request) or self.site.link(request, self._settings.next_uri)
        if not session_of(request.environ).is_waived:
            return destination
        web = self.site.web
        return self.site.link(request, web.at(web.second_factor.uri), next=destination)
