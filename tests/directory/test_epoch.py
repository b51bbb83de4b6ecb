"""The epoch: it moves with every change of any process, never repeats, and survives the death of a writer."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, Engine, create_engine

from stormpath_wsgi.directory.engine import Database
from stormpath_wsgi.directory.epoch import Epoch, FileEpoch, MemoryEpoch, NotifiedEpoch
from stormpath_wsgi.errors import Unavailable

if TYPE_CHECKING:
    from conftest import PostgreSQLServer

Program = Callable[..., "subprocess.Popen[str]"]


def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Waits for what another thread or process is about to do."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        threading.Event().wait(0.005)


def settled(epoch: Epoch) -> int:
    """The number, once there is one."""
    eventually(lambda: epoch.read() >= 0)
    return epoch.read()


@contextmanager
def change(epoch: Epoch, connection: Connection) -> Iterator[None]:
    """What a write does around its COMMIT."""
    with epoch.locked() if isinstance(epoch, FileEpoch) else nullcontext(), epoch.moving(connection):
        yield


# What holds for each kind


@pytest.fixture(params=["memory", "file", "notified"])
def moved_epoch(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Epoch, Connection]]:
    """An epoch, and a connection whose transactions move it."""
    url = request.getfixturevalue("postgresql_url") if request.param == "notified" else "sqlite://"
    engine = create_engine(url)
    kinds: dict[str, Callable[[], Epoch]] = {
        "memory": MemoryEpoch,
        "file": lambda: FileEpoch(tmp_path / "epoch"),
        "notified": lambda: NotifiedEpoch(engine),
    }
    epoch = kinds[request.param]()
    with engine.connect() as connection:
        yield epoch, connection
    epoch.close()
    engine.dispose()


def test_it_stays_while_nothing_changes(moved_epoch: tuple[Epoch, Connection]) -> None:
    epoch, _ = moved_epoch
    number = settled(epoch)
    assert {epoch.read() for _ in range(1000)} == {number}


def test_it_moves_with_a_change_and_never_comes_back(moved_epoch: tuple[Epoch, Connection]) -> None:
    epoch, connection = moved_epoch
    seen = [settled(epoch)]
    for _ in range(10):
        with change(epoch, connection):
            connection.commit()
        assert epoch.read() not in seen, "at once for whoever made the change"
        seen.append(epoch.read())


def test_it_moves_too_when_nobody_knows_whether_the_commit_happened(moved_epoch: tuple[Epoch, Connection]) -> None:
    epoch, connection = moved_epoch
    before = settled(epoch)
    with pytest.raises(ConnectionError), change(epoch, connection):
        raise ConnectionError
    assert epoch.read() != before


def test_it_is_unsettled_once_closed(moved_epoch: tuple[Epoch, Connection]) -> None:
    epoch, _ = moved_epoch
    settled(epoch)
    epoch.close()
    readings = [epoch.read() for _ in range(100)]
    assert len(set(readings)) == 100
    assert max(readings) < 0


# In a file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "accounts.db-epoch"


@pytest.fixture
def nothing() -> Iterator[Connection]:
    """A connection that an epoch in a file has no use for."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_the_file_is_private(path: Path) -> None:
    FileEpoch(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_root_makes_belongs_to_the_owner_of_the_database(path: Path) -> None:
    """Or the server could not write after a command that root ran."""
    database = path.with_name("accounts.db")
    database.touch()
    # Only root can give a file away; with anybody else it stays in one hand, which is as good.
    owner = (12345, 23456) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    os.chown(database, *owner)
    FileEpoch(path, database=database)
    assert (path.stat().st_uid, path.stat().st_gid) == owner


def test_the_file_is_never_opened_through_a_link(path: Path) -> None:
    target = path.with_name("elsewhere")
    path.symlink_to(target)
    assert FileEpoch(path).read() < 0
    assert not target.exists()


def test_every_reader_of_the_file_sees_the_same_number(path: Path, nothing: Connection) -> None:
    one, other = FileEpoch(path), FileEpoch(path)
    assert one.read() == other.read() >= 0
    with change(one, nothing):
        pass
    assert one.read() == other.read() >= 0


def test_it_is_unsettled_for_all_while_a_change_is_on_its_way(path: Path, nothing: Connection) -> None:
    one, other = FileEpoch(path), FileEpoch(path)
    before = other.read()
    with change(one, nothing):
        for epoch in (one, other):
            readings = [epoch.read() for _ in range(100)]
            assert len(set(readings)) == 100
            assert max(readings) < 0
    assert other.read() > before


def test_a_second_writer_waits_for_the_first(path: Path, nothing: Connection) -> None:
    first, second = FileEpoch(path), FileEpoch(path, timeout=0.02)
    with change(first, nothing), pytest.raises(Unavailable), change(second, nothing):
        pytest.fail("two writers at once")
    with change(second, nothing):
        pass


WRITER = """
    import sys
    from pathlib import Path
    from stormpath_wsgi.directory.epoch import FileEpoch
    epoch = FileEpoch(Path(sys.argv[1]))
    with epoch.locked(), epoch.moving(None):
        print("moving", flush=True)
        sys.stdin.readline()
    print(epoch.read(), flush=True)
    sys.stdin.readline()
"""


def test_it_moves_for_other_processes(path: Path, program: Program) -> None:
    epoch = FileEpoch(path)
    before = epoch.read()
    writer = program(WRITER, str(path))
    assert writer.stdout and writer.stdin
    assert writer.stdout.readline() == "moving\n"
    assert epoch.read() < 0
    print(file=writer.stdin, flush=True)
    after = int(writer.stdout.readline())
    assert epoch.read() == after > before


def test_a_reader_mends_what_a_killed_writer_left(path: Path, program: Program) -> None:
    epoch = FileEpoch(path)
    before = epoch.read()
    kill_while_moving(program, path)
    assert epoch.read() == epoch.read() > before


def test_a_writer_mends_what_a_killed_writer_left(path: Path, program: Program, nothing: Connection) -> None:
    reader, writer = FileEpoch(path), FileEpoch(path)
    before = reader.read()
    kill_while_moving(program, path)
    with change(writer, nothing):
        assert reader.read() < 0
    assert reader.read() > before


def test_who_comes_later_mends_what_a_killed_writer_left(path: Path, program: Program) -> None:
    before = FileEpoch(path).read()
    kill_while_moving(program, path)
    assert FileEpoch(path).read() > before


def kill_while_moving(program: Program, path: Path) -> None:
    writer = program(WRITER, str(path))
    assert writer.stdout
    assert writer.stdout.readline() == "moving\n"
    os.kill(writer.pid, signal.SIGKILL)
    assert writer.wait() == -signal.SIGKILL


def test_the_map_is_shared_with_forked_children(path: Path, program: Program) -> None:
    """A server that loads the application before it forks must not leave its workers with a copy."""
    parent = program(
        """
        import os, sys
        from pathlib import Path
        from stormpath_wsgi.directory.epoch import FileEpoch
        epoch = FileEpoch(Path(sys.argv[1]))
        before = epoch.read()
        if not (child := os.fork()):
            with epoch.locked(), epoch.moving(None):
                pass
            os._exit(0 if epoch.read() > before else 1)
        assert os.waitpid(child, 0)[1] == 0
        number = epoch.read()
        reading, writing = os.pipe()
        if not os.fork():
            os.write(writing, str(epoch.read()).encode())
            os._exit(0)
        assert int(os.read(reading, 100)) == number > before
        """,
        str(path),
    )
    parent.communicate()
    assert parent.returncode == 0


def test_a_fork_during_a_change_does_not_keep_the_lock(path: Path, program: Program) -> None:
    parent = program(
        """
        import os, signal, sys
        from pathlib import Path
        from stormpath_wsgi.directory.epoch import FileEpoch
        epoch = FileEpoch(Path(sys.argv[1]), timeout=1)
        with epoch.locked(), epoch.moving(None):
            if not (child := os.fork()):
                signal.pause()
        with epoch.locked(), epoch.moving(None):
            pass
        os.kill(child, signal.SIGKILL)
        """,
        str(path),
    )
    parent.communicate()
    assert parent.returncode == 0


def test_a_deleted_file_is_made_anew_and_everybody_finds_it(path: Path, nothing: Connection) -> None:
    writer, reader = FileEpoch(path), FileEpoch(path)
    before = reader.read()
    path.unlink()
    with change(writer, nothing):
        pass
    assert writer.read() == reader.read()
    assert reader.read() not in (before, before + 2)
    with change(writer, nothing):
        pass
    assert writer.read() == reader.read() >= 0


@pytest.mark.parametrize("obstacle", ["missing folder", "folder in its place"])
def test_without_the_file_nothing_is_trusted_and_nothing_written(
    path: Path, nothing: Connection, obstacle: str, caplog: pytest.LogCaptureFixture
) -> None:
    if obstacle == "missing folder":
        path = path.parent / "nowhere" / path.name
    else:
        path.mkdir()
    epoch = FileEpoch(path)
    assert str(path) in caplog.text
    assert epoch.read() != epoch.read() < 0
    with pytest.raises(Unavailable), change(epoch, nothing):
        pytest.fail("the others would not have been told")


def test_a_file_that_appears_later_is_used(path: Path, nothing: Connection) -> None:
    path.mkdir()
    epoch = FileEpoch(path)
    path.rmdir()
    assert epoch.read() == epoch.read() >= 0


def test_threads_never_take_one_number_for_two_states(path: Path, nothing: Connection) -> None:
    """The promise itself: who reads the same number twice has read the same data in between."""
    epochs = [FileEpoch(path) for _ in range(4)]
    state, wrong, done = [0], [], threading.Event()
    known: dict[int, int] = {}

    def write(epoch: FileEpoch) -> None:
        for _ in range(100):
            with change(epoch, nothing):
                state[0] += 1

    def watch(epoch: FileEpoch) -> None:
        while not done.is_set():
            number, seen = epoch.read(), state[0]
            if number >= 0 and epoch.read() == number and known.setdefault(number, seen) != seen:
                wrong.append(number)

    writers = [threading.Thread(target=write, args=(epoch,)) for epoch in epochs[:2]]
    watchers = [threading.Thread(target=watch, args=(epoch,)) for epoch in epochs[2:]]
    for thread in (*watchers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in watchers:
        thread.join()
    assert not wrong
    assert state == [200]


# By notification


@pytest.fixture
def notified(postgresql_url: str) -> Iterator[Callable[[], tuple[Engine, NotifiedEpoch]]]:
    """Makes epochs with engines of their own, as processes on other machines have."""
    made: list[tuple[Engine, NotifiedEpoch]] = []

    def make() -> tuple[Engine, NotifiedEpoch]:
        engine = create_engine(postgresql_url)
        made.append((engine, NotifiedEpoch(engine, beat=0.05, lease=0.5)))
        return made[-1]

    yield make
    for engine, epoch in made:
        epoch.close()
        engine.dispose()


Notified = Callable[[], tuple[Engine, NotifiedEpoch]]


def test_it_is_unsettled_until_it_listens(notified: Notified) -> None:
    _, epoch = notified()
    assert epoch.read() < 0, "the first reading starts to listen"
    assert settled(epoch) >= 0


def test_it_moves_elsewhere_when_a_transaction_commits(notified: Notified) -> None:
    engine, writer = notified()
    _, reader = notified()
    before = settled(reader)
    with engine.connect() as connection:
        with change(writer, connection):
            assert reader.read() == before, "not before"
            connection.commit()
        eventually(lambda: reader.read() != before)
    assert settled(reader) > before


def test_it_stays_elsewhere_when_a_transaction_is_undone(notified: Notified) -> None:
    engine, writer = notified()
    _, reader = notified()
    with engine.connect() as connection:
        before = settled(reader)
        with change(writer, connection):
            connection.rollback()
        # A change after it shows that the first would have arrived by now.
        with change(writer, connection):
            connection.commit()
    eventually(lambda: reader.read() != before)
    assert settled(reader) == before + 1


def test_a_lost_server_unsettles_and_a_returned_one_settles_it(mortal_postgresql_server: PostgreSQLServer) -> None:
    database = Database(mortal_postgresql_server.url("postgres").render_as_string())
    eventually(lambda: database.epoch() >= 0)
    before = database.epoch()
    mortal_postgresql_server.stop()
    eventually(lambda: database.epoch() < 0)
    mortal_postgresql_server.start()
    eventually(lambda: database.epoch() >= 0)
    assert database.epoch() > before, "what was missed meanwhile must not be taken for nothing"
    database.close()


def test_a_silent_server_is_trusted_no_longer_than_the_lease(mortal_postgresql_server: PostgreSQLServer) -> None:
    """A frozen server looks like a network that swallows every packet."""
    engine = create_engine(mortal_postgresql_server.url("postgres"))
    epoch = NotifiedEpoch(engine, beat=0.05, lease=0.5)
    settled(epoch)
    with engine.connect() as connection:
        backends = connection.exec_driver_sql("SELECT pid FROM pg_stat_activity WHERE query = 'SELECT 1'").scalars()
        (listener,) = backends.all()
    os.kill(listener, signal.SIGSTOP)
    try:
        eventually(lambda: epoch.read() < 0, seconds=2)
    finally:
        os.kill(listener, signal.SIGCONT)
    assert settled(epoch) >= 0
    epoch.close()
    engine.dispose()


def test_closing_does_not_wait_for_the_next_beat(postgresql_url: str) -> None:
    engine = create_engine(postgresql_url)
    epoch = NotifiedEpoch(engine, beat=3600, lease=7200)
    settled(epoch)
    start = time.monotonic()
    epoch.close()
    assert time.monotonic() - start < 5
    engine.dispose()
