"""Microsoft: Entra ID, and personal accounts.

Source: https://learn.microsoft.com/en-us/entra/identity-platform/id-token-claims-reference and
https://learn.microsoft.com/en-us/entra/identity-platform/claims-validation
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.directory.providers.dialects.oauth2 import Refused, Told
from stormpath_wsgi.directory.providers.dialects.openid import OpenID
from stormpath_wsgi.directory.providers.facts import Person, Proof
from stormpath_wsgi.directory.providers.people import NoSubject, person_of, subject_of

_TENANT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Microsoft(OpenID):
    """OpenID Connect, of one tenant or of all: each tenant is an issuer of its own."""

    title = "Microsoft"
    usual_issuer = "https://login.microsoftonline.com/common/v2.0"
    template = "https://login.microsoftonline.com/{tenantid}/v2.0"

    def issuers(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        """The tenant that the token names, where any may sign in; otherwise the one that is set."""
        if self.metadata.get("issuer") != self.template:
            return (self.issuer,)
        return (self.template.replace("{tenantid}", self._tenant(claims)),)

    def may_send(self, issuer: str) -> bool:
        """Any tenant, where any may sign in: which one it was the ID token says."""
        head, _, tail = self.template.partition("{tenantid}")
        tenant = issuer.removeprefix(head).removesuffix(tail)
        is_template = self.metadata.get("issuer") == self.template
        return (is_template and issuer == f"{head}{tenant}{tail}" and bool(_TENANT.fullmatch(tenant))) or (
            super().may_send(issuer)
        )

    def check_audience(self, access_token: str) -> None:
        """Microsoft's access tokens are for its own services, which alone can read them."""
        raise Refused("access tokens of Microsoft say nothing to others; send a code")

    def found(self, claims: Mapping[str, Any], told: Told, proof: Proof) -> Person:
        """Somebody of a tenant.

        An address is what an administrator of her tenant has written. So it counts as proved only where Microsoft says
        that the tenant owns its domain (the optional claim ``xms_edov``).
        """
        subject = f"{self._tenant(claims)}.{subject_of(claims.get('sub'))}"
        owned = claims.get("xms_edov") in (True, 1, "1", "true")
        return person_of(claims, subject=subject, tokens=told, verified=owned)

    @staticmethod
    def _tenant(claims: Mapping[str, Any]) -> str:
        tenant = claims.get("tid")
        if not isinstance(tenant, str) or not _TENANT.fullmatch(tenant):
            raise NoSubject
        return tenant
