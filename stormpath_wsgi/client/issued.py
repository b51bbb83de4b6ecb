"""The text of a token that the token endpoint has issued to us."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any


class IssuedToken(str):
    """A token, as text. The old client answered an object instead of text, so it has that object's names too."""

    __slots__ = ()

    @property
    def token(self) -> str:
        """The text itself."""
        return str(self)

    def to_json(self) -> str:
        """JSON text for the client that asked (RFC 6749, section 5.1), for an access token."""
        claims = claims_of(self)
        return json.dumps(token_response(self, int(claims["exp"]) - int(claims["iat"])))


def token_response(token: str, expires_in: int) -> dict[str, Any]:
    """What RFC 6749 calls the successful response. *expires_in*: seconds."""
    return {"access_token": token, "token_type": "Bearer", "expires_in": expires_in}


def claims_of(token: str) -> Mapping[str, Any]:
    """The claims of a *token* that comes from our directory. Its signature is not checked."""
    payload = token.split(".")[1]
    claims: Mapping[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims
