"""The password of an account in Basic credentials, for programs that know nothing else to send.

It is compared by the directory, as at a sign-in: so its limits hold, listeners are asked, and whoever listens is told.
A success is remembered for a short time, since such programs send the password with every request, and to compare it
takes a hash. It is remembered under a keyed digest, so nothing of the password is kept.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from wsgiref.types import WSGIEnvironment

from stormpath_wsgi.client import Account, Application, Client
from stormpath_wsgi.client.grants import is_refusal
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error, TooManyTries, Unavailable
from stormpath_wsgi.events import (
    MORE_IS_ASKED,
    PASSWORD,
    REFUSED,
    Declined,
    Origin,
    SignedIn,
    SignInFailed,
    SignInStarts,
    at,
    reserved,
)
from stormpath_wsgi.kinds import ENABLED, VERIFIED
from stormpath_wsgi.remembered import Remembered
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.slots import Generation
from stormpath_wsgi.users import RememberedAccount
from stormpath_wsgi.web.remote_user import Told

#: A second factor that counts.
_FACTOR = {"status": ENABLED, "verificationStatus": VERIFIED, "limit": "1"}

_WRONG = "there is no such account, or that is not its password, or it may not sign in"


class NotProved(Exception):
    """What was offered proves nobody.

    *why*: a sentence for the log, the same for an account that is not there. *retry_after*: after how many seconds it
    may be tried again; None: it was looked at. *reason*, *account*: of the event that tells of it; None: there is none.
    """

    def __init__(
        self, why: str, *, retry_after: int | None = None, reason: str | None = None, account: str | None = None
    ) -> None:
        super().__init__(why)
        self.retry_after, self.reason, self.account = retry_after, reason, account


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """Whose password it was, and the generation of the directory before it was asked."""

    account: RememberedAccount
    generation: int


class AccountPasswords:
    """The passwords of the accounts that can sign in to one application. Threads may share it.

    *origin*: where a request comes from. *asks_more*: whether a step of the sign-in asks an account for more than its
    password. *told*, *generation*: as those of the sessions. *now*: seconds since the epoch.
    """

    def __init__(
        self,
        client: Client,
        application: Application,
        settings: Settings,
        *,
        origin: Callable[[WSGIEnvironment], Origin],
        asks_more: Callable[[Account, Origin], bool],
        told: Told,
        generation: Generation,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client, self._application, self._events = client, application, client.events
        self._origin = origin
        self._asks_more, self._told, self._generation = asks_more, told, generation
        self._proxy_speaks_https = bool(settings.session.cookie_secure)
        self._key = secrets.token_bytes(32)
        self._known: Remembered[bytes, KnownAccount] = Remembered(
            generation=generation, ttl=settings.cache_ttl.total_seconds(), clock=now, size=settings.cache_size
        )

    def find(self, environ: WSGIEnvironment, login: str, password: str) -> KnownAccount:
        """The account with this *login*, a username or an e-mail address, and this *password*. No I/O while known.

        Raises :class:`NotProved`; :class:`~stormpath_wsgi.errors.Unavailable` when the directory cannot be asked.
        """
        if environ["wsgi.url_scheme"] != "https" and not self._proxy_speaks_https:
            raise NotProved("a password is taken over https only, and this request came over plain http")
        if not login.strip() or not password.strip():
            raise NotProved("the login name or the password is blank")
        text = f"{len(login)}:{login}:{password}"  # the length tells where the login ends
        digest = hmac.digest(self._key, text.encode(), "sha256")
        return self._known.get(digest, lambda _: self._ask(self._origin(environ), login, password))

    def _ask(self, origin: Origin, login: str, password: str) -> KnownAccount:
        """What the directory says. Tells who listens what came of it."""
        generation = self._generation()  # before we ask: what is written meanwhile is then noticed
        with at(origin):
            try:
                account = self._sign_in(origin, login, password)
            except NotProved as refusal:
                if refusal.reason is not None:
                    self._events.emit(
                        SignInFailed(reason=refusal.reason, login=login, account=refusal.account, credential=PASSWORD)
                    )
                raise
            self._events.emit(SignedIn(account=account.href, credential=PASSWORD))
        return KnownAccount(account, generation)

    def _sign_in(self, origin: Origin, login: str, password: str) -> RememberedAccount:
        try:
            wish = self._events.before(SignInStarts(login=login, password=password, credential=PASSWORD))
        except Declined as declined:
            raise NotProved("a listener refuses it", reason=REFUSED) from declined
        answer = self._attempt(wish.login or "", wish.password or "")
        account = RememberedAccount(self._client, answer["account"])
        if self._has_more_to_prove(account, origin):
            why = "the account has to prove more than its password; give the program an API key"
            raise NotProved(why, reason=MORE_IS_ASKED, account=account.href)
        account.told = self._told.of(account, answer.get("naming"))
        return account

    def _attempt(self, login: str, password: str) -> Mapping[str, Any]:
        """What the directory answers to a login that succeeds."""
        try:
            with reserved(SignInStarts, SignedIn, SignInFailed) as kept:
                return self._application.login_attempts.answer(login, password, {}, "account", naming=True)
        except TooManyTries as error:  # nothing was looked at, and who listens was told when the wait began
            raise NotProved("it was tried too often", retry_after=error.retry_after) from error
        except Unavailable:
            raise
        except Error as error:
            code = Code.of(error.code)
            if code is None or not is_refusal(error):
                raise Unavailable(error.body()) from error  # we could not ask: no verdict on the password
            known = next((event.account for event in kept), None)
            raise NotProved(_WRONG, reason=code.name, account=known) from error

    def _has_more_to_prove(self, account: RememberedAccount, origin: Origin) -> bool:
        """Whether the account has a second factor that counts, or is asked for something else at a sign-in."""
        if self._client.data_store.list(f"{account.href}/factors", _FACTOR)["items"]:
            return True
        return self._asks_more(account.resource(Account), origin)
