"""The indexes for the ages of accounts have the ids too.

An import that does not know when people were made gives all of them one time, and sorted by that and by the id, their
first page took as long as all of them.
"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    for owner in ("directory_id", "tenant_id"):
        for name in ("created_at", "modified_at"):
            op.create_index(f"ix_accounts_{owner}_{name}_id", "accounts", [owner, name, "id"])
            op.drop_index(f"ix_accounts_{owner}_{name}", "accounts")
