"""Login names: what people may type to sign in, unique within a directory.

Usernames and e-mail addresses share one space of names. Were they apart, somebody could take another's address
as a username, and whoever signs in with that address might meet the wrong account.
"""

from __future__ import annotations

from sqlalchemy import bindparam, delete, insert, select

from stormpath_wsgi.directory import schema
from stormpath_wsgi.directory.canonical import canonical_email, canonical_username
from stormpath_wsgi.directory.context import Work
from stormpath_wsgi.directory.records import taken
from stormpath_wsgi.errors import fault

_table, _accounts = schema.login_names, schema.accounts


def claim(work: Work, account_id: str) -> None:
    """Makes the account's username and e-mail address its only login names.

    Raises 2001, naming the attribute that is taken; 2000 when there is nothing in it that one could see.
    """
    account = work.connection.execute(_OF_ACCOUNT, {"id": account_id}).one()
    wanted = {canonical_username(account.username): "username", canonical_email(account.email): "email"}
    if "" in wanted:
        raise fault(2000, f"Account {wanted['']} is required; it cannot be null, empty, or blank.")
    mine = _table.c.account_id == account_id
    held = set(work.connection.execute(select(_table.c.key).where(mine)).scalars())
    if gone := held - wanted.keys():
        work.connection.execute(delete(_table).where(mine, _table.c.key.in_(gone)))
    for key in sorted(wanted.keys() - held):  # in one order for all, or two could wait for each other
        with taken(f"Account {wanted[key]} is already in use; choose another."):
            row = {"directory_id": account.directory_id, "key": key, "account_id": account_id}
            work.connection.execute(insert(_table), row)


_OF_ACCOUNT = select(_accounts.c.username, _accounts.c.email, _accounts.c.directory_id).where(
    _accounts.c.id == bindparam("id")
)
