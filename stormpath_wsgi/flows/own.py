"""What the flows of one's own account begin with: who is signed in, and what something is to be called."""

from __future__ import annotations

from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.client import Account
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.flows.refusals import FlowRefused
from stormpath_wsgi.session import CurrentSession


def signed_in(session: CurrentSession, refused: type[FlowRefused]) -> Account:
    """The account of *session*. Raises *refused* when nobody is signed in."""
    account = session.user.account
    if account is None:
        raise refused(Code.NO_SUCH_ACCOUNT)
    return account


def checked_name(name: object, member: kinds.Name[Any] | kinds.Text[Any], refused: type[FlowRefused]) -> str:
    """*name*, which may be anything, without blanks around it, as *member* takes it.

    Raises *refused*, with the field ``name``, for none and for one that will not do.
    """
    if not isinstance(name, str) or not name.strip():
        raise refused(Code.REQUIRED, field="name")
    try:
        checked: str = member.check(name.strip())
    except Error as error:
        raise refused.of(error, field="name") from error
    return checked
