"""Whose names stand alone at an application, and what the names of the others begin with.

Each application that is there gets a home directory: that of its default account store, else of the first directory or
group that it maps; one that maps organizations only has none. Each directory gets a qualifier made of its name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from itertools import count
from unicodedata import normalize

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

#: What ends a qualifier, and what nobody sees.
_UNSAFE = re.compile(
    "[:\u2a74\ufe13\ufe55\uff1a\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)


def upgrade() -> None:
    key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "home_directories",
        sa.Column("application_id", sa.Text, nullable=False),
        sa.Column("directory_id", sa.Text),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_home_directories_application_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("application_id", name="pk_home_directories"),
    )
    op.create_table(
        "qualifiers",
        sa.Column("directory_id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("qualifier", sa.Text, nullable=False),
        sa.Column("key", key, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_qualifiers_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("directory_id", name="pk_qualifiers"),
        sa.UniqueConstraint("tenant_id", "key", name="uq_qualifiers_tenant_id_key"),
    )
    _find_homes()
    _name_directories()


def _find_homes() -> None:
    op.execute(
        """
        INSERT INTO home_directories (application_id, directory_id)
        SELECT application_id, directory_id FROM (
            SELECT m.application_id, COALESCE(m.account_store_directory_id, g.directory_id) AS directory_id,
                ROW_NUMBER() OVER (
                    PARTITION BY m.application_id
                    ORDER BY CASE
                        WHEN m.account_store_organization_id IS NOT NULL THEN 2
                        WHEN m.is_default_account_store THEN 0
                        ELSE 1
                    END, m.list_index, m.id
                ) AS place
            FROM account_store_mappings m LEFT JOIN groups g ON g.id = m.account_store_group_id
        ) AS ways WHERE place = 1
        """
    )


def _name_directories() -> None:
    directories = sa.table("directories", *(sa.column(name) for name in ("id", "tenant_id", "name", "created_at")))
    qualifiers = sa.table(
        "qualifiers", *(sa.column(name) for name in ("directory_id", "tenant_id", "qualifier", "key"))
    )
    connection = op.get_bind()
    taken: set[tuple[str, str]] = set()
    for row in connection.execute(sa.select(directories).order_by(directories.c.created_at, directories.c.id)).all():
        name = next(name for name in _names(row.name) if (row.tenant_id, _key(name)) not in taken)
        taken.add((row.tenant_id, _key(name)))
        values = {"directory_id": row.id, "tenant_id": row.tenant_id, "qualifier": name, "key": _key(name)}
        connection.execute(sa.insert(qualifiers), values)


def _names(name: str) -> Iterator[str]:
    plain = _UNSAFE.sub("_", name).strip()
    yield plain
    yield from (f"{plain} ({number})" for number in count(2))


def _key(name: str) -> str:
    """What makes it unique: folded, so that not even their case tells two apart. A name has 255 characters at most."""
    before, after = "", name
    while after != before:
        before, after = after, normalize("NFKC", normalize("NFKD", after).casefold()).strip()
    return after if len(after) <= 512 else hashlib.sha256(after.encode()).hexdigest()
