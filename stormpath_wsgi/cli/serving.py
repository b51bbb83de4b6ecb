"""``stormpath-wsgi run`` and ``serve``: an application, or the REST API, served by gunicorn."""

from __future__ import annotations

import os
import runpy
import socket
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar, cast
from wsgiref.types import WSGIApplication

import click
from gunicorn.app.base import BaseApplication
from gunicorn.errors import AppImportError
from gunicorn.util import import_app

from stormpath_wsgi.cli import gunicorn_conf
from stormpath_wsgi.cli.command import Failure, Misuse
from stormpath_wsgi.middleware import StormpathMiddleware

Command = TypeVar("Command", bound=Callable[..., None])

HOST, PORT, TRIES = "127.0.0.1", 8000, 20

#: What the REST API wants otherwise than a site, whose own code may wait for others. Two threads of a worker are enough
#: to answer while a password is hashed; four hand the interpreter to and fro, and were measured to answer a tenth less.
OF_THE_API = {"threads": 2}


class Server(BaseApplication):
    """gunicorn with our configuration, under *defaults*, under the file *config*, under *options*, serving *app*."""

    def __init__(
        self, app: WSGIApplication, config: str | None, options: dict[str, Any], defaults: Mapping[str, Any]
    ) -> None:
        self._app, self._config, self._options, self._defaults = app, config, options, defaults
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn at the start and on SIGHUP."""
        theirs = runpy.run_path(self._config) if self._config else {}
        for name, value in {**vars(gunicorn_conf), **self._defaults, **theirs, **self._options}.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        """Called by gunicorn, once, before it forks."""
        return self._app


def options(command: Command) -> Command:
    """Gives *command* the options ``bind``, ``workers`` and ``config``."""
    for option in (
        click.option(
            "--config",
            metavar="FILE",
            type=click.Path(exists=True, dir_okay=False),
            help="A gunicorn configuration file laid over ours, except for address and workers.",
        ),
        click.option(
            "--workers",
            type=click.IntRange(1, 1000),
            help="Processes. Not given: WEB_CONCURRENCY, or two per core.",
        ),
        click.option(
            "--bind", metavar="ADDRESS", help="host:port or unix:PATH. Not given: 127.0.0.1, PORT or from 8000 on."
        ),
    ):
        command = option(command)
    return command


def load(target: str) -> WSGIApplication:
    """The application named ``module:attribute`` or ``module:factory()``, looked for in the working directory first."""
    sys.path.insert(0, os.getcwd())
    try:
        app: Any = import_app(target)
    except (ImportError, AppImportError) as error:
        raise Misuse(f"{target} cannot be imported: {error}") from error
    return cast(WSGIApplication, app)  # its stubs allow for ASGI too


def with_accounts(app: WSGIApplication) -> WSGIApplication:
    """*app* in the middleware, unless it brings its own: as a whole, or within, as ``app.wsgi_app`` of Flask."""
    inside = getattr(app, "wsgi_app", app)
    return app if isinstance(inside, StormpathMiddleware) else StormpathMiddleware(app)


def serve(
    app: WSGIApplication,
    bind: str,
    workers: int | None,
    config: str | None,
    *,
    name: str,
    defaults: Mapping[str, Any] | None = None,
) -> None:
    """Serve *app* until this process is told to stop. *bind*: as gunicorn's. *config*: a configuration file of its.

    *name*: what is announced when it is ready. *defaults*: settings of gunicorn's, laid under those of the file.
    """
    chosen: dict[str, Any] = {"bind": bind, "when_ready": partial(_announce, name)}
    if workers is not None:
        chosen["workers"] = workers
    Server(app, config, chosen, defaults or {}).run()


def free_address() -> str:
    """Where to listen when nobody said: ``PORT``, which must be free, or the first free port from 8000 on."""
    wanted = os.environ.get("PORT")
    if wanted and not (wanted.isdecimal() and 0 < int(wanted) < 65536):
        raise Misuse(f"PORT is {wanted}; write a number from 1 to 65535.")
    ports = [int(wanted)] if wanted else range(PORT, PORT + TRIES)
    for port in ports:
        if _is_free(port):
            return f"{HOST}:{port}"
    raise Failure(f"Port {ports[0]} is taken; choose another with PORT=… or --bind.")


def _is_free(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn: old connections do not count
        try:
            attempt.bind((HOST, port))
        except OSError:
            return False
    return True


def _announce(name: str, arbiter: Any) -> None:
    addresses = ", ".join(str(listener) for listener in arbiter.LISTENERS)
    click.echo(f"\n    {name}: {addresses}\n    Stop it with Ctrl-C.\n")
