"""What began a session and begins no second one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "account_nonces",
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_account_nonces_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "nonce", name="pk_account_nonces"),
    )
    op.create_index("ix_account_nonces_expires_at", "account_nonces", ["expires_at"])
