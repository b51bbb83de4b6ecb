"""An application that is named in Python's way: ``module:name``."""

from __future__ import annotations

import ast
import importlib
import inspect
from typing import Any


class NoApplication(LookupError):
    """There is no application of that name."""


def import_app(target: str) -> Any:
    """What *target* names: ``module:name``, or ``module:make()`` for what a function returns. Its arguments may be
    literals.

    Raises :class:`NoApplication` when there is no such thing, and what the module itself raises.
    """
    module, _, text = target.partition(":")
    if not module or not text:
        raise NoApplication(f"{target!r} names no application: write module:name, or module:make().")
    call, names = _read(target, text)
    try:
        found: Any = importlib.import_module(module)
        for name in names:
            found = getattr(found, name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise  # the module is there, and needs one that is not
        raise NoApplication(f"{target} cannot be imported: there is no module {error.name} here.") from error
    except AttributeError as error:
        raise NoApplication(f"{target} cannot be imported: {error}.") from error
    if call is not None:
        found = _called(target, found, call)
    if not callable(found):
        raise NoApplication(f"{target} cannot be imported: it is no WSGI application, which can be called.")
    return found


def _read(target: str, text: str) -> tuple[ast.Call | None, list[str]]:
    """The call in *text*, if there is one, and the names in it, from the module on."""
    try:
        node = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise NoApplication(f"{target} cannot be imported: {text} is no name.") from error
    call = node if isinstance(node, ast.Call) else None
    inner = node if call is None else call.func
    names: list[str] = []
    while isinstance(inner, ast.Attribute):
        names.insert(0, inner.attr)
        inner = inner.value
    if not isinstance(inner, ast.Name):
        raise NoApplication(f"{target} cannot be imported: {text} is no name.")
    return call, [inner.id, *names]


def _called(target: str, make: Any, call: ast.Call) -> Any:
    """What *make* returns for the arguments of *call*."""
    try:
        arguments = [ast.literal_eval(each) for each in call.args]
        keywords = {str(each.arg): ast.literal_eval(each.value) for each in call.keywords}
        inspect.signature(make).bind(*arguments, **keywords)
    except (TypeError, ValueError) as error:
        raise NoApplication(f"{target} cannot be imported: {error}.") from error
    return make(*arguments, **keywords)
