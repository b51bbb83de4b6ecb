"""Who tries: what is known of a visitor before anything is proved.

A flow says it of the request that it serves, and the REST API of the request that another machine serves. Whoever
counts asks :func:`visitor`.
"""

from __future__ import annotations

import ipaddress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache

from stormpath_wsgi.bound import Bound
from stormpath_wsgi.events import here


@dataclass(frozen=True, slots=True)
class Visitor:
    """What is known of whoever tries.

    *address*: the network address, as it came; None: not known. *browser*: the id of a browser in which somebody has
    signed in before; None: it is new. *accounts*: the ids of the accounts that have signed in there. *place*: the place
    in a queue that this browser got with an earlier :class:`~stormpath_wsgi.errors.TooManyTries`.
    """

    address: str | None = None
    browser: str | None = None
    accounts: frozenset[str] = frozenset()
    place: tuple[str, int] | None = None

    @property
    def network(self) -> str | None:
        """The address as it counts: an IPv6 network of 64 bits is one, since one household gets a whole one.

        None for what is no address of the internet protocol.
        """
        return None if self.address is None else _network(self.address)


@lru_cache(maxsize=1024)  # one try asks several times, and whoever guesses comes back
def _network(text: str) -> str | None:
    """See :attr:`Visitor.network`."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


NOBODY = Visitor()

_visitor: ContextVar[Visitor | None] = ContextVar("stormpath_wsgi.visitor", default=None)


def visitor() -> Visitor:
    """Who tries now: what :func:`visited` says, or else the address of the request that is being served."""
    said = _visitor.get()
    return Visitor(here().address) if said is None else said


def visited(said: Visitor) -> Bound[Visitor | None]:
    """Says, until the block is left, who tries what is tried in it."""
    return Bound(_visitor, said)
