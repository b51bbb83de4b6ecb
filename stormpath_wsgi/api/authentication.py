"""Authentication of callers: HTTP Basic (RFC 7617) and SAuthc1, with the API key of an account.

A failure does not tell why: an unknown key and a wrong secret get the same words after the same work. Wrong keys are
counted after they were found wrong, by the address that they come from; so a right one costs nothing more, and is never
held up.
"""

from __future__ import annotations

import base64
import calendar
import re
import time
from collections.abc import Callable, Iterator
from hmac import compare_digest
from itertools import product
from typing import Protocol
from urllib.parse import quote, unquote, unquote_plus

from stormpath_wsgi import sauthc1
from stormpath_wsgi.api.hosts import Hosts
from stormpath_wsgi.api.incoming import Incoming
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error, TooManyTries, fault
from stormpath_wsgi.events import here
from stormpath_wsgi.kinds import ID
from stormpath_wsgi.limits import header

_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z", re.ASCII)
_SIGNATURE = re.compile(
    r"sauthc1Id=(?P<key>[0-9A-Za-z]{1,64})/(?P<day>\d{8})/(?P<nonce>[0-9A-Za-z-]{1,64})/" + sauthc1.TERMINATOR + r",\s*"
    r"sauthc1SignedHeaders=(?P<headers>[^,\s]{1,8190}),\s*"
    r"sauthc1Signature=(?P<signature>[0-9a-f]{64})\s*",
    re.ASCII,
)

#: Headers that must be signed. Otherwise a signed request could be sent to another host, or again at another time.
_INDISPENSABLE = frozenset({"host", "x-stormpath-date"})
#: A header that must be signed if it is there: it says who is to be held up.
_VISITOR = header.NAME.lower()

# What the SDK for Ruby leaves unescaped in a path beside letters, digits and -._~ (RFC 2396, section 2).
_PLAIN_FOR_RUBY = ";/?:@&=+$,[]!*'()"

#: The secret that is compared for an unknown key, so that the work is the same. No key has it.
_DECOY = "an unknown key has no secret, but takes its time"

_OTHER_HOST = (
    "The signed Host is no name of this API: it must be that of the setting baseUrl, or one of api.hosts. "
    "A proxy in front must pass Host on as the client sent it."
)


class ActiveKey(Protocol):
    """What authentication must know of an API key."""

    @property
    def id(self) -> str:
        """The id of the key."""
        ...

    @property
    def secret(self) -> str:
        """The secret of the key, decrypted."""
        ...

    @property
    def account_href(self) -> str:
        """The address of the account whose key it is."""
        ...


class Keys(Protocol):
    """The part of a directory that stores API keys and nonces, and counts wrong keys."""

    def active_key(self, key_id: str) -> ActiveKey | None:
        """The key with the id *key_id*, if it may be used now."""

    def wrong_api_key(self, address: str | None) -> None:
        """Counts a wrong key from *address*.

        Raises :class:`~stormpath_wsgi.errors.TooManyTries` when there are too many.
        """

    def remember_nonce(self, key_id: str, nonce: str, expires_at: int) -> bool:
        """Whether the key used *nonce* for the first time. *expires_at*: milliseconds since the epoch."""


