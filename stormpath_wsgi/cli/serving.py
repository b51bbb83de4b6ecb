"""``stormpath-wsgi run`` and ``serve``: an application, or the REST API, served by gunicorn."""

from __future__ import annotations

import mmap
import os
import runpy
import traceback
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from wsgiref.types import WSGIApplication

import click
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.errors import AppImportError

from stormpath_wsgi.cli import gunicorn_conf
from stormpath_wsgi.cli.failures import Failure, Misuse, NoDirectory, known_failures

Command = TypeVar("Command", bound=Callable[..., None])

#: The default for an application. It gets one worker: if it keeps locks or sessions in memory, several workers would
#: break it without an error.
OF_A_SITE = {"workers": int(os.environ.get("WEB_CONCURRENCY") or 1)}

#: The default for the REST API: it starts no thread while it is imported, so it can be loaded once, before the workers
#: fork.
OF_THE_API = {"preload_app": True}


class Server(BaseApplication):
    """gunicorn with our configuration. *defaults* override it, the file *config* overrides these, and *options* all.

    It serves the application that *make* returns. *make* is called in each worker, or once before the workers start
    (``preload_app``). *name*: the name for the line that says at which addresses it is ready; None: no such line.
    """

    def __init__(
        self,
        make: Callable[[], WSGIApplication],
        config: str | None,
        options: Mapping[str, Any],
        defaults: Mapping[str, Any],
        name: str | None = None,
    ) -> None:
        self._make, self._config, self._options, self._defaults, self._name = make, config, options, defaults, name
        self._master = os.getpid()
        self._failed = _Note()
        super().__init__()

    def run(self) -> None:
        """Serve until this process is told to stop. Raises :class:`~stormpath_wsgi.cli.failures.Failure`."""
        try:
            Arbiter(self).run()
        except SystemExit as end:
            if os.getpid() == self._master and end.code in (Arbiter.APP_LOAD_ERROR, Arbiter.WORKER_BOOT_ERROR):
                raise self._failed.read() from None
            raise
        except RuntimeError as error:  # gunicorn raises it for a wrong setting, sometimes after printing a traceback
            raise Misuse(str(error).strip().splitlines()[-1]) from error

    @property
    def link(self) -> str | None:
        """The address for a browser on this machine. None: it cannot be said, as for a unix socket."""
        handed_over = "LISTEN_FDS" in os.environ or "GUNICORN_FD" in os.environ  # then the others say where they listen
        places = [] if handed_over else [each for each in self.cfg.address if isinstance(each, tuple) and each[1]]
        if not places:
            return None
        host, port = places[0]
        host = "localhost" if host in ("", "0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
        return f"{'https' if self.cfg.is_ssl else 'http'}://{host}:{port}"

    def do_load_config(self) -> None:
        """Called by gunicorn at the start and on SIGHUP. Raises :class:`~stormpath_wsgi.cli.failures.Misuse`."""
        self.load_default_config()
        self.load_config()

    def reload(self) -> None:
        """Called by gunicorn on SIGHUP. A mistake in the file does not stop a running site."""
        kept = self.cfg
        try:
            super().reload()
        except Misuse as error:
            click.echo(f"Error: {error.format_message()} The settings stay as they were.", err=True)
            self.cfg = kept

    def load_config(self) -> None:
        """Called by gunicorn: sets the settings of all sources, the later ones over the earlier ones."""
        ours = {**vars(gunicorn_conf), **self._defaults}
        theirs = _settings_in(self._config) if self._config else {}
        for source, settings in (("", ours), (self._config, theirs), ("the command line", self._options)):
            for name in settings.keys() & self.cfg.settings.keys():
                try:
                    self.cfg.set(name, settings[name])
                except Exception as error:  # gunicorn's settings raise different errors for wrong values
                    raise Misuse(f"{source}: {name}: {error}") from error
        for hook, act in (("when_ready", self._note_addresses), ("post_worker_init", self._begin)):
            self.cfg.set(hook, _both(self.cfg.settings[hook].get(), act))

    def load(self) -> Any:
        """Called by gunicorn in each worker, or once before it forks."""
        if os.getpid() == self._master:
            gunicorn_conf.patch_first(self.cfg)
            with known_failures():
                return self._make()
        try:
            with known_failures():
                return self._make()
        except Failure as error:  # every worker would fail, so the process that the user has started reports it once
            self._failed.write(error)
            raise AppImportError("") from error

    def _note_addresses(self, arbiter: Any) -> None:
        self._addresses = ", ".join(map(str, arbiter.LISTENERS))

    def _begin(self, worker: Any) -> None:
        """Called in each worker that has loaded the application; the first one logs the addresses."""
        if worker.age == 1 and self._name is not None:
            click.echo(f"\n    {self._name}: {self._addresses}\n    {_staff(self.cfg)}\n    Stop it with Ctrl-C.\n")


class _Note:
    """A note from a worker to the process that has started it: why the worker ends. The first note is kept."""

    _SIZE = 4096  # bytes

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, self._SIZE)  # shared with the forked workers

    def write(self, failure: Failure) -> None:
        if not self._memory[0]:
            text = failure.format_message().encode()[: self._SIZE - 2]
            self._memory[: len(text) + 1] = bytes([failure.exit_code]) + text

    def read(self) -> Failure:
        """The failure in the note; without a note, one that points to the traceback."""
        code, text = self._memory[0], self._memory[1:].rstrip(b"\0").decode(errors="ignore")
        if not text:
            return Failure("The application failed while it was loaded; the traceback above says where.")
        return next((kind for kind in (Misuse, NoDirectory) if kind.exit_code == code), Failure)(text)


