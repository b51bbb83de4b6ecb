"""Passkeys and security keys: whether there are any, and for which domain they are made."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import Field

from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.types import DomainName, Origins

log = logging.getLogger(__name__)

LOCALHOST = "localhost"

_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """For whom passkeys are made (Web Authentication, Level 3, section 4). *id*: a domain. *origins*: where browsers
    may be.

    *guessed*: whether nothing says where browsers reach the site. Then there are passkeys at localhost only, at any
    port.
    """

    id: str
    origins: tuple[str, ...]
    guessed: bool = False


class PasskeysSettings(Section):
    """Signing in with a fingerprint, a face, a PIN or a security key (Web Authentication)."""

    enabled: bool | None = Field(
        None,
        description="Whether people can add passkeys to their account and sign in with them. Not set: yes where the "
        "address of the site allows it, which must be https or localhost. True: what does not allow it is an error.",
    )
    rp_id: DomainName | None = Field(
        None,
        description="The domain that passkeys belong to: the host of the site, or a domain that it is below, so that "
        "other hosts of this domain take them too. To change it later makes all passkeys useless. Not set: the host of "
        "web.baseUrl; where organizations have hosts below web.domainName, that domain.",
    )
    origins: Origins = Field(
        (),
        description="Where browsers may be that use a passkey, such as https://example.com. Not set: the site at "
        "web.baseUrl, and the hosts of organizations.",
    )

    @property
    def is_asked_for(self) -> bool:
        """Whether something is set that has no effect without passkeys."""
        return bool(self.enabled or self.rp_id or self.origins)

    def relying_party(self, site: str, domain: str | None, *, guessed: bool) -> RelyingParty | None:
        """For whom passkeys are made; None: there are none.

        *site*: where browsers reach it, as far as the settings say; *guessed*: they do not. *domain*: below which
        organizations have hosts. Raises :class:`~stormpath_wsgi.ConfigurationError` where the settings of passkeys ask
        for what no browser would do.
        """
        if self.enabled is False:
            return None
        origins = tuple(map(_origin, self.origins or (site,)))
        host = urlsplit(origins[0]).hostname or ""
        id = self.rp_id or (domain if domain and _is_below(host, domain) else host)
        wrong = next(_wrong(id, origins), None)
        if wrong is None:
            guessed = guessed and not self.origins
            return RelyingParty(id, origins, guessed=guessed and id == LOCALHOST)
        if self.is_asked_for:
            raise ConfigurationError(f"passkeys: {wrong}")
        log.info("There are no passkeys: %s", wrong)
        return None


def _wrong(id: str, origins: tuple[str, ...]) -> Iterator[str]:
    """What keeps browsers from using passkeys of *id* at *origins* (Web Authentication, Level 3, section 5.1.3)."""
    with suppress(ValueError):
        ipaddress.ip_address(id.strip("[]"))
        yield (
            f"{id} is an address of the network, and browsers make passkeys for names only; set web.baseUrl to the "
            "name at which browsers reach the site, such as https://example.com"
        )
    if "." not in id and id != LOCALHOST:
        yield f"{id} is no domain such as example.com; set passkeys.rpId, or web.baseUrl, to one"
    for origin in origins:
        parts = urlsplit(origin)
        host = parts.hostname or ""
        if parts.scheme != "https" and not _is_below(host, LOCALHOST):
            yield f"browsers use passkeys over https only, and the site is at {origin}; set web.baseUrl to https://{host}"
        if not _is_below(host, id):
            yield (
                f"the site is at {origin}, and {host} is neither {id} nor below it; set passkeys.rpId to {host} or to "
                "a domain that it is below"
            )


def _is_below(host: str, domain: str) -> bool:
    return f".{host}".endswith(f".{domain}")


def _origin(address: str) -> str:
    """The origin of an *address* as browsers write it: without a port where that is the usual one."""
    parts = urlsplit(address)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"
