"""Phones of an account: the form of a number, and what happens when it changes.

Source: the phone in the resource reference of the REST API v1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select, update

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.factors import counting
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import UNVERIFIED, VERIFIED, Phone

# E.164: a country code, which does not start with 0, and at most 15 digits in all. No number in use has fewer than
# seven. Numbers of North America (+1) have ten digits after the country code, and neither area nor exchange starts with
# 0 or 1. Which other numbers are in use changes every month; the service that sends the message knows, and refuses
# wrong ones.
_E164 = re.compile(r"\+(?:1[2-9][0-9]{2}[2-9][0-9]{6}|[2-9][0-9]{6,14})")
_NATIONAL = re.compile(r"[0-9]{10}")  # of the United States
_PUNCTUATION = re.compile(r"[\s().-]")

_phones, _factors = schema.phones, schema.factors
_MINE = select(_phones.c.id, _phones.c.number).where(_phones.c.account_id == bindparam("account_id"))
_AT, _NUMBERED = _MINE.where(_phones.c.id == bindparam("id")), _MINE.where(_phones.c.number == bindparam("number"))
# Rows are locked in this order, the same as for an answer to a challenge, so that there is no deadlock.
_LOCKS = (
    select(_factors.c.id).where(_factors.c.phone_id == bindparam("id")).with_for_update(),
    select(_phones.c.id).where(_phones.c.id == bindparam("id")).with_for_update(),
)


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Makes a phone of an account. Raises 13101, 13102."""
    values = _values(properties, context.base_url)
    with context.write(moves_generation=False) as work:
        records.require_owner(work, listing)
        return records.load(work, Resource(Phone, _make(work, listing.id, values)))


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """Changes a phone. With another number, its factors become UNVERIFIED.

    Raises 13100 for another number of a VERIFIED phone, 13101 and 13102 for a wrong number or one that the account has.
    """
    with context.write(about=()) as work:
        records.load_own(work, target)
        _lock(work, target.id)
        current = records.load(work, target)
        values = bodies.of_update(Phone, properties, current).values
        if "number" in values:
            values["number"] = e164(values["number"])
        mine = _factors.c.phone_id == target.id
        with counting.watching(work, mine):
            if values.get("number", current["number"]) != current["number"]:
                if VERIFIED in (current["verificationStatus"], values.get("verification_status")):
                    raise fault(Code.PHONE_VERIFIED)
                unproved = update(_factors).where(mine)
                work.connection.execute(unproved.values(verification_status=UNVERIFIED))
            records.change(work, Phone, target.id, values)
        return records.load(work, target)


def remove(context: Context, target: Resource) -> None:
    """Removes a phone, with its factors."""
    with context.write(about=()) as work:
        records.load_own(work, target)  # raises a 404 first, so that a caller cannot lock the phone of another tenant
        _lock(work, target.id)
        with counting.watching(work, _factors.c.phone_id == target.id):
            records.remove(work, Phone, target.id)


def e164(number: str) -> str:
    """*number* in international form.

    A number without a country code is taken as one of the United States. Raises 13101.
    """
    digits = _PUNCTUATION.sub("", number)
    if _NATIONAL.fullmatch(digits):
        digits = f"+1{digits}"
    if not _E164.fullmatch(digits):
        raise fault(Code.PHONE_NUMBER_INVALID)
    return digits


def of_factor(work: UnitOfWork, account_id: str, given: Any) -> str:
    """The id of the phone that a new factor names: by href, or by a number. A phone with a new number is made.

    Raises 2000, 2004, 2014, 2016, 13101, 13111.
    """
    if not given:
        raise fault(Code.REQUIRED, "Factor phone is required for the type SMS; it cannot be null, empty, or blank.")
    if not isinstance(given, Mapping):
        raise fault(Code.WRONG_TYPE, "Factor phone must be an object with a number or an href.")
    href = given.get("href")
    if href is None:
        return _found_or_made(work, account_id, _values(given, work.base_url))
    target = bodies.resource_at(href, work.base_url, (Phone.title(),), "Factor phone")
    row = work.connection.execute(_AT, {"account_id": account_id, "id": target.id}).first()
    if row is None:
        raise fault(Code.UNKNOWN_RESOURCE, "Factor phone does not match a phone of the account.")
    number = given.get("number")
    if number is not None and e164(Phone.number.check(number)) != row.number:
        raise fault(Code.PHONE_TWICE)
    return target.id


def _lock(work: UnitOfWork, id: str) -> None:
    """Locks the rows of the phone: waits until answers to its challenges are checked, and lets new ones wait."""
    for lock in _LOCKS:
        work.connection.execute(lock, {"id": id})


def _found_or_made(work: UnitOfWork, account_id: str, values: Mapping[str, Any]) -> str:
    row = work.connection.execute(_NUMBERED, {"account_id": account_id, "number": values["number"]}).first()
    return str(row.id) if row else _make(work, account_id, values)


def _make(work: UnitOfWork, account_id: str, values: Mapping[str, Any]) -> str:
    id = new_id()
    records.make(work, Phone, id, values, account_id=account_id)
    return id


def _values(properties: Any, base_url: str) -> dict[str, Any]:
    values = bodies.of_creation(Phone, properties, base_url).values
    return {**values, "number": e164(values["number"])}
