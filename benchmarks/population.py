"""A directory with very many accounts, made in minutes: one through the service, and the others after its image in SQL.

So each has every row that a real account has, whatever tables there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Table,
    Text,
    case,
    cast,
    create_engine,
    func,
    insert,
    literal,
    select,
    text,
    update,
)

from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.directory.storage import grams, schema

GIVEN = ("Ada", "Alan", "Barbara", "Donald", "Edsger", "Grace", "Katherine", "Ken")
SURNAMES = ("Dijkstra", "Hamilton", "Hopper", "Johnson", "Knuth", "Liskov", "Lovelace", "Thompson", "Turing")
PASSWORD = "Correct-Horse-1"
HALF = "half"
IMAGE = {"givenName": "Ada", "surname": "Lovelace", "username": "image", "email": "image@example.org"}

#: The tables with rows of an account, and the column that says whose they are.
_TABLES = {
    schema.accounts: "id",
    schema.login_names: "account_id",
    schema.passwords: "account_id",
    schema.provider_data: "id",
    schema.custom_data: "owner_id",
}
_PRIME = 1_000_000_007


def populate(service: DirectoryService, url: str, directory: str, accounts: int) -> None:
    """Puts so many *accounts* into the *directory* (an href) of *service*, which is empty, over the database *url*.

    They are called ada.dijkstra0, alan.dijkstra1, …, come in this order, and have ids in none. About half of them, in
    no order, are in the group :data:`HALF`.
    """
    collection = f"{directory.removeprefix(service.base_url + '/')}/accounts"
    made = service.create(collection, {**IMAGE, "password": PASSWORD, "customData": {"plan": "free", "seats": 1}})
    group = service.create(f"{collection.removesuffix('accounts')}groups", {"name": HALF})
    engine = create_engine(url)
    with engine.begin() as connection:
        _multiply(connection, made["href"].rpartition("/")[2], accounts - 1)
        _count(connection, directory.rpartition("/")[2], accounts)
        _join(connection, directory.rpartition("/")[2], group["href"].rpartition("/")[2])
    if engine.dialect.name == "postgresql":  # as autovacuum does before long
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()


def username(number: int) -> str:
    """Of the account with that number, from 0; the e-mail address goes on with ``@example.org``."""
    given, surname = GIVEN[number % len(GIVEN)], SURNAMES[number // len(GIVEN) % len(SURNAMES)]
    return f"{given}.{surname}{number}".lower()


def _multiply(connection: Connection, image: str, times: int) -> None:
    indexes = [index for table in _TABLES for index in table.indexes]
    for index in indexes:  # filling a table is faster without, and by far
        index.drop(connection)
    first = select(cast(literal(0), BigInteger).label("number")).cte("numbers", recursive=True)
    numbers = first.union_all(select(first.c.number + 1).where(first.c.number < times - 1))
    for table, owner in _TABLES.items():
        varied = _varied(table, numbers, image)
        row = [varied.get(column.name, column) for column in table.columns]
        rows = select(*row).select_from(table.join(numbers, literal(True))).where(table.c[owner] == image)
        connection.execute(insert(table).from_select(list(table.columns), rows))
    for index in indexes:
        index.create(connection)
    if connection.dialect.name == "sqlite":
        accounts, numbers = schema.accounts, text("SELECT account_id FROM account_numbers")
        new = select(accounts.c.id).where(accounts.c.id.not_in(numbers.columns(accounts.c.id).scalar_subquery()))
        for ids in batched(connection.execute(new.order_by(accounts.c.created_at)).scalars().all(), 10_000):
            grams.learn(connection, ids)


def _varied(table: Table, numbers: CTE, image: str) -> Mapping[str, ColumnElement[Any]]:
    """What is different in the rows of each account, by the name of the column."""
    number = numbers.c.number
    id = cast(1_000_000_000 + (number + 1) * 48_271 % _PRIME, Text) + image[10:]
    given, surname = _one_of(GIVEN, number), _one_of(SURNAMES, number // len(GIVEN))
    username = given + "." + surname + cast(number, Text)
    email = username + "@example.org"
    texts = {"given_name": given, "surname": surname, "username": username, "email": email}
    values = {"id": id, "account_id": id, "owner_id": id}
    for name, value in texts.items():
        values[name], values[f"{name}_folded"] = value, func.lower(value)
    if table is schema.login_names:
        values["key"] = func.lower(case((table.c.key == IMAGE["email"], email), else_=username))
    for name in {"created_at", "modified_at"}.intersection(table.c.keys()):
        values[name] = table.c[name] + number + 1
    return values


def _one_of(names: tuple[str, ...], number: ColumnElement[int]) -> ColumnElement[str]:
    return case(*((number % len(names) == place, literal(name)) for place, name in enumerate(names)))


def _join(connection: Connection, directory_id: str, group_id: str) -> None:
    """Puts half of the accounts into the group, and says how many they are."""
    accounts, members, counts = schema.accounts, schema.group_memberships, schema.member_counts
    half = accounts.c.directory_id == directory_id, func.substr(accounts.c.id, 5, 1) < "5"
    row = literal("n") + accounts.c.id, accounts.c.id, literal(group_id), accounts.c.created_at
    names = ["id", "account_id", "group_id", "account_created_at"]
    connection.execute(insert(members).from_select(names, select(*row).where(*half)))
    number = select(func.count()).where(members.c.group_id == group_id).scalar_subquery()
    connection.execute(insert(counts).values(group_id=group_id, part=0, number=number))


def batched(ids: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    """*ids* in parts of so many."""
    return (ids[at : at + most] for at in range(0, len(ids), most))


def _count(connection: Connection, directory_id: str, accounts: int) -> None:
    """Says how many there are now: whoever makes accounts without the service must."""
    counts = schema.account_counts
    first_part = counts.c.directory_id == directory_id, counts.c.part == 0
    connection.execute(update(counts).where(counts.c.directory_id == directory_id).values(number=0))
    connection.execute(update(counts).where(*first_part).values(number=accounts))
