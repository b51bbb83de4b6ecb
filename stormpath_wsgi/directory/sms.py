"""Text messages: the port through which they are sent, and the folder for them when no sender is set."""

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

#: Sends a text message. The arguments are a telephone number (E.164) and the text.
#:
#: It is called during a request, after the transaction. So it must return soon, with a time limit of its own. It raises
#: OSError when it could not send; the errors of sockets and of ``requests`` are subclasses of OSError.
Send = Callable[[str, str], object]


def default(database: Database) -> Send:
    """The sender for *database* when none is set: it writes files into the folder ``outbox`` beside the database file.

    For a database in memory, it drops the message. For a database on a server, it raises OSError.
    """
    if database.path is not None:
        return partial(_write, database.path.with_name("outbox"))
    return _drop if database.embedded else _refuse


def _write(folder: Path, number: str, text: str) -> None:
    """Writes a file with mode 0600: a reader of the code could pass as the owner of the phone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{new_id()}.txt"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(f"To: {number}\n\n{text}\n")


def _drop(number: str, text: str) -> None:
    """Does nothing: a directory in memory is for tests, and a test that wants to read messages sets a sender."""


def _refuse(number: str, text: str) -> None:
    log.error("nothing sends text messages: set sms to a function that does")
    raise OSError
