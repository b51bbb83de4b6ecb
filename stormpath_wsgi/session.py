"""Sessions: who is signed in, remembered for a moment, checked against the directory, renewed and ended.

A session is a refresh token of the account; the cookie holds its signed id. What the directory answered about it is
remembered under the text of the cookie, and that memory is good while the directory's generation stands still for the
slot of its account (:mod:`stormpath_wsgi.slots`).
"""

from __future__ import annotations

import itertools
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from wsgiref.types import WSGIEnvironment

from stormpath_wsgi.client import AccessToken, Account, Application, Client
from stormpath_wsgi.client.live import Live, Shared
from stormpath_wsgi.codes import Code
from stormpath_wsgi.cookie import AHEAD, WAIVED, Cookie, Session, SessionSigner, Stay
from stormpath_wsgi.devices import place_of
from stormpath_wsgi.errors import ConfigurationError, Error, Unavailable, fault
from stormpath_wsgi.events import Origin, SessionEnded, reserved
from stormpath_wsgi.kinds import id_of
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.slots import ANY, Generation, slot_of
from stormpath_wsgi.texts import marked
from stormpath_wsgi.users import AnonymousUser, RememberedAccount, User
from stormpath_wsgi.web.address import Proxies, development_site
from stormpath_wsgi.web.bearer import is_own, unverified
from stormpath_wsgi.web.environ import IDENTITY, SESSION, USER
from stormpath_wsgi.web.identity import (
    NOTHING,
    CredentialKind,
    Identity,
    Proof,
    Proved,
    Refused,
    after_scheme,
)
from stormpath_wsgi.web.language import texts_of
from stormpath_wsgi.web.organizations import organization_of
from stormpath_wsgi.web.remote_user import Told
from stormpath_wsgi.web.responses import HeldStart, Particulars
from stormpath_wsgi.web.token_cookies import Offered, Pair, TokenCookies

log = logging.getLogger(__name__)

T = TypeVar("T")

#: What a directory says about a session that has ended: the token or its account is gone, expired, disabled or moved.
ENDED = frozenset(
    {
        Code.NOT_FOUND,
        Code.TOKEN_ACCOUNT_DISABLED,
        Code.TOKEN_EXPIRED,
        Code.TOKEN_NOT_FOUND,
        Code.TOKEN_OF_OTHER_APPLICATION,
        Code.TOKEN_APPLICATION_DISABLED,
        Code.TOKEN_ACCOUNT_NOT_MAPPED,
    }
)

#: What to tell people when a sign-out could only take the cookie away.
LIVES_ON = marked(
    "You are signed out in this browser. The session could not be ended on the server at the moment, so it may live on "
    "there. If somebody else may have used this account, ask whoever runs this site to sign it out everywhere."
)

#: What a request without a cookie of ours offers.
NO_COOKIE: Sequence[str] = ()

#: The answers to cookies that sign nobody in.
FORGED = Refused(CredentialKind.SESSION, "the cookie was not signed with any of our keys")
OVER = Refused(CredentialKind.SESSION, "the session has ended")

#: What a session proves: somebody has signed in.
_PROOFS = frozenset({Proof.PASSWORD})

#: The same, where a second factor was proved as well.
_BOTH_PROOFS = frozenset({Proof.PASSWORD, Proof.SECOND_FACTOR})

#: Makes an object whose attributes are set by who calls it.
_new = object.__new__

#: Where somebody signs in without a request.
NOWHERE = Origin()

#: What the app is told of a stranger.
_UNTOLD: Mapping[str, str] = {}

#: What is read where no request is being served.
_NO_ENVIRON: WSGIEnvironment = {"wsgi.url_scheme": "http"}

#: The highest number of cookies whose time is over that are known again without a look at their signatures.
MOST_OVER = 1000

#: The highest number of Cookie headers that are known again as a whole, and the characters of the longest.
MOST_HEADERS, LONGEST_HEADER = 1000, 1000

#: A cookie is renewed when this part of the idle time has gone by: nobody is signed out more than that part too early,
#: and no browser gets more than one new cookie in that time.
RENEWAL = 0.1


