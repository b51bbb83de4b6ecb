"""The ``stormpath-wsgi`` command: an administrator's hands. What it needs comes with the extra ``[server]``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line of this process. Exit codes: see :mod:`stormpath_wsgi.cli.command`."""
    try:
        from stormpath_wsgi.cli.commands import cli  # here, because click may be missing
    except ModuleNotFoundError as error:
        if error.name not in ("click", "gunicorn"):
            raise
        sys.exit(f"{error.name} is missing; install it with: pip install 'stormpath-wsgi[server]'")
    cli(prog_name="stormpath-wsgi")
