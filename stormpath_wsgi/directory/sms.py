"""Text messages: the port through which they leave, and the outbox of a directory that nobody sends them for."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.storage.ids import new_id

log = logging.getLogger(__name__)

#: Hands a text over for a telephone number (E.164), in this order.
#:
#: Called in the request, after its transaction: it must come back soon, and give up by itself. Raises OSError, of which
#: the errors of sockets and of ``requests`` are kinds, when it could not.
Send = Callable[[str, str], object]


def default(database: Database) -> Send:
    """Who sends for *database* when nobody is set: a folder of files beside its own; nobody if it is on a server."""
    if database.path is not None:
        return partial(_write, database.path.with_name("outbox"))
    return _drop if database.embedded else _refuse


def _write(folder: Path, number: str, text: str) -> None:
    """For its owner alone: whoever reads the code has the phone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{new_id()}.txt"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(f"To: {number}\n\n{text}\n")


def _drop(number: str, text: str) -> None:
    """A directory in memory is for tests, which set something else to read messages."""


def _refuse(number: str, text: str) -> None:
    log.error("nothing sends text messages: set sms to a function that does")
    raise OSError
