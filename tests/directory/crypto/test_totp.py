"""Codes of an authenticator app."""

from __future__ import annotations

import base64
import io
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import segno

from stormpath_wsgi.directory.crypto import totp

#: The seed of RFC 6238, appendix B, for SHA-1.
SEED = base64.b32encode(b"12345678901234567890").decode()

#: The last six digits of the appendix's eight: that is what truncating to six gives (RFC 4226, section 5.3).
VECTORS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]


@pytest.mark.parametrize(("now", "code"), VECTORS)
def test_the_vectors_of_the_rfc_are_right(now: int, code: str) -> None:
    assert totp.matching_step(SEED, code, now) == now // 30


@pytest.mark.parametrize(("drift", "taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_off_by_one_step(drift: int, taken: bool) -> None:
    assert (totp.matching_step(SEED, "005924", 1234567890 + drift) is not None) is taken


def test_no_step_counts_twice() -> None:
    step = 1234567890 // 30
    assert totp.matching_step(SEED, "005924", 1234567890, after=step - 1) == step
    assert totp.matching_step(SEED, "005924", 1234567890, after=step) is None
    assert totp.matching_step(SEED, "005924", 1234567890, after=step + 1) is None


def test_another_program_makes_the_same_codes() -> None:
    for now in range(0, 10**9, 33_333_333):
        secret = totp.new_secret()
        assert totp.code_at(secret, now) == pyotp.TOTP(secret).at(now)


def test_a_secret_of_others_may_be_short_and_in_small_letters() -> None:
    """Apps show it so, and exports of other systems have it."""
    secret = base64.b32encode(b"a short secret").decode()
    assert totp.code_at(secret.rstrip("=").lower(), 59) == totp.code_at(secret, 59) == pyotp.TOTP(secret).at(59)


def test_a_secret_has_160_bits_and_is_new_each_time() -> None:
    first, second = totp.new_secret(), totp.new_secret()
    assert len(base64.b32decode(first)) == 20
    assert first != second


def test_a_uri_takes_any_name() -> None:
    uri = urlsplit(totp.key_uri(SEED, "ada?secret=x&y/@example.org", "Löwe & Co"))
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/ada%3Fsecret%3Dx%26y%2F%40example.org")
    assert parse_qs(uri.query) == {"secret": [SEED], "issuer": ["Löwe & Co"]}
    assert totp.key_uri(SEED, "ada", None) == f"otpauth://totp/ada?secret={SEED}"


def test_the_image_is_of_the_uri() -> None:
    """A QR code says the same whatever the mask; so that of the same text with the same mask is compared."""
    uri = totp.key_uri(SEED, "ada", "Shop")
    expected = io.BytesIO()
    segno.make_qr(uri, mask=3).save(expected, kind="png", scale=4)
    assert base64.b64decode(totp.qr_image(uri) or "") == expected.getvalue()
    assert expected.getvalue().startswith(b"\x89PNG")


def test_what_no_camera_could_read_is_not_drawn() -> None:
    assert totp.qr_image(totp.key_uri(SEED, "猫" * 255, "犬" * 255)) is None
