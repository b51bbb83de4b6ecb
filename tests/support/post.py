"""Reading the mail of a directory in tests."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

from stormpath_wsgi.directory import DirectoryService, open_directory
from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.mail import Mail
from stormpath_wsgi.directory.mail.mailers import NotSent
from stormpath_wsgi.settings import MailSettings
from support.cheap import options
from support.world import BASE, ENCRYPTION_KEY, PASSWORD, World


class Post:
    """The mailer of *world*, whose service is from now on one that sends by it. *down*: it takes nothing."""

    def __init__(self, world: World, **settings: Any) -> None:
        self.down: type[NotSent] | None = None
        self._received: list[EmailMessage] = []
        self.world = world
        mail = Mail.of(MailSettings(**{"url": "null:", **settings}), BASE, world.database)
        self.mail = replace(mail, mailer=self)
        world.service = self.new_service()

    def new_service(self) -> DirectoryService:
        """As another process would open it."""
        context = self.world.service._context
        self._service = DirectoryService(
            self.world.database,
            BASE,
            passwords=context.passwords,
            clock=lambda: self.world.now,
            secrets=Secrets([ENCRYPTION_KEY]),
            mail=self.mail,
        )
        return self._service

    def send(self, message: EmailMessage) -> None:
        if self.down is not None:
            raise self.down("the post is down")
        self._received.append(message)

    def read(self) -> list[EmailMessage]:
        """What has come since the last time, after everything that is due was delivered."""
        self._service._delivery.wake()
        self._service._delivery.close()
        received, self._received = self._received, []
        return received

    def only(self) -> EmailMessage:
        (message,) = self.read()
        return message


def leave_mail(url: str) -> None:
    """Makes a directory at *url*, in which one mail waits: the process died before it could send it."""
    with closing(open_directory(url, options())) as service:
        service.bootstrap()
        service._context.deliver = lambda: None
        (found,) = service.list("tenants/current/applications")["items"]
        application = found["href"].removeprefix(f"{service.base_url}/")
        service.create(f"{application}/accounts", {"email": "ada@example.org", "password": PASSWORD})
        service.create(f"{application}/passwordResetTokens", {"email": "ada@example.org"})


def text(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def token_in(message: EmailMessage) -> str:
    found = re.search(r"sptoken=([\w.-]+)", text(message))
    assert found
    return found[1]
