"""A small world to test in: a bootstrapped directory, short ways to make things in it, and a clock."""

from __future__ import annotations

import base64
import itertools
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from sqlalchemy import event, select

from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.directory.context import Context
from stormpath_wsgi.directory.crypto.passwords import Passwords
from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rules import custom_data
from stormpath_wsgi.directory.rules.stores import applications
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.wire.bodies import of_creation
from stormpath_wsgi.errors import Error
from stormpath_wsgi.kinds import Application, Tenant
from stormpath_wsgi.settings import ProvidersSettings
from support.cheap import HASHER, WAITING

BASE = "https://id.example.org/v1"
PASSWORD = "Correct-Horse-1"
ENCRYPTION_KEY = "5a" * 32

Wire = dict[str, Any]

#: For tests of what is refused for its value alone, by a check of ours that runs before any SQL with the value. One
#: engine proves that the check is there. That what is refused leaves nothing behind is proved on both engines, in
#: tests/directory/test_hostile.py. Where no check of ours refuses a value, both engines must be asked: PostgreSQL takes
#: no NUL character, SQLite does.
ON_ONE_ENGINE = pytest.mark.parametrize("world", ["sqlite"], indirect=True)


_LEFT_TO_WAIT = re.compile(r"'[0-9]+ms'")

#: How a write begins on PostgreSQL, before the statements that ask for something.
_BEGINNINGS = ("SELECT set_config(", "SELECT pg_advisory_xact_lock(")


@contextmanager
def refused(code: int, *words: str) -> Iterator[None]:
    """Expects an error with *code*, whose text has *words* in it."""
    with pytest.raises(Error) as caught:
        yield
    assert caught.value.code == code, caught.value
    assert 400 <= caught.value.status < 500
    for word in words:
        assert word in caught.value.developer_message


def is_mail_thread() -> bool:
    """Whether a thread asks that looks for old mail, or after the audit: no request causes that."""
    return threading.current_thread().name in ("stormpath-wsgi mail", "stormpath-wsgi audit")


@contextmanager
def recorded(database: Database, *words: str) -> Iterator[list[tuple[str, Any]]]:
    """The statements that this thread runs meanwhile, with their parameters; with *words* only those that begin so, and
    no beginnings of writes.

    The milliseconds that a statement may still wait are taken out, so that two runs can be compared.
    """
    ran: list[tuple[str, Any]] = []
    thread = threading.get_ident()  # others send mail, or listen to what has changed

    def record(*arguments: Any) -> None:
        wanted = not words or (arguments[2].startswith(words) and not arguments[2].startswith(_BEGINNINGS))
        if wanted and threading.get_ident() == thread:
            ran.append((_LEFT_TO_WAIT.sub("", arguments[2]), arguments[3]))

    with database.read() as connection:
        engine = connection.engine  # the one for writing is made of it, and tells its listeners
    event.listen(engine, "before_cursor_execute", record)
    try:
        yield ran
    finally:
        event.remove(engine, "before_cursor_execute", record)


