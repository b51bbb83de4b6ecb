"""What Alembic runs: the steps it has found, in the transaction that ``migrate.py`` holds."""

from __future__ import annotations

from alembic import context

context.configure(**context.config.attributes)
context.run_migrations()
