"""Nonces: what is marked with one counts once for its owner, whichever worker it comes to.

Signed requests belong to an API key, and proofs that begin a session to an account. The primary key decides: of two
workers that are sent the same at once only one inserts it.
"""

from __future__ import annotations

from sqlalchemy import Table, bindparam, delete, insert, select, tuple_
from sqlalchemy.exc import IntegrityError

from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.storage import schema

_PURGED = 5  # old nonces that go for each new one; more than one, so that they become fewer


class Nonces:
    """The nonces in *table*, whose primary key is their owner's id and the nonce."""

    def __init__(self, table: Table) -> None:
        identity = tuple(table.primary_key.columns)
        old = (
            select(*identity)
            .where(table.c.expires_at <= bindparam("now"))
            .order_by(table.c.expires_at)
            .limit(_PURGED)
            .with_for_update(skip_locked=True)  # nobody waits for those of another purge
        )
        self._purge = delete(table).where(tuple_(*identity).in_(old))
        self._insert = insert(table)
        self._owner = identity[0].name

    def add(self, work: UnitOfWork, owner_id: str, nonce: str, expires_at: int) -> None:
        """Take *nonce*, which is not taken again before *expires_at* (milliseconds).

        Raises IntegrityError when it was taken before or the owner is gone: then the transaction has
        nothing more to do.
        """
        work.connection.execute(self._insert, {self._owner: owner_id, "nonce": nonce, "expires_at": expires_at})
        work.connection.execute(self._purge, {"now": work.now})


OF_API_KEYS = Nonces(schema.nonces)
OF_ACCOUNTS = Nonces(schema.account_nonces)


def remember(context: Context, key_id: str, nonce: str, expires_at: int) -> bool:
    """Whether *nonce* is new for the API key, which it is never again before *expires_at* (milliseconds)."""
    try:
        with context.write(moves_generation=False) as work:
            OF_API_KEYS.add(work, key_id, nonce, expires_at)
    except IntegrityError:  # it is there, or the key was removed meanwhile
        return False
    return True
