"""Wrong codes of second factors are counted with all other tries."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    for name in ("wrong_codes", "wrong_at"):
        op.drop_column("factors", name)
