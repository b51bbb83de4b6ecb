"""What is kept of one event: who did what to whom, from where, by which credential, and what came of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hmac
import ipaddress
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from stormpath_wsgi.events import Event, SignInFailed

#: The result of an event that tells of something done.
DONE = "done"

#: How addresses are kept: as they are, as their network, or as a digest with a key.
Addresses: TypeAlias = Literal["whole", "network", "hashed"]

#: Characters that are kept of a name of a browser, of an address, and of each detail.
_LONGEST = 300

#: What a network is shortened to, in bits: IPv4 and IPv6.
_NETWORKS = {4: 24, 6: 48}

_COMMON = frozenset(each.name for each in dataclasses.fields(Event))
#: What a row says in a column of its own, or not at all: a name that nobody has may be a mistyped password.
_ELSEWHERE = frozenset({"reason", "login"})


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept of one event.

    *at*: when, milliseconds since the epoch, UTC. *event*: the name of its class, such as ``SignedIn``. *result*:
    ``done``, or the name of the reason why it failed. *account*: whose account it is, ``accounts/<id>``, and *actor*:
    who has done it, in the same form; None: nobody, or not known. *credential*, *address*, *agent*: as
    :class:`~stormpath_wsgi.events.Origin` has them, cut to a length. *details*: what else the event says, a JSON
    object.
    """

    at: int
    event: str
    result: str
    account: str | None
    actor: str | None
    credential: str | None
    address: str | None
    agent: str | None
    details: str


def entry_of(event: Event, base_url: str, address: Callable[[str], str]) -> Entry:
    """What is kept of *event*. Nothing that the event does not print is kept, and so no secret.

    *base_url*: what hrefs begin with; only the rest of them is kept. *address*: what is kept of a network address.
    """

    def path(value: str | None) -> str | None:
        return None if value is None else _plain(value.removeprefix(f"{base_url}/"))

    own = [each.name for each in dataclasses.fields(event) if each.repr and each.name not in _COMMON | _ELSEWHERE]
    details = {name: _json(getattr(event, name), path) for name in own}
    login = getattr(event, "login", None)
    if login is not None and event.account is not None:
        details["login"] = _plain(login)
    return Entry(
        at=int(event.time.timestamp() * 1000),
        event=type(event).__name__,
        result=_plain(event.reason) if isinstance(event, SignInFailed) else DONE,
        account=path(event.account),
        actor=path(event.actor),
        credential=event.credential,
        address=None if event.address is None else _plain(address(event.address)),
        agent=None if event.agent is None else _plain(event.agent),
        details=json.dumps({name: value for name, value in details.items() if value is not None}, sort_keys=True),
    )


def keeping(addresses: Addresses, key: Callable[[], bytes]) -> Callable[[str], str]:
    """The function that makes of a network address what is kept of it. *key*: of the digests, asked for when needed."""
    if addresses == "network":
        return _network
    if addresses == "hashed":
        return lambda address: hmac.digest(key(), address.encode("utf-8", "replace"), "sha256").hex()[:32]
    return str


def document(entry: Entry) -> dict[str, Any]:
    """*entry* as a JSON object, with the details as members of one, and without what is not known."""
    whole = {each.name: getattr(entry, each.name) for each in dataclasses.fields(entry)}
    whole["at"] = dt.datetime.fromtimestamp(entry.at / 1000, dt.UTC).isoformat(timespec="milliseconds")
    whole["details"] = _details(entry.details)
    return {name: value for name, value in whole.items() if value not in (None, {})}


def _details(text: str) -> Any:
    """The details as they were written. Who looks at a table that others have changed must see them all the same."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _network(address: str) -> str:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped is not None:
        known = known.ipv4_mapped
    return str(ipaddress.ip_network((known, _NETWORKS[known.version]), strict=False))


def _plain(text: str) -> str:
    """*text* as any database takes it: short, and without NUL and halves of characters."""
    return text[:_LONGEST].encode("utf-8", "replace").decode().replace("\0", "�")


def _json(value: Any, path: Callable[[str | None], str | None]) -> Any:
    if isinstance(value, str):
        return path(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, tuple | list | frozenset | set):
        return [_json(each, path) for each in value]
    if isinstance(value, Mapping):
        return {str(name): _json(each, path) for name, each in value.items()}
    return value if value is None or isinstance(value, bool | int | float) else _plain(str(value))
