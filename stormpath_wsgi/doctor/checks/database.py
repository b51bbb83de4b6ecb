"""The database of an embedded directory, and the way to a directory on another machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from stormpath_wsgi.doctor.check import Grade, Seen, of_settings
from stormpath_wsgi.doctor.checks.keys import open_to
from stormpath_wsgi.doctor.setup import LOCAL_HOSTS, Setup

#: Folders that servers hand out.
WEB_ROOTS = {"static", "public", "public_html", "htdocs", "html", "www", "wwwroot", "webroot", "media", "assets"}
#: Ways of libpq to say that a connection is encrypted (PostgreSQL, "SSL Support").
ENCRYPTED = ("require", "verify-ca", "verify-full")
#: Seconds that a visitor may be kept waiting for a database, and by which its last change may lie in the future.
LONGEST, FUTURE = 30, 300


@of_settings(
    "database-open",
    "Others may read the file with the accounts",
    Grade.HIGH,
    why="Each user of the machine reads names, addresses and hashes of passwords.",
    mend="chmod 600 instance/accounts.db*; chmod 700 instance",
    docs="production",
)
def database_open(setup: Setup) -> Iterator[Seen]:
    """The SQLite file, or a file of SQLite beside it, is not for its owner alone."""
    if setup.file is None:
        return
    beside = (setup.file.with_name(setup.file.name + end) for end in ("", "-wal", "-shm"))
    for path in filter(Path.is_file, beside):
        if who := open_to(path):
            yield Seen(f"It is open to {who}.", str(path))


@of_settings(
    "database-in-web-root",
    "The file with the accounts lies where a server may hand it out",
    Grade.HIGH,
    why="One request downloads all accounts.",
    mend="STORMPATH_INSTANCE=/var/lib/yoursite",
    docs="production",
)
def in_web_root(setup: Setup) -> Iterator[Seen]:
    """The SQLite file lies in a folder with a name such as ``static``, or in the static folder of the application."""
    if setup.file is None:
        return
    path = setup.file.resolve()
    folders = [Path(found) for app in setup.apps if isinstance(found := _attribute(app, "static_folder"), str)]
    named = next((part for part in path.parts[:-1] if part.lower() in WEB_ROOTS), None)
    if named is not None:
        yield Seen(f"It lies in a folder called {named}.", str(path))
    elif any(path.is_relative_to(folder.resolve()) for folder in folders):
        yield Seen("It lies in the static folder of the application.", str(path))


def _attribute(app: object, name: str) -> object:
    try:
        return getattr(app, name, None)
    except Exception:  # the application is not ours, nor is what it does when it is asked
        return None


@of_settings(
    "database-journal",
    "The SQLite file is not in WAL mode",
    Grade.LOW,
    why="Whoever writes keeps all readers waiting, so one slow visitor slows the site.",
    mend='sqlite3 instance/accounts.db "PRAGMA journal_mode=WAL"',
    docs="troubleshooting",
)
def journal(setup: Setup) -> Iterator[Seen]:
    """Another ``journal_mode`` than ``wal``."""
    if setup.file is None:
        return
    with closing(sqlite3.connect(f"file:{setup.file.resolve()}?mode=ro", uri=True)) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        yield Seen(f"The journal_mode is {mode}.", str(setup.file))


@of_settings(
    "database-clear-text",
    "The connection to the database may be unencrypted",
    Grade.MEDIUM,
    why="Whoever is between the two machines reads the password of the database and all accounts.",
    mend="STORMPATH_DIRECTORY='postgresql+psycopg://…?sslmode=verify-full'",
    docs="production",
)
def clear_text(setup: Setup) -> Iterator[Seen]:
    """A PostgreSQL server on another machine without an ``sslmode`` that insists on encryption."""
    url = setup.database
    host = None if url is None else url.host
    mode = "" if url is None else str(url.query.get("sslmode", setup.environ.get("PGSSLMODE", "")))
    if host and host not in LOCAL_HOSTS and not host.startswith("/") and mode not in ENCRYPTED:
        yield Seen(f"The server is on {host}, and sslmode is {mode or 'not set'}.", setup.source("directory"))


@of_settings(
    "database-waits",
    "Visitors wait long for a database that hangs",
    Grade.LOW,
    why="Each of them holds a thread meanwhile, until none is left.",
    mend="STORMPATH_DATABASETIMEOUT=5",
    docs="production",
)
def waits(setup: Setup) -> Iterator[Seen]:
    """``databaseTimeout`` above 30 seconds."""
    seconds = setup.settings.database_timeout.total_seconds()
    if seconds > LONGEST:
        yield Seen(f"databaseTimeout is {seconds:.0f} seconds.", setup.source("databaseTimeout"))


@of_settings(
    "database-pool",
    "A flood of sign-ins can take every thread",
    Grade.LOW,
    why="Pages that need no password stop as well.",
    mend="STORMPATH_HASHQUEUE=4",
    docs="production",
)
def pool(setup: Setup) -> Iterator[Seen]:
    """``hashQueue`` so large that no thread of a worker with eight is left."""
    if setup.settings.hash_queue > 4:
        yield Seen(f"hashQueue is {setup.settings.hash_queue}, and a worker has 8 threads.", setup.source("hashQueue"))


@of_settings(
    "clock-behind",
    "The clock of this machine is behind",
    Grade.MEDIUM,
    why="Codes of authenticator apps, signed requests and the ends of sessions depend on it.",
    mend="timedatectl set-ntp true",
    docs="production",
)
def clock_behind(setup: Setup) -> Iterator[Seen]:
    """The SQLite file was changed in the future."""
    ahead = 0.0 if setup.file is None else setup.file.stat().st_mtime - setup.now
    if ahead > FUTURE:
        yield Seen(f"The file was changed {ahead / 60:.0f} minutes in the future.", str(setup.file))


@of_settings(
    "directory-http",
    "The directory on another machine is asked by plain http",
    Grade.HIGH,
    why="Whoever is between the two machines reads the API key, which opens every account.",
    mend="STORMPATH_DIRECTORY=https://id.example.com/v1, without client.allowInsecure",
    docs="remote",
)
def directory_http(setup: Setup) -> Iterator[Seen]:
    """``directory`` is an address by http of another machine."""
    parts = urlsplit(setup.settings.directory)
    if parts.scheme == "http" and parts.hostname not in LOCAL_HOSTS:
        yield Seen(f"The directory is {setup.settings.address}.", setup.source("directory"))
