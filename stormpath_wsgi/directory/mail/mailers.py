"""The mailers: they send mail to an SMTP server, write it into a folder of ``.eml`` files, or drop it."""

from __future__ import annotations

import errno
import logging
import os
import secrets
import smtplib
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from pathlib import Path
from typing import IO, Any, ClassVar, Literal, Protocol
from urllib.parse import unquote, urlsplit

from stormpath_wsgi.errors import ConfigurationError

log = logging.getLogger(__name__)

_STEP, _EXCHANGE = 10.0, 60.0  # seconds that a mail server has for one answer, and for a whole mail
_MOST_SAID = 100_000  # bytes that a mail server may send for a whole mail

#: How the connection to a mail server is encrypted: from the first byte (SSL), by STARTTLS before the login (TLS), or
#: not.
Security = Literal["SSL", "TLS"] | None

#: The schemes of ``mail.url``, with the encryption and the default port of each (RFC 8314, RFC 6409, RFC 5321).
_SCHEMES: dict[str, tuple[Security, int]] = {"smtps": ("SSL", 465), "smtp": ("TLS", 587), "smtp+plain": (None, 25)}


class Mailer(Protocol):
    """The port through which mail is sent."""

    def send(self, message: EmailMessage) -> None:
        """Sends *message*, which has one ``From`` and one ``To``. Raises :class:`NotSent`."""


class NotSent(Exception):
    """A mail could not be sent. The text says why, and repeats nothing of the mail."""

    #: Whether it is useless to try again.
    is_final: ClassVar[bool] = False


class Unreachable(NotSent):
    """No mail server was found at the address, or it does not answer."""


class NotSecured(NotSent):
    """The connection cannot be encrypted as the settings ask, or the certificate of the server is not valid."""


class LoginRefused(NotSent):
    """The mail server does not accept the username and password."""


class RecipientRefused(NotSent):
    """The mail server does not accept mail for that address."""

    is_final = True


class SmtpMailer:
    """Sends mail to the SMTP server *host* at *port*. Each mail has a new connection, which ends in time in any case.

    *security*: how the connection is encrypted. *username*: None sends no login. *step*: seconds to wait for each
    answer of the server. *exchange*: seconds after which the connection is cut.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        security: Security,
        username: str | None = None,
        password: str = "",
        step: float = _STEP,
        exchange: float = _EXCHANGE,
    ) -> None:
        self._host, self._port, self._security = host, port, security
        self._username, self._password = username, password
        self._step, self._exchange = step, exchange

    def __repr__(self) -> str:
        return f"<SmtpMailer {self._host}:{self._port}>"

    def send(self, message: EmailMessage) -> None:
        """Sends *message*. Raises :class:`NotSent`."""
        (sender,), (recipient,) = message["From"].addresses, message["To"].addresses
        with self._session() as smtp:
            if not recipient.addr_spec.isascii() and not smtp.has_extn("smtputf8"):
                raise RecipientRefused(f"{self!r} knows ASCII addresses only")
            smtp.send_message(message, sender.addr_spec, [recipient.addr_spec])

    def check(self) -> None:
        """Connects and logs in without sending anything. Raises Unreachable, NotSecured or LoginRefused."""
        with self._session():
            pass

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        with self._connection() as smtp:
            if self._security == "TLS":
                with self._explained(NotSecured), _cut_after(self._exchange, smtp):
                    smtp.starttls(context=ssl.create_default_context())
            with self._explained(NotSent), _cut_after(self._exchange, smtp):
                smtp.ehlo_or_helo_if_needed()
                if self._username is not None:
                    self._log_in(smtp, self._username)
                yield smtp

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        with self._explained(Unreachable):
            if self._security == "SSL":
                context = ssl.create_default_context()
                smtp: _Smtp = _SmtpOverTls(self._exchange, self._host, self._port, timeout=self._step, context=context)
            else:
                smtp = _Smtp(self._exchange, self._host, self._port, timeout=self._step)
        try:
            yield smtp
            # The mail was accepted, so errors while closing the connection do not matter.
            with suppress(smtplib.SMTPException, OSError), _cut_after(self._step, smtp):
                smtp.quit()
        finally:
            smtp.close()

    def _log_in(self, smtp: smtplib.SMTP, username: str) -> None:
        try:
            smtp.login(username, self._password)
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError, UnicodeError) as error:
            raise LoginRefused(f"{self!r} refused the login: {_reason(error)}") from None

    @contextmanager
    def _explained(self, otherwise: type[NotSent]) -> Iterator[None]:
        """Turns the errors of smtplib and of sockets into ours; those that say nothing specific into *otherwise*."""
        try:
            yield
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            refused = RecipientRefused if min(codes) >= 500 else NotSent  # 4xx: try again later
            raise refused(f"{self!r} refused the recipient: {codes[0]}") from None
        except ssl.SSLError as error:
            raise NotSecured(f"{self!r}: {error.reason or type(error).__name__}") from None
        except (smtplib.SMTPException, OSError, ValueError) as error:  # ValueError: text that cannot be encoded
            raise otherwise(f"{self!r}: {_reason(error)}") from None


class _Smtp(smtplib.SMTP):
    """A connection that is cut if the server has not sent its greeting within *exchange* seconds."""

    def __init__(self, exchange: float, *where: Any, **how: Any) -> None:
        self._exchange = exchange
        super().__init__(*where, **how)  # connects

    def connect(self, *where: Any, **how: Any) -> Any:
        with _cut_after(self._exchange, self):
            return super().connect(*where, **how)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Bounded(self.sock.makefile("rb"))
        return super().getreply()


class _Bounded:
    """Reads what the server sends, up to a limit. smtplib limits the length of a line, but not the number of lines."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._left = file, _MOST_SAID

    def readline(self, limit: int) -> bytes:
        line = self._file.readline(limit)
        self._left -= len(line)
        if self._left < 0:
            raise OSError(errno.EMSGSIZE, "the mail server says too much")
        return line

    def close(self) -> None:
        self._file.close()


