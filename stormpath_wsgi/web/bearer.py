"""Access tokens in the ``Authorization`` header of a request.

A token is ours to judge when it is a JWT whose ``iss`` is our application. That is read before anything is verified,
and decides nothing else: any other token is for the application behind us, which may have an issuer of its own.

Source: RFC 6750; RFC 7519.
"""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from wsgiref.types import WSGIEnvironment

from stormpath_wsgi import jwt
from stormpath_wsgi.client import AccessToken, ApiKey, Application, Client
from stormpath_wsgi.client.credentials import KeyPair
from stormpath_wsgi.client.grants import JWT, JwtAuthenticator, NotGood, is_refusal
from stormpath_wsgi.errors import ConfigurationError, Error, Unavailable
from stormpath_wsgi.kinds import ENABLED, ID, id_of
from stormpath_wsgi.remembered import Remembered
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.slots import ANY, Generation, own_number, slot_of
from stormpath_wsgi.users import A, Groups, RememberedAccount
from stormpath_wsgi.web.basic import find_key
from stormpath_wsgi.web.identity import NOTHING, CredentialKind, Identity, Proof, Proved, Refused, after_scheme
from stormpath_wsgi.web.remote_user import Told

log = logging.getLogger(__name__)

_PROOFS = frozenset({Proof.TOKEN})

#: The highest number of API keys that are remembered as signers of tokens. Only administrators have such keys.
_MOST_SIGNERS = 100


class Unverified(NamedTuple):
    """What a token says of itself. Anybody can write that."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def unverified(text: str) -> Unverified:
    """The header and the claims of *text*, which may be anything; both are empty where they cannot be read."""
    header, claims, *_ = [*text.split(".", 2), "", ""] if len(text) <= jwt.LONGEST else ("", "")
    return Unverified(_object(header), _object(claims))


def is_own(token: Unverified) -> bool:
    """Whether it is a token that a request authenticator made, if it is one of ours: such a token names no key."""
    return "kid" not in token.header


def _object(part: str) -> Mapping[str, Any]:
    """The JSON object in one part of a JWT; an empty one where there is none."""
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


class _Token(NamedTuple):
    """What is remembered of a token that is good. *expires*: seconds since the epoch."""

    identity: Proved
    expires: float
    signer: str | None = None  # the id of the API key that signed it, where changes of that alone are not noticed


class AccessTokenCredential:
    """The credential *Bearer*, for the tokens of one application.

    A token of the token endpoint is validated in full unless *settings* say ``local``: the directory is asked, once as
    long as its answer holds, so that a token that was revoked and an account that was disabled are refused. Local
    validation takes one HMAC and looks at the signature, the application and the times only.

    A token depends on its own account and on the one whose API key signed it. So that changes of others cost nothing,
    what is known of the two is remembered apart.

    A token that a request authenticator of :mod:`stormpath_wsgi.api_auth` made stands for the API key that it was made
    for. One that has scopes is refused: only the application knows what they allow, and no policy asks.

    *told*, *generation*: as those of the sessions. *now*: seconds since the epoch, UTC. *kind*: what the identity calls
    the credential. *validation*: in place of that of the *settings*. Raises
    :class:`~stormpath_wsgi.ConfigurationError` for local validation without an API key.
    """

    def __init__(
        self,
        client: Client,
        application: Application,
        settings: Settings,
        *,
        told: Told,
        generation: Generation,
        now: Callable[[], float] = time.time,
        kind: CredentialKind = CredentialKind.BEARER,
        validation: str | None = None,
    ) -> None:
        self._client, self._application, self._told, self._kind = client, application, told, kind
        self._generation, self._now = generation, now
        self._tokens = JwtAuthenticator(application, now=now)
        is_local = (validation or settings.bearer.validation) == "local"
        # Another machine may not show us the API key that has signed a token, so there any change matters.
        self._knows_signers = not is_local and not settings.remote
        self._validate = self._locally if is_local else self._in_full
        bounds: dict[str, Any] = {"generation": generation, "ttl": settings.cache_ttl.total_seconds(), "clock": now}
        self._known: Remembered[str, _Token] = Remembered(
            self._judge, about=lambda token: token.identity.slot, size=settings.cache_size, **bounds
        )
        # By the id of an API key: the slot of its account, if the key is good.
        self._signers: Remembered[str, int] = Remembered(
            self._slot_of_signer, about=lambda slot: slot, size=_MOST_SIGNERS, **bounds
        )
        self._key: Remembered[None, KeyPair] = Remembered(lambda _: self._tokens.key_pair(), **bounds)
        if is_local:
            self._tokens.key_pair()  # says at the start what is missing

    def identify(self, environ: WSGIEnvironment) -> Identity:
        """As :meth:`.Credential.identify`. No I/O while the answer is remembered."""
        text = after_scheme(environ.get("HTTP_AUTHORIZATION", ""), "bearer")
        return self.judge(text) if text else NOTHING

    def judge(self, text: str) -> Identity:
        """The answer for the token *text*, wherever it was found. As :meth:`identify`."""
        if unverified(text).claims.get("iss") != self._application.href:
            return NOTHING
        try:
            token = self._known.get(text)
            if self._now() >= token.expires:
                raise NotGood("it has expired")
            if token.signer is not None:
                self._signers.get(token.signer)
        except NotGood as error:
            return self._refused(str(error))
        except Error as error:
            if isinstance(error, Unavailable):
                raise
            if not is_refusal(error) and error.status != 404:
                raise Unavailable(error.body()) from error  # we could not ask: no verdict on the token
            return self._refused(f"error {error.code}, {error}")
        return token.identity

    def _refused(self, why: str) -> Refused:
        log.info("A token is refused (%s): %s.", self._kind.value, why)
        return Refused(self._kind, why)

    def _judge(self, text: str) -> _Token:
        """What is to be remembered of the token. Raises :class:`NotGood` and :class:`~stormpath_wsgi.Error`."""
        if not JWT.fullmatch(text):
            raise NotGood("it is no JWT")
        before, says = self._generation(), unverified(text)  # before we ask: what is written meanwhile is then noticed
        account, claims = self._by_api_key(text) if is_own(says) else self._validate(text)
        number, slot, signer = before, ANY, None
        if self._knows_signers and not is_own(says):
            number, slot = own_number(self._generation, before, slot_of(id_of(account.href)))
            signer = str(says.header["kid"])
        identity = Proved(account, self._kind, float(claims["iat"]), _PROOFS, number, slot)
        return _Token(identity, float(claims["exp"]), signer)

    def _slot_of_signer(self, key_id: str) -> int:
        """The slot of the account whose API key has signed tokens. Raises :class:`NotGood` for one that is not good."""
        try:
            key = self._client.data_store.get(f"{self._client.base_url}/{ApiKey.path}/{key_id}", "account")
        except Error as error:
            if error.status != 404:
                raise
            raise NotGood("the API key that signed it is gone") from None
        if key["status"] != ENABLED or key["account"]["status"] != ENABLED:
            raise NotGood("the API key that signed it is not good any more")
        return slot_of(id_of(key["account"]["href"]))

    def _in_full(self, text: str) -> tuple[RememberedAccount, Mapping[str, Any]]:
        found = self._tokens.look_up(text)
        account = RememberedAccount(self._client, found["account"])
        account.told = self._told.of(account, found.get("naming"))
        return account, found["expandedJwt"]["claims"]

    def _by_api_key(self, text: str) -> tuple[RememberedAccount, Mapping[str, Any]]:
        read = self._read(text)
        if read.claims.get("scope"):
            raise NotGood("it has scopes, which are for the application to judge")
        key = find_key(self._application, read.text("sub"))
        if key is None:
            raise NotGood("its API key is not good any more")
        account = RememberedAccount(self._client, key["account"])
        account.told = self._told.of(account, key.get("naming"))
        return account, read.claims

    def _locally(self, text: str) -> tuple[RememberedAccount, Mapping[str, Any]]:
        read = self._read(text)
        account = AccountByHref(self._client, self._tokens.subject(read))
        naming = self._naming(read.text("jti")) if self._told.needs_naming else None
        account.told = self._told.of(account, naming)
        return account, read.claims

    def _read(self, text: str) -> jwt.Jwt:
        try:
            key = self._key.get(None)
        except ConfigurationError:
            raise NotGood("there is no API key here that could have signed it") from None
        return self._tokens.read(text, key)

    def _naming(self, token_id: str) -> Any:
        """What tells the token's account from others of its name; None when the token is not there any more."""
        try:
            token = ID.match(token_id) and self._client.data_store.recall(
                f"{self._client.base_url}/{AccessToken.path}/{token_id}"
            )
        except Error as error:
            if error.status != 404:
                raise
            return None
        return token.get("naming") if token else None


