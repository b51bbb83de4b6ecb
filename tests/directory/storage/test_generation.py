"""The generation: it moves with every change of any process, never repeats, and survives the death of a writer."""

from __future__ import annotations

import itertools
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import URL, Connection, create_engine, make_url
from sqlalchemy.exc import DBAPIError
from support.waiting import eventually
from support.warm import Program, Start

from stormpath_wsgi.directory.storage import migrate
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.storage.generation import (
    FileGeneration,
    Generation,
    MemoryGeneration,
    NotifiedGeneration,
    number_in,
    retire,
)
from stormpath_wsgi.directory.storage.postgresql import Server
from stormpath_wsgi.errors import Unavailable
from stormpath_wsgi.slots import ANY, EVERYBODY, WORDS, slot_of

if TYPE_CHECKING:
    from conftest import PostgreSQLServer

pytestmark = pytest.mark.usefixtures("empty_databases")


def settled(generation: Generation) -> int:
    """The number, once there is one."""
    eventually(lambda: generation.read() >= 0)
    return generation.read()


@contextmanager
def change(generation: Generation, connection: Connection, *slots: int) -> Iterator[None]:
    """What a write does around its COMMIT. *slots*: those that it concerns; none: everybody."""
    with (
        generation.locked() if isinstance(generation, FileGeneration) else nullcontext(),
        generation.moving(connection, slots or (EVERYBODY,)),
    ):
        yield


class Asking:
    """A generation that listens through an engine of its own, and counts how often it had to ask instead."""

    def __init__(self, url: str | URL, **times: Any) -> None:
        self.asked = 0
        self.engine = Server(make_url(url), longest=2, on_pooler=pytest.fail).engine
        self.writer = self.engine.execution_options(isolation_level="READ COMMITTED")
        self.generation = NotifiedGeneration(self.engine, lambda: self.engine, self.ask, longest=2, **times)

    def ask(self, slot: int) -> int | None:
        self.asked += 1
        return self.number_of(slot)

    @property
    def number(self) -> int | None:
        """The truth, as the database has it."""
        return self.number_of(ANY)

    def number_of(self, slot: int) -> int | None:
        try:
            with self.engine.connect() as connection:
                return number_in(connection, slot)
        except DBAPIError:
            return None

    def listens(self) -> bool:
        """Whether a reading needs to ask nobody."""
        before = self.asked
        return self.generation.read() >= 0 and self.asked == before

    def beats(self) -> dict[int, object]:
        """By the process of the server that it asks: when the last beat began, if that asks nothing of the table."""
        found = (
            "SELECT pid, query_start FROM pg_stat_activity WHERE position('listens to stormpath_epoch' IN query) > 0 "
            "AND pid <> pg_backend_pid() AND datname = current_database()"
        )
        with self.engine.connect() as connection:
            return {row.pid: row.query_start for row in connection.exec_driver_sql(found)}

    def waits_for_a_beat(self) -> None:
        """Waits until the next such beat has begun."""
        last = self.beats()
        eventually(lambda: self.beats() not in ({}, last))

    def move(self, *slots: int) -> None:
        with self.writer.connect() as connection, change(self.generation, connection, *slots):
            connection.commit()

    def close(self) -> None:
        self.generation.close()
        self.engine.dispose()


# What holds for each kind


@pytest.fixture(params=["memory", "file", "notified"])
def moved_generation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Generation, Connection]]:
    """A generation, and a connection whose transactions move it."""
    generation: Generation
    if request.param == "notified":
        asking = Asking(request.getfixturevalue("postgresql_url"))
        generation, engine = asking.generation, asking.engine
    else:
        generation = MemoryGeneration() if request.param == "memory" else FileGeneration(tmp_path / "generation")
        engine = create_engine("sqlite://")
    with engine.connect() as connection:
        yield generation, connection
    generation.close()
    engine.dispose()


def test_it_stays_while_nothing_changes(moved_generation: tuple[Generation, Connection]) -> None:
    generation, _ = moved_generation
    number = settled(generation)
    assert {generation.read() for _ in range(1000)} == {number}


def test_it_moves_with_a_change_and_never_comes_back(moved_generation: tuple[Generation, Connection]) -> None:
    generation, connection = moved_generation
    seen = [settled(generation)]
    for _ in range(10):
        with change(generation, connection):
            connection.commit()
        assert generation.read() not in seen, "at once for whoever made the change"
        seen.append(generation.read())


