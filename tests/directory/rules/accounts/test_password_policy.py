"""What a directory asks of a new password: long ones need nothing else, unless somebody has set what they need."""

from __future__ import annotations

from typing import Any

import pytest
from support.cheap import options
from support.world import World, refused

from stormpath_wsgi.client import Client
from stormpath_wsgi.errors import Error
from stormpath_wsgi.settings import PasswordsSettings

SENTENCE, SHORTER = "sixteen or more.", "fifteen or less"


def policy(world: World) -> str:
    return f"passwordPolicies/{world.directory.rpartition('/')[2]}/strength"


def test_a_sentence_needs_no_capital_and_no_number(sqlite_world: World) -> None:
    account = sqlite_world.account(password=SENTENCE)
    sqlite_world.service.update(account, {"password": f"Another {SENTENCE}"})
    with refused(2007):
        sqlite_world.account("bob@example.org", password=SHORTER)


def test_it_needs_them_where_somebody_has_set_the_strength(sqlite_world: World) -> None:
    account = sqlite_world.account()
    sqlite_world.service.update(policy(sqlite_world), {"minLength": 8})
    for password in (SENTENCE, SENTENCE * 2):
        with refused(2007):
            sqlite_world.service.update(account, {"password": password})


@pytest.mark.parametrize(("setting", "password"), [(0, SENTENCE * 3), (20, SENTENCE)])
def test_how_long_it_has_to_be_is_a_setting(setting: int, password: str) -> None:
    with Client("sqlite://", options=options(passwords=PasswordsSettings(passphrase=setting))) as client:
        application: Any = client.applications.create({"name": "Acme"}, create_directory=True)
        with pytest.raises(Error) as told:
            application.accounts.create(
                {"email": "ada@example.org", "given_name": "Ada", "surname": "L", "password": password}
            )
        assert told.value.code == 2007


def test_it_may_be_as_long_as_before_and_no_longer(sqlite_world: World) -> None:
    with refused(2008):
        sqlite_world.account(password="x" * 101)
