"""What devices and security keys answer (Web Authentication, Level 3): whether it is what was asked for.

The library that judges it takes a third of a second to import, so that is done when the first answer comes, and never
in a process in which nobody has a passkey.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stormpath_wsgi.kinds import PASSKEY_ALGORITHMS

if TYPE_CHECKING:
    from webauthn.helpers.structs import AuthenticatorTransport, CollectedClientData

#: Bits of the shortest RSA key that is taken (NIST SP 800-57).
_LEAST_RSA = 2048

#: Bytes of the longest id of a credential (Web Authentication, section 4).
_LONGEST_ID = 1023

log = logging.getLogger(__name__)


class AnswerRefused(Exception):
    """The answer is not one to what was asked. The text says why, for the log and for developers."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a site had asked a browser. *origins*: where the browser may have been. *verification*: whether the person
    must have shown a finger or face, or typed a PIN.
    """

    challenge: str
    rp_id: str
    origins: list[str]
    verification: bool


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A key pair that was just made. *id* and *public_key*: base64url without padding."""

    id: str
    public_key: str
    sign_count: int
    transports: list[str]
    user_verified: bool
    backed_up: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """What an answer says before anything of it is believed: of which credential it is, and of whom.

    *user*: the id of the account, which a device tells that was asked for no particular credential.
    """

    credential_id: str
    user: str | None


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of a credential that has signed what was asked."""

    sign_count: int
    user_verified: bool
    backed_up: bool


def registered(answer: str, asked: Asked) -> NewCredential:
    """The key pair that was made as *asked*, from the *answer* of the browser: JSON that may be anything.

    Source: Web Authentication, Level 3, section 7.1. What certificates say of the maker of the device is not asked, and
    so not believed. Raises :class:`AnswerRefused`.
    """
    import webauthn
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from webauthn.helpers import (
        bytes_to_base64url,
        decode_credential_public_key,
        decoded_public_key_to_cryptography,
        parse_client_data_json,
        parse_registration_credential_json,
    )
    from webauthn.helpers.cose import COSEAlgorithmIdentifier

    with _judging():
        credential = parse_registration_credential_json(answer)
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=asked.challenge.encode(),
            expected_rp_id=asked.rp_id,
            expected_origin=asked.origins,
            require_user_verification=asked.verification,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(number) for number in PASSKEY_ALGORITHMS],
        )
        _check_frame(parse_client_data_json(credential.response.client_data_json))
        key = decoded_public_key_to_cryptography(decode_credential_public_key(made.credential_public_key))
        if isinstance(key, RSAPublicKey) and key.key_size < _LEAST_RSA:
            raise AnswerRefused("the RSA key is too short")
        if made.credential_id != credential.raw_id or len(made.credential_id) > _LONGEST_ID:
            raise AnswerRefused("the id of the credential is another one, or too long")
        return NewCredential(
            id=bytes_to_base64url(made.credential_id),
            public_key=bytes_to_base64url(made.credential_public_key),
            sign_count=made.sign_count,
            transports=_transports(credential.response.transports),
            user_verified=made.user_verified,
            backed_up=made.credential_backed_up,
        )


def claim(answer: str) -> Claim:
    """What the *answer* of a browser, JSON that may be anything, says of itself. Raises :class:`AnswerRefused`."""
    from webauthn.helpers import bytes_to_base64url, parse_authentication_credential_json

    with _judging():
        credential = parse_authentication_credential_json(answer)
        if credential.id != bytes_to_base64url(credential.raw_id):
            raise AnswerRefused("it has two ids")
        handle = credential.response.user_handle
        return Claim(credential.id, None if handle is None else handle.decode("ascii", "replace"))


def proved(answer: str, asked: Asked, public_key: str) -> Proof:
    """What is proved by an *answer* that the credential with that *public_key* has signed as *asked*.

    How often the credential was used is for the caller to compare, who knows it. Source: Web Authentication, Level 3,
    section 7.2. Raises :class:`AnswerRefused`.
    """
    import webauthn
    from webauthn.helpers import base64url_to_bytes, parse_authentication_credential_json, parse_client_data_json

    with _judging():
        credential = parse_authentication_credential_json(answer)
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=asked.challenge.encode(),
            expected_rp_id=asked.rp_id,
            expected_origin=asked.origins,
            credential_public_key=base64url_to_bytes(public_key),
            credential_current_sign_count=0,
            require_user_verification=asked.verification,
        )
        _check_frame(parse_client_data_json(credential.response.client_data_json))
        return Proof(verified.new_sign_count, verified.user_verified, verified.credential_backed_up)


def _check_frame(data: CollectedClientData) -> None:
    """Our pages are in no frame of another site."""
    if data.cross_origin:
        raise AnswerRefused("it was asked in a frame of another site")


def _transports(told: list[AuthenticatorTransport] | None) -> list[str]:
    return [each.value for each in told or ()]


@contextmanager
def _judging() -> Iterator[None]:
    """What is wrong with an answer is one error, whatever a parser stumbles over: of JSON, CBOR, COSE, or a key."""
    try:
        yield
    except AnswerRefused:
        raise
    except Exception as error:  # the parsers of a stranger's bytes raise errors of many kinds
        log.debug("An answer of a passkey is not accepted.", exc_info=True)
        raise AnswerRefused(f"{type(error).__name__}: {error}"[:200]) from error
