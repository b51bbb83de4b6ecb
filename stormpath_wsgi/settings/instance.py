"""The instance folder: what is generated when it is not set, private to the user who runs the site."""

from __future__ import annotations

from pathlib import Path

from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.key_file import KeyFile

KEY_FILE = "secret_keys"
KEY_LENGTH = 32  # characters: 16 random bytes in hex, the least that HMAC-SHA256 should be given


def make(folder: Path) -> None:
    """Make *folder* for its owner alone (0700) unless it is there. Raises :class:`ConfigurationError`."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"instance: the folder {folder} cannot be made ({error.strerror}); set STORMPATH_INSTANCE to a folder that "
            "this user may write, or set both directory and secretKeys."
        ) from error


def signing_keys(folder: Path) -> list[str]:
    """The keys in *folder*, the first signs. All workers that start at once get the same one.

    One key per line. Raises :class:`ConfigurationError` when the file is open to others, empty or cannot be read.
    """
    remedy = "remove it, and a new one is made (everybody will have to sign in again)"
    file = KeyFile(folder / KEY_FILE, least=KEY_LENGTH, setting="secretKeys", remedy=remedy)
    if not file.path.exists():
        make(folder)
    return file.make()
