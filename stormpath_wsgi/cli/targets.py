"""The application that ``stormpath-wsgi run`` serves, named in Python's way or by a file of PasteDeploy."""

from __future__ import annotations

import os
import sys
from configparser import Error as NoIni
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast
from wsgiref.types import WSGIApplication

from stormpath_wsgi.cli.failures import Misuse
from stormpath_wsgi.importing import NoApplication, import_app
from stormpath_wsgi.middleware import StormpathMiddleware, middleware_of

#: The name in a module when only the module is named.
_DEFAULT = "application"


def check(target: str) -> None:
    """Checks *target* without importing it. Raises :class:`~stormpath_wsgi.cli.failures.Misuse`."""
    sys.path.insert(0, os.getcwd())
    if _is_ini(target):
        if not Path(target.partition("#")[0]).is_file():
            raise Misuse(f"There is no file {target.partition('#')[0]}.")
        if find_spec("paste") is None or find_spec("paste.deploy") is None:
            raise Misuse(f"{target} is for PasteDeploy, which is missing; install it with: pip install PasteDeploy")
    elif not _is_there(target.partition(":")[0]):
        raise Misuse(f"{target} cannot be imported: there is no module {target.partition(':')[0]} here.")


def load(target: str) -> WSGIApplication:
    """The application named ``module:attribute``, ``module:factory()``, ``file.ini`` or ``file.ini#name``.

    Raises :class:`~stormpath_wsgi.cli.failures.Misuse` when there is none.
    """
    try:
        return named(target)
    except NoApplication as error:
        raise Misuse(str(error)) from error
    except (ImportError, LookupError, NoIni) as error:
        raise Misuse(f"{target} cannot be imported: {error}") from error


def named(target: str) -> WSGIApplication:
    """The same, which raises what was raised while the application was loaded."""
    if _is_ini(target):
        return cast(WSGIApplication, _of_paste(target))
    return cast(WSGIApplication, import_app(target if ":" in target else f"{target}:{_DEFAULT}"))


def with_accounts(app: WSGIApplication) -> WSGIApplication:
    """*app* wrapped in the middleware, unless the middleware is there already: around it, or within, as Flask's
    ``wsgi_app``.
    """
    return StormpathMiddleware(app) if middleware_of(app) is None else app


def _is_ini(target: str) -> bool:
    return target.partition("#")[0].endswith(".ini")


def _of_paste(target: str) -> Any:
    from paste.deploy import loadapp  # imported here, because it may be missing

    file, _, name = target.partition("#")
    return loadapp(f"config:{Path(file).absolute()}", name=name or None)


def _is_there(module: str) -> bool:
    """Whether *module* can be found. Neither it nor the packages around it are imported."""
    path: Any = None
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        name = ".".join(parts[:count])
        specs = (finder.find_spec(name, path) for finder in sys.meta_path)
        spec = next(filter(None, specs), None)
        if spec is None:
            return name in sys.modules and count == len(parts)
        path = spec.submodule_search_locations
    return True
