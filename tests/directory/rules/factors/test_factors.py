"""Second factors: phones and authenticator apps."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from support.handset import NUMBER, Handset
from support.world import ON_ONE_ENGINE, World, link, path, refused

from stormpath_wsgi.directory.crypto import totp
from stormpath_wsgi.directory.storage import schema

APP = {"type": "google-authenticator"}
SMS = {"type": "SMS", "phone": {"number": NUMBER}}


@pytest.fixture
def account(world: World) -> str:
    return world.account("ada@example.org", username="ada")


@pytest.fixture
def handset(world: World) -> Handset:
    return Handset(world)


def test_an_sms_factor_makes_its_phone_or_takes_the_one_that_is_there(world: World, account: str) -> None:
    factor = world.service.create(f"{account}/factors", {**SMS, "type": "sms"})
    assert factor["type"] == "SMS"
    assert (factor["status"], factor["verificationStatus"]) == ("ENABLED", "UNVERIFIED")
    assert factor["account"] == link(account)
    assert factor["mostRecentChallenge"] is None
    assert not factor.keys() & {"secret", "keyUri", "base64QRImage", "accountName", "issuer", "challenge"}
    phone = world.service.get(path(factor["phone"]))
    assert (phone["number"], phone["verificationStatus"]) == (NUMBER, "UNVERIFIED")
    world.service.delete(path(factor))
    again = world.service.create(f"{account}/factors", {"type": "SMS", "phone": {"number": "201-555-0123"}})
    assert again["phone"] == factor["phone"]


def test_an_sms_factor_may_name_its_phone(world: World, account: str) -> None:
    phone = world.service.create(f"{account}/phones", {"number": NUMBER})
    with refused(13111):
        body = {"type": "SMS", "phone": {**link(path(phone)), "number": "+12015550199"}}
        world.service.create(f"{account}/factors", body)
    assert world.service.create(f"{account}/factors", {"type": "SMS", "phone": phone})["phone"] == link(path(phone))
    with refused(2016):
        world.service.create(f"{world.account()}/factors", {"type": "SMS", "phone": link(path(phone))})


def test_a_phone_has_one_factor(world: World, account: str) -> None:
    world.service.create(f"{account}/factors", SMS)
    with refused(13105):
        world.service.create(f"{account}/factors", SMS)
    assert world.service.list(f"{account}/factors")["size"] == 1


def test_a_factor_may_ask_for_its_first_challenge(world: World, account: str, handset: Handset) -> None:
    body = {**SMS, "challenge": {"message": "Shop: ${code}"}}
    factor = world.service.create(f"{account}/factors", body, {"challenge": "True", "expand": "mostRecentChallenge"})
    assert factor["mostRecentChallenge"]["message"] == "Shop: ${code}"
    assert handset.messages == [(NUMBER, f"Shop: {handset.code}")]
    assert handset.answer(path(factor["mostRecentChallenge"])) == "SUCCESS"


@pytest.mark.parametrize(
    ("first", "params", "asked"),
    [(None, {}, 0), (None, {"challenge": "False"}, 0), ({}, {}, 1), ({}, {"challenge": False}, 0)],
)
def test_a_first_challenge_is_made_for_whoever_asks(
    world: World, account: str, handset: Handset, first: object, params: dict[str, object], asked: int
) -> None:
    """By the parameter, which has the last word, or by the body."""
    factor = world.service.create(f"{account}/factors", {**SMS, "challenge": first}, params)
    assert (factor["mostRecentChallenge"] is not None, len(handset.messages)) == (bool(asked), asked)


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ({"challenge": {"message": "no code"}}, 13103, "The challenge message must include '${code}'."),
        ({"phone": {"number": "+666"}}, 13101, "The provided phone number is invalid."),
        ({"challenge": {"code": "1"}}, 2015, ""),
        ({"challenge": "soon"}, 2004, ""),
        ({"phone": None}, 2000, ""),
        ({"phone": NUMBER}, 2004, ""),
        ({"phone": {"href": 7}}, 2002, ""),
        ({"issuer": "Shop"}, 2015, ""),
        ({"secret": "JBSWY3DPEHPK3PXP"}, 2015, ""),
        ({"type": "pigeon"}, 2003, ""),
        ({"type": "google-authenticator"}, 2015, ""),  # with a phone
    ],
)
def test_what_is_refused_leaves_nothing(
    world: World, account: str, handset: Handset, body: dict[str, object], code: int, text: str
) -> None:
    with refused(code, text):
        world.service.create(f"{account}/factors", {**SMS, **body}, {"challenge": "true"})
    assert (world.items(f"{account}/factors"), world.items(f"{account}/phones")) == ([], [])
    assert handset.messages == []


def test_a_disabled_phone_gets_no_first_challenge(world: World, account: str, handset: Handset) -> None:
    body = {"type": "SMS", "phone": {"number": NUMBER, "status": "DISABLED"}}
    with refused(13110):
        world.service.create(f"{account}/factors", body, {"challenge": "true"})
    assert (world.items(f"{account}/factors"), handset.messages) == ([], [])


def test_an_authenticator_is_told_its_secret(world: World, account: str) -> None:
    factor = world.service.create(f"{account}/factors", {**APP, "issuer": "Shop"})
    assert factor["type"] == "google-authenticator"
    assert factor["accountName"] == "ada"
    assert factor["keyUri"] == totp.key_uri(factor["secret"], "ada", "Shop")
    assert factor["base64QRImage"] == totp.qr_image(factor["keyUri"])
    assert "phone" not in factor
    assert world.service.get(path(factor)) == factor


def test_what_the_app_shows_can_change(world: World, account: str) -> None:
    factor = world.service.create(f"{account}/factors", {**APP, "accountName": "me", "issuer": "Shop"})
    changed = world.update(path(factor), issuer="Other", status="disabled")
    assert changed["keyUri"] == totp.key_uri(factor["secret"], "me", "Other")
    assert changed["base64QRImage"] != factor["base64QRImage"]
    assert changed["status"] == "DISABLED"
    cleared = world.update(path(factor), issuer=None, accountName=None)
    assert cleared["keyUri"] == totp.key_uri(factor["secret"], "ada", None)
    with refused(2002):
        world.update(path(factor), verificationStatus="VERIFIED")
    with refused(2002):
        world.update(path(factor), secret=totp.new_secret())


def test_a_whole_factor_may_be_sent_back(world: World, account: str) -> None:
    for body in (SMS, APP):
        factor = world.service.create(f"{account}/factors", body)
        assert {**world.update(**factor, path=path(factor)), "modifiedAt": ""} == {**factor, "modifiedAt": ""}


def test_a_name_for_the_app_is_no_matter_of_a_phone(world: World, account: str) -> None:
    factor = path(world.service.create(f"{account}/factors", SMS))
    with refused(2015):
        world.update(factor, accountName="ada")
    assert world.update(factor, accountName=None, status="DISABLED")["status"] == "DISABLED"


def test_a_factor_goes_alone(world: World, account: str, handset: Handset) -> None:
    """Its challenges go too; its phone stays for another one."""
    factor = handset.factor(account)
    challenge = handset.challenge(factor)
    world.service.delete(factor)
    for gone in (factor, challenge):
        with refused(404):
            world.service.get(gone)
    assert world.only(f"{account}/phones")["number"] == NUMBER
    handset.factor(account)


def test_no_secret_is_legible_in_the_tables(world: World, account: str, handset: Handset) -> None:
    app = world.service.create(f"{account}/factors", APP)
    handset.challenge(handset.factor(account))
    with world.database.read() as connection:
        secrets = connection.execute(select(schema.factors.c.secret)).scalars().all()
        codes = connection.execute(select(schema.challenges.c.code)).scalars().all()
    assert [secret is None or secret.startswith("v1.") for secret in secrets] == [True, True]
    assert app["secret"] not in str(secrets)
    assert codes[0].startswith("v1.")
    assert handset.code not in str(codes)


def test_factors_expand(world: World, account: str, handset: Handset) -> None:
    factor = handset.factor(account)
    challenge = handset.challenge(factor)
    names = "account,phone,challenges,mostRecentChallenge"
    whole = world.service.get(factor, names)
    assert whole["phone"]["number"] == NUMBER
    assert [path(item) for item in whole["challenges"]["items"]] == [challenge]
    assert path(world.service.get(challenge, "factor,account")["factor"]["phone"]) == path(whole["phone"])
    (listed,) = world.items(f"{account}/factors", "phone", type="sms")
    assert listed["phone"] == whole["phone"]
