"""Keys: whether they can be guessed, and who can read them."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from pydantic import SecretStr

from stormpath_wsgi.doctor.check import Grade, Seen, of_settings
from stormpath_wsgi.doctor.setup import Setup
from stormpath_wsgi.settings.sources import HIDDEN

#: Words that stand in keys which people make up, or copy.
_WORDS = re.compile(
    r"(?i)secret|change.?me|changeit|password|passwort|insecure|django|flask|stormpath|example|development|your.?key|"
    r"super|default|testing|qwert|letmein"
)
#: Keys that stand in the documentation of others, and in many a site.
_PUBLISHED = ("192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf", '_5#y2L"F4Q8z\\n\\xec]/')
#: Different characters that a key must have. Of 32 hex digits by chance it has 14, and hardly ever fewer than this.
FEWEST = 8


def weakness(key: str) -> str | None:
    """Why *key* can be guessed; None: nothing says that it can."""
    if key in _PUBLISHED:
        return "stands in the documentation of a framework"
    if len(set(key)) < FEWEST:
        return f"has only {len(set(key))} different characters"
    if _is_repeated(key):
        return "repeats itself"
    if key in (text := "0123456789abcdefghijklmnopqrstuvwxyz" * 4) or key in text[::-1] or key in text.upper():
        return "counts up or down"
    if word := _WORDS.search(key):
        return f"holds the word {word[0]!r}"
    return None


def _is_repeated(key: str) -> bool:
    return key in (key + key)[1:-1]


def _named(setup: Setup) -> Iterator[tuple[str, str]]:
    """The keys of the settings, with the names of these."""
    settings = setup.settings
    kinds: Iterable[tuple[str, Iterable[SecretStr]]] = (
        ("secretKeys", settings.secret_keys),
        ("encryptionKeys", settings.encryption_keys),
    )
    for name, keys in kinds:
        for key in keys:
            yield name, key.get_secret_value()


@of_settings(
    "key-weak",
    "A key can be guessed",
    Grade.HIGH,
    why="Whoever has it signs himself in as anybody.",
    mend="STORMPATH_SECRETKEYS=$(stormpath-wsgi secret)",
    docs="secrets",
)
def weak(setup: Setup) -> Iterator[Seen]:
    """A key that somebody has made up, or copied."""
    for name, key in _named(setup):
        if why := weakness(key):
            yield Seen(f"A key of {name} {why}.", setup.source(name))


@of_settings(
    "password-hasher",
    "Passwords are hashed with too little work",
    Grade.HIGH,
    why="Whoever gets hold of the hashes finds most passwords within hours.",
    mend="unset STORMPATH_PASSWORDHASHER",
    docs="settings",
)
def hasher(setup: Setup) -> Iterator[Seen]:
    """A hasher for tests, or another one with a cost below all that OWASP proposes for Argon2id."""
    if setup.settings.has_weak_hasher:
        yield Seen("passwordHasher is one for tests.", setup.source("passwordHasher"))


@of_settings(
    "key-shared",
    "One key signs cookies and encrypts the directory",
    Grade.MEDIUM,
    why="What leaks one use of it leaks the other, and neither can be changed alone.",
    mend="STORMPATH_ENCRYPTIONKEYS=$(stormpath-wsgi secret)",
    docs="secrets",
)
def shared(setup: Setup) -> Iterator[Seen]:
    """The same key in ``secretKeys`` and ``encryptionKeys``."""
    keys = [(name, key) for name, key in _named(setup)]
    signing = {key for name, key in keys if name == "secretKeys"}
    if any(key in signing for name, key in keys if name == "encryptionKeys"):
        yield Seen("A key stands in secretKeys and in encryptionKeys.", setup.source("encryptionKeys"))


def open_to(path: Path) -> str | None:
    """Who else may read or write *path*, in words; None: nobody but its owner."""
    mode = path.stat().st_mode
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        return "everybody on this machine"
    return "its group" if mode & (stat.S_IRGRP | stat.S_IWGRP) else None


@of_settings(
    "settings-file-open",
    "Others may read a file with secrets in it",
    Grade.HIGH,
    why="Each user of the machine, and each program that runs there, has the keys.",
    mend="chmod 600 stormpath.yaml",
    docs="settings",
)
def file_open(setup: Setup) -> Iterator[Seen]:
    """A settings file with a secret, which others than its owner may read or write."""
    sources = {entry.source for entry in setup.effective if _is_secret(entry.value)}
    for path in sorted(path for path in map(Path, sources) if path.is_file()):
        if who := open_to(path):
            yield Seen(f"It holds secrets, and {who} may read it.", str(path))


def _is_secret(value: object) -> bool:
    return value == HIDDEN or (isinstance(value, str) and f"{HIDDEN}@" in value)


@of_settings(
    "key-file-open",
    "Others may read a key file, or put one of theirs there",
    Grade.HIGH,
    why="Each user of the machine, and each program that runs there, has the keys.",
    mend="chmod 600 instance/secret_keys; chmod 700 instance",
    docs="production",
)
def key_file_open(setup: Setup) -> Iterator[Seen]:
    """``secret_keys`` of the instance folder, or the keys beside the database, are not for their owner alone."""
    files = [setup.settings.instance / "secret_keys"]
    if setup.file is not None:
        files.append(setup.file.with_name(f"{setup.file.name}-keys"))
    for path in filter(Path.is_file, files):
        for place in chain([path], [path.parent] if _may_be_replaced(path.parent) else []):
            if who := open_to(place):
                yield Seen(f"It is open to {who}.", str(place))


def _may_be_replaced(folder: Path) -> bool:
    """Whether others than the owner may write in *folder*."""
    return bool(folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH))
