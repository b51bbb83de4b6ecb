"""A SQLite file that is deleted, replaced, read-only or full while it is in use, and one that others keep locked."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.marks import mark, marked, metadata, opened
from support.warm import Fresh, Start

from stormpath_wsgi.directory.storage.write_turns import NoTurn, WriteTurns
from stormpath_wsgi.errors import Unavailable

pytestmark = pytest.mark.usefixtures("empty_databases")


@pytest.fixture
def url(sqlite_url: str) -> str:
    """A database with the table, open nowhere."""
    with opened(sqlite_url) as database, database.write() as transaction:
        metadata.create_all(transaction.connection)
    return sqlite_url


@pytest.fixture
def file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def beside(file: Path, suffix: str) -> Path:
    return file.with_name(file.name + suffix)


def copied(file: Path) -> Path:
    """A backup, made as the documentation says."""
    copy = file.with_name("copy.db")
    with sqlite3.connect(file) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()
    return copy


# Another process, which does what it is told: "mark 1", "marked", "die".
WORKER = """
    import os, signal, sys
    from support.marks import mark, marked
    from stormpath_wsgi.directory.storage.engine import Database
    from stormpath_wsgi.errors import Unavailable

    database = Database(sys.argv[1])
    for line in sys.stdin:
        command, *numbers = line.split()
        try:
            if command == "mark":
                mark(database, *map(int, numbers))
            print(marked(database) if command == "marked" else "done", flush=True)
        except Unavailable:
            print("unavailable", flush=True)
"""


@pytest.fixture
def worker(program: Start, url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Callable[[str], str]]:
    """Starts one; answers what tells it something and reads its answer. "die" is the end that nobody expects."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))

    def start() -> Callable[[str], str]:
        process = program(WORKER, url)

        def tell(command: str) -> str:
            assert process.stdin and process.stdout
            if command == "die":
                process.send_signal(signal.SIGKILL)
                return str(process.wait())
            print(command, file=process.stdin, flush=True)
            return process.stdout.readline().strip()

        return tell

    return start


# Deleted or replaced files


@pytest.mark.parametrize("suffixes", [["-wal"], ["-shm"], ["-wal", "-shm"]])
def test_what_was_acknowledged_outlives_deleted_files_and_a_crash(
    url: str, file: Path, worker: Callable[[], Callable[[str], str]], suffixes: list[str]
) -> None:
    tell = worker()
    assert [tell(f"mark {number}") for number in range(5)] == ["done"] * 5
    for suffix in suffixes:
        beside(file, suffix).unlink()
    assert [tell(f"mark {number}") for number in range(5, 10)] == ["done"] * 5
    tell("die")
    with opened(url) as database:
        assert marked(database) == list(range(10))
        with database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_every_process_leaves_deleted_files(url: str, file: Path, worker: Callable[[], Callable[[str], str]]) -> None:
    one, other = worker(), worker()
    assert (one("mark 1"), other("mark 2")) == ("done", "done")
    beside(file, "-wal").unlink()
    beside(file, "-shm").unlink()
    assert (one("mark 3"), other("marked"), other("mark 4")) == ("done", "[1, 2, 3]", "done")
    one("die")
    other("die")
    with opened(url) as database:
        assert marked(database) == [1, 2, 3, 4]


