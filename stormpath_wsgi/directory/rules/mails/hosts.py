"""Mails that an organization's people have asked for lead to the host of the organization, where each has one.

A request names the organization, as the account store in which to look for the account or to make one. Where it was
sent to does not count: a visitor can write any host into a request, and have the token of somebody else mailed with a
link to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from stormpath_wsgi.directory.context import Context
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.stores import stores
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.errors import Error
from stormpath_wsgi.kinds import Organization

#: Makes something in a collection.
Rule: TypeAlias = Callable[[Context, Listing, Any, Mapping[str, Any]], Wire]

#: What a mail in the outbox says of the organization: its nameKey.
KEY = "organization"

_name_key: ContextVar[str | None] = ContextVar("stormpath_wsgi.organization_of_mails", default=None)


def leading_there(rule: Rule) -> Rule:
    """*rule*, whose mails lead to the host of the organization that a request names."""

    @wraps(rule)
    def done(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
        with _mailing_for(_named(context, listing, properties)):
            return rule(context, listing, properties, params)

    return done


def told() -> Mapping[str, str]:
    """What is to be stored with a mail, so that :func:`link` knows where it leads."""
    key = _name_key.get()
    return {} if key is None else {KEY: key}


def link(base: str, details: Mapping[str, Any], domain: str | None) -> str:
    """*base*, the address of a page, at the host of the organization in *details*. It stays as it is where there is
    none, and where it is no page at *domain*, below which the organizations are.
    """
    parts = urlsplit(base)
    if details.get(KEY) is None or domain is None or parts.netloc.partition(":")[0].lower() != domain:
        return base
    return parts._replace(netloc=f"{details[KEY]}.{parts.netloc}").geturl()


@contextmanager
def _mailing_for(name_key: str | None) -> Iterator[None]:
    token = _name_key.set(name_key)
    try:
        yield
    finally:
        _name_key.reset(token)


def _named(context: Context, listing: Listing, properties: Any) -> str | None:
    """The nameKey of the organization that a request names; None: none, or it is of no use."""
    if context.mail.domain is None:
        return None
    _, store = stores.taken_out(properties)
    try:
        with context.read() as work:
            id = listing.id if listing.owner is Organization else stores.organization_named(work, store)
            return None if id is None else str(records.load(work, Resource(Organization, id))["nameKey"]).lower()
    except Error:
        return None  # the rule itself says what is wrong
