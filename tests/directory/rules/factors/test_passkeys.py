"""Passkeys in a directory: what is accepted of a device, and what is not."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete
from support.authenticator import EDDSA, ES512, ORIGIN, RP_ID, RS256, Device, decoded, encoded
from support.world import ON_ONE_ENGINE, Wire, World, link, path, refused

from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.events import AfterEvent, SignInFailed
from stormpath_wsgi.kinds import id_of

REFUSED, UNKNOWN, COUNT, LAST = 7130, 7131, 7132, 7133


class Site:
    """What a site asks of a browser, and sends to the directory. *told*: what has happened."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.told: list[AfterEvent] = []
        world.service.events.listen(AfterEvent, self.told.append)

    def add(self, account: str, device: Device, **changes: Any) -> Wire:
        body, options = self.to_add(account)
        return self.world.service.create(f"{account}/passkeys", {**body, "answer": device.make(options), **changes})

    def to_add(self, account: str) -> tuple[dict[str, Any], dict[str, Any]]:
        body = {**_asked(), "name": "My phone"}
        rp, user = {"id": RP_ID}, {"id": encoded(id_of(account).encode())}
        return body, {"challenge": encoded(body["challenge"].encode()), "rp": rp, "user": user}

    def sign_in(self, device: Device, **changes: Any) -> Wire:
        body, options = self.to_sign_in()
        return self.send({**body, "answer": device.use(options), **changes})

    def to_sign_in(self) -> tuple[dict[str, Any], dict[str, Any]]:
        body = _asked()
        return body, {"challenge": encoded(body["challenge"].encode()), "rpId": RP_ID}

    def send(self, body: dict[str, Any], **params: Any) -> Wire:
        return self.world.service.create(f"{self.world.application}/passkeyAttempts", body, params)


def _asked() -> dict[str, Any]:
    return {"challenge": secrets.token_urlsafe(32), "rpId": RP_ID, "origins": [ORIGIN]}


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


@pytest.fixture
def account(world: World, site: Site) -> str:
    made = world.account("ada@example.org")
    site.told.clear()
    return made


@pytest.fixture
def device() -> Device:
    return Device()


def without_password(world: World, account: str) -> None:
    with world.database.write() as transaction:
        table = schema.passwords
        transaction.connection.execute(delete(table).where(table.c.account_id == id_of(account)))


def test_a_passkey_signs_its_account_in(world: World, site: Site, account: str, device: Device) -> None:
    made = site.add(account, device)
    assert (made["name"], made["rpId"], made["transports"]) == ("My phone", RP_ID, ["internal", "hybrid"])
    assert (made["verifiesUser"], made["backedUp"], made["lastUsedAt"]) == (True, True, None)
    assert made["account"] == link(account)
    assert not made.keys() & {"challenge", "origins", "answer", "publicKey", "signCount"}
    assert site.sign_in(device) == {"account": link(account), "passkey": link(path(made)), "userVerified": True}
    assert world.service.get(path(made))["lastUsedAt"]
    assert [type(event).__name__ for event in site.told] == ["PasskeyAdded", "SignedIn"]
    assert site.told[-1].credential == "passkey"


@ON_ONE_ENGINE
@pytest.mark.parametrize("algorithm", [EDDSA, RS256])
def test_other_algorithms_do_as_well(site: Site, account: str, algorithm: int) -> None:
    device = Device(algorithm)
    site.add(account, device)
    assert site.sign_in(device)["account"] == link(account)


@ON_ONE_ENGINE
def test_an_algorithm_that_was_not_offered_is_refused(site: Site, account: str) -> None:
    with refused(REFUSED, "Unsupported credential public key alg"):
        site.add(account, Device(ES512))


@ON_ONE_ENGINE
def test_a_short_rsa_key_is_refused(site: Site, account: str) -> None:
    with refused(REFUSED, "too short"):
        site.add(account, Device(RS256, bits=1024))


def test_an_account_has_several_passkeys_and_they_have_names(world: World, site: Site, account: str) -> None:
    phone, key = Device(), Device()
    first, second = site.add(account, phone), site.add(account, key, name="Blue key")
    world.update(path(second), name="Green key")
    named = [each["name"] for each in world.items(f"{account}/passkeys", orderBy="createdAt")]
    assert sorted(named) == ["Green key", "My phone"]
    assert site.sign_in(key)["passkey"] == link(path(second))
    assert site.sign_in(phone)["passkey"] == link(path(first))