@pytest.mark.parametrize("moved_generation", ["memory", "file"], indirect=True)
def test_it_moves_too_when_nobody_knows_whether_the_commit_happened(
    moved_generation: tuple[Generation, Connection],
) -> None:
    generation, connection = moved_generation
    before = settled(generation)
    with pytest.raises(ConnectionError), change(generation, connection):
        raise ConnectionError
    assert generation.read() != before


def test_it_is_unsettled_once_closed(moved_generation: tuple[Generation, Connection]) -> None:
    generation, _ = moved_generation
    settled(generation)
    generation.close()
    readings = [generation.read() for _ in range(100)]
    assert len(set(readings)) == 100
    assert max(readings) < 0


ADA, BOB = slot_of("ada"), slot_of("bob")


def test_a_change_of_one_slot_leaves_the_others(moved_generation: tuple[Generation, Connection]) -> None:
    generation, connection = moved_generation
    settled(generation)
    for moved, stays in ((ADA, (BOB, EVERYBODY)), (BOB, (ADA, EVERYBODY))):
        before = {slot: generation.read(slot) for slot in (ADA, BOB, EVERYBODY, ANY)}
        with change(generation, connection, moved):
            connection.commit()
        for slot in (moved, ANY):
            assert generation.read(slot) != before[slot], "at once for whoever made the change"
        assert [generation.read(slot) for slot in stays] == [before[slot] for slot in stays]


def test_a_change_of_everybody_moves_every_slot(moved_generation: tuple[Generation, Connection]) -> None:
    generation, connection = moved_generation
    settled(generation)
    some = (EVERYBODY, ANY, ADA, BOB, *range(2, WORDS, 97), WORDS - 1)
    before = {slot: generation.read(slot) for slot in some}
    with change(generation, connection):
        connection.commit()
    assert not [slot for slot in some if generation.read(slot) == before[slot]]


def test_a_change_of_several_slots_moves_them(moved_generation: tuple[Generation, Connection]) -> None:
    generation, connection = moved_generation
    settled(generation)
    before = {slot: generation.read(slot) for slot in (ADA, BOB, ADA + 1)}
    with change(generation, connection, ADA, BOB):
        connection.commit()
    assert [generation.read(slot) != before[slot] for slot in (ADA, BOB, ADA + 1)] == [True, True, False]


# In a file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "accounts.db-generation"


@pytest.fixture
def nothing() -> Iterator[Connection]:
    """A connection that a generation in a file has no use for."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_the_file_is_private(path: Path) -> None:
    FileGeneration(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_root_makes_belongs_to_the_owner_of_the_database(path: Path) -> None:
    """Or the server could not write after a command that root ran."""
    database = path.with_name("accounts.db")
    database.touch()
    # Only root can give a file away; with anybody else it stays in one hand, which is as good.
    owner = (12345, 23456) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    os.chown(database, *owner)
    FileGeneration(path, database=database)
    assert (path.stat().st_uid, path.stat().st_gid) == owner


def test_the_file_is_never_opened_through_a_link(path: Path) -> None:
    target = path.with_name("elsewhere")
    path.symlink_to(target)
    assert FileGeneration(path).read() < 0
    assert not target.exists()


def test_every_reader_of_the_file_sees_the_same_number(path: Path, nothing: Connection) -> None:
    one, other = FileGeneration(path), FileGeneration(path)
    assert one.read() == other.read() >= 0
    with change(one, nothing):
        pass
    assert one.read() == other.read() >= 0


def test_it_is_unsettled_for_all_while_a_change_is_on_its_way(path: Path, nothing: Connection) -> None:
    one, other = FileGeneration(path), FileGeneration(path)
    before = other.read()
    with change(one, nothing):
        for generation in (one, other):
            readings = [generation.read() for _ in range(100)]
            assert len(set(readings)) == 100
            assert max(readings) < 0
    assert other.read() > before


def test_while_one_slot_changes_the_others_can_be_read(path: Path, nothing: Connection) -> None:
    one, other = FileGeneration(path), FileGeneration(path)
    before = {slot: other.read(slot) for slot in (ADA, BOB, EVERYBODY, ANY)}
    with change(one, nothing, ADA):
        assert [other.read(slot) < 0 for slot in (ADA, BOB, EVERYBODY, ANY)] == [True, False, False, True]
        assert [other.read(slot) for slot in (BOB, EVERYBODY)] == [before[slot] for slot in (BOB, EVERYBODY)]
    assert other.read(ADA) > before[ADA]


def test_a_second_writer_waits_for_the_first(path: Path, nothing: Connection) -> None:
    first, second = FileGeneration(path), FileGeneration(path, timeout=0.02)
    with change(first, nothing), pytest.raises(Unavailable), change(second, nothing):
        pytest.fail("two writers at once")
    with change(second, nothing):
        pass


WRITER = """
    import sys
    from pathlib import Path
    from stormpath_wsgi.directory.storage.generation import FileGeneration
    generation = FileGeneration(Path(sys.argv[1]))
    with generation.locked(), generation.moving(None, [int(slot) for slot in sys.argv[2:]] or (0,)):
        print("moving", flush=True)
        sys.stdin.readline()
    print(generation.read(), flush=True)
    sys.stdin.readline()
