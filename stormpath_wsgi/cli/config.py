"""``stormpath-wsgi config``: the settings as they are, where each comes from, and what is wrong with them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from stormpath_wsgi.cli.printing import say
from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.extras import PASSKEYS, POSTGRESQL, REDIS, REMOTE, Extra
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.settings.sources import DEFAULT, Effective, Inspection
from stormpath_wsgi.settings.web import NO_HOSTS

#: What the command cannot know without the application.
NO_ARGUMENTS = (
    "What a program gives StormpathMiddleware as arguments, or Flask as app.config, is not known here: name the "
    "application, as in stormpath-wsgi config yoursite:application."
)
NO_MIDDLEWARE = (
    "The application has no StormpathMiddleware, so stormpath-wsgi run puts one around it, with these settings."
)

#: Widths of the columns but the last one: names of settings, and values.
_WIDTHS = (52, 44)


@click.command()
@click.argument("target", metavar="[APPLICATION]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@click.option("--changed", is_flag=True, help="Leave out what is as by default.")
@click.pass_context
def config(context: click.Context, target: str | None, *, as_json: bool, changed: bool) -> None:
    """Show the settings, where each comes from, and everything that is wrong with them.

    Secrets are hidden. With an APPLICATION, named as for run, which is imported for it, the arguments count that it
    gives StormpathMiddleware, and the app.config of Flask. The exit code is 1 when something is wrong.
    """
    found, notes = _of_target(target) if target else (Settings.inspect(), [NO_ARGUMENTS])
    faults = [*found.faults]
    if found.settings is not None:
        with _logged() as logged:
            faults += [fault for check in CHECKS for fault in _faults(check, found.settings)]
        notes += [line for line in logged if line not in faults]
    entries = [entry for entry in found.effective if not changed or entry.source != DEFAULT]
    faults = list(dict.fromkeys(faults))
    if as_json:
        click.echo(json.dumps(_document(entries, faults, notes), indent=2))
    else:
        _print(entries, faults, notes)
    context.exit(1 if faults else 0)


def _of_target(target: str) -> tuple[Inspection, list[str]]:
    """The settings of an application. What is wrong with one that cannot be made is told as well."""
    # Here, because they import the middleware, which the settings alone do not need.
    from stormpath_wsgi.cli import targets
    from stormpath_wsgi.middleware import middleware_of

    targets.check(target)
    try:
        middleware = middleware_of(targets.load(target))
    except ConfigurationError as error:
        found = Settings.inspect()
        return found._replace(faults=[*found.faults, *str(error).splitlines()]), [NO_ARGUMENTS]
    if middleware is None:
        return Settings.inspect(), [NO_MIDDLEWARE]
    return type(middleware.settings).inspect(**middleware.arguments), []


def _directory(settings: Settings) -> None:
    settings.opening()
    settings.check_keys()


def _libraries(settings: Settings) -> None:
    if missing := [f"{name}: {extra.advice}" for name, extra in _needed(settings) if not extra.is_installed()]:
        raise ConfigurationError("\n".join(missing))


def _needed(settings: Settings) -> Iterator[tuple[str, Extra]]:
    """Settings that ask for a library that a site can do without, and that library."""
    if settings.remote:
        yield "directory", REMOTE
        if settings.client.cache_url is not None:
            yield "client.cacheUrl", REDIS
    elif settings.directory.startswith("postgresql"):
        yield "directory", POSTGRESQL
    if settings.limits.enabled and settings.limits.url is not None:
        yield "limits.url", REDIS
    if settings.passkeys.is_asked_for and settings.passkeys.enabled is not False and not settings.remote:
        yield "passkeys", PASSKEYS


def _social(settings: Settings) -> None:
    settings.social()


def _hosts(settings: Settings) -> None:
    if settings.web.multi_tenancy.enabled and settings.web.organizations_below is None:
        raise ConfigurationError(NO_HOSTS)


def _templates(settings: Settings) -> None:
    web = settings.web
    sections = (*web.pages.values(), web.organization_select)
    if web.templates is None and not any("view" in section.model_fields_set for section in sections):
        return  # they are ours
    from stormpath_wsgi import pages  # here and below, because it imports all that pages are of

    pages.check_templates(settings)


def _contrast(settings: Settings) -> None:
    if settings.web.templates is None:
        return
    from stormpath_wsgi.pages import custom_css

    if lines := custom_css.unreadable(settings.web.templates, settings.web.look.accent):
        raise ConfigurationError("\n".join(lines))


#: What is looked at besides the types of settings. Each raises :class:`ConfigurationError`, with a sentence a line.
CHECKS: list[Callable[[Settings], None]] = [_libraries, _social, _directory, _templates, _hosts, _contrast]


def _faults(check: Callable[[Settings], None], settings: Settings) -> list[str]:
    try:
        check(settings)
    except ConfigurationError as error:
        return str(error).splitlines()
    return []


class _Kept(logging.Handler):
    """Keeps what is logged, and writes it nowhere."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextmanager
def _logged() -> Iterator[list[str]]:
    """What the settings have to say in the log meanwhile, which does no harm."""
    log, kept = logging.getLogger("stormpath_wsgi.settings"), _Kept()
    log.addHandler(kept)
    propagates, log.propagate = log.propagate, False
    try:
        yield kept.lines
    finally:
        log.removeHandler(kept)
        log.propagate = propagates


def _document(entries: list[Effective], faults: list[str], notes: list[str]) -> dict[str, Any]:
    return {"settings": [entry._asdict() for entry in entries], "faults": faults, "notes": notes}


def _print(entries: list[Effective], faults: list[str], notes: list[str]) -> None:
    for entry in entries:
        say(entry.name, _text(entry.value), entry.source, widths=_WIDTHS)
    for title, lines in (("Wrong:", faults), ("To know:", notes)):
        if lines:
            click.echo(f"\n{title}")
            for line in lines:
                say(f"  {line}")
    if not faults:
        click.echo("\nNothing is wrong.")


def _text(value: Any) -> str:
    match value:
        case None | []:
            return "not set"
        case {} if not value:  # the pattern matches any mapping
            return "not set"
        case str():
            return value
        case list() if all(isinstance(each, str) for each in value):
            return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)
