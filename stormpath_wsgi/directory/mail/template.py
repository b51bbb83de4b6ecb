"""From a template to a mail: macros, their escaping, and the headers, which all mails have alike.

The names of people, which they choose themselves, get into mails to other people. So no value can begin a new line, be
read as HTML, or be longer than a line or two, and a mail has exactly one recipient. Encoded words in a header (RFC
2047) are not decoded, because they may hide line breaks. Source: the e-mail chapter of the REST API v1; RFC 5322, RFC
2047, RFC 3834.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from stormpath_wsgi.directory.mail.addresses import ascii_domain

if TYPE_CHECKING:
    from email.headerregistry import Address

#: The macros that stand for the link or the token. The body of a mail that delivers a token has one of them.
LINK = re.compile(r"\$!?\{(?:url|sptoken|sptokenNameValuePair)\}")

_MACRO = re.compile(r"\$(!?)\{([0-9A-Za-z_.-]{1,300})\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LOCAL = re.compile(r'[^\s"(),:;<>@\[\]\\\x00-\x1f\x7f-\x9f]+')
_DOMAIN = re.compile(r"[\w.-]+")
_LONGEST = 1000  # characters of the value of one macro
_LINE = 998  # characters of a line of mail at the most
_ENCODED = re.compile(r"=\?.*\?=")  # a word such as =?utf-8?q?=0D=0A?= (RFC 2047, section 2)


class Sender(NamedTuple):
    """From whom a mail is."""

    address: str
    name: str


def compose(
    template: Mapping[str, Any], to: str, model: Mapping[str, Any], *, id: str, now: int
) -> EmailMessage | None:
    """The mail from *template*, in its wire form, to the address *to*; None when no mail can be sent to that address.

    *model*: the values of the macros, nested like their names. *id*: random, for the ``Message-ID``. *now*:
    milliseconds since the epoch.
    """
    text = fill(template["textBody"], model)
    page = fill(template["htmlBody"], model, html.escape)
    sender = Sender(template["fromEmailAddress"], template["fromName"])
    subject = fill(template["subject"], model)
    return write(sender, to, subject, text, page, template["mimeType"], id=id, now=now)


def write(
    sender: Sender,
    to: str,
    subject: str,
    text: str,
    page: str,
    mime_type: str = "multipart/alternative",
    *,
    id: str,
    now: int,
) -> EmailMessage | None:
    """A mail to the address *to*, which has the parts *text* and *page*, in HTML, or one of them, as *mime_type* says.

    *id*, *now*: as for :func:`compose`. None when no mail can be sent to that address.
    """
    recipient, origin = _address(to), _address(sender.address, sender.name)
    if recipient is None or origin is None:
        return None
    message = EmailMessage()
    message["From"], message["To"] = origin, recipient
    message["Subject"] = _literal(subject)
    message["Date"] = format_datetime(dt.datetime.fromtimestamp(now / 1000, dt.UTC))
    message["Message-ID"] = f"<{id}@{origin.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # tells machines not to answer it (RFC 3834)
    match mime_type:
        case "text/html":
            _set(message, page, "html")
        case "multipart/alternative":
            message.make_alternative()
            for content, subtype in ((text, "plain"), (page, "html")):
                part = EmailMessage()
                _set(part, content, subtype)
                message.attach(part)
        case _:
            _set(message, text, "plain")
    return message


def fill(text: str, model: Mapping[str, Any], escape: Callable[[str], str] = str) -> str:
    """*text* with its macros replaced by values of *model*, each passed through *escape*.

    A macro without a value is removed if it is written ``$!{…}``, and stays if it is written ``${…}``.
    """

    def filled(macro: re.Match[str]) -> str:
        value = _looked_up(model, macro[2])
        if value is None:
            return "" if macro[1] else macro[0]
        return escape(_one_line(value[:_LONGEST]))

    return _MACRO.sub(filled, text)


def link_model(base: str, token: str) -> dict[str, str]:
    """The values of the macros of a mail with a *token*. *base*: what the link starts with."""
    pair = f"sptoken={token}"
    return {"url": f"{base}{'&' if '?' in base else '?'}{pair}", "sptoken": token, "sptokenNameValuePair": pair}


def _looked_up(model: Any, name: str) -> str | None:
    for part in name.split("."):
        model = model.get(part) if isinstance(model, Mapping) else None
    if isinstance(model, bool):
        return "true" if model else "false"
    return str(model) if isinstance(model, str | int | float) else None


def _one_line(text: str) -> str:
    return _CONTROL.sub(" ", text)


def _literal(text: str) -> str:
    """*text* for a header, written so that nothing in it is decoded."""
    return _one_line(text).replace("=?", "= ?")


def _address(text: str, name: str = "") -> Address | None:
    """The address *text* for a header, with the *name* of its owner; None when mail cannot be sent there.

    Accounts may have addresses that are not used for mail: a text that could be read as two addresses, or as anything
    else. Source: RFC 5322, section 3.4.1; RFC 2606, section 2.
    """
    local, _, domain = text.rpartition("@")
    if not _LOCAL.fullmatch(local) or _ENCODED.search(local):
        return None
    if not _DOMAIN.fullmatch(domain) or domain.endswith(".invalid"):
        return None
    # Letters beyond ASCII before the @ need a mail server that supports RFC 6531. A domain can always be written in
    # ASCII.
    spelled = ascii_domain(domain)
    from email.headerregistry import Address  # here, because only what sends mails needs the grammar of headers

    return None if spelled is None else Address(_literal(name), local, spelled)


def _set(message: EmailMessage, text: str, subtype: str) -> None:
    """Sets *text* as the content, without an encoding where possible, so that a link in an ``.eml`` file is in one
    piece.
    """
    is_plain = text.isascii() and max(map(len, text.splitlines()), default=0) <= _LINE
    message.set_content(text, subtype=subtype, cte="7bit" if is_plain else "quoted-printable")
