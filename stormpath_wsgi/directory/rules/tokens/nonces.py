"""Nonces: what is marked with one is accepted once for its owner, in all workers together.

Signed requests belong to an API key, and proofs that begin a session to an account. The primary key decides: if two
workers get the same at the same moment, only one of them can insert it.

"""

from __future__ import annotations

from sqlalchemy import Table, bindparam, delete, insert, select, tuple_
from sqlalchemy.exc import IntegrityError

from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.storage import schema

_PURGED = 5  # the number of old nonces that are removed for each new one; more than one, so that none pile up


class Nonces:
    """The nonces in *table*, whose primary key is their owner's id and the nonce."""

    def __init__(self, table: Table) -> None:
        identity = tuple(table.primary_key.columns)
        old = (
            select(*identity)
            .where(table.c.expires_at <= bindparam("now"))
            .order_by(table.c.expires_at)
            .limit(_PURGED)
            .with_for_update(skip_locked=True)  # does not wait for rows that another purge has locked
        )
        self._purge = delete(table).where(tuple_(*identity).in_(old))
        self._insert = insert(table)
        self._owner = identity[0].name

    def add(self, work: UnitOfWork, owner_id: str, nonce: str, expires_at: int) -> None:
        """Stores *nonce* until *expires_at* (milliseconds since the epoch), as a part of a larger transaction.

        Raises IntegrityError when it is not new, or its owner was removed; then the transaction has to be undone.
        """
        work.connection.execute(self._insert, {self._owner: owner_id, "nonce": nonce, "expires_at": expires_at})
        work.connection.execute(self._purge, {"now": work.now})


OF_API_KEYS = Nonces(schema.nonces)
OF_ACCOUNTS = Nonces(schema.account_nonces)


def remember(context: Context, key_id: str, nonce: str, expires_at: int) -> bool:
    """Stores *nonce* for the API key until *expires_at* (milliseconds since the epoch). Returns whether it was new."""
    try:
        with context.write(moves_generation=False) as work:
            OF_API_KEYS.add(work, key_id, nonce, expires_at)
    except IntegrityError:  # the nonce was used before, or the key was removed meanwhile
        return False
    return True
