"""Every public name says what it is: modules, classes, functions and methods without a leading underscore."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cached_property
from types import ModuleType

import flask_stormpath
import pytest_stormpath
import stormpath_wsgi

#: Not imported here: each migration is a record of the past, which Alembic calls by the names of its functions.
MIGRATIONS = "stormpath_wsgi.directory.storage.migrations."


def test_every_public_name_has_a_docstring() -> None:
    silent = {name for module in _modules() for name, value in _public(module) if not _description(value)}
    assert silent == set()


def _modules() -> Iterator[ModuleType]:
    for package in (stormpath_wsgi, flask_stormpath, pytest_stormpath):
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.startswith(MIGRATIONS) and not found.name.endswith(".__main__"):
                yield importlib.import_module(found.name)


def _public(module: ModuleType) -> Iterator[tuple[str, object]]:
    """The module itself, its public classes and functions, and the public methods and properties of these classes."""
    yield module.__name__, module
    for name, value in vars(module).items():
        if name.startswith("_") or inspect.getmodule(value) is not module:
            continue
        if inspect.isclass(value):
            yield from _methods(module.__name__, value)
        if inspect.isclass(value) or inspect.isroutine(value):
            yield f"{module.__name__}.{name}", value


def _methods(module: str, cls: type) -> Iterator[tuple[str, object]]:
    for name, value in vars(cls).items():
        is_method = inspect.isfunction(value) or isinstance(
            value, property | cached_property | classmethod | staticmethod
        )
        if is_method and not name.startswith("_"):
            yield f"{module}.{cls.__qualname__}.{name}", getattr(cls, name)


def _description(value: object) -> str | None:
    """Its own docstring; for a method that overrides another one, that of the other one will do.

    A dataclass or a named tuple without a docstring has one that repeats its signature, which does not count.
    """
    if not inspect.isclass(value):
        return inspect.getdoc(value)
    own = vars(value).get("__doc__")
    return None if own is None or own.startswith(f"{value.__name__}(") else own
