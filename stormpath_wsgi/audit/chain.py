"""The chain: each row has the digest of the row before it, and the last one stands for all."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass

from stormpath_wsgi.audit.entry import Entry

#: The digest that the first row of a chain has before it.
BEGINNING = "0" * 64


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a chain. *position*: counts up from 1. *previous*: the digest of the row before it."""

    position: int
    previous: str
    digest: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Head:
    """A place in the chain of *tenant*: that the row at *position* has this *digest*, and so what all before it say.

    *at*: when that was so, milliseconds since the epoch. *begins*: whether the rows up to here were taken away by
    retention, so that the chain begins behind it; at the position 0 nothing was. *key*: the public key that it is
    signed with, and *signature*, both in hex digits; None: it is not signed.
    """

    tenant: str
    position: int
    digest: str
    at: int
    begins: bool = False
    key: str | None = None
    signature: str | None = None

    def signed_text(self) -> bytes:
        """What a signature is made of."""
        return _text("stormpath-wsgi audit head 1", self.tenant, self.position, self.digest, self.at, self.begins)

    def document(self) -> dict[str, object]:
        """As a JSON object, without what is not there."""
        known = ((each.name, getattr(self, each.name)) for each in dataclasses.fields(self))
        return {name: value for name, value in known if value not in (None, False)}


def digest_of(tenant: str, position: int, previous: str, entry: Entry) -> str:
    """The digest of the row at *position*: SHA-256 in hex digits, of all that it says and of the *previous* digest."""
    said = (getattr(entry, each.name) for each in dataclasses.fields(entry))
    return hashlib.sha256(_text("stormpath-wsgi audit row 1", tenant, position, previous, *said)).hexdigest()


def following(tenant: str, position: int, previous: str, entry: Entry) -> Row:
    """The row of *entry* at *position*, behind the row with the digest *previous*."""
    return Row(position, previous, digest_of(tenant, position, previous, entry), entry)


def _text(*parts: object) -> bytes:
    """*parts* so that no two lists of them are the same text."""
    return json.dumps(parts, separators=(",", ":")).encode()
