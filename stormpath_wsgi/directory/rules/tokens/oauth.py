"""The token endpoint of an application: a grant, which is some proof of who one is, is exchanged for tokens.

Tokens are signed with the API key that authenticated the request; in process, where none did, with the oldest one of
the administrators, which is made when there is none. What a grant proves is proved before the transaction that makes
the tokens, and looked at again inside of it where it can end: no token outlives a change of the password that it was
given for, nor the refresh token.
Source: the OAuth chapter of the REST API v1; RFC 6749, whose section 5.2 wants every refused grant to be a 400.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from stormpath_wsgi import jwt
from stormpath_wsgi.codes import INVALID_GRANT, Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.reach import ROUTE_DIRECTORY, ROUTES
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.accounts import login, sign_ins
from stormpath_wsgi.directory.rules.accounts.sign_ins import tried
from stormpath_wsgi.directory.rules.factors import challenges
from stormpath_wsgi.directory.rules.stores import stores
from stormpath_wsgi.directory.rules.stores.stores import Scope
from stormpath_wsgi.directory.rules.tenants import bootstrap
from stormpath_wsgi.directory.rules.tokens import api_keys, nonces, tokens
from stormpath_wsgi.directory.rules.tokens.api_keys import ActiveKey
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire.paths import Resource, TokenEndpoint, below
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.events import SignedIn
from stormpath_wsgi.kinds import (
    ENABLED,
    ID,
    AccessToken,
    Account,
    Application,
    Kind,
    Organization,
    RefreshToken,
    id_of,
    is_storable,
)

#: What an in-process key is called, when one has to be made.
_KEY_NAME = "Signs tokens"
#: What is proved by a refresh token goes on; nobody signs in by it.
_REFRESH = "refresh token"
#: What the statuses of an assertion are that says who somebody is.
_SIGNED_IN = ("AUTHENTICATED", "REGISTERED")
#: Seconds that an assertion counts which does not say how long it does. Those that SDKs make for themselves do not.
_ASSERTION_LIFETIME = 60
#: The two names of each half of an API key: that of OAuth, and that which Stormpath's SDKs send.
_KEY_ID, _KEY_SECRET = ("client_id", "apiKeyId"), ("client_secret", "apiKeySecret")
#: What is said of an organization that a person chose elsewhere, and that a token names.
_OF_CHOSEN: Mapping[int, Code] = {
    Code.UNKNOWN_RESOURCE: Code.TOKEN_ORGANIZATION_NOT_FOUND,
    Code.STORE_NOT_MAPPED: Code.TOKEN_ORGANIZATION_NOT_MAPPED,
}

_mappings, _providers = schema.account_store_mappings, schema.providers

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues the tokens, in whose name."""

    context: Context
    application_id: str
    key: ActiveKey


@dataclass(frozen=True, slots=True)
class Grantee:
    """Whom a grant proves, and by what *credential* (:mod:`.sign_ins`).

    *password_modified_at*: of the password, as the wire has it, where it was proved by one.
    """

    account_id: str
    credential: str
    organization_id: str | None = None
    password_modified_at: str | None = None

    def tell(self, work: UnitOfWork) -> None:
        """Has listeners told that somebody signed in, when the tokens are committed."""
        work.tell(SignedIn, self.account_id, credential=self.credential)


