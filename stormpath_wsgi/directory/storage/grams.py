"""The index of the trigrams of accounts: it finds the accounts in whose texts a given text may stand.

Each run of three characters in a searchable text of an account leads to it. Who has all those of the text that is
looked for *may* have the text itself, so the texts are always compared as well. A text of one or two characters has no
trigram, and is not looked for here.

SQLite keeps the index in a table of FTS5 (``account_grams``), by numbers of accounts (``account_numbers``), because
``VACUUM`` may change those of rows. Triggers keep it up to date when accounts are changed or removed; who makes
accounts calls :func:`learn`, since a trigger for each row would make imports take a third longer. PostgreSQL keeps it
by itself: it is an index over an expression.
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


def learn(connection: Connection, ids: Collection[str]) -> None:
    """Puts new accounts into the index."""
    if connection.dialect.name != "sqlite":
        return
    parameters = {"ids": list(ids)}
    connection.execute(_NUMBER, parameters)
    connection.execute(_LEARN, parameters)


def may_have(texts: Collection[str], engine: str) -> ColumnElement[bool] | None:
    """A condition that holds for each account with one of *texts*, folded, and for few others; None where the index
    does not help. *engine*: the name of the connection's dialect.
    """
    if not texts or any(len(text) < 3 for text in texts):
        return None
    if engine == "sqlite":
        return _accounts.c.id.in_(_candidates(texts))
    every: ColumnElement[Any] = func.stormpath_grams(*TEXTS)
    return or_(*(every.op("@>", is_comparison=True)(cast(_trigrams(text), ARRAY(Text))) for text in texts))


def stops_early(connection: Connection) -> bool:
    """Whether :func:`few` can be asked. PostgreSQL collects all that its index leads to before it tells any."""
    return connection.dialect.name == "sqlite"


def few(connection: Connection, texts: Collection[str], most: int) -> ColumnElement[bool] | None:
    """A narrower condition than :func:`may_have`, if the index leads to *most* accounts or fewer; otherwise None."""
    found = connection.execute(_candidates(texts).limit(most + 1)).scalars().all()
    if len(found) > most:
        return None
    listed = func.json_each(literal(json.dumps(found))).table_valued("value")
    return _accounts.c.id.in_(select(listed.c.value))


def _candidates(texts: Collection[str]) -> Any:
    sought = " OR ".join(f"({' AND '.join(map(_quoted, _trigrams(text)))})" for text in texts)
    found = select(_numbers.c.account_id).join_from(_grams, _numbers, _numbers.c.number == _grams.c.rowid)
    return found.where(literal_column("account_grams").op("MATCH", is_comparison=True)(literal(sought)))


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
_NUMBER = insert(_numbers).from_select(["account_id"], select(_accounts.c.id).where(_accounts.c.id.in_(_IDS)))
_LEARN = insert(_grams).from_select(
    ["rowid", "text"],
    select(_numbers.c.number, _text)
    .join_from(_numbers, _accounts, _accounts.c.id == _numbers.c.account_id)
    .where(_numbers.c.account_id.in_(_IDS)),
)
