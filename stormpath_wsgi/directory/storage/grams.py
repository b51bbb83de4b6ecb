"""The index of the trigrams of accounts: it finds the accounts in whose texts a given text may stand.

Each run of three characters in a searchable text of an account leads to it. Who has all those of the text that is
looked for *may* have the text itself, so the texts are always compared as well. A text of one or two characters has no
trigram, and is not looked for here.

SQLite keeps the index in a table of FTS5 (``account_grams``), by numbers of accounts (``account_numbers``), because
``VACUUM`` may change those of rows. Triggers keep it up to date when accounts are changed or removed; who makes
accounts calls :func:`learn`, since a trigger for each row would make imports take a third longer. PostgreSQL keeps it
by itself: it is an index over an expression.

The numbers follow the age of the accounts: the higher bits tell when an account was made, in units of 64 milliseconds,
and the lower ones tell accounts of the same unit apart, in no order. FTS5 finds the lowest numbers first, and so the
oldest accounts, without a look at the others.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    table,
)

from stormpath_wsgi.directory.storage import schema

#: Trigrams of one text that are looked for, at the most.
MOST = 24

_accounts = schema.accounts
#: The texts in the index. It is made by a migration: another column takes another index.
TEXTS: Sequence[ColumnElement[str]] = [
    _accounts.c[f"{name}_folded"] for name in ("username", "email", "given_name", "middle_name", "surname")
]
_numbers = table("account_numbers", column("number"), column("account_id"))
_grams = table("account_grams", column("rowid"), column("text"))
#: The number of an account in what :func:`led_to` returns.
NUMBER = _grams.c.rowid
_UNIT, _ROOM = 6, 26  # bits: of the milliseconds that are one unit of time, and for the accounts of one unit
_UNITS = 2**36  # before 1970 and after it; what is older or younger counts as the oldest or youngest unit


def learn(connection: Connection, ids: Collection[str]) -> None:
    """Puts new accounts into the index."""
    if connection.dialect.name != "sqlite":
        return
    parameters = {"ids": list(ids)}
    connection.execute(_GIVE_NUMBERS, parameters)
    connection.execute(_FILL, parameters)


def is_known(texts: Collection[str] | None) -> bool:
    """Whether the index leads to those who have one of *texts*: none may be too short."""
    return bool(texts) and all(len(text) >= 3 for text in texts or ())


def may_have(texts: Collection[str], engine: str) -> ColumnElement[bool] | None:
    """A condition that holds for each account with one of *texts*, folded, and for few others; None where the index
    does not help. *engine*: the name of the connection's dialect.
    """
    if not is_known(texts):
        return None
    if engine == "sqlite":
        return _accounts.c.id.in_(_candidates(texts))
    every: ColumnElement[Any] = func.stormpath_grams(*TEXTS)
    return or_(*(every.op("@>", is_comparison=True)(cast(_trigrams(text), ARRAY(Text))) for text in texts))


def stops_early(connection: Connection) -> bool:
    """Whether the index can be gone through by age, and stopped: that of SQLite. PostgreSQL collects all that its index
    leads to before it tells any.
    """
    return connection.dialect.name == "sqlite"


def few(connection: Connection, texts: Collection[str], most: int) -> ColumnElement[bool] | None:
    """A narrower condition than :func:`may_have`, if the index leads to *most* accounts or fewer; otherwise None."""
    if reach(connection, texts, most) is not None:
        return None
    found = connection.execute(_candidates(texts)).scalars().all()
    listed = func.json_each(literal(json.dumps(found))).table_valued("value")
    return _accounts.c.id.in_(select(listed.c.value))


def reach(
    connection: Connection, texts: Collection[str], far: int, *, descending: bool = False, since: int | None = None
) -> int | None:
    """The number of the account to which the index leads after *far* older ones, *descending*: younger ones. None: it
    leads to no more than these. *since*: milliseconds since the epoch, at which to begin; None: at the end. For SQLite.
    """
    found = select(NUMBER).where(_matches(texts), *_bounds(since, None, descending=descending))
    last: int | None = connection.execute(found.order_by(by_age(descending=descending)).limit(1).offset(far)).scalar()
    return last


def led_to(
    statement: Select[Any], texts: Collection[str], until: int | None, *, descending: bool, since: int | None
) -> Select[Any]:
    """*statement*, which selects accounts, limited to those to which the index leads, up to the number *until*
    (*descending*: down to it; None: all). *since*: see :func:`reach`. For SQLite.

    An expression keeps SQLite from beginning with the accounts, which would be all of them.
    """
    joined = _numbers.c.number == NUMBER, _numbers.c.account_id.concat("") == _accounts.c.id
    return statement.where(_matches(texts), *joined, *_bounds(since, until, descending=descending))


def by_age(*, descending: bool) -> ColumnElement[Any]:
    """The order of the numbers in what :func:`led_to` returns: that of the age, but within a unit of time."""
    return NUMBER.desc() if descending else NUMBER.asc()


def end_of_unit(number: int, *, descending: bool) -> int:
    """The last number of the unit of time that *number* is in; *descending*: the first one. Who is older or younger
    than another one is told only by numbers of different units.
    """
    return _edge(number >> _ROOM, last=not descending)


def _bounds(since: int | None, until: int | None, *, descending: bool) -> list[ColumnElement[bool]]:
    """The conditions that a number is at least in the unit of time of *since*, and not beyond *until*."""
    number, bounds = NUMBER, list[ColumnElement[bool]]()
    if since is not None:
        edge = _edge(_unit(since), last=descending)
        bounds.append(number <= edge if descending else number >= edge)
    if until is not None:
        bounds.append(number >= until if descending else number <= until)
    return bounds


def _unit(created_at: int) -> int:
    return min(max(created_at >> _UNIT, -_UNITS), _UNITS - 1)


def _edge(unit: int, *, last: bool) -> int:
    """The lowest number of a unit of time, or the *last* one."""
    return ((unit + 1) << _ROOM) - 1 if last else unit << _ROOM


def _candidates(texts: Collection[str]) -> Any:
    found = select(_numbers.c.account_id).join_from(_grams, _numbers, _numbers.c.number == NUMBER)
    return found.where(_matches(texts))


def _matches(texts: Collection[str]) -> ColumnElement[bool]:
    sought = " OR ".join(f"({' AND '.join(map(_quoted, _trigrams(text)))})" for text in texts)
    return literal_column("account_grams").op("MATCH", is_comparison=True)(literal(sought))


def _trigrams(text: str) -> list[str]:
    """Trigrams that cover *text*, or as many that are spread over it. Those between them would find hardly fewer."""
    last = len(text) - 3
    every = list(dict.fromkeys(text[at : at + 3] for at in (*range(0, last, 3), last)))
    return every[:: -(-len(every) // MOST)]


def _quoted(gram: str) -> str:
    escaped = gram.replace('"', '""')
    return f'"{escaped}"'


_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_text: ColumnElement[str] = TEXTS[0]
for _more in TEXTS[1:]:
    _text = _text + func.char(10) + _more
_lowest = func.max(func.min(_accounts.c.created_at.op(">>")(_UNIT), _UNITS - 1), -_UNITS).op("<<")(_ROOM)
_new = (
    select(_accounts.c.id.label("account_id"), _lowest.label("lowest"))
    .where(_accounts.c.id.in_(_IDS))
    .subquery("new_accounts")
)
_highest = (
    select(func.max(_numbers.c.number))
    .where(_numbers.c.number.between(_new.c.lowest, _new.c.lowest + (2**_ROOM - 1)))
    .scalar_subquery()
)
_place = func.row_number().over(partition_by=_new.c.lowest, order_by=_new.c.account_id)
_GIVE_NUMBERS = insert(_numbers).from_select(
    ["number", "account_id"], select(func.coalesce(_highest, _new.c.lowest - 1) + _place, _new.c.account_id)
)
_FILL = insert(_grams).from_select(
    ["rowid", "text"],
    select(_numbers.c.number, _text)
    .join_from(_numbers, _accounts, _accounts.c.id == _numbers.c.account_id)
    .where(_numbers.c.account_id.in_(_IDS))
    .order_by(_numbers.c.number),
)
