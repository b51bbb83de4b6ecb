"""The page to which the buttons of notices lead: "this was not me"."""

from __future__ import annotations

import logging
from http import HTTPStatus

from webob import Request, Response

from stormpath_wsgi.events import here
from stormpath_wsgi.flows import TokenRefused
from stormpath_wsgi.pages.answer import hide_address
from stormpath_wsgi.pages.page import Page
from stormpath_wsgi.pages.parameters import TOKEN, mailed_token
from stormpath_wsgi.pages.refusal import Refusal
from stormpath_wsgi.session import session_of
from stormpath_wsgi.settings import SecureSettings
from stormpath_wsgi.web.language import texts_of

log = logging.getLogger(__name__)

#: What the page shows: a button, what it has done, or that there is nothing to do with that link.
ASKS, MAILED, DONE, OVER = "asks", "mailed", "done", "over"


class SecurePage(Page[SecureSettings]):
    """Asks before it signs an account out everywhere: mail servers open links too, and must not.

    Who opens a link need not be signed in: it proves that the account's mail is read. It is for people; a program's
    request is for the application.
    """

    name = "secure"
    section = SecureSettings

    def answer(self, request: Request, *, html: bool) -> Response | None:
        if not html:
            return None
        token = mailed_token(request)
        try:
            if request.method == "POST":
                return self._secure(request, token)
            self.site.flows.securing.account(token)
        except TokenRefused:
            return self._page(request, OVER, HTTPStatus.NOT_FOUND if request.method == "POST" else HTTPStatus.OK)
        return self._page(request, ASKS)

    def _secure(self, request: Request, token: str | None) -> Response:
        """The answer to the button. Raises :class:`TokenRefused`."""
        try:
            self.check_token(request, self.posted(request) or {})
        except Refusal as refusal:
            log.info("%s refuses %s: %s", self.uri, here().address, refusal.reason)
            return self._page(request, ASKS, refusal.status, refusal=refusal)
        is_mailed = self.site.flows.securing.secure(session_of(request.environ), token)
        return self._page(request, MAILED if is_mailed else DONE)

    def _page(
        self, request: Request, state: str, status: int = HTTPStatus.OK, *, refusal: Refusal | None = None
    ) -> Response:
        answer = self.site.html(
            request,
            self._settings.view,
            status,
            site_name=self.site.about.name,
            error=refusal and refusal.shown(texts_of(request.environ)),
            state=state,
            action=self.site.link(request, self.uri, **{TOKEN: mailed_token(request)}),
        )
        return hide_address(answer)
