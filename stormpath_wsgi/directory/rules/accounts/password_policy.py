"""The password policy applied: what a new password must contain, which old ones it may not repeat, which hashes are
kept.

Hashing takes as long as a login. So it is done before a write begins, and no other write waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, delete, insert, select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.crypto.passwords import check_format, check_strength
from stormpath_wsgi.directory.rules.accounts import asked
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import Account

_passwords, _strengths, _accounts = schema.passwords, schema.password_strengths, schema.accounts


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that was checked and hashed, ready to be stored.

    *keep*: how many hashes the policy keeps, this one included. *newest*: the position of the newest old hash that it
    was compared with; None when there was none.
    """

    hash: str = field(repr=False)
    keep: int = 1
    newest: int | None = None


#: What a password that is easy to guess may be made of.
_NAMES = ("username", "email", "given_name", "middle_name", "surname")


def of_new_account(context: Context, directory_id: str, password: Any, about: Mapping[str, Any]) -> NewPassword:
    """Checks and hashes the *password* of an account that is about to be made. Raises 2000, 2004 to 2008, 7140, 7141.

    *about*: the attributes of the account, by Python name.
    """
    text = Account.password.check(password)
    context.passwords.expect_turn()
    with context.read() as work:
        strength = _strength(work, select(_strengths).where(_strengths.c.id == directory_id))
    check_strength(text, strength, passphrase=context.passphrase)
    if context.password_check is not None:
        context.password_check.check(text, [about.get(name) for name in _NAMES])
    return NewPassword(context.passwords.hash(text), _kept(strength))


def imported(stored: Any) -> NewPassword:
    """Takes the hash *stored* of another system as a password, without checking the policy. Raises 2000, 2003, 2006."""
    text = Account.password.check(stored)
    check_format(text)
    return NewPassword(text)


def of_account(context: Context, account_id: str, password: Any) -> NewPassword:
    """Checks and hashes a new *password* of an existing account.

    Raises 404, 2000 to 2008; 2002 also when it was used before; 7140, 7141.
    """
    text = Account.password.check(password)
    context.passwords.expect_turn()
    with context.read() as work:
        policy = select(_strengths).join(_accounts, _accounts.c.directory_id == _strengths.c.id)
        strength = _strength(work, policy.where(_accounts.c.id == account_id, _accounts.c.tenant_id == work.tenant_id))
        used = _newest(work, account_id, strength["prevent_reuse"])
        about = () if context.password_check is None else _about(work, account_id)
    text = asked.password(context, account_id, text)
    check_strength(text, strength, passphrase=context.passphrase)
    if context.password_check is not None:
        context.password_check.check(text, about)
    if any(context.passwords.verify(text, hash) for _, hash in used):
        raise fault(Code.INVALID, "Account password was used before; choose another.")
    return NewPassword(context.passwords.hash(text), _kept(strength), used[0][0] if used else None)


def store(work: UnitOfWork, account_id: str, new: NewPassword) -> None:
    """Stores *new* as the password of the account, and removes the hashes that the policy does not keep.

    Raises a 409 when the password was changed while *new* was compared with the old ones.
    """
    newest = max((position for position, _ in _newest(work, account_id, 1)), default=-1)
    if new.newest is not None and new.newest != newest:
        raise fault(Code.CONFLICT, "The password was changed by somebody else at the same time; try again.")
    mine = _passwords.c.account_id == account_id
    work.connection.execute(delete(_passwords).where(mine, _passwords.c.position <= newest + 1 - new.keep))
    row = {"account_id": account_id, "position": newest + 1, "hash": new.hash, "created_at": work.now}
    work.connection.execute(insert(_passwords), row)


def _strength(work: UnitOfWork, statement: Select[Any]) -> dict[str, Any]:
    """The attributes of PasswordStrength by Python name."""
    row = work.connection.execute(statement).first()
    if row is None:
        raise fault(Code.NOT_FOUND)
    return row._asdict()


def _about(work: UnitOfWork, account_id: str) -> Sequence[object]:
    """The names and the address of the account."""
    columns = [_accounts.c[name] for name in _NAMES]
    return tuple(work.connection.execute(select(*columns).where(_accounts.c.id == account_id)).first() or ())


def _newest(work: UnitOfWork, account_id: str, number: int) -> list[tuple[int, str]]:
    """The positions and hashes of the newest *number* passwords of the account, the newest first."""
    rows = work.connection.execute(
        select(_passwords.c.position, _passwords.c.hash)
        .where(_passwords.c.account_id == account_id)
        .order_by(_passwords.c.position.desc())
        .limit(number)
    )
    return [(row.position, row.hash) for row in rows]


def _kept(strength: Mapping[str, Any]) -> int:
    return max(1, int(strength["prevent_reuse"]))
