"""The middleware: one WSGI callable that asks who sends a request, sets the user, and serves a page or passes on."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from importlib.metadata import version
from typing import Any, Self
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from webob import Request

from stormpath_wsgi.client import Application, Client
from stormpath_wsgi.client.choice import find_application
from stormpath_wsgi.errors import ConfigurationError, Unavailable
from stormpath_wsgi.events import SignInFailed
from stormpath_wsgi.flows import Flows, social_setup
from stormpath_wsgi.pages import AnyPage, Pages, declared
from stormpath_wsgi.policy import challenge_on_401
from stormpath_wsgi.protect import Protected
from stormpath_wsgi.session import CurrentSession, Sessions
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.users import current
from stormpath_wsgi.web.address import ProxyHint
from stormpath_wsgi.web.credentials import Credentials
from stormpath_wsgi.web.environ import APPLICATION, PAGES, SESSION
from stormpath_wsgi.web.organizations import FORWARDED, Organizations
from stormpath_wsgi.web.responses import StreamedBody, unavailable

log = logging.getLogger(__name__)

#: The highest number of objects that are searched for our middleware: an application may refer to very many objects.
MOST = 200

#: The version of a distribution. To read one takes as long as to open a small directory.
_installed = cache(version)


class StormpathMiddleware:
    """*app*, with user accounts. Every setting of :class:`~stormpath_wsgi.Settings` may be given as a keyword.

    Each request finds in its environ ``stormpath.user`` (who sent it), ``stormpath.identity`` (how that is known),
    ``stormpath.session`` (the :class:`~stormpath_wsgi.session.CurrentSession`), ``stormpath.application``, and
    ``REMOTE_USER`` when somebody is signed in. A session cookie, an access token of the application and, where
    ``protect`` says so, an API key or the password of an account say who it is. ``Vary: Cookie`` is added when the user
    was looked at, or still may be when the headers leave, and ``Authorization`` to it where that was looked at; a look
    at ``REMOTE_USER`` we cannot see, so an app that shows it to people and lets caches keep its pages has to say so
    itself.

    ``middleware.events.listen(SignedIn, greet)`` has *greet* called with what happens, see
    :mod:`stormpath_wsgi.events`. ``middleware.flows`` are for pages of the application's own, see
    :class:`~stormpath_wsgi.flows.Flows`.

    The application object is shared by all requests: to change it, get one of your own from the client. Raises
    :class:`~stormpath_wsgi.ConfigurationError` when a setting or the application is wrong.
    """

    def __init__(self, app: WSGIApplication, **settings: Any) -> None:
        loaded = Settings.load(**settings)
        #: The keywords that were given, for who asks where a setting comes from.
        self.arguments: dict[str, Any] = settings
        check_app(app, loaded)
        client = Client(user_agent=self.made_with(), **loaded.opening())
        wanted = loaded.application
        application = find_application(client, href=wanted.href, name=wanted.name)
        tell_what_is_not_mapped(application)
        social_setup.set_up(client, application, loaded)
        loaded.limits.tell_if_off()
        loaded.web.tell_if_organizations_have_no_hosts()
        self._furnish(app, loaded, client, application)
        self.events.listen(SignInFailed, ProxyHint(self.sessions.proxies))

    def _furnish(
        self,
        app: WSGIApplication,
        settings: Settings,
        client: Client,
        application: Application,
        form_targets: Iterable[str] = (),
    ) -> None:
        """Makes all that the middleware is of. *form_targets*: where else forms of ours may lead to, as sources of a
        content policy.
        """
        self.settings = settings
        #: The application that it is around.
        self.app = app
        self.client = client
        self.events = client.events
        self.application = application
        self.sessions = Sessions(client, application, settings)
        self._organizations = self._find_organizations()
        #: How people are signed in and out and make accounts, for pages of the application's own.
        self.flows = Flows(settings, client, application)
        self.sessions.pages = self.pages = Pages(
            settings, client, application, self.flows, self.page_kinds(), form_targets
        )
        self.protected = self._guarded(app)
        self.credentials = Credentials(
            client,
            application,
            settings,
            self.sessions,
            self._offers_basic,
            self.flows.sign_in.asks_more,
            self.flows.limits,
        )
        self._open, self._open_with_header = self.credentials.open_without_header, self.credentials.open
        if self._organizations is not None:
            at_host = partial(_open_at_host, self._organizations)
            self._open, self._open_with_header = partial(at_host, self._open), partial(at_host, self._open_with_header)
        self._serves = False  # a server may still fork before the first request

    def _find_organizations(self) -> Organizations | None:
        """What knows which organization a request is for; None: there are no such requests."""
        return Organizations.of(
            self.client,
            self.application,
            self.settings,
            proxies=self.sessions.proxies,
            generation=self.sessions.generation,
        )

    @classmethod
    @cache  # the versions stand in files
    def made_with(cls) -> str:
        """What a directory on another machine is told of this site, in ``User-Agent``: names with their versions.

        An adapter for a framework names itself and the framework.
        """
        return f"stormpath-wsgi-middleware/{_installed('stormpath-wsgi')} webob/{_installed('webob')}"

    def around(self, app: WSGIApplication, *, protects: bool = True) -> Self:
        """The same site, with the same accounts, sessions and pages, around another *app*. *protects*: whether the
        policies of the setting ``protect`` hold for its paths.
        """
        other = copy.copy(self)
        other.app = app
        other.protected = self._guarded(app) if protects else Protected(app, {})
        return other

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not self._serves:
            self._serves = True
            self.client.serve()
        environ[APPLICATION] = self.application
        try:
            if "HTTP_AUTHORIZATION" in environ:
                environ[PAGES] = self.pages
                session = self._open_with_header(environ)
            else:
                session = self._open(environ)
        except Unavailable as error:
            environ[PAGES] = self.pages
            environ.pop(SESSION, None)  # of another middleware, around this one
            return unavailable(error, environ, start_response)
        session.start = start_response
        token = current.set(session)
        try:
            path, pages = environ.get("PATH_INFO", ""), self.pages
            page = pages.exact.get(path)  # as pages.find, mostly without the call
            if page is None and path.startswith(pages.above):
                page = pages.find(path)
            app = None if page is None else self.serve_page(page, environ)
            body = (app or self.protected.whole or self.protected.find(path))(environ, session)
        except Unavailable as error:
            body = session.unavailable(error, environ)
        except BaseException:
            session.let_go()
            raise
        finally:
            session.environ = None
            current.reset(token)
        kind = type(body)
        if kind is list or kind is tuple or kind is environ.get("wsgi.file_wrapper"):
            session.tell_server(False, True)  # no code of the app is left to run
            return body
        return StreamedBody(body, session, environ)

    def _guarded(self, app: WSGIApplication) -> Protected:
        app = self.pages.around(app)
        app = challenge_on_401(app) if self.settings.challenge_on_401 else app
        return Protected(app, self.settings.protect, self.settings.preflight)

    def _offers_basic(self, path: str) -> bool:
        return self.protected.offers_basic(path) or self.pages.offers_basic(path)

    @classmethod
    def page_kinds(cls) -> tuple[type[AnyPage], ...]:
        """The pages that there are. An adapter may have some of its own kind for some of them."""
        return declared()

    def serve_page(self, page: AnyPage, environ: WSGIEnvironment) -> WSGIApplication | None:
        """What answers a request for *page*; None: it is for the wrapped application.

        An adapter may have its framework answer, which asks the page.
        """
        return page(Request(environ))


def _open_at_host(
    organizations: Organizations, opening: Callable[[WSGIEnvironment], CurrentSession], environ: WSGIEnvironment
) -> CurrentSession:
    """As *opening*, with only people of an organization signed in at its host.

    Raises :class:`~stormpath_wsgi.errors.Unavailable`.
    """
    place = organizations.place(environ)
    session = opening(environ)
    if place.found is not None:
        session.confine(place.found.admits)
    if place.forwarded:
        session.particulars.varies_always_by = FORWARDED
    return session


def check_app(app: Any, settings: Settings) -> None:
    """Raise :class:`ConfigurationError` when *app* is none, or has a middleware of ours around it already. Warn in the
    log when what tells the address of the visitor is inside of us, where we do not see it.
    """
    if not callable(app):
        raise ConfigurationError(
            f"{app!r} is no WSGI application: write StormpathMiddleware(application) with what a server calls with "
            "environ and start_response."
        )
    layers = list(_layers(app))
    names = [layer.settings.session.cookie_name for layer in layers if isinstance(layer, StormpathMiddleware)]
    if settings.session.cookie_name in names:
        raise ConfigurationError(
            "There is a StormpathMiddleware around this application already (a StormpathManager of Flask is one too), "
            "and each would take the other's cookie away: keep one, or give each its own session.cookieName."
        )
    if any(_is_proxy_fix(layer) for layer in layers):
        log.warning(
            "ProxyFix is inside of StormpathMiddleware, so we see the proxy in the place of each visitor, and http in "
            "the place of https. Put it around: ProxyFix(StormpathMiddleware(app)). In Flask write "
            "app.wsgi_app = ProxyFix(app.wsgi_app, …) below StormpathManager(app)."
        )


def _is_proxy_fix(layer: Any) -> bool:
    """Whether *layer* is Werkzeug's, which is asked without loading it."""
    return any(each.__name__ == "ProxyFix" and each.__module__.startswith("werkzeug.") for each in type(layer).__mro__)


