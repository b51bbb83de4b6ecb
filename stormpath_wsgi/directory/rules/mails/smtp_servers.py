"""The SMTP server of a tenant: it is tried out before it is stored, and then used for the tenant's mail instead of the
setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.mail.mailers import LoginRefused, NotSecured, NotSent, SmtpMailer
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.directory.wire.shapes import encryption_context
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import ENABLED, SmtpServer

_table = schema.smtp_servers
_DESTINATION = ("host", "port", "security_protocol")
_CONNECTION = (*_DESTINATION, "username", "password")
_STEP, _EXCHANGE = 5.0, 15.0  # seconds to try it out: short, because a request waits for the result


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Stores the SMTP server.

    Raises 13003 if there is one already, and 13000, 13001, 13002 if connecting or logging in fails.
    """
    body = bodies.of_creation(SmtpServer, properties, context.base_url)
    with context.read() as work:
        _refuse_second(work)
    _try(body.values)
    id = new_id()
    with context.write() as work:
        _refuse_second(work)
        records.make(work, SmtpServer, id, body.values)
        return records.load(work, Resource(SmtpServer, id))


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """Changes the SMTP server. A new address or login is tried out first.

    Raises 13000 to 13002 if that fails, and 2000 for a new address without the password.
    """
    with context.read() as work:
        body = bodies.of_update(SmtpServer, properties, records.load(work, target))
        stored = _stored(work) or {}
    changed = {name for name in _CONNECTION if name in body.values and body.values[name] != stored.get(name)}
    # Otherwise the stored password could be read by sending it to another server, or over an unencrypted connection.
    if changed.intersection(_DESTINATION) and "password" not in body.values:
        raise fault(Code.REQUIRED, "SmtpServer password is required with another host, port or securityProtocol.")
    if changed:
        _try({**stored, **body.values})
    with context.write() as work:
        records.load(work, target)
        records.change(work, SmtpServer, target.id, body.values)
        return records.load(work, target)


def remove(context: Context, target: Resource) -> None:
    """Removes the SMTP server. Mail is then sent as the settings say."""
    with context.write() as work:
        records.load(work, target)
        records.remove(work, SmtpServer, target.id)


def mailer(work: UnitOfWork) -> SmtpMailer | None:
    """The mailer for the tenant's SMTP server; None unless it has one that is ENABLED."""
    stored = _stored(work)
    return _mailer(stored) if stored and stored["status"] == ENABLED else None


def _stored(work: UnitOfWork) -> dict[str, Any] | None:
    """The attributes of the SMTP server by their names in Python, with the password decrypted; None without one."""
    row = work.connection.execute(_OF_TENANT, {"tenant_id": work.tenant_id}).first()
    if row is None:
        return None
    context = encryption_context(SmtpServer, SmtpServer.password)(row.id)
    return {**row._asdict(), "password": work.secrets.decrypt(row.password, context)}


def _refuse_second(work: UnitOfWork) -> None:
    if work.connection.execute(_OF_TENANT, {"tenant_id": work.tenant_id}).first() is not None:
        raise fault(Code.SMTP_SERVER_TWICE)


def _try(values: Mapping[str, Any]) -> None:
    try:
        _mailer(values, step=_STEP, exchange=_EXCHANGE).check()
    except LoginRefused:
        raise fault(Code.SMTP_LOGIN_REFUSED) from None
    except NotSecured:
        raise fault(Code.SMTP_NOT_SECURED) from None
    except NotSent:
        raise fault(Code.SMTP_NOT_REACHED) from None


def _mailer(values: Mapping[str, Any], **times: float) -> SmtpMailer:
    return SmtpMailer(
        values["host"],
        values["port"],
        security=values.get("security_protocol"),
        username=values["username"],
        password=values["password"],
        **times,
    )


_OF_TENANT = select(_table).where(_table.c.tenant_id == bindparam("tenant_id"))
