"""Form tokens: proof that a form was sent from a page of ours, without anything kept on the server.

A random nonce lives in a cookie that scripts cannot read. A form carries a mask and the HMAC of mask and nonce, so a
form from elsewhere, which knows no nonce, has nothing to offer. The mask changes with every page: what does not
repeat cannot be guessed from the length of compressed answers (the BREACH attack).

Source: OWASP's cheat sheet on cross-site request forgery, "signed double-submit cookie".
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence

from pydantic import SecretStr
from webob import Request, Response

from stormpath_wsgi.cookie import Cookie
from stormpath_wsgi.signing import PurposeSigner
from stormpath_wsgi.texts import marked
from stormpath_wsgi.web.environ import IDENTITY
from stormpath_wsgi.web.identity import Proved

FIELD = "csrfToken"
HEADER = "X-CSRF-Token"

FROM_ELSEWHERE = marked("This request was sent by a page of another site, so nothing was done.")
LOST_PORT = marked(
    "This request comes from another port of this host, so nothing was done. If a proxy in front of this site leaves "
    "the port out of the Host header, let it pass the header on as it came (nginx: proxy_set_header Host $http_host)."
)

_DEFAULT_PORTS = {"https": ":443", "http": ":80"}
_NONCE = re.compile("[A-Za-z0-9_-]{22}")  # 16 random bytes in URL-safe base 64


class FormTokens:
    """Makes and checks the tokens of one site. *secret_keys*: the first signs, all verify.

    *secure*: whether the cookie is Secure over plain http too, because the site is behind a proxy that speaks https.
    """

    def __init__(self, secret_keys: Sequence[SecretStr], *, secure: bool = False) -> None:
        self._signer = PurposeSigner(secret_keys, "stormpath_wsgi.form")
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

    def forget(self, request: Request, response: Response) -> None:
        """Take the cookie away, and with it the worth of every token out there. The next form starts anew."""
        if any(self._nonces(request)):
            for header in self._cookie(request).removal:
                response.headers.add(*header)

    def _nonces(self, request: Request) -> Iterator[str]:
        texts = self._cookie(request).texts(request.environ.get("HTTP_COOKIE", ""))
        return (text for text in texts if _NONCE.fullmatch(text))

    def _cookie(self, request: Request) -> Cookie:
        return self._cookies[request.scheme == "https"]


def is_deliberate(request: Request) -> bool:
    """Whether no page of another site can have caused *request*: what proves it no browser sends by itself.

    That is an access token. A script has to add it, and may not add it for another site (Fetch, CORS preflight).
    Cookies and Basic credentials browsers send by themselves.
    """
    identity = request.environ.get(IDENTITY)
    return isinstance(identity, Proved) and not identity.kind.sent_by_browsers


def same_origin(request: Request) -> bool | None:
    """Whether a browser says that a page of this site caused *request*; None when nobody says where it comes from."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return None if site == "none" else site == "same-origin"
    origin = request.headers.get("Origin")
    return None if origin is None else _place(origin) == _here(request)


def comes_from_here(request: Request) -> bool:
    """The same, for requests that carry no form token. A client that says nothing is believed."""
    return is_deliberate(request) or same_origin(request) is not False


def elsewhere(request: Request) -> str:
    """What to tell somebody whose browser says that *request* comes from another origin."""
    if "Sec-Fetch-Site" in request.headers:
        return FROM_ELSEWHERE
    host, _, port = (_place(request.headers.get("Origin", "")) or "").rpartition(":")
    return LOST_PORT if port.isdecimal() and host == _here(request) else FROM_ELSEWHERE


def _place(origin: str) -> str | None:
    """Host and port of an *origin*; the port only when it is not the one that its scheme has by default.

    None: it is not the origin of a site.
    """
    scheme, _, place = origin.lower().partition("://")
    return place.removesuffix(_DEFAULT_PORTS[scheme]) or None if scheme in _DEFAULT_PORTS else None


def _here(request: Request) -> str:
    """Host and port as the browser asked for them. Which scheme it spoke we may not know, behind a proxy."""
    host = str(request.host).lower()
    for port in _DEFAULT_PORTS.values():
        host = host.removesuffix(port)
    return host
