"""Account schemas: which of their names the accounts of a directory must have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, insert, select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import Account, Field

_fields = schema.fields
_NAMES = (Account.given_name, Account.surname)


def make(work: UnitOfWork, directory_id: str) -> None:
    """Makes the two fields of a new directory: the given name and the surname."""
    row = {"schema_id": directory_id, "required": False, "created_at": work.now, "modified_at": work.now}
    rows = [
        {**row, "id": new_id(), "name": name.wire, "name_folded": records.key_of(Field.name)(name.wire)}
        for name in _NAMES
    ]
    work.connection.execute(insert(_fields), rows)


def check_new(work: UnitOfWork, directory_id: str, values: Mapping[str, Any]) -> None:
    """Raises 2000 when the *values* of a new account, by names in Python, lack a required field of the directory."""
    _check(work, directory_id, {name.wire: values.get(name.name) for name in _NAMES})


def check_change(work: UnitOfWork, directory_id: str, values: Mapping[str, Any]) -> None:
    """Raises 2000 when *values* remove a required field from an account. A field that it never had may stay empty."""
    taken = {name.wire: None for name in _NAMES if name.name in values and values[name.name] is None}
    if taken:
        _check(work, directory_id, taken)


def _check(work: UnitOfWork, directory_id: str, names: Mapping[str, Any]) -> None:
    required = work.connection.execute(_REQUIRED, {"schema_id": directory_id}).scalars()
    for name in required:
        if name in names and names[name] is None:
            raise fault(Code.REQUIRED, f"Account {name} is required; it cannot be null, empty, or blank.")


_REQUIRED = (
    select(_fields.c.name).where(_fields.c.schema_id == bindparam("schema_id"), _fields.c.required).order_by("name")
)
