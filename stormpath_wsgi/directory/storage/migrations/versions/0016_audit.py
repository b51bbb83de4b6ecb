"""What has happened: events that wait for the chain, the chain, and its heads."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "audit_waiting",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        *_said_of_events(),
        sa.PrimaryKeyConstraint("number", name="pk_audit_waiting"),
    )
    op.create_index("ix_audit_waiting_tenant_id_number", "audit_waiting", ["tenant_id", "number"])
    op.create_table(
        "audit_rows",
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        *_said_of_events(),
        sa.PrimaryKeyConstraint("tenant_id", "position", name="pk_audit_rows"),
    )
    op.create_index("ix_audit_rows_tenant_id_account", "audit_rows", ["tenant_id", "account"])
    op.create_table(
        "audit_heads",
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("begins", sa.Boolean, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("signature", sa.Text),
        sa.PrimaryKeyConstraint("tenant_id", "begins", name="pk_audit_heads"),
    )


def _said_of_events() -> list[sa.Column[Any]]:
    return [
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("account", "actor", "credential", "address", "agent")),
        sa.Column("details", sa.Text, nullable=False),
    ]
