"""Nonces of signed requests: while a signature is valid, each nonce is accepted once for a key, in all workers
together.
"""

from __future__ import annotations

from sqlalchemy import bindparam, delete, insert, select, tuple_
from sqlalchemy.exc import IntegrityError

from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.storage import schema

_PURGED = 5  # the number of old nonces that are removed for each new one; more than one, so that none pile up

_nonces = schema.nonces
_old = (
    select(_nonces.c.key_id, _nonces.c.nonce)
    .where(_nonces.c.expires_at <= bindparam("now"))
    .order_by(_nonces.c.expires_at)
    .limit(_PURGED)
    .with_for_update(skip_locked=True)  # does not wait for rows that another purge has locked
)
_purge = delete(_nonces).where(tuple_(_nonces.c.key_id, _nonces.c.nonce).in_(_old))
_insert = insert(_nonces)


def remember(context: Context, key_id: str, nonce: str, expires_at: int) -> bool:
    """Stores *nonce* for the API key until *expires_at* (milliseconds since the epoch). Returns whether it was new.

    The primary key decides: if two workers get the same request at the same moment, only one of them can insert it.
    """
    try:
        with context.write(moves_generation=False) as work:
            add(work, key_id, nonce, expires_at)
    except IntegrityError:  # the nonce was used before, or the key was removed meanwhile
        return False
    return True


def add(work: UnitOfWork, key_id: str, nonce: str, expires_at: int) -> None:
    """Stores *nonce*, see :func:`remember`, as a part of a larger transaction.

    Raises IntegrityError when it is not new; then the transaction has to be undone.
    """
    work.connection.execute(_insert, {"key_id": key_id, "nonce": nonce, "expires_at": expires_at})
    work.connection.execute(_purge, {"now": work.now})
