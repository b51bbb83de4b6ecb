"""LinkedIn.

Source: https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2 and
https://learn.microsoft.com/en-us/linkedin/shared/authentication/token-introspection
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.providers.dialects.oauth2 import POST, Refused
from stormpath_wsgi.directory.providers.dialects.openid import OpenID
from stormpath_wsgi.directory.providers.facts import Finding, Person, Proof
from stormpath_wsgi.errors import fault

_WWW = "https://www.linkedin.com/oauth"
#: The scopes of before, which LinkedIn gives to nobody any more, and those of today.
_TODAY = {
    "r_basicprofile": "profile",
    "r_liteprofile": "profile",
    "r_fullprofile": "profile",
    "r_emailaddress": "email",
}


class LinkedIn(OpenID):
    """OpenID Connect without a nonce, and without PKCE for programs with a secret."""

    title = "Linkedin"
    pkce = False
    nonce = False
    usual_issuer = _WWW
    client_authentication = POST
    #: Its addresses are known; what it publishes has been of another form at times.
    metadata: Mapping[str, Any] = {
        "issuer": _WWW,
        "authorization_endpoint": f"{_WWW}/v2/authorization",
        "token_endpoint": f"{_WWW}/v2/accessToken",
        "userinfo_endpoint": "https://api.linkedin.com/v2/userinfo",
        "introspection_endpoint": f"{_WWW}/v2/introspectToken",
        "jwks_uri": f"{_WWW}/openid/jwks",
        "id_token_signing_alg_values_supported": ["RS256"],
    }

    def issuers(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        """LinkedIn has written both."""
        return (_WWW, "https://www.linkedin.com")

    def wanted_scope(self) -> tuple[str, ...]:
        """Those of today, also for directories that were made long ago."""
        return tuple(dict.fromkeys(_TODAY.get(each, each) for each in super().wanted_scope()))

    def by_code(self, proof: Proof) -> Person:
        """LinkedIn wants the address that the code was asked for with."""
        if not (proof.redirect_uri or self.provider.redirect_uri):
            raise fault(Code.REDIRECT_URI_MISSING)
        return super().by_code(proof)

    def check_introspected(self, said: Mapping[str, Any]) -> None:
        """In the words that programs know."""
        if said.get("active") is not True:
            raise Refused("Invalid access token.")
        super().check_introspected(said)

    def findings(self) -> Iterator[Finding]:
        """Its addresses are known, so only keys and the program are asked for."""
        yield from self.key_findings(self.metadata)
        yield self.credentials_finding()
