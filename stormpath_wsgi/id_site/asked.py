"""What a site asks for: a JSON Web Token in the address of a visitor, signed with the secret of an API key.

Until the request has proved to be the application's, and the address to come back to has proved to be one of the
application's own, nobody is sent anywhere: an error of such a request is a page of ours.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from stormpath_wsgi import jwt
from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.errors import Error, TooManyTries, Unavailable
from stormpath_wsgi.events import here
from stormpath_wsgi.kinds import ENABLED, ID, is_authorized_callback
from stormpath_wsgi.texts import marked
from stormpath_wsgi.web.bearer import unverified

#: Seconds for which a request is good after it was made. It has no end of its own.
LIFETIME = 600

#: Seconds that the clock of a site may be ahead of ours.
AHEAD = 60

#: Characters of the longest request that is read.
LONGEST = jwt.LONGEST

#: Characters of the longest address to come back to, and of the longest token of a mail.
LONGEST_ADDRESS, LONGEST_TOKEN = 2000, 1024

#: What the word after the ``#`` of the documented paths stands for: one of our pages, by name. Any other is the login.
PAGES: Mapping[str, str] = {"register": "register", "forgot": "forgot", "reset": "change"}

#: The secret that is compared for an unknown key, so that the work is the same. No key has it.
_DECOY = "an unknown key has no secret, but takes its time"

#: What a visitor reads. Why it is, the log tells.
NO_GOOD = marked("This link to the sign-in page cannot be used. Go back to the site that you came from and try again.")
USED = marked("This link to the sign-in page was used before. Go back to the site that you came from and try again.")
TOO_OLD = marked("This link to the sign-in page is too old. Go back to the site that you came from and try again.")
SIGNED_IN = marked("You are signed in. Go back to the site that you came from.")
BUSY = marked("Too many tries. Please wait a moment and try again.")

# An address that stands in a header: no blank, no control character, no other script (RFC 3986, section 2).
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")
#: Schemes that a browser does not send a request for, but does something itself.
_NO_ADDRESS = frozenset({"javascript", "data", "vbscript", "blob", "file", "about"})


class NotAsked(Exception):
    """A request that is refused, with the sentence for the visitor. *reason*: for the log, without a secret."""

    def __init__(self, sentence: str, reason: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(reason)
        self.sentence, self.reason, self.status = sentence, reason, status
        self.retry_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request that is good.

    *application_id*: of whom. *key_id*: of the API key that has signed it, and signs the answer. *id*: its ``jti``.
    *callback*: where the visitor goes back to. *state*: what the answer repeats, any JSON. *begun*: when it came, in
    milliseconds since the epoch. *page*: the name of our page for who is not signed in. *organization*: the nameKey of
    the one to whose accounts the sign-in is confined. *asks_organization*: whether the visitor is asked for one.
    *asks_factor*: whether a second factor has to be proved. *ends*: whether it is about signing out.
    """

    application_id: str
    key_id: str
    id: str
    callback: str
    begun: int
    page: str
    state: Any = field(default=None, repr=False)
    organization: str | None = None
    asks_organization: bool = False
    asks_factor: bool = False
    ends: bool = False

    @property
    def name(self) -> str:
        """22 characters of a URL that no other question has."""
        digest = hashlib.sha256(f"{self.key_id} {self.id}".encode("utf-8", "surrogatepass")).digest()
        return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Asked:
    """A *question*. *token*: of a mail, for the page of the question; None: there is none. *is_new*: whether it was
    asked for the first time.
    """

    question: Question
    token: str | None = field(repr=False)
    is_new: bool


