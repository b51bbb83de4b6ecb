"""Programs that begin at once: a process that has imported everything already forks for each of them.

To start Python and to import us takes a second of a processor. To fork takes milliseconds. A program that needs a fresh
interpreter (one that patches modules for gevent, or looks at what was imported) is started by :mod:`subprocess`.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from types import ModuleType
from typing import IO, Any, TypeAlias

from sqlalchemy import Engine, event

from stormpath_wsgi.directory.storage import migrate
from stormpath_wsgi.directory.storage.engine import Database
from support import cheap, compiled, prepared

#: The packages of ours that programs import.
_OURS = ("stormpath_wsgi", "flask_stormpath")

#: What our programs and servers import. Nothing of it starts a thread or opens a file.
_IMPORTED = (
    "alembic.command",
    "flask_stormpath",
    "bcrypt",
    "email_validator",
    "gunicorn.app.wsgiapp",
    "gunicorn.workers.gthread",
    "joserfc.jws",
    "psycopg",
    "pyotp",
    "segno",
    "sqlalchemy.dialects.postgresql.psycopg",
    "stormpath_wsgi.cli.accounts",
    "stormpath_wsgi.cli.commands",
    "stormpath_wsgi.cli.init",
    "stormpath_wsgi.cli.worker",
    "stormpath_wsgi.directory",
    "stormpath_wsgi.directory.storage.postgresql",
    "stormpath_wsgi.middleware",
    "stormpath_wsgi.pages.templates",
    "support.marks",
    "support.world",
    "yaml",
)

Stream: TypeAlias = int | IO[Any] | None


class Program:
    """A running program. What is here works as it does in :class:`subprocess.Popen`, with text.

    *arguments*: of Python, ``-c TEXT …`` or ``-m MODULE …``. *stdin*, *stdout*, *stderr*: as those of Popen. *tables*:
    whether a new SQLite database begins with our tables in it (:mod:`support.prepared`).
    """

    stdin: IO[str] | None = None
    stdout: IO[str] | None = None

    def __init__(
        self,
        arguments: list[str],
        *,
        cwd: str | Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: Stream = None,
        stdout: Stream = None,
        stderr: Stream = None,
        tables: bool = False,
    ) -> None:
        self.returncode: int | None = None
        self._told, status = socket.socketpair()
        theirs, temporary = [0, 1, 2], [status.detach()]
        if stdin == subprocess.PIPE:
            theirs[0], ours = os.pipe()
            temporary.append(theirs[0])
            self.stdin = os.fdopen(ours, "w")
        elif stdin is not None:
            theirs[0] = _number(stdin)
        if stdout == subprocess.PIPE:
            ours, theirs[1] = os.pipe()
            temporary.append(theirs[1])
            self.stdout = os.fdopen(ours)
        elif stdout is not None:
            theirs[1] = _number(stdout)
        if stderr == subprocess.STDOUT:
            theirs[2] = theirs[1]
        elif stderr is not None:
            theirs[2] = _number(stderr)
        order = {
            "arguments": arguments,
            "cwd": str(cwd or Path.cwd()),
            "env": dict(os.environ if env is None else env),
            "tables": tables,
        }
        socket.send_fds(_forker(), [json.dumps(order).encode()], [*theirs, temporary[0]])
        for each in temporary:
            os.close(each)
        self._answers = self._told.makefile()
        self.pid = int(self._answers.readline())

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("program", timeout or 0)
            self.returncode = int(self._answers.readline())
            self._answers.close()
            self._told.close()
        return self.returncode

    def communicate(self, said: str = "") -> tuple[str, None]:
        """*said*: a line or two."""
        if self.stdin and not self.stdin.closed:
            with suppress(BrokenPipeError), self.stdin:
                self.stdin.write(said)
        answered = ""
        if self.stdout and not self.stdout.closed:
            with self.stdout:
                answered = self.stdout.read()
        self.wait()
        return answered, None

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it ends at this moment, and its status is on the way to us
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


#: Starts a program on a text of Python, with arguments.
Start = Callable[..., Program]
#: The same in a fresh interpreter.
Fresh = Callable[..., "subprocess.Popen[str]"]


def run(
    arguments: list[str],
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    input: str = "",
    check: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Runs a command of ours to its end, as :func:`subprocess.run` does, and keeps what it says. Within two minutes."""
    with TemporaryFile("w+") as stdin, TemporaryFile("w+") as stdout, TemporaryFile("w+") as stderr:
        stdin.write(input)
        stdin.seek(0)
        program = Program(arguments, cwd=cwd, env=env, stdin=stdin, stdout=stdout, stderr=stderr, tables=True)
        try:
            code = program.wait(120)
        finally:
            program.kill()
        said = [file.read() for file in (stdout, stderr) if file.seek(0) == 0]
    done = subprocess.CompletedProcess(arguments, code, *said)
    if check:
        done.check_returncode()
    return done


