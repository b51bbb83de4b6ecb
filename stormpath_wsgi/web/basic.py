"""The API key of an account, or its password, in the ``Authorization`` header of a request, by HTTP Basic.

It is judged only below paths that offer it (``challenge: basic`` in the setting ``protect``). Everywhere else a Basic
header is what it was before us: a proxy's, or the application's own.

Source: RFC 7617.
"""

from __future__ import annotations

import base64
import hmac
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import WSGIEnvironment

from stormpath_wsgi.client import Account, Application, Client
from stormpath_wsgi.errors import Error, TooManyTries, Unavailable
from stormpath_wsgi.events import Origin, at
from stormpath_wsgi.kinds import ENABLED, ID, id_of
from stormpath_wsgi.limits import Limits
from stormpath_wsgi.remembered import Remembered
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.slots import Generation, own_number, slot_of
from stormpath_wsgi.users import RememberedAccount
from stormpath_wsgi.web.account_passwords import AccountPasswords, NotProved
from stormpath_wsgi.web.identity import NOTHING, CredentialKind, Identity, Proof, Proved, Refused, after_scheme
from stormpath_wsgi.web.remote_user import Told

log = logging.getLogger(__name__)

#: Characters of the longest credentials that are read: a login name, an id and a secret, all in base 64.
LONGEST = 4096

#: Characters of the longest login name there can be.
_LONGEST_NAME = 255

#: Compared with what is offered for an unknown key, so that it costs the same. It opens nothing.
_DECOY = "an unknown key has no secret, but takes its time"

#: An API key as a directory makes it. Such a text is never taken for a password.
_KEY_ID, _KEY_SECRET = re.compile(r"[0-9A-Z]{25}"), re.compile(r"[0-9A-Za-z+/]{43}")

_BY_KEY, _BY_PASSWORD = frozenset({Proof.API_KEY}), frozenset({Proof.PASSWORD})


def user_and_password(encoded: str) -> tuple[str, str] | None:
    """The two halves of Basic credentials; None for what is no base 64, no UTF-8, too long, or has no colon."""
    if len(encoded) > LONGEST:
        return None
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (user, password) if colon else None


def find_key(application: Application, id: str) -> Mapping[str, Any] | None:
    """The API key with that *id* off the wire, with its account, if it is good at *application*. One question.

    It is good while it is ENABLED, and so is its account, and that can sign in to the application.
    """
    if not ID.match(id):
        return None
    store = application._client.data_store
    for key in store.list(f"{application.href}/apiKeys", {"id": id}, "account")["items"]:
        if key["status"] == ENABLED and key["account"].get("status") == ENABLED:
            found: Mapping[str, Any] = key
            return found
    return None


def is_secret_of(key: Mapping[str, Any] | None, secret: str) -> bool:
    """Whether *secret* is that of *key*, in the same time for a key that is not there."""
    is_right = hmac.compare_digest((key["secret"] if key else _DECOY).encode(), secret.encode("utf-8", "replace"))
    return is_right and key is not None


@dataclass(frozen=True, slots=True)
class _Key:
    """What is remembered of an API key that is good."""

    wire: Mapping[str, Any] = field(repr=False)
    account: RememberedAccount
    #: The number of the slot before the directory was asked.
    generation: int
    slot: int


