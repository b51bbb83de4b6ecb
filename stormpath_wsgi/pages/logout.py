"""The address to which a sign-out button posts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from webob import Request, Response

from stormpath_wsgi.errors import Unavailable
from stormpath_wsgi.events import at, here
from stormpath_wsgi.pages.answer import json_answer, redirect
from stormpath_wsgi.pages.id_site import away
from stormpath_wsgi.pages.page import Page, refused
from stormpath_wsgi.pages.refusal import Refusal
from stormpath_wsgi.pages.sentences import EXPIRED
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.session import CurrentSession, session_of
from stormpath_wsgi.settings import LogoutSettings
from stormpath_wsgi.web.identity import Proved
from stormpath_wsgi.web.origin import comes_from_here, elsewhere, is_deliberate, same_origin
from stormpath_wsgi.web.responses import ExcInfo, Headers

log = logging.getLogger(__name__)


class LogoutPage(Page[LogoutSettings]):
    """Ends the session, if there is one. POST only: a link or an image elsewhere must not sign anybody out.

    GET is the application's, unless the setting ``page`` puts a page with one button there. A button of the application
    needs no token of ours: whatever form it is in passes when the browser says that it is from this site. So does an
    empty form of a client that says nothing. An access token in the header of the request ends as well.
    """

    name = "logout"
    section = LogoutSettings

    def answer(self, request: Request, *, html: bool) -> Response | None:
        if request.method != "POST":
            return self._ask(request) if html and self._settings.page else None
        try:
            self._check(request)
        except Refusal as refusal:
            log.info("%s refuses %s: %s", self._settings.uri, here().address, refusal.reason)
            return self.site.problem(request, "error", refusal) if html else refused(request, refusal)
        session = session_of(request.environ)
        try:
            session.revoke_token()
        finally:  # this browser is signed out in any case
            self.site.flows.sign_out(session)
        answer = self.lead_on(request) if html else json_answer(None)
        self.site.tokens.forget(request, answer)
        return answer

    def lead_on(self, request: Request) -> Response:
        """Where a browser goes next: by way of the ID Site, where people have signed in there."""
        if self.site.web.id_site.enabled:
            return away(self.site, request, ends=True)
        return redirect(self.site.wanted(request) or self.site.link(request, self._settings.next_uri))

    def _ask(self, request: Request) -> Response:
        return self.site.html(
            request,
            self._settings.view,
            site_name=self.site.about.name,
            user=session_of(request.environ).user,
            action=self.site.link(request, self.uri, next=self.site.wanted(request)),
            stay=self.site.wanted(request),
        )

    def _check(self, request: Request) -> None:
        """Raises :class:`Refusal` unless the browser says that *request* is from this site, or it is from our page."""
        from_here = same_origin(request)
        if from_here or is_deliberate(request):
            return
        why = EXPIRED if from_here is None else elsewhere(request)
        posted = self.posted(request)
        if posted is not None:
            self.check_token(request, posted, why)
        elif from_here is False:
            raise Refusal(why, status=403)


class SignOutOfApp:
    """*app*, whose own sign-out ends our session as well: a POST to a path of ``web.logout.alsoAt`` that it accepts.

    Where the app signs out by itself, as with our flows, nothing is left to do and nothing is told a second time.

    Whether it accepts one is for the app to decide; it has a form token of its own. What a browser says is from another
    site changes nothing here, whatever the app makes of it.
    """

    def __init__(self, site: Site, app: WSGIApplication) -> None:
        self._site, self._app = site, app
        self._paths = {path.encode().decode("latin-1") for path in site.web.logout.also_at}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST" or environ.get("PATH_INFO", "") not in self._paths:
            return self._app(environ, start_response)
        request, session = Request(environ), session_of(environ)
        was_signed_in = _is_signed_in(session)

        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None, /) -> Callable[[bytes], object]:
            by_itself = was_signed_in and not _is_signed_in(session)
            if status.startswith(("2", "3")) and comes_from_here(request) and not by_itself:
                self._sign_out(session)
            return start_response(status, headers, exc_info)

        return self._app(environ, start)

    def _sign_out(self, session: CurrentSession) -> None:
        try:
            with at(page=True):  # it stands for ours
                self._site.flows.sign_out(session)
        except Unavailable as error:
            # The app has said its answer; this browser is signed out in any case.
            log.error("A session that was signed out of lives on: %s", error)


def _is_signed_in(session: CurrentSession) -> bool:
    """Whether anybody is. That is no look at the user: the answer of the app varies by it no more than before."""
    return isinstance(session.identity, Proved)