@dataclass(slots=True)
class Known:
    """What is remembered about a cookie whose signature is good. Times: seconds since the epoch."""

    text: str
    session: Session
    identity: Proved | Refused  # refused: the session has ended
    generation: int  # of the directory, from before it was asked
    since: float
    until: float  # when it has to be looked at again
    stale: bool  # whether the browser should have another cookie, or none
    slot: int  # of the account, for the generation
    #: When the browser got another one last, which cookie that is, and the header that set it.
    renewed: tuple[int, Cookie, tuple[str, str]] | None = None

    @property
    def lives(self) -> bool:
        """Whether the session is valid."""
        return self.identity.account is not None


class Sessions(Shared):
    """All sessions of one application. Lives with the process; threads, greenlets and forked workers may share it."""

    def __init__(
        self, client: Client, application: Application, settings: Settings, *, now: Callable[[], float] = time.time
    ) -> None:
        self.client, self.application, self.settings = client, application, settings
        self.now = now
        self._store = client.data_store
        #: What the answers of the directory hold by, those about other credentials too.
        self.generation: Generation = client.data_store.generation
        if settings.remote and settings.session.check == "strict":
            # No answer is remembered: nobody tells us what others change.
            unsettled = itertools.count(-1, -1)
            self.generation = lambda _=ANY, /: next(unsettled)
        self._tokens = f"{application.href}/authTokens/"
        self._idle = int(settings.session.idle.total_seconds())
        self._absolute = int(settings.session.absolute.total_seconds())
        self._remember = int(settings.session.remember.total_seconds())
        self._fresh = settings.session.fresh.total_seconds()
        self._ttl = settings.cache_ttl.total_seconds()
        self._signer = SessionSigner(settings.secret_keys)
        self.told = Told(settings)
        #: Our pages (:class:`~stormpath_wsgi.pages.Pages`), for who has the session of a request.
        self.pages: Any = None
        #: Those of a request about which nothing is particular.
        self.particulars = Particulars(framed_from_here=settings.same_origin_frames)
        #: Who may say which address a visitor has.
        self.proxies = Proxies(settings.proxies)
        self._cookies = {https: Cookie.of_session(settings.session, https=https) for https in (False, True)}
        #: The cookies with tokens beside the session cookie; None: there are none.
        self.pairs: TokenCookies | None = None
        if settings.cookies == "tokens":
            common: dict[str, Any] = {"told": self.told, "generation": self.generation, "now": now}
            self.pairs = TokenCookies(client, application, settings, **common)
        # Without a lock: each operation on it is one call into C. The oldest answers go first.
        self._known: OrderedDict[str, Known] = OrderedDict()
        # Those whose time was over when they came. They stay over, whatever the directory says, and take no place of
        # others.
        self._over: OrderedDict[str, Known] = OrderedDict()
        # For requests over http and over https, by their whole Cookie header, if there is one cookie of ours in it: to
        # find the cookie takes longer than all else.
        self._by_header: tuple[dict[str, Known], dict[str, Known]] = {}, {}
        # The same of those whose one cookie of ours is not signed with our keys, which never changes.
        self._forged: tuple[dict[str, None], dict[str, None]] = {}, {}

    def open(self, environ: WSGIEnvironment, judged: Identity | None = None) -> CurrentSession:
        """Who sends this request, also for the app to read in *environ*. No I/O while the answer is remembered.

        *judged*: the answer, where another credential has given it; then no cookie decides. Raises
        :class:`~stormpath_wsgi.errors.Unavailable`: that the directory is down makes nobody a stranger.
        """
        header, afterwards = environ.get("HTTP_COOKIE"), None
        if judged is not None:
            known, identity = None, judged
        elif self.pairs is not None:
            known, identity, afterwards = self._judge_with_pair(environ, header, self.pairs)
        elif header is None:
            known, identity = None, NOTHING
        else:
            https = environ["wsgi.url_scheme"] == "https"
            known = self._by_header[https].get(header)
            # As in recall.
            if (
                known is not None
                and known.generation == self.generation(known.slot)
                and known.since <= self.now() < known.until
            ):
                identity = known.identity
            elif self._cookies[https].name not in header:
                known, identity = None, NOTHING
            elif header in self._forged[https]:
                known, identity = None, FORGED
            else:
                known, identity = self._judge_header(header, https)
        session = CurrentSession()  # without an __init__, which Python would call by a detour
        session._sessions, session._particulars, session.environ = self, self.particulars, environ
        session.cookies, session._status, session.begun = (), "", False
        session.mount = environ.get("SCRIPT_NAME", "")
        environ[SESSION] = session
        session._become(known, identity)
        if known is not None and known.stale:
            session._refresh(known)
        if afterwards is not None:
            afterwards(session)
        return session

    def _judge_with_pair(
        self, environ: WSGIEnvironment, header: str | None, pairs: TokenCookies
    ) -> tuple[Known | None, Identity, Callable[[CurrentSession], None] | None]:
        """The same answers, where cookies hold tokens as well, and what is to be done with the session of the request.

        The session decides, then the access token, then the refresh token, which brings both back.
        """
        known, identity = self._judge(self.cookie(environ).texts(header) if header else NO_COOKIE)
        tokens = pairs.offered(environ)
        by_token = pairs.identify(tokens)
        is_in_session = known is not None and known.lives
        pair, is_refused = None, False
        if by_token.account is None and pairs.can_renew(tokens):
            pair = self._renewed_if_possible(pairs, tokens) if is_in_session else pairs.renew(tokens)
            if not is_in_session:
                known = known if pair is None else self._restored(pair, known)
                identity = OVER if known is None else known.identity
                is_refused = identity.account is None
        elif not is_in_session and by_token.account is not None:
            known, identity = None, by_token
        elif identity is NOTHING:
            identity = by_token
        if is_refused:
            return known, identity, CurrentSession.drop_tokens
        if known is not None and pair is not None:
            taken = partial(CurrentSession.take, known=known, pair=pair, anew=not is_in_session)
            return known, identity, taken
        return known, identity, None

    def _renewed_if_possible(self, pairs: TokenCookies, tokens: Offered) -> Pair | None:
        """Somebody is signed in without it: a directory that is away is no reason to say that."""
        try:
            return pairs.renew(tokens)
        except Unavailable as error:
            log.warning("An access token is not renewed: %s", error)
            return None

    def _restored(self, pair: Pair, before: Known | None) -> Known | None:
        """The session that the refresh token of *pair* is, as used now. *before*: the one that the cookie was of, which
        knows for how long the visitor wanted to stay.
        """
        known = before.session if before is not None and before.session.id == pair.session_id else None
        stay, factor = (Stay.USUAL, WAIVED) if known is None else (known.stay, known.factor)
        now = int(self.now())
        session = Session(pair.session_id, pair.account_id, started=pair.begun, renewed=now, stay=stay, factor=factor)
        return self.recall(self._signer.write(session))

    def origin(self, environ: WSGIEnvironment, *, actor: str | None = None, credential: str | None = None) -> Origin:
        """Where a request comes from, for events and limits. That is no look at the user."""
        return Origin.of(
            environ,
            actor=actor,
            credential=credential,
            address=self.proxies.address(environ),
            language=texts_of(environ).language,
            site=development_site(environ),
        )

    def cookie(self, environ: WSGIEnvironment) -> Cookie:
        """The session cookie, as requests like this one bring it."""
        return self._cookies[environ["wsgi.url_scheme"] == "https"]

    def identify(self, environ: WSGIEnvironment) -> Identity:
        """What the session cookie says, as :meth:`.Credential.identify`."""
        return self._judge(self.cookie(environ).texts(environ.get("HTTP_COOKIE", "")))[1]

    def _judge_header(self, header: str, https: bool) -> tuple[Known | None, Identity]:
        """As :meth:`_judge`, of the cookies in a *header*."""
        offered = self._cookies[https].texts(header)
        if len(offered) != 1:
            return self._judge(offered)
        known = self.recall(offered[0])
        if known is None:
            self._keep_header(self._forged[https], header, None)
            return None, FORGED
        self._keep_header(self._by_header[https], header, known)
        return known, known.identity

    def _keep_header(self, store: dict[str, T], header: str, value: T) -> None:
        most = min(MOST_HEADERS, self.settings.cache_size)
        if most and len(header) <= LONGEST_HEADER:
            if len(store) >= most:
                store.clear()
            store[header] = value

    def _judge(self, offered: Sequence[str]) -> tuple[Known | None, Identity]:
        """The first of the cookies whose session lives, else the first; and who sends it."""
        if not offered:
            return None, NOTHING
        known = self.recall(offered[0])
        if len(offered) > 1 and (known is None or not known.lives):
            recalled = (self.recall(text) for text in offered[1:])
            known = next((each for each in recalled if each is not None and each.lives), known)
        return known, FORGED if known is None else known.identity

    def recall(self, text: str) -> Known | None:
        """What is known about a cookie's *text*; None when we did not sign it."""
        known, now = self._known.get(text), self.now()
        # A clock that was set back makes nothing last longer: what is from the future is not believed.
        if known is not None and known.generation == self.generation(known.slot) and known.since <= now < known.until:
            return known
        return self._recall_anew(text, known, now)

    def _recall_anew(self, text: str, known: Known | None, now: float) -> Known | None:
        """The same, where no answer of before is good any more. *known*: one that was."""
        over = self._over.get(text)
        if over is not None and over.since <= now:
            return over
        session = known.session if known is not None else self._signer.read(text)
        if session is None:
            log.info("A session cookie was not signed with any of our keys.")
            return None
        return self._look_up(text, session, now)

    def holds(self, identity: Proved) -> bool:
        """Whether nothing in the directory that may concern *identity* has changed since it was asked. No I/O."""
        return identity.generation == self.generation(identity.slot)

    def start(
        self,
        account: Account,
        nonce: str | None = None,
        stay: Stay = Stay.USUAL,
        origin: Origin = NOWHERE,
        organization: str | None = None,
        *,
        factor: int | None = None,
        started: int | None = None,
        new_browser: bool = False,
    ) -> Known:
        """A new session of *account*, with an id that nobody has seen before. *nonce*: no second one begins with it.

        *stay*: how long it lasts. In the directory it lasts no longer either. *origin*: from where somebody signs in,
        which the account's owner is shown. *organization*: the key of the one at whose host that is, for the tokens
        beside the session. *new_browser*: the account has not signed in there before, and is told by mail. *factor*: as
        of :class:`~stormpath_wsgi.cookie.Session`. *started*: when somebody has signed in, where this session takes the
        place of that one; None: now.

        Raises Error. 7100 among others: its password was changed since *account* was loaded, perhaps by a login; 11005:
        a session has begun with the *nonce*.
        """
        proved = account.password_modified_at
        params = {"lifetime": str(self._remember if stay is Stay.REMEMBERED else self._absolute)}
        if self.settings.session.most:
            params["most"] = str(self.settings.session.most)
        if proved:
            params["passwordModifiedAt"] = proved.isoformat()
        if nonce is not None:
            params["nonce"] = nonce
        if new_browser:
            params["newBrowser"] = "true"
        if self.pairs is not None:
            params["signed"] = "true"
            if organization is not None:
                params["organizationNameKey"] = organization
        token = self._new_token(account, place_of(origin), params)
        now = self.now()
        ids, begun = (id_of(token["href"]), id_of(account.href)), int(now) if started is None else started
        session = Session(*ids, started=begun, renewed=int(now), stay=stay, factor=factor)
        known = self._look_up(self._signer.write(session), session, now)
        if not known.lives:  # ended as soon as it was there: the account was disabled or deleted meanwhile
            raise fault(Code.TOKEN_NOT_FOUND)
        return known

    def _new_token(self, account: Account, place: Mapping[str, str], params: Mapping[str, Any]) -> Mapping[str, Any]:
        body = {"application": {"href": self.application.href}}
        try:
            return self._store.create(f"{account.href}/sessions", {**body, **place}, params)
        except Error as error:
            if not self.settings.remote or error.status not in (404, 405):
                raise
            # A directory of an older version keeps no places. Of an account that is gone it says the same once more.
            return self._store.create(f"{account.href}/refreshTokens", body, params)

    def end(self, known: Known) -> None:
        """End a session in the directory, for every worker. Ending what has ended does nothing."""
        known.until = 0
        self._known.pop(known.text, None)
        self.end_token(f"refreshTokens/{known.session.id}", known.session.account_id if known.lives else None)

    def end_token(self, path: str, account_id: str | None = None) -> None:
        """End what a browser holds, by its *path* in the directory: a session, or an access token. As :meth:`end`.

        *account_id*: whose it is, if that is known for sure.
        """
        try:
            with reserved(SessionEnded):  # who has its cookie ends it: that is a sign-out, which others tell
                self._store.delete(f"{self.client.base_url}/{path}", account_id)
        except Unavailable:
            raise
        except Error as error:
            if error.status != 404:
                raise Unavailable(error.body()) from error  # as in _ask: it is not the visitor's doing

    def renewed(self, known: Known, cookie: Cookie) -> tuple[str, str]:
        """The header that sets another *cookie* for the session *known*, as used now. Requests that come in the same
        second, as those for a page and its pictures do, get the same one.
        """
        now = int(self.now())
        last = known.renewed
        if last is None or last[0] != now or last[1] is not cookie:
            session = known.session._replace(renewed=now)
            last = known.renewed = now, cookie, cookie.header(self._signer.write(session), self.max_age(session))
        return last[2]

    def renewed_text(self, session: Session) -> str:
        """The text of a cookie for *session*, as used now."""
        return self._signer.write(session._replace(renewed=int(self.now())))

    def is_fresh(self, session: Session) -> bool:
        """Whether *session* began not long ago, with all that was due."""
        return self.is_younger(session, self._fresh)

    def is_younger(self, session: Session, seconds: float) -> bool:
        """Whether *session* began less than so many *seconds* ago, with all that was due: not in a browser that was
        not asked for the second factor because it was remembered.
        """
        return session.factor != WAIVED and -AHEAD <= self.now() - session.started < seconds

    def max_age(self, session: Session) -> int | None:
        """How many seconds from then a browser should keep the cookie of *session* that was renewed then; None: until
        it is closed.
        """
        if session.stay is Stay.BROWSER:
            return None
        if session.stay is Stay.REMEMBERED:
            return session.started + self._remember - session.renewed
        return min(self._idle, session.started + self._absolute - session.renewed)

    def _ends(self, session: Session) -> int:
        """When *session* ends if it is not used any more, in seconds since the epoch."""
        if session.stay is Stay.REMEMBERED:
            return session.started + self._remember
        return min(session.started + self._absolute, session.renewed + self._idle)

    def _look_up(self, text: str, session: Session, now: float) -> Known:
        slot = slot_of(session.account_id)
        generation = self.generation(slot)  # before we ask: what is written meanwhile is then noticed
        expires = self._ends(session)
        account = self._ask(session) if now < expires else None
        # What lasts for a fixed time needs no other cookie before it is over.
        due = expires if session.stay is Stay.REMEMBERED else session.renewed + self._idle * RENEWAL
        until = min(now + self._ttl, expires, due if now < due else expires) if now < expires else math.inf
        proofs = _BOTH_PROOFS if session.factor else _PROOFS
        identity = (
            OVER
            if account is None
            else Proved(account, CredentialKind.SESSION, session.started, proofs, generation, slot)
        )
        is_stale = account is None or due <= now
        known = Known(text, session, identity, generation, since=now, until=until, stale=is_stale, slot=slot)
        if now < expires:
            self._known.pop(text, None)
            _keep(self._known, known, self.settings.cache_size)
        else:
            _keep(self._over, known, MOST_OVER)
        return known

    def _ask(self, session: Session) -> RememberedAccount | None:
        """The account of *session* as the directory has it, or None when the session has ended."""
        try:
            token = self._store.get(self._tokens + session.id, "account")
            account = RememberedAccount(self.client, token["account"])
            account.told = self.told.of(account, token.get("naming"))
        except Unavailable:
            raise
        except Error as error:
            if error.code not in ENDED and error.status != 404:
                # The question failed, for example because of a wrong API key or a fault of the server. That says
                # nothing about the session, so the visitor gets a 503 and is not signed out.
                raise Unavailable(error.body()) from error
            log.info("A session has ended: %s", error)
            return None
        if id_of(account.href) != session.account_id:
            log.warning("Session %s belongs to another account than its cookie says.", session.id)
            return None
        return account


