"""A file of secret keys, private to its owner.

It is made once, even if many processes want to make it at the same time.
"""

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
    """Keys in the file *path*, one on a line. The first key is used for new data, the others for older data.

    *least*: the lowest number of characters of a key. *setting*: the setting that can be used instead of the file, and
    *remedy*: what to do about a file without keys; both are for error texts. *beside*: a file; when root makes the key
    file, it gets the owner of that file, as SQLite does with its own files.

    All methods raise :class:`~stormpath_wsgi.ConfigurationError` when other users may read, write or replace the file,
    when it has no keys, or when it cannot be read or written. Root is not counted as another user. For root, the owner
    of the folder is not counted either.
    """

    def __init__(self, path: Path, *, least: int, setting: str, remedy: str, beside: Path | None = None) -> None:
        self.path = path
        self._least, self._setting, self._remedy, self._beside = least, setting, remedy, beside

    def read(self) -> list[str]:
        """The keys in the file; an empty list when there is no file."""
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
        """The keys in the file. When there is no file, makes it with a new key; all processes get the same one."""
        if not self.path.exists():
            with self._draft([secrets.token_hex()]) as draft, contextlib.suppress(FileExistsError):
                # The link appears with the whole file, and fails when another worker has made the file meanwhile.
                os.link(draft, self.path)
        return self.read()

    def replace(self, keys: Sequence[str]) -> None:
        """Replaces the keys in the file by *keys*.

        A process that reads it meanwhile gets all old keys, or all new ones.
        """
        with self._draft(keys) as draft:
            os.replace(draft, self.path)

    @contextmanager
    def _draft(self, keys: Sequence[str]) -> Iterator[str]:
        """The name of a temporary file with *keys* in the same folder.

        It is removed at the end, unless it was renamed.
        """
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
        """Gives a file that root makes, on the command line, the right owner, so that the server can read it."""
        if self._beside is not None and os.geteuid() == 0:
            with contextlib.suppress(OSError):  # this root may not change owners, as in some containers
                owner = os.stat(self._beside)
                os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _refuse_others(path: Path, status: os.stat_result) -> None:
    """Raises when other users may read, write or replace the file with that *status*, here or where a link leads."""
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
    # In a sticky folder, users cannot rename or remove the files of others.
    if _is_open(status) and not status.st_mode & stat.S_ISVTX:
        raise ConfigurationError(
            f"Others may write in the folder {folder} and so replace the key file {path}; close it with: "
            f"chmod go-w {folder}"
        )


def _trusted(folder: Path) -> set[int]:
    """The ids of the users whose files in *folder* may be used.

    Root, on the command line, also uses files of the server.
    """
    user = os.geteuid()
    return {user, 0} if user else {0, os.stat(folder).st_uid}


def _is_open(status: os.stat_result) -> bool:
    """Whether other users may write. Many systems give each user a group of their own, which may write by default."""
    if status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and not _is_private(status.st_gid, status.st_uid)


def _is_private(group_id: int, user_id: int) -> bool:
    """Whether the user is the only member of the group, as far as its name and its list of members tell."""
    try:
        group, user = grp.getgrgid(group_id), pwd.getpwuid(user_id).pw_name
    except KeyError:
        return False
    return group.gr_name == user and set(group.gr_mem) <= {user}


def _sync(folder: Path) -> None:
    """Writes the folder to the disk, so that the file survives a power cut, as the data encrypted with it does."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