class Requests:
    """Reads requests to one directory. Threads may share it. *clock*: seconds since the epoch, UTC."""

    def __init__(self, service: DirectoryService, clock: Callable[[], float]) -> None:
        self._service, self._clock = service, clock

    def read(self, text: str, *, ends: bool) -> Asked:
        """What the token *text* asks, which may be anything. *ends*: whether it came to where people sign out.

        Raises :class:`NotAsked`; :class:`~stormpath_wsgi.errors.Unavailable` when the directory does not answer.
        """
        token, key_id = self._signed(text)
        try:
            issued, id = token.seconds("iat"), token.text("jti")
            application_id = self._application(token.text("sub"))
            callback = token.text("cb_uri")
        except Unavailable:
            raise
        except Error as error:
            raise NotAsked(NO_GOOD, str(error)) from error
        now = self._clock()
        if not now - LIFETIME < issued <= now + AHEAD:
            raise NotAsked(TOO_OLD, "it is too old, or from the future")
        self.check_callback(application_id, callback)
        sp_token = _text(token.claims.get("sp_token"))
        question = Question(
            application_id=application_id,
            key_id=key_id,
            id=id,
            callback=callback,
            begun=int(now * 1000),
            page=_page(token.claims.get("path"), sp_token),
            state=token.claims.get("state"),
            organization=_text(token.claims.get("onk")),
            asks_organization=token.claims.get("sof") is True,
            asks_factor=bool(token.claims.get("require_mfa")),
            ends=ends,
        )
        expires_at = math.ceil((issued + LIFETIME) * 1000)
        return Asked(question, sp_token, self._service.remember_nonce(key_id, f"sso:{question.name}", expires_at))

    def check_callback(self, application_id: str, callback: str) -> None:
        """Raises :class:`NotAsked` unless the application is ENABLED, and has authorized the address *callback*."""
        try:
            application = self._service.get(f"applications/{application_id}")
        except Unavailable:
            raise
        except Error as error:
            raise NotAsked(NO_GOOD, f"its application is not there: {error}") from error
        if application["status"] != ENABLED:
            raise NotAsked(NO_GOOD, "its application is disabled")
        scheme = callback.partition(":")[0].lower()
        is_address = len(callback) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(callback) and scheme not in _NO_ADDRESS
        if not is_address or not is_authorized_callback(callback, application["authorizedCallbackUris"]):
            raise NotAsked(
                NO_GOOD, f"{callback[:200]!r} is not one of the authorizedCallbackUris of {application['href']}"
            )

    def _signed(self, text: str) -> tuple[jwt.Jwt, str]:
        """The token *text*, and the id of the API key that has signed it. The token says which one in ``iss``."""
        claimed = unverified(text) if len(text) <= LONGEST and text.isascii() else None
        issuer = None if claimed is None else claimed.claims.get("iss")
        if not isinstance(issuer, str) or not ID.match(issuer):
            raise NotAsked(NO_GOOD, "it is no token, or names no API key")
        key = self._service.active_key(issuer)
        secret = _DECOY if key is None else key.secret
        try:
            token = jwt.read(text, lambda kid: secret if kid in (None, issuer) else None)
        except Error as error:
            raise self._wrong_key(error) from error
        if key is None or token.claims.get("iss") != issuer:
            raise self._wrong_key(None)
        return token, key.id

    def _wrong_key(self, error: Error | None) -> NotAsked:
        """The refusal of what no API key of ours has signed, which is counted by the address that it comes from."""
        refusal = NotAsked(NO_GOOD, f"it was not signed with an API key of this directory ({error})")
        try:
            self._service.wrong_api_key(here().address)
        except TooManyTries as wait:
            refusal = NotAsked(BUSY, "too many wrong ones", HTTPStatus.TOO_MANY_REQUESTS)
            refusal.retry_after = wait.retry_after
        return refusal

    def _application(self, href: str) -> str:
        """The id of the application in *href*, which may be anything. Raises :class:`NotAsked`."""
        above = f"{self._service.base_url}/applications/"
        id = href.removeprefix(above)
        if not href.startswith(above) or not ID.match(id):
            raise NotAsked(NO_GOOD, f"{href[:200]!r} is no application of this directory")
        return id


def _page(path: object, sp_token: str | None) -> str:
    """The name of the page of ours that a documented *path* stands for."""
    if sp_token is not None:
        return PAGES["reset"]
    word = path.lstrip("/#").partition("?")[0] if isinstance(path, str) else ""
    return PAGES.get(word, "login")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_TOKEN else None
