"""Tallies in the database: all workers and machines that share it count together. One statement a question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    Text,
    and_,
    bindparam,
    case,
    cast,
    delete,
    literal,
    literal_column,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from stormpath_wsgi.directory.storage import schema, upsert
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.limits.limit import LONGEST, Limit, Tally
from stormpath_wsgi.limits.tallies import Count, Taken

_TIDIED = 100  # tallies that a wrong try removes; it adds four at the most, and as much is left by each right one

# Seconds to wait for a lock on PostgreSQL. A sign-in goes on without the table rather than wait longer. And it is less
# than the server's deadlock_timeout: where a try and whoever removes the account wait for each other, the try gives up.
_PATIENCE = 0.8

_tallies = schema.tallies
_NOW = bindparam("now", type_=BigInteger)


class DatabaseTallies:
    """The tallies in *database*. As :class:`.Tallies`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, tallies: Sequence[Tally], now: int) -> Sequence[Taken]:
        """As :meth:`.Tallies.take`."""
        limits = tuple((tally.name, tally.limit) for tally in tallies)
        given: dict[str, Any] = {"now": now}
        for number, tally in enumerate(tallies):
            forgiven_at, until = tally.limit.after(now, now)
            given |= {
                f"key_{number}": tally.key,
                f"account_id_{number}": tally.account_id,
                f"address_{number}": tally.address,
                f"forgiven_at_{number}": forgiven_at,
                f"until_{number}": until,
            }
        limit_of = {tally.key: tally.limit for tally in tallies}
        try:
            with self._write() as connection:
                rows = connection.exec_driver_sql(_take(limits, connection.dialect.name), given).all()
                before = [(limit_of[row.key], row.key, row.until_before) for row in rows]
                refused = [Taken(key, until, refused=True) for limit, key, until in before if limit.waits(until, now)]
                if refused:
                    connection.rollback()
        except IntegrityError:  # the account was removed meanwhile: nobody gets into it any more
            return []
        return refused or [Taken(row.key, row.until, refused=False) for row in rows]

    def take_back(self, tallies: Sequence[Tally], taken: Sequence[Taken], now: int) -> None:
        """As :meth:`.Tallies.take_back`."""
        begun = {each.key: each.until for each in taken}
        given: dict[str, Any] = {"now": now}
        for number, tally in enumerate(tallies):
            given |= {f"key_{number}": tally.key, f"until_{number}": begun.get(tally.key, 0)}
        recoveries = tuple(None if tally.forgivable else tally.limit.recovery for tally in tallies)
        with self._write() as connection:
            connection.execute(_take_back(recoveries), given)

    def tidy(self, now: int) -> None:
        """As :meth:`.Tallies.tidy`."""
        with self._write() as connection:
            connection.execute(_TIDY, {"now": now})

    def unlock(self, account_id: str) -> int:
        """As :meth:`.Tallies.unlock`."""
        with self._write() as connection:
            return connection.execute(_UNLOCK, {"account_id": account_id}).rowcount

    def counts(self, now: int, most: int) -> Iterable[Count]:
        """As :meth:`.Tallies.counts`."""
        with self._database.read() as connection:
            rows = connection.execute(_COUNTS, {"now": now, "most": most}).all()
        return [Count(row.name, row.account_id, row.address, row.forgiven_at, row.until) for row in rows]

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._database.write(moves_generation=False, patience=_PATIENCE) as transaction:
            yield transaction.connection


@lru_cache(64)
def _take(limits: tuple[tuple[str, Limit], ...], engine: str) -> str:
    """The text of :func:`_taking` for that *engine*.

    It is compiled once. SQLAlchemy would compile a statement with VALUES in it each time, which takes longer than the
    database does.
    """
    return str(_taking(limits, engine).compile(dialect=_dialect(engine)))


def _dialect(engine: str) -> Dialect:
    if engine == upsert.SQLITE:
        from sqlalchemy.dialects import sqlite

        return sqlite.dialect(paramstyle="named")
    from sqlalchemy.dialects.postgresql import psycopg

    made: Any = psycopg.dialect  # it has no types
    return made()  # type: ignore[no-any-return]  # as it has none


