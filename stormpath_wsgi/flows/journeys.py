"""Journeys to other sites: what a browser keeps while somebody proves there who it is.

Each has a signed cookie of its own, so several tabs may be under way at once. The provider is told a digest of what
stands in it (``state``), and brings that back: so only the browser that has set out can come back, from the provider
that it was sent to, once, and within ten minutes. The cookie is no part of the session, which begins later.

Source: RFC 6749, section 10.12; RFC 9700, section 2.1; RFC 7636; OpenID Connect Core 1.0, section 3.1.2.1.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from stormpath_wsgi.codes import Code
from stormpath_wsgi.cookie import Stay
from stormpath_wsgi.flows.cookies import CookieKeys, SignedCookie, in_request, is_young
from stormpath_wsgi.flows.refusals import SocialRefused
from stormpath_wsgi.session import CurrentSession

#: Seconds from the way out to the way back.
LIFETIME = 600

#: How many journeys of one browser may be under way: those that were begun last.
MOST = 5

#: How many of them are looked at in a request: anybody can have a browser send more, under names that are made up.
_LOOKED_AT = 4 * MOST

#: Characters of the longest address of this site that a journey leads back to. Browsers send all cookies with each
#: request, and servers take some 8,000 characters of them.
LONGEST_ADDRESS = 500

#: What a journey is for: to sign in, to connect another account with the one that is signed in, to prove once more that
#: it is the same person.
SIGN_IN, CONNECT, PROVE = "in", "connect", "prove"

_NAME = "stormpath_journey"
#: A state: a SHA-256 in URL-safe base 64. The beginning of it names the cookie.
_STATE, _BEGINNING = re.compile("[A-Za-z0-9_-]{43}"), 12
_LONGEST = 43 + 64 + 16 + 16 + 64 + 64 + 9 + LONGEST_ADDRESS * 2 + 64 + 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """One of them. *provider_id*: where to. *purpose*: one of :data:`SIGN_IN`, :data:`CONNECT`, :data:`PROVE`.
    *verifier*: 32 random bytes as text, from which all that the provider is told follows. *begun*: seconds since the
    epoch. *account_id*: who was signed in; None: it is for signing in. *organization_id*: in whose stores the account
    is looked for; None: in the application's. *remember*: as in :meth:`.SignIn.enter`. *onward*: the address of this
    site where the visitor goes afterwards; None: nobody has said.
    """

    provider_id: str
    purpose: str
    verifier: str = field(repr=False)
    begun: int
    account_id: str | None = None
    organization_id: str | None = None
    remember: bool | None = None
    onward: str | None = None

    @property
    def state(self) -> str:
        """What the provider brings back with the visitor."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """What the provider writes into the token about the visitor."""
        return self._derived("nonce")

    @property
    def use(self) -> str:
        """What is used up when a session begins by this journey."""
        return self._derived("use")

    @property
    def challenge(self) -> str:
        """The challenge of the verifier, by the method S256 (RFC 7636, section 4.2)."""
        return _digest(self.verifier)

    def _derived(self, purpose: str) -> str:
        # The verifier cannot be computed from these, nor one of them from another.
        return _digest(f"{purpose} {self.verifier}")

    def written(self) -> str:
        """As it stands in the cookie."""
        parts = (
            self.provider_id,
            self.purpose,
            self.verifier,
            f"{self.begun:x}",
            self.account_id or "",
            self.organization_id or "",
            Stay.of(self.remember).value,
            base64.urlsafe_b64encode((self.onward or "").encode()).decode().rstrip("="),
        )
        return ".".join(parts)

    @classmethod
    def read(cls, value: str) -> Journey:
        """The journey that a cookie of ours holds."""
        provider_id, purpose, verifier, begun, account_id, organization_id, stay, onward = value.split(".")
        return cls(
            provider_id=provider_id,
            purpose=purpose,
            verifier=verifier,
            begun=int(begun, 16),
            account_id=account_id or None,
            organization_id=organization_id or None,
            remember=Stay(stay).remember,
            onward=base64.urlsafe_b64decode(onward + "=" * (-len(onward) % 4)).decode() or None,
        )


class Journeys:
    """Writes and reads the cookies of one application. Threads may share it."""

    def __init__(self, keys: CookieKeys) -> None:
        self._keys, self._now = keys, keys.now
        self._purpose = f"stormpath_wsgi journey 2 of {keys.application_id}"  # of the form of the values

    def begin(
        self,
        session: CurrentSession,
        provider_id: str,
        purpose: str,
        *,
        account_id: str | None = None,
        organization_id: str | None = None,
        remember: bool | None = None,
        onward: str | None = None,
    ) -> Journey:
        """A new journey of the browser of *session*, which gets its cookie. The arguments are those of
        :class:`Journey`; an *onward* that is too long is left out.
        """
        self._make_room(session)
        journey = Journey(
            provider_id=provider_id,
            purpose=purpose,
            verifier=secrets.token_urlsafe(32),
            begun=int(self._now()),
            account_id=account_id,
            organization_id=organization_id,
            remember=remember,
            onward=onward if onward is not None and len(onward) <= LONGEST_ADDRESS and onward.isascii() else None,
        )
        self._cookie(journey.state[:_BEGINNING]).sign(session, journey.written(), LIFETIME)
        return journey

    @staticmethod
    def is_state(text: object) -> bool:
        """Whether *text*, which may be anything, has the form of a state: 43 characters of a URL."""
        return isinstance(text, str) and _STATE.fullmatch(text) is not None

    def is_under_way(self, session: CurrentSession, state: object) -> bool:
        """Whether the browser of *session* has begun the journey with this *state*, which may be anything."""
        return self._begun(session, state) is not None

    def end(self, session: CurrentSession, provider_id: str, state: object) -> Journey:
        """The journey of the browser of *session* that ends with this *state*, which may be anything. Its cookie goes.

        Raises :class:`SocialRefused`: ``TOKEN_SIGNATURE_WRONG`` for one that was not begun here, is over, or leads to
        another provider; ``TOKEN_EXPIRED``.
        """
        found = self._begun(session, state)
        if found is None:
            raise SocialRefused(Code.TOKEN_SIGNATURE_WRONG)
        self._cookie(found.state[:_BEGINNING]).remove(session)
        if found.provider_id != provider_id:
            raise SocialRefused(Code.TOKEN_SIGNATURE_WRONG)
        if not self._is_young(found):
            raise SocialRefused(Code.TOKEN_EXPIRED, purpose=found.purpose, onward=found.onward)
        return found

    def _begun(self, session: CurrentSession, state: object) -> Journey | None:
        if not isinstance(state, str) or not self.is_state(state):
            return None
        values = self._cookie(state[:_BEGINNING]).values(in_request(session))
        return next((each for each in map(Journey.read, values) if _same(each.state, state)), None)

    def _make_room(self, session: CurrentSession) -> None:
        """Has the oldest journeys of the browser forgotten, so that there is room for one more."""
        environ = in_request(session)
        begun: dict[str, int] = {}
        for beginning in _beginnings(environ):
            journey = next(map(Journey.read, self._cookie(beginning).values(environ)), None)
            begun[beginning] = 0 if journey is None or not self._is_young(journey) else journey.begun
        latest = sorted(begun, key=lambda beginning: begun[beginning], reverse=True)
        for beginning in latest[MOST - 1 :]:
            self._cookie(beginning).remove(session)

    def _is_young(self, journey: Journey) -> bool:
        return is_young(journey.begun, self._now(), LIFETIME)

    def _cookie(self, beginning: str) -> SignedCookie:
        return self._keys.cookie(f"{_NAME}_{beginning}", self._purpose, longest=_LONGEST)


def _beginnings(environ: Mapping[str, Any]) -> Iterator[str]:
    """What the names of the cookies of journeys end with, in the request *environ*: of the first ones."""
    header = str(environ.get("HTTP_COOKIE", ""))[:16_384]
    found = re.findall(rf"(?:^|[; \t])(?:__Host-)?{_NAME}_([A-Za-z0-9_-]{{{_BEGINNING}}})=", header)
    return islice(dict.fromkeys(found), _LOOKED_AT)


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def _same(first: str, second: str) -> bool:
    return hmac.compare_digest(first.encode(), second.encode())
