"""SQLite's index of trigrams has the accounts by age, so that the oldest that match are found without the others.

Each account gets another number, and the index is filled anew: it has nothing but numbers and trigrams. PostgreSQL has
no such numbers.
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"

_TEXTS = ("username_folded", "email_folded", "given_name_folded", "middle_name_folded", "surname_folded")
_LOWEST = "max(min(created_at >> 6, 68719476735), -68719476736) << 26"


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute("DELETE FROM account_numbers")
    op.execute(
        "INSERT INTO account_numbers (number, account_id)"  # noqa: S608
        f" SELECT ({_LOWEST}) - 1 + row_number() OVER (PARTITION BY {_LOWEST} ORDER BY id), id FROM accounts"
    )
    text = " || char(10) || ".join(f"accounts.{name}" for name in _TEXTS)
    op.execute("INSERT INTO account_grams (account_grams) VALUES ('delete-all')")
    op.execute(
        f"INSERT INTO account_grams (rowid, text) SELECT number, {text}"  # noqa: S608
        " FROM account_numbers JOIN accounts ON accounts.id = account_numbers.account_id ORDER BY number"
    )
