"""Form tokens: proof that a form was sent from a page of ours, without anything kept on the server.

A random nonce lives in a cookie that scripts cannot read. A form carries a mask and the HMAC of mask and nonce, so a
form from elsewhere, which knows no nonce, has nothing to offer. The mask changes with every page: what does not
repeat cannot be guessed from the length of compressed answers (the BREACH attack).

Source: OWASP's cheat sheet on cross-site request forgery, "signed double-submit cookie".
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

from pydantic import SecretStr
from webob import Request, Response

from stormpath_wsgi.signing import PurposeSigner

FIELD = "csrfToken"
HEADER = "X-CSRF-Token"

_COOKIE = "stormpath_csrf"


class FormTokens:
    """Makes and checks the tokens of one site. *secret_keys*: the first signs, all verify."""

    def __init__(self, secret_keys: Sequence[SecretStr]) -> None:
        self._signer = PurposeSigner(secret_keys, "stormpath_wsgi.form")

    def issue(self, request: Request, response: Response) -> str:
        """A token for a form on *response*, which gets the cookie if the browser has none yet."""
        nonce = self._nonce(request)
        if nonce is None:
            nonce = secrets.token_urlsafe(16)
            self._set_cookie(request, response, nonce)
        mask = secrets.token_urlsafe(16)
        return f"{mask}.{self._signer.get_signature(mask + nonce).decode()}"

    def accepts(self, request: Request, token: object) -> bool:
        """Whether *token* was issued to the browser that sends *request*."""
        nonce = self._nonce(request)
        if nonce is None or not isinstance(token, str) or not token.isascii():
            return False
        mask, _, signature = token.partition(".")
        return self._signer.verify_signature(mask + nonce, signature)

    def forget(self, request: Request, response: Response) -> None:
        """Take the cookie away, and with it the worth of every token out there. The next form starts anew."""
        if self._nonce(request):
            self._set_cookie(request, response, None)

    def _nonce(self, request: Request) -> str | None:
        # 16 random bytes in URL-safe base 64. Read from the bare header, in which anything may stand.
        pattern = rf"(?:^|;) *{_name(request)}=([A-Za-z0-9_-]{{22}}) *(?:;|$)"
        found = re.search(pattern, request.environ.get("HTTP_COOKIE", ""))
        return found[1] if found else None

    def _set_cookie(self, request: Request, response: Response, nonce: str | None) -> None:
        response.set_cookie(
            _name(request), nonce, path="/", secure=request.scheme == "https", httponly=True, samesite="Lax"
        )


def _name(request: Request) -> str:
    # With the prefix a browser takes the cookie from this very host over https only: no neighbour can plant one.
    return f"__Host-{_COOKIE}" if request.scheme == "https" else _COOKIE


def comes_from_here(request: Request) -> bool:
    """Whether a browser says that *request* was caused by this site. A client that says nothing is believed.

    For requests that carry no token. The scheme is not compared: behind a proxy we may not know our own.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or _host(origin) == _host(request.host_url)


def _host(origin: str) -> str:
    return origin.partition("://")[2]
