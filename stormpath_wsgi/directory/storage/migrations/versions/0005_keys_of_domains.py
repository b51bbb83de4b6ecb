"""One key for a domain in letters and in ASCII: ``user@bücher.example`` and ``user@xn--bcher-kva.example``.

Where two accounts of a directory had one mailbox so, the one that spelled it in letters keeps the address as a name to
sign in with, and of two that spelled it in ASCII the older one. The other keeps its key of before, which is no longer
that of any address.
"""

from __future__ import annotations

import re
from unicodedata import normalize

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_accounts = sa.table(
    "accounts", *(sa.column(name) for name in ("id", "directory_id", "created_at", "username_folded", "email_folded"))
)
_names = sa.table("login_names", *(sa.column(name) for name in ("directory_id", "key", "account_id")))


def upgrade() -> None:
    connection = op.get_bind()
    columns = (_accounts.c.username_folded, _accounts.c.email_folded)
    touched = sa.or_(*(column.like(f"%@%{text}%") for column in columns for text in ("xn--", "\u3002")))
    order = _accounts.c.created_at, _accounts.c.id
    for row in connection.execute(sa.select(_accounts).where(touched).order_by(*order)).all():
        keys = {"username_folded": _key(row.username_folded), "email_folded": _key(row.email_folded)}
        connection.execute(sa.update(_accounts).where(_accounts.c.id == row.id).values(keys))
        for column, key in keys.items():
            _rename(connection, row, getattr(row, column), key)


def _rename(connection: sa.Connection, row: sa.Row[tuple[object, ...]], before: str, key: str) -> None:
    """Lets the account have the login name *key* in place of *before*, unless somebody has it."""
    of_directory = _names.c.directory_id == row.directory_id
    holder = connection.execute(sa.select(_names.c.account_id).where(of_directory, _names.c.key == key)).scalar()
    mine = (of_directory, _names.c.key == before, _names.c.account_id == row.id)
    if holder is None:
        connection.execute(sa.update(_names).where(*mine).values(key=key))
    elif holder == row.id and key != before:
        connection.execute(sa.delete(_names).where(*mine))


def _key(folded: str) -> str:
    before, after = "", folded
    while after != before:
        before, after = after, _in_letters(normalize("NFKC", normalize("NFKD", after).casefold()).strip())
    return after if len(after) <= 512 else folded


def _in_letters(text: str) -> str:
    local, at, domain = text.rpartition("@")
    return local + at + ".".join(map(_label, domain.replace("\u3002", ".").split("."))) if at else text


def _label(label: str) -> str:
    if not label.startswith("xn--") or not label.isascii() or len(label) > 63:
        return label
    encoded = label[4:].encode()
    try:
        letters = encoded.decode("punycode")
        is_honest = not letters.isascii() and letters.encode("punycode") == encoded
        letters.encode()  # a lone surrogate is no character
    except UnicodeError:
        return label
    return label if not is_honest or re.search("[\x80-\x9f.@]", normalize("NFKC", letters)) else letters
