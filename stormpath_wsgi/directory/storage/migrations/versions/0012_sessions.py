"""What is known of a session, when an API key was used last, and accounts that are to be deleted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("refresh_token_id", sa.Text, nullable=False),
        sa.Column("agent", sa.Text),
        sa.Column("address", sa.Text),
        sa.Column("last_used_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["refresh_token_id"], ["refresh_tokens.id"], name="fk_sessions_refresh_token_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("refresh_token_id", name="pk_sessions"),
    )
    op.add_column("api_keys", sa.Column("last_used_at", sa.BigInteger))
    op.create_table(
        "deletions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("grace", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("application_id", sa.Text),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_deletions_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_deletions_application_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_deletions_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_deletions"),
        sa.UniqueConstraint("account_id", name="uq_deletions_account_id"),
    )
    op.create_index("ix_deletions_tenant_id_due_at", "deletions", ["tenant_id", "due_at"])
    op.create_index("ix_deletions_application_id", "deletions", ["application_id"])
