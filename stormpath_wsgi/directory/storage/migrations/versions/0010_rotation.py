"""How often a refresh token has rotated, and when it last did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("refresh_tokens", sa.Column("rotation", sa.Integer, nullable=False, server_default="0"))
    op.add_column("refresh_tokens", sa.Column("rotated_at", sa.BigInteger))
