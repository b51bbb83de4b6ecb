"""The address that tells a single-page app who is signed in."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from webob import Request, Response

from stormpath_wsgi.errors import Error
from stormpath_wsgi.pages.account_document import account_document
from stormpath_wsgi.pages.answer import json_answer, redirect
from stormpath_wsgi.pages.page import Page
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.policy import refused_in_header, wants_header, www_authenticate
from stormpath_wsgi.session import session_of
from stormpath_wsgi.settings import MeSettings
from stormpath_wsgi.web.organizations import organization_of

#: What is told of an organization.
_OF_ORGANIZATION = ("href", "name", "nameKey", "createdAt", "modifiedAt")


class MePage(Page[MeSettings]):
    """The account as JSON, whatever the visitor accepts. A stranger is sent to the login page, or gets 401."""

    name = "me"
    section = MeSettings
    methods = frozenset({"GET", "HEAD"})
    answers_all = True

    def __init__(self, site: Site, settings: MeSettings) -> None:
        super().__init__(site, settings)
        expand = settings.expand.model_dump(by_alias=True)
        self._expand = [link for link, wanted in expand.items() if wanted]

    def answer(self, request: Request, *, html: bool) -> Response:
        href = session_of(request.environ).user.href
        if href is None:
            return self._challenge(request, html=html)
        try:
            document = account_document(self.site.store, href, self._expand)
        except Error as error:
            if error.status != 404:
                raise
            return self._challenge(request, html=html)  # deleted since the session was looked at
        return json_answer({**document, **self._organization(request)})

    def _organization(self, request: Request) -> dict[str, Any]:
        """The organization at whose host the request is, as a further root key; none anywhere else."""
        here = organization_of(request.environ)
        if here is None:
            return {}
        found = self.site.store.get(here.href)
        return {"organization": {name: found[name] for name in _OF_ORGANIZATION}}

    def _challenge(self, request: Request, *, html: bool) -> Response:
        session, web = session_of(request.environ), self.site.web
        if not (session.elsewhere or (session.identity.kind and session.identity.kind.in_header)):
            session.sign_out()  # takes away whatever cookie led here (framework specification)
        if not wants_header(request.environ) and web.login.enabled and html:
            here = self.site.link(request, self.uri)
            return redirect(self.site.link(request, web.at(web.login.uri), next=here))
        refused = refused_in_header(request.environ)
        if refused is not None and refused.retry_after is not None:
            answer = json_answer(None, HTTPStatus.TOO_MANY_REQUESTS)
            answer.retry_after = refused.retry_after
            return answer
        answer = json_answer(None, 401)
        answer.headers.extend(www_authenticate(request.environ))
        return answer
