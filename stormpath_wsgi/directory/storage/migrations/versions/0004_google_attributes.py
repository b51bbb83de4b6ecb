"""What Google is asked with: three more attributes of a provider."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for name in ("hd", "display", "access_type"):
        op.add_column("providers", sa.Column(name, sa.Text))
