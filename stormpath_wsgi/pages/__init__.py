"""What a person or a single-page app meets: login, register, logout, me.

Each page is a module here, with a class that declares it (:class:`~stormpath_wsgi.pages.page.Page`).
Source: the Stormpath framework specification, which fixes addresses, texts, statuses and JSON documents.
"""

from __future__ import annotations

import logging
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from importlib import import_module
from typing import Any, TypeAlias
from wsgiref.types import WSGIApplication

from webob import Request, Response

from stormpath_wsgi.client import Application, Client
from stormpath_wsgi.codes import Code
from stormpath_wsgi.flows import Flows
from stormpath_wsgi.pages import handlers
from stormpath_wsgi.pages.declaration import Declaration
from stormpath_wsgi.pages.logout import SignOutOfApp
from stormpath_wsgi.pages.next import safe_next
from stormpath_wsgi.pages.page import Page, refused
from stormpath_wsgi.pages.refusal import Refusal
from stormpath_wsgi.pages.sentences import SENTENCES
from stormpath_wsgi.pages.site import Site, templates_of
from stormpath_wsgi.policy import FORBIDDEN, NOT_ALLOWED
from stormpath_wsgi.session import LIVES_ON, CurrentSession, session_of
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.web.environ import SESSION
from stormpath_wsgi.web.language import Languages, texts_of
from stormpath_wsgi.web.negotiation import HTML, preferred

log = logging.getLogger(__name__)

AnyPage: TypeAlias = Page[Any]


@cache
def declared() -> tuple[type[AnyPage], ...]:
    """The pages that the modules of this package declare."""
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    kinds = [(module.__name__, kind) for module in modules for kind in vars(module).values()]
    return tuple(kind for where, kind in kinds if _is_page(kind) and kind.__module__ == where)


def _is_page(found: object) -> bool:
    # issubclass() would have Page, and each page, remember each class of these modules that is none.
    return isinstance(found, type) and Page in found.__mro__ and "name" in vars(found)


def site_of(settings: Settings, client: Client, application: Application, flows: Flows) -> Site:
    """What draws the pages of a site, for a page that this package does not declare."""
    return Site(settings, client, application, flows, _declarations(settings))


def check_templates(settings: Settings) -> None:
    """Raises :class:`~stormpath_wsgi.ConfigurationError` when a template cannot be used that a page of ours shows."""
    templates_of(settings.web, _declarations(settings))


def _declarations(settings: Settings) -> list[Declaration]:
    of_section = {page.section: page for page in declared()}
    return [of_section[type(section)].declaration(section) for section in settings.web.pages.values()]


class Pages:
    """The pages of one application. Lives with the process; a request is a look-up.

    A page expects ``environ["stormpath.session"]``; what it does to the session the middleware writes into the answer.
    It lets :class:`~stormpath_wsgi.errors.Unavailable` pass: answer that with :meth:`unavailable`, and a refusal of
    somebody who is signed in with :meth:`forbidden`. *pages*: what may be served; each has a section in the settings.
    *form_targets*: as of :class:`~stormpath_wsgi.pages.site.Site`.
    """

    def __init__(
        self,
        settings: Settings,
        client: Client,
        application: Application,
        flows: Flows,
        pages: Iterable[type[AnyPage]] | None = None,
        form_targets: Iterable[str] = (),
    ) -> None:
        of_section = {page.section: page for page in (declared() if pages is None else pages)}
        sections = settings.web.pages
        found = [of_section[type(section)].declaration(section) for section in sections.values()]
        site = self._site = Site(settings, client, application, flows, found, form_targets)
        #: How people come in and go, for pages of the application's own.
        self.flows = flows
        #: What the site speaks.
        self.languages = Languages(settings.web.languages)
        handlers.listen(client, settings.web)
        served = {name: of_section[type(section)](site, section) for name, section in settings.web.served.items()}
        self._by_name: Mapping[str, AnyPage] = {page.name: page for page in served.values()}
        #: Where the pages are that are served, by their names: paths below the mount point of the application.
        self.addresses: Mapping[str, str] = {page.name: page.uri for page in served.values()}
        #: The pages by their paths below the mount point of the application, each a native string of WSGI: the bytes of
        #: the path, each one character (PEP 3333, "Unicode Issues").
        self.exact: Mapping[str, AnyPage] = {
            path.encode().decode("latin-1"): page for page in served.values() for path in page.paths
        }
        self._below = tuple(
            (f"{path.encode().decode('latin-1')}/", page) for page in served.values() for path in page.above
        )
        #: What the paths begin with of the pages that have more than one, in the same form.
        self.above = tuple(path for path, _ in self._below)
        if served:
            log.info(
                "We answer at %s; what the application has there is hidden. The setting uri in each of these sections "
                "moves it, and enabled: false leaves the address to the application.",
                ", ".join(f"{page.uri} (web.{name})" for name, page in served.items()),
            )

    def around(self, app: WSGIApplication) -> WSGIApplication:
        """*app* as it belongs behind the pages: its own sign-out, where the settings name one, ends our session too."""
        return SignOutOfApp(self._site, app) if self._site.web.logout.also_at else app

    def find(self, path_info: str) -> AnyPage | None:
        """The page at *path_info*, below the mount point of the application."""
        page = self.exact.get(path_info)
        if page is None and path_info.startswith(self.above):
            [page, *_] = [above for path, above in self._below if path_info.startswith(path)]
        return page

    def offers_basic(self, path_info: str) -> bool:
        """Whether a page of ours at *path_info* takes an API key by HTTP Basic."""
        page = self.find(path_info)
        return page is not None and page.offers_basic

    def named(self, name: str) -> AnyPage | None:
        """The page with that name; None: it is not served."""
        return self._by_name.get(name)

    def forbidden(self, request: Request) -> Response:
        """What somebody gets who is signed in and may not pass: 403, with a way to sign in as somebody else."""
        refusal = Refusal(NOT_ALLOWED, status=HTTPStatus.FORBIDDEN)
        if preferred(request.environ, self._site.web.produces) != HTML:
            return refused(request, refusal)
        site, login = self._site, self._site.web.login
        other = (
            site.link(request, site.web.at(login.uri), next=_again(request), status=FORBIDDEN)
            if login.enabled
            else None
        )
        return site.problem(request, "unauthorized", refusal, user=session_of(request.environ).user, other=other)

    def unavailable(self, request: Request, retry_after: int) -> Response:
        """What everybody gets while the directory cannot be reached: 503. *retry_after*: seconds. Asks no directory.

        Who wanted to sign out learns that it counts in this browser only. To send that again would not help: the cookie
        is gone.
        """
        code = Code.UNAVAILABLE
        session = request.environ.get(SESSION)
        lives_on = isinstance(session, CurrentSession) and session.lives_on
        refusal = Refusal(LIVES_ON if lives_on else SENTENCES[code], status=code.status)
        if preferred(request.environ, self._site.web.produces) != HTML:
            answer = refused(request, refusal)
        else:
            told = refusal.told(texts_of(request.environ))
            context: dict[str, Any] = {"error": told, "lives_on": lives_on, "again": _again(request)}
            answer = self._site.html(request, "unavailable", code.status, **context)
        if not lives_on:
            answer.retry_after = retry_after
        return answer


def _again(request: Request) -> str | None:
    """The address that was asked for, for a link to it. None: to open it would not do the same again."""
    return safe_next(request.path_qs) if request.method in ("GET", "HEAD") else None
