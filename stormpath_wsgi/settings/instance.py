"""The instance folder: what is generated when it is not set, private to the user who runs the site."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.key_file import KeyFile

KEY_FILE, ADDRESS_FILE = "secret_keys", "served_at"
KEY_LENGTH = 32  # characters: 16 random bytes in hex, the least that HMAC-SHA256 should be given

_ADDRESS, _LONGEST_ADDRESS = re.compile(r"https?://[^\s/]+"), 300


def make(folder: Path) -> None:
    """Make *folder* for its owner alone (0700) unless it is there. Raises :class:`ConfigurationError`."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"instance: the folder {folder} cannot be made ({error.strerror}); set STORMPATH_INSTANCE to a folder that "
            "this user may write, or set both directory and secretKeys."
        ) from error


def note_address(folder: Path, address: str) -> None:
    """Note in *folder*, where it is there, at which *address* the site is served: other commands mail links too."""
    with suppress(OSError):  # it is a help and no more
        if folder.is_dir():
            (folder / ADDRESS_FILE).write_text(address, encoding="utf-8")


def noted_address(folder: Path) -> str | None:
    """The address that :func:`note_address` has noted last; None: there is none."""
    with suppress(OSError, UnicodeDecodeError):
        with (folder / ADDRESS_FILE).open(encoding="utf-8") as file:
            found = file.read(_LONGEST_ADDRESS).strip()
        return found if _ADDRESS.fullmatch(found) else None
    return None


def signing_keys(folder: Path) -> list[str]:
    """The keys in *folder*, the first signs. All workers that start at once get the same one.

    One key per line. Raises :class:`ConfigurationError` when the file is open to others, empty or cannot be read.
    """
    remedy = "remove it, and a new one is made (everybody will have to sign in again)"
    file = KeyFile(folder / KEY_FILE, least=KEY_LENGTH, setting="secretKeys", remedy=remedy)
    if not file.path.exists():
        make(folder)
    return file.make()