def exchange(context: Context, target: TokenEndpoint, fields: Fields) -> Wire:
    """What RFC 6749 calls the successful response. *fields*: of the form.

    Raises 2000 for a parameter that is missing, 2003 for an unknown grant; what :func:`.login.authenticate` does;
    10010 to 10019, 11001 to 11005, 12002, 13104 to 13113 for what proves nothing; 5201 and 7200.
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
    with tried(issuer.context, sign_ins.PASSWORD, login=username, password=password) as sign_in:
        found = login.authenticate(issuer.context, issuer.application_id, sign_in, *_store(fields))
        moment = found.account["passwordModifiedAt"]
        grantee = Grantee(id_of(found.account["href"]), sign_in.credential, found.organization_id, moment)
        with issuer.context.write(moves_generation=False) as work:
            return _issue(work, issuer, grantee)


def _client_credentials(issuer: Issuer, fields: Fields) -> Wire:
    """The API key of an account. Whatever is wrong with it, the answer is the same."""
    id, secret = _one_of(fields, *_KEY_ID), _one_of(fields, *_KEY_SECRET)
    with tried(issuer.context, sign_ins.API_KEY, login=id) as sign_in:
        with issuer.context.read() as work:
            proved = _key_holder(work, issuer, id, secret, fields)
        sign_in.account_id = proved.account_id
        with issuer.context.write(moves_generation=False) as work:
            proved.tell(work)
            return _Tokens(work, issuer, proved).answer()


def _key_holder(work: UnitOfWork, issuer: Issuer, id: str, secret: str, fields: Fields) -> Grantee:
    """Whose API key it is. Raises 10019."""
    scope = stores.scope(work, issuer.application_id, *_store(fields))
    key = api_keys.find(work, id) if ID.match(id) else None
    if not hmac.compare_digest(_bytes(key.secret if key else ""), _bytes(secret)) or key is None:
        raise fault(Code.API_KEY_WRONG)
    holder = Grantee(id_of(key.account_href), sign_ins.API_KEY, scope.organization_id)
    if not stores.holds(work, scope, holder.account_id):
        raise fault(Code.API_KEY_WRONG)
    return holder


def _refresh(issuer: Issuer, fields: Fields) -> Wire:
    """Another access token; the refresh token stays as it is."""
    text = _required(fields, "refresh_token")
    with issuer.context.read() as work:
        signed = tokens.read(work, text)
    if signed.kind is not RefreshToken:
        raise fault(Code.TOKEN_SIGNATURE_WRONG, "Token is invalid because it is no refresh token.")
    with issuer.context.write(moves_generation=False) as work:
        row = tokens.find(work, signed)
        tokens.check(work, issuer.application_id, row)
        made = _Tokens(work, issuer, Grantee(row.token_account_id, _REFRESH, row.token_organization_id))
        tokens.hold(work, signed.id)
        return made.answer(signed.id, text)


def _assertion(issuer: Issuer, fields: Fields) -> Wire:
    """What an ID Site answered with, which counts once."""
    text = _required(fields, "token")
    with tried(issuer.context, sign_ins.ASSERTION) as sign_in:
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
    with tried(issuer.context, sign_ins.FACTOR) as sign_in:
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
    """No provider is asked yet. One that is mapped refuses, as it would whatever it does not know."""
    provider_id = _required(fields, "providerId")
    mapped = (
        select(_providers.c.id)
        .select_from(ROUTES.join(_providers, _providers.c.id == ROUTE_DIRECTORY))
        .where(_mappings.c.application_id == issuer.application_id, _providers.c.provider_id == provider_id)
    )
    with issuer.context.read() as work:
        is_mapped = is_storable(provider_id) and work.connection.execute(mapped.limit(1)).first() is not None
    raise fault(Code.PROVIDER_REFUSED if is_mapped else Code.PROVIDER_NOT_MAPPED)


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
    """Makes the tokens of whom a grant *proved*, in one transaction."""

    def __init__(self, work: UnitOfWork, issuer: Issuer, proved: Grantee) -> None:
        self._work = work
        self._owners = {"account_id": proved.account_id, "application_id": issuer.application_id}
        self._signed = {"api_key_id": issuer.key.id, "organization_id": proved.organization_id}
        found = tokens.begin(work, **self._owners, password_modified_at=proved.password_modified_at)
        if found is None:  # the account went meanwhile
            raise fault(Code.TOKEN_ACCOUNT_NOT_MAPPED)
        #: Seconds.
        self.lifetimes = found

    def make(self, kind: type[Kind], **columns: Any) -> Wire:
        return tokens.make(self._work, kind, self.lifetimes[kind], **self._owners, **self._signed, **columns)

    def answer(self, refresh_id: str | None = None, refresh_token: str | None = None) -> Wire:
        """What the client is told: of a new access token, and of the refresh token that it goes with, if any."""
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
    """An access token, and a refresh token unless the policy has none, for somebody who signs in by that."""
    proved.tell(work)
    made = _Tokens(work, issuer, proved)
    if not made.lifetimes[RefreshToken]:
        return made.answer()
    refresh = made.make(RefreshToken)
    return made.answer(id_of(refresh["href"]), refresh["jwt"])


def signing_key(context: Context) -> ActiveKey:
    """The API key of the caller; in process the administrators' oldest, which is made when they have none."""
    with context.read() as work:
        id = work.caller or api_keys.oldest(work)
        found = api_keys.find(work, id, administrator=True) if id else None
        if found is not None:
            return found
        if work.caller:  # it has just been disabled
            raise fault(Code.NOT_AUTHENTICATED)
    bootstrap.issue_api_key(context, _KEY_NAME)
    return signing_key(context)


def _asserted(work: UnitOfWork, issuer: Issuer, token: jwt.Jwt) -> str:
    """The id of the account that an ID Site answers with. Raises 10011, 10012, 10014, 10017, 11004, 12002.

    What an SDK says in the place of one need not tell what sort of token it is. Another sort is refused.
    """
    if token.header.get("stt", "assertion") != "assertion" or token.claims.get("aud") != issuer.key.id:
        raise fault(
            Code.TOKEN_SIGNATURE_WRONG, "Token is invalid because it is no assertion for the API key of the caller."
        )
    token.check_times(work.now / 1000, _ASSERTION_LIFETIME)
    if token.text("status") not in _SIGNED_IN:
        raise fault(Code.TOKEN_NOT_AUTHENTICATED)
    by = below(work.base_url, token.text("iss"))  # an ID Site, or of SAML the application
    if isinstance(by, Resource) and by != Resource(Application, issuer.application_id):
        raise fault(Code.TOKEN_OF_OTHER_APPLICATION)
    account = below(work.base_url, token.text("sub"))
    if not isinstance(account, Resource) or account.kind is not Account:
        raise fault(Code.TOKEN_CLAIM_MISSING, "Token is invalid because its sub claim is not the href of an Account.")
    return account.id


def _scope(work: UnitOfWork, issuer: Issuer, token: jwt.Jwt, fields: Fields) -> Scope:
    """What the request names, or the organization that the person chose. Raises 11001 to 11003 for the latter."""
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
    """Uses the assertion up, and with it the request that it answers. Raises 11005 when that was done before."""
    expires_at = math.ceil(token.expiry(_ASSERTION_LIFETIME) * 1000)
    for nonce in _nonces(token):
        with records.taken("Token is invalid because it was used before.", Code.TOKEN_USED):
            nonces.OF_API_KEYS.add(work, key_id, nonce, expires_at)


def _nonces(token: jwt.Jwt) -> Iterator[str]:
    """What no second assertion may bring: its ``jti``, without one all that it says; and its ``irt`` if it has one.

    What it says, and not how that is spelled: there are several spellings of one signature.
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
    """The parameter that has two names. Raises 2000, 2004, and 2102 where each says something else."""
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


def _store(fields: Fields) -> tuple[Any, Any]:
    """The account store and the key of the organization that the request names."""
    return fields.get("accountStore") or None, fields.get("organizationNameKey") or fields.get("nameKey") or None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
