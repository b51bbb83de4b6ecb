"""The mails and text messages that a site would have sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import TypeVar
from urllib.parse import urlsplit

_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
#: A code as our mails and messages write it: in two halves, or in one.
_CODE = re.compile(r"(?<![\w-])(\d{3,4}) ?(\d{3,4})(?![\w-])")

M = TypeVar("M", "Mail", "Text")


@dataclass(frozen=True)
class Mail:
    """A mail: to whom, about what, and what it says."""

    to: str
    subject: str
    #: The part for programs that show no HTML.
    text: str = field(repr=False)
    #: The part in HTML; None: there is none.
    html: str | None = field(repr=False)
    #: All of it.
    message: EmailMessage = field(repr=False, compare=False)

    @classmethod
    def of(cls, message: EmailMessage) -> Mail:
        """What *message* says."""
        return cls(
            str(message["To"]), str(message["Subject"]), _part(message, "plain") or "", _part(message, "html"), message
        )

    @property
    def links(self) -> list[str]:
        """The addresses in it, in order."""
        return list(dict.fromkeys(found.rstrip(".,;)") for found in _ADDRESS.findall(self.text)))

    @property
    def link(self) -> str:
        """The first address in it that brings a token, or else the first. Raises LookupError: there is none."""
        links = self.links
        for each in [link for link in links if "token=" in link.lower()] + links:
            return each
        raise LookupError(f"The mail {self.subject!r} to {self.to} has no link.")

    @property
    def path(self) -> str:
        """The same without the host: ``/change?sptoken=…``, for a client of a test, which knows one host only."""
        parts = urlsplit(self.link)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    @property
    def code(self) -> str:
        """The code in it, without blanks. Raises LookupError: there is none."""
        return _code_in(_ADDRESS.sub("", self.text), f"The mail {self.subject!r} to {self.to}")


@dataclass(frozen=True)
class Text:
    """A text message. *to*: a telephone number."""

    to: str
    text: str = field(repr=False)

    @property
    def code(self) -> str:
        """The code in it. Raises LookupError: there is none."""
        return _code_in(self.text, f"The message to {self.to}")


class Mailbox:
    """What a site would have sent, the oldest first. A test reads it; nothing leaves the process."""

    def __init__(self) -> None:
        self._mails: list[Mail] = []
        self._texts: list[Text] = []

    @property
    def mails(self) -> list[Mail]:
        """The mails."""
        return list(self._mails)

    @property
    def texts(self) -> list[Text]:
        """The text messages."""
        return list(self._texts)

    def mail(self, to: str | None = None) -> Mail:
        """The only mail; with *to*, the only one to that address. Raises LookupError, which lists what is there."""
        return _only("mail", self._mails, to, lambda mail: f"{mail.subject!r} to {mail.to}")

    def text(self, to: str | None = None) -> Text:
        """The only text message; with *to*, the only one to that number. Raises LookupError."""
        return _only("text message", self._texts, to, lambda text: f"one to {text.to}")

    def take_back(self) -> Text:
        """The last text message, which is taken out. Raises IndexError: there is none."""
        return self._texts.pop()

    def clear(self) -> None:
        """Throw everything away."""
        self._mails.clear()
        self._texts.clear()

    def send(self, message: EmailMessage) -> None:
        """Called by the directory, which takes this for its mail server."""
        self._mails.append(Mail.of(message))

    def take_text(self, number: str, text: str) -> None:
        """Called by the directory, as the setting ``sms`` says."""
        self._texts.append(Text(number, text))


def _only(what: str, kept: Sequence[M], to: str | None, name: Callable[[M], str]) -> M:
    found = [each for each in kept if to in (None, each.to)]
    if len(found) == 1:
        return found[0]
    asked = what if to is None else f"{what} to {to}"
    if not kept:
        raise LookupError(f"There is no {asked}: none was sent.")
    there = ", ".join(map(name, kept))
    raise LookupError(
        f"There is no {asked}, but: {there}." if not found else f"There is more than one {asked}: {there}."
    )


def _part(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    return None if part is None else str(part.get_content())


def _code_in(text: str, name: str) -> str:
    found = _CODE.search(text)
    if found is None:
        raise LookupError(f"{name} has no code.")
    return "".join(found.groups())