class AccountByHref(RememberedAccount):
    """An account of which only the href is known yet. The rest is loaded when somebody first looks.

    Nobody has asked whether it is there. Of one that is gone all else is None, and it is in no groups.
    """

    __slots__ = ()

    def __init__(self, client: Client, href: str) -> None:
        super().__init__(client, _Unloaded(client, href))

    def groups(self) -> Groups:
        try:
            return super().groups()
        except Error as error:
            if error.status != 404:
                raise
        page = {"href": f"{self.href}/groups", "offset": 0, "limit": 100, "size": 0, "items": []}
        self._groups = Groups(frozenset(), frozenset(), complete=True, items=(), page=page)
        return self._groups

    def resource(self, kind: type[A]) -> A:
        return kind(self._client, self.href)


class _Unloaded(Mapping[str, Any]):
    """The attributes of an account, loaded when another than its href is read."""

    def __init__(self, client: Client, href: str) -> None:
        self._client, self._href = client, href
        self._loaded: Mapping[str, Any] | None = None

    def __getitem__(self, name: str) -> Any:
        if name == "href":
            return self._href
        return self._attributes().get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes())

    def __len__(self) -> int:
        return len(self._attributes())

    def _attributes(self) -> Mapping[str, Any]:
        if self._loaded is None:
            try:
                self._loaded = self._client.data_store.recall(self._href)
            except Error as error:
                if error.status != 404:
                    raise
                self._loaded = {"href": self._href}
        return self._loaded
