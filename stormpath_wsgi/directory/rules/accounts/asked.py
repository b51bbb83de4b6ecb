"""What listeners are asked before an account is made, or gets another password.

Nothing is written yet, and no transaction is open: a listener may take its time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.directory.context import Context
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.wire.paths import Resource
from stormpath_wsgi.events import PasswordChangeStarts, RegistrationStarts
from stormpath_wsgi.kinds import Account

_NAMES: Mapping[str, str] = {wire: member.name for wire, member in Account.members.items()}
_WIRE = {name: wire for wire, name in _NAMES.items()}


def registration(context: Context, properties: Wire, values: Mapping[str, Any]) -> Wire:
    """The *properties* of a new account, off the wire, as the listeners have them. Raises 7110 when one refuses.

    *values*: what was made of them, by Python name. Listeners see these, which have the declared types.
    """
    sent = {_NAMES.get(name, name): value for name, value in properties.items()}
    event = RegistrationStarts(data={name: value and values.get(name, value) for name, value in sent.items()})
    asked = context.ask(event)
    return properties if asked is event else {_WIRE.get(name, name): value for name, value in asked.data.items()}


def password(context: Context, account_id: str, password: str) -> str:
    """The new *password* of the account as the listeners have it. Raises 7110 when one refuses; 2000 to 2008."""
    event = PasswordChangeStarts(account=context.href(Resource(Account, account_id)), password=password)
    asked = context.ask(event)
    return password if asked is event else Account.password.check(asked.password)