def test_nothing_but_the_name_can_be_changed(world: World, site: Site, account: str, device: Device) -> None:
    made = site.add(account, device)
    for name, value in {"credentialId": "abc", "verifiesUser": False, "rpId": "example.com"}.items():
        with refused(2002):
            world.update(path(made), **{name: value})


def test_the_account_does_not_name_its_passkeys(world: World, account: str) -> None:
    """Old clients see what they have always seen."""
    assert "passkeys" not in world.service.get(account)
    assert "passkeyAttempts" not in world.service.get(world.application)


# What is refused at a registration.


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    "changes",
    [
        {"client": {"origin": "https://example.com"}},
        {"client": {"origin": "https://evil.example.org"}},
        {"client": {"crossOrigin": True}},
        {"client": {"type": "webauthn.get"}},
        {"client": {"challenge": encoded(b"another challenge")}},
        {"rp_id": "example.com"},
    ],
    ids=str,
)
def test_a_key_that_was_made_for_something_else_is_not_added(
    world: World, site: Site, account: str, device: Device, changes: dict[str, Any]
) -> None:
    body, options = site.to_add(account)
    with refused(REFUSED):
        world.service.create(f"{account}/passkeys", {**body, "answer": device.make(options, **changes)})
    assert world.items(f"{account}/passkeys") == []


def test_a_key_that_another_account_has_is_not_added(world: World, site: Site, account: str, device: Device) -> None:
    site.add(account, device)
    other = world.account()
    body, options = site.to_add(other)
    stolen = json.loads(device.make(options))
    key, own = device.keys
    object_ = stolen["response"]["attestationObject"]
    stolen["response"]["attestationObject"] = encoded(decoded(object_).replace(own.id, key.id))
    stolen["id"] = stolen["rawId"] = key.name
    with refused(REFUSED):
        world.service.create(f"{other}/passkeys", {**body, "answer": json.dumps(stolen)})
    assert site.sign_in(Device(keys=[key]))["account"] == link(account)


def test_what_has_made_a_passkey_makes_no_second_one(world: World, site: Site, account: str, device: Device) -> None:
    body, options = site.to_add(account)
    body["answer"] = device.make(options)
    made = world.service.create(f"{account}/passkeys", body)
    world.service.delete(path(made))
    with refused(REFUSED, "answered before"):
        world.service.create(f"{account}/passkeys", body)


@ON_ONE_ENGINE
def test_an_account_has_twenty_at_the_most(site: Site, account: str, device: Device) -> None:
    for _ in range(20):
        site.add(account, device)
    with refused(409):
        site.add(account, device)


# What is refused at a sign-in.


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    "changes",
    [
        {"client": {"origin": "https://example.com"}},
        {"client": {"origin": "http://example.org"}},
        {"client": {"crossOrigin": True}},
        {"client": {"type": "webauthn.create"}},
        {"client": {"challenge": encoded(b"another challenge")}},
        {"rp_id": "example.com"},
        {"signature": b"forged"},
        {"signature": b""},
        {"user": None},
        {"user": encoded(b"somebody-else")},
        {"user": encoded(b"\xff\xfe")},
    ],
    ids=str,
)
def test_an_answer_to_something_else_signs_nobody_in(
    site: Site, account: str, device: Device, changes: dict[str, Any]
) -> None:
    site.add(account, device)
    body, options = site.to_sign_in()
    with refused(REFUSED):
        site.send({**body, "answer": device.use(options, **changes)})
    (failed,) = [event for event in site.told if isinstance(event, SignInFailed)]
    assert (failed.reason, failed.credential) == ("PASSKEY_REFUSED", "passkey")
    assert failed.account is not None
    assert failed.account.endswith(account)


@ON_ONE_ENGINE
def test_a_passkey_of_another_site_of_the_directory_signs_nobody_in(site: Site, account: str, device: Device) -> None:
    """It could not: a browser uses it at its own site only. A site must not be able to say otherwise."""
    site.add(account, device)
    body, options = site.to_sign_in()
    options["rpId"] = body["rpId"] = "example.com"
    with refused(REFUSED, "another site"):
        site.send({**body, "answer": device.use(options)})


@pytest.mark.parametrize("counts", [True, False])
def test_an_answer_signs_in_once(site: Site, account: str, counts: bool) -> None:
    device = Device(counts=counts)
    site.add(account, device)
    body, options = site.to_sign_in()
    body["answer"] = device.use(options)
    site.send(body)
    with refused(COUNT if counts else REFUSED):
        site.send(body)


