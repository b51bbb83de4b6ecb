"""What the pages of one application share: settings, templates, form tokens, and where links lead."""

from __future__ import annotations

from functools import cache, partial
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from webob import Request

from stormpath_wsgi.client import Application, Client
from stormpath_wsgi.flows import Flows
from stormpath_wsgi.pages.about import About
from stormpath_wsgi.pages.answer import Answer
from stormpath_wsgi.pages.csrf import FIELD, FormTokens
from stormpath_wsgi.pages.next import safe_next
from stormpath_wsgi.pages.parameters import read_query
from stormpath_wsgi.pages.refusal import Refusal
from stormpath_wsgi.pages.templates import Templates
from stormpath_wsgi.policy import below_mount
from stormpath_wsgi.settings import Settings

_LEFT_ALONE = "%/:=&?~#+!$,;'@()*[]"  # in an address that is one already

PROBLEMS = ("error", "unauthorized", "unavailable")


class Site:
    """Lives with the process; threads may share it."""

    def __init__(self, settings: Settings, client: Client, application: Application, flows: Flows) -> None:
        web = self.web = settings.web
        self.max_body = settings.max_body
        self.flows = flows
        self.store = client.data_store
        self.about = About(client.data_store, application.href, ttl=settings.cache_ttl.total_seconds())
        #: Whether cookies are Secure over plain http too, because a proxy in front of us speaks https.
        self.secure = bool(settings.session.cookie_secure)
        self.tokens = FormTokens(settings.secret_keys, secure=self.secure)
        self._templates = Templates.of(web.templates, (web.login.view, web.register_.view, web.logout.view, *PROBLEMS))
        targets = {"'self'", *map(_origin, (web.login.next_uri, web.register_.next_uri, web.logout.next_uri))}
        # Browsers hold the redirect that follows a form to form-action as well.
        self._content_policy = (
            f"default-src 'none'; style-src 'self' {self._templates.style_source}; img-src 'self' data:; "
            f"font-src 'self'; form-action {' '.join(sorted(targets))}; frame-ancestors 'none'; base-uri 'none'"
        )

    def html(self, request: Request, view: str, status: int = 200, **context: Any) -> Answer:
        """The template *view* as an answer. It sees *context*, ``links``, and how to make a form token."""
        answer = Answer(status=status)
        answer.headers["Content-Security-Policy"] = self._content_policy
        answer.text = self._templates.render(
            view,
            links=self._links(request),
            csrf_field=FIELD,
            csrf_token=cache(partial(self.tokens.issue, request, answer)),
            status=status,
            **context,
        )
        return answer

    def problem(self, request: Request, view: str, refusal: Refusal, **context: Any) -> Answer:
        """A page that says why there is no other."""
        return self.html(request, view, refusal.status, site_name=self.about.name, error=refusal, **context)

    def link(self, request: Request, uri: str, **query: str | None) -> str:
        """The address of *uri*, one of our settings, for the browser: below the mount point of the application."""
        address = quote(uri, safe=_LEFT_ALONE)
        if uri.startswith("/"):
            address = below_mount(request.environ, address)
        parameters = urlencode({name: value for name, value in query.items() if value is not None})
        return address + (f"?{parameters}" if parameters else "")

    def wanted(self, request: Request) -> str | None:
        """The page of this site that the visitor wanted before he met ours."""
        return safe_next(read_query(request).get("next"))

    def _links(self, request: Request) -> dict[str, str]:
        """Our pages that are served, by name; login and register remember where the visitor wanted to go."""
        web = self.web
        links = {"home": self.link(request, web.at("/"))}
        if web.login.enabled:
            links["login"] = self.link(request, web.at(web.login.uri), next=self.wanted(request))
        if web.register_.enabled:
            links["register"] = self.link(request, web.at(web.register_.uri), next=self.wanted(request))
        if web.logout.enabled:
            links["logout"] = self.link(request, web.at(web.logout.uri))
        return links


def _origin(target: str) -> str:
    if target.startswith("/"):
        return "'self'"
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.netloc}"
