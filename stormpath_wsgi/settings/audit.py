"""The audit: what has happened to accounts and by administrators, kept so that it can be proved."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pydantic import Field

from stormpath_wsgi.audit.entry import Addresses
from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.types import AuditUrl, Duration, EncryptionKeys


class AuditSettings(Section):
    """The audit of a directory in a database: what is kept, for how long, and where the heads of its chain go."""

    enabled: bool | None = Field(
        None,
        description="Whether events are kept in the directory. Not set: they are, but in a directory in memory, which "
        "ends with its process. A directory on another machine keeps them there.",
    )
    keep: Duration = Field(
        dt.timedelta(days=365),
        description="How long an event is kept. What is older is taken away, and a signed head takes its place.",
    )
    addresses: Addresses = Field(
        "whole",
        description="How network addresses are kept: whole; network, without the last 8 bits of IPv4 and the last 80 "
        "of IPv6; or hashed, a digest with a key, by which two events of one address are known as such.",
    )
    signing_keys: EncryptionKeys = Field(
        (),
        description="Keys that sign the heads of the chain, 64 hex digits each: the first signs, all are known. Not "
        "set: an embedded directory has one in a file beside its own, accounts.db-audit-key; on PostgreSQL they are "
        "made of encryptionKeys.",
    )
    log: bool = Field(
        True, description="Whether heads are written into the log stormpath_wsgi.audit, at the level INFO."
    )
    file: Path | None = Field(
        None,
        description="A file to which heads are added, a line each. Put it where the database's writer can add lines "
        "and change none.",
    )
    url: AuditUrl | None = Field(
        None, description="An address that is sent each head, as JSON by POST. It may hold a secret."
    )
    every: Duration = Field(
        dt.timedelta(minutes=5),
        description="How long after a head the next one is given to log, file and url, if there are new events. Who "
        "has the key can write anew, unseen, what is younger than the last.",
    )
