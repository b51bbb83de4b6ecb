"""Whatever is sent to the verbs, the answer is one of the documented ones and nothing half-done stays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from support.world import PASSWORD, World

from stormpath_wsgi import kinds
from stormpath_wsgi.directory.storage.schema import metadata
from stormpath_wsgi.errors import Error, Unavailable

NAMES = sorted({name for kind in kinds.KINDS.values() for name in kind.members})
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=300)
    | st.sampled_from(
        ["ENABLED", "a@b.org", PASSWORD, "\0", "\ud800", "PT1H", "9" * 5000, "https://id.example.org/v1/x"]
    )
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.sampled_from(["href", "a"]), SCALARS, max_size=2)
BODIES = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=10), VALUES, max_size=6) | VALUES
QUIET = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
COUNTS = select(
    *(select(func.count()).select_from(table).scalar_subquery().label(table.name) for table in metadata.sorted_tables)
)


def counts(world: World) -> dict[str, int]:
    """The rows in each table."""
    with world.database.read() as connection:
        return dict(connection.execute(COUNTS).mappings().one())


def refused_properly(world: World, call: Any, *arguments: Any) -> None:
    """Runs *call*; if it is refused, in a documented way, nothing was written."""
    before = counts(world)
    try:
        call(*arguments)
    except Error as error:
        assert not isinstance(error, Unavailable)
        assert 400 <= error.status < 500
        assert error.developer_message.isprintable()
        assert counts(world) == before


@pytest.mark.parametrize("collection", ["accounts", "groups", "refreshTokens", "loginAttempts"])
@given(body=BODIES, params=st.dictionaries(st.sampled_from(["expand", "passwordFormat", "createDirectory"]), SCALARS))
@QUIET
def test_any_body_makes_something_or_nothing(world: World, collection: str, body: Any, params: dict[str, Any]) -> None:
    owner = {"refreshTokens": "accounts/x", "loginAttempts": world.application}.get(collection, world.directory)
    refused_properly(world, world.service.create, f"{owner}/{collection}", body, params)


@pytest.mark.parametrize("collection", ["applications", "directories", "accountStoreMappings", "groupMemberships"])
@given(body=BODIES, wish=SCALARS)
@QUIET
def test_so_it_does_at_the_root(world: World, collection: str, body: Any, wish: Any) -> None:
    refused_properly(world, world.service.create, collection, body, {"createDirectory": wish})


@pytest.mark.parametrize("what", ["tenant", "application", "directory", "mapping"])
@given(body=BODIES)
@QUIET
def test_any_update_is_whole_or_nothing(world: World, what: str, body: Any) -> None:
    target = world.mapping() if what == "mapping" else getattr(world, what)
    refused_properly(world, world.service.update, target, body)


@given(body=BODIES)
@QUIET
def test_any_update_of_an_account_keeps_it_whole(world: World, body: Any) -> None:
    account = world.account()
    refused_properly(world, world.service.update, account, body)
    assert world.service.get(account)["username"]
    world.service.delete(account)


@pytest.mark.parametrize("length", [256, 4001, 1_000_000])
def test_long_values_are_refused(world: World, length: int) -> None:
    text = "x" * length
    for body in ({"name": text}, {"name": "n", "description": text * 4}, {text: 1}):
        with pytest.raises(Error) as caught:
            world.service.create(f"{world.directory}/groups", body)
        assert caught.value.status == 400
        assert len(caught.value.developer_message) < 500
