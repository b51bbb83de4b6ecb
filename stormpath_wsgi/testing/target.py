"""The application under test, by its name."""

from __future__ import annotations

import importlib
from typing import Any

from stormpath_wsgi.errors import ConfigurationError


def import_app(target: str) -> Any:
    """What *target* names: ``module:name``, or ``module:make()`` for what a function without arguments returns.

    Raises :class:`~stormpath_wsgi.ConfigurationError` when there is no such thing.
    """
    module, _, name = target.partition(":")
    if not module or not name:
        raise ConfigurationError(f"{target!r} names no application: write module:name, or module:make().")
    try:
        found: Any = importlib.import_module(module)
        for part in name.removesuffix("()").split("."):
            found = getattr(found, part)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise  # the module is there, and needs one that is not
        raise ConfigurationError(f"{target} cannot be imported: there is no module {error.name} here.") from error
    except AttributeError as error:
        raise ConfigurationError(f"{target} cannot be imported: {error}.") from error
    return found() if name.endswith("()") else found
