"""Persons as other systems keep them: a row of Django's ``auth_user`` or of Flask-Security's ``user``, or of any table
whose columns are named for what they hold. It makes no difference whether the row is out of a database or a file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from stormpath_wsgi.directory.crypto.foreign_hashes import with_salt_of_flask_security
from stormpath_wsgi.kinds import DISABLED, ENABLED
from stormpath_wsgi.transfer.people import Person

#: One person: the place of the row, its values by column, and the names of its groups.
Reader = Callable[[str, Mapping[str, Any], tuple[str, ...]], Person]

#: The groups of those whom Django calls staff and superusers.
STAFF, SUPERUSERS = "staff", "superusers"

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_UNUSABLE = "!"  # what Django begins a hash with that no password has
_NO = frozenset({"", "0", "f", "false", "n", "no", "off"})


def of_django(where: str, row: Mapping[str, Any], groups: tuple[str, ...]) -> Person:
    """A row of ``auth_user``, or of a table for another user model with such columns.

    Staff and superusers get into the groups ``staff`` and ``superusers``. Who has no usable password gets none.
    """
    hash = _text(row.get("password"))
    flags = (STAFF,) * _is_true(row.get("is_staff")) + (SUPERUSERS,) * _is_true(row.get("is_superuser"))
    return Person(
        where,
        email=_text(row.get("email")),
        username=_text(row.get("username")),
        given_name=_text(row.get("first_name")),
        surname=_text(row.get("last_name")),
        status=ENABLED if _is_true(row.get("is_active", True)) else DISABLED,
        hash=None if hash is None or hash.startswith(_UNUSABLE) else hash,
        created_at=moment(row.get("date_joined")),
        groups=(*groups, *flags),
    )


def of_flask_security(salt: str) -> Reader:
    """Reads rows of ``user``. *salt*: the site's SECURITY_PASSWORD_SALT; empty: it hashed passwords as they are."""

    def read(where: str, row: Mapping[str, Any], groups: tuple[str, ...]) -> Person:
        hash = _text(row.get("password"))
        if hash is not None:
            hash = with_salt_of_flask_security(hash, salt)
        return Person(
            where,
            email=_text(row.get("email")),
            username=_text(row.get("username")),
            given_name=_text(row.get("first_name")),
            surname=_text(row.get("last_name")),
            status=ENABLED if _is_true(row.get("active", True)) else DISABLED,
            is_verified=moment(row.get("confirmed_at")) is not None,
            hash=hash,
            created_at=moment(row.get("create_datetime") or row.get("confirmed_at")),
            groups=groups,
        )

    return read


def of_columns(where: str, row: Mapping[str, Any], groups: tuple[str, ...]) -> Person:
    """A row whose columns are called as in :data:`COLUMNS`. Custom data is in columns ``customData.NAME``."""
    data = {name.partition(".")[2]: value for name, value in row.items() if name.startswith(DATA) and value != ""}
    status = _text(row.get("status"))
    return Person(
        where,
        email=_text(row.get("email")),
        username=_text(row.get("username")),
        given_name=_text(row.get("givenName")),
        middle_name=_text(row.get("middleName")),
        surname=_text(row.get("surname")),
        status=ENABLED if status is None else status,
        is_verified=_is_true(row.get("emailVerified", "")),
        hash=_text(row.get("passwordHash")),
        created_at=moment(row.get("createdAt")),
        groups=groups,
        data=data,
    )


#: What a column can hold, with other names of such columns.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "email": ("mail", "emailaddress"),
    "username": ("login", "user", "loginname"),
    "givenName": ("firstname",),
    "middleName": (),
    "surname": ("lastname", "familyname"),
    "status": (),
    "emailVerified": (),
    "passwordHash": ("hash",),
    "groups": ("roles",),
    "createdAt": ("created", "datejoined"),
}
DATA = "customData."


def moment(value: Any) -> int | None:
    """The moment *value*, as databases and files have them, in milliseconds; None where it is none.

    One without a time zone is taken as UTC.
    """
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, dt.datetime):
        return None
    if value.tzinfo is None:
        value = value.replace(tzinfo=dt.UTC)
    milliseconds = round((value - _EPOCH) / dt.timedelta(milliseconds=1))
    return milliseconds if milliseconds >= 0 else None


def _text(value: Any) -> str | None:
    return None if value is None or str(value) == "" else str(value)


def _is_true(value: Any) -> bool:
    return value.strip().lower() not in _NO if isinstance(value, str) else bool(value)
