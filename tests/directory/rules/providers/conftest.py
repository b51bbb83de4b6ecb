"""A provider where people have an account, for the tests of what a directory makes of that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.elsewhere import Elsewhere, Everybody
from support.world import World

from stormpath_wsgi.testing import OpenIDProvider


@pytest.fixture(scope="session")
def everybody() -> Iterator[Everybody]:
    with OpenIDProvider() as provider:
        yield Everybody(provider)


@pytest.fixture
def elsewhere(world: World, everybody: Everybody) -> Elsewhere:
    return Elsewhere(world, everybody.back())
