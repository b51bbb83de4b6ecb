"""People out of CSV files, and out of the tables of Django and Flask-Security: they sign in as before."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from sqlalchemy import NullPool, create_engine
from support import cheap
from support.full_directory import SECRETS
from support.world import World, names

from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.transfer import databases, destination, lines, of_others, text_files
from stormpath_wsgi.transfer.people import People, Person
from stormpath_wsgi.transfer.problems import Report, TransferError
from stormpath_wsgi.transfer.targets import Live
from stormpath_wsgi.transfer.writing import Importer, Mistake

#: Both hashes are of this password, made by Django and by passlib (tests/directory/crypto/test_foreign_hashes.py).
PASSWORD = "pässword 1"
DJANGO_HASH = "pbkdf2_sha256$1000$seasalt$3x9khCOA+OYHxrLgQFhfrwm0DFFNS9sxAyvMV5/C+es="
FLASK_HASH = (
    "$pbkdf2-sha512$1000$BQAgBGAsJUQohZCS0rp3Tg$gDhbKqdx8aB1j2xCR7EpFdAdzOolnjYgyR8wvpxy9HoyMg7WzTm8fKOHuwYQmMVcyYloCBTX"
    "i24ZsZF6mLzRwQ"
)
SALT = "146585145368132386173505678016728509634"

DJANGO_TABLES = """
    CREATE TABLE auth_user (
        id integer PRIMARY KEY, password varchar(128) NOT NULL, last_login datetime, is_superuser bool NOT NULL,
        username varchar(150) NOT NULL UNIQUE, last_name varchar(150) NOT NULL, email varchar(254) NOT NULL,
        is_staff bool NOT NULL, is_active bool NOT NULL, date_joined datetime NOT NULL, first_name varchar(150) NOT NULL
    );
    CREATE TABLE auth_group (id integer PRIMARY KEY, name varchar(150) NOT NULL UNIQUE);
    CREATE TABLE auth_user_groups (id integer PRIMARY KEY, user_id integer NOT NULL, group_id integer NOT NULL);
"""
FLASK_TABLES = """
    CREATE TABLE user (
        id INTEGER PRIMARY KEY, email VARCHAR(255) NOT NULL, username VARCHAR(255), password VARCHAR(255),
        active BOOLEAN NOT NULL, confirmed_at DATETIME, fs_uniquifier VARCHAR(64) NOT NULL
    );
    CREATE TABLE role (id INTEGER PRIMARY KEY, name VARCHAR(80) UNIQUE);
    CREATE TABLE roles_users (user_id INTEGER, role_id INTEGER);
