"""The folder into which a site in development writes its mails: what a mail says that was asked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from urllib.parse import urlsplit

from stormpath_wsgi.doctor.setup import Setup

#: Seconds that a mail may take after the answer, and between two looks.
PATIENCE, PAUSE = 3.0, 0.05


def folder_of(setup: Setup) -> Path | None:
    """The folder of a site that is *setup* like this; None: its mails go elsewhere."""
    url = setup.settings.mail.url
    if url is None:
        return None if setup.file is None else setup.file.parent / "outbox"
    parts = urlsplit(url.get_secret_value())
    return Path(parts.path) if parts.scheme == "folder" else None


def written_by(folder: Path, ask: Callable[[], object]) -> list[str]:
    """The texts of the mails that come into *folder* because of *ask*; empty when none comes in time."""
    before, end = set(folder.glob("*.eml")), time.monotonic() + PATIENCE
    ask()
    while not (new := set(folder.glob("*.eml")) - before) and time.monotonic() < end:
        time.sleep(PAUSE)  # the site, which may be another process, tells nobody when it writes a file
    return [_text(file.read_bytes()) for file in new]


def _text(mail: bytes) -> str:
    body = message_from_bytes(mail, policy=default).get_body(("plain", "html"))
    return "" if body is None else str(body.get_content())
