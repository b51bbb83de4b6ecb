"""A directory on another machine: its address, and how a client proves itself to it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import random
import re
import uuid
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from stormpath_wsgi.client.credentials import KeyPair
from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.sauthc1 import SCHEME, Message, credential, payload_hash, sign

#: A path below an address: names, ids and tokens. No dots alone, which would climb out; nothing that starts a query.
PATH = re.compile(r"(/(?!\.+(/|\Z))[0-9A-Za-z_~.-]+)+")

_PORTS = {"http": 80, "https": 443}
_EXAMPLE = "write https://id.example.com/v1"

#: The header lines that prove who sends a request: method, url, other headers, body.
Scheme = Callable[[KeyPair, str, str, Mapping[str, str], bytes], Mapping[str, str]]
#: Milliseconds to pause before the n-th repetition of a request, n from 1.
Backoff = Callable[[int], float]


def basic(key: KeyPair, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
    """HTTP Basic: the secret itself, once more with each request, under the protection of TLS alone."""
    return {"Authorization": "Basic " + b64encode(f"{key.id}:{key.secret}".encode()).decode()}


def sauthc1(key: KeyPair, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
    """SAuthc1: a signature of the request, good once and for some minutes. The secret itself does not travel."""
    return signed(key, method, url, headers, body, now=dt.datetime.now(dt.UTC), nonce=str(uuid.uuid4()))


def signed(
    key: KeyPair, method: str, url: str, headers: Mapping[str, str], body: bytes, *, now: dt.datetime, nonce: str
) -> Mapping[str, str]:
    """The header lines of SAuthc1 for a request sent *now* (UTC). *nonce*: a text never used again.

    *headers* are signed as well, so they must reach the server as they are.
    """
    target, date = urlsplit(url), now.strftime("%Y%m%dT%H%M%SZ")
    stamps = {"Host": _host(target), "X-Stormpath-Date": date}
    lines = sorted((name.lower(), value) for name, value in {**headers, **stamps}.items())
    message = Message(method, target.path, target.query, lines, payload_hash(body))
    fields = {
        "sauthc1Id": credential(key.id, date, nonce),
        "sauthc1SignedHeaders": ";".join(name for name, _ in lines),
        "sauthc1Signature": sign(message, key.secret, key_id=key.id, date=date, nonce=nonce),
    }
    return {**stamps, "Authorization": f"{SCHEME} " + ", ".join(f"{name}={value}" for name, value in fields.items())}


def _host(target: SplitResult) -> str:
    """The Host header: with the port, unless that is the scheme's own."""
    name = target.hostname or ""
    name = f"[{name}]" if ":" in name else name
    return name if target.port in (None, _PORTS.get(target.scheme)) else f"{name}:{target.port}"


#: By the documented names, in lower case.
SCHEMES: Mapping[str, Scheme] = {"sauthc1": sauthc1, "basic": basic}


def exponential(tries: int) -> float:
    """100 ms, 200, 400, 800, each by chance up to a half shorter: clients that failed together come back apart."""
    return random.uniform(25, 50) * float(2**tries)  # noqa: S311  (no secret)


@dataclass(frozen=True)
class Remote:
    """How to reach a directory on another machine: the options of an :class:`HttpDataStore`.

    *base_url*: the address of the API, ``https://id.example.com/v1``. Plain http is for a server on this machine,
    or for whoever says *allow_insecure*: requests and answers hold passwords. *timeout*: seconds that one call takes at
    the most, all tries together. *ttl*: seconds for which an answer may be taken for true without asking again, see
    :meth:`HttpDataStore.generation`. *ca_bundle*: a file of certificates to trust instead of the usual authorities.
    """

    base_url: str
    credential: KeyPair
    scheme: str = "SAuthc1"
    timeout: float = 15
    ttl: float = 60
    backoff: Backoff = exponential
    user_agent: str | None = None
    proxies: Mapping[str, str] | None = field(default=None, repr=False)  # their addresses may hold passwords
    ca_bundle: str | None = None
    allow_insecure: bool = False

    def __post_init__(self) -> None:
        if self.scheme.lower() not in SCHEMES:
            raise ValueError(f"scheme {self.scheme!r} is unknown: write SAuthc1 or basic")
        if self.ca_bundle is not None and not Path(self.ca_bundle).exists():
            raise ConfigurationError(f"There is no file of certificates {self.ca_bundle}")
        object.__setattr__(self, "base_url", checked_address(self.base_url, allow_insecure=self.allow_insecure))

    @property
    def host(self) -> str:
        """The server, for people."""
        return urlsplit(self.base_url).netloc

    def proof(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        """The header lines that authenticate a request."""
        return SCHEMES[self.scheme.lower()](self.credential, method, url, headers, body)

    def below(self, href: str) -> bool:
        """Whether *href* names something of this directory. Nothing else is sent what proves who we are."""
        return href.startswith(self.base_url) and PATH.fullmatch(href, len(self.base_url)) is not None


def is_address(url: str | None) -> bool:
    """Whether *url* is meant to be the address of an API, rather than of a database."""
    return url is not None and url.strip().lower().startswith(("https://", "http://"))


def checked_address(address: str, *, allow_insecure: bool = False) -> str:
    """The base url of an API in the spelling that hrefs have. Raises ConfigurationError, which does not repeat it."""
    try:
        parts = urlsplit(address.strip().rstrip("/"))
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ConfigurationError(f"The address of the directory is no url: {_EXAMPLE}") from None
    if parts.scheme not in ("https", "http") or not host:
        raise ConfigurationError(f"The address of the directory is no url: {_EXAMPLE}")
    if "@" in parts.netloc:
        raise ConfigurationError(
            f"Addresses get into logs and tracebacks, so no API key may stand in one: {_EXAMPLE}, and the key apart, "
            "in client.apiKey or with id=… and secret=…"
        )
    if parts.query or parts.fragment or (parts.path and not PATH.fullmatch(parts.path)):
        raise ConfigurationError(f"The address of the directory has more than a host and a path: {_EXAMPLE}")
    if parts.scheme == "http" and not (allow_insecure or _is_loopback(host)):
        raise ConfigurationError(
            f"http://{host} would carry passwords for everybody on the way to read: write https://, or say "
            "allow_insecure (client.allowInsecure) if you know that way"
        )
    return SplitResult(parts.scheme, parts.netloc.lower(), parts.path, "", "").geturl()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
