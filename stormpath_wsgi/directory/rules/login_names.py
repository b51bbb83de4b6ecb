"""Login names: what people may type to sign in, unique within a directory.

Usernames and e-mail addresses share one space of names. Were they apart, somebody could take another's address
as a username, and whoever signs in with that address might meet the wrong account.
"""

from __future__ import annotations

from sqlalchemy import bindparam, delete, func, insert, select

from stormpath_wsgi.directory import schema
from stormpath_wsgi.directory.canonical import canonical_email, canonical_username
from stormpath_wsgi.directory.context import Work
from stormpath_wsgi.directory.records import taken
from stormpath_wsgi.errors import fault

_table, _accounts = schema.login_names, schema.accounts
_mappings, _groups = schema.account_store_mappings, schema.groups


def claim(work: Work, account_id: str, application_id: str | None = None) -> None:
    """Makes the account's username and e-mail address its only login names.

    With *application_id* none may be known to any account store of that application. Within a directory the table
    itself sees to uniqueness; across directories this looks before it writes, so two accounts made at the same
    moment in two directories of a PostgreSQL server may both succeed.

    Raises 2001, naming the attribute that is taken; 2000 when there is nothing in it that one could see.
    """
    account = work.connection.execute(_OF_ACCOUNT, {"id": account_id}).one()
    wanted = {canonical_username(account.username): "username", canonical_email(account.email): "email"}
    if "" in wanted:
        raise fault(2000, f"Account {wanted['']} is required; it cannot be null, empty, or blank.")
    if application_id is not None:
        known = work.connection.execute(_KNOWN, {"application_id": application_id, "keys": sorted(wanted)}).first()
        if known is not None:
            raise fault(2001, _taken(wanted[known.key]))
    mine = _table.c.account_id == account_id
    held = set(work.connection.execute(select(_table.c.key).where(mine)).scalars())
    if gone := held - wanted.keys():
        work.connection.execute(delete(_table).where(mine, _table.c.key.in_(gone)))
    for key in sorted(wanted.keys() - held):  # in one order for all, or two could wait for each other
        with taken(_taken(wanted[key])):
            row = {"directory_id": account.directory_id, "key": key, "account_id": account_id}
            work.connection.execute(insert(_table), row)


def _taken(attribute: str) -> str:
    return f"Account {attribute} is already in use; choose another."


_OF_ACCOUNT = select(_accounts.c.username, _accounts.c.email, _accounts.c.directory_id).where(
    _accounts.c.id == bindparam("id")
)

#: Of some keys those that the account stores of an application have; of a group its directory counts.
_KNOWN = select(_table.c.key).where(
    _table.c.key.in_(bindparam("keys", expanding=True)),
    _table.c.directory_id.in_(
        select(func.coalesce(_mappings.c.account_store_directory_id, _groups.c.directory_id))
        .outerjoin_from(_mappings, _groups, _groups.c.id == _mappings.c.account_store_group_id)
        .where(_mappings.c.application_id == bindparam("application_id"))
    ),
)
