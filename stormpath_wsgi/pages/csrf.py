"""Form tokens: proof that a form was sent from a page of ours, without anything kept on the server.

A random nonce lives in a cookie that scripts cannot read. A form carries a mask and the HMAC of mask and nonce, so a
form from elsewhere, which knows no nonce, has nothing to offer. The mask changes with every page: what does not
repeat cannot be guessed from the length of compressed answers (the BREACH attack).

Source: OWASP's cheat sheet on cross-site request forgery, "signed double-submit cookie".
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator, Sequence

from pydantic import SecretStr
from webob import Request, Response

from stormpath_wsgi.cookie import Cookie
from stormpath_wsgi.signing import PurposeSigner

FIELD = "csrfToken"
#: The token of the form that is being answered, in the environ of its request.
OF_FORM = "stormpath.form_token"
HEADER = "X-CSRF-Token"

_NONCE = re.compile("[A-Za-z0-9_-]{22}")  # 16 random bytes in URL-safe base 64


class FormTokens:
    """Makes and checks the tokens of one site. *secret_keys*: the first signs, all verify.

    *secure*: whether the cookie is Secure over plain http too, because the site is behind a proxy that speaks https.
    """

    def __init__(self, secret_keys: Sequence[SecretStr], *, secure: bool = False) -> None:
        self._signer = PurposeSigner(secret_keys, "stormpath_wsgi.form")
        self._tickets = PurposeSigner(secret_keys, "stormpath_wsgi ticket 1")
        self._cookies = {https: Cookie("stormpath_csrf", secure=https or secure) for https in (False, True)}

    def issue(self, request: Request, response: Response) -> str:
        """A token for a form on *response*, which gets the cookie if the browser has none yet."""
        nonce = next(self._nonces(request), None)
        if nonce is None:
            nonce = secrets.token_urlsafe(16)
            response.headers.add(*self._cookie(request).header(nonce))
        mask = secrets.token_urlsafe(16)
        return f"{mask}.{self._signer.get_signature(mask + nonce).decode()}"

    def accepts(self, request: Request, token: object) -> bool:
        """Whether *token* was issued to the browser that sends *request*."""
        if not isinstance(token, str) or not token.isascii():
            return False
        mask, _, signature = token.partition(".")
        return any(self._signer.verify_signature(mask + nonce, signature) for nonce in self._nonces(request))

    def ticket(self, request: Request, *what: str) -> str | None:
        """Text that only the browser of *request* has, for *what* it asks with the form that is being answered: the
        same when the form is sent twice. None: it has no cookie, or there is no form, as of a program.
        """
        nonce, token = next(self._nonces(request), None), request.environ.get(OF_FORM)
        if nonce is None or not isinstance(token, str):
            return None
        parts = (part.encode(errors="replace") for part in (nonce, token, *what))
        return self._tickets.get_signature(b"\0".join(hashlib.sha256(part).digest() for part in parts)).decode()

    def forget(self, request: Request, response: Response) -> None:
        """Take the cookie away, so that every token of this browser becomes invalid. The next form makes a new one."""
        if any(self._nonces(request)):
            for header in self._cookie(request).removal:
                response.headers.add(*header)

    def _nonces(self, request: Request) -> Iterator[str]:
        texts = self._cookie(request).texts(request.environ.get("HTTP_COOKIE", ""))
        return (text for text in texts if _NONCE.fullmatch(text))

    def _cookie(self, request: Request) -> Cookie:
        return self._cookies[request.scheme == "https"]