def _taking(limits: tuple[tuple[str, Limit], ...], engine: str) -> Any:
    """The statement that counts a try against one tally of each of *limits*, in the order of their keys.

    It counts even where something has to wait, and tells what was waited for before: the row is locked then, and no
    other try comes between. Whoever runs it undoes it, so a refused try leaves nothing.
    """
    rows = [
        {name: bindparam(f"{name}_{number}") for name in ("key", "account_id", "address", "forgiven_at", "until")}
        | {"name": _text(name), "until_before": _number(0)}
        for number, (name, _) in enumerate(limits)
    ]
    insert = upsert.insert(_tallies, engine).values(rows)

    def of_limit(value: str) -> ColumnElement[int]:
        return _of_name({name: getattr(limit, value) for name, limit in limits})

    recovery, longest = of_limit("recovery"), of_limit("longest_wait")
    most = _of_name({name: limit.most * limit.recovery for name, limit in limits})
    left = _tallies.c.forgiven_at - _NOW
    before = case((or_(left < _number(0), left > most), _number(0)), else_=left)
    owed = case((before + recovery > most, most), else_=before + recovery)
    beyond = (owed + recovery - _number(1)) // recovery - of_limit("tries")
    doubled = of_limit("first_wait").bitwise_lshift(cast(beyond - _number(1), Integer))
    return insert.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "forgiven_at": _NOW + owed,
            "until": case(
                (beyond <= _number(0), _number(0)), (doubled > longest, _NOW + longest), else_=_NOW + doubled
            ),
            "until_before": _tallies.c.until,
        },
    ).returning(_tallies.c.key, _tallies.c.until, _tallies.c.until_before)


def _of_name(numbers: Mapping[str, int]) -> ColumnElement[int]:
    """The one of *numbers* that belongs to the name of the limit in the row."""
    return case(*((_tallies.c.name == _text(name), _number(number)) for name, number in numbers.items()))


def _number(number: int) -> ColumnElement[int]:
    """In the text of the statement itself, since it is the same each time."""
    return cast(literal_column(str(number)), BigInteger)


def _text(text: str) -> ColumnElement[str]:
    quoted = text.replace("'", "''")
    return literal_column(f"'{quoted}'", Text)


def _keys(number: int) -> list[BindParameter[str]]:
    return [bindparam(f"key_{each}", type_=Text) for each in range(number)]


@lru_cache(64)
def _take_back(recoveries: tuple[int | None, ...]) -> Any:
    """*recoveries*: of each tally, milliseconds; None: all that was tried is forgiven."""
    keys = _keys(len(recoveries))
    locked = select(_tallies.c.key).where(_tallies.c.key.in_(keys)).order_by(_tallies.c.key).with_for_update()
    own = dict(zip(range(len(recoveries)), recoveries, strict=True))
    forgiven = {keys[n]: literal(0, BigInteger) for n, recovery in own.items() if recovery is None}
    back = {keys[n]: literal(recovery, BigInteger) for n, recovery in own.items() if recovery is not None}
    forgiven_at = case(
        *((_tallies.c.key == key, zero) for key, zero in forgiven.items()),
        *((_tallies.c.key == key, _tallies.c.forgiven_at - recovery) for key, recovery in back.items()),
        else_=_tallies.c.forgiven_at,
    )
    ended = or_(
        *(_tallies.c.key == key for key in forgiven),
        *(
            and_(_tallies.c.key == keys[n], _tallies.c.until == bindparam(f"until_{n}", type_=BigInteger))
            for n, recovery in own.items()
            if recovery is not None
        ),
    )
    return (
        update(_tallies)
        .where(_tallies.c.key.in_(locked))
        .values(forgiven_at=forgiven_at, until=case((ended, literal(0, BigInteger)), else_=_tallies.c.until))
    )


def _tidied(*conditions: ColumnElement[bool]) -> Any:
    """The keys of a few tallies that are removed now, unless somebody else is about to."""
    found = select(_tallies.c.key).where(*conditions).order_by(_tallies.c.forgiven_at).limit(_TIDIED)
    return select(found.with_for_update(skip_locked=True).subquery().c.key)


_NO_WAIT = or_(_tallies.c.until <= _NOW, _tallies.c.until > _NOW + LONGEST)
# Two questions in one statement, each of which the index on forgiven_at answers.
_TIDY = delete(_tallies).where(
    _tallies.c.key.in_(
        union_all(
            _tidied(_tallies.c.forgiven_at <= _NOW, _NO_WAIT),
            _tidied(_tallies.c.forgiven_at > _NOW + LONGEST, _NO_WAIT),
        )
    )
)
_UNLOCK = delete(_tallies).where(_tallies.c.account_id == bindparam("account_id"))
_COUNTS = (
    select(_tallies)
    .where(or_(_tallies.c.forgiven_at > _NOW, _tallies.c.until > _NOW))
    .order_by(_tallies.c.until.desc(), _tallies.c.forgiven_at.desc())
    .limit(bindparam("most", type_=Integer))
)