def options(command: Command) -> Command:
    """Gives *command* the options ``bind``, ``workers``, ``preload`` and ``config``."""
    for option in (
        click.option(
            "--config",
            metavar="FILE",
            type=click.Path(exists=True, dir_okay=False),
            help="A gunicorn configuration file laid over ours, except for the address.",
        ),
        click.option(
            "--preload",
            is_flag=True,
            help="Load the application once, before the workers are forked: saves memory, but threads that it starts "
            "meanwhile are dead in them.",
        ),
        click.option("--workers", type=click.IntRange(1, 1000), help="Processes."),
        click.option(
            "--bind", metavar="ADDRESS", help="host:port or unix:PATH. Not given: 127.0.0.1, PORT or from 8000 on."
        ),
    ):
        command = option(command)
    return command


def chosen(bind: str, workers: int | None, preload: bool) -> dict[str, Any]:
    """The settings of gunicorn for these options. *workers*: None leaves the number open."""
    given = {"bind": bind, "workers": workers, "preload_app": preload or None}
    return {name: value for name, value in given.items() if value is not None}


def _staff(cfg: Config) -> str:
    """A text about the workers, for people."""
    threads = f", {cfg.threads} threads each" if cfg.threads > 1 else ""
    if cfg.workers > 1:
        return f"{cfg.workers} workers{threads}"
    return f"1 worker{threads}. More are faster, if the application keeps nothing in memory: --workers N"


def _settings_in(file: str) -> dict[str, Any]:
    """The names in the configuration *file*. Raises Misuse with the line of a mistake in it."""
    try:
        return runpy.run_path(file)
    except SyntaxError as error:
        raise Misuse(f"{file}, line {error.lineno}: {error.msg}.") from error
    except Exception as error:  # the file is Python code, which may raise any error
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
        raise Misuse(f"{file}, line {lines[-1] if lines else 1}: {type(error).__name__}: {error}") from error


def _both(first: Callable[[Any], object], then: Callable[[Any], object]) -> Callable[[Any], None]:
    def both(subject: Any) -> None:
        first(subject)
        then(subject)

    return both