def test_files_that_another_thread_makes_during_the_look_are_not_lost(
    url: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first connection looks for -wal and -shm, finds none, and then compares with what the others have open."""
    look = os.stat
    others: list[threading.Thread] = []

    def look_and_be_overtaken(path: Any, **options: Any) -> os.stat_result:
        try:
            return look(path, **options)
        finally:
            if path == f"{file}-shm" and not others:
                others.append(threading.Thread(target=marked, args=[database]))
                others[0].start()
                others[0].join()

    with opened(url) as database:
        monkeypatch.setattr(os, "stat", look_and_be_overtaken)
        assert marked(database) == []
        assert others


def test_a_write_that_went_into_a_deleted_file_is_not_acknowledged(
    url: str, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(url) as database:
        mark(database, 1)
        with pytest.raises(Unavailable), database.write() as transaction:
            transaction.connection.exec_driver_sql("INSERT INTO marks VALUES (2)")
            beside(file, "-wal").unlink()
        assert f"{file}-wal: deleted or replaced during a write" in caplog.text
        mark(database, 3)
        assert {1, 3} <= set(marked(database))


def test_a_new_process_does_not_start_a_second_log_beside_the_deleted_one(
    url: str, file: Path, worker: Callable[[], Callable[[str], str]]
) -> None:
    old, new = worker(), worker()
    assert old("mark 1") == "done"
    beside(file, "-wal").unlink()
    assert new("mark 2") == "unavailable"
    assert old("mark 3") == "done"
    assert (new("mark 4"), new("marked")) == ("done", "[1, 3, 4]")


def test_a_log_that_was_deleted_before_a_crash_keeps_nobody_out(
    url: str, file: Path, worker: Callable[[], Callable[[str], str]]
) -> None:
    tell = worker()
    assert tell("mark 1") == "done"
    beside(file, "-wal").unlink()
    tell("die")
    with opened(url) as database:
        assert marked(database) == [], "what was only in that file is lost"
        mark(database, 2)
        assert marked(database) == [2]


@pytest.mark.parametrize("suffixes", [[], ["-wal", "-shm"]])
def test_a_restored_copy_is_used_at_once(
    url: str, file: Path, worker: Callable[[], Callable[[str], str]], suffixes: list[str]
) -> None:
    with opened(url) as database:
        mark(database, 1)
        copy = copied(file)
        mark(database, 2)
        before = database.generation()
        file.rename(file.with_name("away.db"))
        for suffix in suffixes:
            beside(file, suffix).rename(file.with_name("away.db" + suffix))
        copy.rename(file)
        assert marked(database) == [1]
        assert database.generation() != before, "what was remembered was in the other file"
        mark(database, 3)
        assert worker()("marked") == "[1, 3]"
    with closing(sqlite3.connect(file.with_name("away.db"))) as away:
        assert away.execute("SELECT * FROM marks").fetchall() == [(1,), (2,)]


def test_what_could_not_be_saved_is_put_aside(url: str, file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file that holds commits is never removed."""
    with opened(url) as database:
        copy = copied(file)
        mark(database, 1)
        with database.read() as connection:
            driver = connection.connection.driver_connection
            driver.set_authorizer(lambda action, *_: 1 if action == sqlite3.SQLITE_PRAGMA else 0)  # type: ignore[union-attr]  # a driver's connection
        copy.rename(file)
        assert marked(database) == []
        mark(database, 2)
        assert beside(file, "-wal.old").stat().st_size
        assert "cannot be saved" in caplog.text
    assert beside(file, "-wal.old").exists()


def test_an_empty_file_in_its_place_is_unavailable_and_left_alone(url: str, file: Path) -> None:
    with opened(url) as database:
        mark(database, 1)
        file.rename(file.with_name("away"))
        file.touch()
        with pytest.raises(Unavailable):
            mark(database, 2)
        file.with_name("away").rename(file)
        mark(database, 3)
        assert marked(database) == [1, 3]


def test_a_thread_that_still_reads_the_old_files_keeps_others_from_mixing_them_with_the_new(
    url: str, file: Path
) -> None:
    with opened(url) as database:
        mark(database, 1)
        with database.read() as connection:
            rows = connection.exec_driver_sql("SELECT number FROM marks UNION ALL SELECT 7")
            beside(file, "-wal").unlink()
            with pytest.raises(Unavailable):
                mark(database, 2)
            assert [number for (number,) in rows] == [1, 7]
        mark(database, 3)
        assert marked(database) == [1, 3]


# Read-only and full


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that somebody else than root can get at, if we are root: nothing is read-only for root."""
    folder = Path(tempfile.mkdtemp(prefix="stormpath-wsgi-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
    yield folder
    shutil.rmtree(folder)


CHANGING = """
    import os, resource, sys
    from pathlib import Path
    from support.marks import mark, marked, metadata
    from stormpath_wsgi.directory.storage.engine import Database
    from stormpath_wsgi.errors import Unavailable

    file = Path(sys.argv[1])
    database = Database(f"sqlite:///{file}")
    with database.write() as transaction:
        metadata.create_all(transaction.connection)

    def is_refused(number):
        try:
            mark(database, number)
        except Unavailable:
            return True
"""


def test_a_file_that_was_read_only_is_written_again_as_soon_as_it_can_be(
    program: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connections that are opened meanwhile can never write."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    process = program(
        CHANGING
        + """
    mark(database, 1)
    database.close()
    if os.geteuid() == 0:
        for path in file.parent.iterdir():
            os.chown(path, 65534, 65534)
        os.setuid(65534)
    database = Database(f"sqlite:///{file}")
    mark(database, 2)
    file.chmod(0o400)
    with database.read():
        assert marked(database) == [1, 2]  # on a second connection
    assert is_refused(3) and is_refused(4)
    assert marked(database) == [1, 2]
    file.chmod(0o600)
    mark(database, 5)
    mark(database, 6)
    assert marked(database) == [1, 2, 5, 6]
        """,
        str(folder / "accounts.db"),
    )
    process.communicate()
    assert process.returncode == 0


def test_a_disk_that_was_full_is_written_again_as_soon_as_it_can_be(
    program: Start, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    process = program(
        CHANGING
        + """
    mark(database, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))  # bytes: no file may grow beyond
    assert is_refused(2) and is_refused(3)
    assert marked(database) == [1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    mark(database, 4)
    assert marked(database) == [1, 4]
        """,
        str(file),
    )
    process.communicate()
    assert process.returncode == 0


# Waiting


def test_of_those_that_would_wait_long_only_one_waits_and_the_others_are_refused_at_once() -> None:
    turns, refused = WriteTurns(soon=0, longest=60, patient=1), queue.Queue[None]()
    had_it = []

    def write() -> None:
        try:
            with turns.turn():
                had_it.append(True)
        except NoTurn:
            refused.put(None)

    threads = [threading.Thread(target=write) for _ in range(5)]
    with turns.turn():
        for thread in threads:
            thread.start()
        for _ in range(4):
            refused.get(timeout=30)
        assert had_it == []
    for thread in threads:
        thread.join()
    assert had_it == [True]


def test_who_waits_for_short_turns_is_not_refused() -> None:
    turns, had_it = WriteTurns(soon=60, longest=60, patient=1), []

    def write() -> None:
        with turns.turn():
            turns.got_the_file()
            had_it.append(True)

    threads = [threading.Thread(target=write) for _ in range(20)]
    with turns.turn():
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    assert len(had_it) == 20


def test_nobody_waits_anew_for_a_file_that_is_known_to_be_held() -> None:
    turns = WriteTurns(soon=0.25, longest=0.25)
    with turns.turn():
        first = turns.patience()
    with turns.turn():
        assert turns.patience() <= first, "counted from when the first one began to wait"
        turns.got_the_file()
        assert turns.patience() == first


def test_a_process_that_serves_waits_less(url: str) -> None:
    """Before, at its start, it waits for others that set the directory up."""
    with opened(url, timeout=60) as database:
        with database.write():
            assert database._backend._turns.patience() == 60  # type: ignore[attr-defined]  # of this engine
        database.serve()
        with database.write():
            assert database._backend._turns.patience() == 2  # type: ignore[attr-defined]  # of this engine


def test_readers_go_on_while_another_program_keeps_the_file_locked(url: str, file: Path) -> None:
    with opened(url, timeout=0.05) as database:
        mark(database, 1)
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        outcomes: queue.Queue[object] = queue.Queue()

        def write() -> None:
            try:
                mark(database, 2)
            except Unavailable as error:
                outcomes.put(error.retry_after)

        threads = [threading.Thread(target=write) for _ in range(5)]
        for thread in threads:
            thread.start()
        assert marked(database) == [1]
        for thread in threads:
            thread.join()
        assert [outcomes.get_nowait() for _ in threads] == [Unavailable().retry_after] * 5
        other.close()
        mark(database, 3)


def test_greenlets_go_on_while_another_program_keeps_the_file_locked(
    fresh_program: Fresh, url: str, file: Path
) -> None:
    """Or the one that unlocks it here could not."""
    process = fresh_program(
        """
        from gevent import monkey
        monkey.patch_all()
        import sqlite3, sys
        import gevent
        from stormpath_wsgi.directory.storage.engine import Database

        database = Database(f"sqlite:///{sys.argv[1]}", timeout=60)
        other = sqlite3.connect(sys.argv[1], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        def write():
            with database.write() as transaction:
                transaction.connection.exec_driver_sql("INSERT INTO marks VALUES (1)")

        writer = gevent.spawn(write)
        gevent.sleep(0)  # it runs until it waits
        other.rollback()
        writer.get()
        other.close()
        database.close()
        """,
        str(file),
    )
    process.communicate()
    assert process.returncode == 0


def test_a_forked_child_does_not_inherit_who_is_waiting(program: Start, url: str) -> None:
    process = program(
        """
        import os, sys, threading
        from stormpath_wsgi.directory.storage.engine import Database

        database = Database(sys.argv[1])
        began, end = threading.Event(), threading.Event()

        def hold():
            with database._backend.turn_to_write():
                began.set()
                end.wait()

        thread = threading.Thread(target=hold)
        thread.start()
        began.wait()
        if not (child := os.fork()):
            with database.write() as transaction:
                transaction.connection.exec_driver_sql("INSERT INTO marks VALUES (1)")
            os._exit(0)
        end.set()
        thread.join()
        assert os.waitpid(child, 0)[1] == 0
        """,
        url,
    )
    process.communicate()
    assert process.returncode == 0
