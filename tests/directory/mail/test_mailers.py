"""The ends of the mail port, on a real mail server: what it is told, and what becomes of us when it misbehaves."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from support.machine import free_port
from support.post import Post, token_in
from support.world import World, path, refused

from stormpath_wsgi.directory.mail.mailers import (
    LoginRefused,
    NotSecured,
    NotSent,
    RecipientRefused,
    SmtpMailer,
    Unreachable,
    open_mailer,
)
from stormpath_wsgi.errors import ConfigurationError

USER, SECRET = "post@example.org", "pa:ss/word@"


class Server(Sink):
    """A mail server that lets one user in. *answer*: what it says to the next recipient."""

    def __init__(self) -> None:
        super().__init__()
        self.envelopes: list[Envelope] = []
        self.secured: list[bool] = []
        self.answer = "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        self.secured.append(session.ssl is not None or server._tls_handshake_okay)
        return "250 OK"


def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (USER.encode(), SECRET.encode()), handled=False)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def certificate(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator of this machine trusts the authority."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


@contextlib.contextmanager
def running(certificate: ssl.SSLContext | None = None, *, implicit: bool = False) -> Iterator[tuple[Server, int]]:
    server, port = Server(), free_port()
    more: dict[str, Any] = {"ssl_context": certificate} if implicit else {"tls_context": certificate}
    controller = Controller(
        server,
        "localhost",
        port,
        authenticator=authenticate,
        auth_require_tls=False,
        ready_timeout=60,  # seconds; others may keep this machine busy
        decode_data=False,
        enable_SMTPUTF8=certificate is not None,
        **more,
    )
    controller.start()
    try:
        yield server, port
    finally:
        controller.stop()


def message(to: str = "ada@example.org") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "shop@example.org", to, "Grüße"
    made.set_content("Hello")
    return made


LOGIN = "post%40example.org:pa%3Ass%2Fword%40@"


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_mail_leaves_encrypted_with_a_login(certificate: ssl.SSLContext, scheme: str) -> None:
    with running(certificate, implicit=scheme == "smtps") as (server, port):
        open_mailer(f"{scheme}://{LOGIN}localhost:{port}").send(message())
    (envelope,) = server.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("shop@example.org", ["ada@example.org"])
    assert b"Subject: =?utf-8?" in (envelope.content or b"")


def test_a_relay_on_the_same_machine_needs_neither() -> None:
    with running() as (server, port):
        mailer = open_mailer(f"smtp+plain://localhost:{port}")
        mailer.send(message())
        server.answer = "550 5.1.1 no such user, token=SECRET"
        with pytest.raises(RecipientRefused, match="550") as refusal:
            mailer.send(message())
        assert "SECRET" not in str(refusal.value)
        server.answer = "451 later"
        with pytest.raises(NotSent) as later:
            mailer.send(message())
        assert (refusal.value.is_final, later.value.is_final) == (True, False)
        with pytest.raises(RecipientRefused, match="ASCII"):
            mailer.send(message("ü@example.org"))
    assert len(server.envelopes) == 1


@pytest.mark.usefixtures("trusted")
def test_a_server_that_knows_rfc_6531_gets_any_address(certificate: ssl.SSLContext) -> None:
    with running(certificate) as (server, port):
        SmtpMailer("localhost", port, security="TLS").send(message("ü@example.org"))
    assert server.envelopes[0].rcpt_tos == ["ü@example.org"]


def test_nothing_is_told_to_a_server_that_cannot_be_trusted(certificate: ssl.SSLContext) -> None:
    for implicit, scheme in ((False, "smtp"), (True, "smtps")):
        with running(certificate, implicit=implicit) as (server, port), pytest.raises(NotSecured):
            open_mailer(f"{scheme}://{LOGIN}localhost:{port}").send(message())
        assert server.envelopes == []
    with running() as (server, port):
        for scheme in ("smtp", "smtps"):
            with pytest.raises(NotSecured):
                open_mailer(f"{scheme}://{LOGIN}localhost:{port}").send(message())
        assert server.envelopes == []


def test_what_went_wrong_is_told_apart() -> None:
    with pytest.raises(Unreachable):
        open_mailer(f"smtp+plain://localhost:{free_port()}").send(message())
    with running() as (_, port), pytest.raises(LoginRefused) as refusal:
        open_mailer(f"smtp+plain://{USER.replace('@', '%40')}:wrong@localhost:{port}").send(message())
    assert "wrong" not in repr(refusal.value)


@contextlib.contextmanager
def dripping(pause: float, begin: bytes = b"220 hello\r\n250-") -> Iterator[int]:
    """A server that says one letter at a time after its *begin*, and never comes to an end."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(begin)
                while not done.wait(pause):
                    connection.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            done.set()
            thread.join()


