"""How a site is set up on this machine: its settings, where each comes from, and the files that they name."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url

from stormpath_wsgi.settings import Settings
from stormpath_wsgi.settings.sources import Effective

#: Names of hosts that mean the machine itself.
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Setup:
    """What the checks of settings look at. *apps*: the application, and what it wraps. *now*: seconds since 1970."""

    settings: Settings
    effective: Sequence[Effective] = ()
    apps: Sequence[Any] = ()
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    now: float = field(default_factory=time.time)

    def source(self, name: str) -> str:
        """Where the setting with the dotted *name* comes from: a file, a variable, ``argument`` or ``default``."""
        return next((entry.source for entry in self.effective if entry.name == name), name)

    @cached_property
    def file(self) -> Path | None:
        """The file of a directory in SQLite; None for another one, and where there is no such file."""
        scheme, _, name = self.settings.directory.partition("///")
        path = Path(name)
        return path if scheme == "sqlite:" and name != ":memory:" and path.is_file() else None

    @cached_property
    def database(self) -> URL | None:
        """The address of a directory on PostgreSQL; None for another one."""
        directory = self.settings.directory
        return make_url(directory) if directory.startswith("postgresql") else None
