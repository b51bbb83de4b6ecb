"""Session cookies: what they hold, how they are signed, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from pydantic import SecretStr
from werkzeug.http import dump_cookie

from stormpath_wsgi.settings import SessionSettings
from stormpath_wsgi.signing import PurposeSigner

#: Characters of the longest text there can be: two ids of 64, two times, a signature, four dots. Ours have 128.
LONGEST = 64 + 64 + 8 + 8 + 64 + 4


class Session(NamedTuple):
    """A signed-in browser. *started*, *renewed*: seconds since the epoch, UTC."""

    id: str
    account_id: str
    started: int
    renewed: int


class Seal:
    """Writes sessions as signed text, and reads them back. *secret_keys*: the first signs, all verify."""

    def __init__(self, secret_keys: Sequence[SecretStr]) -> None:
        # Another form of the text needs another purpose: so texts of this form only are ever taken apart below.
        self._signer = PurposeSigner(secret_keys, "stormpath_wsgi session 1")

    def write(self, session: Session) -> str:
        """The text of *session*: ASCII, safe in a cookie, 128 characters with the ids that we make."""
        value = f"{session.id}.{session.account_id}.{session.started:08x}.{session.renewed:08x}"
        return self._signer.sign(value).decode()

    def read(self, text: str) -> Session | None:
        """The session in *text*, which may be anything; None when it was not signed with one of our keys."""
        value, _, signature = text.rpartition(".")
        # Nobody shall have us hash a long text.
        if len(text) > LONGEST or not text.isascii() or not self._signer.verify_signature(value, signature):
            return None
        id, account_id, started, renewed = value.split(".")
        return Session(id, account_id, int(started, 16), int(renewed, 16))


class Cookie:
    """The session cookie over https or over plain http: its name, and its attributes."""

    def __init__(self, settings: SessionSettings, *, https: bool) -> None:
        self._settings = settings
        self._secure = https if settings.cookie_secure is None else settings.cookie_secure
        # A browser takes a cookie with this prefix only over https, for one host and for all of its paths: no
        # neighbour on a sub-domain, and nobody on the wire, can plant one (RFC 6265bis, section 4.1.3.2).
        prefixed = self._secure and settings.cookie_path == "/" and settings.cookie_domain is None
        self.name = f"__Host-{settings.cookie_name}" if prefixed else settings.cookie_name
        #: Finds it in a ``Cookie`` header, as group 1. Of several the first: its path is the longest.
        self.search = re.compile(rf"(?:^|; ?){re.escape(self.name)}=([^;]*)").search
        #: The header that takes the cookie away.
        self.removal = self.header("", 0)

    def header(self, value: str, max_age: int) -> tuple[str, str]:
        """The ``Set-Cookie`` header that keeps *value* for *max_age* seconds."""
        settings = self._settings
        return "Set-Cookie", dump_cookie(
            self.name,
            value,
            max_age=max_age,
            path=settings.cookie_path,
            domain=settings.cookie_domain,
            secure=self._secure,
            httponly=True,
            samesite=settings.cookie_same_site,
        )