def _number(stream: int | IO[Any]) -> int:
    return stream if isinstance(stream, int) else stream.fileno()


@cache
def _forker() -> socket.socket:
    """The way to tell this process's forker what to start. It ends when this end is closed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        text = f"from support import warm; warm.fork_for({theirs.fileno()})"
        # The copy of us that the tests import, which need not be the one that is installed.
        places = [Path(str(spec.origin)).parents[1] for spec in map(find_spec, _OURS) if spec]
        path = os.pathsep.join(map(str, [Path(__file__).parents[1], *places]))
        environ = os.environ | {"PYTHONPATH": path}
        process = subprocess.Popen(
            [sys.executable, "-c", text], stdin=subprocess.DEVNULL, env=environ, pass_fds=[theirs.fileno()]
        )
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours


# In the process that forks


def fork_for(number: int) -> None:
    """Forks for each order that comes through the socket with that *number*. Returns when the other end is closed."""
    atexit.register(_leave)  # before anybody else, so it is called as the last
    for name in _IMPORTED:
        importlib.import_module(name)
    prepared.template()
    event.listen(Engine, "connect", cheap.hurry)
    event.listen(Engine, "engine_connect", compiled.share)
    _compile()
    gc.collect()
    gc.freeze()  # or each child would copy what it only counts
    found = _wait_for_orders(socket.socket(fileno=number))
    if found is not None:
        _be(*found)


def _compile() -> None:
    """Asks a database what most programs ask, so that they need not compile it. Our templates are compiled, too."""
    from stormpath_wsgi.pages.templates import our_environment
    from support.world import World

    with closing(Database("sqlite://")) as database:
        migrate.upgrade(database)
        world = World(database, "sqlite://")
        ada = world.account("ada@example.org")
        world.member(ada, world.group())
        world.is_good(world.session(world.login("ada@example.org")))
        world.items(f"{ada}/groups")
    ours = files("stormpath_wsgi.pages").joinpath("templates").iterdir()
    for file in ours:
        if file.name.endswith(".html"):
            our_environment().get_template(file.name)


def _wait_for_orders(orders: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """In a child: what to do, and its standard streams. In the parent: None, at the end."""
    watched = selectors.DefaultSelector()
    watched.register(orders, selectors.EVENT_READ)
    while True:
        for key, _ in watched.select():
            if key.fileobj is not orders:
                pid, status = key.data
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                with suppress(BrokenPipeError):
                    os.write(status, b"%d\n" % code)
                watched.unregister(key.fileobj)
                os.close(key.fd)
                os.close(status)
                continue
            order, descriptors, *_ = socket.recv_fds(orders, 1_000_000, 4)
            if not order:
                return None
            *streams, status = descriptors
            if not (pid := os.fork()):
                for other in watched.get_map().values():
                    os.close(other.fd)
                    if other.data:
                        os.close(other.data[1])
                watched.close()
                os.close(status)
                orders.detach()
                return json.loads(order), streams
            os.write(status, b"%d\n" % pid)
            watched.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, status))
            for stream in streams:
                os.close(stream)


#: With what the program ends, as far as it is known.
_code = 0


def _leave() -> None:
    """Ends the program, when all threads and all exit handlers are done. To take the modules down takes long."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(_code)


def _be(order: dict[str, Any], streams: list[int]) -> None:
    """Is the program from now on."""
    global _code
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    if order["tables"]:
        event.listen(Engine, "connect", prepared.fill)
    kind, what, *rest = order["arguments"]
    sys.path[0] = "" if kind == "-c" else os.getcwd()
    sys.path[1:1] = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.stdout.reconfigure(line_buffering=bool(os.environ.get("PYTHONUNBUFFERED")))  # type: ignore[union-attr]  # a real stream
    sys.argv = [kind, *rest]
    try:
        if kind == "-c":
            main = sys.modules["__main__"] = ModuleType("__main__")
            exec(compile(what, "<string>", "exec"), main.__dict__)  # noqa: S102  # the text is a test's own
        else:
            runpy.run_module(what, run_name="__main__", alter_sys=True)
    except SystemExit as error:
        _code = error.code if isinstance(error.code, int) else int(error.code is not None)
        raise
    except BaseException:
        _code = 1
        raise
