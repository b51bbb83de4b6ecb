"""SELECTs that the driver runs: the answers and the errors are those of SQLAlchemy."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Column, MetaData, String, Table, Text, bindparam, func, literal, select
from sqlalchemy.exc import DBAPIError
from support.full_directory import filled
from support.world import World

from stormpath_wsgi.directory.storage import deadline, schema
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.storage.queries import Query
from stormpath_wsgi.directory.wire.shapes import SHAPES
from stormpath_wsgi.errors import Unavailable

#: What no server has to look up.
FOUR = Query(select(func.length("four")))


def test_rows_are_the_same_as_by_sqlalchemy(world: World) -> None:
    filled(world)
    found = 0
    with world.database.read() as connection:
        for shape in SHAPES.values():
            statement = select(*shape.columns)
            rows = _with_types(Query(statement).rows(connection, {}))
            assert rows == _with_types(connection.execute(statement).all())
            found += len(rows)
    assert found > len(SHAPES)


def test_parameters_are_given_by_name(world: World) -> None:
    ada = world.account("ada@example.org").rpartition("/")[2]
    accounts = schema.accounts.c
    query = Query(select(accounts.email).where(accounts.id == bindparam("id"), accounts.status != "LOST"))
    with world.database.read() as connection:
        assert query.first(connection, {"id": ada, "unused": 1}) == ("ada@example.org",)
        assert query.first(connection, {"id": "x"}) is None


def test_a_list_of_parameters_may_have_any_length(world: World) -> None:
    ids = [world.account().rpartition("/")[2] for _ in range(3)]
    accounts = schema.accounts.c
    query = Query(select(accounts.id).where(accounts.id.in_(bindparam("ids", expanding=True))))
    with world.database.read() as connection:
        for number in (0, 1, 3, 2):
            for others in ([], ["x"], ["x"] * 50):
                assert len(query.rows(connection, {"ids": [*others, *ids[:number]]})) == number


def test_lists_keep_to_their_places_among_other_parameters(world: World) -> None:
    ids = [world.account(surname=name).rpartition("/")[2] for name in ("A", "B", "C", "D")]
    accounts = schema.accounts.c
    statement = select(accounts.surname, literal("told"), bindparam("said", type_=String)).where(
        accounts.surname != bindparam("not_this"),
        accounts.surname.in_(["A", "B", "C"]),
        accounts.id.in_(bindparam("some", expanding=True)) | accounts.id.in_(bindparam("others", expanding=True)),
    )
    query = Query(statement.order_by(accounts.surname))
    with world.database.read() as connection:
        for some, others in ((ids[:1], ids[1:]), (ids[2:], ids[:2]), (ids[:2], ids[:1]), ([], ids), (ids, [])):
            parameters = {"some": some, "others": others, "said": "this", "not_this": "B"}
            rows = [tuple(row) for row in query.rows(connection, parameters)]
            assert rows == connection.execute(query.statement, parameters).all()
            assert rows[0] == ("A", "told", "this")


def test_it_sees_what_its_transaction_has_written(world: World) -> None:
    query = Query(select(schema.tenants.c.name))
    with world.database.write() as transaction:
        transaction.connection.execute(schema.tenants.update().values(name="renamed"))
        assert query.first(transaction.connection, {}) == ("renamed",)


def test_an_error_is_that_of_sqlalchemy_and_tells_no_values(world: World) -> None:
    missing = Query(select(Table("missing", MetaData(), Column("id", Text)).c.id))
    with world.database.read() as connection, pytest.raises(DBAPIError) as ours:
        missing.rows(connection, {"secret": "hidden"})
    with world.database.read() as connection, pytest.raises(DBAPIError) as theirs:
        connection.execute(missing.statement)
    assert (type(ours.value), type(ours.value.orig)) == (type(theirs.value), type(theirs.value.orig))
    assert not ours.value.connection_invalidated
    assert "missing" in str(ours.value)
    assert "hidden" not in str(ours.value)
    world.account()  # the connection is good for others


def test_a_connection_that_is_lost_goes_to_nobody_else(postgresql_url: str) -> None:
    ends = Query(select(func.pg_terminate_backend(func.pg_backend_pid())))
    with closing(Database(postgresql_url)) as database:
        with pytest.raises(Unavailable), database.read() as connection:
            ends.rows(connection, {})
        with database.read() as connection:
            assert FOUR.first(connection, {}) == (4,)


def test_a_wait_for_the_server_ends_in_time(postgresql_url: str) -> None:
    waits = Query(select(func.pg_sleep(30)))
    with closing(Database(postgresql_url)) as database:
        with database.read() as connection:  # so that it is open
            assert FOUR.first(connection, {}) == (4,)
        with pytest.raises(Unavailable) as raised, database.read() as connection, deadline.within(0.2):
            waits.rows(connection, {})
        cause = raised.value.__cause__
        assert isinstance(cause, DBAPIError)
        assert cause.connection_invalidated


def _with_types(rows: Sequence[Sequence[Any]]) -> list[list[tuple[type, Any]]]:
    """The rows with the types of their values, for 1 equals True."""
    return [[(type(value), value) for value in row] for row in rows]
