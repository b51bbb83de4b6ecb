"""The ``stormpath-wsgi`` command, for administrators. The packages that it needs come with the extra ``[server]``."""

from __future__ import annotations

import os
import sys

from stormpath_wsgi.extras import SERVER


def main() -> None:
    """Run the command line of this process. Exit codes: see :mod:`stormpath_wsgi.cli.failures`."""
    # gunicorn reads the variable while it is imported, and a wrong value would end in a traceback.
    workers = os.environ.get("WEB_CONCURRENCY") or "1"
    if not (workers.isdecimal() and int(workers[:9]) > 0):
        print(f"Error: WEB_CONCURRENCY is {workers}; write a whole number from 1.", file=sys.stderr)
        sys.exit(2)
    try:
        from stormpath_wsgi.cli.commands import cli  # imported here, because click may be missing
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        sys.exit(SERVER.advice)
    # Settings name functions of the site. What is installed comes first, whatever this folder holds.
    sys.path.append(os.getcwd())
    cli(prog_name="stormpath-wsgi")
