"""What large directories need: the numbers of members, their age, an index of trigrams, and removals in small steps.

SQLite has the index as a table of FTS5, which knows an account by a number of its own, since those of rows may change.
PostgreSQL has it as a GIN index over an expression, which needs no extension.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_TEXTS = ("username_folded", "email_folded", "given_name_folded", "middle_name_folded", "surname_folded")
_PARTS = 8


def upgrade() -> None:
    op.create_table(
        "member_counts",
        sa.Column("group_id", sa.Text, nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("group_id", "part", name="pk_member_counts"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_member_counts_group_id", ondelete="CASCADE"),
    )
    op.execute(
        "INSERT INTO member_counts (group_id, part, number)"
        " SELECT group_id, 0, count(*) FROM group_memberships GROUP BY group_id"
    )
    op.add_column(
        "group_memberships", sa.Column("account_created_at", sa.BigInteger, nullable=False, server_default="0")
    )
    op.execute(
        "UPDATE group_memberships SET account_created_at ="
        " (SELECT created_at FROM accounts WHERE accounts.id = group_memberships.account_id)"
    )
    op.create_index(
        "ix_group_memberships_group_id_account_created_at_account_id",
        "group_memberships",
        ["group_id", "account_created_at", "account_id"],
    )
    op.create_table(
        "removals",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_removals"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_removals_tenant_id", ondelete="CASCADE"),
    )
    op.create_index("ix_removals_tenant_id", "removals", ["tenant_id"])
    (_on_sqlite if op.get_bind().dialect.name == "sqlite" else _on_postgresql)()


def _on_sqlite() -> None:
    op.execute(
        "CREATE TABLE account_numbers (number INTEGER NOT NULL PRIMARY KEY,"
        " account_id TEXT NOT NULL UNIQUE REFERENCES accounts (id) ON DELETE CASCADE)"
    )
    op.execute(
        "CREATE VIRTUAL TABLE account_grams USING fts5"
        "(text, content='', columnsize=0, detail=none, tokenize='trigram case_sensitive 1')"
    )
    op.execute("INSERT INTO account_numbers (account_id) SELECT id FROM accounts ORDER BY created_at, id")
    op.execute(
        f"INSERT INTO account_grams (rowid, text) SELECT number, {_text('accounts')}"  # noqa: S608
        " FROM account_numbers JOIN accounts ON accounts.id = account_numbers.account_id ORDER BY number"
    )
    forget = (
        "INSERT INTO account_grams (account_grams, rowid, text)"  # noqa: S608
        f" SELECT 'delete', number, {_text('old')} FROM account_numbers WHERE account_id = old.id;"
    )
    learn = (
        "INSERT INTO account_grams (rowid, text)"  # noqa: S608
        f" SELECT number, {_text('new')} FROM account_numbers WHERE account_id = new.id;"
    )
    op.execute(f"CREATE TRIGGER account_grams_delete BEFORE DELETE ON accounts BEGIN {forget} END")
    op.execute(
        f"CREATE TRIGGER account_grams_update AFTER UPDATE OF {', '.join(_TEXTS)} ON accounts"
        f" WHEN {_text('old')} <> {_text('new')} BEGIN {forget} {learn} END"
    )


def _text(row: str) -> str:
    return " || char(10) || ".join(f"{row}.{name}" for name in _TEXTS)


def _on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION stormpath_grams(VARIADIC texts text[]) RETURNS text[]"
        " LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS"
        " 'SELECT array(SELECT substr(t, n, 3) FROM unnest(texts) t, generate_series(1, length(t) - 2) n)'"
    )
    op.execute(f"CREATE INDEX ix_accounts_grams ON accounts USING gin (stormpath_grams({', '.join(_TEXTS)}))")
