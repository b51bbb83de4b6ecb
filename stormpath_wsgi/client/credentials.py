"""API keys, with which a client authenticates at a directory on another machine, and the places where they are looked
for.

Source: names, order and file format of the documented Stormpath SDK.
"""

from __future__ import annotations

import logging
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stormpath_wsgi.errors import ConfigurationError

#: The keywords that can give an API key. Any other keyword is a mistake of the caller.
KEYWORDS = frozenset(
    {
        "api_key_file_location",
        "api_key_file",
        "api_key_id_property_name",
        "api_key_secret_property_name",
        "api_key",
        "id",
        "secret",
        "api_key_id",
        "api_key_secret",
    }
)
#: Environment variables with the name of a key file, and pairs of variables with an id and a secret. The first ones
#: win.
FILE_VARIABLES = ("STORMPATH_API_KEY_FILE", "STORMPATH_CLIENT_APIKEY_FILE")
KEY_VARIABLES = (
    ("STORMPATH_API_KEY_ID", "STORMPATH_API_KEY_SECRET"),
    ("STORMPATH_CLIENT_APIKEY_ID", "STORMPATH_CLIENT_APIKEY_SECRET"),
)
#: The key file below the home folder. It is used if it exists.
HOME_FILE = Path(".stormpath", "apiKey.properties")

# The characters that an Authorization header allows. In Basic a colon separates the two, in SAuthc1 a slash the parts.
_ID = re.compile(r"[!-.0-9;-~]{1,255}")
_SECRET = re.compile(r"[!-~]{1,255}")
# One line of a .properties file: the name ends at =, : or a blank; a backslash takes its meaning from what follows.
_PROPERTY = re.compile(r"\s*(?P<name>(?:\\.|[^\\=:\s#!])(?:\\.|[^\\=:\s])*)\s*[=:\s]\s*(?P<value>.*?)\s*")

log = logging.getLogger(__name__)


class NoKeyPair(ConfigurationError, ValueError):
    """There is no API key, or only its id or its secret."""


@dataclass(frozen=True)
class KeyPair:
    """The id and the secret of an API key, with which a client authenticates."""

    #: The id of the API key.
    id: str
    #: The secret of the API key. It is in no ``repr``.
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        for name, value, allowed in (("id", self.id, _ID), ("secret", self.secret, _SECRET)):
            if not allowed.fullmatch(value):
                raise NoKeyPair(f"The {name} of the API key has characters that no {name} has, or is too long.")


def find_key_pair(given: Mapping[str, Any], environ: Mapping[str, str]) -> KeyPair:
    """The API key in the keywords *given*, or else in *environ*, or else in the home folder.

    Raises :class:`NoKeyPair`, and :class:`~stormpath_wsgi.ConfigurationError` for a file that was named and cannot be
    used. Then no other key is tried, because it might belong to somebody else.
    """
    found = next(_sources(given, environ), None)
    if found is None:
        raise NoKeyPair(
            "No valid authentication sources found: pass id and secret, or api_key_file_location, or set "
            f"{' and '.join(KEY_VARIABLES[0])}, or write ~/{HOME_FILE}"
        )
    return found


def _sources(given: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[KeyPair]:
    """The API keys that are found, in order: the first one is used."""
    names = (
        given.get("api_key_id_property_name") or "apiKey.id",
        given.get("api_key_secret_property_name") or "apiKey.secret",
    )
    if file := given.get("api_key_file_location") or given.get("api_key_file"):
        yield read_key_file(Path(file), *names)
    if pair := given.get("api_key"):
        yield from _pair(pair.get("id") or pair.get("api_key_id"), pair.get("secret") or pair.get("api_key_secret"))
    yield from _pair(given.get("id"), given.get("secret"))
    yield from _pair(given.get("api_key_id"), given.get("api_key_secret"))
    for variable in FILE_VARIABLES:
        if file := environ.get(variable):
            yield read_key_file(Path(file), *names)
    for id, secret in KEY_VARIABLES:
        yield from _pair(environ.get(id), environ.get(secret), f"{id} and {secret}")
    home = environ.get("HOME")
    if home and (path := Path(home, HOME_FILE)).exists():
        yield read_key_file(path, *names)


def _pair(id: str | None, secret: str | None, names: str = "id and secret") -> Iterator[KeyPair]:
    if id and secret:
        yield KeyPair(id, secret)
    elif id or secret:
        raise NoKeyPair(f"An API key has two halves: {names}. One of them is not set.")


def read_key_file(path: Path, id_name: str = "apiKey.id", secret_name: str = "apiKey.secret") -> KeyPair:  # noqa: S107  (a name)
    """The API key in a .properties file. Raises :class:`~stormpath_wsgi.ConfigurationError`, which names the file."""
    try:
        with path.expanduser().open(encoding="utf-8-sig") as file:
            if stat.S_IMODE(path.expanduser().stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
                log.warning("Others may read the API key in %s; close it with: chmod 600 %s", path, path)
            properties = dict(_properties(file))
    except (OSError, RuntimeError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigurationError(f"The API key file {path} cannot be read: {reason}.") from None
    if not (properties.get(id_name) and properties.get(secret_name)):
        raise ConfigurationError(f"The API key file {path} must have a line {id_name} = … and a line {secret_name} = …")
    return KeyPair(properties[id_name], properties[secret_name])


def _properties(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if found := _PROPERTY.fullmatch(line):
            name, value = (re.sub(r"\\(.)", r"\1", found[part]) for part in ("name", "value"))
            yield name, value
