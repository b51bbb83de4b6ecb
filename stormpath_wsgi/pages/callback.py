"""The address to which an ID Site sends people back."""

from __future__ import annotations

import logging
from http import HTTPStatus

from webob import Request, Response

from stormpath_wsgi.events import Declined, here
from stormpath_wsgi.flows import CameBack, SignInRefused, Unfinished
from stormpath_wsgi.flows.id_site import LOGOUT, REGISTERED
from stormpath_wsgi.pages.answer import hide_address, redirect
from stormpath_wsgi.pages.page import Page, said_by_listener
from stormpath_wsgi.pages.refusal import Refusal
from stormpath_wsgi.session import session_of
from stormpath_wsgi.settings import CallbackSettings
from stormpath_wsgi.texts import marked

log = logging.getLogger(__name__)

#: The template of the page for who is not signed in by what he has brought back.
VIEW = "callback"

#: What is told whatever is wrong: the log knows more.
NOT_DONE = marked("Your sign-in could not be completed. Please sign in once more.")


class CallbackPage(Page[CallbackSettings]):
    """Signs in who comes back from an ID Site, and leads on. What is no good is answered with 401 in HTML, whatever is
    asked for: it is a browser that comes here (framework specification).
    """

    name = "callback"
    section = CallbackSettings
    methods = frozenset({"GET"})
    answers_all = True

    @classmethod
    def templates(cls, settings: CallbackSettings) -> tuple[str, ...]:
        return (VIEW,)

    def answer(self, request: Request, *, html: bool) -> Response:
        try:
            back = self.site.flows.id_site.back(session_of(request.environ), request.path_qs)
        except SignInRefused as refused:
            log.info("%s refuses %s: %s", self.uri, here().address, refused.reason)
            return self._refuse(request, Refusal(NOT_DONE, status=HTTPStatus.UNAUTHORIZED))
        except Declined as by_listener:
            if by_listener.answer is not None:
                return request.get_response(by_listener.answer)
            return self._refuse(request, said_by_listener(by_listener))
        answer = redirect(self._where(request, back))
        if back.result is not None:
            self.site.tokens.forget(request, answer)
        return answer

    def _where(self, request: Request, back: CameBack) -> str:
        """Where the visitor goes now."""
        web, site = self.site.web, self.site
        if isinstance(back.result, Unfinished):
            return site.step(request, back.result, back.wanted)
        page = web.logout if back.status == LOGOUT else web.register_ if back.status == REGISTERED else web.login
        return back.wanted or site.link(request, page.next_uri)

    def _refuse(self, request: Request, refusal: Refusal) -> Response:
        return hide_address(self.site.problem(request, VIEW, refusal))