"""


def test_it_moves_for_other_processes(path: Path, program: Start) -> None:
    generation = FileGeneration(path)
    before = generation.read()
    writer = program(WRITER, str(path))
    assert writer.stdout and writer.stdin
    assert writer.stdout.readline() == "moving\n"
    assert generation.read() < 0
    print(file=writer.stdin, flush=True)
    after = int(writer.stdout.readline())
    assert generation.read() == after > before


def test_a_reader_mends_what_a_killed_writer_left(path: Path, program: Start) -> None:
    generation = FileGeneration(path)
    before = generation.read()
    kill_while_moving(program, path)
    assert generation.read() == generation.read() > before


def test_a_writer_mends_what_a_killed_writer_left(path: Path, program: Start, nothing: Connection) -> None:
    reader, writer = FileGeneration(path), FileGeneration(path)
    before = reader.read()
    kill_while_moving(program, path)
    with change(writer, nothing):
        assert reader.read() < 0
    assert reader.read() > before


def test_who_comes_later_mends_what_a_killed_writer_left(path: Path, program: Start) -> None:
    before = FileGeneration(path).read()
    kill_while_moving(program, path)
    assert FileGeneration(path).read() > before


def test_a_killed_writer_of_several_slots_leaves_none_that_is_believed_or_that_stays_unsettled(
    path: Path, program: Start, nothing: Connection
) -> None:
    reader, writer = FileGeneration(path), FileGeneration(path)
    slots = (ADA, BOB, ADA + 1, ANY)
    before = {slot: reader.read(slot) for slot in slots}
    kill_while_moving(program, path, ADA, BOB)
    with change(writer, nothing, ADA + 1):  # it knows nothing of what the dead one was about
        assert reader.read(ADA) < 0, "nobody believes it while it may be wrong"
    assert {slot: reader.read(slot) > before[slot] for slot in slots} == dict.fromkeys(slots, True)
    assert {slot: reader.read(slot) == writer.read(slot) for slot in slots} == dict.fromkeys(slots, True)
    assert reader.read(BOB + 1) == writer.read(BOB + 1) >= 0


def kill_while_moving(program: Start, path: Path, *slots: int) -> None:
    writer = program(WRITER, str(path), *map(str, slots))
    assert writer.stdout
    assert writer.stdout.readline() == "moving\n"
    os.kill(writer.pid, signal.SIGKILL)
    assert writer.wait() == -signal.SIGKILL


def test_the_map_is_shared_with_forked_children(path: Path, program: Start) -> None:
    """A server that loads the application before it forks must not leave its workers with a copy."""
    parent = program(
        """
        import os, sys
        from pathlib import Path
        from stormpath_wsgi.directory.storage.generation import FileGeneration
        generation = FileGeneration(Path(sys.argv[1]))
        before = generation.read()
        if not (child := os.fork()):
            with generation.locked(), generation.moving(None):
                pass
            os._exit(0 if generation.read() > before else 1)
        assert os.waitpid(child, 0)[1] == 0
        number = generation.read()
        reading, writing = os.pipe()
        if not os.fork():
            os.write(writing, str(generation.read()).encode())
            os._exit(0)
        assert int(os.read(reading, 100)) == number > before
        """,
        str(path),
    )
    parent.communicate()
    assert parent.returncode == 0


def test_a_fork_during_a_change_does_not_keep_the_lock(path: Path, program: Start) -> None:
    parent = program(
        """
        import os, signal, sys
        from pathlib import Path
        from stormpath_wsgi.directory.storage.generation import FileGeneration
        generation = FileGeneration(Path(sys.argv[1]), timeout=1)
        with generation.locked(), generation.moving(None):
            if not (child := os.fork()):
                signal.pause()
        with generation.locked(), generation.moving(None):
            pass
        os.kill(child, signal.SIGKILL)
        """,
        str(path),
    )
    parent.communicate()
    assert parent.returncode == 0


def test_a_deleted_file_is_made_anew_and_everybody_finds_it(path: Path, nothing: Connection) -> None:
    writer, reader = FileGeneration(path), FileGeneration(path)
    before = reader.read()
    path.unlink()
    with change(writer, nothing):
        pass
    assert writer.read() == reader.read()
    assert reader.read() not in (before, before + 2)
    with change(writer, nothing):
        pass
    assert writer.read() == reader.read() >= 0


def replace_by_nothing(path: Path) -> None:
    path.with_name("new").touch()
    path.with_name("new").rename(path)


def zeros_behind_the_first_page(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:4096].ljust(8 * WORDS, b"\0"))


# How a file that is in use may be spoilt.
SPOILT: dict[str, Callable[[Path], object]] = {
    "emptied": lambda path: os.truncate(path, 0),
    "cut": lambda path: os.truncate(path, 3),
    "deleted": Path.unlink,
    "replaced by an empty one": replace_by_nothing,
    "replaced by an old one": lambda path: path.with_name("old").rename(path),
    "replaced by one of an older version": lambda path: path.with_name("older").rename(path),
    "cut in the middle": lambda path: os.truncate(path, 4096),
    "filled with zeros": lambda path: path.write_bytes(bytes(8 * WORDS)),
    "filled with zeros behind the first page": zeros_behind_the_first_page,
}


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_spoilt_file_kills_nobody_and_is_used_again(path: Path, program: Start, spoil: str) -> None:
    """To read a mapped file that is too short is SIGBUS. Here are a process that reads and one that writes."""
    path.with_name("old").write_bytes((3).to_bytes(8, sys.byteorder) * WORDS)
    path.with_name("older").write_bytes((2).to_bytes(8, sys.byteorder))
    reader, writer = (
        program(
            """
            import sys
            from pathlib import Path
            from stormpath_wsgi.directory.storage.generation import FileGeneration
            generation = FileGeneration(Path(sys.argv[1]), glance=0)
            for line in sys.stdin:
                if line == "write\\n":
                    with generation.locked(), generation.moving():
                        pass
                print(generation.read(4000), flush=True)
            """,
            str(path),
        )
        for _ in range(2)
    )

    def tell(process: Program, command: str = "read") -> int:
        assert process.stdin and process.stdout
        print(command, file=process.stdin, flush=True)
        return int(process.stdout.readline())

    before = tell(reader)
    tell(writer)  # when it starts it takes the lock for a moment, and who reads meanwhile gets no number
    SPOILT[spoil](path)
    assert tell(reader) > before
    after = tell(writer, "write")
    assert after == tell(reader) == FileGeneration(path).read(4000) > before


@pytest.mark.parametrize("slots", [(), (ADA,), (WORDS - 1,)])
def test_a_change_moves_it_also_if_the_file_is_emptied_meanwhile(
    path: Path, nothing: Connection, slots: tuple[int, ...]
) -> None:
    one, other = FileGeneration(path, glance=0), FileGeneration(path, glance=0)
    before = {slot: one.read(slot) for slot in (*slots, ANY, BOB)}
    with change(one, nothing, *slots):
        os.truncate(path, 0)
        assert other.read() < 0
    for slot, number in before.items():
        assert one.read(slot) == other.read(slot) > number


def test_a_file_that_was_emptied_before_a_change_is_filled_by_it(path: Path, nothing: Connection) -> None:
    one, other = FileGeneration(path, glance=0), FileGeneration(path, glance=0)
    before = other.read(BOB)
    with one.locked():
        os.truncate(path, 0)
        with one.moving(nothing, (ADA,)):
            assert other.read(ADA) < 0
            assert other.read(BOB) > before
    assert one.read(ADA) == other.read(ADA) >= 0


def test_the_one_word_of_an_older_version_is_taken_out_of_use(path: Path, program: Start) -> None:
    """A process of that version would not hear of our changes, nor we of its own: it must neither remember nor write.
    It opens the file as here, and takes an error for a directory that cannot be written.
    """
    old = path.with_name("accounts.db-epoch")
    old.write_bytes((2).to_bytes(8, sys.byteorder))
    writer = program(
        """
        import fcntl, os, sys, time
        descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_NOFOLLOW)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        print("writing", flush=True)
        sys.stdin.readline()
        """,
        str(old),
    )
    assert writer.stdout
    assert writer.stdin
    assert writer.stdout.readline() == "writing\n"
    with pytest.raises(BlockingIOError):
        retire(old, 0.01)
    print(file=writer.stdin, flush=True)
    writer.wait()
    retire(old, 5)
    with pytest.raises(OSError, match="symbolic links"):
        os.open(old, os.O_RDWR | os.O_NOFOLLOW)
    assert not old.exists()
    retire(old, 0)
    retire(path.with_name("nothing"), 0)


def test_a_forked_child_looks_at_the_file_before_it_reads_the_map(path: Path, program: Start) -> None:
    """Or each worker of a server that forks would die, and the next one too."""
    parent = program(
        """
        import os, sys
        from pathlib import Path
        from stormpath_wsgi.directory.storage.generation import FileGeneration
        generation = FileGeneration(Path(sys.argv[1]), glance=3600)
        before = generation.read()
        os.register_at_fork(after_in_child=generation.after_fork)
        os.truncate(sys.argv[1], 0)
        for _ in range(2):
            if not (child := os.fork()):
                os._exit(0 if generation.read() > before else 1)
            assert os.waitpid(child, 0)[1] == 0
        """,
        str(path),
    )
    parent.communicate()
    assert parent.returncode == 0


def test_between_two_looks_the_file_is_left_alone(path: Path) -> None:
    generation = FileGeneration(path, glance=3600)
    number = generation.read()
    os.utime(path, (0, 0))
    path.rename(path.with_name("away"))
    assert generation.read() == number


def test_on_a_full_disk_it_is_unsettled_until_there_is_room(path: Path, program: Start) -> None:
    process = program(
        """
        import os, resource, sys
        from pathlib import Path
        from stormpath_wsgi.directory.storage.generation import FileGeneration
        from stormpath_wsgi.errors import Unavailable
        generation = FileGeneration(Path(sys.argv[1]), glance=0)
        before = generation.read()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))  # no file may grow
        os.truncate(sys.argv[1], 0)
        assert generation.read() < 0
        try:
            with generation.locked(), generation.moving():
                raise SystemExit("the others would not have been told")
        except Unavailable:
            pass
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert generation.read() == generation.read() > before
        """,
        str(path),
    )
    process.communicate()
    assert process.returncode == 0


@pytest.mark.parametrize("obstacle", ["missing folder", "folder in its place"])
def test_without_the_file_nothing_is_trusted_and_nothing_written(
    path: Path, nothing: Connection, obstacle: str, caplog: pytest.LogCaptureFixture
) -> None:
    if obstacle == "missing folder":
        path = path.parent / "nowhere" / path.name
    else:
        path.mkdir()
    generation = FileGeneration(path)
    assert str(path) in caplog.text
    assert generation.read() != generation.read() < 0
    with pytest.raises(Unavailable), change(generation, nothing):
        pytest.fail("the others would not have been told")


def test_a_file_that_appears_later_is_used(path: Path, nothing: Connection) -> None:
    path.mkdir()
    generation = FileGeneration(path)
    path.rmdir()
    assert generation.read() == generation.read() >= 0


@pytest.fixture
def quick_turns() -> Iterator[None]:
    """Threads that only compute leave the interpreter to others soon, and not after five milliseconds."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0001)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("quick_turns")
