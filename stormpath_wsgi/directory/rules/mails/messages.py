"""The text of a mail: the template of the directory, filled in with the values at the moment when it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any

from sqlalchemy import Column, select

from stormpath_wsgi import kinds
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.mail import RESET, RESET_SUCCESS, VERIFICATION, VERIFICATION_SUCCESS, WELCOME
from stormpath_wsgi.directory.mail.template import compose, link_model
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.mails import mailed_tokens
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire.paths import Resource
from stormpath_wsgi.errors import Error
from stormpath_wsgi.kinds import ENABLED, id_of

_templates, _accounts = schema.email_templates, schema.accounts
_resets, _creations = schema.password_policies, schema.account_creation_policies

#: The columns that say whether a directory sends a mail, by the purpose of the mail.
_STATUS: Mapping[str, Column[str]] = {
    RESET: _resets.c.reset_email_status,
    RESET_SUCCESS: _resets.c.reset_success_email_status,
    VERIFICATION: _creations.c.verification_email_status,
    VERIFICATION_SUCCESS: _creations.c.verification_success_email_status,
    WELCOME: _creations.c.welcome_email_status,
}


def write(
    work: UnitOfWork, purpose: str, account_id: str | None, application_id: str | None, token: str | None, *, id: str
) -> EmailMessage | None:
    """The mail of *purpose* to an account; None when nothing is to be sent any more.

    *token*: the token that the mail delivers, or None. *application_id*: the application at which the account was made
    or asked for a new password. *id*: for the ``Message-ID``.
    """
    template = None if account_id is None else _template(work, purpose, account_id)
    if template is None or account_id is None:
        return None
    account = records.load(work, Resource(kinds.Account, account_id))
    # Checked after the address was read: a change of the address ends the token, which must not be mailed to the new
    # address.
    if not _is_good(work, purpose, token, application_id):
        return None
    model = _model(work, template, account, application_id)
    if token is not None:
        model |= link_model(template["defaultModel"]["linkBaseUrl"], token)
    return compose(template, account["email"], model, id=id, now=work.now)


def is_sent(work: UnitOfWork, purpose: str, account_id: str) -> bool:
    """Whether the account's directory sends mails of *purpose*."""
    status = _STATUS[purpose]
    statement = select(status).join(_accounts, _accounts.c.directory_id == status.table.c.id)
    return work.connection.execute(statement.where(_accounts.c.id == account_id)).scalar() == ENABLED


def _template(work: UnitOfWork, purpose: str, account_id: str) -> Wire | None:
    if not is_sent(work, purpose, account_id):
        return None
    statement = select(_templates.c.id).join(_accounts, _accounts.c.directory_id == _templates.c.directory_id)
    id = work.connection.execute(
        statement.where(_accounts.c.id == account_id, _templates.c.purpose == purpose)
    ).scalar()
    return None if id is None else records.load(work, Resource(kinds.EmailTemplate, id))


def _is_good(work: UnitOfWork, purpose: str, token: str | None, application_id: str | None) -> bool:
    """Whether *token* is still valid; True for a mail without a token."""
    if token is None:
        return True
    try:
        mailed_tokens.holder(work, purpose, token, application_id if purpose == RESET else None)
    except Error:
        return False
    return True


def _model(work: UnitOfWork, template: Wire, account: Wire, application_id: str | None) -> dict[str, Any]:
    """The values for the macros. Custom data, which may be large, is loaded only if a macro needs it."""
    asks = any("customData" in template[body] for body in ("subject", "textBody", "htmlBody"))
    application = None if application_id is None else Resource(kinds.Application, application_id)
    directory = Resource(kinds.Directory, id_of(account["directory"]["href"]))
    person = Resource(kinds.Account, id_of(account["href"]))
    return {
        "account": {**account, **_custom(work, person, asks), "directory": _loaded(work, directory, asks)},
        "application": {} if application is None else _loaded(work, application, asks),
    }


def _loaded(work: UnitOfWork, resource: Resource, asks: bool) -> dict[str, Any]:
    return {**records.load(work, resource), **_custom(work, resource, asks)}


def _custom(work: UnitOfWork, owner: Resource, asks: bool) -> dict[str, Any]:
    if not asks:
        return {}
    return {"customData": records.load(work, Resource(kinds.CustomData, owner.id, owner.kind))}
