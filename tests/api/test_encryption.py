"""``?encryptSecret=true``: the secrets of API keys, for the eyes of who asked."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.padding import PKCS7
from support.callers import Caller, refusal
from support.world import World, path

from stormpath_wsgi.api.encryption import Encryption

SALT = bytes(range(16))
ASKED = {
    "encryptSecret": "true",
    "encryptionKeySalt": base64.urlsafe_b64encode(SALT).decode(),
    "encryptionKeySize": "256",
    "encryptionKeyIterations": "1024",
}


def decrypted(text: str, password: str, bits: int = 256, iterations: int = 1024) -> str:
    """As a client does."""
    key = PBKDF2HMAC(SHA1(), bits // 8, SALT, iterations).derive(password.encode())  # noqa: S303
    packed = base64.urlsafe_b64decode(text + "==")  # more padding than is needed is ignored
    decryptor = Cipher(AES(key), CBC(packed[:16])).decryptor()
    unpadder = PKCS7(128).unpadder()
    return (unpadder.update(decryptor.update(packed[16:]) + decryptor.finalize()) + unpadder.finalize()).decode()


@pytest.fixture
def key(world: World) -> dict[str, Any]:
    """An API key of an account."""
    return dict(world.service.create(f"{world.account()}/apiKeys", {}))


def test_the_check_value_comes_out() -> None:
    encryption = Encryption("Shush!", salt=SALT, size=256, iterations=1024)
    assert encryption.encrypted("XEPJolhnMYEDw2bSCfRnD+nyqK+OTdlQp8C/EXAMPLE", bytes(range(16, 32))) == (
        "EBESExQVFhcYGRobHB0eH0O_rp6FgrNfTdnFriiJ28HMs0VEJv6jv5KNH6rlM83rKVbo9qF0CafPOol6VuCG_g"
    )


@pytest.mark.parametrize("bits", [128, 192, 256])
def test_a_client_decrypts_it(caller: Caller, key: dict[str, Any], bits: int) -> None:
    document = caller.get(path(key), **ASKED | {"encryptionKeySize": str(bits), "encryptionKeyIterations": "1"}).json
    assert document is not None and decrypted(document["secret"], caller.secret, bits, 1) == key["secret"]


def test_a_client_that_says_no_more_than_it_must_decrypts_it(caller: Caller, key: dict[str, Any]) -> None:
    asked = {"encryptSecret": "True", "encryptionKeySalt": ASKED["encryptionKeySalt"].rstrip("=")}
    document = caller.get(path(key), **asked).json
    assert document is not None and decrypted(document["secret"], caller.secret, 128, 1024) == key["secret"]


def test_it_is_encrypted_wherever_it_stands(caller: Caller, key: dict[str, Any]) -> None:
    account = path(key["account"])
    made = caller.post(f"{account}/apiKeys", {"name": "second"}, **ASKED).json
    listed = caller.get(f"{account}/apiKeys", **ASKED).json
    expanded = caller.get(account, expand="apiKeys", **ASKED).json
    assert made is not None and listed is not None and expanded is not None
    assert len(listed["items"]) == len(expanded["apiKeys"]["items"]) == 2
    found = [made, *listed["items"], *expanded["apiKeys"]["items"]]
    plain = {id: caller.get(f"apiKeys/{id}").json["secret"] for id in {one["id"] for one in found}}  # type: ignore[index]
    assert [decrypted(one["secret"], caller.secret) for one in found] == [plain[one["id"]] for one in found]


def test_no_two_are_alike(caller: Caller, key: dict[str, Any]) -> None:
    assert len({caller.get(path(key), **ASKED).text for _ in range(3)}) == 3


def test_without_asking_it_is_plain(caller: Caller, key: dict[str, Any]) -> None:
    assert caller.get(path(key)).json == caller.get(path(key), **ASKED | {"encryptSecret": "False"}).json == key


def test_custom_data_that_looks_like_a_key_is_left_alone(caller: Caller, world: World, key: dict[str, Any]) -> None:
    copies = {"copy": key, "odd": {"href": key["href"], "secret": 1}}
    account = world.account(customData=copies)
    expanded, alone = caller.get(account, expand="customData", **ASKED), caller.get(f"{account}/customData", **ASKED)
    for document in (expanded.json and expanded.json["customData"], alone.json):
        assert document is not None and {name: document[name] for name in copies} == copies


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"encryptionKeySalt": None}, 2000),
        ({"encryptionKeySalt": "a"}, 2103),
        ({"encryptionKeySalt": "not+base64url/"}, 2103),
        ({"encryptionKeySalt": "A" * 1000}, 2103),
        ({"encryptionKeySize": "512"}, 2103),
        ({"encryptionKeySize": "big"}, 2103),
        ({"encryptionKeyIterations": "0"}, 2103),
        ({"encryptionKeyIterations": "65537"}, 2103),
        ({"encryptionKeyIterations": "9" * 5000}, 2103),
        ({"encryptSecret": "yes"}, 2103),
    ],
)
def test_what_cannot_be_done_is_refused_before_a_key_is_made(
    caller: Caller, world: World, change: dict[str, str | None], code: int
) -> None:
    account = world.account()
    asked = {name: text for name, text in {**ASKED, **change}.items() if text is not None}
    assert refusal(caller.post(f"{account}/apiKeys", {}, **asked)) == (400, code)
    assert world.items(f"{account}/apiKeys") == []