def test_threads_never_take_one_number_for_two_states(path: Path, nothing: Connection) -> None:
    """The promise itself: who reads the same number twice has read the same data in between."""
    generations = [FileGeneration(path) for _ in range(4)]
    state, wrong, done = [0], [], threading.Event()
    known: dict[int, int] = {}

    def write(generation: FileGeneration) -> None:
        for _ in range(50):
            with change(generation, nothing):
                state[0] += 1

    def watch(generation: FileGeneration) -> None:
        while not done.is_set():
            number, seen = generation.read(), state[0]
            if number >= 0 and generation.read() == number and known.setdefault(number, seen) != seen:
                wrong.append(number)

    writers = [threading.Thread(target=write, args=(generation,)) for generation in generations[:2]]
    watchers = [threading.Thread(target=watch, args=(generation,)) for generation in generations[2:]]
    for thread in (*watchers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in watchers:
        thread.join()
    assert not wrong
    assert state == [100]


# By notification


@pytest.fixture
def asking(postgresql_url: str) -> Iterator[Callable[[], Asking]]:
    """Makes generations that listen, with engines of their own, as processes on other machines have."""
    made: list[Asking] = []

    def make() -> Asking:
        made.append(Asking(postgresql_url, beat=0.05, lease=0.5))
        eventually(made[-1].listens)
        return made[-1]

    yield make
    for each in made:
        each.close()


Ask = Callable[[], Asking]


def test_the_first_reading_asks_and_starts_to_listen(postgresql_url: str) -> None:
    with closing(Asking(postgresql_url)) as reader:
        assert (reader.generation.read(), reader.asked) == (reader.number, 1)
        eventually(reader.listens)
        assert reader.generation.read() == reader.number


def test_whoever_may_not_trust_notices_asks_each_time(postgresql_url: str) -> None:
    others = set(threading.enumerate())
    numbers = itertools.count()
    engine = create_engine(postgresql_url)
    generation = NotifiedGeneration(engine, lambda: None, lambda slot: next(numbers))
    assert [generation.read() for _ in range(1000)] == list(range(1000))
    assert not [thread for thread in threading.enumerate() if thread not in others]
    generation.close()
    engine.dispose()


def test_it_moves_elsewhere_when_a_transaction_commits(asking: Ask) -> None:
    writer, reader = asking(), asking()
    before = reader.generation.read()
    with writer.writer.connect() as connection, change(writer.generation, connection):
        assert reader.generation.read() == before, "not before"
        connection.commit()
    eventually(lambda: reader.generation.read() != before)
    eventually(reader.listens)
    assert reader.generation.read() == writer.generation.read() == reader.number


def test_a_notice_tells_whose_number_is_another(asking: Ask) -> None:
    """Nobody has to ask for it, neither for that one nor for the others."""
    writer, reader = asking(), asking()
    before = {slot: reader.generation.read(slot) for slot in (ADA, BOB, EVERYBODY, ANY)}
    writer.move(ADA)
    eventually(lambda: reader.generation.read(ADA) != before[ADA])
    asked = reader.asked
    now = {slot: reader.generation.read(slot) for slot in before}
    assert reader.asked == asked
    assert [now[slot] != before[slot] for slot in before] == [True, False, False, True]
    assert now == {slot: reader.number_of(slot) for slot in before}


def test_a_lost_notice_is_made_up_for_with_the_next_thorough_beat(asking: Ask) -> None:
    reader = asking()
    before = reader.generation.read(ADA)
    with reader.engine.begin() as connection:  # as if nobody had been told
        connection.exec_driver_sql("INSERT INTO epochs VALUES (%(slot)s, 5)", {"slot": ADA})
    eventually(lambda: reader.generation.read(ADA) != before)
    eventually(reader.listens)
    assert reader.generation.read(ADA) == reader.number_of(ADA)


def test_the_other_beats_ask_nothing_of_the_table(postgresql_url: str) -> None:
    """With a thousand workers, to add all numbers up for each beat of each of them takes more than a core."""
    with closing(Asking(postgresql_url, beat=0.05, lease=0.1, thorough=10**9)) as reader:
        eventually(reader.listens)
        before = reader.generation.read(ADA)
        with reader.engine.begin() as connection:  # as if nobody had been told
            connection.exec_driver_sql("INSERT INTO epochs VALUES (%(slot)s, 5)", {"slot": ADA})
        for _ in range(4):  # so the lease is over that the first question has begun
            reader.waits_for_a_beat()
        eventually(lambda: reader.listens() and reader.generation.read(ADA) == before)
        reader.move(ADA)
        eventually(lambda: reader.listens() and reader.generation.read(ADA) == reader.number_of(ADA))


def test_a_notice_that_nobody_can_read_has_the_table_asked(postgresql_url: str) -> None:
    """It may tell of a change, in the words of another version."""
    with closing(Asking(postgresql_url, beat=0.05, lease=0.5, thorough=10**9)) as reader:
        eventually(reader.listens)
        with reader.engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO epochs VALUES (%(slot)s, 5)", {"slot": ADA})
            connection.exec_driver_sql("SELECT pg_notify('stormpath_epoch', 'x y')")
        eventually(lambda: reader.listens() and reader.generation.read(ADA) == reader.number_of(ADA))


def test_a_notice_that_is_none_of_ours_ends_no_thread_and_costs_a_question(asking: Ask) -> None:
    reader = asking()
    before = reader.generation.read()
    with reader.engine.begin() as connection:
        for payload in ("", "x", "x y", "x 1", "x -1:5", "x 99999:5", "x 5:y"):
            connection.exec_driver_sql("SELECT pg_notify('stormpath_epoch', %(payload)s)", {"payload": payload})
    eventually(reader.listens)
    assert reader.generation.read() == before == reader.number


def test_a_process_knows_of_its_own_change_at_once(asking: Ask) -> None:
    """Also while notices of before are on their way."""
    writer = asking()
    for _ in range(20):
        before = writer.generation.read(ADA)
        writer.move(ADA)
        assert writer.generation.read(ADA) == writer.number_of(ADA) != before


def test_changes_of_different_slots_do_not_wait_for_each_other(asking: Ask) -> None:
    writer = asking()
    with writer.writer.connect() as first, change(writer.generation, first, ADA):
        with writer.writer.connect() as second, change(writer.generation, second, BOB):
            second.commit()
        first.commit()
    assert writer.generation.read() == writer.number


def test_it_stays_when_a_transaction_is_undone(asking: Ask) -> None:
    writer, reader = asking(), asking()
    before = reader.generation.read()
    with writer.writer.connect() as connection, change(writer.generation, connection):
        connection.rollback()
    assert writer.generation.read() == reader.generation.read() == reader.number == before


def test_no_number_comes_back_with_a_backup(asking: Ask) -> None:
    """What a process remembers from before must not be taken for what is there now."""
    writer = asking()
    with writer.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE backup AS SELECT * FROM epochs")
    seen = set()
    for _ in range(3):
        writer.move()
        seen.add(writer.number)
        with writer.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM epochs; INSERT INTO epochs SELECT * FROM backup")
    assert len(seen) == 3


@pytest.fixture
def mortal_url(mortal_postgresql_server: PostgreSQLServer) -> str:
    """A database with our tables, on a server that may be stopped."""
    url = mortal_postgresql_server.url("postgres").render_as_string()
    with closing(Database(url)) as database:
        migrate.upgrade(database)
    return url


def test_a_lost_server_unsettles_and_a_returned_one_settles_it(
    mortal_url: str, mortal_postgresql_server: PostgreSQLServer
) -> None:
    with closing(Asking(mortal_url)) as reader, closing(Asking(mortal_url)) as writer:
        eventually(reader.listens)
        before = reader.generation.read()
        mortal_postgresql_server.stop()
        eventually(lambda: reader.generation.read() < 0)
        mortal_postgresql_server.start()
        writer.move()
        assert reader.generation.read() != before, "what was missed meanwhile must not be taken for nothing"
        eventually(reader.listens)
        assert reader.generation.read() == writer.number


def test_a_silent_line_is_trusted_no_longer_than_the_lease_and_then_left(
    postgresql_url: str,
) -> None:
    """A server process that was stopped looks like a network that swallows every packet."""
    with closing(Asking(postgresql_url, beat=0.05, lease=0.5)) as reader:
        eventually(reader.listens)
        eventually(lambda: len(reader.beats()) == 1)
        backends = list(reader.beats())
        for backend in backends:
            os.kill(backend, signal.SIGSTOP)
        try:
            eventually(lambda: not reader.listens())
            eventually(reader.listens)  # through another connection
        finally:
            for backend in backends:
                os.kill(backend, signal.SIGCONT)


def test_closing_waits_neither_for_the_next_beat_nor_for_an_answer(
    postgresql_url: str, postgresql_server: PostgreSQLServer
) -> None:
    reader = Asking(postgresql_url, beat=3600, lease=7200)
    eventually(reader.listens)
    with postgresql_server.frozen():
        start = time.monotonic()
        reader.close()
        assert time.monotonic() - start < 5