def test_a_count_that_goes_backwards_is_refused_and_told(site: Site, account: str, device: Device) -> None:
    site.add(account, device)
    site.sign_in(device)
    copied = device.keys[0].count
    site.sign_in(device)
    device.keys[0].count = copied - 1
    with refused(COUNT, "copy"):
        site.sign_in(device)
    failed = site.told[-1]
    assert isinstance(failed, SignInFailed)
    assert failed.reason == "PASSKEY_COUNT"
    device.keys[0].count = copied + 1
    assert site.sign_in(device)["account"] == link(account)


@ON_ONE_ENGINE
def test_a_device_that_stops_counting_is_refused(site: Site, account: str, device: Device) -> None:
    site.add(account, device)
    site.sign_in(device)
    device.counts, device.keys[0].count = False, 0
    with refused(COUNT):
        site.sign_in(device)


@ON_ONE_ENGINE
def test_a_passkey_that_nobody_has_signs_nobody_in(site: Site, account: str, device: Device) -> None:
    with refused(UNKNOWN):
        device.make(site.to_add(account)[1])
        site.sign_in(device)


@ON_ONE_ENGINE
def test_a_security_key_without_a_pin_is_a_second_factor_and_no_first(world: World, site: Site, account: str) -> None:
    key = Device(verifies=False)
    made = site.add(account, key)
    assert made["verifiesUser"] is False
    with refused(REFUSED, "verif"):
        site.sign_in(key)
    with refused(REFUSED, "verif"):  # whatever the caller says
        site.sign_in(key, verification=False)
    second = {"account": link(account), "verification": False}
    assert site.sign_in(key, **second) == {"account": link(account), "passkey": link(path(made)), "userVerified": False}


@ON_ONE_ENGINE
def test_a_security_key_stays_one_when_its_owner_gives_it_a_pin(world: World, site: Site, account: str) -> None:
    """Else the password alone would let in from then on."""
    key = Device(verifies=False)
    made = path(site.add(account, key))
    key.verifies = True
    assert site.sign_in(key, account=link(account), verification=False)["userVerified"] is True
    assert world.service.get(made)["verifiesUser"] is False


@ON_ONE_ENGINE
def test_browsers_are_remembered_no_longer_when_a_key_is_added_or_removed(
    world: World, site: Site, account: str
) -> None:
    versions = [world.service.get(f"{account}/secondFactor")["version"]]
    key = path(site.add(account, Device(verifies=False)))
    versions.append(world.service.get(f"{account}/secondFactor")["version"])
    world.service.delete(key)
    versions.append(world.service.get(f"{account}/secondFactor")["version"])
    assert len(set(versions)) == 3


@ON_ONE_ENGINE
def test_the_second_factor_of_one_account_is_none_of_another(world: World, site: Site, account: str) -> None:
    device, other = Device(), world.account()
    site.add(account, device)
    with refused(REFUSED, "another account"):
        site.sign_in(device, account=link(other), verification=False)


@ON_ONE_ENGINE
@pytest.mark.parametrize(("status", "code"), [("DISABLED", 7101), ("UNVERIFIED", 7102), ("LOCKED", 7103)])
def test_who_may_not_sign_in_does_not_by_a_passkey(
    world: World, site: Site, account: str, device: Device, status: str, code: int
) -> None:
    site.add(account, device)
    world.update(account, status=status)
    with refused(code):
        site.sign_in(device)


def test_an_account_of_a_directory_that_is_not_mapped_is_kept_out(world: World, site: Site, device: Device) -> None:
    stranger = world.account(at=world.new_directory())
    site.add(stranger, device)
    with refused(7104):
        site.sign_in(device)


def test_an_account_that_is_to_be_deleted_is_kept_by_its_passkey(
    world: World, site: Site, account: str, device: Device
) -> None:
    site.add(account, device)
    world.service.create(f"{account}/deletions", {"grace": "P14D"})
    with refused(7101):
        site.sign_in(device)
    body, options = site.to_sign_in()
    site.send({**body, "answer": device.use(options)}, keeps="true")
    assert world.service.get(account)["status"] == "ENABLED"


# Removal.


def test_a_removed_passkey_signs_nobody_in(world: World, site: Site, account: str, device: Device) -> None:
    made = site.add(account, device)
    world.service.delete(path(made))
    with refused(UNKNOWN):
        site.sign_in(device)
    assert [type(event).__name__ for event in site.told] == ["PasskeyAdded", "PasskeyRemoved", "SignInFailed"]


