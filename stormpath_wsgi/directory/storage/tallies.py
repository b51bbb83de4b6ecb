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
    column,
    delete,
    exists,
    literal,
    literal_column,
    or_,
    select,
    union_all,
    update,
    values,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.exc import IntegrityError

from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.limits.limit import LONGEST, Limit, Tally
from stormpath_wsgi.limits.tallies import Count, Taken

_TIDIED = 8  # tallies; one try adds four at the most

# Seconds to wait for a lock on PostgreSQL. A sign-in goes on without the table rather than wait longer. And it is less
# than the server's deadlock_timeout: where a try and whoever removes the account wait for each other, the try gives up.
_PATIENCE = 0.8

_psycopg: Any = psycopg.dialect  # it has no types
_DIALECTS: dict[str, Dialect] = {"sqlite": sqlite.dialect(paramstyle="named"), "postgresql": _psycopg()}

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
                taken = [Taken(row.key, row.until, limit_of[row.key].waits(row.until_before, now)) for row in rows]
                refused = [each for each in taken if each.refused]
                if refused:  # what was counted of the others at the same moment is undone
                    connection.rollback()
        except IntegrityError:  # the account was removed meanwhile: nobody gets into it any more
            return []
        return refused or taken

    def take_back(self, tallies: Sequence[Tally], taken: Sequence[Taken], now: int) -> None:
        """As :meth:`.Tallies.take_back`."""
        begun = {each.key: each.until for each in taken}
        given: dict[str, Any] = {"now": now}
        for number, tally in enumerate(tallies):
            given |= {f"key_{number}": tally.key, f"until_{number}": begun.get(tally.key, 0)}
        recoveries = tuple(None if tally.forgiven else tally.limit.recovery for tally in tallies)
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
    return str(_taking(limits, engine).compile(dialect=_DIALECTS[engine]))


def _taking(limits: tuple[tuple[str, Limit], ...], engine: str) -> Any:
    """The statement that counts a try against one tally of each of *limits*, in the order of their keys.

    What has to wait is found first. If anything has to, only that goes on, and its row stays as it is; so the answer
    says why, and a refused try adds no row. The row is looked at once more when it is locked: on PostgreSQL another try
    may have been counted since.
    """
    given = _given(limits)
    held = _tallies.alias("held")
    waiting = (
        select(given.c.key)
        .join(held, held.c.key == given.c.key)
        # The keys once more, since SQLite may otherwise begin with the other table, and read all of it.
        .where(held.c.key.in_(_keys(len(limits))), _waits(held.c.until, given.c.longest_wait))
        .cte("waiting")
    )
    names = [each.name for each in _tallies.columns]
    source = (
        select(
            given.c.key,
            given.c.name,
            given.c.account_id,
            given.c.address,
            given.c.forgiven_at,
            given.c.until,
            _number(0),
        )
        .where(or_(~exists(select(waiting.c.key)), given.c.key.in_(select(waiting.c.key))))
        .order_by(given.c.key)
    )
    insert: Any = (sqlite if engine == "sqlite" else postgresql).insert(_tallies).from_select(names, source)
    by_name = dict(limits)

    def of_limit(value: str) -> ColumnElement[int]:
        return _of_name({name: getattr(limit, value) for name, limit in by_name.items()})

    recovery, longest = of_limit("recovery"), of_limit("longest_wait")
    most = _of_name({name: limit.most * limit.recovery for name, limit in by_name.items()})
    left = _tallies.c.forgiven_at - _NOW
    before = case((or_(left < _number(0), left > most), _number(0)), else_=left)
    owed = case((before + recovery > most, most), else_=before + recovery)
    beyond = (owed + recovery - _number(1)) // recovery - of_limit("tries")
    doubled = of_limit("first_wait").bitwise_lshift(cast(beyond - _number(1), Integer))
    until = case((beyond <= _number(0), _number(0)), (doubled > longest, _NOW + longest), else_=_NOW + doubled)
    waits = _waits(_tallies.c.until, longest)
    return insert.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "forgiven_at": case((waits, _tallies.c.forgiven_at), else_=_NOW + owed),
            "until": case((waits, _tallies.c.until), else_=until),
            "until_before": _tallies.c.until,
        },
    ).returning(_tallies.c.key, _tallies.c.until, _tallies.c.until_before)


def _given(limits: tuple[tuple[str, Limit], ...]) -> Any:
    """The tallies of a try as a table, with what they are when nothing was tried before."""
    columns = {
        "key": Text,
        "name": Text,
        "account_id": Text,
        "address": Text,
        "forgiven_at": BigInteger,
        "until": BigInteger,
        "longest_wait": BigInteger,
    }
    rows = [
        tuple(
            _text(name)
            if each == "name"
            else _number(limit.longest_wait)
            if each == "longest_wait"
            else cast(bindparam(f"{each}_{number}", type_=kind()), kind)
            for each, kind in columns.items()
        )
        for number, (name, limit) in enumerate(limits)
    ]
    return values(*(column(name, kind) for name, kind in columns.items()), name="given").data(rows).cte("given")


def _of_name(numbers: Mapping[str, int]) -> ColumnElement[int]:
    """The one of *numbers* that belongs to the name of the limit in the row."""
    return case(*((_tallies.c.name == _text(name), _number(number)) for name, number in numbers.items()))


def _number(number: int) -> ColumnElement[int]:
    """In the text of the statement itself, since it is the same each time."""
    return cast(literal_column(str(number)), BigInteger)


def _text(text: str) -> ColumnElement[str]:
    quoted = text.replace("'", "''")
    return literal_column(f"'{quoted}'", Text)


def _waits(until: Any, longest_wait: Any) -> ColumnElement[bool]:
    """As :meth:`.Limit.waits`."""
    return and_(until > _NOW, until <= _NOW + longest_wait)


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
