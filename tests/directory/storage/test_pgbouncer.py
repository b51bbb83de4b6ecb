"""PgBouncer by the transaction, as most who rent a PostgreSQL get it: it works as it is, and nothing is late."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, event, make_url
from support import cheap
from support.waiting import eventually

from stormpath_wsgi.directory import DirectoryService, open_directory
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.errors import Error, Unavailable

if TYPE_CHECKING:
    from conftest import PostgreSQLServer

SETTINGS = """
[databases]
* = host={server}
[pgbouncer]
unix_socket_dir = {folder}
listen_addr =
listen_port = 6432
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 4
"""


@pytest.fixture(scope="module")
def pooler(postgresql_server: PostgreSQLServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The folder of the socket at which PgBouncer listens, before the server that most tests share."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.skip("PgBouncer is not installed")
    with postgresql_server.folder_beside() as folder:
        settings = SETTINGS.format(server=postgresql_server.url("postgres").query["host"], folder=folder)
        (folder / "settings").write_text(settings)
        (folder / "users").write_text('"postgres" ""\n')
        process = postgresql_server.popen([program, "-q", folder / "settings"], stdin=subprocess.PIPE)
        try:
            eventually((folder / ".s.PGSQL.6432").exists)
            yield str(folder)
        finally:
            process.kill()
            process.communicate()


@pytest.fixture
def pooled_url(postgresql_url: str, pooler: str) -> str:
    """An empty directory behind the pooler."""
    url = make_url(postgresql_url).set(query={"host": pooler, "port": "6432"})
    return url.render_as_string()


@contextmanager
def directory(url: str, **rest: Any) -> Iterator[DirectoryService]:
    with closing(open_directory(url, cheap.options(**rest))) as service:
        service.bootstrap()
        yield service


def only(service: DirectoryService, collection: str) -> str:
    """The path of the one resource that is in it."""
    (found,) = service.list(f"tenants/current/{collection}")["items"]
    return str(found["href"]).removeprefix(service.base_url + "/")


def test_many_may_sign_up_at_once(pooled_url: str) -> None:
    """A statement that one server process has prepared is unknown to the next, or there twice."""
    failures: list[Error] = []

    def sign_up(service: DirectoryService, application: str, number: int) -> None:
        try:
            for letter in "abc":
                name = f"{letter}{number}"
                person = {"username": name, "email": f"{name}@example.org", "password": "Changeme1"}
                service.create(f"{application}/accounts", person | {"givenName": "A", "surname": "B"})
        except Error as error:
            failures.append(error)

    with directory(pooled_url) as service:
        application = only(service, "applications")
        threads = [threading.Thread(target=sign_up, args=(service, application, number)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert service.list(f"{application}/accounts")["size"] == 36


def test_no_change_is_late_and_a_line_at_start_says_how(pooled_url: str, caplog: pytest.LogCaptureFixture) -> None:
    others = set(threading.enumerate())
    with directory(pooled_url) as one, directory(pooled_url) as other:
        assert "session.check: strict" in caplog.text
        assert "listenUrl" in caplog.text
        path = only(one, "directories")
        late = 0
        for number in range(50):
            before = other.generation()
            one.update(path, {"description": str(number)})
            late += other.generation() == before
        assert late == 0
        assert not [thread for thread in threading.enumerate() if thread not in others]


def test_notices_come_by_an_address_of_the_server_itself(
    pooled_url: str, postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        closing(Database(pooled_url, strict=True)) as writer,
        closing(Database(pooled_url, listen_url=postgresql_url)) as reader,
    ):
        eventually(lambda: not asks(reader))
        before = reader.generation()
        caplog.clear()
        with writer.write():
            pass
        eventually(lambda: reader.generation() > before)
        eventually(lambda: not asks(reader))
        assert "session.check" not in caplog.text


def asks(database: Database) -> bool:
    """Whether the server is needed to read the generation."""
    ours = threading.get_ident()
    asked = []

    def note(*_: object) -> None:
        if threading.get_ident() == ours:
            asked.append(True)

    event.listen(Engine, "before_cursor_execute", note)
    database.generation()
    event.remove(Engine, "before_cursor_execute", note)
    return bool(asked)


def test_an_address_through_which_no_notices_come_is_noticed(pooled_url: str, caplog: pytest.LogCaptureFixture) -> None:
    with closing(Database(pooled_url, listen_url=pooled_url)) as database:
        assert database.generation() >= 0
        eventually(lambda: "no notices come in" in caplog.text, seconds=20)
        assert "listenUrl" in caplog.text
        before = database.generation()
        with closing(Database(pooled_url, strict=True)) as writer, writer.write():
            pass
        assert database.generation() > before


def test_nothing_is_set_that_outlives_a_transaction(pooled_url: str) -> None:
    """The server process is another client's next."""
    with closing(Database(pooled_url)) as database:
        for _ in range(20):
            with database.write():
                pass
        with database.read() as connection:
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
                assert connection.exec_driver_sql(f"SHOW {name}").scalar() == "0"


def test_what_gives_up_behind_a_pooler_has_the_server_stop(pooled_url: str, postgresql_url: str) -> None:
    with closing(Database(pooled_url, timeout=2)) as database, closing(Database(postgresql_url)) as direct:
        with pytest.raises(Unavailable), database.read() as connection:
            connection.exec_driver_sql("SELECT pg_sleep(60)")

        def sleepers() -> object:
            with direct.read() as connection:
                return connection.exec_driver_sql(
                    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%%'"
                ).scalar()

        eventually(lambda: sleepers() == 0)
