"""When sessions and API keys were used last: noted after the transaction that has seen the use, and rarely.

The row that is read anyway says when the last use was noted, so nothing is written while that is recent. A note that
cannot be written is left out: it must not hold up who uses the session.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection, Table, bindparam, update

from stormpath_wsgi.directory.storage import deadline, schema
from stormpath_wsgi.errors import Unavailable

log = logging.getLogger(__name__)

#: Milliseconds from one note to the next.
SESSION_NOTED, KEY_NOTED = 3_600_000, 600_000

#: Seconds that a note may wait for the database, and its request with it.
_PATIENCE = 0.2

#: Seconds without a try after a note could not be written. Each try may wait for a database that is locked.
_PAUSE = 60


@dataclass(frozen=True, slots=True)
class Use:
    """The row of *table* with that *id* was used.

    A note is due when the last one is older than *noted* milliseconds.
    """

    table: Table
    id: str
    noted: int


class Writing(Protocol):
    """What is needed of a unit of work."""

    @property
    def connection(self) -> Connection:
        """Its connection."""

    @property
    def now(self) -> int:
        """Milliseconds since the epoch, UTC."""


def of_session(refresh_token_id: str, noted_at: int | None, now: int) -> list[Use]:
    """The use of a session, if a note is due. *noted_at*: the last one; None: nothing is kept of this session."""
    is_due = noted_at is not None and now - noted_at >= SESSION_NOTED
    return [Use(schema.sessions, refresh_token_id, SESSION_NOTED)] if is_due else []


def of_key(api_key_id: str, noted_at: int | None, now: int) -> list[Use]:
    """The use of an API key, if a note is due. *noted_at*: the last one; None: it was never used."""
    is_due = noted_at is None or now - noted_at >= KEY_NOTED
    return [Use(schema.api_keys, api_key_id, KEY_NOTED)] if is_due else []


class Uses:
    """Writes the notes of one service. *clock*: seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._again = clock, float("-inf")

    def note(self, used: Iterable[Use], write: Callable[[], AbstractContextManager[Writing]]) -> None:
        """Notes what was *used*. *write*: begins a transaction of its own."""
        if self._clock() < self._again:
            return
        try:
            with deadline.allowing(_PATIENCE), write() as work:
                for use in used:
                    work.connection.execute(_statement(use), {"used": use.id, "now": work.now})
        except Unavailable as error:
            log.info("When sessions and API keys were used is not noted for %d seconds: %s", _PAUSE, error)
            self._again = self._clock() + _PAUSE


def _statement(use: Use) -> Any:
    identity, last = next(iter(use.table.primary_key)), use.table.c.last_used_at
    is_due = last.is_(None) | (last <= bindparam("now") - use.noted)  # another process may have noted it meanwhile
    return update(use.table).where(identity == bindparam("used"), is_due).values(last_used_at=bindparam("now"))
