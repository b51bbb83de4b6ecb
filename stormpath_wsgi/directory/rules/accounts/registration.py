"""What a registration does beside making an account: it does not tell that an address is taken, and a double click
makes one account.

Whoever asks with ``hidesTaken=true``, where addresses are verified, is answered the same for an address that an account
has as for a new one. The same is done too: an account is made, and undone again. Its owner gets a mail that says so. A
name that is no address is chosen by its owner, and everybody is told that it is taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.mail import VERIFICATION
from stormpath_wsgi.directory.mail.purposes import EMAIL_TAKEN
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.accounts import login_names
from stormpath_wsgi.directory.rules.mails import mailed_codes, notices, spent_tokens
from stormpath_wsgi.directory.rules.mails.outbox import put
from stormpath_wsgi.directory.wire.canonical import canonical_email, canonical_username
from stormpath_wsgi.directory.wire.paths import Resource
from stormpath_wsgi.errors import TooManyTries, fault

_PURPOSE = "registration"


@dataclass(frozen=True, slots=True)
class Taken:
    """An address that is taken: *owner* is the id of the account that has it. *names*: login names that nobody has, as
    many as were asked for, for the account that is undone.
    """

    owner: str
    names: Mapping[str, str]


def hides(params: Mapping[str, Any]) -> bool:
    """Whether it is not to be told that an address is taken: with ``hidesTaken=true`` in *params*."""
    return str(params.get("hidesTaken", "")).strip().lower() == "true"


def mails_code(params: Mapping[str, Any]) -> bool:
    """Whether a code is mailed to who has a ticket: not with ``mailsCode=false`` in *params*."""
    return str(params.get("mailsCode", "true")).strip().lower() != "false"


def may_tell(context: Context, email: str) -> bool:
    """Counts a registration with that address, which may cause a mail to its owner. Returns whether there may be one.

    Everybody is answered the same all the same. It counts for the address, whether an account has it or not.
    """
    with context.read() as work:
        tenant_id = work.tenant_id
    try:
        with context.limits.mail(EMAIL_TAKEN, tenant_id, canonical_email(email), None):
            return True
    except TooManyTries:
        return False


def taken(work: UnitOfWork, id: str, directory_id: str, values: Mapping[str, Any], among: Resource) -> Taken | None:
    """Who has the address, or an address that was given as a username; None: nobody. *id*: of the new account. Raises
    2001 for another username that is taken.
    """
    username, email = canonical_username(values["username"]), canonical_email(values["email"])
    owners = login_names.owners(work, directory_id, (username, email), among)
    if username != email and username in owners and "@" not in username:
        raise fault(Code.NOT_UNIQUE, login_names.taken_text("username"))
    owner = owners.get(email) or owners.get(username)
    email_instead = f"{id}@undone.invalid"
    names = {"username": email_instead if username == email else id, "email": email_instead}
    return None if owner is None else Taken(owner, names)


@contextmanager
def undone(work: UnitOfWork, undo: bool) -> Iterator[None]:
    """Undoes what the block does, and lets nobody be told of it, where *undo* says so."""
    told = len(work.told)
    with work.connection.begin_nested() as step:
        yield
        if undo:
            step.rollback()
            del work.told[told:]


def tell(
    work: UnitOfWork, found: Taken, application_id: str | None, *, mails_code: bool = True, may_tell: bool = True
) -> None:
    """Stores the mail to the owner of the address, once for one click, and a code that is no good."""
    code = mailed_codes.make(work, VERIFICATION, None, application_id) if application_id and mails_code else {}
    if code is None:
        return
    if may_tell:
        notices.tell(work, EMAIL_TAKEN, found.owner, application_id=application_id, link=work.mail.at("/login"))
    else:
        put(work, EMAIL_TAKEN, None, application_id=application_id)  # which goes nowhere, and takes as long


def note(work: UnitOfWork, account_id: str, values: Mapping[str, Any], password: Any) -> None:
    """Notes that the browser that has a ticket has just made this account."""
    spent_tokens.note(work, _PURPOSE, canonical_email(values["email"]), account_id, _asked(values, password))


def repeated(work: UnitOfWork, values: Mapping[str, Any], password: Any) -> str | None:
    """The id of the account that the same browser has just made in the same way; None: it has not."""
    return spent_tokens.owner(work, _PURPOSE, canonical_email(values["email"]), _asked(values, password))


def as_if_made(made: Wire, values: Mapping[str, Any]) -> Wire:
    """What is answered of an account that was undone: *made*, with the names that it would have, and ``taken``."""
    return {**made, "username": values["username"], "email": values["email"], "taken": True}


def _asked(values: Mapping[str, Any], password: Any) -> str:
    return json.dumps([values, password], sort_keys=True, default=str)