class World:
    """*tenant*, *application* and *directory* are the paths of what bootstrapping makes; *now* is the time, in seconds.

    *paths*: of the application and the directory, where bootstrapping has been done already.
    """

    def __init__(self, database: Database, url: str, paths: tuple[str, str] | None = None) -> None:
        self.now = 1_700_000_000.0
        self.database, self.url = database, url
        passwords = Passwords(HASHER, waiting=WAITING)
        #: Sends text messages.
        self.send_sms: Callable[[str, str], object] = lambda number, text: None
        self.service = DirectoryService(
            self.database,
            BASE,
            passwords=passwords,
            clock=lambda: self.now,
            secrets=Secrets([ENCRYPTION_KEY]),
            sms=lambda number, text: self.send_sms(number, text),
            providers=ProvidersSettings(private_addresses=True),
        )
        if paths is None:
            self.service.bootstrap()
        with self.service._context.read() as work:  # from now on the service remembers the tenant
            self.tenant = f"tenants/{work.tenant_id}"
        self.application, self.directory = paths or (
            path(self.only(f"{self.tenant}/applications")),
            path(self.only(f"{self.tenant}/directories")),
        )
        self._counter = itertools.count()

    def only(self, collection: str) -> Wire:
        (item,) = self.items(collection)
        return item

    def items(self, collection: str, expand: str | None = None, /, **query: Any) -> list[Wire]:
        items: list[Wire] = self.service.list(collection, query, expand)["items"]
        return items

    def account(self, email: str | None = None, /, at: str | None = None, **properties: Any) -> str:
        """The path of a new account."""
        email = email or f"person{next(self._counter)}@example.org"
        body = {"email": email, "password": PASSWORD, **properties}
        return path(self.service.create(f"{at or self.directory}/accounts", body))

    def group(self, name: str | None = None, /, at: str | None = None, **properties: Any) -> str:
        body = {"name": name or f"group {next(self._counter)}", **properties}
        return path(self.service.create(f"{at or self.directory}/groups", body))

    def member(self, account: str, group: str) -> str:
        return path(self.service.create("groupMemberships", {"account": link(account), "group": link(group)}))

    def new_application(self, name: str | None = None, /, params: Mapping[str, Any] | None = None) -> str:
        body = {"name": name or f"application {next(self._counter)}"}
        return path(self.service.create("applications", body, params))

    def new_directory(self, name: str | None = None, /, **properties: Any) -> str:
        body = {"name": name or f"directory {next(self._counter)}", **properties}
        return path(self.service.create("directories", body))

    def new_organization(self, name_key: str | None = None, /, *stores: str, **properties: Any) -> str:
        """The path of a new organization that has *stores*, in their order."""
        key = name_key or f"organization-{next(self._counter)}"
        organization = path(self.service.create("organizations", {"name": key, "nameKey": key, **properties}))
        for store in stores:
            self.map(store, organization)
        return organization

    def map(self, store: str, to: str | None = None, /, **properties: Any) -> str:
        """The path of a new mapping of *store* to an application or organization."""
        to = to or self.application
        kind, owner = ("accountStoreMappings", "application")
        if to.startswith("organizations/"):
            kind, owner = ("organizationAccountStoreMappings", "organization")
        return path(self.service.create(kind, {owner: link(to), "accountStore": link(store), **properties}))

    def mapping(self) -> str:
        """The path of the mapping that bootstrapping makes."""
        return path(self.items(f"{self.application}/accountStoreMappings")[0])

    def session(self, account: str, application: str | None = None) -> str:
        """The id of a new refresh token."""
        body = {"application": link(application or self.application)}
        return path(self.service.create(f"{account}/refreshTokens", body)).split("/")[1]

    def is_good(self, session: str, application: str | None = None) -> bool:
        try:
            self.service.get(f"{application or self.application}/authTokens/{session}")
        except Error:
            return False
        return True

    def login(
        self,
        login: str,
        password: str = PASSWORD,
        /,
        at: str | None = None,
        store: str | None = None,
        organization: str | None = None,
    ) -> str:
        """The path of the account that signs in. *store*: a path; *organization*: a nameKey."""
        value = base64.b64encode(f"{login}:{password}".encode()).decode()
        named = {"nameKey": organization} if organization else link(store) if store else None
        body = {"type": "basic", "value": value, "accountStore": named}
        return path(self.service.create(f"{at or self.application}/loginAttempts", body)["account"])

    def other_tenant(self, *, application: bool = False) -> DirectoryService:
        """The service of a second tenant in the same database. *application*: with one, and a directory for it."""
        context: Context = self.service._context
        with self.database.write() as transaction:
            work = context.work(transaction.connection, "other")
            records.make(work, Tenant, "other", {"name": "other", "key": "other"})
            custom_data.make(work, "other", None)
            if application:
                values = of_creation(Application, {"name": "My Application"}, BASE).values
                applications.make(work, values, directory=True)
        return DirectoryService(self.database, BASE, "other", passwords=context.passwords, clock=context.clock)

    def statements(self) -> AbstractContextManager[list[tuple[str, Any]]]:
        """The SELECTs that are run meanwhile, with their parameters."""
        return recorded(self.database, "SELECT")

    def changes(self) -> AbstractContextManager[list[tuple[str, Any]]]:
        """What changes rows, or tells other processes of it."""
        return recorded(self.database, "INSERT", "UPDATE", "DELETE", "NOTIFY")

    def update(self, path: str, **properties: Any) -> Wire:
        return self.service.update(path, properties)


_KEEP, _PUT_BACK = "CREATE TABLE made_{0} AS SELECT * FROM {0}", "INSERT INTO {0} SELECT * FROM made_{0}"


class Beginning:
    """Brings a *database* that several tests share back to where bootstrapping, and then *fill*, had left it.

    The rows that these make are copied once, into tables beside. To put them back takes a tenth of the time that it
    takes to make them.
    """

    def __init__(self, database: Database, url: str, fill: Callable[[World], object] = lambda world: None) -> None:
        self._database, self._url = database, url
        world = World(database, url)
        fill(world)
        self._paths = world.application, world.directory
        self._last = world
        #: Everything goes with its tenant, but for what was tried with names that no account has, and the audit.
        self._steps = ["DELETE FROM tenants", "DELETE FROM tallies"]
        self._steps += ["DELETE FROM audit_rows", "DELETE FROM audit_waiting", "DELETE FROM audit_heads"]
        with database.write() as transaction:
            run = transaction.connection.exec_driver_sql
            for table in schema.metadata.sorted_tables:
                if table is not schema.generation and transaction.connection.execute(select(table)).first():
                    run(_KEEP.format(table.name))
                    self._steps.append(_PUT_BACK.format(table.name))
            if transaction.connection.dialect.name == "postgresql":  # so that it is asked only once
                steps = "; ".join(self._steps)
                run(f"CREATE PROCEDURE begin_anew() LANGUAGE plpgsql AS $$ BEGIN {steps}; END $$")
                self._steps = ["CALL begin_anew()"]

    def world(self) -> World:
        # The thread of the world before this one lives by another clock, and would delete accounts of this one by it.
        self._last.service._delivery.close()
        with self._database.write() as transaction:
            # Asked of the driver: the way through SQLAlchemy takes longer than most of these steps.
            cursor = transaction.connection.connection.cursor()
            for step in self._steps:
                cursor.execute(step)
            cursor.close()
        self._last = World(self._database, self._url, self._paths)
        return self._last


def link(path: str) -> dict[str, str]:
    return {"href": f"{BASE}/{path}"}


def path(resource: Mapping[str, Any]) -> str:
    return str(resource["href"]).removeprefix(f"{BASE}/")


def part(resource: Mapping[str, Any], name: str) -> str:
    """The path of what *resource* links to as *name*."""
    return path(resource[name])


def names(items: list[Wire]) -> list[str]:
    return [item["name"] for item in items]
