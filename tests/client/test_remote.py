"""A directory on another machine: its address, and the proof that a request carries."""

from __future__ import annotations

import datetime as dt

import pytest

from stormpath_wsgi.client.credentials import KeyPair
from stormpath_wsgi.client.remote import Remote, checked_address, signed
from stormpath_wsgi.errors import ConfigurationError

KEY = KeyPair("MyId", "Shush!")
JSON = {"Accept": "application/json", "Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "url", "headers", "body", "signature"),
    [
        ("GET", "https://api.stormpath.com/v1/", {}, b"",
         "990a95aabbcbeb53e48fb721f73b75bd3ae025a2e86ad359d08558e1bbb9411c"),
        ("GET", "https://api.stormpath.com/v1/directories?orderBy=name+asc", {}, b"",
         "fc04c5187cc017bbdf9c0bb743a52a9487ccb91c0996267988ceae3f10314176"),
        ("POST", "https://id.example.test:8443/v1/applications?createDirectory=true", JSON, b'{"name":"A"}',
         "a34aae7be0e9957e497c68cec8708d3ce1913094319c9c1451a3bac39edfbcae"),
    ],
)  # fmt: skip
def test_a_signature_is_that_of_the_published_vectors(
    method: str, url: str, headers: dict[str, str], body: bytes, signature: str
) -> None:
    now, nonce = dt.datetime(2013, 7, 1, tzinfo=dt.UTC), "a43a9d25-ab06-421e-8605-33fd1e760825"
    lines = signed(KEY, method, url, headers, body, now=now, nonce=nonce)
    names = ";".join(sorted(["host", "x-stormpath-date", *map(str.lower, headers)]))
    assert lines["Authorization"] == (
        f"SAuthc1 sauthc1Id=MyId/20130701/{nonce}/sauthc1_request, sauthc1SignedHeaders={names}, "
        f"sauthc1Signature={signature}"
    )
    assert lines["X-Stormpath-Date"] == "20130701T000000Z"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://id.example.org/v1", "id.example.org"),
        ("https://id.example.org:443/v1", "id.example.org"),
        ("http://id.example.org:443/v1", "id.example.org:443"),
        ("http://[::1]:8000/v1", "[::1]:8000"),
    ],
)
def test_the_host_is_signed_as_it_is_sent(url: str, host: str) -> None:
    assert signed(KEY, "GET", url, {}, b"", now=dt.datetime.now(dt.UTC), nonce="n")["Host"] == host


def test_no_two_signatures_are_alike() -> None:
    remote = Remote("https://id.example.org/v1", KEY)
    proofs = {remote.proof("GET", "https://id.example.org/v1/a", JSON, b"")["Authorization"] for _ in range(3)}
    assert len(proofs) == 3
    assert not any("Shush!" in proof for proof in proofs)


def test_basic_is_what_it_always_was() -> None:
    remote = Remote("https://id.example.org/v1", KEY, scheme="BASIC")
    assert remote.proof("GET", "https://id.example.org/v1/a", JSON, b"") == {"Authorization": "Basic TXlJZDpTaHVzaCE="}


def test_an_unknown_scheme_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="SAuthc1 or basic"):
        Remote("https://id.example.org/v1", KEY, scheme="digest")


@pytest.mark.parametrize(
    ("address", "base_url"),
    [
        ("https://id.example.org/v1", "https://id.example.org/v1"),
        (" https://ID.Example.org/v1/ ", "https://id.example.org/v1"),
        ("https://id.example.org:8443", "https://id.example.org:8443"),
        ("http://localhost:8000/v1", "http://localhost:8000/v1"),
        ("http://127.1.2.3/v1", "http://127.1.2.3/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_an_address_gets_the_spelling_that_hrefs_have(address: str, base_url: str) -> None:
    assert checked_address(address) == base_url


@pytest.mark.parametrize(
    "address",
    ["https://", "https:///v1", "https://h:port/v1", "https://[::1/v1", "https://h/v1?key=the-secret",
     "https://h/v1#f", "https://id:the-secret@h/v1", "https://the-secret@h/v1", "https://h/v1/../x", "https://h/a b", "ftp://h/v1",
     "h/v1"],
)  # fmt: skip
def test_another_address_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"https://id\.example\.com/v1") as refused:
        checked_address(address, allow_insecure=True)
    assert "the-secret" not in str(refused.value)


@pytest.mark.parametrize(
    "host", ["id.example.org", "10.0.0.7", "localhost.example.org", "127.0.0.1.example.org", "192.168.1.1"]
)
def test_passwords_do_not_travel_in_the_clear_unless_that_is_asked_for(host: str) -> None:
    with pytest.raises(ConfigurationError, match="allow_insecure"):
        checked_address(f"http://{host}/v1")
    assert checked_address(f"http://{host}/v1", allow_insecure=True) == f"http://{host}/v1"


def test_a_bundle_that_is_not_there_is_found_out_at_once() -> None:
    with pytest.raises(ConfigurationError, match=r"/no/such\.pem"):
        Remote("https://id.example.org/v1", KEY, ca_bundle="/no/such.pem")


def test_nothing_secret_prints() -> None:
    proxies = {"https": "http://me:proxy-secret@proxy.example.org"}
    text = repr(Remote("https://id.example.org/v1", KEY, proxies=proxies))
    assert "Shush!" not in text
    assert "proxy-secret" not in text
