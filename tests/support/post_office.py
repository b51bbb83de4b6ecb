"""A mail server in the process of the tests, to which sites send their mail by SMTP."""

from __future__ import annotations

import email
import queue
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, Envelope, Session

from support.machine import free_port
from support.post import text

_LONGEST = 10  # seconds that a mail may take

_LINK = re.compile(r"https?://\S+sptoken=\S+")


class PostOffice(Sink):
    """What has come, mail by mail. *url*: the setting ``mail.url`` of who sends here."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self._received: queue.Queue[EmailMessage] = queue.Queue()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self._received.put(email.message_from_bytes(content, policy=policy.default))
        return "250 OK"

    def next(self) -> EmailMessage:
        """The next mail, which may be on its way still."""
        return self._received.get(timeout=_LONGEST)

    def link(self) -> str:
        """The address in the next mail."""
        found = _LINK.search(text(self.next()))
        assert found
        return found[0]

    def path(self) -> str:
        """The same without the site: what a browser asks it for."""
        parts = urlsplit(self.link())
        return f"{parts.path}?{parts.query}"

    def token(self) -> str:
        """The token in the next mail."""
        return self.link().partition("sptoken=")[2]

    def empty(self) -> list[str]:
        """The subjects of the mails that have come and were not read. They are taken away."""
        subjects = []
        while not self._received.empty():
            subjects.append(str(self._received.get()["Subject"]))
        return subjects


@contextmanager
def post_office() -> Iterator[PostOffice]:
    """A mail server that is open until the block is left."""
    port = free_port()
    office = PostOffice(f"smtp+plain://127.0.0.1:{port}")
    controller = Controller(office, "127.0.0.1", port, ready_timeout=60)  # seconds; others may keep this machine busy
    controller.start()
    try:
        yield office
    finally:
        controller.stop()