@pytest.mark.parametrize(("pause", "step", "exchange"), [(0.01, 30, 0.2), (30, 0.2, 30)])
def test_a_server_that_takes_its_time_is_left(pause: float, step: float, exchange: float) -> None:
    with dripping(pause) as port, pytest.raises(NotSent):
        SmtpMailer("127.0.0.1", port, security=None, step=step, exchange=exchange).send(message())


@pytest.mark.parametrize("begin", [b"220-", b"220 hello\r\n250 hello\r\n221-"], ids=["greeting", "good-bye"])
def test_so_is_one_that_greets_or_parts_without_end(begin: bytes) -> None:
    started = time.monotonic()
    with dripping(0.01, begin) as port, contextlib.suppress(NotSent):
        SmtpMailer("127.0.0.1", port, security=None, step=0.2, exchange=0.2).check()
    assert time.monotonic() - started < 20, "the longest line that is read would take a minute"


@pytest.mark.parametrize("code", [b"220", b"250"], ids=["greeting", "hello"])
def test_a_server_that_says_too_much_is_left(code: bytes) -> None:
    plain = b"220 hello\r\n250 hello\r\n221 bye\r\n"
    lengthy = plain.replace(code, (code + b"-" + b"x" * 90 + b"\r\n") * 1100 + code)
    with dripping(30, plain) as port:
        SmtpMailer("127.0.0.1", port, security=None).check()
    with dripping(30, lengthy) as port, pytest.raises(NotSent):
        SmtpMailer("127.0.0.1", port, security=None).check()


def test_a_server_that_makes_no_sense_is_no_mistake_of_ours() -> None:
    begin = b"220 hello\r\n250-hello\r\n250 AUTH CRAM-MD5\r\n334 A\r\n"  # no base64
    with dripping(30, begin) as port, pytest.raises(NotSent):
        SmtpMailer("127.0.0.1", port, security=None, username=USER, password=SECRET).check()


@pytest.mark.parametrize("url", ["http://x.org", "smtp:", "smtp://h:x", "folder:x", "smtp://u:hunter2@h/x", "mail"])
def test_a_url_that_means_nothing_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"mail\.url") as caught:
        open_mailer(url)
    assert "hunter2" not in str(caught.value)


def own(port: int, **more: Any) -> dict[str, Any]:
    return {"host": "localhost", "port": str(port), "username": USER, "password": SECRET, **more}


@pytest.mark.usefixtures("trusted")
def test_a_tenant_s_own_server_comes_first(world: World, certificate: ssl.SSLContext) -> None:
    post = Post(world)
    world.account("ada@example.org")
    wish = {"email": "ada@example.org"}
    with running(certificate) as (server, port):
        made = world.service.create("smtpServers", own(port, securityProtocol="tls"))
        assert (made["securityProtocol"], made["port"], made["status"]) == ("TLS", port, "ENABLED")
        assert SECRET not in str(made)
        with refused(13003):
            world.service.create("smtpServers", own(port))
        assert world.items(f"{world.tenant}/smtpServers") == [made]
        world.service.create(f"{world.application}/passwordResetTokens", wish)
        assert post.read() == []
        assert b"sptoken=" in (server.envelopes[0].content or b"")
        world.update(path(made), status="DISABLED")
        world.service.create(f"{world.application}/passwordResetTokens", wish)
        assert token_in(post.only())
    world.update(path(made), name="My server")
    with refused(13000):
        world.update(path(made), host="127.0.0.1", port=free_port(), password=SECRET)
    world.service.delete(path(made))
    assert world.items(f"{world.tenant}/smtpServers") == []


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("change", [{"host": "127.0.0.1"}, {"port": 1}, {"securityProtocol": None}], ids=str)
def test_a_password_is_never_told_to_another_server(
    sqlite_world: World, certificate: ssl.SSLContext, change: dict[str, Any]
) -> None:
    """Nor in plain text to the same: who may change the server does not know its password by that."""
    with running(certificate) as (_, port):
        made = sqlite_world.service.create("smtpServers", own(port, securityProtocol="TLS"))
    with refused(2000, "password"):
        sqlite_world.update(path(made), **change)
    assert sqlite_world.service.update(path(made), {**made, "name": "same"})["name"] == "same"


def test_a_server_that_does_not_let_us_in_is_not_stored(world: World, certificate: ssl.SSLContext) -> None:
    with running(certificate) as (_, port):
        with refused(13001):
            world.service.create("smtpServers", own(port, password="wrong"))
        with refused(13002):
            world.service.create("smtpServers", own(port, securityProtocol="SSL"))
        with refused(13002):  # nobody trusts its certificate
            world.service.create("smtpServers", own(port, securityProtocol="TLS"))
    with refused(13000):
        world.service.create("smtpServers", own(free_port()))
    for missing in ("host", "port", "username", "password"):
        with refused(2000, missing):
            world.service.create("smtpServers", {**own(1), missing: None})
    assert world.items(f"{world.tenant}/smtpServers") == []
