"""SELECTs that the driver runs: the answers and the errors are those of SQLAlchemy."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, MetaData, Table, Text, bindparam, select
from sqlalchemy.exc import DBAPIError
from support.full_directory import filled
from support.world import World

from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.queries import Query
from stormpath_wsgi.directory.wire.shapes import SHAPES


def test_rows_are_the_same_as_by_sqlalchemy(world: World) -> None:
    filled(world)
    found = 0
    with world.database.read() as connection:
        for shape in SHAPES.values():
            statement = select(*shape.columns)
            rows = [tuple(row) for row in Query(statement).rows(connection, {})]
            assert rows == [tuple(row) for row in connection.execute(statement)]
            found += len(rows)
    assert found > len(SHAPES)


def test_parameters_are_given_by_name(world: World) -> None:
    ada = world.account("ada@example.org").rpartition("/")[2]
    accounts = schema.accounts.c
    some = [bindparam("ids", expanding=True), ["x", ada]]
    one = Query(select(accounts.email).where(accounts.id == bindparam("id"), accounts.status != "LOST"))
    several = Query(select(accounts.email).where(accounts.id.in_(some[0])))
    with world.database.read() as connection:
        assert one.first(connection, {"id": ada, "unused": 1}) == ("ada@example.org",)
        assert one.first(connection, {"id": "x"}) is None
        assert [tuple(row) for row in several.rows(connection, {"ids": some[1]})] == [("ada@example.org",)]


def test_an_error_is_that_of_sqlalchemy_and_tells_no_values(world: World) -> None:
    missing = Query(select(Table("missing", MetaData(), Column("id", Text)).c.id))
    with world.database.read() as connection, pytest.raises(DBAPIError) as caught:
        missing.rows(connection, {"secret": "hidden"})
    assert "missing" in str(caught.value)
    assert "hidden" not in str(caught.value)
    world.account()  # the connection is good for others
