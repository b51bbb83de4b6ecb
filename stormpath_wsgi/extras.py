"""Libraries that only some sites need: how it is found out whether one is there, and what to do where it is missing.

None of them is imported here. Whoever needs one imports it in the function that does.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import NamedTuple

from stormpath_wsgi.errors import ConfigurationError


class Extra(NamedTuple):
    """*modules*: what is imported. *advice*: a sentence for where one of them is missing."""

    modules: tuple[str, ...]
    advice: str

    def is_installed(self) -> bool:
        """Whether all of it is there."""
        return all(find_spec(module) for module in self.modules)

    def check(self) -> None:
        """Raises :class:`~stormpath_wsgi.errors.ConfigurationError` with the advice where it is not."""
        if not self.is_installed():
            raise ConfigurationError(self.advice)


PASSKEYS = Extra(("webauthn",), "Passkeys need webauthn; install it with: pip install webauthn")
POSTGRESQL = Extra(("psycopg",), "PostgreSQL needs psycopg; install it with: pip install 'psycopg[binary]'")
QR = Extra(("segno",), "QR codes need segno; install it with: pip install segno")
REDIS = Extra(("redis",), "Redis and Valkey need redis; install it with: pip install redis")
REMOTE = Extra(
    ("requests", "urllib3"),
    "A directory on another machine needs requests; install it with: pip install requests",
)
SERVER = Extra(
    ("click", "gunicorn"),
    "stormpath-wsgi needs click and gunicorn, which the extra server brings. In a clone of the repository: "
    "pip install '.[server]'; without one: pip install click gunicorn",
)
SOCIAL = Extra(
    ("authlib", "requests", "urllib3"),
    "Sign-in through others needs Authlib and requests; install them with: pip install Authlib requests",
)
YAML = Extra(("yaml",), "YAML needs PyYAML; install it with: pip install PyYAML")
