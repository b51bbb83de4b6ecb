"""Which person of a provider an account is, and the issuers of providers.

Accounts that were imported may have the id that their provider gave them. It is taken over, unless two accounts of a
directory have the same.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

#: What is no provider of people who sign in there.
_OTHERS = ("stormpath", "saml", "ldap", "ad")
#: What providers call the id of a person in what they tell.
_NAMES = ("sub", "id")
#: Characters of the longest id that is taken over.
_LONGEST = 255

_data = sa.table("provider_data", *map(sa.column, ("id", "directory_id", "subject")), sa.column("user_info", sa.JSON))
_accounts = sa.table("accounts", sa.column("id"), sa.column("directory_id"))
_providers = sa.table("providers", sa.column("id"), sa.column("provider_id"))


def upgrade() -> None:
    op.add_column("providers", sa.Column("issuer", sa.Text))
    op.add_column("provider_data", sa.Column("directory_id", sa.Text))
    op.add_column("provider_data", sa.Column("subject", sa.Text))
    _take_over()
    op.create_index("ix_provider_data_directory_id_subject", "provider_data", ["directory_id", "subject"], unique=True)


def _take_over() -> None:
    told = (
        sa.select(_data.c.id, _accounts.c.directory_id, _data.c.user_info)
        .join_from(_data, _accounts, _accounts.c.id == _data.c.id)
        .join(_providers, _providers.c.id == _accounts.c.directory_id)
        .where(_providers.c.provider_id.not_in(_OTHERS), _data.c.user_info.is_not(None))
    )
    found = [(id, directory_id, _subject(info)) for id, directory_id, info in op.get_bind().execute(told)]
    often = Counter((directory_id, subject) for _, directory_id, subject in found)
    rows = [
        {"account": id, "directory": directory_id, "is": subject}
        for id, directory_id, subject in found
        if subject is not None and often[directory_id, subject] == 1
    ]
    if rows:
        change = sa.update(_data).where(_data.c.id == sa.bindparam("account"))
        values: dict[str, Any] = {"directory_id": sa.bindparam("directory"), "subject": sa.bindparam("is")}
        op.get_bind().execute(change.values(values), rows)


def _subject(info: Any) -> str | None:
    told = [info[name] for name in _NAMES if name in info] if isinstance(info, dict) else []
    return told[0] if told and isinstance(told[0], str) and 0 < len(told[0]) <= _LONGEST else None
