"""Which credentials a request is asked for, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar
from wsgiref.types import WSGIEnvironment

from stormpath_wsgi.client import Account, Application, Client
from stormpath_wsgi.events import Origin
from stormpath_wsgi.limits import Limits
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.slots import Generation
from stormpath_wsgi.web.basic import BasicCredential
from stormpath_wsgi.web.bearer import AccessTokenCredential
from stormpath_wsgi.web.identity import NOTHING, Credential, CredentialKind, Identity, Proved, first_offered
from stormpath_wsgi.web.remote_user import Told
from stormpath_wsgi.web.responses import Particulars

_BY_HEADER, _BY_BOTH = "Authorization", "Cookie, Authorization"


class Varies(Protocol):
    """The session of one request."""

    identity: Identity

    @property
    def particulars(self) -> Particulars:
        """What is particular about the request, to change it."""


S = TypeVar("S", bound=Varies)
S_co = TypeVar("S_co", bound=Varies, covariant=True)


class Sessions(Protocol[S_co]):
    """The sessions of the site, as far as they matter here (:class:`~stormpath_wsgi.session.Sessions`)."""

    #: What the app is told of an account.
    told: Told
    #: Seconds since the epoch.
    now: Callable[[], float]

    @property
    def generation(self) -> Generation:
        """Returns the directory's generation."""

    def origin(self, environ: WSGIEnvironment) -> Origin:
        """Where a request comes from."""

    def open(self, environ: WSGIEnvironment, judged: Identity | None = None) -> S_co:
        """The session of a request. *judged*: who sends it, where a header has decided that."""


class Credentials(Generic[S]):
    """What the setting ``credentials`` names. Lives with the process; threads may share it.

    A header that is ours to judge and wrong makes nobody signed in, whatever else the request brings. Of a header that
    is right and a session cookie the one decides that stands first in the setting. *offers_basic*: whether a path
    (``PATH_INFO``) offers Basic. *asks_more*: whether an account is asked for more than its password. *limits*: how
    often wrong API keys may come from one address.
    """

    def __init__(
        self,
        client: Client,
        application: Application,
        settings: Settings,
        sessions: Sessions[S],
        offers_basic: Callable[[str], bool],
        asks_more: Callable[[Account, Origin], bool],
        limits: Limits,
    ) -> None:
        order = [CredentialKind(name) for name in settings.credentials]
        common: dict[str, Any] = {"told": sessions.told, "generation": sessions.generation, "now": sessions.now}
        makers: dict[CredentialKind, Callable[[], Credential]] = {
            CredentialKind.BEARER: lambda: AccessTokenCredential(client, application, settings, **common),
            CredentialKind.BASIC: lambda: BasicCredential(
                client,
                application,
                settings,
                offered_at=offers_basic,
                origin=sessions.origin,
                asks_more=asks_more,
                limits=limits,
                **common,
            ),
        }
        self._sessions = sessions
        #: As :meth:`open`, for a request without an ``Authorization`` header.
        self.open_without_header: Callable[[WSGIEnvironment], S] = (
            sessions.open if CredentialKind.SESSION in order else lambda environ: sessions.open(environ, NOTHING)
        )
        self._in_header = tuple(makers[kind]() for kind in order if kind.in_header)
        self._takes_sessions = CredentialKind.SESSION in order
        self._session_first = order[0] is CredentialKind.SESSION

    def open(self, environ: WSGIEnvironment) -> S:
        """Who sends this request, also for the app to read in *environ*. No I/O while the answer is remembered.

        Raises :class:`~stormpath_wsgi.errors.Unavailable`: that the directory is down makes nobody a stranger.
        """
        if "HTTP_AUTHORIZATION" not in environ or not self._in_header:
            return self.open_without_header(environ)
        judged = first_offered(self._in_header, environ)
        may_be_session = judged is NOTHING or (self._session_first and isinstance(judged, Proved))
        if may_be_session and self._takes_sessions:
            session = self._sessions.open(environ)
            if judged is NOTHING or session.identity is not NOTHING:
                session.particulars.varies_by = _BY_BOTH
                return session
        session = self._sessions.open(environ, judged)
        session.particulars.varies_by = _BY_BOTH if self._session_first else _BY_HEADER
        return session
