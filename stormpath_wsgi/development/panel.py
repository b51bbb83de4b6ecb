"""The page of a development server: persons to be, what was mailed, what was refused."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from markupsafe import Markup
from webob import Request, Response

from stormpath_wsgi.development import persons
from stormpath_wsgi.development.bar import CSS, STYLE, Bar
from stormpath_wsgi.development.guard import PANEL
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import Declined
from stormpath_wsgi.flows import SignInRefused, Unfinished
from stormpath_wsgi.pages import site_of
from stormpath_wsgi.pages.answer import Answer, redirect
from stormpath_wsgi.pages.csrf import FIELD
from stormpath_wsgi.pages.next import safe_next
from stormpath_wsgi.pages.parameters import read_body, read_query
from stormpath_wsgi.pages.refusal import Refusal
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.policy import below_mount
from stormpath_wsgi.session import session_of
from stormpath_wsgi.testing import PASSWORD, Mail, TestSite
from stormpath_wsgi.web.origin import same_origin

_TEMPLATES = Path(__file__).parent / "templates"
#: How a mail in HTML is shown: without scripts, and nothing is fetched.
_AS_A_MAIL_PROGRAM = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; form-action 'none'; "
    "base-uri 'none'"
)
#: So many mails are listed: the last.
_MOST = 50


class Panel:
    """The WSGI app at :data:`PANEL`, inside of the middleware of *site*.

    *pages*: draws its pages. *bar*: knows what was refused.
    """

    def __init__(self, site: TestSite, pages: Site, bar: Bar) -> None:
        self._site, self._pages, self._bar = site, pages, bar

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        try:
            answer = self._answer(request)
        except Refusal as refused:
            answer = Answer(f"{refused.message}\n", "text/plain", status=refused.status)
        return answer(environ, start_response)

    def _answer(self, request: Request) -> Response:
        what, _, number = str(request.path_info).removeprefix(PANEL).partition("/")
        if request.method == "POST" and what == "be":
            return self._be(request)
        if request.method not in ("GET", "HEAD"):
            return Answer("Only the buttons of the panel post here.\n", "text/plain", status=405)
        if what == STYLE:
            return Answer(CSS, "text/css")
        if what == "":
            return self._overview(request)
        found = _numbered(self._site.mailbox.mails, number) if what in ("mail", "html") else None
        if found is None:
            return self._overview(request, "There is nothing at this address.", 404)
        if what == "html":
            return Answer(found.html or "", headers={"Content-Security-Policy": _AS_A_MAIL_PROGRAM})
        return self._page(request, "development-mail", mail=found, number=number, text=_with_links(found))

    def _overview(self, request: Request, wrong: str | None = None, status: int = 200) -> Response:
        there = [(ready, persons.find(self._site, ready.name)) for ready in persons.READY]
        rows = [(ready, account, persons.code_of(account)) for ready, account in there if account is not None]
        return self._page(
            request,
            "development-panel",
            status,
            persons=rows,
            password=PASSWORD,
            mails=list(enumerate(self._site.mailbox.mails))[: -_MOST - 1 : -1],
            messages=self._site.mailbox.texts[: -_MOST - 1 : -1],
            refusals=list(self._bar.refusals),
            back=safe_next(read_query(request).get("next")),
            wrong=wrong,
        )

    def _be(self, request: Request) -> Response:
        """Sign in whom a button names, as an application does that vouches for somebody."""
        posted = read_body(request, self._pages.max_body) or {}
        if same_origin(request) is False or not self._pages.tokens.accepts(request, posted.get(FIELD)):
            return self._overview(request, "This form was out of date, so nothing was done. Please try again.", 403)
        account = persons.find(self._site, str(posted.get("name", "")))
        if account is None:
            return self._overview(request, "That person is not there any more.", 404)
        try:
            result = self._pages.flows.sign_in.enter(session_of(request.environ), account)
        except Declined as refused:
            return self._overview(request, f"A listener of the site refuses: {refused.message}", 403)
        except (SignInRefused, Error) as refused:
            return self._overview(request, f"{account.username} may not sign in: {_why(refused)}", 403)
        if isinstance(result, Unfinished):
            return redirect(self._pages.step(request, result))
        wanted = safe_next(str(posted.get("next") or ""))
        return redirect(wanted or below_mount(request.environ, PANEL))

    def _page(self, request: Request, view: str, status: int = 200, **context: Any) -> Response:
        user = session_of(request.environ).user
        groups = sorted(group.name for group in user.groups)
        panel = below_mount(request.environ, PANEL)
        return self._pages.html(
            request, view, status, panel=panel, user=user, groups=groups, site_name="Development", **context
        )


def pages_of(site: TestSite) -> Site:
    """What draws our pages, with the templates of the panel beside those that are ours."""
    middleware = site.middleware
    web = middleware.settings.web.model_copy(update={"templates": _TEMPLATES})
    settings = middleware.settings.model_copy(update={"web": web})
    return site_of(settings, site.client, site.application, middleware.flows)


def _numbered(mails: list[Mail], number: str) -> Mail | None:
    place = int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else len(mails)
    return mails[place] if place < len(mails) else None


def _with_links(mail: Mail) -> Markup:
    """The text of *mail* for a page, with its addresses as links."""
    shown, rest = Markup(), mail.text
    for link in mail.links:
        before, found, after = rest.partition(link)
        if found:
            shown += Markup("{}").format(before) + Markup('<a href="{0}">{0}</a>').format(link)
            rest = after
    return shown + Markup("{}").format(rest)


def _why(refused: SignInRefused | Error) -> str:
    error = refused if isinstance(refused, Error) else refused.as_error()
    return error.developer_message
