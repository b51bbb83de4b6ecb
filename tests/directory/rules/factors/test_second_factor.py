"""What an account can prove beside its password, in the directory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.handset import Authenticator, Handset
from support.world import World, link, path, refused

from stormpath_wsgi.errors import Error

WRONG, WAIT = 7122, 7111


@pytest.fixture
def account(world: World) -> str:
    return world.account("ada@example.org")


@pytest.fixture
def app(world: World, account: str) -> Authenticator:
    """Which was proved by the code of half a minute ago."""
    made = Authenticator(world, account)
    assert made.prove(made.code(-1)) == "SUCCESS"
    return made


def of(world: World, account: str) -> dict[str, Any]:
    return world.service.get(f"{account}/secondFactor")


def ask(world: World, account: str, **body: Any) -> dict[str, Any]:
    return world.service.update(f"{account}/secondFactor", body)


def codes(world: World, account: str) -> list[str]:
    made: list[str] = ask(world, account, newRecoveryCodes=True)["codes"]
    return made


def test_it_tells_which_factors_count(world: World, account: str) -> None:
    nothing = of(world, account)
    assert nothing["factors"] == []
    assert (nothing["recoveryCodes"], nothing["recoveryCodesMadeAt"]) == (0, None)
    assert nothing["href"] == link(f"{account}/secondFactor")["href"]
    app, handset = Authenticator(world, account), Handset(world)
    phone = handset.factor(account)
    assert of(world, account) == nothing  # neither was proved
    app.prove(app.code())
    handset.answer(handset.challenge(phone))
    both = of(world, account)
    assert {each["type"]: each["number"] for each in both["factors"]} == {
        "google-authenticator": None,
        "SMS": "+12015550123",
    }
    assert both["version"] != nothing["version"]
    world.update(app.factor, status="DISABLED")
    assert [each["type"] for each in of(world, account)["factors"]] == ["SMS"]
    world.update(path(world.service.list(f"{account}/phones")["items"][0]), status="DISABLED")
    assert of(world, account)["factors"] == []
    assert of(world, account)["version"] == nothing["version"]


def test_a_code_of_an_app_is_used_once_whoever_asks(world: World, account: str, app: Authenticator) -> None:
    code = app.code()
    assert ask(world, account, appCode=f" {code[:3]} {code[3:]}")["factors"]
    with refused(WRONG):
        ask(world, account, appCode=code)
    assert app.prove(code) == "FAILED"
    with refused(13104):
        ask(world, account, appCode="12345")


def test_of_several_requests_with_one_code_one_succeeds(world: World, account: str, app: Authenticator) -> None:
    recovery, code = codes(world, account)[0], app.code()

    def tried(body: dict[str, str]) -> bool:
        try:
            return bool(ask(world, account, **body))
        except Error as error:
            assert error.code in (WRONG, WAIT)
            return False

    for body in ({"appCode": code}, {"recoveryCode": recovery}):
        with ThreadPoolExecutor(4) as threads:
            assert sum(threads.map(tried, [body] * 4)) == 1


def test_a_wrong_code_counts_for_every_app_of_the_account(world: World, account: str, app: Authenticator) -> None:
    other = Authenticator(world, account)
    other.prove(other.code(-1))
    wrong = next(code for code in ("000000", "111111", "222222") if code not in {app.code(n) for n in (-1, 0, 1)})
    for _ in range(5):
        with refused(WRONG):
            ask(world, account, appCode=wrong)
    for one in (app, other):
        with refused(WAIT):
            one.prove(one.code())
    with refused(WAIT):
        ask(world, account, appCode=app.code())


def test_recovery_codes_have_no_two_firsts_and_are_counted(world: World, account: str) -> None:
    made = codes(world, account)
    assert len({code[0] for code in made}) == 10
    assert "codes" not in of(world, account)
    assert ask(world, account, recoveryCode=made[0].upper())["recoveryCodes"] == 9
    for wrong in (made[0], made[1][:-1] + ("2" if made[1][-1] != "2" else "3"), "nothing like it", "1" * 64):
        with refused(WRONG):
            ask(world, account, recoveryCode=wrong)
    with refused(WRONG):
        ask(world, account, recoveryCode="22222222")
    with refused(WAIT):
        ask(world, account, recoveryCode=made[1])
    assert of(world, account)["recoveryCodes"] == 9
    assert ask(world, account, newRecoveryCodes=False)["recoveryCodes"] == 0
    assert of(world, account)["recoveryCodesMadeAt"] is None


def test_only_ones_own_factor_is_named(world: World, account: str, app: Authenticator) -> None:
    named = ask(world, account, naming={**link(app.factor), "name": "Work"})
    assert named["factors"][0]["name"] == "Work"
    assert "name" not in world.service.get(app.factor)
    other = world.account("bea@example.org")
    for wrong in (link(app.factor), link("factors/" + "x" * 22)):
        with refused(2016):
            ask(world, other, naming={**wrong, "name": "Mine"})
    with refused(2014):
        ask(world, account, naming={**link(account), "name": "Mine"})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 400),
        ({"appCode": "123456", "recoveryCode": "x"}, 400),
        ({"appCode": "1" * 10_000}, 2008),
        ({"recoveryCode": "1" * 10_000}, 2008),
        ({"version": "x"}, 2002),
        ({"unknown": 1}, 2015),
        ({"mailCode": "x"}, 2002),
        ({"mailedCode": {"application": "x", "code": "y"}}, 2002),
    ],
)
def test_nonsense_is_refused(world: World, account: str, body: dict[str, Any], code: int) -> None:
    with pytest.raises(Error) as raised:
        ask(world, account, **body)
    assert raised.value.status == 400
    assert code in (400, raised.value.code)


def test_it_is_the_tenants_own(world: World) -> None:
    for do in (world.service.get, lambda path: world.service.update(path, {"newRecoveryCodes": True})):
        with pytest.raises(Error) as raised:
            do("accounts/" + "x" * 22 + "/secondFactor")
        assert raised.value.status == 404
