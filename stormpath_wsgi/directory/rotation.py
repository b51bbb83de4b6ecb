"""Changing the keys of the secrets at rest, while servers run.

Every process follows a key file: it looks there before it encrypts, and when it meets a key that it does not know. So a
new key can be put in front, everything be encrypted anew with it, and the old ones be taken away at any later time.
Keys that are set are given to each process, in the right order, by whoever sets them.
"""

from __future__ import annotations

import secrets as random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Column, ColumnElement, Connection, func, select, update

from stormpath_wsgi.directory.crypto.secrets import VERSION, Secrets
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.wire.shapes import SHAPES, encryption_context
from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.key_file import KeyFile
from stormpath_wsgi.kinds import Attribute

_BATCH = 100  # rows of a transaction


@dataclass(frozen=True)
class _Encrypted:
    """A column of encrypted texts; *context* says what the text in the row of an id is bound to."""

    column: Column[str]
    context: Callable[[str], str]

    @property
    def id(self) -> Column[str]:
        (key,) = self.column.table.primary_key
        return key

    def otherwise(self, key_id: str) -> ColumnElement[bool]:
        """Whether the text of a row is encrypted with another key."""
        return self.column.is_not(None) & ~self.column.startswith(f"{VERSION}.{key_id}.", autoescape=True)


def add_key(database: Database, file: KeyFile) -> None:
    """Puts a new key in front of the *file*, unless the one that is there has not encrypted everything yet."""
    keys = file.make()
    if left(database, Secrets(keys)) == 0:
        with database.write(moves_generation=False):  # nobody has encrypted with the old one and not committed yet
            file.replace([random.token_hex(), *keys])


def encrypt_again(database: Database, secrets: Secrets) -> int:
    """Encrypts what is encrypted with other keys with the first of *secrets*; answers how many texts that were.

    In short transactions, so that nobody waits long. What was interrupted goes on when it is called again.
    Raises :class:`~stormpath_wsgi.ConfigurationError` when a key is missing.
    """
    return sum(_encrypt_column_again(database, secrets, encrypted) for encrypted in _encrypted())


def left(database: Database, secrets: Secrets) -> int:
    """How many texts are encrypted with other keys than the first of *secrets*."""
    with database.read() as connection:
        return _left(connection, _first(secrets))


def drop_old_keys(database: Database, file: KeyFile) -> int:
    """Takes away all keys but the first; answers how many. Raises ConfigurationError while one is in use."""
    keys = file.read()
    with database.write(moves_generation=False) as transaction:
        if keys and (count := _left(transaction.connection, _first(Secrets(keys)))):
            raise ConfigurationError(f"{count} secrets are encrypted with old keys; run: stormpath-wsgi secret rotate")
        if keys[1:]:
            file.replace(keys[:1])
    return len(keys[1:])


def _left(connection: Connection, first: str) -> int:
    counts = (select(func.count()).where(encrypted.otherwise(first)) for encrypted in _encrypted())
    return sum(connection.execute(count).scalar_one() for count in counts)


def _encrypt_column_again(database: Database, secrets: Secrets, encrypted: _Encrypted) -> int:
    old = (
        select(encrypted.id, encrypted.column)
        .where(encrypted.otherwise(_first(secrets)))
        .order_by(encrypted.id)
        .limit(_BATCH)
    )
    done, last = 0, ""
    while True:
        with database.write(moves_generation=False) as transaction:
            rows = transaction.connection.execute(old.where(encrypted.id > last)).all()
            for id, text in rows:
                context = encrypted.context(id)
                changed = update(encrypted.column.table).where(encrypted.id == id, encrypted.column == text)  # still
                new = secrets.encrypt(secrets.decrypt(text, context), context)
                done += transaction.connection.execute(changed.values({encrypted.column: new})).rowcount
        if not rows:
            return done
        last = rows[-1][0]


def _first(secrets: Secrets) -> str:
    """The id of the key that encrypts; of none, what no text is encrypted with."""
    return next(iter(secrets.key_ids()), "-")


def _encrypted() -> Iterator[_Encrypted]:
    """Every column of encrypted texts: declared with a kind, or added to its table."""
    for kind, shape in SHAPES.items():
        for attribute in kind.declared(Attribute):
            if attribute.encrypted and not attribute.derived:
                yield _Encrypted(shape.table.c[attribute.name], encryption_context(kind, attribute))
    for table in schema.metadata.tables.values():
        for column in table.c:
            if column.info.get("encrypted"):
                yield _Encrypted(column, partial(schema.place, column))