def _keep(store: OrderedDict[str, Known], known: Known, most: int) -> None:
    store[known.text] = known
    if len(store) > most:
        with suppress(KeyError):  # another thread has removed the last one
            store.popitem(last=False)


class CurrentSession(HeldStart, Live):
    """The session of one request: who is signed in now, and the way to sign in and out.

    Lives in ``environ["stormpath.session"]``; ``stormpath.user``, ``stormpath.identity`` and ``REMOTE_USER`` there
    follow it. Cookies are written on the way out by the middleware, so a change counts only before the first byte of
    the answer.

    A request that a token or an API key has decided has one too, without a session in it. Signing in and out change
    sessions and cookies only, for such a request as for any other: the token and the key stay as good as they were, and
    decide again in the next request that brings them.
    """

    __slots__ = ("_known", "_sessions", "identity")

    _instead = "it belongs to one request. Pickle the href of its user"

    #: How it is known who is signed in now, or why nobody is.
    identity: Identity
    # Sessions.open sets all of them.
    _known: Known | None
    _sessions: Sessions

    @property
    def pages(self) -> Any:
        """Our pages (:class:`~stormpath_wsgi.pages.Pages`); None where no middleware is around."""
        return self._sessions.pages

    @property
    def lives_on(self) -> bool:
        """Whether a sign-out took the cookie away and could not end the session in the directory."""
        return self._particulars.lives_on

    @property
    def elsewhere(self) -> bool:
        """Whether somebody would be signed in by this request at another host, and is not at this one."""
        return self._particulars.elsewhere

    @property
    def ended(self) -> Sequence[str]:
        """The hrefs of the accounts whose sessions the last sign-in or sign-out has ended in this browser."""
        return self._particulars.ended

    @property
    def remember(self) -> bool | None:
        """Whether the visitor wanted this browser to stay signed in. None: nobody was asked, or is signed in by it."""
        known = self._known
        return known.session.stay.remember if known is not None and known.lives else None

    @property
    def settings(self) -> Settings:
        """The settings of the sessions."""
        return self._sessions.settings

    @property
    def session(self) -> Session | None:
        """None when nobody is signed in by a session. To read it is to look at the user."""
        self.user.looked_at = True
        return self._known.session if self._known is not None and self._known.lives else None

    @property
    def is_fresh(self) -> bool:
        """Whether somebody has signed in in this browser not longer ago than the setting ``session.fresh``. No I/O.

        False for who is known by a token or an API key: nobody has proved a password with that. To read it is to look
        at the user.
        """
        begun = self.session
        return begun is not None and self._sessions.is_fresh(begun)

    def is_younger(self, seconds: float) -> bool:
        """The same, with another time in the place of the setting."""
        begun = self.session
        return begun is not None and self._sessions.is_younger(begun, seconds)

    @property
    def second_factor(self) -> int | None:
        """When a second factor was proved in this session, in seconds since the epoch. No I/O. None: none was, also in
        a browser that was not asked because it is remembered. To read it is to look at the user.
        """
        begun = self.session
        return None if begun is None else begun.factor or None

    @property
    def is_waived(self) -> bool:
        """Whether a second factor was due in this session, and not asked for because the browser is remembered."""
        begun = self.session
        return begun is not None and begun.factor == WAIVED

    @property
    def now(self) -> int:
        """Seconds since the epoch, by the clock of the sessions."""
        return int(self._sessions.now())

    @property
    def remembered(self) -> RememberedAccount | None:
        """The account that is signed in, as far as it is surely what the directory has now. To read it is to look.

        None when nobody is signed in, and once anything in the directory has changed that may concern the account,
        perhaps by this very request.
        """
        self.user.looked_at = True
        identity = self.identity
        return identity.account if isinstance(identity, Proved) and self._sessions.holds(identity) else None

    def confine(self, admits: Callable[[RememberedAccount], bool]) -> None:
        """Have nobody signed in during this request but those whom *admits* says True of.

        The session of anybody else stays as it is, with its cookie: it is good at another host. *admits* may ask the
        directory, and raise :class:`~stormpath_wsgi.errors.Unavailable`.
        """
        self.particulars.admits = admits
        identity = self.identity
        if isinstance(identity, Proved) and not admits(identity.account):
            self.particulars.elsewhere = True
            log.info("The account %s is not one of this host's, so nobody is signed in here.", identity.href)
            self._become(None, Refused(identity.kind, "the account is not one of the organization at this host"))

    def sign_in(
        self,
        account: Account,
        *,
        nonce: str | None = None,
        remember: bool | None = None,
        factor: int | None = None,
        started: int | None = None,
        new_browser: bool = False,
    ) -> None:
        """Sign *account* in with a new session; this browser's previous one ends. Nothing is asked, and no event told:
        that is for :mod:`stormpath_wsgi.flows`. With a *nonce*, of 16 to 128 characters of a URL, only one session
        begins, whichever worker is asked. *remember*: whether the browser stays signed in for ``session.remember``, or
        until it is closed; None: as ``session.idle`` and ``session.absolute`` say. *factor*: when a second factor was
        proved, in seconds since the epoch; :data:`~stormpath_wsgi.cookie.WAIVED`; None: none was asked for. *started*:
        the same, of the sign-in, where this session takes the place of one of before; None: now. *new_browser*: whether
        *account* has never signed in in this browser; then it is told by mail.

        For the rest of a request that brought a token or an API key the account is the one that is signed in.

        Raises :class:`~stormpath_wsgi.Error` when the account may not have a session (and nothing has changed then),
        and :class:`~stormpath_wsgi.ConfigurationError` where the setting ``credentials`` takes no sessions.
        """
        if CredentialKind.SESSION.value not in self.settings.credentials:
            raise ConfigurationError("Nobody can be signed in with a cookie: put session into the setting credentials.")
        here = organization_of(self.environ or _NO_ENVIRON)
        key = None if here is None else here.name_key
        known = self._sessions.start(
            account,
            nonce,
            Stay.of(remember),
            self.origin(),
            key,
            factor=factor,
            started=started,
            new_browser=new_browser,
        )
        admits, account_now = self._particulars.admits, known.identity.account
        if admits is not None and account_now is not None and not admits(account_now):
            self._sessions.end(known)
            raise fault(Code.TOKEN_ACCOUNT_NOT_MAPPED)
        pairs = self._sessions.pairs
        pair = None if pairs is None else pairs.of_session(known.session.id)
        self._end()
        self._become(known, known.identity)
        self.take(known, pair, anew=True)

    def sign_out(self) -> None:
        """End the session in the directory and take the cookie away. Does no harm when nobody is signed in.

        For the rest of a request that brought a token or an API key nobody is signed in.

        Raises :class:`~stormpath_wsgi.errors.Unavailable` when the directory does not end it. This browser is signed
        out all the same, and :attr:`lives_on` says that a copy of the cookie may still be good.
        """
        try:
            self._end()
        except Unavailable:
            self.particulars.lives_on = True
            raise
        finally:
            self._become(None, NOTHING)
            self._set_cookies(self._cookie.removal)
            self._add_removal()

    def origin(self) -> Origin:
        """Where the request comes from, for events. That is no look at the user."""
        identity = self.identity
        actor, credential = (identity.href, identity.credential) if isinstance(identity, Proved) else (None, None)
        return self._sessions.origin(self.environ or {}, actor=actor, credential=credential)

    def add_cookie(self, header: tuple[str, str]) -> None:
        """Have the answer set one more cookie of ours: *header* is its ``Set-Cookie``."""
        self.particulars.added = (*self._particulars.added, header)
        self.cookies = (*self.cookies, header)

    def revoke_token(self) -> None:
        """End the access token of the token endpoint that has decided who sends this request, if one has. What other
        tokens its account has stay good.

        Raises :class:`~stormpath_wsgi.errors.Unavailable` when the directory does not end it.
        """
        identity = self.identity
        if not isinstance(identity, Proved) or identity.kind is not CredentialKind.BEARER or self.environ is None:
            return
        token = unverified(after_scheme(self.environ.get("HTTP_AUTHORIZATION", ""), "bearer") or "")
        if not is_own(token):  # one that a request authenticator made is kept nowhere
            self._sessions.end_token(f"{AccessToken.path}/{token.claims['jti']}")

    def take(self, known: Known, pair: Pair | None, *, anew: bool) -> None:
        """Have the answer set the cookies of the session *known*: its own, if it is *anew*, and those of its tokens."""
        if anew:
            self._keep(known.text, known.session)
        pairs = self._sessions.pairs
        if pairs is not None and pair is not None:
            lasting = self._sessions.max_age(known.session) is not None
            self.cookies = (*self.cookies, *pairs.headers(pair, https=self._https, lasting=lasting))

    def drop_tokens(self) -> None:
        """Have the answer take the cookies with tokens away, if there are any in the request that sign nobody in."""
        pairs = self._sessions.pairs
        if pairs is not None and self.identity.account is None and pairs.offered(self.environ or _NO_ENVIRON):
            self._add_removal()

    def _add_removal(self) -> None:
        pairs = self._sessions.pairs
        if pairs is not None:
            gone = [header for header in pairs.removal(https=self._https) if header not in self.cookies]
            self.cookies = (*self.cookies, *gone)

    @property
    def _https(self) -> bool:
        scheme: str = (self.environ or _NO_ENVIRON)["wsgi.url_scheme"]
        return scheme == "https"

    def headers(self) -> list[tuple[str, str]]:
        """What the answer has to tell the browser about the session."""
        return list(self.cookies)

    @property
    def _cookie(self) -> Cookie:
        return self._sessions.cookie(self.environ or _NO_ENVIRON)

    def _become(self, known: Known | None, identity: Identity) -> None:
        self._known, self.identity = known, identity
        account, variables, environ = identity.account, self._sessions.told, self.environ
        user: User | AnonymousUser
        if account is None:
            self.user = user = _new(AnonymousUser)
        else:
            self.user = user = _new(User)
            user._remembered = account
        user.looked_at = variables.varies
        if environ is not None:
            environ[USER], environ[IDENTITY] = user, identity
            told = _UNTOLD if account is None else account.told
            for name in variables.names:
                if name in told:
                    environ[name] = told[name]
                elif name in environ:
                    del environ[name]  # it said somebody else

    def _refresh(self, known: Known) -> None:
        if not known.lives:
            self.cookies = self._cookie.removal
        else:
            self.cookies = (self._sessions.renewed(known, self._cookie),)

    def _end(self) -> None:
        """End all sessions of this browser."""
        ended: list[str] = []
        self.particulars.ended = ended
        for known in self._held():
            account = known.identity.account
            if account is not None and account.href not in ended:
                ended.append(account.href)
            self._sessions.end(known)
        pairs = self._sessions.pairs
        if pairs is not None:
            for held in list(pairs.held(pairs.offered(self.environ or _NO_ENVIRON))):
                if held.account not in ended:
                    ended.append(held.account)
                self._sessions.end_token(held.path)

    def _held(self) -> Iterator[Known]:
        """The session, and those of other cookies in the request: each would sign the browser in again."""
        own = self._known
        if own is not None:
            yield own
        for text in self._cookie.texts((self.environ or _NO_ENVIRON).get("HTTP_COOKIE", "")):
            known = None if own is not None and own.text == text else self._sessions.recall(text)
            if known is not None and known.lives:
                yield known

    def _keep(self, text: str, session: Session) -> None:
        self._set_cookies([self._cookie.header(text, self._sessions.max_age(session))])

    def _set_cookies(self, headers: Sequence[tuple[str, str]]) -> None:
        """Have the answer set these, in place of what was to be set of the session before."""
        self.cookies = (*headers, *self._particulars.added)


def session_of(environ: WSGIEnvironment) -> CurrentSession:
    """The session of a request. Raises RuntimeError when no middleware of ours is around."""
    session = environ.get(SESSION)
    if not isinstance(session, CurrentSession):
        raise RuntimeError("There is no session in the WSGI environ: wrap the application in StormpathMiddleware.")
    return session
