"""E-mail templates: each directory has five, with default texts, which can be changed.

Source: the e-mail chapter and the resource reference of the REST API v1, for the names and subjects.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from email.errors import MessageError
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


# They have no macro for a value that people enter at registration: otherwise a stranger could use the mails to send
# advertisements to other people.
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


def is_ours(purpose: str, template: Wire) -> bool:
    """Whether *template* still says what we begin with, so that nobody has words of his own in it."""
    default = _DEFAULTS[purpose]
    said = (template["subject"], template["textBody"], template["htmlBody"], template["mimeType"])
    return said == (default.subject, default.text, _page(default.text), EmailTemplate.mime_type.default)


def make(work: UnitOfWork, directory_id: str) -> None:
    """Makes the templates of a new directory."""
    work.connection.execute(insert(schema.email_templates), list(_rows(work, directory_id)))


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """Changes a template. Raises 7301 if the mail has to deliver a token and the new text has no macro for it."""
    with context.write() as work:
        current = records.load(work, target)
        body = bodies.of_update(EmailTemplate, properties, current)
        _check_sender(body.values)
        _take_link_base(body.values, properties, current)
        for inherited in ("from_name", "from_email_address"):
            # Clients send back all that they have read. A value from the settings is not stored for that reason.
            if body.values.get(inherited) == current[wire_name(inherited)]:
                del body.values[inherited]
        records.change(work, EmailTemplate, target.id, body.values)
        changed = records.load(work, target)
        _check_link(changed)
        return changed


def _take_link_base(values: dict[str, Any], properties: Mapping[str, Any], current: Wire) -> None:
    """Moves the value in ``defaultModel`` to its column.

    Raises 2000 for an empty one, 2015 for a template without a link.
    """
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
    from email.headerregistry import Address  # here, because few processes change a template

    try:
        Address(addr_spec=values.get("from_email_address", "noreply@localhost"))
    except (MessageError, ValueError, IndexError):
        raise fault(
            Code.WRONG_FORMAT, "EmailTemplate fromEmailAddress must be an address such as noreply@example.org."
        ) from None


def _check_link(template: Wire) -> None:
    """Checks the bodies of a template whose mail has to deliver a token. Raises 7301."""
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
    """*text* in HTML, with a paragraph for each of its paragraphs."""
    page = "".join(f"<p>{html.escape(paragraph.strip())}</p>\n" for paragraph in text.split("\n\n"))
    return page.replace("$!{url}", '<a href="$!{url}">$!{url}</a>')
