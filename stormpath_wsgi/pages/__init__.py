"""What a person or a single-page app meets: login, register, logout, me.

Source: the Stormpath framework specification, which fixes addresses, texts, statuses and JSON documents.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TypeAlias
from wsgiref.types import WSGIApplication

from webob import Request, Response

from stormpath_wsgi.client import Application, Client
from stormpath_wsgi.codes import Code
from stormpath_wsgi.flows import Flows
from stormpath_wsgi.pages import handlers
from stormpath_wsgi.pages.login import LoginPage
from stormpath_wsgi.pages.logout import LogoutPage, SignOutOfApp
from stormpath_wsgi.pages.me import MePage
from stormpath_wsgi.pages.page import refused
from stormpath_wsgi.pages.refusal import Refusal
from stormpath_wsgi.pages.register import RegisterPage
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.policy import NOT_ALLOWED
from stormpath_wsgi.session import LIVES_ON, CurrentSession, session_of
from stormpath_wsgi.settings import LoginSettings, LogoutSettings, MeSettings, RegisterSettings, Settings
from stormpath_wsgi.web.environ import SESSION
from stormpath_wsgi.web.negotiation import HTML, preferred

log = logging.getLogger(__name__)

SERVED = (
    "We answer at %s; what the application has there is hidden. The setting uri in each of these sections moves it, "
    "and enabled: false leaves the address to the application."
)

#: Answers a request, or says None: it is for the wrapped application.
Page: TypeAlias = Callable[[Request], Response | None]


class Pages:
    """The pages of one application. Lives with the process; a request is a look-up.

    A page expects ``environ["stormpath.session"]``; what it does to the session the middleware writes into the answer.
    It lets :class:`~stormpath_wsgi.errors.Unavailable` pass: answer that with :meth:`unavailable`, and a refusal of
    somebody who is signed in with :meth:`forbidden`.
    """

    def __init__(self, settings: Settings, client: Client, application: Application, flows: Flows) -> None:
        site = self._site = Site(settings, client, application, flows)
        web = settings.web
        handlers.listen(client, web)
        pages: list[tuple[str, LoginSettings | RegisterSettings | LogoutSettings | MeSettings, Page]] = [
            ("login", web.login, LoginPage(site)),
            ("register", web.register_, RegisterPage(site)),
            ("logout", web.logout, LogoutPage(site)),
            ("me", web.me, MePage(site)),
        ]
        served = [(name, web.at(section.uri), page) for name, section, page in pages if section.enabled]
        # Native strings of WSGI: the bytes of the path, each one character (PEP 3333, "Unicode Issues").
        self._pages: Mapping[str, Page] = {uri.encode().decode("latin-1"): page for _, uri, page in served}
        if served:
            log.info(SERVED, ", ".join(f"{uri} (web.{name})" for name, uri, _ in served))

    def around(self, app: WSGIApplication) -> WSGIApplication:
        """*app* as it belongs behind the pages: its own sign-out, where the settings name one, ends our session too."""
        return SignOutOfApp(self._site, app) if self._site.web.logout.also_at else app

    def find(self, path_info: str) -> Page | None:
        """The page at *path_info*, below the mount point of the application."""
        return self._pages.get(path_info)

    def forbidden(self, request: Request) -> Response:
        """What somebody gets who is signed in and may not pass: 403, with a way to sign in as somebody else."""
        refusal = Refusal(NOT_ALLOWED, status=HTTPStatus.FORBIDDEN)
        if preferred(request.environ, self._site.web.produces) != HTML:
            return refused(refusal)
        return self._site.problem(request, "unauthorized", refusal, user=session_of(request.environ).user)

    def unavailable(self, request: Request, retry_after: int) -> Response:
        """What everybody gets while the directory cannot be reached: 503. *retry_after*: seconds. Asks no directory.

        Who wanted to sign out learns that it counts in this browser only. To send that again would not help: the cookie
        is gone.
        """
        code = Code.UNAVAILABLE
        session = request.environ.get(SESSION)
        lives_on = isinstance(session, CurrentSession) and session.lives_on
        refusal = Refusal(LIVES_ON if lives_on else str(code.user_message), status=code.status)
        if preferred(request.environ, self._site.web.produces) != HTML:
            answer = refused(refusal)
        else:
            answer = self._site.html(request, "unavailable", code.status, error=refusal, lives_on=lives_on)
        if not lives_on:
            answer.retry_after = retry_after
        return answer
