"""The page to which the links of mails about another address lead."""

from __future__ import annotations

import logging
from http import HTTPStatus

from webob import Request, Response

from stormpath_wsgi.events import here
from stormpath_wsgi.flows import AddressToken, ProfileRefused, TokenRefused
from stormpath_wsgi.pages.answer import hide_address, redirect
from stormpath_wsgi.pages.page import Page
from stormpath_wsgi.pages.parameters import TOKEN, mailed_token
from stormpath_wsgi.pages.refusal import Refusal
from stormpath_wsgi.session import session_of
from stormpath_wsgi.settings import EmailSettings
from stormpath_wsgi.texts import marked
from stormpath_wsgi.web.language import texts_of

log = logging.getLogger(__name__)

#: What is told whose address another account has got since the mail was sent.
TAKEN = marked("Another account has this address by now. Choose another one on the page of your account.")


class EmailPage(Page[EmailSettings]):
    """Asks before it changes an address, or takes a change back: mail servers open links too, and must not.

    Who opens a link need not be signed in: it proves that mail to the address is read. It is for people; a program's
    request is for the application.
    """

    name = "email"
    section = EmailSettings

    def answer(self, request: Request, *, html: bool) -> Response | None:
        if not html:
            return None
        token = mailed_token(request)
        try:
            found = self.site.flows.email.token(token)
            if request.method != "POST":
                return self._page(request, found)
            return self._use(request, token, found)
        except TokenRefused:
            return self._page(request, None, HTTPStatus.NOT_FOUND if request.method == "POST" else HTTPStatus.OK)

    def _use(self, request: Request, token: str | None, found: AddressToken) -> Response:
        """The answer to the button. Raises :class:`TokenRefused`."""
        session = session_of(request.environ)
        try:
            self.check_token(request, self.posted(request) or {})
            done = self.site.flows.email.use(session, token)
        except Refusal as refusal:
            log.info("%s refuses %s: %s", self.uri, here().address, refusal.reason)
            return self._page(request, found, refusal.status, refusal=refusal)
        except ProfileRefused as refused:
            log.info("%s refuses %s: %s", self.uri, here().address, refused.reason)
            return self._page(request, found, HTTPStatus.OK, refusal=Refusal(TAKEN))
        if found.back:
            return self._page(request, done, done=True)
        return redirect(self._next(request, found))

    def _next(self, request: Request, found: AddressToken) -> str:
        """Where a person goes whose address is changed: the account page, for who is signed in with that account."""
        web = self.site.web
        if session_of(request.environ).user.href == found.account.href and web.account.enabled:
            return self.site.link(request, web.at(web.account.uri), status="email")
        return self.site.link(request, web.at(web.login.uri), status="verified")

    def _page(
        self,
        request: Request,
        found: AddressToken | None,
        status: int = HTTPStatus.OK,
        *,
        refusal: Refusal | None = None,
        done: bool = False,
    ) -> Response:
        """The button; without *found*, that the link is no good. *done*: that a change is taken back."""
        answer = self.site.html(
            request,
            self._settings.view,
            status,
            site_name=self.site.about.name,
            error=refusal and refusal.shown(texts_of(request.environ)),
            email=found and found.email,
            back=found is not None and found.back,
            done=done,
            mailed=found is not None and found.mailed,
            action=self.site.link(request, self.uri, **{TOKEN: mailed_token(request)}),
        )
        return hide_address(answer)
