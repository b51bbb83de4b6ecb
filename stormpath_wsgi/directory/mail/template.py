"""From a template to a mail: macros, their escaping, and the headers.

What people call themselves goes into mails to others. So no value can start a line of its own, be taken for HTML, or be
longer than a line or two; and a mail has exactly one recipient. Nor is anything in a header taken for an encoded word:
the library would decode it, and believe the line breaks that it may hide.
Source: the e-mail chapter of the REST API v1; RFC 5322, RFC 2047, RFC 3834.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable, Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from stormpath_wsgi.directory.mail.addresses import ascii_domain

#: A body that brings somebody the token has one of these.
LINK = re.compile(r"\$!?\{(?:url|sptoken|sptokenNameValuePair)\}")

_MACRO = re.compile(r"\$(!?)\{([0-9A-Za-z_.-]{1,300})\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LOCAL = re.compile(r'[^\s"(),:;<>@\[\]\\\x00-\x1f\x7f-\x9f]+')
_DOMAIN = re.compile(r"[\w.-]+")
_LONGEST = 1000  # characters that a macro may become
_LINE = 998  # characters of a line of mail at the most
_ENCODED = re.compile(r"=\?.*\?=")  # a word such as =?utf-8?q?=0D=0A?= (RFC 2047, section 2)


def compose(
    template: Mapping[str, Any], to: str, model: Mapping[str, Any], *, id: str, now: int
) -> EmailMessage | None:
    """The mail that *template*, in its wire form, becomes for the address *to*; None where mail cannot get to.

    *model*: what the macros name, level by level. *id*: random, for the ``Message-ID``. *now*: milliseconds.
    """
    recipient, sender = _address(to), _address(template["fromEmailAddress"], template["fromName"])
    if recipient is None or sender is None:
        return None
    message = EmailMessage()
    message["From"], message["To"] = sender, recipient
    message["Subject"] = _literal(fill(template["subject"], model))
    message["Date"] = format_datetime(dt.datetime.fromtimestamp(now / 1000, dt.UTC))
    message["Message-ID"] = f"<{id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # and so shall not be answered by machines
    text = fill(template["textBody"], model)
    page = fill(template["htmlBody"], model, html.escape)
    match template["mimeType"]:
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
    """*text* with its macros filled in. Of those that name nothing ``$!{…}`` vanishes and ``${…}`` stays."""

    def filled(macro: re.Match[str]) -> str:
        value = _looked_up(model, macro[2])
        if value is None:
            return "" if macro[1] else macro[0]
        return escape(_one_line(value[:_LONGEST]))

    return _MACRO.sub(filled, text)


def link_model(base: str, token: str) -> dict[str, str]:
    """The macros of a mail that brings somebody a *token*; the link starts with *base*."""
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
    """*text* for a header, in which nothing is decoded."""
    return _one_line(text).replace("=?", "= ?")


def _address(text: str, name: str = "") -> Address | None:
    """The one address *text*; None where no mail server has such a one (RFC 5322, section 3.4.1; RFC 2606, section 2).

    Accounts may have odder ones. What could be taken for two addresses, or for anything else, gets no mail.
    """
    local, _, domain = text.rpartition("@")
    if not _LOCAL.fullmatch(local) or _ENCODED.search(local):
        return None
    if not _DOMAIN.fullmatch(domain) or domain.endswith(".invalid"):
        return None
    # What is no ASCII in front of the @ needs a mail server that knows RFC 6531; behind it none does.
    spelled = ascii_domain(domain)
    return None if spelled is None else Address(_literal(name), local, spelled)


def _set(message: EmailMessage, text: str, subtype: str) -> None:
    """*text* as it is where that can be: whoever looks for a link in an ``.eml`` file shall find it in one piece."""
    is_plain = text.isascii() and max(map(len, text.splitlines()), default=0) <= _LINE
    message.set_content(text, subtype=subtype, cte="7bit" if is_plain else "quoted-printable")
