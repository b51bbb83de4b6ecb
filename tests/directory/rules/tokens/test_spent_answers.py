"""Answers of an ID Site that an application has used: each counts once, for every process that asks."""

from __future__ import annotations

from typing import Any

import pytest
from support.world import World, refused


def test_an_answer_counts_once_for_an_application(world: World) -> None:
    here = f"{world.application}/spentAnswers"
    other = (
        f"{world.service.create('applications', {'name': 'Other'})['href'].removeprefix(world.service.base_url + '/')}"
    )
    spent = {"question": "first", "lasts": 60}
    assert world.service.create(here, spent) == {"lasts": 60}
    with refused(11005):
        world.service.create(here, spent)
    world.service.create(here, {**spent, "question": "second"})
    world.service.create(f"{other}/spentAnswers", spent)


def test_it_is_forgotten_when_it_could_not_come_again(world: World) -> None:
    here = f"{world.application}/spentAnswers"
    world.service.create(here, {"question": "first", "lasts": 60})
    world.now += 61
    world.service.create(here, {"question": "second", "lasts": 60})  # which removes those that are over
    world.service.create(here, {"question": "first", "lasts": 60})


@pytest.mark.parametrize(
    ("properties", "code"),
    [({}, 2000), ({"question": "a"}, 2000), ({"question": "", "lasts": 1}, 2000), ({"question": "a", "lasts": 0}, 2009),
     ({"question": "a", "lasts": 1_000_000}, 2010), ({"question": "a" * 5000, "lasts": 1}, 2008)],
)  # fmt: skip
def test_it_has_limits(world: World, properties: dict[str, Any], code: int) -> None:
    with refused(code):
        world.service.create(f"{world.application}/spentAnswers", properties)


def test_an_application_of_nobody_has_none(world: World) -> None:
    with refused(404):
        world.service.create("applications/nobody/spentAnswers", {"question": "a", "lasts": 1})