def _layers(app: Any) -> Iterator[Any]:
    """*app*, and what it wraps, as far as it says so in the usual way: ``wsgi_app`` of Flask, ``app`` of the others."""
    seen: list[Any] = []
    while callable(app) and not any(app is layer for layer in seen):
        yield app
        seen.append(app)
        app = getattr(app, "wsgi_app", None) or getattr(app, "app", None)


def middleware_of(app: Any) -> StormpathMiddleware | None:
    """The middleware that is around *app*, or within, as in Flask's ``wsgi_app``; None: there is none."""
    return next((each for each in reachable(app) if isinstance(each, StormpathMiddleware)), None)


def reachable(app: Any) -> Iterator[Any]:
    """*app* and the applications that it wraps: callable objects among its attributes, and among their attributes."""
    waiting, seen = [app], set[int]()
    while waiting and len(seen) < MOST:
        each = waiting.pop(0)
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [value for value in _attributes(each) if callable(value)]


def _attributes(thing: Any) -> list[Any]:
    """The values of the attributes of *thing*; none for a proxy whose object does not exist now."""
    try:
        return list(vars(thing).values())
    except (TypeError, RuntimeError):
        return []


def tell_what_is_not_mapped(application: Application) -> None:
    """Log what keeps everybody out of *application*: no account store, or none for new accounts."""
    remedy = (
        "map a directory with client.account_store_mappings.create({'application': application, 'account_store': "
        "directory, 'is_default_account_store': True, 'is_default_group_store': True})"
    )
    if not len(application.account_store_mappings):
        log.warning("The application %r has no account store, so nobody can sign in: %s.", application.name, remedy)
    elif application.default_account_store_mapping is None:
        log.warning(
            "The application %r has no default account store, so nobody can register: %s.", application.name, remedy
        )
