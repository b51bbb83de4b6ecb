"""Any provider that speaks OpenID Connect, by its issuer.

Source: OpenID Connect Core 1.0 and Discovery 1.0, RFC 7662 (introspection), RFC 9207 (the issuer in the answer).
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any, ClassVar

from stormpath_wsgi.directory.providers.dialects.oauth2 import BASIC, POST, PUBLIC, OAuth2, Refused, Told
from stormpath_wsgi.directory.providers.facts import Asked, Finding, Person, Proof
from stormpath_wsgi.directory.providers.id_tokens import (
    ALGORITHMS,
    UnknownKey,
    WrongToken,
    algorithms_of,
    checked,
    signed,
)
from stormpath_wsgi.directory.providers.people import person_of
from stormpath_wsgi.directory.providers.port import Unanswered, document_of
from stormpath_wsgi.directory.providers.published import WrongIssuer

#: Claims about a token and not about a person.
_OF_TOKENS = frozenset({"iss", "aud", "azp", "exp", "iat", "nbf", "jti", "nonce", "at_hash", "c_hash"})
#: Claims that say whether the address beside them is proved. The second is Microsoft's.
_OF_ADDRESSES = frozenset({"email_verified", "xms_edov"})


class OpenID(OAuth2):
    """A provider that publishes its addresses and keys, and signs what it says of people."""

    scope = ("openid", "profile", "email")
    #: Its issuer, where the registration has none.
    usual_issuer: ClassVar[str | None] = None
    #: What it may call itself in what it publishes, where that stands for many issuers.
    template: ClassVar[str | None] = None
    #: Whether its ID tokens have the nonce that was sent.
    nonce: ClassVar[bool] = True

    @property
    def issuer(self) -> str:
        """What the provider calls itself."""
        return self.provider.issuer or self._set("issuer", self.usual_issuer)

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What it says of itself."""
        try:
            return self.published.metadata(self.issuer, also=self.template)
        except WrongIssuer as error:
            raise Refused(str(error)) from None

    def issuers(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        """What it may call itself in ID tokens."""
        return (self.issuer,)

    @property
    def authorization_endpoint(self) -> str:
        """As published."""
        return self.address("authorization_endpoint")

    @property
    def token_endpoint(self) -> str:
        """As published."""
        return self.address("token_endpoint")

    @property
    def person_endpoint(self) -> str:
        """As published."""
        return self.address("userinfo_endpoint")

    def address(self, name: str) -> str:
        """One of the addresses that it publishes."""
        value = self.metadata.get(name)
        if not isinstance(value, str) or not self.port.may_ask(value):
            raise Refused(f"it publishes no {name} that begins with https://")
        return value

    @property
    def client_authentication(self) -> str:
        """What the provider offers of that."""
        if not self.provider.client_secret:
            return PUBLIC
        offered = self.metadata.get("token_endpoint_auth_methods_supported")
        for each in (BASIC, POST):
            if each in (offered if isinstance(offered, list) and offered else (BASIC,)):
                return each
        raise Refused("it takes no client secret, neither as a header nor in a form")

    def wanted_scope(self) -> tuple[str, ...]:
        """With ``openid``, without which there is no ID token."""
        scope = super().wanted_scope()
        return scope if "openid" in scope else ("openid", *scope)

    def parameters(self, asked: Asked) -> dict[str, str | None]:
        """With the nonce."""
        return {**super().parameters(asked), "nonce": asked.nonce if self.nonce else None}

    def by_code(self, proof: Proof) -> Person:
        """Who has brought a code, if it comes from this provider."""
        self._check_sender(proof)
        return super().by_code(proof)

    def _check_sender(self, proof: Proof) -> None:
        """Raises :class:`Refused` where another provider has sent the visitor back (RFC 9207, 2.4)."""
        announced = self.metadata.get("authorization_response_iss_parameter_supported") is True
        from_browser = proof.nonce is not None or proof.code_verifier is not None
        if proof.iss is None:
            if announced and from_browser:
                raise Refused("the answer does not say which provider has sent it")
        elif not self.may_send(proof.iss):
            raise Refused("the answer comes from another provider")

    def may_send(self, issuer: str) -> bool:
        """Whether an answer that names *issuer* is one of this provider."""
        return hmac.compare_digest(issuer.encode(), self.issuer.encode())

    def check_audience(self, access_token: str) -> None:
        """By asking the provider for whom it was issued (RFC 7662)."""
        if not self.metadata.get("introspection_endpoint"):
            super().check_audience(access_token)
            return
        session = self.session()
        answer = self.accepted(session.introspect_token(self.address("introspection_endpoint"), token=access_token))
        self.check_introspected(document_of(answer))

    def check_introspected(self, said: Mapping[str, Any]) -> None:
        """Raises :class:`Refused` unless *said* is of a token that is good, and ours."""
        if said.get("active") is not True:
            raise Refused("401 Unauthorized (the access token is not good)")
        self.check_issued(said)

    def check_issued(self, said: Mapping[str, Any]) -> None:
        """Raises :class:`Refused` unless *said* is of a token that was issued to us.

        The audience only says which services take a token, and a token of another program may name us there as well.
        So it counts only where nothing says to which program the token was issued.
        """
        issued_to = [said[name] for name in ("client_id", "azp") if said.get(name) is not None]
        audience = said.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        ours = self.provider.client_id
        if any(each != ours for each in issued_to) or (not issued_to and ours not in named):
            raise Refused("the access token was issued to another program")

    def person(self, told: Told, proof: Proof) -> Person:
        """By the ID token where there is one, and by what the provider says at its address where that lacks much."""
        if proof.code is None:
            return self.found(self.user_info(told.access_token), told, proof)
        claims = self.claims(told, proof)
        if self._lacks(claims) and self.metadata.get("userinfo_endpoint"):
            info = self.user_info(told.access_token)
            if info.get("sub") != claims["sub"]:  # OpenID Connect Core 1.0, 5.3.2
                raise Refused("the user info is about somebody else than the ID token")
            claims = joined(claims, info)
        return self.found(claims, told, proof)

    def found(self, claims: Mapping[str, Any], told: Told, proof: Proof) -> Person:
        """The person of whom the provider says *claims*."""
        return person_of(_without(claims, _OF_TOKENS), subject=claims.get("sub"), tokens=told)

    def claims(self, told: Told, proof: Proof) -> dict[str, Any]:
        """Those of the ID token, which is for us and good now."""
        header, claims = self._signed(told.get("id_token"))
        try:
            return checked(
                header,
                claims,
                issuers=self.issuers(claims),
                client_id=self.provider.client_id,
                nonce=proof.nonce if self.nonce else None,
                access_token=told.access_token,
                clock=time.time,
            )
        except WrongToken as error:
            raise Refused(str(error)) from None

    def _signed(self, text: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        algorithms, address = algorithms_of(self.metadata), self.address("jwks_uri")
        try:
            try:
                return signed(text, algorithms, self.published.keys(address))
            except UnknownKey:
                return signed(text, algorithms, self.published.keys(address, missed=True))
        except WrongToken as error:
            raise Refused(str(error)) from None

    def _lacks(self, claims: Mapping[str, Any]) -> bool:
        """Whether *claims* leave out what was asked for."""
        scope = self.wanted_scope()
        return ("email" in scope and "email" not in claims) or (
            "profile" in scope and not claims.keys() & {"name", "given_name", "family_name"}
        )

    def findings(self) -> Iterator[Finding]:
        """First whether there is such a provider at all."""
        try:
            metadata = self.metadata
        except (Unanswered, Refused) as error:
            yield Finding("issuer", False, f"{self.issuer} {error}")
            return
        yield Finding("issuer", True, f"{self.issuer} publishes what it is")
        yield from self.endpoint_findings()
        yield from self.key_findings(metadata)
        yield self.credentials_finding()

    def endpoint_findings(self) -> Iterator[Finding]:
        """Whether it publishes the addresses that are needed."""
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            try:
                yield Finding(name, True, self.address(name))
            except Refused as refused:
                yield Finding(name, False, f"{refused}: ask whoever runs the provider.")

    def key_findings(self, metadata: Mapping[str, Any]) -> Iterator[Finding]:
        """Whether its signatures can be verified."""
        algorithms = algorithms_of(metadata)
        if not algorithms:
            yield Finding(
                "signatures", False, f"it signs with none of {', '.join(ALGORITHMS)}: have it sign with RS256."
            )
            return
        try:
            keys = self.published.keys(self.address("jwks_uri"))
        except (Unanswered, Refused) as error:
            yield Finding("keys", False, f"its keys cannot be read: it {error}")
            return
        words = f"{len(keys)} that verify signatures, by {', '.join(algorithms)}"
        yield Finding(
            "keys", bool(keys), words if keys else "it publishes no key that a signature can be verified with."
        )


def joined(claims: Mapping[str, Any], info: Mapping[str, Any]) -> dict[str, Any]:
    """*claims* of an ID token, with what the user info *info* says beyond them.

    Whether an address is proved is taken only from where that address stands: of an address in both, the ID token
    counts before the user info.
    """
    email = claims.get("email")
    if email is None:
        return {**info, **_without(claims, _OF_ADDRESSES | {"email"})}
    if info.get("email") != email:
        info = _without(info, _OF_ADDRESSES)
    return {**info, **claims}


def _without(claims: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if name not in names}
