"""Addresses that wait to be verified, and those of before, to which an account may return."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "email_changes",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("back", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=f"fk_email_changes_{name}", ondelete="CASCADE")
            for name, table in (("tenant_id", "tenants"), ("account_id", "accounts"))
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_email_changes"),
    )
    for columns in (("account_id", "back"), ("expires_at",)):
        op.create_index(f"ix_email_changes_{'_'.join(columns)}", "email_changes", list(columns))
