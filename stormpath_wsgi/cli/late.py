"""Commands whose modules are imported when they are called: a command does not wait for what the others need."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

import click

from stormpath_wsgi.cli.failures import Failure, known_failures
from stormpath_wsgi.extras import SERVER


class Late(click.Command):
    """Stands for a command until that is called. *place*: ``module:name``. *help*: the first sentence of its help."""

    def __init__(self, name: str, place: str, help: str) -> None:
        super().__init__(name, help=help)
        self._place = place

    def load(self) -> click.Command:
        """The command itself. Raises :class:`~stormpath_wsgi.cli.failures.Failure` where gunicorn is missing."""
        module, _, name = self._place.partition(":")
        try:
            return cast(click.Command, getattr(import_module(module), name))
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "gunicorn":
                raise
            raise Failure(SERVER.advice) from error


class Commands(click.Group):
    """A group of commands, of which some are :class:`Late`.

    A known failure of one of them is printed as one sentence, and never as a traceback.
    """

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Called by click: finds the command that the command line names."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, Late) else command, rest

    def invoke(self, ctx: click.Context) -> Any:
        """Called by click: runs the command that the command line names."""
        with known_failures():
            return super().invoke(ctx)
