"""Nonces of signed requests: each counts once for a key, whichever worker it comes to, while its signature is good."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, insert, select, tuple_
from sqlalchemy.exc import IntegrityError

from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.storage import schema

_PURGED = 5  # old nonces that go for each new one; more than one, so that they become fewer

_nonces = schema.nonces
_old = (
    select(_nonces.c.key_id, _nonces.c.nonce)
    .where(_nonces.c.expires_at <= bindparam("now"))
    .order_by(_nonces.c.expires_at)
    .limit(_PURGED)
    .with_for_update(skip_locked=True)  # nobody waits for those of another purge
)
_purge = delete(_nonces).where(tuple_(_nonces.c.key_id, _nonces.c.nonce).in_(_old))
_insert = insert(_nonces)


def remember(context: Context, key_id: str, nonce: str, expires_at: int) -> bool:
    """Whether *nonce* is new for the API key, which it is never again before *expires_at* (milliseconds).

    The primary key decides: of two workers that are sent the same request at once only one inserts it.
    """
    try:
        with context.write(moves_generation=False) as work:
            add(work, key_id, nonce, expires_at)
    except IntegrityError:  # it is there, or the key was removed meanwhile
        return False
    return True


def add(work: UnitOfWork, key_id: str, nonce: str, expires_at: int) -> None:
    """The same in a transaction that has more to do. Raises IntegrityError, after which it has nothing more to do."""
    work.connection.execute(_insert, {"key_id": key_id, "nonce": nonce, "expires_at": expires_at})
    work.connection.execute(_purge, {"now": work.now})
