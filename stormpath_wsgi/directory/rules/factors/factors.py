"""Second factors of an account: a phone to which codes are sent, or an authenticator app that computes codes.

Source: the factor in the resource reference of the REST API v1, and its chapter on multi-factor authentication.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.crypto import totp
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.factors import challenges, counting, phones
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import SMS, Factor, id_of

_factors = schema.factors
_USERNAME = select(schema.accounts.c.username).where(schema.accounts.c.id == bindparam("id"))


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Makes a factor of an account. With ``challenge=true``, or a challenge in the body, it also challenges the phone.

    After an error nothing is stored: a bad number or message leaves neither factor nor phone. Raises 2015, 13101,
    13103, 13105, …
    """
    rest, phone = _parted(properties)
    values = bodies.of_creation(Factor, rest, context.base_url).values
    first = values.pop("challenge", None)
    message = challenges.template((first or {}).get("message"))
    outgoing, id = None, new_id()
    with context.write(moves_generation=False) as work:
        records.require_owner(work, listing)
        if values["type"] == SMS:
            _check_plain(values)
            phone_id = phones.of_factor(work, listing.id, phone)
            records.make(work, Factor, id, values, account_id=listing.id, phone_id=phone_id)
            if str(params.get("challenge", first is not None)).strip().lower() == "true":
                outgoing = challenges.ask(work, id, message)
        elif phone is None and first is None:
            values = {**_named(work, listing.id, values), "secret": totp.new_secret()}
            records.make(work, Factor, id, values, account_id=listing.id)
        else:
            raise fault(Code.UNKNOWN_PROPERTY, "Factor phone and challenge are for the type SMS only.")
        made = records.load(work, Resource(Factor, id))
    if outgoing:
        challenges.deliver(context, outgoing)
    return made


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """Changes the status of a factor, and the name under which an authenticator app shows it."""
    with context.write(about=()) as work:
        current = records.load_own(work, target)
        values = bodies.of_update(Factor, properties, current).values
        if current["type"] == SMS:
            _check_plain(values)
        elif "account_name" in values:
            values = _named(work, id_of(current["account"]["href"]), values)
        with counting.watching(work, _factors.c.id == target.id):
            records.change(work, Factor, target.id, values)
        return records.load(work, target)


def remove(context: Context, target: Resource) -> None:
    """Removes a factor, with its challenges. Its phone stays."""
    with context.write(about=()) as work:
        records.load_own(work, target)  # raises a 404
        with counting.watching(work, _factors.c.id == target.id):
            records.remove(work, Factor, target.id)


def _named(work: UnitOfWork, account_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """*values* with the name that the app shows: the username, unless one is given."""
    name = values.get("account_name") or work.connection.execute(_USERNAME, {"id": account_id}).scalar_one()
    return {**values, "account_name": name}


def _check_plain(values: Mapping[str, Any]) -> None:
    for attribute in (Factor.account_name, Factor.issuer):
        if values.get(attribute.name) is not None:
            raise fault(Code.UNKNOWN_PROPERTY, f"Factor {attribute.wire} is for the type google-authenticator only.")


def _parted(properties: Any) -> tuple[Any, Any]:
    """The body without its phone, and the phone, which may be a link or the properties of a phone."""
    if not isinstance(properties, Mapping):
        return properties, None
    rest = dict(properties)
    phone = rest.pop(Factor.phone.wire, None)
    return rest, phone
