"""The text of a mail: the template of the directory, filled in with the values at the moment when it is sent.

Where nobody has changed that template, the words are ours (:mod:`stormpath_wsgi.directory.mail.words`), in the language
of who has caused the mail. So are those of notices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Column, select

from stormpath_wsgi import kinds
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.mail import RESET, RESET_SUCCESS, VERIFICATION, VERIFICATION_SUCCESS, WELCOME
from stormpath_wsgi.directory.mail.purposes import NOTICES
from stormpath_wsgi.directory.mail.template import Sender, compose, link_model
from stormpath_wsgi.directory.mail.template import write as write_message
from stormpath_wsgi.directory.mail.words import Facts, content
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.mails import email_templates, hosts, mailed_tokens
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire.paths import Resource
from stormpath_wsgi.errors import Error
from stormpath_wsgi.kinds import ENABLED, id_of
from stormpath_wsgi.settings.mail import APPLICATION
from stormpath_wsgi.texts import texts_in

_templates, _accounts = schema.email_templates, schema.accounts
_resets, _creations = schema.password_policies, schema.account_creation_policies
_mappings, _applications = schema.account_store_mappings, schema.applications

#: The columns that say whether a directory sends a mail, by the purpose of the mail.
_STATUS: Mapping[str, Column[str]] = {
    RESET: _resets.c.reset_email_status,
    RESET_SUCCESS: _resets.c.reset_success_email_status,
    VERIFICATION: _creations.c.verification_email_status,
    VERIFICATION_SUCCESS: _creations.c.verification_success_email_status,
    WELCOME: _creations.c.welcome_email_status,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A mail of the outbox.

    *id*: of its row, for the ``Message-ID``. *application_id*: the application at which the account was made or asked
    for a new password. *address*: where it goes; None: to the account's. *language*: in which it is written. *token*:
    the token that it delivers, or None. *details*: what else it says.
    """

    id: str
    purpose: str
    account_id: str | None = None
    application_id: str | None = None
    address: str | None = None
    language: str | None = None
    token: str | None = field(default=None, repr=False)
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)


def write(work: UnitOfWork, mail: Outgoing) -> EmailMessage | None:
    """The text of *mail*; None when nothing is to be sent any more."""
    if mail.purpose in NOTICES:
        return _notice(work, mail)
    template = None if mail.account_id is None else _template(work, mail.purpose, mail.account_id)
    if template is None or mail.account_id is None:
        return None
    account = records.load(work, Resource(kinds.Account, mail.account_id))
    # Checked after the address was read: a change of the address ends the token, which must not be mailed to the new
    # address.
    if not _is_good(work, mail.purpose, mail.token, mail.application_id):
        return None
    base = _here(work, mail, template.get("defaultModel", {}).get("linkBaseUrl", ""))
    base = hosts.link(base, mail.details, work.mail.domain)
    link = {} if mail.token is None else link_model(base, mail.token)
    if email_templates.is_ours(mail.purpose, template):
        sender = Sender(template["fromEmailAddress"], template["fromName"])
        return _ours(work, mail, account, sender, link.get("url") or _button(work, mail))
    model = {**_model(work, template, account, mail.application_id), **link, "code": mail.details.get("code", "")}
    return compose(template, account["email"], model, id=mail.id, now=work.now)


def _notice(work: UnitOfWork, mail: Outgoing) -> EmailMessage | None:
    """The text of a notice. Its account may be gone, or there may be none yet."""
    account = None if mail.account_id is None else records.load(work, Resource(kinds.Account, mail.account_id))
    if account is None and mail.address is None:
        return None
    sender = Sender(work.mail.from_address, work.mail.from_name)
    return _ours(work, mail, account, sender, _button(work, mail))


def _button(work: UnitOfWork, mail: Outgoing) -> str | None:
    """Where the button leads that was stored with *mail*; None: there is none."""
    link = mail.details.get("link")
    return link and _here(work, mail, link)


def _ours(
    work: UnitOfWork, mail: Outgoing, account: Wire | None, sender: Sender, link: str | None
) -> EmailMessage | None:
    """A mail in our words. *link*: where its button leads."""
    texts, details = texts_in(mail.language), mail.details
    to = mail.address or (account or {}).get("email") or ""
    facts = Facts(
        site=_site_name(work, mail),
        given_name=(account or {}).get("givenName") or "",
        link=link,
        lasts=details.get("lasts"),
        code=details.get("code"),
        code_lasts=details.get("codeLasts"),
        address=details.get("address", ""),
        name=details.get("name", ""),
        left=details.get("left", 0),
    )
    said = content(mail.purpose, facts, texts)
    of_application = APPLICATION in work.mail.site
    home = _here(work, mail, work.mail.site) if of_application else _home(link or work.mail.site)
    text, page = work.mail.layout.draw(said, texts, to=to, site=facts.site, home=home)
    return write_message(sender, to, said.subject, text, page, id=mail.id, now=work.now)


def _site_name(work: UnitOfWork, mail: Outgoing) -> str:
    """What the site is called: as the settings say, or as the application of the mail, or else as the first one in
    which the account can sign in.
    """
    if work.mail.site_name is not None:
        return work.mail.site_name
    return _application(work, mail, _applications.c.name) or work.mail.from_name


def _application(work: UnitOfWork, mail: Outgoing, column: Column[str]) -> str | None:
    """The *column* of the application of the mail, or else of the first one in which the account can sign in."""
    found = select(column).where(_applications.c.tenant_id == work.tenant_id)
    if mail.application_id is not None:
        return work.connection.execute(found.where(_applications.c.id == mail.application_id)).scalar()
    statement = (
        found.join(_mappings, _mappings.c.application_id == _applications.c.id)
        .join(_accounts, _accounts.c.directory_id == _mappings.c.account_store_directory_id)
        .where(_accounts.c.id == mail.account_id)
        .order_by(_applications.c.created_at)
    )
    return work.connection.execute(statement.limit(1)).scalar()


def _here(work: UnitOfWork, mail: Outgoing, address: str) -> str:
    """*address*, an address of the site; at the development server where one was asked for the mail. On a machine that
    has the pages of several applications, those of the mail's one.
    """
    if APPLICATION in address:
        address = address.replace(
            APPLICATION, mail.application_id or _application(work, mail, _applications.c.id) or "-"
        )
    site = mail.details.get("site")
    return site + address.removeprefix(work.mail.site) if site and address.startswith(work.mail.site) else address


def _home(link: str) -> str | None:
    """The address of the site, which is where a *link* of a mail leads to."""
    parts = urlsplit(link)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None


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
