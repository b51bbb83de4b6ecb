"""JSON Web Tokens: one algorithm, no extension, and one answer to whatever is not signed with the right secret."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from hmac import digest
from typing import Any

import pytest

from stormpath_wsgi import jwt
from stormpath_wsgi.errors import Error

SECRET = "eX4mple/+Secret0123456789eX4mple/+Secret01234"
HEADER = {"kid": "KEY", "stt": "access"}
CLAIMS = {"jti": "id", "iat": 1_700_000_000, "exp": 1_700_003_600}


def secret_of(kid: str | None) -> str | None:
    return SECRET if kid == "KEY" else None


def encoded(part: Any) -> str:
    octets = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def signed_with(header: Any, payload: bytes) -> str:
    """A token with any header and payload, signed with the secret all the same."""
    text = f"{encoded(header)}.{encoded(payload)}"
    return f"{text}.{encoded(digest(SECRET.encode(), text.encode(), sha256))}"


def code(text: str) -> int:
    with pytest.raises(Error) as caught:
        jwt.read(text, secret_of)
    return caught.value.code


def test_what_is_written_can_be_read() -> None:
    read = jwt.read(jwt.write(HEADER, CLAIMS, SECRET), secret_of)
    assert read.header == {**HEADER, "alg": "HS256"}
    assert read.claims == CLAIMS
    assert SECRET not in repr(read)
    assert "1700000000" not in repr(read)


def test_the_same_token_is_the_same_text() -> None:
    """Others keep it, and we make it again: its spelling must not depend on the version of anything.

    The signature was worked out with hmac and base64 of the standard library.
    """
    assert jwt.write({"kid": "KEY", "stt": "access"}, {"jti": "é", "iat": 1}, "s" * 43) == (
        "eyJraWQiOiJLRVkiLCJzdHQiOiJhY2Nlc3MiLCJhbGciOiJIUzI1NiJ9"
        ".eyJqdGkiOiJcdTAwZTkiLCJpYXQiOjF9"
        ".wmoYfaCawuuAxZoVhysJTdnJxmPLgxdnB5jnbkotnwA"
    )


GOOD = jwt.write(HEADER, CLAIMS, SECRET)
HEAD, BODY, SIGNATURE = GOOD.split(".")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("some words", id="no JWT"),
        pytest.param("..", id="empty parts"),
        pytest.param("é.é.é", id="beyond ASCII"),
        pytest.param("\ud800.a.b", id="no character"),
        pytest.param(f"{GOOD}.{SIGNATURE}.x", id="five parts"),
        pytest.param(f"{HEAD}.{BODY}.", id="no signature"),
        pytest.param(f"{HEAD}.{BODY}.{SIGNATURE[:-1]}", id="short signature"),
        pytest.param(f"{GOOD}=", id="padding"),
        pytest.param(f"{HEAD}.{encoded({**CLAIMS, 'jti': 'other'})}.{SIGNATURE}", id="other claims"),
        pytest.param(jwt.write(HEADER, CLAIMS, SECRET + "x"), id="other secret"),
        pytest.param(jwt.write({**HEADER, "kid": "OTHER"}, CLAIMS, SECRET), id="other key"),
        pytest.param(jwt.write({"stt": "access"}, CLAIMS, SECRET), id="no key"),
        pytest.param(f"{encoded({**HEADER, 'alg': 'none'})}.{BODY}.", id="no algorithm"),
        pytest.param(signed_with({**HEADER, "alg": "HS512"}, b"{}"), id="another algorithm"),
        pytest.param(signed_with({**HEADER, "alg": "RS256"}, b"{}"), id="an algorithm of public keys"),
        pytest.param(signed_with({**HEADER, "alg": ["HS256"]}, b"{}"), id="a list of algorithms"),
        pytest.param(signed_with(HEADER, b"{}"), id="no alg"),
        pytest.param(signed_with({**HEADER, "alg": "HS256", "kid": 5}, b"{}"), id="kid is a number"),
        pytest.param(signed_with({**HEADER, "alg": "HS256", "crit": 5}, b"{}"), id="strange crit"),
        pytest.param(signed_with({**HEADER, "alg": "HS256", "crit": ["b64"], "b64": False}, b"{}"), id="extension"),
        pytest.param(signed_with([HEADER], b"{}"), id="header is a list"),
        pytest.param(signed_with({**HEADER, "alg": "HS256", "x": "y" * 600}, b"{}"), id="huge header"),
        pytest.param(signed_with({**HEADER, "alg": "HS256"}, b"[]"), id="claims are a list"),
        pytest.param(signed_with({**HEADER, "alg": "HS256"}, b"{"), id="claims are no JSON"),
        pytest.param(signed_with({**HEADER, "alg": "HS256"}, b"\xff"), id="claims are no text"),
        pytest.param(signed_with({**HEADER, "alg": "HS256"}, b'{"a":' * 1000), id="deep claims"),
        pytest.param(signed_with({**HEADER, "alg": "HS256"}, b'{"sub":"a","sub":"b"}'), id="a claim twice"),
        pytest.param(signed_with({**HEADER, "alg": "HS256"}, b'{"a":' + b"9" * 5000 + b"}"), id="endless number"),
        pytest.param(signed_with({**HEADER, "alg": "HS256"}, b'{"a":"' + b"a" * 9000 + b'"}'), id="huge claims"),
        pytest.param("a" * 10_000_000, id="megabytes"),
    ],
)
def test_what_is_not_ours_is_refused_in_one_way(text: str) -> None:
    assert code(text) == 10017


def test_the_secret_is_not_asked_for_before_the_header_is_understood() -> None:
    with pytest.raises(Error):
        jwt.read(signed_with({**HEADER, "alg": "HS256", "crit": ["x"]}, b"{}"), lambda kid: pytest.fail("was asked"))


@pytest.mark.parametrize(
    ("claims", "now", "refusal"),
    [
        ({"iat": 100, "exp": 200}, 199.999, None),
        ({"iat": 100, "exp": 200}, 200, 10011),
        ({"iat": 100.5, "exp": 200.5}, 200.4, None),
        ({"iat": 102, "exp": 200}, 100, None),
        ({"iat": 102.1, "exp": 200}, 100, 10012),
        ({"iat": 100}, 150, 11004),
        ({"exp": 200}, 150, 11004),
        ({"iat": 100, "exp": "200"}, 150, 11004),
        ({"iat": True, "exp": 200}, 150, 11004),
        ({"iat": 100, "exp": float("inf")}, 150, 11004),
        ({"iat": 100, "exp": float("nan")}, 150, 11004),
        ({"iat": 100, "exp": 10**30}, 150, 11004),
        ({"iat": -1, "exp": 200}, 150, 11004),
    ],
)
def test_no_second_is_given_to_the_expired(claims: dict[str, Any], now: float, refusal: int | None) -> None:
    token = jwt.Jwt({}, claims)
    if refusal is None:
        token.check_times(now)
    else:
        with pytest.raises(Error) as caught:
            token.check_times(now)
        assert caught.value.code == refusal


@pytest.mark.parametrize("value", [None, "", " ", 5, ["x"], {}])
def test_a_claim_that_is_no_text_is_none(value: Any) -> None:
    with pytest.raises(Error) as caught:
        jwt.Jwt({}, {"sub": value}).text("sub")
    assert caught.value.code == 11004
