"""The address that tells a single-page app who is signed in."""

from __future__ import annotations

from webob import Request, Response

from stormpath_wsgi.errors import Error
from stormpath_wsgi.pages.account import account_document
from stormpath_wsgi.pages.answer import json_answer, redirect
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.policy import WWW_AUTHENTICATE
from stormpath_wsgi.session import session_of
from stormpath_wsgi.web.negotiation import HTML, preferred


class MePage:
    """The account as JSON, whatever the visitor accepts. A stranger is sent to the login page, or gets 401."""

    def __init__(self, site: Site) -> None:
        self.site = site
        expand = site.web.me.expand.model_dump(by_alias=True)
        self._expand = [link for link, wanted in expand.items() if wanted]

    def __call__(self, request: Request) -> Response | None:
        if request.method not in ("GET", "HEAD"):
            return None
        href = session_of(request.environ).user.href
        if href is None:
            return self._challenge(request)
        try:
            return json_answer(account_document(self.site.store, href, self._expand))
        except Error as error:
            if error.status != 404:
                raise
            return self._challenge(request)  # deleted since the session was looked at

    def _challenge(self, request: Request) -> Response:
        session_of(request.environ).sign_out()  # takes away whatever cookie led here (framework specification)
        web = self.site.web
        if web.login.enabled and preferred(request.environ, web.produces) == HTML:
            return redirect(
                self.site.link(request, web.at(web.login.uri), next=self.site.link(request, web.at(web.me.uri)))
            )
        answer = json_answer(None, 401)
        answer.headers.update([WWW_AUTHENTICATE])
        return answer
