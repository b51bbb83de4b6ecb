"""The cookies of flows: how each is found in a request and set on its answer, and what two kinds of them hold.

Whatever a request sends is bounded in length before it is read or hashed.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from wsgiref.types import WSGIEnvironment

from pydantic import SecretStr

from stormpath_wsgi.cookie import AHEAD, Cookie
from stormpath_wsgi.session import CurrentSession
from stormpath_wsgi.signing import PurposeSigner

#: Characters of the longest ``Cookie`` header that is read here. Browsers send some 4,000 for each cookie at the most.
_LONGEST_HEADER = 16_384

_MARK = re.compile("[A-Za-z0-9_-]{22}")  # 16 random bytes in URL-safe base 64


class FlowCookie:
    """A cookie called *name*. Threads may share it.

    *secure*: whether it is Secure over plain http too, because a proxy in front speaks https.
    """

    def __init__(self, name: str, *, secure: bool) -> None:
        self._cookies = {https: Cookie(name, secure=https or secure) for https in (False, True)}

    def texts(self, environ: Mapping[str, Any] | None) -> list[str]:
        """The values of this cookie in the request *environ*, which may be anything. None: there is no request."""
        header = "" if environ is None else str(environ.get("HTTP_COOKIE", ""))
        return self._of(environ).texts(header) if 0 < len(header) <= _LONGEST_HEADER else []

    def set(self, session: CurrentSession, text: str, lasts: int | None = None) -> None:
        """Has the answer of *session* set the cookie, for so many seconds; None: until the browser is closed."""
        session.add_cookie(self._of(session.environ).header(text, lasts))

    def remove(self, session: CurrentSession) -> None:
        """Has the answer of *session* take the cookie away."""
        for header in self._of(session.environ).removal:
            session.add_cookie(header)

    def _of(self, environ: Mapping[str, Any] | None) -> Cookie:
        return self._cookies[environ is not None and environ.get("wsgi.url_scheme") == "https"]


class SignedCookie(FlowCookie):
    """A cookie whose values are signed for *purpose*. If the form of the values changes, the purpose must change as
    well: who reads them takes them apart by their form.

    *secret_keys*: the first signs, all verify. *longest*: the characters of the longest text there can be.
    *remembers*: of how many texts the signature is not looked at again, for a cookie that comes with each request.
    """

    def __init__(
        self,
        name: str,
        purpose: str,
        secret_keys: Sequence[SecretStr],
        *,
        longest: int,
        secure: bool,
        remembers: int = 0,
    ) -> None:
        super().__init__(name, secure=secure)
        self._signer, self._longest = PurposeSigner(secret_keys, purpose), longest
        # The keys do not change, so neither does what a text says.
        self._read = lru_cache(remembers)(self._verified)

    def values(self, environ: Mapping[str, Any] | None) -> Iterator[str]:
        """The values in the request *environ* that were signed with one of our keys."""
        for text in self.texts(environ):
            # The length is checked first, so that a long text is neither hashed nor remembered.
            value = self._read(text) if len(text) <= self._longest and text.isascii() else None
            if value is not None:
                yield value

    def _verified(self, text: str) -> str | None:
        value, _, signature = text.rpartition(".")
        return value if self._signer.verify_signature(value, signature) else None

    def sign(self, session: CurrentSession, value: str, lasts: int | None = None) -> None:
        """Has the answer of *session* set *value*, signed, for so many seconds; None: until the browser is closed."""
        self.set(session, self._signer.sign(value).decode(), lasts)


class BrowserMark(FlowCookie):
    """A random value that one browser has, and no text that it is signed into shows."""

    def of(self, session: CurrentSession) -> list[str]:
        """The marks of the browser of *session*: only what can be ours."""
        # A dot in it would move the border to the text that is signed along with it.
        return [each for each in self.texts(in_request(session)) if _MARK.fullmatch(each)]

    def make(self, session: CurrentSession, lasts: int | None = None) -> str:
        """A new one for the browser of *session*, which gets it in a cookie, as :meth:`set` says."""
        in_request(session)
        mark = secrets.token_urlsafe(16)
        self.set(session, mark, lasts)
        return mark


@dataclass(frozen=True, slots=True)
class CookieKeys:
    """What all cookies and signed texts of the flows of one application are made with.

    *secret_keys*: the first signs, all verify. *application_id*: whose they are. *secure*: whether the cookies are
    Secure over plain http too, because a proxy in front speaks https. *now*: seconds since the epoch.
    """

    secret_keys: Sequence[SecretStr] = field(repr=False)
    application_id: str
    secure: bool = False
    now: Callable[[], float] = time.time

    def signer(self, purpose: str) -> PurposeSigner:
        """What signs texts for *purpose*. If the form of the texts changes, the purpose must change as well."""
        return PurposeSigner(self.secret_keys, purpose)

    def cookie(self, name: str, purpose: str, *, longest: int) -> SignedCookie:
        """The signed cookie *name*; the arguments are those of :class:`SignedCookie`."""
        return SignedCookie(name, purpose, self.secret_keys, longest=longest, secure=self.secure)

    def mark(self, name: str) -> BrowserMark:
        """The mark of a browser in the cookie *name*."""
        return BrowserMark(name, secure=self.secure)


def is_young(begun: int, now: float, lasts: float) -> bool:
    """Whether what was *begun* lasts until *now*; all in seconds. What is from the future is not believed: a clock that
    was set back makes nothing last longer.
    """
    return begun - AHEAD <= now < begun + lasts


def in_request(session: CurrentSession) -> WSGIEnvironment:
    """The environ of the request of *session*. Raises RuntimeError when that is over."""
    if session.environ is None:
        raise RuntimeError("The request of this session is over: call flows while the application is called.")
    return session.environ
