"""The outbox: a mail is stored in the transaction that it is about, and is written and sent after the commit.

So no mail is about a change that was undone, and none is lost when a process dies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert

from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rules.mails import hosts
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.events import LONGEST, here

_outbox = schema.outbox


def put(
    work: UnitOfWork,
    purpose: str,
    account_id: str | None,
    *,
    application_id: str | None = None,
    token: str | None = None,
    address: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Stores the mail of *purpose* to an account, to be sent after the commit, if its directory sends such mails. It is
    written in the language of whoever is served now.

    *application_id*: the application that the mail is about. *token*: the token that the mail delivers. *address*:
    where it goes; None: to the address that the account has when it is sent. *details*: what else it says, which may be
    secret. Without an account it takes the same time, and a mail is sent only to an *address*. Raises 2020 for an
    account that does not exist.
    """
    id, site = new_id(), here().site if work.mail.local_links else None
    details = {**(details or {}), **hosts.told(), **({} if site is None else {"site": site})}
    row = {
        "id": id,
        "tenant_id": work.tenant_id,
        "purpose": purpose,
        "account_id": account_id,
        "application_id": application_id,
        "token": None if token is None else work.secrets.encrypt(token, schema.place(_outbox.c.token, id)),
        "address": address,
        "language": (here().language or "")[:LONGEST] or None,
        "details": (details or None) and work.secrets.encrypt(json.dumps(details), schema.place(_outbox.c.details, id)),
        "attempts": 0,
        "due_at": work.now,
    }
    with records.taken(None):  # the account may have been removed meanwhile
        work.connection.execute(insert(_outbox), row)
    work.queued.append(id)