class BasicCredential:
    """The credential *Basic*, for the API keys and passwords of the accounts that can sign in to one application.

    Three shapes are known, each with a setting: the id of an API key as the user and its secret as the password; the
    account's login name as the user and ``id.secret`` as the password, for programs that want the name there; or the
    login name and the account's own password (:mod:`.account_passwords`). What is an API key by its form is never
    taken for a password.

    What the directory says of a key is remembered as long as it holds, so a known key costs no I/O. *offered_at*:
    whether a path (``PATH_INFO``) offers Basic. *origin*, *asks_more*: as those of the passwords. *limits*: how often
    wrong keys may come from one address; a right one is never held up. *told*, *generation*: as those of the sessions.
    *now*: seconds since the epoch.
    """

    def __init__(
        self,
        client: Client,
        application: Application,
        settings: Settings,
        *,
        offered_at: Callable[[str], bool],
        origin: Callable[[WSGIEnvironment], Origin],
        asks_more: Callable[[Account, Origin], bool],
        limits: Limits,
        told: Told,
        generation: Generation,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client, self._application, self._shapes = client, application, settings.basic
        self._limits, self._scope, self._origin = limits, id_of(application.href), origin
        self._offered_at, self._told, self._generation, self._now = offered_at, told, generation, now
        self._known: Remembered[str, _Key] = Remembered(
            self._load,
            generation=generation,
            about=lambda key: key.slot,
            ttl=settings.cache_ttl.total_seconds(),
            clock=now,
            size=settings.cache_size,
        )
        self._passwords = AccountPasswords(
            client,
            application,
            settings,
            origin=origin,
            asks_more=asks_more,
            told=told,
            generation=generation,
            now=now,
        )

    def identify(self, environ: WSGIEnvironment) -> Identity:
        """As :meth:`.Credential.identify`. No I/O while the key or the password is remembered."""
        encoded = after_scheme(environ.get("HTTP_AUTHORIZATION", ""), "basic")
        if encoded is None or not self._offered_at(environ.get("PATH_INFO", "")):
            return NOTHING
        pair = user_and_password(encoded)
        if pair is None:
            return _refused("it is not a user and a password in UTF-8 and base 64")
        if self._shapes.password and not self._is_key(*pair):
            return self._by_password(environ, *pair)
        return self._by_key(environ, *pair)

    def _by_password(self, environ: WSGIEnvironment, login: str, password: str) -> Identity:
        try:
            known = self._passwords.find(environ, login, password)
        except NotProved as error:
            return _refused(str(error), error.retry_after)
        return Proved(known.account, CredentialKind.BASIC, self._now(), _BY_PASSWORD, known.generation)

    def _by_key(self, environ: WSGIEnvironment, user: str, password: str) -> Identity:
        login, id, secret = self._split(user, password)
        key = self._find(id)
        is_right = is_secret_of(key.wire if key else None, secret)
        if key is None or not is_right:
            return self._wrong_key(self._origin(environ))
        if login is not None and not _is_login_of(key.account.account, login):
            return _refused("the login name is not that of the API key's account")
        return Proved(key.account, CredentialKind.BASIC, self._now(), _BY_KEY, key.generation, key.slot)

    def _wrong_key(self, origin: Origin) -> Refused:
        """It is counted only after it was looked at, so that a right key costs nothing and never has to wait."""
        try:
            with at(origin):
                self._limits.wrong_api_key(self._scope, origin.address)
        except TooManyTries as error:
            return _refused("too many wrong API keys came from this address", error.retry_after)
        return _refused("there is no such API key, or it is not good here")

    def _is_key(self, user: str, password: str) -> bool:
        """Whether it has the form of an API key in a shape that is taken."""
        id, _, secret = password.partition(".")
        is_named = self._shapes.login_name and _has_form_of_key(id, secret)
        return is_named or (self._shapes.api_key and _has_form_of_key(user, password))

    def _split(self, user: str, password: str) -> tuple[str | None, str, str]:
        """The login name, if one is given, the id and the secret; the id is empty where the shape is switched off."""
        id, dot, secret = password.partition(".")
        if dot:  # no secret has one
            return (user, id, secret) if self._shapes.login_name else (None, "", secret)
        return None, user if self._shapes.api_key else "", password

    def _find(self, id: str) -> _Key | None:
        try:
            return self._known.get(id)
        except LookupError:  # not remembered: strangers would drive out those who are known
            return None
        except Unavailable:
            raise
        except Error as error:
            if error.status == 404:
                return None  # the application is gone
            raise Unavailable(error.body()) from error  # we could not ask: no verdict on the key

    def _load(self, id: str) -> _Key:
        before = self._generation()  # before we ask: what is written meanwhile is then noticed
        wire = find_key(self._application, id)
        if wire is None:
            raise LookupError(id)
        account = RememberedAccount(self._client, wire["account"])
        account.told = self._told.of(account, wire.get("naming"))
        return _Key(wire, account, *own_number(self._generation, before, slot_of(id_of(account.href))))


def _has_form_of_key(id: str, secret: str) -> bool:
    return _KEY_ID.fullmatch(id) is not None and _KEY_SECRET.fullmatch(secret) is not None


def _is_login_of(account: Mapping[str, Any], name: str) -> bool:
    """Whether *name* is the username or the e-mail address of *account*, upper and lower case being the same."""
    if len(name) > _LONGEST_NAME:
        return False
    return name.casefold() in (str(account["username"]).casefold(), str(account["email"]).casefold())


def _refused(why: str, retry_after: int | None = None) -> Refused:
    if retry_after is None:  # the log was told when the wait began
        log.info("Basic credentials are refused: %s.", why)
    return Refused(CredentialKind.BASIC, why, retry_after)
