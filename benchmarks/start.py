"""How long our programs take to start, and how much memory a site takes before anybody has visited it.

::

    python benchmarks/start.py [--times 7] [TREE …]

Each program is started so many times, in turns with the others. Its smallest CPU time is told, user and system, also as
a ratio to that of ``python -c pass``: a machine that does other work changes the times more than the ratios. *TREE* is
the folder of another checkout, to compare with; its libraries are those of this environment.

The memory is that of the only worker of gunicorn, which has loaded the application itself and answered one request:
VmRSS and Private_Dirty, both of ``/proc/PID/smaps_rollup``. The second leaves out what processes share, such as the
files of libraries. *bare*: the application alone. *site*: with an embedded directory around it. *signed in*: the same
after the page for that and a sign-in. *preloaded*: a site that was loaded before the worker was forked, by our
configuration of gunicorn, after both.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from table import note

ROOT = Path(__file__).parent.parent
BARE = "from wsgiref.simple_server import demo_app as application"
SITE = """
from wsgiref.simple_server import demo_app
from stormpath_wsgi import StormpathMiddleware
application = StormpathMiddleware(demo_app, directory="sqlite:///accounts.db", secret_keys=["0" * 64])
"""
ACCOUNT = """
site.application.accounts.create(
    {"given_name": "Ada", "surname": "Lovelace", "email": "ada@example.org", "password": "As good as 4 words"}
)
"""
SIGN_IN = b'{"login": "ada@example.org", "password": "As good as 4 words"}'
HTML, JSON = "text/html", "application/json"
COMMAND = "from stormpath_wsgi.cli import main; main()"
PROGRAMS = {
    "python -c pass": ["-c", "pass"],
    "import sqlalchemy": ["-c", "import sqlalchemy"],
    "import StormpathMiddleware": ["-c", "from stormpath_wsgi import StormpathMiddleware"],
    "a site": ["-c", SITE],
    "stormpath-wsgi --help": ["-c", COMMAND, "--help"],
    "stormpath-wsgi secret": ["-c", COMMAND, "secret"],
    "stormpath-wsgi config": ["-c", COMMAND, "config"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("trees", metavar="TREE", nargs="*", type=Path)
    arguments = parser.parse_args()
    trees = [tree.resolve() for tree in (ROOT, *arguments.trees)]
    with tempfile.TemporaryDirectory() as folder:
        for tree in trees:  # the tables are made, and the bytecode is written
            for program in PROGRAMS.values():
                started(program, tree, folder)
        times: dict[tuple[Path, str], list[float]] = {}
        for _ in range(arguments.times):
            for name, program in PROGRAMS.items():
                for tree in trees:
                    times.setdefault((tree, name), []).append(started(program, tree, folder))
        for tree in trees:
            print(f"{tree}, load {os.getloadavg()[0]:.1f}")
            least = min(times[tree, "python -c pass"])
            for name in PROGRAMS:
                taken = min(times[tree, name])
                print(f"  {name:<28} {taken * 1000:>6.0f} ms  {taken / least:>5.1f}")
                if tree == ROOT and name != "python -c pass":
                    note(f"CPU time to start: {name}", taken / least, "python -c pass")
            for name, memory in of_workers(tree, tempfile.mkdtemp(dir=folder)):
                dirty = memory["Private_Dirty"]
                print(
                    f"  memory of a worker, {name:<11} VmRSS {memory['Rss']:>5.1f} MB, Private_Dirty {dirty:>5.1f} MB"
                )


def started(arguments: list[str], tree: Path, folder: str) -> float:
    """The CPU seconds of Python with these *arguments*, which finds us in *tree*."""
    process = python(arguments, tree, folder)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    return used.ru_utime + used.ru_stime


def python(arguments: list[str], tree: Path, folder: str) -> subprocess.Popen[bytes]:
    environ = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", *arguments],
        cwd=folder, env=environ | {"PYTHONPATH": str(tree)}, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def of_workers(tree: Path, folder: str) -> Iterator[tuple[str, dict[str, float]]]:
    """What is measured, and the megabytes of a worker by the names of the kernel."""
    started(["-c", f"{SITE}\nsite = application{ACCOUNT}"], tree, folder)
    ours = ["-c", "python:stormpath_wsgi.cli.gunicorn_conf"]
    for name, program, more in (("bare", BARE, []), ("site", SITE, []), ("preloaded", SITE, [*ours, "--preload"])):
        Path(folder, "served.py").write_text(program, encoding="utf-8")
        address = os.path.join(folder, "socket")
        arguments = ["-m", "gunicorn", "served:application", "--bind", f"unix:{address}", "--threads", "8", *more]
        server = python([*arguments, "--workers", "1", "--log-level", "error"], tree, folder)
        try:
            ask(address, "GET / HTTP/1.1")
            children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text(encoding="ascii")
            [worker] = map(int, children.split())
            if name != "preloaded":
                yield name, memory_of(worker)
            if program is SITE:
                assert b" 200 " in ask(address, "GET /login HTTP/1.1")
                assert b" 200 " in ask(address, "POST /login HTTP/1.1", SIGN_IN)
                yield "signed in" if name == "site" else name, memory_of(worker)
        finally:
            server.terminate()
            server.wait()


def ask(address: str, line: str, body: bytes = b"") -> bytes:
    """The first line of the answer, of a server that may have to start first. A *body* is JSON."""
    kind = JSON if body else HTML
    head = f"{line}\r\nHost: localhost\r\nConnection: close\r\nAccept: {kind}\r\nContent-Length: {len(body)}\r\n"
    for _ in range(600):
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(address)
            except OSError:
                time.sleep(0.05)
                continue
            connection.sendall(f"{head}Content-Type: {kind}\r\n\r\n".encode() + body)
            with connection.makefile("rb") as answer:
                return answer.read().partition(b"\r\n")[0]
    raise TimeoutError(f"nothing answers at {address}")


def memory_of(process: int) -> dict[str, float]:
    said = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    return {name: int(kilobytes) / 1024 for name, kilobytes in re.findall(r"(\w+): +(\d+) kB", said)}


if __name__ == "__main__":
    main()
