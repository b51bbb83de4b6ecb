"""The JWT of a token. It is not stored: it can always be made again, from the row of the token and its API key's
secret.

Source: the OAuth chapter of the REST API v1, which names the header and the claims.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from stormpath_wsgi import jwt
from stormpath_wsgi.kinds import AccessToken, Account, Application, Kind, Organization, RefreshToken

#: The word for each kind in the header of its JWT, so that an access token is not accepted as a refresh token.
STT: Mapping[type[Kind], str] = {AccessToken: "access", RefreshToken: "refresh"}

#: The columns that the JWT is made of, where the table has them.
COLUMNS = (
    "api_key_id",
    "account_id",
    "application_id",
    "organization_id",
    "refresh_token_id",
    "created_at",
    "expires_at",
    "rotation",
)

#: The claim that says how often a refresh token has rotated. One that never has does not have it.
ROTATION = "rot"


@dataclass(frozen=True, slots=True)
class Issued:
    """A token as its owner gets it. *text*: the JWT."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any] = field(repr=False)
    text: str = field(repr=False)

    @classmethod
    def of(
        cls, kind: type[Kind], id: str, row: Mapping[str, Any], base_url: str, secret: str, *, names_audience: bool
    ) -> Self:
        """The JWT of the token *id*, of *kind*. *row*: its :data:`COLUMNS`. *secret*: of the API key that signs it.

        *names_audience*: whether it has the claim ``aud`` as well, the href of the application (RFC 7519, 4.1.3).
        """
        header = {"kid": row["api_key_id"], "stt": STT[kind]}
        claims = {
            "jti": id,
            "iat": row["created_at"] // 1000,
            "iss": f"{base_url}/{Application.path}/{row['application_id']}",
            "sub": f"{base_url}/{Account.path}/{row['account_id']}",
            "exp": row["expires_at"] // 1000,
        }
        if names_audience:
            claims["aud"] = claims["iss"]
        if row.get("refresh_token_id"):
            claims["rti"] = row["refresh_token_id"]
        if row["organization_id"]:
            claims["org"] = f"{base_url}/{Organization.path}/{row['organization_id']}"
        if row.get("rotation"):
            claims[ROTATION] = row["rotation"]
        return cls(header, claims, jwt.write(header, claims, secret))

    def expanded(self) -> dict[str, Any]:
        """The header, the claims and the signature of the JWT."""
        return jwt.expanded(self.header, self.claims, self.text)
