"""Apple.

Source: https://developer.apple.com/documentation/signinwithapplerestapi and
https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from stormpath_wsgi.directory.providers.dialects.oauth2 import POST, Refused, Told
from stormpath_wsgi.directory.providers.dialects.openid import OpenID
from stormpath_wsgi.directory.providers.facts import Asked, Person, Proof
from stormpath_wsgi.directory.providers.people import person_of, text_of
from stormpath_wsgi.directory.providers.port import parsed

_REGISTRY = jws.JWSRegistry(algorithms=["ES256"])
#: Seconds for which a client secret is good. Apple allows half a year; each of ours is used once.
_LIFETIME = 300
_LONGEST_USER = 4096
_FORM = (
    'the client secret has to be a JSON document: {"teamId": "…", "keyId": "…", "privateKey": "-----BEGIN PRIVATE '
    'KEY-----\\n…"}'
)


class Apple(OpenID):
    """OpenID Connect with a client secret that is signed each time, and with an answer by POST."""

    title = "Apple"
    scope = ("openid", "name", "email")
    usual_issuer = "https://appleid.apple.com"
    client_authentication = POST

    def parameters(self, asked: Asked) -> dict[str, str | None]:
        """Apple tells names and addresses by POST only."""
        return {**super().parameters(asked), "response_mode": "form_post"}

    @property
    def client_secret(self) -> str:
        """A JWT that the key of the team has signed."""
        try:
            parts = parsed(self.provider.client_secret or "")
            team, kid, pem = (str(parts[name]) for name in ("teamId", "keyId", "privateKey"))
            key = ECKey.import_key(pem)
        except (JoseError, ValueError, TypeError, KeyError):
            raise Refused(_FORM) from None
        now = int(time.time())
        claims = {
            "iss": team,
            "iat": now,
            "exp": now + _LIFETIME,
            "aud": self.usual_issuer,
            "sub": self.provider.client_id,
        }
        return jws.serialize_compact({"alg": "ES256", "kid": kid}, json.dumps(claims), key, registry=_REGISTRY)

    def check_audience(self, access_token: str) -> None:
        """Nobody can ask Apple whose an access token is."""
        raise Refused("access tokens of Apple say nothing of a person; send a code")

    def found(self, claims: Mapping[str, Any], told: Told, proof: Proof) -> Person:
        """With the names of Apple's first answer: it tells them once, unsigned, so nothing else is taken from there."""
        given_name, surname = _names(proof.user)
        info = {name: value for name, value in claims.items() if name != "nonce_supported"}
        return person_of(info, subject=claims.get("sub"), tokens=told, given_name=given_name, surname=surname)


def _names(user: str | None) -> tuple[str | None, str | None]:
    """Given name and surname in the parameter *user*; None for what cannot be read."""
    try:
        document = parsed(user or "null") if len(user or "") <= _LONGEST_USER else None
    except ValueError:
        return None, None
    names = document.get("name") if isinstance(document, dict) else None
    if not isinstance(names, dict):
        return None, None
    return text_of(names.get("firstName")), text_of(names.get("lastName"))
