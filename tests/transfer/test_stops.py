"""Imports that are killed half-way, and run again: nothing is doubled, and nothing is lost."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select
from support import warm

from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.engine import Database

#: Two batches of a CSV file, and two of an export.
PEOPLE = 300

#: The command, which the kernel kills when it is about to run a statement that begins with a text, for the n-th time.
KILLED = """
import os, signal, sys
from sqlalchemy import Engine, event
from stormpath_wsgi.cli.commands import cli

beginning, left = sys.argv.pop(1), int(sys.argv.pop(1))

@event.listens_for(Engine, "before_cursor_execute")
def count(connection, cursor, statement, *rest):
    global left
    left -= statement.lstrip().startswith(beginning)
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

cli()
"""


def told(*arguments: str) -> str:
    """What the command says, which ends well."""
    return warm.run(["-m", "stormpath_wsgi.cli", *arguments], check=True).stdout


def killed(beginning: str, time: int, *arguments: str, tables: bool = True) -> bool:
    """Whether the command was killed at such a statement. *tables*: whether a new SQLite file has them already."""
    return warm.Program(["-c", KILLED, beginning, str(time), *arguments], tables=tables).wait(60) == -9


def number(url: str) -> int:
    """How many accounts are stored."""
    with closing(Database(url)) as database, database.read() as connection:
        return connection.execute(select(func.count()).select_from(schema.accounts)).scalar_one()


def counted(url: str) -> int:
    """How many the directory says that it has: that number is stored beside them."""
    with closing(Database(url)) as database, database.read() as connection:
        return int(connection.execute(select(func.sum(schema.account_counts.c.number))).scalar_one())


@pytest.fixture
def another_url(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table, on the same engine."""
    if database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path}/another.db"
    url: str = request.getfixturevalue("empty_postgresql_url")
    return url


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_people(number: int) -> None:
    """Makes a CSV file of them."""
    rows = (f"p{n}@example.org,members;team {n % 7}\n" for n in range(number))
    Path("people.csv").write_text("email,groups\n" + "".join(rows))


def test_people_and_exports_are_there_once_after_a_kill_and_another_run(database_url: str, another_url: str) -> None:
    write_people(PEOPLE)
    into = ("--directory", database_url)
    assert killed("INSERT INTO group_memberships", 2, "import", "people.csv", *into)
    assert (number(database_url), counted(database_url)) == (250, 250), "the first batch, and nothing of the second"
    said = told("import", "people.csv", *into)
    assert "50 accounts" in said and "There already: 250 accounts." in said

    told("export", "all.jsonl", *into)
    records = [json.loads(line) for line in Path("all.jsonl").read_text().splitlines()[1:-1]]
    emails = [each["email"] for each in records if each["kind"] == "accounts"]
    assert sorted(emails) == sorted(f"p{n}@example.org" for n in range(PEOPLE))
    kinds = Counter(each["kind"] for each in records)
    assert (kinds["groupMemberships"], kinds["groups"], counted(database_url)) == (2 * PEOPLE, 8, PEOPLE)

    elsewhere = ("--directory", another_url)
    assert killed("INSERT INTO custom_data", 1, "import", "all.jsonl", *elsewhere)
    assert number(elsewhere[1]) == PEOPLE, "they are in the first batch"
    assert "There already: 1 tenants, " in told("import", "all.jsonl", *elsewhere)
    assert told("verify", "all.jsonl", *elsewhere).startswith("The file is whole")
    assert counted(elsewhere[1]) == PEOPLE


@pytest.mark.parametrize(("beginning", "tables"), [("CREATE TABLE accounts", False), ("INSERT INTO tenants", True)])
def test_a_kill_while_the_directory_is_made_leaves_one_that_the_next_run_completes(
    beginning: str, tables: bool
) -> None:
    write_people(3)
    into = ("--directory", "sqlite:///new.db")
    assert killed(beginning, 1, "import", "people.csv", *into, tables=tables)
    assert "3 accounts" in told("import", "people.csv", *into)
