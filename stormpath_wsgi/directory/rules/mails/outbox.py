"""The outbox: what mail is to be written is stored in the transaction that it tells of, and leaves after the commit.

So no mail tells of what never happened, and none is lost when a process dies.
"""

from __future__ import annotations

from sqlalchemy import insert

from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id

_outbox = schema.outbox


def put(
    work: UnitOfWork,
    purpose: str,
    account_id: str | None,
    *,
    application_id: str | None = None,
    token: str | None = None,
) -> None:
    """Lets the mail of *purpose* to an account leave when the transaction is committed, if its directory sends such.

    Without an account it takes the same time, and nothing leaves. Raises 2020 for one that is not there.
    """
    id = new_id()
    row = {
        "id": id,
        "tenant_id": work.tenant_id,
        "purpose": purpose,
        "account_id": account_id,
        "application_id": application_id,
        "token": None if token is None else work.secrets.encrypt(token, schema.place(_outbox.c.token, id)),
        "attempts": 0,
        "due_at": work.now,
    }
    with records.taken(None):  # the account may just have gone
        work.connection.execute(insert(_outbox), row)
    work.queued.append(id)
