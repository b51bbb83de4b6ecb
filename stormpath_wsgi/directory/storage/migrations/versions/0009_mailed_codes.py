"""Codes beside the tokens in mails, tokens that were just used, mails to other addresses than that of the account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    for name in ("address", "language", "details"):
        op.add_column("outbox", sa.Column(name, sa.Text))
    owners = (("tenant_id", "tenants"), ("account_id", "accounts"), ("application_id", "applications"))
    op.create_table(
        "mailed_codes",
        sa.Column("id", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text, nullable=name == "account_id") for name, _ in owners),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("wrong", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=f"fk_mailed_codes_{name}", ondelete="CASCADE")
            for name, table in owners
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mailed_codes"),
    )
    for columns in (("account_id", "purpose"), ("application_id",), ("tenant_id",), ("expires_at",)):
        op.create_index(f"ix_mailed_codes_{'_'.join(columns)}", "mailed_codes", list(columns))
    op.create_table(
        "spent_tokens",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_spent_tokens_account_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_spent_tokens"),
    )
    op.create_index("ix_spent_tokens_account_id_purpose", "spent_tokens", ["account_id", "purpose"])
    op.create_index("ix_spent_tokens_expires_at", "spent_tokens", ["expires_at"])
