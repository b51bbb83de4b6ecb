"""E-mail templates: the five that each directory has, what they say at first, and changing them.

Source: the e-mail chapter and the resource reference of the REST API v1, for the names and subjects.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from email.errors import MessageError
from email.headerregistry import Address
from typing import Any, NamedTuple

from sqlalchemy import insert

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.mail import RESET, RESET_SUCCESS, VERIFICATION, VERIFICATION_SUCCESS, WELCOME
from stormpath_wsgi.directory.mail.template import LINK
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Resource
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import EmailTemplate, wire_name


class _Default(NamedTuple):
    name: str
    subject: str
    text: str


# Nothing in them comes from whoever registered: a stranger could have us send an advertisement to anybody.
_DEFAULTS: Mapping[str, _Default] = {
    RESET: _Default(
        "Default Password Reset Email Template",
        "Reset your Password",
        "Somebody asked for a new password for your account. To choose one, open this page:\n\n$!{url}\n\n"
        "The link works once, and not for long. If it was not you who asked, leave this mail alone: your password "
        "stays as it is.\n",
    ),
    RESET_SUCCESS: _Default(
        "Default Password Reset Success Email Template",
        "Your password has been changed",
        "The password of your account was changed, and you were signed out everywhere.\n\n"
        "If it was not you who did this, ask for a new password at once.\n",
    ),
    VERIFICATION: _Default(
        "Default Verification Email Template",
        "Verify your account",
        "Somebody made an account with this e-mail address. If it was you, open this page to confirm it:\n\n$!{url}\n\n"
        "If it was not you, leave this mail alone: nobody can use the account.\n",
    ),
    VERIFICATION_SUCCESS: _Default(
        "Default Verification Success Email Template",
        "Your account has been confirmed",
        "Your e-mail address is confirmed. You can sign in now.\n",
    ),
    WELCOME: _Default(
        "Default Welcome Email Template",
        "Your registration was successful",
        "Welcome! Your account is ready.\n",
    ),
}


def make(work: UnitOfWork, directory_id: str) -> None:
    """Gives a new directory its templates."""
    work.connection.execute(insert(schema.email_templates), list(_rows(work, directory_id)))


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """Raises 7301 when a mail that brings a token would not have it in it."""
    with context.write() as work:
        current = records.load(work, target)
        body = bodies.of_update(EmailTemplate, properties, current)
        _check_sender(body.values)
        _take_link_base(body.values, properties, current)
        for inherited in ("from_name", "from_email_address"):
            # Clients send back all that they read. That does not mean that the setting shall count no more.
            if body.values.get(inherited) == current[wire_name(inherited)]:
                del body.values[inherited]
        records.change(work, EmailTemplate, target.id, body.values)
        changed = records.load(work, target)
        _check_link(changed)
        return changed


def _take_link_base(values: dict[str, Any], properties: Mapping[str, Any], current: Wire) -> None:
    """Puts what ``defaultModel`` says into its column. Raises 2000 for an empty one, 2015 where there is none."""
    model = values.pop("default_model", None)
    if "defaultModel" not in properties or properties["defaultModel"] == current.get("defaultModel"):
        return
    if "defaultModel" not in current:
        raise fault(Code.UNKNOWN_PROPERTY, "EmailTemplate defaultModel is known to mails with a link only.")
    if not properties["defaultModel"]:
        raise fault(
            Code.REQUIRED, "EmailTemplate defaultModel.linkBaseUrl is required; it cannot be null, empty, or blank."
        )
    values["link_base_url"] = model["linkBaseUrl"]


def _check_sender(values: Mapping[str, Any]) -> None:
    try:
        Address(addr_spec=values.get("from_email_address", "noreply@localhost"))
    except (MessageError, ValueError, IndexError):
        raise fault(
            Code.WRONG_FORMAT, "EmailTemplate fromEmailAddress must be an address such as noreply@example.org."
        ) from None


def _check_link(template: Wire) -> None:
    """Judges the bodies that are sent."""
    kind = template["mimeType"]
    sent = [template["textBody"]] * (kind != "text/html") + [template["htmlBody"]] * (kind != "text/plain")
    if "defaultModel" in template and not all(map(LINK.search, sent)):
        raise fault(Code.MAIL_WITHOUT_LINK)


def _rows(work: UnitOfWork, directory_id: str) -> Iterator[dict[str, Any]]:
    for purpose, default in _DEFAULTS.items():
        yield {
            "id": new_id(),
            "directory_id": directory_id,
            "purpose": purpose,
            "name": default.name,
            "name_folded": records.key_of(EmailTemplate.name)(default.name),
            "subject": default.subject,
            "text_body": default.text,
            "html_body": _page(default.text),
            "mime_type": EmailTemplate.mime_type.default,
            "created_at": work.now,
            "modified_at": work.now,
        }


def _page(text: str) -> str:
    """The same in HTML, a paragraph each."""
    page = "".join(f"<p>{html.escape(paragraph.strip())}</p>\n" for paragraph in text.split("\n\n"))
    return page.replace("$!{url}", '<a href="$!{url}">$!{url}</a>')
