"""Codes that were mailed, as the REST API takes them: what a site is told of them, and what a right one opens."""

from __future__ import annotations

from typing import Any

from stormpath_wsgi.directory.context import Context
from stormpath_wsgi.directory.mail import RESET
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.accounts import password_reset, verification
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import MailedCodes, Resource
from stormpath_wsgi.kinds import Application, MailedCode


def describe(context: Context, target: MailedCodes) -> Wire:
    """How long a code is good, in milliseconds, so that a page can tell it. Raises a 404 for no application."""
    with context.read() as work:
        records.load(work, Resource(Application, target.application_id))
        return {"href": f"{work.base_url}/{target.path}", "lifetime": work.mail.code_ttl}


def answer(context: Context, target: MailedCodes, properties: Any) -> Wire:
    """Compares a code. A right one for a new password answers a token for it, and one of a verification the account
    whose address is verified by it.

    Raises 2000 to 2015, 7120 and 7121, and a 404 for no application.
    """
    values = bodies.of_creation(MailedCode, properties, context.base_url).values
    with context.read() as work:
        records.load(work, Resource(Application, target.application_id))
    redeem = password_reset.redeem if values["purpose"] == RESET else verification.redeem
    return redeem(context, target.application_id, values["ticket"], values["code"])
