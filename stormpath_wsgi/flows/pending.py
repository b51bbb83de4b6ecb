"""Pending sign-ins: somebody has proved a password, is asked for more, and is not signed in yet.

A pending sign-in is a signed text that the browser brings back with the answer. Nothing is kept on the server until
the session begins, so any worker may take it. The signature covers a random value that is in a cookie and not in the
text: in another browser the text is worth nothing, so it may stand in a form or an address. The session cookie is
signed for another purpose: neither passes for the other.

It is used once. When the session begins, the directory keeps the id of the pending sign-in in the same transaction as
the session's token, and begins no second session with it.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from dataclasses import dataclass, field

from stormpath_wsgi.client import Account
from stormpath_wsgi.codes import Code
from stormpath_wsgi.cookie import Stay
from stormpath_wsgi.events import FACTOR, PASSKEY
from stormpath_wsgi.flows.cookies import CookieKeys, is_young
from stormpath_wsgi.flows.refusals import PendingRefused
from stormpath_wsgi.kinds import id_of
from stormpath_wsgi.session import CurrentSession

#: Seconds from the proof of the password to the session. The directory remembers what was used for an hour.
LIFETIME = 600

#: Characters of the longest text there can be. A longer text is not hashed.
LONGEST = 1024

#: What a question may be called, and what it is that was proved first.
NAME = re.compile("[a-z][a-z0-9_-]{0,31}")

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a sign-in has come.

    *account_id*: of whom. *password_modified_at*: milliseconds since the epoch, of the password that was proved; None:
    the account has none. *proved*: what was proved or answered so far, in order. *remember*: whether the visitor wants
    to stay signed in; None: nobody has asked. *id*: what is used up when the session begins. *begun*: seconds since the
    epoch. *browser*: the random value in the browser's cookie. The last three are empty until the sign-in is pending.
    """

    account_id: str
    password_modified_at: int | None
    proved: tuple[str, ...]
    remember: bool | None = None
    id: str | None = None
    begun: int | None = None
    browser: str | None = field(default=None, repr=False)

    @property
    def answered(self) -> tuple[str, ...]:
        """The questions that need not be asked any more. A passkey that has asked for a finger, a face or a PIN is two
        factors in one: something that somebody has, and what he is or knows.
        """
        both = (FACTOR,) if self.proved[0] == PASSKEY else ()
        return (*both, *self.proved[1:])

    @classmethod
    def of(cls, account: Account, proof: str, remember: bool | None = None) -> Progress:
        """The first step: *account* was proved by *proof*, such as ``password``."""
        return cls(
            account_id=id_of(account.href),
            password_modified_at=password_moment(account),
            proved=(_checked(proof),),
            remember=remember,
        )


@dataclass(frozen=True, slots=True)
class Pending:
    """What a text says: *progress*, and the name of the question that is asked now."""

    progress: Progress
    asks: str


class PendingSignIns:
    """Writes and reads the pending sign-ins of one application. Threads may share it."""

    def __init__(self, keys: CookieKeys) -> None:
        # The text is taken apart by its form below.
        self._signer = keys.signer("stormpath_wsgi pending sign-in 2")
        self._application_id, self._now = keys.application_id, keys.now
        self._mark = keys.mark("stormpath_pending")

    def write(self, session: CurrentSession, pending: Pending) -> str:
        """The text of *pending*, for this browser, which gets its cookie if this is the first one."""
        progress = pending.progress
        id, begun, browser = progress.id, progress.begun, progress.browser
        if id is None or begun is None or browser is None:
            id, begun, browser = secrets.token_urlsafe(16), int(self._now()), self._mark.make(session, LIFETIME)
        password = "" if progress.password_modified_at is None else f"{progress.password_modified_at:x}"
        proved = "~".join(progress.proved)
        stay = Stay.of(progress.remember).value
        value = f"{id}.{progress.account_id}.{password}.{begun:x}.{stay}.{proved}.{_checked(pending.asks)}"
        text = f"{value}.{self._signer.get_signature(self._signed(value, browser)).decode()}"
        if len(text) > LONGEST:
            raise ValueError(f"A sign-in cannot ask for so much: {', '.join((*progress.proved, pending.asks))}.")
        return text

    def read(self, session: CurrentSession, text: object) -> Pending:
        """What *text* says, which may be anything. Raises :class:`PendingRefused`."""
        if not isinstance(text, str) or len(text) > LONGEST or not text.isascii():
            raise PendingRefused(Code.TOKEN_SIGNATURE_WRONG)
        value, _, signature = text.rpartition(".")
        browser = next((each for each in self._mark.of(session) if self._verifies(value, each, signature)), None)
        if browser is None:
            raise PendingRefused(Code.TOKEN_SIGNATURE_WRONG)
        id, account_id, password, begun, stay, proved, asks = value.split(".")
        if not is_young(int(begun, 16), self._now(), LIFETIME):
            raise PendingRefused(Code.TOKEN_EXPIRED)
        progress = Progress(
            account_id=account_id,
            password_modified_at=int(password, 16) if password else None,
            proved=tuple(proved.split("~")),
            remember=Stay(stay).remember,
            id=id,
            begun=int(begun, 16),
            browser=browser,
        )
        return Pending(progress, asks)

    def forget(self, session: CurrentSession) -> None:
        """Take the cookie away, so that every pending sign-in of this browser becomes invalid."""
        if self._mark.texts(session.environ):
            self._mark.remove(session)

    def _verifies(self, value: str, browser: str, signature: str) -> bool:
        return self._signer.verify_signature(self._signed(value, browser), signature)

    def _signed(self, value: str, browser: str) -> bytes:
        return f"{self._application_id}.{browser}.{value}".encode("utf-8", "surrogateescape")


def password_moment(account: Account) -> int | None:
    """When the password of *account* was set, in milliseconds since the epoch; None: it has none."""
    moment = account.password_modified_at
    return None if moment is None else (moment - _EPOCH) // dt.timedelta(milliseconds=1)


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} names no question: write up to 32 characters of a-z 0-9 _ -, a letter first.")
    return name