def test_the_last_way_in_is_not_removed(world: World, site: Site, account: str) -> None:
    first, second = site.add(account, Device()), site.add(account, Device())
    key = site.add(account, Device(verifies=False))
    without_password(world, account)
    world.service.delete(path(first))
    with refused(LAST):
        world.service.delete(path(second))
    world.service.delete(path(key))
    world.update(account, password="Another-Horse-2")
    world.service.delete(path(second))


@pytest.mark.parametrize("is_proved", [False, True])
def test_a_password_that_is_reset_ends_those_of_before_the_address_was_proved(
    world: World, site: Site, account: str, device: Device, is_proved: bool
) -> None:
    """Whoever has made the account with the address of somebody else shall not keep a way in."""
    if is_proved:
        world.update(account, emailVerificationStatus="VERIFIED")
    site.add(account, device)
    email = world.service.get(account)["email"]
    token = world.service.create(f"{world.application}/passwordResetTokens", {"email": email})
    world.update(path(token), password="Another-Horse-77")
    if is_proved:
        assert path(site.sign_in(device)["account"]) == account
    else:
        with refused(UNKNOWN):
            site.sign_in(device)


def test_passkeys_go_with_their_account(world: World, site: Site, account: str, device: Device) -> None:
    made = site.add(account, device)
    world.service.delete(account)
    with refused(404):
        world.service.get(path(made))


# What is no answer at all.

Mangle = Callable[[dict[str, Any]], object]

_MANGLED: list[Mangle] = [
    lambda answer: answer.pop("id"),
    lambda answer: answer.update(id=7),
    lambda answer: answer.update(rawId="!!!"),
    lambda answer: answer.update(type="password"),
    lambda answer: answer.update(response=[]),
    lambda answer: answer["response"].update(clientDataJSON=encoded(b"[]")),
    lambda answer: answer["response"].update(clientDataJSON=encoded(b'{"type": {}, "challenge": 7, "origin": []}')),
    lambda answer: answer["response"].update(clientDataJSON=encoded(b"[" * 5000)),
    lambda answer: answer["response"].update(clientDataJSON="\u00e4"),
]
_MANGLED_KEYS: list[Mangle] = [
    lambda answer: answer["response"].update(attestationObject=encoded(b"\x9f" * 5000)),
    lambda answer: answer["response"].update(attestationObject=encoded(b"\xbb" + b"\xff" * 8)),
    lambda answer: answer["response"].update(attestationObject=""),
]
_MANGLED_USES: list[Mangle] = [
    lambda answer: answer["response"].update(userHandle={}),
    lambda answer: answer["response"].update(authenticatorData=encoded(b"short")),
    lambda answer: answer["response"].update(signature=None),
]


@ON_ONE_ENGINE
@pytest.mark.parametrize("mangle", [*_MANGLED, *_MANGLED_KEYS])
def test_a_mangled_key_is_not_added(world: World, site: Site, account: str, device: Device, mangle: Mangle) -> None:
    body, options = site.to_add(account)
    answer = json.loads(device.make(options))
    mangle(answer)
    with refused(REFUSED):
        world.service.create(f"{account}/passkeys", {**body, "answer": json.dumps(answer)})


@ON_ONE_ENGINE
@pytest.mark.parametrize("mangle", [*_MANGLED, *_MANGLED_USES])
def test_a_mangled_answer_signs_nobody_in(site: Site, account: str, device: Device, mangle: Mangle) -> None:
    site.add(account, device)
    body, options = site.to_sign_in()
    answer = json.loads(device.use(options))
    mangle(answer)
    with refused(REFUSED):
        site.send({**body, "answer": json.dumps(answer)})


@ON_ONE_ENGINE
@pytest.mark.parametrize("text", ["[]", "null", '"' + "x" * 100 + '"', "[" * 16_000, "{"])
def test_what_is_no_json_object_is_refused(world: World, site: Site, account: str, text: str) -> None:
    with refused(REFUSED):
        site.send({**_asked(), "answer": text + " "})
    with refused(REFUSED):
        world.service.create(f"{account}/passkeys", {**_asked(), "name": "x", "answer": text + " "})


@ON_ONE_ENGINE
def test_a_megabyte_is_not_parsed(world: World, site: Site, account: str) -> None:
    with refused(2008, "16384"):
        site.send({**_asked(), "answer": "[" * 1_000_000})
    with refused(2008, "16384"):
        world.service.create(f"{account}/passkeys", {**_asked(), "name": "x", "answer": "[" * 1_000_000})
