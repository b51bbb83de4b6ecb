"""The JWT of a token. It is not stored: its row and the secret of its API key make the same text again, each time.

Source: the OAuth chapter of the REST API v1, which names the header and the claims.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from stormpath_wsgi import jwt
from stormpath_wsgi.kinds import AccessToken, Account, Application, Kind, Organization, RefreshToken

#: What the header says of each kind, so that none is taken for another.
STT: Mapping[type[Kind], str] = {AccessToken: "access", RefreshToken: "refresh"}

#: The columns that it is made of, where the table has them.
COLUMNS = (
    "api_key_id",
    "account_id",
    "application_id",
    "organization_id",
    "refresh_token_id",
    "created_at",
    "expires_at",
)


@dataclass(frozen=True, slots=True)
class Issued:
    """A token as it is handed out. *text* is the JWT."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any] = field(repr=False)
    text: str = field(repr=False)

    @classmethod
    def of(cls, kind: type[Kind], id: str, row: Mapping[str, Any], base_url: str, secret: str) -> Self:
        """The JWT of the token *id*. *row*: its :data:`COLUMNS`; *secret*: of its API key."""
        header = {"kid": row["api_key_id"], "stt": STT[kind]}
        claims = {
            "jti": id,
            "iat": row["created_at"] // 1000,
            "iss": f"{base_url}/{Application.path}/{row['application_id']}",
            "sub": f"{base_url}/{Account.path}/{row['account_id']}",
            "exp": row["expires_at"] // 1000,
        }
        if row.get("refresh_token_id"):
            claims["rti"] = row["refresh_token_id"]
        if row["organization_id"]:
            claims["org"] = f"{base_url}/{Organization.path}/{row['organization_id']}"
        return cls(header, claims, jwt.write(header, claims, secret))

    def expanded(self) -> dict[str, Any]:
        """The JWT in its parts."""
        return jwt.expanded(self.header, self.claims, self.text)
