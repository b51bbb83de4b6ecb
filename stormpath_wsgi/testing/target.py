"""The application under test, by its name."""

from __future__ import annotations

from typing import Any

from stormpath_wsgi import importing
from stormpath_wsgi.errors import ConfigurationError


def import_app(target: str) -> Any:
    """What *target* names: ``module:name``, or ``module:make()`` for what a function returns.

    Raises :class:`~stormpath_wsgi.ConfigurationError` when there is no such thing.
    """
    try:
        return importing.import_app(target)
    except importing.NoApplication as error:
        raise ConfigurationError(str(error)) from error
