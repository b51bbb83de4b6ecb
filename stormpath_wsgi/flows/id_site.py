"""Signing in on the pages of an ID Site: the way there, and what comes back with the visitor.

A visitor who comes back is signed in only in the browser that was sent there: what the ID Site repeats (``state``) has
a signature that covers a cookie of this browser. Otherwise somebody could have others signed in with an account of his
own. Nothing is kept on the server until then, so any worker may take the answer; that it counts once the directory sees
to.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from stormpath_wsgi.client import Account, Application, Client
from stormpath_wsgi.client.local import key_pair
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error, Unavailable
from stormpath_wsgi.events import ASSERTION, FACTOR, Registered
from stormpath_wsgi.flows.cookies import CookieKeys, is_young
from stormpath_wsgi.flows.refusals import IdSiteRefused, failure
from stormpath_wsgi.flows.sign_in import Finished, SignIn, Unfinished
from stormpath_wsgi.kinds import ID, id_of
from stormpath_wsgi.session import CurrentSession

#: Seconds that a visitor has, from the way there to the way back.
LIFETIME = 3600

#: Characters of the longest address of this site that is carried along. An ID Site keeps it in a cookie.
LONGEST_NEXT = 1000

#: What an ID Site says has happened there.
AUTHENTICATED, REGISTERED, LOGOUT = "AUTHENTICATED", "REGISTERED", "LOGOUT"

#: What it says in ``amr`` where a second factor was proved there (RFC 8176, section 2).
MULTI_FACTOR = "mfa"

_LONGEST_STATE = 2000


@dataclass(frozen=True, slots=True)
class CameBack:
    """A visitor who has come back. *status*: what has happened there. *wanted*: where he wanted to go before; None:
    nowhere. *result*: of the sign-in; None: it was a sign-out.
    """

    status: str
    wanted: str | None
    result: Finished | Unfinished | None = field(default=None)


class IdSite:
    """The ID Site of one application's directory, seen from the site. Lives with the process; threads may share it.

    *tells*: whether nobody else tells the listeners here of accounts that are made there.
    """

    def __init__(
        self,
        client: Client,
        application: Application,
        sign_in: SignIn,
        keys: CookieKeys,
        *,
        tells: bool = False,
    ) -> None:
        self._client, self._application, self._sign_in = client, application, sign_in
        self._tells, self._now = tells, keys.now
        # The text is taken apart by its form below.
        self._signer = keys.signer("stormpath_wsgi id site state 1")
        self._mark = keys.mark("stormpath_id_site")

    def away(
        self,
        session: CurrentSession,
        callback: str,
        *,
        path: str | None = None,
        wanted: str | None = None,
        organization_name_key: str | None = None,
        ends: bool = False,
    ) -> str:
        """Where the visitor is sent. *callback*: the address to which he comes back, one of those that the application
        authorizes. *path*: the page there. *wanted*: where he wants to go afterwards, which the caller has checked.
        *organization_name_key*: only people of that organization may come back. *ends*: whether he signs out there.

        The answer to this request has to reach the same browser: it sets a cookie.
        """
        return self._application.build_id_site_redirect_url(
            callback,
            path=path,
            state=self._state(session, wanted),
            logout=ends,
            organization_name_key=organization_name_key,
        )

    def back(self, session: CurrentSession, address: str) -> CameBack:
        """Signs the visitor in who has come back to *address*, as far as nothing else is asked.

        Raises :class:`IdSiteRefused` for an answer that is no good, or not for this browser, and as
        :meth:`.SignIn.enter` does for an account that may not sign in here.
        """
        answers, key = self._client.answers, key_pair(self._client)
        try:
            claims = answers.look(key, address)
        except Unavailable:
            raise
        except Error as error:  # the ID Site tells of it
            raise IdSiteRefused(Code.of(error.code), error=error) from error
        if claims is None:
            raise IdSiteRefused(Code.TOKEN_SIGNATURE_WRONG)
        is_ours, wanted = self._wanted(session, claims.get("state"))
        status = claims.get("status")
        if status == LOGOUT:  # this browser was signed out before it was sent there
            return CameBack(LOGOUT, wanted)
        if not is_ours:
            raise IdSiteRefused(Code.TOKEN_SIGNATURE_WRONG, field="state")
        if status not in (AUTHENTICATED, REGISTERED):
            raise IdSiteRefused(Code.TOKEN_NOT_AUTHENTICATED)
        self._spend(claims)
        account = self._account(claims.get("sub"))
        if status == REGISTERED and self._tells:
            self._client.events.emit(Registered(account=account.href))
        proved = claims.get("amr")
        answered = (FACTOR,) if isinstance(proved, list) and MULTI_FACTOR in proved else ()
        return CameBack(status, wanted, self._sign_in.enter(session, account, credential=ASSERTION, answers=answered))

    def _spend(self, claims: Any) -> None:
        try:
            self._client.answers.spend(self._application.href, claims)
        except ValueError as error:
            raise IdSiteRefused(Code.TOKEN_USED) from error
        except Error as error:
            raise failure(error) from error

    def _account(self, href: object) -> Account:
        """The account that the ID Site names, as the directory has it."""
        above = f"{self._client.base_url}/{Account.path}/"
        if not isinstance(href, str) or not href.startswith(above) or not ID.match(href.removeprefix(above)):
            raise IdSiteRefused(Code.TOKEN_CLAIM_MISSING, field="sub")
        account = Account(self._client, href)
        try:
            account.refresh()
        except Error as error:
            if error.status == HTTPStatus.NOT_FOUND:
                raise IdSiteRefused(Code.NO_SUCH_ACCOUNT, error=error) from error
            raise failure(error) from error
        return account

    def _state(self, session: CurrentSession, wanted: str | None) -> str:
        """What the ID Site is to repeat, for the browser of *session*."""
        known = self._mark.of(session)
        mark = known[0] if known else self._mark.make(session, LIFETIME)
        if known:  # it lasts for this one as well
            self._mark.set(session, mark, LIFETIME)
        kept = wanted if wanted is not None and len(wanted) <= LONGEST_NEXT else ""
        packed = base64.urlsafe_b64encode(kept.encode("utf-8", "surrogatepass")).decode()
        value = f"{int(self._now()):x}.{packed}"
        return f"{value}.{self._signer.get_signature(self._signed(value, mark)).decode()}"

    def _wanted(self, session: CurrentSession, state: object) -> tuple[bool, str | None]:
        """Whether *state*, which may be anything, was made for this browser lately, and where it wanted to go."""
        if not isinstance(state, str) or len(state) > _LONGEST_STATE or not state.isascii():
            return False, None
        value, _, signature = state.rpartition(".")
        marks = self._mark.of(session)
        if not any(self._signer.verify_signature(self._signed(value, mark), signature) for mark in marks):
            return False, None
        begun, packed = value.split(".")
        if not is_young(int(begun, 16), self._now(), LIFETIME):
            return False, None
        return True, base64.urlsafe_b64decode(packed).decode("utf-8", "surrogatepass") or None

    def _signed(self, value: str, mark: str) -> bytes:
        return f"{id_of(self._application.href)}.{mark}.{value}".encode()
