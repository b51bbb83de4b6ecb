"""The token endpoint of an application: a grant, which proves an account, is exchanged for tokens.

Tokens are signed with the API key that has authenticated the request. A request from the same process has none; then
the oldest API key of the administrators signs, which is made if there is none. A grant is checked before the
transaction that makes the tokens. What may have changed since is checked again within the transaction. So no token is
made after the password was changed, or after the refresh token ended. Passwords, codes and API keys that are wrong are
counted (:mod:`stormpath_wsgi.limits`). Refresh tokens and assertions need no limit: they are signed with a key of 256
bits, which nobody guesses. Source: the OAuth chapter of the REST API v1; RFC
6749, whose section 5.2 wants every refused grant to be a 400.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stormpath_wsgi import events, jwt
from stormpath_wsgi.codes import INVALID_GRANT, Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.accounts import login
from stormpath_wsgi.directory.rules.accounts.sign_ins import tried
from stormpath_wsgi.directory.rules.factors import challenges
from stormpath_wsgi.directory.rules.providers import exchange as provider_exchange
from stormpath_wsgi.directory.rules.stores import stores
from stormpath_wsgi.directory.rules.stores.stores import Scope
from stormpath_wsgi.directory.rules.tokens import api_keys, nonces, rotation, tokens
from stormpath_wsgi.directory.rules.tokens.api_keys import ActiveKey
from stormpath_wsgi.directory.rules.tokens.rotation import Reused, Rotation
from stormpath_wsgi.directory.rules.tokens.signing import signing_key
from stormpath_wsgi.directory.wire.paths import Resource, TokenEndpoint, below
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.events import SignedIn
from stormpath_wsgi.kinds import (
    ENABLED,
    ID,
    AccessToken,
    Account,
    Application,
    Attribute,
    Kind,
    OAuthPolicy,
    Organization,
    ProviderData,
    RefreshToken,
    id_of,
    is_storable,
)
from stormpath_wsgi.limits import visitor

#: The credential of who continues with a refresh token. It is no sign-in.
_REFRESH = "refresh token"
#: The statuses of an assertion that names an account.
_SIGNED_IN = ("AUTHENTICATED", "REGISTERED")
#: Seconds for which an assertion without a time limit is valid. SDKs make assertions without one for themselves.
_ASSERTION_LIFETIME = 60
#: The two names of each half of an API key: the one of OAuth, and the one that Stormpath's SDKs send.
_KEY_ID, _KEY_SECRET = ("client_id", "apiKeyId"), ("client_secret", "apiKeySecret")
#: The codes for problems with the organization that a person has chosen elsewhere and that an assertion names.
_OF_CHOSEN: Mapping[int, Code] = {
    Code.UNKNOWN_RESOURCE: Code.TOKEN_ORGANIZATION_NOT_FOUND,
    Code.STORE_NOT_MAPPED: Code.TOKEN_ORGANIZATION_NOT_MAPPED,
}

#: The parameters of a grant that are what a provider has given.
_OF_PROVIDERS = [each.wire for each in ProviderData.declared(Attribute) if each.writable]

Fields = Mapping[str, Any]
_NO_FIELDS: Fields = {}


@dataclass(frozen=True, slots=True)
class Issuer:
    """The application at which tokens are issued, and the API key that signs them."""

    context: Context
    application_id: str
    key: ActiveKey


@dataclass(frozen=True, slots=True)
class Grantee:
    """The account that a grant proves, and the *credential* that proves it (:attr:`.Event.credential`).

    *password_modified_at*: of the password, if one was verified, in wire form.
    """

    account_id: str
    credential: str
    organization_id: str | None = None
    password_modified_at: str | None = None

    def tell(self, work: UnitOfWork) -> None:
        """Has listeners told that somebody signed in, when the tokens are committed."""
        work.tell(SignedIn, self.account_id, credential=self.credential)


def exchange(context: Context, target: TokenEndpoint, fields: Fields) -> Wire:
    """Exchanges a grant for tokens. *fields*: of the form. Returns the successful response of RFC 6749, section 5.1.

    Raises 2000 for a missing parameter, 2003 for an unknown grant, the errors of :func:`.login.authenticate`; 10010 to
    10019, 11001 to 11005, 12002, 13104 to 13113 for a grant that is not valid; 7111; and for one of a provider the
    errors of :func:`.providers.exchange.find`.
    """
    grant = _GRANTS.get(_required(fields, "grant_type"))
    if grant is None:
        raise fault(Code.NOT_A_CHOICE, f"grant_type is not one of the supported values: {', '.join(_GRANTS)}.")
    with context.read() as work:
        if not records.exist(work, Application, target.application_id):
            raise fault(Code.NOT_FOUND)
    issuer = Issuer(context, target.application_id, signing_key(context))
    try:
        return grant(issuer, fields)
    except Error as error:
        code = Code.of(error.code)
        if code is None or code.oauth != INVALID_GRANT:
            raise
        raise Error({**error.body(), "status": 400}) from None


def _password(issuer: Issuer, fields: Fields) -> Wire:
    username, password = _required(fields, "username"), _required(fields, "password")
    with tried(issuer.context, events.PASSWORD, login=username, password=password) as sign_in:
        found = login.authenticate(issuer.context, issuer.application_id, sign_in, *_store(fields))
        moment = found.account["passwordModifiedAt"]
        grantee = Grantee(id_of(found.account["href"]), sign_in.credential, found.organization_id, moment)
        with issuer.context.write(moves_generation=False) as work:
            return _issue(work, issuer, grantee)


def _client_credentials(issuer: Issuer, fields: Fields) -> Wire:
    """Checks the API key of an account. The error is the same whatever is wrong with it.

    A wrong key is counted once it was found wrong, so that a right one costs nothing more, and is never held up.
    """
    id, secret = _one_of(fields, *_KEY_ID), _one_of(fields, *_KEY_SECRET)
    with tried(issuer.context, events.API_KEY, login=id) as sign_in:
        with issuer.context.read() as work:
            proved, tenant_id = _key_holder(work, issuer, id, secret, fields), work.tenant_id
        if proved is None:
            issuer.context.limits.wrong_api_key(tenant_id, visitor().address)
            raise fault(Code.API_KEY_WRONG)
        sign_in.account_id = proved.account_id
        with issuer.context.write(moves_generation=False) as work:
            proved.tell(work)
            return _Tokens(work, issuer, proved, fields).answer()


def _key_holder(work: UnitOfWork, issuer: Issuer, id: str, secret: str, fields: Fields) -> Grantee | None:
    """Whose API key it is; None for a key that is not good here."""
    scope = stores.scope(work, issuer.application_id, *_store(fields))
    key = api_keys.find(work, id) if ID.match(id) else None
    if not hmac.compare_digest(_bytes(key.secret if key else ""), _bytes(secret)) or key is None:
        return None
    api_keys.use(work, key)
    holder = Grantee(id_of(key.account_href), events.API_KEY, scope.organization_id)
    return holder if stores.holds(work, scope, holder.account_id) else None


def _refresh(issuer: Issuer, fields: Fields) -> Wire:
    """Makes another access token for a refresh token. That stays as it is, unless the caller wants it to rotate.

    Raises 11005 for a refresh token that was used and has rotated: then nothing that came of it is good any more.
    """
    text, wanted = _required(fields, "refresh_token"), Rotation.of(fields)
    with issuer.context.read() as work:
        signed = tokens.read(work, text)
    if signed.kind is not RefreshToken:
        raise fault(Code.TOKEN_SIGNATURE_WRONG, "Token is invalid because it is no refresh token.")
    try:
        with issuer.context.write(moves_generation=False) as work:
            row = tokens.find(work, signed)
            tokens.check(work, issuer.application_id, row)
            made = _Tokens(work, issuer, Grantee(row.token_account_id, _REFRESH, row.token_organization_id), fields)
            tokens.hold(work, signed.id)
            good = rotation.use(work, signed, wanted)
            return made.answer(signed.id, text if good == signed.rotation else tokens.text(work, signed.id))
    except Reused as reused:
        rotation.end(issuer.context, reused)
        raise fault(Code.TOKEN_USED) from reused


def _assertion(issuer: Issuer, fields: Fields) -> Wire:
    """Checks the assertion that an ID Site has answered with, and uses it up."""
    text = _required(fields, "token")
    with tried(issuer.context, events.ASSERTION) as sign_in:
        token = jwt.read(text, lambda kid: issuer.key.secret if kid in (None, issuer.key.id) else None)
        with issuer.context.read() as work:
            account_id = sign_in.account_id = _asserted(work, issuer, token)
            scope = _scope(work, issuer, token, fields)
            if not stores.holds(work, scope, account_id):
                raise fault(Code.TOKEN_ACCOUNT_NOT_MAPPED)
        with issuer.context.write(moves_generation=False) as work:
            _spend(work, issuer.key.id, token)
            return _issue(work, issuer, Grantee(account_id, sign_in.credential, scope.organization_id))


def _factor_challenge(issuer: Issuer, fields: Fields) -> Wire:
    href, code = _required(fields, "challenge"), _required(fields, "code")
    with tried(issuer.context, events.FACTOR) as sign_in:
        account_id = _challenged(issuer.context, href, code)
        with issuer.context.write(moves_generation=False) as work:
            return _issue(work, issuer, Grantee(account_id, sign_in.credential))


def _challenged(context: Context, href: str, code: str) -> str:
    """The id of the account whose challenge is answered. Raises 2016, 13104, and as :func:`.challenges.redeem` does."""
    try:
        account_id = challenges.redeem(context, href, code)
    except Error as error:
        raise (
            fault(Code.UNKNOWN_RESOURCE, "challenge does not match a known resource.")
            if error.code == Code.NOT_FOUND
            else error
        ) from None
    if account_id is None:
        raise fault(Code.CHALLENGE_CODE_FORM, "The code is not the one that was sent.")
    return account_id


def _social(issuer: Issuer, fields: Fields) -> Wire:
    """Has the provider asked that has given the code or the token. Raises as :func:`.exchange.find` does."""
    if not is_storable(_required(fields, ProviderData.provider_id.wire)):
        raise fault(Code.PROVIDER_NOT_MAPPED)
    data = {name: fields[name] for name in _OF_PROVIDERS if name in fields}
    with tried(issuer.context, events.PROVIDER) as sign_in:
        found = provider_exchange.find(issuer.context, issuer.application_id, sign_in, data, *_store(fields))
        grantee = Grantee(id_of(found.account["href"]), sign_in.credential, found.organization_id)
        with issuer.context.write(moves_generation=False) as work:
            return _issue(work, issuer, grantee)


_GRANTS: Mapping[str, Callable[[Issuer, Fields], Wire]] = {
    "password": _password,
    "client_credentials": _client_credentials,
    "refresh_token": _refresh,
    "stormpath_token": _assertion,
    "id_site_token": _assertion,
    "stormpath_factor_challenge": _factor_challenge,
    "stormpath_social": _social,
}


class _Tokens:
    """Makes the tokens for the account that a grant has *proved*, in one transaction.

    *fields*: of the form. ``accessTokenTtl`` there is how long the access token shall be good, as in an OAuth policy.
    """

    def __init__(self, work: UnitOfWork, issuer: Issuer, proved: Grantee, fields: Fields = _NO_FIELDS) -> None:
        self._work = work
        self._owners = {"account_id": proved.account_id, "application_id": issuer.application_id}
        self._signed = {"api_key_id": issuer.key.id, "organization_id": proved.organization_id}
        found = tokens.begin(work, **self._owners, password_modified_at=proved.password_modified_at)
        if found is None:  # the account was removed meanwhile
            raise fault(Code.TOKEN_ACCOUNT_NOT_MAPPED)
        #: The lifetimes of tokens, in seconds, by their kind.
        self.lifetimes = {**found, **_wished(fields)}

    def make(self, kind: type[Kind], **columns: Any) -> Wire:
        """Makes a token of *kind*, and returns it. *columns*: more columns of its row."""
        return tokens.make(self._work, kind, self.lifetimes[kind], **self._owners, **self._signed, **columns)

    def answer(self, refresh_id: str | None = None, refresh_token: str | None = None) -> Wire:
        """The answer to the client: with a new access token, and with the refresh token that it belongs to, if any."""
        access = self.make(AccessToken, refresh_token_id=refresh_id)
        told = {
            "access_token": access["jwt"],
            "refresh_token": refresh_token,
            "token_type": "Bearer",
            "expires_in": self.lifetimes[AccessToken],
            "stormpath_access_token_href": access["href"],
        }
        return {name: value for name, value in told.items() if value is not None}


def _issue(work: UnitOfWork, issuer: Issuer, proved: Grantee) -> Wire:
    """Makes an access token, and a refresh token unless the policy has none, and tells that somebody signs in."""
    proved.tell(work)
    made = _Tokens(work, issuer, proved)
    if not made.lifetimes[RefreshToken]:
        return made.answer()
    refresh = made.make(RefreshToken)
    return made.answer(id_of(refresh["href"]), refresh["jwt"])


def _asserted(work: UnitOfWork, issuer: Issuer, token: jwt.Jwt) -> str:
    """The id of the account that an ID Site has answered with. Raises 10011, 10012, 10014, 10017, 11004, 12002.

    An assertion that an SDK has made need not say what sort of token it is. Another sort of token is refused.
    """
    if token.header.get("stt", "assertion") != "assertion" or token.claims.get("aud") != issuer.key.id:
        raise fault(
            Code.TOKEN_SIGNATURE_WRONG, "Token is invalid because it is no assertion for the API key of the caller."
        )
    token.check_times(work.now / 1000, _ASSERTION_LIFETIME)
    if token.text("status") not in _SIGNED_IN:
        raise fault(Code.TOKEN_NOT_AUTHENTICATED)
    by = below(work.base_url, token.text("iss"))  # an ID Site; for SAML, the application
    if isinstance(by, Resource) and by != Resource(Application, issuer.application_id):
        raise fault(Code.TOKEN_OF_OTHER_APPLICATION)
    account = below(work.base_url, token.text("sub"))
    if not isinstance(account, Resource) or account.kind is not Account:
        raise fault(Code.TOKEN_CLAIM_MISSING, "Token is invalid because its sub claim is not the href of an Account.")
    return account.id


def _scope(work: UnitOfWork, issuer: Issuer, token: jwt.Jwt, fields: Fields) -> Scope:
    """The scope that the request names, or else the organization that the person has chosen.

    Raises 11001 to 11003 for a wrong organization.
    """
    if token.claims.get("onk") is None:
        return stores.scope(work, issuer.application_id, *_store(fields))
    try:
        scope = stores.scope(work, issuer.application_id, None, token.text("onk"))
    except Error as error:
        told = _OF_CHOSEN.get(error.code)
        raise (error if told is None else fault(told)) from None
    organization = records.load(work, Resource(Organization, scope.organization_id or ""))
    if organization["status"] != ENABLED:
        raise fault(Code.TOKEN_ORGANIZATION_DISABLED)
    return scope


def _spend(work: UnitOfWork, key_id: str, token: jwt.Jwt) -> None:
    """Uses the assertion up, and the request that it answers. Raises 11005 when it was used before."""
    expires_at = math.ceil(token.expiry(_ASSERTION_LIFETIME) * 1000)
    for nonce in _nonces(token):
        with records.taken("Token is invalid because it was used before.", Code.TOKEN_USED):
            nonces.OF_API_KEYS.add(work, key_id, nonce, expires_at)


def _nonces(token: jwt.Jwt) -> Iterator[str]:
    """Texts that identify the assertion: its ``jti``, or else a digest of all its claims; and its ``irt``, if it has
    one.

    The digest is of the claims and not of the token, because the same signature can be written in several ways.
    """
    if "jti" in token.claims:
        yield f"jti:{_digest(token.text('jti'))}"
    else:
        yield f"all:{_digest(json.dumps([token.header, token.claims], sort_keys=True))}"
    if token.claims.get("irt") is not None:
        yield f"irt:{_digest(token.text('irt'))}"


def _digest(text: str) -> str:
    return hashlib.sha256(_bytes(text)).hexdigest()


def _one_of(fields: Fields, name: str, other: str) -> str:
    """The parameter that has two names. Raises 2000, 2004, and 2102 when both are sent with different values."""
    given = [each for each in (name, other) if fields.get(each)]
    values = {_required(fields, each) for each in given or [name]}
    if len(values) > 1:
        raise fault(Code.PARAMETER_TWICE, f"{name} and {other} are names of one parameter, and say different things.")
    return values.pop()


def _required(fields: Fields, name: str) -> str:
    """The parameter *name*. Raises 2000, 2004."""
    value = fields.get(name)
    if value is None or value == "":
        raise fault(Code.REQUIRED, f"{name} parameter is required; it cannot be null, empty, or blank.")
    if not isinstance(value, str):
        raise fault(Code.WRONG_TYPE, f"{name} parameter is an invalid type.")
    return value


def _wished(fields: Fields) -> Mapping[type[Kind], int]:
    """The lifetime of the access token that the caller wishes for, in seconds, if it does. Raises 2004 to 2010."""
    given = fields.get("accessTokenTtl")
    if given is None:
        return {}
    return {AccessToken: tokens.seconds(OAuthPolicy.access_token_ttl.check(given))}


def _store(fields: Fields) -> tuple[Any, Any]:
    """The account store and the key of the organization, as the request names them."""
    return fields.get("accountStore") or None, fields.get("organizationNameKey") or fields.get("nameKey") or None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
