"""The instance folder: what is generated when it is not set, private to the user who runs the site."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from pathlib import Path

from stormpath_wsgi.errors import ConfigurationError

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
    path = folder / KEY_FILE
    if not path.exists():
        make(folder)
        _generate(path)
    try:
        with path.open(encoding="ascii") as file:
            _refuse_open_to_others(path, os.fstat(file.fileno()).st_mode)
            keys = file.read().split()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The key file {path} cannot be read: {error}.") from error
    if not keys or min(map(len, keys)) < KEY_LENGTH:
        raise ConfigurationError(
            f"The key file {path} must hold keys of at least {KEY_LENGTH} characters, one per line; remove it, and a "
            "new one is made (everybody will have to sign in again)."
        )
    return keys


def _generate(path: Path) -> None:
    try:
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # 0600 from the start
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_hex() + "\n")
                file.flush()
                os.fsync(descriptor)
            # A link appears whole or not at all, and never replaces the key of a worker that was first.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    except OSError as error:
        raise ConfigurationError(
            f"instance: no key can be written into {path.parent} ({error.strerror}); set STORMPATH_INSTANCE to a "
            "folder that this user may write, or set secretKeys."
        ) from error


def _refuse_open_to_others(path: Path, mode: int) -> None:
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError(f"Others may read or write the key file {path}; close it with: chmod 600 {path}")
