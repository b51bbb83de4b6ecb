"""A number for each slot of accounts, and one for everybody, in the place of a single number.

The table of before is dropped: a process of an older version, which may still run, must not go on asking for a number
that does not tell of each change. Without the table it remembers nothing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "epochs",
        sa.Column("slot", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("slot", name="pk_epochs"),
        sa.CheckConstraint("slot <> 1", name=op.f("ck_epochs_not_any")),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Room for the next number beside each row: then no index has to be changed, and dead rows go at once.
        op.execute("ALTER TABLE epochs SET (fillfactor = 50)")
    op.execute("INSERT INTO epochs (slot, number) SELECT 0, number FROM epoch WHERE id = 1")
    op.drop_table("epoch")
