"""A file of secret keys, private to its owner: made once, however many processes ask for it at once."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import secrets
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from stormpath_wsgi.errors import ConfigurationError


class KeyFile:
    """Keys in the file *path*, one a line; the first is the one in use, the others still count.

    *least*: characters of a key. *setting*: what can be set instead of having the file. *remedy*: what to do about a
    file that holds no keys. *beside*: whose owner gets the file when root makes it, as SQLite does with its own files.

    All methods raise :class:`~stormpath_wsgi.ConfigurationError` when others may read, write or replace the file, when
    it holds no keys, or cannot be read or written. Others are all users but ours and root. To root the owner of the
    folder is no other.
    """

    def __init__(self, path: Path, *, least: int, setting: str, remedy: str, beside: Path | None = None) -> None:
        self.path = path
        self._least, self._setting, self._remedy, self._beside = least, setting, remedy, beside

    def read(self) -> list[str]:
        """The keys; none where there is no file."""
        try:
            with self.path.open(encoding="utf-8-sig") as file:
                _refuse_others(self.path, os.fstat(file.fileno()))
                keys = file.read().split()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"The key file {self.path} cannot be read: {error}.") from error
        if not keys or not all(key.isascii() and len(key) >= self._least for key in keys):
            raise ConfigurationError(
                f"The key file {self.path} must hold keys of at least {self._least} ASCII characters, one per line; "
                f"{self._remedy}."
            )
        return keys

    def make(self) -> list[str]:
        """The keys, among them a new one where there was no file. All that ask at once get the same."""
        if not self.path.exists():
            with self._draft([secrets.token_hex()]) as draft, contextlib.suppress(FileExistsError):
                # A link appears whole or not at all, and never replaces the key of a worker that was first.
                os.link(draft, self.path)
        return self.read()

    def replace(self, keys: Sequence[str]) -> None:
        """Let the file hold *keys*. Whoever reads it meanwhile finds the old ones or the new ones."""
        with self._draft(keys) as draft:
            os.replace(draft, self.path)

    @contextmanager
    def _draft(self, keys: Sequence[str]) -> Iterator[str]:
        """A whole file with *keys* in the same folder, which is gone afterwards unless it was given another name."""
        folder = self.path.parent
        try:
            _refuse_folder(self.path, folder)
            descriptor, draft = tempfile.mkstemp(dir=folder, prefix=f".{self.path.name}-")  # 0600 from the start
            try:
                with os.fdopen(descriptor, "w", encoding="ascii") as file:
                    file.writelines(key + "\n" for key in keys)
                    self._give_away(descriptor)
                    file.flush()
                    os.fsync(descriptor)
                yield draft
                _sync(folder)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(draft)
        except OSError as error:
            raise ConfigurationError(
                f"No key can be written into {folder} ({error.strerror}); let this user write there, or set "
                f"{self._setting}."
            ) from error

    def _give_away(self, descriptor: int) -> None:
        """What root makes on the command line, the server shall be able to read."""
        if self._beside is not None and os.geteuid() == 0:
            with contextlib.suppress(OSError):  # root in name only
                owner = os.stat(self._beside)
                os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _refuse_others(path: Path, status: os.stat_result) -> None:
    """Refuses the file of which *status* is when others may read, write or replace it: here, and where a link leads."""
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError(f"Others may read or write the key file {path}; close it with: chmod 600 {path}")
    if status.st_uid not in _trusted(path.resolve().parent):
        raise ConfigurationError(
            f"The key file {path} belongs to another user, who knows the keys; remove it, or if you trust them: "
            f"chown {os.geteuid()} {path}"
        )
    for folder in (path.parent, path.resolve().parent):
        _refuse_folder(path, folder)


def _refuse_folder(path: Path, folder: Path) -> None:
    status = os.stat(folder)
    if status.st_uid not in _trusted(folder):
        raise ConfigurationError(
            f"The folder {folder} belongs to another user, who may replace the key file {path}; take it over with: "
            f"chown {os.geteuid()} {folder}"
        )
    # In a sticky folder nobody can touch what is not his own.
    if _is_open(status) and not status.st_mode & stat.S_ISVTX:
        raise ConfigurationError(
            f"Others may write in the folder {folder} and so replace the key file {path}; close it with: "
            f"chmod go-w {folder}"
        )


def _trusted(folder: Path) -> set[int]:
    """Users whose files in *folder* we use. What root runs on the command line uses what the server has made."""
    user = os.geteuid()
    return {user, 0} if user else {0, os.stat(folder).st_uid}


def _is_open(status: os.stat_result) -> bool:
    """Whether others may write. Many systems give each user a group of his own, and let it write by default."""
    if status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and not _is_private(status.st_gid, status.st_uid)


def _is_private(group_id: int, user_id: int) -> bool:
    """Whether the group has no member but that user, as far as its name and list of members tell."""
    try:
        group, user = grp.getgrgid(group_id), pwd.getpwuid(user_id).pw_name
    except KeyError:
        return False
    return group.gr_name == user and set(group.gr_mem) <= {user}


def _sync(folder: Path) -> None:
    """The new name survives a power cut, as what is going to be encrypted with its keys does."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