class Authentication:
    """Finds and checks the API key that a request is sent with.

    *hosts*: the names of the API; a signature must be for one of them. *clock_skew*: seconds that the clock of a client
    may be early or late. A signature is accepted for that time, and once only. *clock*: returns seconds since the
    epoch, UTC.
    """

    def __init__(self, keys: Keys, hosts: Hosts, *, clock_skew: float, clock: Callable[[], float] = time.time) -> None:
        self._keys, self._hosts, self._clock_skew, self._clock = keys, hosts, clock_skew, clock

    def caller(self, request: Incoming) -> ActiveKey:
        """The valid API key of *request*. Raises a 401, and a 429 when too many wrong ones came from its address."""
        scheme, _, offered = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        match scheme.lower():
            case "basic":
                return self._by_secret(offered)
            case "sauthc1":
                return self._by_signature(request, offered)
        raise fault(Code.NOT_AUTHENTICATED)

    def _find(self, key_id: str) -> ActiveKey | None:
        return self._keys.active_key(key_id) if ID.match(key_id) else None

    def _wrong(self) -> Error:
        """The error for a wrong key, which is counted. Raises a 429."""
        try:
            self._keys.wrong_api_key(here().address)
        except TooManyTries as error:
            # With a code of its own: it is the caller who waits, and no visitor of the site that calls.
            refusal = fault(Code.TOO_MANY_WRONG_KEYS)
            raise TooManyTries(refusal.body(), retry_after=error.retry_after) from None
        return _refusal()

    def _by_secret(self, offered: str) -> ActiveKey:
        try:
            key_id, colon, secret = base64.b64decode(offered.strip(), validate=True).decode().partition(":")
        except ValueError:
            raise _refusal() from None
        found = self._find(key_id) if colon else None
        is_right = compare_digest(secret.encode(), (found.secret if found else _DECOY).encode())
        if not (found and is_right):
            raise self._wrong()
        return found

    def _by_signature(self, request: Incoming, offered: str) -> ActiveKey:
        signed = _SIGNATURE.fullmatch(offered.strip())
        date = request.environ.get("HTTP_X_STORMPATH_DATE", "")
        moment = _moment(date)
        if signed is None or moment is None or signed["day"] != date[:8]:
            raise _refusal()
        if abs(self._clock() - moment) > self._clock_skew:
            raise fault(
                Code.NOT_AUTHENTICATED,
                f"X-Stormpath-Date is more than {self._clock_skew:.0f} seconds off the server's clock.",
            )
        if _header(request, "host") not in self._hosts:
            raise fault(Code.NOT_AUTHENTICATED, _OTHER_HOST)
        found = self._find(signed["key"])
        secret = found.secret if found else _DECOY
        is_right = any(
            compare_digest(
                sauthc1.sign(message, secret, key_id=signed["key"], date=date, nonce=signed["nonce"]),
                signed["signature"],
            )
            for message in _messages(request, signed["headers"].split(";"))
        )
        if not (found and is_right):
            raise self._wrong()
        # Only after the signature was right: strangers must not fill the table, nor use up the nonces of others.
        if not self._keys.remember_nonce(found.id, signed["nonce"], int((moment + self._clock_skew + 1) * 1000)):
            raise _refusal()
        return found


def _refusal() -> Error:
    return fault(Code.NOT_AUTHENTICATED, "Authentication with a valid API key is required.")


def _messages(request: Incoming, names: list[str]) -> Iterator[sauthc1.Message]:
    """The messages that the client may have signed: with path and query as they were sent, or encoded anew. Raises a
    401.

    All these forms of a path or query mean the same, so a signature for one of them allows nothing else.
    """
    headers = [(name, _header(request, name)) for name in names]
    sent = {_VISITOR} if _variable(_VISITOR) in request.environ else set()
    if not (_INDISPENSABLE | sent).issubset(names):
        raise _refusal()
    payload = sauthc1.payload_hash(request.body)
    for path, query in product(_paths(_text(request.raw_path)), _queries(_text(request.raw_query))):
        yield sauthc1.Message(request.method, path, query, headers, payload)


def _header(request: Incoming, name: str) -> str:
    """The value of the header *name* as it was sent. Raises a 401 when there is none."""
    value = request.environ.get(_variable(name))
    if value is None:
        raise _refusal()
    return _text(value)


def _variable(name: str) -> str:
    """What the environ calls the header *name* (PEP 3333)."""
    variable = name.upper().replace("-", "_")
    return variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"


def _text(value: str) -> str:
    """The text of a WSGI string *value*, in which each character stands for one byte (PEP 3333)."""
    return value.encode("latin-1").decode("utf-8", "surrogateescape")


def _paths(sent: str) -> list[str]:
    """The forms of the path *sent* that may have been signed.

    Stormpath's SDKs for Java, and for Ruby where there is ``%2E``, decode the path and encode it again before they sign
    it.
    """
    decoded = unquote(sent, errors="surrogateescape")
    return list(dict.fromkeys([sent, _encoded(decoded, safe="/"), _encoded(decoded, safe=_PLAIN_FOR_RUBY)]))


def _queries(sent: str) -> list[str]:
    """The forms of the query *sent* that may have been signed.

    The SDKs for Ruby, PHP and Java decode names and values and encode them again by RFC 3986.
    """
    pairs = (pair.partition("=") for pair in sent.split("&"))
    anew = "&".join(f"{_respelled(name)}{equals}{_respelled(value)}" for name, equals, value in pairs)
    return list(dict.fromkeys([sent, anew]))


def _respelled(text: str) -> str:
    return _encoded(unquote_plus(text, errors="surrogateescape"))


def _encoded(text: str, safe: str = "") -> str:
    return quote(text, safe=safe, errors="surrogateescape")


def _moment(date: str) -> int | None:
    """Seconds since the epoch for a *date* such as ``20130701T000000Z``; None for any other text."""
    found = _DATE.fullmatch(date)
    if found is None:
        return None
    try:
        return calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        return None
