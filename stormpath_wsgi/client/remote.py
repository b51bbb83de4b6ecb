"""A directory on another machine: its address, and how a client authenticates there."""

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
from stormpath_wsgi.sauthc1 import SCHEME, Message, payload_hash, sauthc1_id, sign

#: The form of a path below the base URL: names, ids and tokens. It has no segments of dots only, which could lead out
#: of the base URL, and no characters that begin a query.
PATH = re.compile(r"(/(?!\.+(/|\Z))[0-9A-Za-z_~.-]+)+")

_PORTS = {"http": 80, "https": 443}
_EXAMPLE = "write https://id.example.com/v1"

#: Returns the headers that authenticate a request. The arguments: the API key, the method, the url, the other headers,
#: the body.
Scheme = Callable[[KeyPair, str, str, Mapping[str, str], bytes], Mapping[str, str]]
#: Returns the milliseconds to pause before the n-th repetition of a request. The argument is n, from 1.
Backoff = Callable[[int], float]


def basic(key: KeyPair, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
    """The headers of HTTP Basic (RFC 7617). They contain the secret itself, which only TLS protects on its way."""
    return {"Authorization": "Basic " + b64encode(f"{key.id}:{key.secret}".encode()).decode()}


def sauthc1(key: KeyPair, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
    """The headers of SAuthc1: a signature of the request, valid once and for some minutes.

    The secret itself is not sent.
    """
    return signed(key, method, url, headers, body, now=dt.datetime.now(dt.UTC), nonce=str(uuid.uuid4()))


def signed(
    key: KeyPair, method: str, url: str, headers: Mapping[str, str], body: bytes, *, now: dt.datetime, nonce: str
) -> Mapping[str, str]:
    """The headers of SAuthc1 for a request that is sent *now* (UTC). *nonce*: a text that is never used again.

    *headers* are signed as well, so no proxy may change them.
    """
    target, date = urlsplit(url), now.strftime("%Y%m%dT%H%M%SZ")
    stamps = {"Host": _host(target), "X-Stormpath-Date": date}
    lines = sorted((name.lower(), value) for name, value in {**headers, **stamps}.items())
    message = Message(method, target.path, target.query, lines, payload_hash(body))
    fields = {
        "sauthc1Id": sauthc1_id(key.id, date, nonce),
        "sauthc1SignedHeaders": ";".join(name for name, _ in lines),
        "sauthc1Signature": sign(message, key.secret, key_id=key.id, date=date, nonce=nonce),
    }
    return {**stamps, "Authorization": f"{SCHEME} " + ", ".join(f"{name}={value}" for name, value in fields.items())}


def _host(target: SplitResult) -> str:
    """The value of the Host header: the name, and the port unless it is the default port of the scheme."""
    name = target.hostname or ""
    name = f"[{name}]" if ":" in name else name
    return name if target.port in (None, _PORTS.get(target.scheme)) else f"{name}:{target.port}"


#: The ways to authenticate, by their documented names in lower case.
SCHEMES: Mapping[str, Scheme] = {"sauthc1": sauthc1, "basic": basic}


def exponential(tries: int) -> float:
    """The pause before the next try, in milliseconds: at most 100, 200, 400, 800, for *tries* from 1.

    Each is shortened by a random part, up to a half, so that clients that failed together do not come back together.
    """
    return random.uniform(25, 50) * float(2**tries)  # noqa: S311  (no secret)


@dataclass(frozen=True)
class Remote:
    """How to reach a directory on another machine: the options of an :class:`HttpDataStore`."""

    #: The address of the API, ``https://id.example.com/v1``. Plain http is for a server on this machine, or needs
    #: :attr:`allow_insecure`, because requests and answers contain passwords.
    base_url: str
    #: The API key that authenticates requests.
    key_pair: KeyPair
    #: The way to authenticate: ``SAuthc1`` or ``Basic``.
    scheme: str = "SAuthc1"
    #: Seconds that one call takes at the most, with all its tries.
    timeout: float = 15
    #: Seconds for which an answer may be used without asking again, see :meth:`HttpDataStore.generation`.
    ttl: float = 60
    #: Returns the milliseconds to pause before a repetition.
    backoff: Backoff = exponential
    #: A text to put in front of our own in the header ``User-Agent``.
    user_agent: str | None = None
    #: The proxies, as for ``requests``. They are in no ``repr``, because their addresses may contain passwords.
    proxies: Mapping[str, str] | None = field(default=None, repr=False)
    #: A file of certificates to trust, in place of the usual authorities.
    ca_bundle: str | None = None
    #: Whether plain http to other machines is allowed.
    allow_insecure: bool = False

    def __post_init__(self) -> None:
        if self.scheme.lower() not in SCHEMES:
            raise ValueError(f"scheme {self.scheme!r} is unknown: write SAuthc1 or basic")
        if self.ca_bundle is not None and not Path(self.ca_bundle).exists():
            raise ConfigurationError(f"There is no file of certificates {self.ca_bundle}")
        object.__setattr__(self, "base_url", checked_address(self.base_url, allow_insecure=self.allow_insecure))

    @property
    def host(self) -> str:
        """The name of the server, for texts."""
        return urlsplit(self.base_url).netloc

    def proof(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        """The headers that authenticate a request. *headers*: its other headers."""
        return SCHEMES[self.scheme.lower()](self.key_pair, method, url, headers, body)

    def below(self, href: str) -> bool:
        """Whether *href* is below the base URL. Requests with credentials are sent to such addresses only."""
        return href.startswith(self.base_url) and PATH.fullmatch(href, len(self.base_url)) is not None


def is_address(url: str | None) -> bool:
    """Whether *url* is the address of an API, and not of a database."""
    return url is not None and url.strip().lower().startswith(("https://", "http://"))


def checked_address(address: str, *, allow_insecure: bool = False) -> str:
    """The base URL of an API in the form that hrefs have. *allow_insecure*: whether plain http to other machines is
    allowed.

    Raises ConfigurationError, whose text does not repeat the *address*.
    """
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
