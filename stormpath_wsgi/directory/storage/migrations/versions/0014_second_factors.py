"""What second factors are called, recovery codes, and how often remembered browsers were forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("factors", sa.Column("name", sa.Text))
    op.create_table(
        "second_factors",
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("forgotten", sa.Integer, nullable=False),
        sa.Column("codes_made_at", sa.BigInteger),
        _of_account("second_factors"),
        sa.PrimaryKeyConstraint("account_id", name="pk_second_factors"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("first", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        _of_account("recovery_codes"),
        sa.PrimaryKeyConstraint("account_id", "first", name="pk_recovery_codes"),
    )


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=f"fk_{table}_account_id", ondelete="CASCADE")
