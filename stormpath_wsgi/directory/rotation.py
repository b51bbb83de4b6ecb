"""Changing the keys of the secrets at rest, while servers run.

Every process reads the key file again before it encrypts, and when it meets the id of a key that it does not know. So a
new key can be put in front of the others, then all secrets are encrypted again with it, and later the old keys are
removed. Where the keys are in the settings instead, an operator does this by changing the settings of each process.
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

_BATCH = 100  # rows in one transaction


@dataclass(frozen=True)
class Encrypted:
    """A column of encrypted texts. *context* returns, for the id of a row, the place that the text is bound to."""

    column: Column[str]
    context: Callable[[str], str]

    @property
    def id(self) -> Column[str]:
        """The primary key of the table."""
        (key,) = self.column.table.primary_key
        return key

    def otherwise(self, key_id: str) -> ColumnElement[bool]:
        """A condition: the text of the row is encrypted with another key than *key_id*."""
        return self.column.is_not(None) & ~self.column.startswith(f"{VERSION}.{key_id}.", autoescape=True)


def add_key(database: Database, file: KeyFile) -> None:
    """Puts a new key in front of the keys of *file*.

    Does nothing while secrets are left that the first key has to encrypt.
    """
    keys = file.make()
    if left(database, Secrets(keys)) == 0:
        # Now no open transaction holds a text that was encrypted with the old key.
        with database.write(moves_generation=False):
            file.replace([random.token_hex(), *keys])


def encrypt_again(database: Database, secrets: Secrets) -> int:
    """Encrypts all texts again that are encrypted with another key than the first of *secrets*. Returns their number.

    It uses short transactions, so that other writers do not wait long. When it was interrupted, another call does the
    rest. Raises :class:`~stormpath_wsgi.ConfigurationError` when a key is missing.
    """
    return sum(_encrypt_column_again(database, secrets, encrypted) for encrypted in encrypted_texts())


def left(database: Database, secrets: Secrets) -> int:
    """How many texts are encrypted with other keys than the first of *secrets*."""
    with database.read() as connection:
        return _left(connection, _first(secrets))


def drop_old_keys(database: Database, file: KeyFile) -> int:
    """Removes all keys of *file* but the first.

    Returns how many. Raises ConfigurationError while one of them is in use.
    """
    keys = file.read()
    with database.write(moves_generation=False) as transaction:
        if keys and (count := _left(transaction.connection, _first(Secrets(keys)))):
            raise ConfigurationError(f"{count} secrets are encrypted with old keys; run: stormpath-wsgi secret rotate")
        if keys[1:]:
            file.replace(keys[:1])
    return len(keys[1:])


def _left(connection: Connection, first: str) -> int:
    counts = (select(func.count()).where(encrypted.otherwise(first)) for encrypted in encrypted_texts())
    return sum(connection.execute(count).scalar_one() for count in counts)


def _encrypt_column_again(database: Database, secrets: Secrets, encrypted: Encrypted) -> int:
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
                # Only if the text has not been changed meanwhile.
                changed = update(encrypted.column.table).where(encrypted.id == id, encrypted.column == text)
                new = secrets.encrypt(secrets.decrypt(text, context), context)
                done += transaction.connection.execute(changed.values({encrypted.column: new})).rowcount
        if not rows:
            return done
        last = rows[-1][0]


def _first(secrets: Secrets) -> str:
    """The id of the key that encrypts; without any key, a text that is no id."""
    return next(iter(secrets.key_ids()), "-")


def encrypted_texts() -> Iterator[Encrypted]:
    """Every column of encrypted texts: those that a kind declares, and those that the schema adds."""
    for kind, shape in SHAPES.items():
        for attribute in kind.declared(Attribute):
            if attribute.encrypted and not attribute.derived:
                yield Encrypted(shape.table.c[attribute.name], encryption_context(kind, attribute))
    for table in schema.metadata.tables.values():
        for column in table.c:
            if column.info.get("encrypted"):
                yield Encrypted(column, partial(schema.place, column))