class _SmtpOverTls(_Smtp, smtplib.SMTP_SSL):
    """A connection like :class:`_Smtp` that is encrypted from the first byte."""


class FolderMailer:
    """Writes each mail into an ``.eml`` file in *folder*, which is made with mode 0700.

    The names of the files sort by time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        """Writes *message* into a file. Raises :class:`NotSent` when that fails."""
        from email.policy import default  # here, because only what sends mails needs the grammar of headers

        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            descriptor, draft = tempfile.mkstemp(dir=self._folder, prefix=".")  # mode 0600; renamed when complete
            with os.fdopen(descriptor, "wb") as file:
                file.write(message.as_bytes(policy=default.clone(utf8=True)))
            os.replace(draft, self._folder / f"{time.time_ns()}-{secrets.token_hex(4)}.eml")
        except OSError as error:
            raise NotSent(f"{self._folder} cannot be written: {error.strerror}") from None


class NoMailer:
    """Drops every mail, and writes a line into the log. *why*: the reason, where dropping was not asked for."""

    def __init__(self, *, why: str | None = None) -> None:
        self._why = why

    def send(self, message: EmailMessage) -> None:
        """Drops *message*."""
        if self._why:
            log.warning("A mail was dropped: %s. Set STORMPATH_MAIL_URL, to null: if that is meant.", self._why)


def open_mailer(url: str) -> Mailer:
    """The mailer for the *url* of ``mail.url``. Raises ConfigurationError, whose text repeats nothing of the *url*."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError(f"mail.url: this is no address; {HOW_TO_WRITE}") from None
    if parts.scheme == "null":
        return NoMailer()
    if parts.scheme == "folder" and parts.path.startswith("/") and not parts.netloc:
        return FolderMailer(Path(unquote(parts.path)))
    if parts.scheme not in _SCHEMES or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ConfigurationError(f"mail.url: {HOW_TO_WRITE}")
    security, usual = _SCHEMES[parts.scheme]
    username = None if parts.username is None else unquote(parts.username)
    return SmtpMailer(
        parts.hostname, port or usual, security=security, username=username, password=unquote(parts.password or "")
    )


HOW_TO_WRITE = "write smtp://USER:PASSWORD@HOST, smtps://…, smtp+plain://localhost, folder:///PATH or null:"


def _reason(error: Exception) -> str:
    """What went wrong, without the words of the server, which may quote the mail."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__


@contextmanager
def _cut_after(seconds: float, smtp: smtplib.SMTP) -> Iterator[None]:
    """Cuts the connection when the block takes longer than *seconds*: a server could send a byte now and then for
    hours.
    """

    def cut() -> None:
        with suppress(OSError):
            if smtp.sock is not None:
                # The method of plain sockets: that of an SSL socket cannot be used from another thread.
                socket.socket.shutdown(smtp.sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
