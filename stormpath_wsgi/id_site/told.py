"""What the site is told, in the address that the visitor goes back to: a JSON Web Token, signed as the request was."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from stormpath_wsgi import jwt
from stormpath_wsgi.id_site.asked import Question

#: Seconds for which an answer is good. It goes from a redirect to the next request.
LIFETIME = 60

AUTHENTICATED, REGISTERED, LOGOUT = "AUTHENTICATED", "REGISTERED", "LOGOUT"

#: The parameter of the address.
PARAMETER = "jwtResponse"


def back(question: Question, claims: Mapping[str, Any], *, secret: str, issuer: str, now: float) -> str:
    """The address at which the site is told *claims* in answer to *question*.

    *secret*: of the API key that has signed the question. *issuer*: the address of this ID Site. *now*: seconds since
    the epoch.
    """
    said = {
        "iss": issuer,
        "iat": int(now),
        "exp": int(now) + LIFETIME,
        "jti": uuid.uuid4().hex,
        "irt": question.id,
        "cb_uri": question.callback,
        "state": question.state,
        **claims,
    }
    token = jwt.write({"typ": "JWT", "kid": question.key_id, "stt": "assertion"}, said, secret)
    address, mark, fragment = question.callback.partition("#")
    return f"{address}{'&' if '?' in address else '?'}{urlencode({PARAMETER: token})}{mark}{fragment}"


def of_account(question: Question, href: str | None, status: str, *, factor: bool = False) -> Mapping[str, Any]:
    """The claims that say that the account *href* has signed in, registered or signed out. None: nobody was there.

    *factor*: whether a second factor was proved as well, which stands in ``amr`` (RFC 8176).
    """
    more: dict[str, Any] = {} if question.organization is None else {"onk": question.organization}
    if factor:
        more["amr"] = ["mfa"]
    return {"sub": href, "aud": question.key_id, "isNewSub": status == REGISTERED, "status": status, **more}


def of_error(error: Mapping[str, Any]) -> Mapping[str, Any]:
    """The claims that tell of an *error*, the body of one of the REST API. They have no audience, as documented."""
    return {"err": dict(error)}
