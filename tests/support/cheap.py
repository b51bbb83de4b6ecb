"""Password hashing and commits that take no time, for every test that does not ask how hard or how safe they are."""

from __future__ import annotations

import sqlite3
from typing import Any

from pwdlib.hashers.argon2 import Argon2Hasher

from stormpath_wsgi.directory import DirectoryOptions
from stormpath_wsgi.settings import ProvidersSettings

HASHER = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)

#: The cheapest that OWASP proposes: for tests that ask whether a site is safe.
SOUND_HASHER = Argon2Hasher(time_cost=5, memory_cost=7 * 1024, parallelism=1)

#: As many as like may wait for a hash: it does not take long.
WAITING = 1000


def options(**rest: Any) -> DirectoryOptions:
    """The options of a test's own directory."""
    elsewhere = ProvidersSettings(private_addresses=True)  # those of tests are on this machine
    return DirectoryOptions(**{"password_hasher": HASHER, "hash_queue": WAITING, "providers": elsewhere, **rest})


def hurry(connection: object, _: object) -> None:
    """For SQLAlchemy's event ``connect``: what is written into a SQLite file need not outlive the machine."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")
