"""The mails of the demo site, which nobody sends anywhere: for the page that shows them.

For development only. Whoever reads them can take over each account, so they are shown to this machine alone.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from wsgiref.types import WSGIEnvironment

from markupsafe import Markup

#: The mails that are listed at the most: the newest.
MOST = 50
#: The name of a file with a mail, as a directory writes it.
_NAME = re.compile(r"(?P<nanoseconds>[0-9]{1,20})-[0-9a-f]{8}\.eml")
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_OF_PROXIES = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP")
_LOCAL_HOSTS = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")


@dataclass(frozen=True)
class Mail:
    """A mail in the folder: *name* of its file, when it was written, and what is in it."""

    name: str
    written: dt.datetime
    to: str
    subject: str
    text: Markup
    html: str | None


class Inbox:
    """The mails in *folder*, which may not be there yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest(self) -> list[Mail]:
        """Those that came last, the newest first."""
        found = (file.name for file in self._folder.iterdir()) if self._folder.is_dir() else ()
        names = sorted(filter(_NAME.fullmatch, found), reverse=True)[:MOST]
        return [mail for mail in map(self.find, names) if mail is not None]

    def find(self, name: str) -> Mail | None:
        """The mail in the file *name*, which a visitor may have made up."""
        matched = _NAME.fullmatch(name)
        try:
            content = (self._folder / name).read_bytes() if matched else None
        except FileNotFoundError:
            content = None
        if matched is None or content is None:
            return None
        message = message_from_bytes(content, policy=default)
        written = dt.datetime.fromtimestamp(int(matched["nanoseconds"]) // 10**9, dt.UTC)
        text, html = _body(message, "plain") or "", _body(message, "html")
        return Mail(name, written, str(message["To"]), str(message["Subject"]), _with_links(text), html)


def is_from_this_machine(environ: WSGIEnvironment) -> bool:
    """Whether a request comes from a browser on this machine that was told to come here, and by no other site.

    The host counts as well: the name of another site may lead to this machine (DNS rebinding). So does what a proxy or
    a tunnel says of itself: through one anybody may come.
    """
    if any(header in environ for header in _OF_PROXIES):
        return False
    try:
        address = ipaddress.ip_address(environ.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return address.is_loopback and bool(_LOCAL_HOSTS.fullmatch(environ.get("HTTP_HOST", "")))


def _body(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    return None if part is None else str(part.get_content())


def _with_links(text: str) -> Markup:
    """*text* for a page, with its addresses as links."""
    shown, end = Markup(), 0
    for found in _ADDRESS.finditer(text):
        link = Markup('<a href="{0}">{0}</a>').format(found[0])
        shown, end = shown + text[end : found.start()] + link, found.end()
    return shown + text[end:]
