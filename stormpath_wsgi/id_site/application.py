"""The way in: what of a host is the REST API's, and what is the ID Site's."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from webob import Request

from stormpath_wsgi.api import RestAPI
from stormpath_wsgi.api import application as rest_api
from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.errors import Error, Unavailable
from stormpath_wsgi.events import Origin, at
from stormpath_wsgi.id_site.asked import LONGEST, NO_GOOD, NotAsked, Requests
from stormpath_wsgi.id_site.hosted import QUESTION, HostedSite
from stormpath_wsgi.id_site.kept import Kept
from stormpath_wsgi.id_site.refused import Refusals
from stormpath_wsgi.id_site.sites import Sites
from stormpath_wsgi.pages.answer import Answer, redirect
from stormpath_wsgi.pages.parameters import TOKEN, read_query
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.web.address import Proxies

log = logging.getLogger(__name__)

#: Where an ID Site is, at the root of the host that serves the REST API, and where people sign out of it.
SSO, LOGOUT = "/sso", "/sso/logout"

#: The parameter of the address that has the request.
PARAMETER = "jwtRequest"

#: Below :data:`SSO`: the id of an application; of a question its name, after a tilde; and the path of a page of ours.
_PATH = re.compile(r"/sso/(?P<application>[0-9A-Za-z]{1,64})(?:/~(?P<question>[0-9A-Za-z_-]{22}))?(?P<rest>/.*)?")


class IdSite:
    """The ID Site of the directory *service*, in front of *api*, which gets every other request. A WSGI app.

    *settings*: those of this machine, with signing keys. *clock*: returns seconds since the epoch, UTC. Threads and
    greenlets may share it, and it may be made before a server forks.

    Raises :class:`~stormpath_wsgi.ConfigurationError` when a template cannot be used.
    """

    def __init__(
        self,
        api: WSGIApplication,
        service: DirectoryService,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._api, self._service = api, service
        self._proxies = Proxies(settings.proxies)
        is_https = urlsplit(service.base_url).scheme == "https"
        self._kept = Kept(
            settings.secret_keys,
            secure=is_https if settings.session.cookie_secure is None else settings.session.cookie_secure,
            clock=clock,
        )
        self._requests = Requests(service, clock)
        self._refusals = Refusals(settings.web)
        self._sites = Sites(
            settings, service, requests=self._requests, kept=self._kept, refuses=self._refusals, clock=clock
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        if path != SSO and not path.startswith(f"{SSO}/"):
            return self._api(environ, start_response)
        try:
            answer = self._answer(environ, path)
        except NotAsked as refusal:
            answer = self._refusals(environ, refusal)
        except Unavailable as error:
            answer = self._refusals.unavailable(environ, error)
        return answer(environ, start_response)

    def _answer(self, environ: WSGIEnvironment, path: str) -> WSGIApplication:
        """What answers a request for *path*. Raises :class:`.NotAsked`, :class:`~stormpath_wsgi.errors.Unavailable`."""
        if path in (SSO, LOGOUT):
            return self._begin(environ, ends=path == LOGOUT)
        found = _PATH.fullmatch(path)
        if found is None:
            raise NotAsked(NO_GOOD, "there is no such page", HTTPStatus.NOT_FOUND)
        mount, name = path[: found.start("rest")] if found["rest"] else path, found["question"]
        question = name and self._kept.question(environ, mount, found["application"], name)
        site = self._site(found["application"], asks_organization=bool(question and question.asks_organization))
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = mount, found["rest"] or ""
        environ[QUESTION] = question or None
        return site

    def _begin(self, environ: WSGIEnvironment, *, ends: bool) -> Answer:
        """Sends a visitor to the pages of the application that he comes from, and has his browser keep the question.

        Who opens the same address again has kept it, or is told that it was used.
        """
        request = Request(environ)
        if request.method != "GET":  # HEAD would use it up, and have no browser keep it
            raise NotAsked(NO_GOOD, "it was not sent with GET", HTTPStatus.METHOD_NOT_ALLOWED)
        if len(environ.get("QUERY_STRING", "")) > LONGEST + 1000:
            raise NotAsked(NO_GOOD, "it is too long", HTTPStatus.REQUEST_URI_TOO_LONG)
        with at(Origin.of(environ, address=self._proxies.address(environ))):
            asked = self._requests.read(read_query(request).get(PARAMETER, ""), ends=ends)
        question = asked.question
        site = self._site(question.application_id, asks_organization=question.asks_organization)
        if question.organization is not None and not ends and not site.knows(question.organization):
            return site.unknown_organization(environ, question)
        mount = f"{SSO}/{question.application_id}/~{question.name}"
        answer = redirect(mount + _first_page(site, question.page, asked.token))
        if asked.is_new:
            answer.headers.add(*self._kept.header(question, mount, https=request.scheme == "https"))
        return answer

    def _site(self, application_id: str, *, asks_organization: bool) -> HostedSite:
        try:
            site = self._sites.site(application_id, f"{SSO}/{application_id}", asks_organization=asks_organization)
        except Unavailable:
            raise
        except Error as error:
            raise NotAsked(NO_GOOD, str(error), HTTPStatus.NOT_FOUND) from error
        if site is None:
            raise NotAsked(NO_GOOD, "the application has no authorizedCallbackUris", HTTPStatus.NOT_FOUND)
        return site


def _first_page(site: HostedSite, name: str, token: str | None) -> str:
    """The path, below that of the question, that a visitor is sent to. Where people sign in or register is decided
    there: who is signed in already goes straight back.
    """
    page = site.pages.addresses.get(name)
    if page is None or name in ("login", "register"):
        return "/"
    return f"{page}?{urlencode({TOKEN: token})}" if token else page


def application(settings: Settings | None = None) -> WSGIApplication:
    """The REST API, with an ID Site in front of it where ``idSite.enabled`` says so, for a command line such as
    ``gunicorn 'stormpath_wsgi.id_site:application()'``.

    *settings*: None means those of all sources. Raises :class:`~stormpath_wsgi.ConfigurationError` when a setting is
    wrong, or when the directory is empty.
    """
    settings = settings or Settings.read()
    api: RestAPI = rest_api(settings)
    return IdSite(api, api.service, settings.with_keys()) if settings.id_site.enabled else api