"""


def filled(path: Path, tables: str, **rows: Iterable[Sequence[Any]]) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(tables)
        for table, values in rows.items():
            for row in values:
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 - ours
    return path


@pytest.fixture
def world(empty: Database) -> World:
    return World(empty, "")


def imported(world: World, persons: Iterable[Person | Mistake], *, skips: bool = False) -> Report:
    target = Live(world.database, SECRETS)
    tenant_id = destination.tenant_with_application(target, None)
    directory_id = destination.store(target, tenant_id, None, None, None)
    importer = Importer(target, tenant_id, skips=skips)
    return importer.write_batches(People(target, tenant_id, directory_id).batches(persons))


def from_csv(path: Path, text: str, **told: str) -> Iterable[Person | Mistake]:
    path.write_text(text, encoding="utf-8")
    rename, _ = text_files.columns(path, told)
    return text_files.of_csv(path, of_others.of_columns, rename)


def groups(world: World, account: str) -> list[str]:
    return sorted(names(world.items(f"{account}/groups")))


def hash_of(world: World, account: str) -> Any:
    passwords = schema.passwords
    with world.database.read() as connection:
        mine = passwords.c.account_id == account.split("/")[1]
        return connection.execute(passwords.select().where(mine)).one().hash


class TestDjango:
    @pytest.fixture
    def users(self, tmp_path: Path) -> Path:
        return filled(
            tmp_path / "django.sqlite3",
            DJANGO_TABLES,
            auth_user=[
                (1, DJANGO_HASH, None, 0, "ada", "Lovelace", "ada@example.org", 1, 1, "2020-01-02 03:04:05.678", "Ada"),
                (2, "!unusable", None, 1, "bob", "", "", 0, 0, "2020-01-02 03:04:05", ""),
                (3, "md5$salt$0123", None, 0, "eve", "", "eve@example.org", 0, 1, "2020-01-02 03:04:05+00:00", ""),
            ],
            auth_group=[(7, "editors"), (8, "authors")],
            auth_user_groups=[(1, 1, 7), (2, 1, 8)],
        )

    def test_they_sign_in_with_their_passwords_and_have_their_groups(self, world: World, users: Path) -> None:
        report = imported(world, databases.persons(users, databases.DJANGO, of_others.of_django))
        assert report.made["accounts"] == 3
        assert report.problems == [
            "auth_user 3: its password cannot be checked here; its owner has to ask for a new one."
        ]
        ada = world.login("ada@example.org", PASSWORD)
        assert hash_of(world, ada).startswith("$argon2id$"), "replaced at the first right password"
        assert world.login("ada", PASSWORD) == ada
        found = world.service.get(ada)
        assert (found["givenName"], found["surname"], found["createdAt"]) == (
            "Ada", "Lovelace", "2020-01-02T03:04:05.678Z",
        )  # fmt: skip
        assert groups(world, ada) == ["authors", "editors", "staff"]

    def test_who_had_no_address_and_was_not_active_has_none_and_is_disabled(self, world: World, users: Path) -> None:
        imported(world, databases.persons(users, databases.DJANGO, of_others.of_django))
        (bob,) = world.items(f"{world.directory}/accounts", username="bob")
        assert bob["status"] == "DISABLED" and bob["email"].endswith("@missing.invalid")

    def test_again_it_makes_nobody_twice(self, world: World, users: Path) -> None:
        def persons() -> Iterable[Person]:
            return databases.persons(users, databases.DJANGO, of_others.of_django)

        imported(world, persons())
        again = imported(world, persons())
        assert (again.made, again.there) == ({}, {"accounts": 3})
        assert world.service.list(f"{world.directory}/accounts")["size"] == 3

    def test_another_user_model_has_another_table(self, world: World, users: Path) -> None:
        with closing(sqlite3.connect(users)) as connection:
            connection.execute("ALTER TABLE auth_user RENAME TO shop_customer")
            connection.execute("ALTER TABLE auth_user_groups RENAME TO shop_customer_groups")
            connection.execute("ALTER TABLE shop_customer_groups RENAME COLUMN user_id TO customer_id")
        tables = databases.DJANGO.with_users("shop_customer")
        imported(world, databases.persons(users, tables, of_others.of_django))
        assert groups(world, world.login("ada", PASSWORD)) == ["authors", "editors", "staff"]
        with pytest.raises(TransferError, match="no table auth_user; name another one: --table"):
            list(databases.persons(users, databases.DJANGO, of_others.of_django))

    def test_a_dump_of_it_does_as_well(self, world: World, tmp_path: Path) -> None:
        dump = tmp_path / "dump.jsonl"
        user = {"password": DJANGO_HASH, "username": "ada", "email": "ada@example.org", "groups": [7]}
        records = [
            {"model": "auth.permission", "pk": 1, "fields": {"name": "Can add user"}},
            {"model": "auth.group", "pk": 7, "fields": {"name": "editors"}},
            {"model": "auth.user", "pk": 1, "fields": user},
        ]
        dump.write_bytes(b"".join(map(lines.dumped, records)))
        imported(world, text_files.of_dumpdata(dump, of_others.of_django))
        assert groups(world, world.login("ada", PASSWORD)) == ["editors"]
        dump.write_bytes(b'{"model":"auth.user","pk":1}\n[]\n')
        assert imported(world, text_files.of_dumpdata(dump, of_others.of_django), skips=True).problems == [
            "line 1: it is no object of dumpdata: it has no fields.", "line 2: it is no JSON object.",
        ]  # fmt: skip


class TestFlaskSecurity:
    def test_they_sign_in_with_the_salt_of_their_site(self, world: World, tmp_path: Path) -> None:
        users = filled(
            tmp_path / "app.db",
            FLASK_TABLES,
            user=[
                (1, "ada@example.org", None, FLASK_HASH, 1, "2020-01-02 03:04:05", "u1"),
                (2, "bob@example.org", "bob", FLASK_HASH, 0, None, "u2"),
            ],
            role=[(1, "admin")],
            roles_users=[(1, 1)],
        )
        imported(world, databases.persons(users, databases.FLASK_SECURITY, of_others.of_flask_security(SALT)))
        ada = world.login("ada@example.org", PASSWORD)
        assert groups(world, ada) == ["admin"]
        assert hash_of(world, ada).startswith("$argon2id$")
        assert world.service.get(ada)["emailVerificationStatus"] == "VERIFIED"
        (bob,) = world.items(f"{world.directory}/accounts", username="bob")
        assert (bob["status"], bob["emailVerificationStatus"]) == ("DISABLED", "UNVERIFIED")

    def test_without_a_salt_a_password_is_known_in_the_form_that_was_hashed(self, world: World, tmp_path: Path) -> None:
        normalised = cheap.HASHER.hash(normalize("NFKD", PASSWORD))
        users = filled(
            tmp_path / "app.db",
            FLASK_TABLES,
            user=[(1, "ada@example.org", None, normalised, 1, None, "u1")],
            role=[],
            roles_users=[],
        )
        imported(world, databases.persons(users, databases.FLASK_SECURITY, of_others.of_flask_security("")))
        ada = world.login("ada@example.org", PASSWORD)
        assert hash_of(world, ada).startswith("$argon2id$"), "replaced at the first right password"
        assert world.login("ada@example.org", PASSWORD) == ada


class TestCsv:
    def test_columns_are_known_by_their_names_or_told(self, world: World, tmp_path: Path) -> None:
        text = (
            "\ufeffE-Mail;First name;Nachname;Roles;passwordHash;customData.shoe size;notes\n"
            f'ada@example.org;Ada;Lovelace;"staff, editors";{DJANGO_HASH};41;likes\n'
        )
        with pytest.raises(TransferError, match="line 2: "):
            imported(world, from_csv(tmp_path / "a.csv", text, surname="Nachname", groups="Roles"))
        text = text.replace("shoe size", "shoe_size")
        imported(world, from_csv(tmp_path / "a.csv", text, surname="Nachname", groups="Roles"))
        ada = world.login("ada@example.org", PASSWORD)
        assert world.service.get(ada)["fullName"] == "Ada Lovelace"
        assert world.service.get(f"{ada}/customData")["shoe_size"] == "41"
        assert groups(world, ada) == ["editors", "staff"]
        assert text_files.columns(tmp_path / "a.csv", {"surname": "Nachname"})[1] == ["notes"]

    def test_wrong_columns_are_told(self, tmp_path: Path) -> None:
        for text, told, complaint in (
            ("a,b\n", {}, "No column holds an e-mail address"),
            ("email\n", {"shoes": "email"}, "shoes is nothing that a column can hold"),
            ("email\n", {"surname": "Name"}, "There is no column 'Name', but 'email'"),
        ):
            with pytest.raises(TransferError, match=complaint):
                list(from_csv(tmp_path / "a.csv", text, **told))

    def test_bad_lines_are_named_and_the_others_are_taken(self, world: World, tmp_path: Path) -> None:
        text = (
            "email,username,givenName,status\n"
            "ada@example.org,ada,Ada,ENABLED\n"
            "\n"
            "no address,x,,\n"
            "bob@example.org,bob\n"
            "Ada@Example.org,second,,\n"
            "eve@example.org,eve,Eve,RETIRED\n"
            "kim@example.org,ki:m,,\n"
            "ada@example.org,ADA,,\n"
            "joe@example.org,joe,,disabled\n"
        )
        with pytest.raises(TransferError, match="line 5: it has 2 fields, and the first line has 4"):
            imported(world, from_csv(tmp_path / "a.csv", text))
        assert world.items(f"{world.directory}/accounts") == []
        report = imported(world, from_csv(tmp_path / "a.csv", text), skips=True)
        assert (report.made["accounts"], report.there) == (2, {"accounts": 1})
        assert sorted(problem.partition(":")[0] for problem in report.problems) == [
            "line 4", "line 5", "line 6", "line 7", "line 8",
        ]  # fmt: skip

    def test_a_file_that_is_no_table_is_refused(self, world: World, tmp_path: Path) -> None:
        for text, complaint in (
            ('email\n"ada@example.org\n' + "x\n" * 100_000, "quotation mark may be missing"),
            ("email,email\n", "twice"),
            ("email\na\0b\n", "line 2: it holds a NUL"),
        ):
            with pytest.raises(TransferError, match=complaint):
                list(from_csv(tmp_path / "a.csv", text))

    def test_a_new_directory_is_made_as_init_makes_it(self, empty: Database, tmp_path: Path) -> None:
        target = Live(empty, SECRETS)
        tenant_id = destination.tenant_with_application(target, "Shop")
        assert destination.tenant_with_application(target, "Shop") == tenant_id
        assert destination.store(target, tenant_id, None, "Shop", None) == destination.store(
            target, tenant_id, "shop directory", None, None
        )
        with pytest.raises(TransferError, match="There is no directory 'x', but 'Shop Directory'"):
            destination.store(target, tenant_id, "x", None, None)
        with pytest.raises(TransferError, match="the applications are 'Shop'"):
            destination.store(target, tenant_id, None, "Store", None)


class TestDatabasesOfOthers:
    def test_postgresql_is_read_as_well(self, world: World, empty_postgresql_url: str) -> None:
        with closing(create_engine(empty_postgresql_url, poolclass=NullPool).raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(
                "CREATE TABLE auth_user (id serial, username text, email text, password text, is_active boolean)"
            )
            cursor.execute("INSERT INTO auth_user VALUES (1, 'ada', 'ada@example.org', %s, true)", (DJANGO_HASH,))
            connection.commit()
        address = empty_postgresql_url.replace("+psycopg", "")
        assert databases.number(address, databases.DJANGO) == 1
        imported(world, databases.persons(address, databases.DJANGO, of_others.of_django))
        assert world.login("ada", PASSWORD)

    def test_a_file_that_was_cut_off_is_told(self, tmp_path: Path) -> None:
        rows = [(n, f"person {n}", "x" * 100) for n in range(100)]
        tables = "CREATE TABLE auth_user (id integer PRIMARY KEY, username text, password text);"
        users = filled(tmp_path / "django.sqlite3", tables, auth_user=rows)
        data = users.read_bytes()
        for length, complaint in ((len(data) // 2, "malformed"), (20, "not a database")):
            users.write_bytes(data[:length])
            with pytest.raises(TransferError, match=f"The database cannot be (opened|read): .*{complaint}"):
                list(databases.persons(users, databases.DJANGO, of_others.of_django))

    def test_what_cannot_be_opened_is_told_without_its_password(self) -> None:
        for address in ("postgresql://u:hunter2@", "postgresql://u:hunter2@127.0.0.1:1/x", "postgresql://[u:hunter2"):
            with pytest.raises(TransferError) as caught:
                list(databases.persons(address, databases.DJANGO, of_others.of_django))
            assert "hunter2" not in str(caught.value)
