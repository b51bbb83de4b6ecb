"""The address to which a sign-out button posts."""

from __future__ import annotations

import logging
from typing import ClassVar

from webob import Request, Response

from stormpath_wsgi.pages.answer import json_answer, redirect
from stormpath_wsgi.pages.csrf import comes_from_here
from stormpath_wsgi.pages.page import EXPIRED, Page, refused
from stormpath_wsgi.pages.refusal import Refusal
from stormpath_wsgi.policy import session_of

log = logging.getLogger(__name__)


class LogoutPage(Page):
    """Ends the session, if there is one. POST only: a link or an image elsewhere must not sign anybody out.

    A button of the application needs no token: an empty form passes when the browser says that it is from this site.
    """

    methods: ClassVar[frozenset[str]] = frozenset({"POST"})

    def answer(self, request: Request, *, html: bool) -> Response:
        try:
            self._check(request)
        except Refusal as refusal:
            log.info("%s refuses %s: %s", self.site.web.logout.uri, request.remote_addr, refusal.reason)
            return self.site.problem(request, "error", refusal) if html else refused(refusal)
        session = session_of(request.environ)
        account = session.user.account
        session.sign_out()
        self.site.tell(self.site.web.post_logout_handler, account, request)
        settings = self.site.web.logout
        location = self.site.wanted(request) or self.site.link(request, settings.next_uri)
        answer = redirect(location) if html else json_answer(None)
        self.site.tokens.forget(request, answer)
        return answer

    def _check(self, request: Request) -> None:
        posted = self.posted(request)
        if posted is not None:
            self.check_token(request, posted)
        elif not comes_from_here(request):
            raise Refusal(EXPIRED, status=403)
