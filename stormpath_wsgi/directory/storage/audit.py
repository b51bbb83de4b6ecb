"""The tables of the audit: entries that wait, the chain, and its heads. Each function is part of one transaction."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Connection, Integer, Table, bindparam, delete, func, insert, select, update

from stormpath_wsgi.audit import BEGINNING, Entry, Head, Row, following
from stormpath_wsgi.directory.storage import schema, upsert

#: Rows that one transaction puts into the chain, or takes away, at the most.
MOST = 500

#: Rows that are read at once.
_PAGE = 1000

_waiting, _rows, _heads = schema.audit_waiting, schema.audit_rows, schema.audit_heads
_ENTRY = [each.name for each in dataclasses.fields(Entry)]

#: Makes a head of a place.
Sign = Callable[[Head], Head]


def put(connection: Connection, tenant_id: str, entries: Sequence[Entry]) -> None:
    """Stores *entries* in the transaction of the change that they tell of. They wait for the chain."""
    connection.execute(insert(_waiting), [{"tenant_id": tenant_id, **_columns(each)} for each in entries])


def waiting(connection: Connection, tenant_id: str) -> int:
    """How many entries wait."""
    return connection.execute(_NUMBER, {"tenant": tenant_id}).scalar_one()


def seal(connection: Connection, tenant_id: str, now: int, sign: Sign) -> int:
    """Moves entries that wait behind the end of the chain, :data:`MOST` at the most. Returns how many.

    None are moved while another process does that on PostgreSQL; on SQLite one process writes at a time.
    """
    head = _locked(connection, tenant_id)
    if head is None:
        return 0
    found = connection.execute(_WAITING, {"tenant": tenant_id}).all()
    if not found:
        return 0
    position, digest, sealed = head.position, head.digest, []
    for each in found:
        row = following(tenant_id, position + 1, digest, Entry(*each[1:]))
        position, digest = row.position, row.digest
        sealed.append({"tenant_id": tenant_id, "position": position, "previous": row.previous, "digest": digest})
        sealed[-1] |= _columns(row.entry)
    connection.execute(insert(_rows), sealed)
    # By their numbers: an entry with a smaller one may have been committed since they were read.
    connection.execute(_TAKE, {"numbers": [each.number for each in found]})
    _set_head(connection, sign(Head(tenant_id, position, digest, now)))
    return len(found)


def drop(connection: Connection, tenant_id: str, before: int, now: int, sign: Sign) -> Head | None:
    """Takes the oldest rows away that are older than *before*, in milliseconds, :data:`MOST` at the most.

    Returns the head that takes their place; None: there are none, or another process is about to.
    """
    if _locked(connection, tenant_id) is None:
        return None
    oldest = connection.execute(_OLDEST, {"tenant": tenant_id}).all()
    last = None
    for row in oldest:
        if row.at >= before:
            break
        last = row
    if last is None:
        return None
    begins = sign(Head(tenant_id, last.position, last.digest, now, begins=True))
    connection.execute(_DROP, {"tenant": tenant_id, "last": last.position})
    _set_head(connection, begins)
    return begins


def head(connection: Connection, tenant_id: str, *, begins: bool = False) -> Head | None:
    """Where the chain ends, or behind which row it *begins*; None: nothing is there, or nothing was taken away."""
    found = connection.execute(_HEAD, {"tenant": tenant_id, "begins": begins}).first()
    return None if found is None or (not begins and not found.position) else _head(tenant_id, found)


def rows(connection: Connection, tenant_id: str, after: int = 0) -> Iterator[Row]:
    """The rows behind the position *after*, in their order. Statements read a part of them each."""
    while page := connection.execute(_AFTER, {"tenant": tenant_id, "after": after}).all():
        yield from map(_row, page)
        after = page[-1].position


def newest(connection: Connection, tenant_id: str, most: int, **wanted: Any) -> list[Row]:
    """The newest rows, *most* of them, the oldest of them first.

    *wanted*: what columns have to be; of ``since``, milliseconds, that they are not older.
    """
    statement = select(*_OF_ROWS).where(_rows.c.tenant_id == tenant_id)
    for name, value in wanted.items():
        statement = statement.where(_rows.c.at >= value if name == "since" else _rows.c[name] == value)
    found = connection.execute(statement.order_by(_rows.c.position.desc()).limit(most)).all()
    return [_row(each) for each in reversed(found)]


def _locked(connection: Connection, tenant_id: str) -> Head | None:
    """The end of the chain, locked for this transaction; None: another one has locked it."""
    asked = {"tenant": tenant_id, "begins": False}
    found = connection.execute(_LOCKED_HEAD, asked).first()
    if found is None and connection.execute(_HEAD, asked).first() is None:  # an INSERT would wait for who has locked it
        made = {**asked, "position": 0, "digest": BEGINNING, "at": 0}
        connection.execute(_first(connection.dialect.name), made)
        found = connection.execute(_LOCKED_HEAD, asked).first()
    return None if found is None else _head(tenant_id, found)


@cache
def _first(engine: str) -> Any:
    values: dict[str, Any] = {name: bindparam(name) for name in ("begins", "position", "digest", "at")}
    return upsert.insert(_heads, engine).values(tenant_id=_TENANT, **values).on_conflict_do_nothing()


def _set_head(connection: Connection, told: Head) -> None:
    values = {"position": told.position, "digest": told.digest, "at": told.at}
    values |= {"key": told.key, "signature": told.signature}
    mine = (_heads.c.tenant_id == told.tenant) & (_heads.c.begins == told.begins)
    if not connection.execute(update(_heads).where(mine).values(values)).rowcount:
        connection.execute(insert(_heads).values(tenant_id=told.tenant, begins=told.begins, **values))


def _columns(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in _ENTRY}


def _row(found: Any) -> Row:
    return Row(found.position, found.previous, found.digest, Entry(*found[3:]))


def _head(tenant_id: str, found: Any) -> Head:
    return Head(tenant_id, found.position, found.digest, found.at, bool(found.begins), found.key, found.signature)


def _said(table: Table) -> list[Any]:
    return [table.c[name] for name in _ENTRY]


_TENANT: BindParameter[str] = bindparam("tenant")
_OF_ROWS = [_rows.c.position, _rows.c.previous, _rows.c.digest, *_said(_rows)]
_NUMBER = select(func.count()).select_from(_waiting).where(_waiting.c.tenant_id == _TENANT)
_WAITING = (
    select(_waiting.c.number, *_said(_waiting))
    .where(_waiting.c.tenant_id == _TENANT)
    .order_by(_waiting.c.number)
    .limit(MOST)
)
_TAKE = delete(_waiting).where(_waiting.c.number.in_(bindparam("numbers", expanding=True)))
_HEAD = select(_heads).where(_heads.c.tenant_id == _TENANT, _heads.c.begins == bindparam("begins"))
_LOCKED_HEAD = _HEAD.with_for_update(skip_locked=True)
_OLDEST = (
    select(_rows.c.position, _rows.c.digest, _rows.c.at)
    .where(_rows.c.tenant_id == _TENANT)
    .order_by(_rows.c.position)
    .limit(MOST)
)
_DROP = delete(_rows).where(_rows.c.tenant_id == _TENANT, _rows.c.position <= bindparam("last"))
_AFTER = (
    select(*_OF_ROWS)
    .where(_rows.c.tenant_id == _TENANT, _rows.c.position > bindparam("after", type_=Integer))
    .order_by(_rows.c.position)
    .limit(_PAGE)
)
