"""What may leave for a provider, where it may go, and how much may come back."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from stormpath_wsgi.directory.providers.port import LARGEST, Port, Unanswered, is_public
from stormpath_wsgi.settings import ProvidersSettings
from stormpath_wsgi.testing import OpenIDProvider

STRICT = ProvidersSettings()
LOOSE = ProvidersSettings(private_addresses=True)


def quick(**settings: Any) -> ProvidersSettings:
    return ProvidersSettings.model_construct(timeout=dt.timedelta(seconds=0.2), **settings)


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that takes one connection, reads the request, and does what *answer* does. Its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join()


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.255.255", "0.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"),
        *("2001:0:4136:e378:8000:63bf:3fff:fdd2", "3fff::1", "3fff:fff:ffff::1", "5f00::1"),
        *("192.88.99.1", "::ffff:192.88.99.1", "64:ff9b::c058:6301", "2002:c058:6301::"),
    ],
)
def test_no_address_of_a_private_network_is_asked(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    port = Port(STRICT, find=lambda host, port: [(address, port)])
    with pytest.raises(Unanswered, match=r"providers.privateAddresses"):
        port.document("https://provider.example/")


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_of_the_internet_may_be_asked(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]"])
def test_however_an_address_is_written_it_is_looked_at(host: str) -> None:
    with pytest.raises(Unanswered, match=r"private network|cannot be reached"):
        Port(STRICT).document(f"https://{host}:9/")


def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    """The second look-up of a name may have another answer (DNS rebinding): there is none."""
    answers = iter([[("127.0.0.1", 9)], [("10.0.0.1", 9)]])
    port = Port(LOOSE, find=lambda host, port: next(answers))
    with pytest.raises(Unanswered, match="refused"):
        port.document("https://provider.example/")
    assert next(answers) == [("10.0.0.1", 9)]


@pytest.mark.parametrize(
    "url",
    [
        *("http://provider.example/", "ftp://provider.example/", "file:///etc/passwd", "//x", "", "x", "https://"),
        *("https://[::1", "https://*.example/", "https://a b/", "https://me@provider.example/", "https://x:0/"),
    ],
)
def test_only_https_leaves(url: str) -> None:
    for settings in (STRICT, LOOSE):
        port = Port(settings, find=lambda host, port: [("8.8.8.8", port)])
        with pytest.raises(Unanswered, match="https://"):
            port.document(url)


def test_without_https_only_this_machine_is_asked_and_only_where_that_is_meant() -> None:
    with OpenIDProvider() as openid:
        url = f"{openid.issuer}/.well-known/openid-configuration"
        assert Port(LOOSE).document(url)["issuer"] == openid.issuer
        with pytest.raises(Unanswered, match="not https://"):
            Port(STRICT).document(url)


def test_nothing_of_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:9")
    with OpenIDProvider() as openid:
        assert Port(LOOSE).document(f"{openid.issuer}/.well-known/openid-configuration")


def test_a_proxy_that_is_named_is_asked() -> None:
    def proxy(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")

    with server(proxy) as address:
        port = Port(ProvidersSettings(proxy=address))
        with pytest.raises(Unanswered, match="403 Forbidden"):
            port.document("https://provider.example/")


def test_an_answer_that_comes_byte_by_byte_is_given_up() -> None:
    """Each byte is in time; all of them are not."""
    stop = threading.Event()

    def drip(connection: socket.socket) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000:
            try:
                connection.sendall(bytes([byte]))
            except OSError:
                return
            if stop.wait(0.02):
                return

    with server(drip) as url:
        with pytest.raises(Unanswered, match="no answer in time"):
            Port(quick(private_addresses=True, ca_bundle=None, proxy=None)).document(url)
        stop.set()


def test_an_answer_may_have_a_megabyte_and_not_more() -> None:
    for size, fits in ((LARGEST, True), (LARGEST + 1, False)):
        body = b'{"a":"' + b"a" * (size - 8) + b'"}'

        def answer(connection: socket.socket, body: bytes = body) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + body)

        with server(answer) as url:
            if fits:
                assert len(Port(LOOSE).document(url)["a"]) == size - 8
            else:
                with pytest.raises(Unanswered, match="more than 1048576 bytes"):
                    Port(LOOSE).document(url)


def test_a_small_answer_that_unpacks_to_a_large_one_stays_small() -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00")

    with server(answer) as url, pytest.raises(Unanswered, match="no JSON"):
        Port(LOOSE).document(url)


def test_what_is_no_http_at_all_is_no_answer() -> None:
    def greet(connection: socket.socket) -> None:
        connection.sendall(b"220 mail.example ESMTP\r\n")

    with server(greet) as url, pytest.raises(Unanswered, match="cannot be reached"):
        Port(LOOSE).document(url)


def test_no_message_holds_what_was_asked() -> None:
    with pytest.raises(Unanswered) as caught:
        Port(LOOSE).document("https://127.0.0.1:9/secret-path?token=secret-token")
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_what_cannot_be_sent_closes_a_host_for_nobody() -> None:
    """Otherwise a visitor with a strange token could keep everybody else from signing in."""
    with OpenIDProvider() as openid:
        port, url = Port(LOOSE), f"{openid.issuer}/jwks"
        with pytest.raises(Unanswered, match="characters") as caught:
            port.send(prepared(url, "Bearer to\nken"))
        assert "to" + chr(10) not in str(caught.value)
        assert "ken" not in str(caught.value)
        assert port.document(url)


def prepared(url: str, authorization: str) -> requests.PreparedRequest:
    """A request with a header that requests itself would refuse."""
    request = requests.Request("GET", url).prepare()
    request.headers["Authorization"] = authorization
    return request


def test_a_host_that_has_not_answered_is_asked_again_after_a_while() -> None:
    now, found = [0.0], [("127.0.0.1", 9)]
    asked: list[str] = []

    def find(host: str, port: int) -> list[tuple[str, int]]:
        asked.append(host)
        return found

    port = Port(LOOSE, find=find, clock=lambda: now[0])
    for moment, times in ((0.0, 1), (4.9, 1), (5.0, 2), (6.0, 2), (10.0, 3)):
        now[0] = moment
        with pytest.raises(Unanswered):
            port.document("https://slow.example/")
        assert len(asked) == times
    with pytest.raises(Unanswered):
        port.document("https://other.example/")
    assert asked[-1] == "other.example"
