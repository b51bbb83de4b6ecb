"""How long our programs take to start, and how much memory a site takes before anybody has visited it.

::

    python benchmarks/start.py [--times 7] [TREE …]

Each program is started so many times, in turns with the others. Its smallest CPU time is told, user and system, also as
a ratio to that of ``python -c pass``: a machine that does other work changes the times more than the ratios. *TREE* is
the folder of another checkout, to compare with; its libraries are those of this environment. The memory is that of a
process that has opened an embedded directory and made a site around an application: VmRSS and, without what processes
share, Private_Dirty, both of ``/proc/PID/smaps_rollup``.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SITE = """
from wsgiref.simple_server import demo_app
from stormpath_wsgi import StormpathMiddleware
StormpathMiddleware(demo_app, directory="sqlite:///accounts.db", secret_keys=["0" * 64])
print(open("/proc/self/smaps_rollup").read())
"""
COMMAND = "from stormpath_wsgi.cli import main; main()"
PROGRAMS = {
    "python -c pass": ["-c", "pass"],
    "import sqlalchemy": ["-c", "import sqlalchemy"],
    "import StormpathMiddleware": ["-c", "from stormpath_wsgi import StormpathMiddleware"],
    "a site": ["-c", SITE],
    "stormpath-wsgi --help": ["-c", COMMAND, "--help"],
    "stormpath-wsgi secret": ["-c", COMMAND, "secret"],
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
                    times.setdefault((tree, name), []).append(started(program, tree, folder)[0])
        for tree in trees:
            print(f"{tree}, load {os.getloadavg()[0]:.1f}")
            least = min(times[tree, "python -c pass"])
            for name in PROGRAMS:
                taken = min(times[tree, name])
                print(f"  {name:<28} {taken * 1000:>6.0f} ms  {taken / least:>5.1f}")
            _, said = started(PROGRAMS["a site"], tree, folder)
            memory = {name: int(kilobytes) / 1024 for name, kilobytes in re.findall(r"(\w+): +(\d+) kB", said)}
            print(f"  memory of a site: VmRSS {memory['Rss']:.1f} MB, Private_Dirty {memory['Private_Dirty']:.1f} MB")


def started(arguments: list[str], tree: Path, folder: str) -> tuple[float, str]:
    """The CPU seconds of Python with these *arguments*, which finds us in *tree*, and what it has printed."""
    environ = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", *arguments],
            cwd=folder, env=environ | {"PYTHONPATH": str(tree)}, stdout=output,
        )  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, arguments
        output.seek(0)
        return used.ru_utime + used.ru_stime, output.read()


if __name__ == "__main__":
    main()
