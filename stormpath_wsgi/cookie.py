"""The cookies that we set: the content and the signature of the session cookie; the names and attributes of all of
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple
from urllib.parse import quote

from pydantic import SecretStr

from stormpath_wsgi.settings import SessionSettings
from stormpath_wsgi.signing import PurposeSigner

#: What makes a browser forget a cookie at once, whatever it knows of Max-Age.
_LONG_AGO = "Expires=Thu, 01 Jan 1970 00:00:00 GMT"

#: What a path holds as it is, and may stand in an attribute (RFC 3986, section 3.3, without the semicolon).
_IN_PATH = "%!$&'()*+,/:=@~"

#: A request may have several cookies of the same name. This is the highest number of them that are tried, in the order
#: of the header.
MOST_TRIED = 3

#: Seconds that the clock of another machine, which has written a cookie or another signed text, may be ahead.
AHEAD = 60

#: The highest number of characters in a session cookie: two ids of 64, three times, how long it stays, a signature, six
#: dots. With the ids that we make it has 139.
LONGEST = 64 + 64 + 8 + 8 + 8 + 1 + 64 + 6

#: How many parts the text of a session has after the id: when it says neither how long it stays nor anything of a
#: second factor, and when it says the first of these only.
_USUAL_PARTS, _STAY_PARTS = 3, 4

#: What a session says of a second factor that was due and was not asked for, in a remembered browser.
WAIVED = 0


class Stay(Enum):
    """How long a browser stays signed in. The values stand in the session cookie."""

    #: As long as ``session.idle`` and ``session.absolute`` allow, whether the browser is closed or not.
    USUAL = ""
    #: The same, but at the most until the browser is closed: its cookie has no lifetime.
    BROWSER = "b"
    #: For ``session.remember`` from the sign-in on, used or not.
    REMEMBERED = "r"

    @classmethod
    def of(cls, remember: bool | None) -> Stay:
        """What a visitor wants who was asked whether the browser shall stay signed in; None: nobody was asked."""
        return cls.USUAL if remember is None else cls.REMEMBERED if remember else cls.BROWSER

    @property
    def remember(self) -> bool | None:
        """What the visitor wanted: the inverse of :meth:`of`."""
        return None if self is Stay.USUAL else self is Stay.REMEMBERED


class Session(NamedTuple):
    """The session of a browser in which somebody is signed in. *started*, *renewed*: seconds since the epoch, UTC.

    *factor*: the same, of when a second factor was proved in it; :data:`WAIVED`; None: none was asked for.
    """

    id: str
    account_id: str
    started: int
    renewed: int
    stay: Stay = Stay.USUAL
    factor: int | None = None


class SessionSigner:
    """Writes sessions as signed text, and reads them back. *secret_keys*: the first signs, all verify."""

    def __init__(self, secret_keys: Sequence[SecretStr]) -> None:
        # If the form of the text changes, the purpose must change as well. So a text whose signature is right always
        # has the form that read() expects. The first form does not say how long a session stays: that is the usual one.
        # Only the third says something of a second factor.
        self._usual = PurposeSigner(secret_keys, "stormpath_wsgi session 1")
        self._other = PurposeSigner(secret_keys, "stormpath_wsgi session 2")
        self._whole = PurposeSigner(secret_keys, "stormpath_wsgi session 3")

    def write(self, session: Session) -> str:
        """The signed text of *session*: ASCII, safe in a cookie, at most 139 characters with the ids that we make."""
        value = f"{session.id}.{session.account_id}.{session.started:08x}.{session.renewed:08x}"
        if session.factor is not None:
            return self._whole.sign(f"{value}.{session.stay.value}.{session.factor:x}").decode()
        if session.stay is Stay.USUAL:
            return self._usual.sign(value).decode()
        return self._other.sign(f"{value}.{session.stay.value}").decode()

    def read(self, text: str) -> Session | None:
        """The session in *text*, which may be anything; None when it was not signed with one of our keys."""
        # The length is checked first, so that a long text is not hashed.
        if len(text) > LONGEST or not text.isascii():
            return None
        value, _, signature = text.rpartition(".")
        parts = value.count(".")
        signer = self._usual if parts == _USUAL_PARTS else self._other if parts == _STAY_PARTS else self._whole
        if not signer.verify_signature(value, signature):
            return None
        id, *rest = value.split(".")
        account_id, started, renewed, *more = rest
        stay = Stay(more[0]) if more else Stay.USUAL
        factor = int(more[1], 16) if parts > _STAY_PARTS else None
        return Session(id, account_id, int(started, 16), int(renewed, 16), stay, factor)


class Cookie:
    """One cookie: its name and attributes, and how it is found in a request.

    A browser accepts a cookie whose name starts with ``__Host-`` only over https, for one host and for all paths. So
    neither another site on a sub-domain nor an attacker on the network can set one (RFC 6265bis, section 4.1.3.2). The
    cookie gets this prefix whenever its attributes allow it: *secure*, *path* ``/``, no *domain*. Not *prefixed*: its
    name is one that others rely on.
    """

    def __init__(
        self,
        name: str,
        *,
        secure: bool,
        path: str = "/",
        domain: str | None = None,
        same_site: str = "Lax",
        http_only: bool = True,
        prefixed: bool = True,
    ) -> None:
        self.name = f"__Host-{name}" if prefixed and secure and path == "/" and domain is None else name
        self._beginning = f"{self.name}="
        common = [
            *(["Secure"] if secure else []),
            *(["HttpOnly"] if http_only else []),
            f"Path={quote(path, safe=_IN_PATH)}",
            f"SameSite={same_site}",
        ]
        for_domain = [f"Domain={domain.lstrip('.')}"] if domain else []
        self._attributes = "; ".join(["", *for_domain, *common])
        #: The headers that remove the cookie, and also one that was set before the setting for the domain was made.
        self.removal = [
            ("Set-Cookie", "; ".join([self._beginning, _LONG_AGO, "Max-Age=0", *where, *common]))
            for where in ([for_domain, []] if domain else [[]])
        ]

    @classmethod
    def of_session(cls, settings: SessionSettings, *, https: bool) -> Cookie:
        """The session cookie as the *settings* ask for, for requests over https, or over plain http."""
        return cls(
            settings.cookie_name,
            secure=https if settings.cookie_secure is None else settings.cookie_secure,
            path=settings.cookie_path,
            domain=settings.cookie_domain,
            same_site=settings.cookie_same_site,
        )

    def texts(self, header: str) -> list[str]:
        """The values of this cookie in the ``Cookie`` *header* of a request, :data:`MOST_TRIED` at the most.

        Werkzeug's parser gives the same values, but takes five times as long. It is used only if there are quotes.
        """
        name = self.name
        if name not in header:
            return []
        if '"' in header:
            from werkzeug.sansio.http import parse_cookie  # here, because few browsers send any

            return parse_cookie(header).getlist(name)[:MOST_TRIED]
        if header.count(name) == 1:  # what nearly all browsers send
            before, _, value = header.partition(self._beginning)
            if value and (not before or before[-2:] == "; "):
                return [value.partition(";")[0].strip(" \t")]
        found = []
        for part in header.split(";"):
            if name in part:
                key, _, value = part.partition("=")
                if key.strip(" \t") == name:
                    found.append(value.strip(" \t"))
        return found if len(found) <= MOST_TRIED else found[:MOST_TRIED]

    def header(self, value: str, max_age: int | None = None) -> tuple[str, str]:
        """The ``Set-Cookie`` header that sets *value* for *max_age* seconds; None: until the browser is closed.

        *value*: characters that a cookie may hold as they are (RFC 6265, section 4.1.1), as signed texts do.
        """
        if max_age is None:
            return "Set-Cookie", f"{self._beginning}{value}{self._attributes}"
        return "Set-Cookie", f"{self._beginning}{value}; Max-Age={max_age}{self._attributes}"
