"""Google.

Source: https://developers.google.com/identity/openid-connect/openid-connect
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.directory.providers.dialects.oauth2 import Refused, Told
from stormpath_wsgi.directory.providers.dialects.openid import OpenID
from stormpath_wsgi.directory.providers.facts import Asked, Person, Proof

_TOKEN_INFO = "https://oauth2.googleapis.com/tokeninfo"  # noqa: S105 - no password


class Google(OpenID):
    """OpenID Connect, with a domain that accounts may have to be of."""

    title = "Google"
    usual_issuer = "https://accounts.google.com"

    def issuers(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        """Google writes both."""
        return (self.issuer, "accounts.google.com")

    def parameters(self, asked: Asked) -> dict[str, str | None]:
        """With those of the Provider resource. ``hd`` only chooses what Google shows: see :meth:`found`."""
        provider = self.provider
        own = {"hd": provider.hd, "display": provider.display, "access_type": provider.access_type}
        return {**super().parameters(asked), **own}

    def check_audience(self, access_token: str) -> None:
        """By what Google tells of a token."""
        self.check_issued(self.read(_TOKEN_INFO, None, params={"access_token": access_token}))

    def found(self, claims: Mapping[str, Any], told: Told, proof: Proof) -> Person:
        """Somebody of the right domain: whoever changes the address of the page can leave ``hd`` out."""
        wanted, domain = self.provider.hd, claims.get("hd")
        if wanted == "*":
            if not domain:
                raise Refused("the account is of no Google Workspace domain")
        elif wanted and (not isinstance(domain, str) or domain.lower() != wanted.lower()):
            raise Refused(f"the account is not of the domain {wanted}")
        return super().found(claims, told, proof)
