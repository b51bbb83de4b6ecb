"""The commands ``stormpath-wsgi export``, ``import`` and ``verify``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import click

from stormpath_wsgi.cli.command import embedded_file, require_directory, require_local, with_settings
from stormpath_wsgi.cli.failures import Failure, Misuse
from stormpath_wsgi.cli.printing import printable, say
from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.storage.migrate import has_tables, prepare, upgrade
from stormpath_wsgi.settings import Settings, instance
from stormpath_wsgi.transfer import databases, destination, exported, of_others, text_files
from stormpath_wsgi.transfer import export as exporting
from stormpath_wsgi.transfer.people import People, Person
from stormpath_wsgi.transfer.problems import Report, TransferError
from stormpath_wsgi.transfer.stormpath import Folder
from stormpath_wsgi.transfer.targets import Live, Target, rehearsal
from stormpath_wsgi.transfer.verify import Differences
from stormpath_wsgi.transfer.verify import verify as compare
from stormpath_wsgi.transfer.writing import Importer, Item, Mistake, batches

_STDOUT = "-"
_SERVERS = ("postgresql://", "postgresql+psycopg://")

#: What an import can be from.
OURS, STORMPATH, CSV, DJANGO, FLASK_SECURITY = "export", "stormpath", "csv", "django", "flask-security"
KINDS = (OURS, STORMPATH, CSV, DJANGO, FLASK_SECURITY)


@click.command()
@click.argument("file", default=_STDOUT)
@click.option("--passphrase", "asks", is_flag=True, help="Take the secrets along, encrypted with a passphrase.")
@click.option(
    "--plain-secrets", is_flag=True, help="Take the secrets along as they are: whoever reads the file has them."
)
@with_settings
def export(settings: Settings, file: str, asks: bool, plain_secrets: bool) -> None:
    """Write the whole directory into FILE, as JSON Lines; - or nothing: to standard output.

    The hashes of passwords are in it, so keep it like the directory itself. The secrets of API keys, authenticator apps
    and providers are left out, unless you say --passphrase: then it is asked for, or read from standard input. Servers
    may run meanwhile; the file is of one moment.
    """
    if asks and plain_secrets:
        raise Misuse("Say --passphrase or --plain-secrets, and not both.")
    with _opened(settings, "export") as (database, secrets), _told():
        passphrase = _passphrase(confirm=True) if asks else None
        output = nullcontext(sys.stdout.buffer) if file == _STDOUT else exporting.whole_file(Path(file))
        with output as stream, _progress("Writing", exporting.rows(database)) as progress:
            written = exporting.export(
                database,
                secrets,
                stream,
                base_url=settings.base_url,
                passphrase=passphrase,
                plain=plain_secrets,
                progress=progress,
            )
    _note(f"Wrote {sum(written.counts.values())} records: {_counted(written.counts)}.")
    if plain_secrets:
        _note("The file holds secrets that open accounts. Delete it as soon as it has served.")
    if written.left_out:
        _note(f"Left out, because they are secrets: {_counted(written.left_out)}. To take them along: --passphrase")
    if "factors" in written.left_out:
        _note("People whose second factor is left out sign in without it where you import the file.")


@click.command("import")
@click.argument("source")
@click.option("--from", "kind", type=click.Choice(KINDS), help="Whose data SOURCE is, where that cannot be seen.")
@click.option("--dry-run", is_flag=True, help="Say what would come of it, and write nothing.")
@click.option("--skip", is_flag=True, help="Go on after a mistake: leave out what is wrong, and take the rest.")
@click.option("--into", metavar="NAME", help="The directory of the accounts, if not the one that registrations go to.")
@click.option("--column", "columns", multiple=True, metavar="HOLDS=NAME", help="What a column of a CSV file holds.")
@click.option("--table", metavar="NAME", help="The table of the users, if it is not called as usual.")
@click.option("--salt-file", type=click.File("r"), help="A file with the SECURITY_PASSWORD_SALT of Flask-Security.")
@click.option("--no-salt", is_flag=True, help="Flask-Security hashed passwords as they are (single hash).")
@with_settings
def import_(settings: Settings, source: str, **options: Any) -> None:
    """Bring the accounts of SOURCE into the directory.

    SOURCE is an export of ours, the folder of a Stormpath export, a CSV file, or a database of Django or
    Flask-Security: the file of SQLite, or postgresql://… without a password, which PGPASSWORD has.

    Nobody gets a mail, and what the directory has already stays as it is: the same import can be run again, and goes on
    where it was stopped.
    """
    require_local(settings, "import")
    with _told():
        _IMPORTS[_kind(source, options["kind"])](settings, source, options)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_settings
def verify(settings: Settings, file: Path) -> None:
    """Say in what FILE, an export, and the directory differ, and whether the file is whole.

    The exit code is 1 when they differ, or when the file is not just as it was written.
    """
    with _opened(settings, "verify") as (database, secrets), _told():
        found = _look_through(file)
        key = found.key(_passphrase()) if found.is_encrypted else None
        with _progress("Comparing", found.rows) as progress:
            differences = compare(
                database,
                secrets,
                found.read(key),
                has_secrets=found.has_secrets,
                left_out=found.left_out,
                progress=progress,
            )
    for fault in found.faults:
        say(fault)
    if not found.faults:
        say(f"The file is whole: {found.rows} records, with the digest that its last line says.")
    _print_differences(differences)
    if found.faults or differences.number:
        raise Failure("The file and the directory differ." if differences.number else "The file is not whole.")


def _kind(source: str, told: str | None) -> str:
    """Which of :data:`KINDS` the *source* is."""
    if source.startswith(_SERVERS):
        if told is None:
            raise Misuse("Say whose database it is: --from django or --from flask-security")
        return told
    path = Path(source)
    if not path.exists():
        raise Misuse(f"There is no {source}.")
    if told is not None:
        return told
    if path.is_dir():
        return STORMPATH
    if exported.is_export(path):
        return OURS
    if path.suffix.lower() == ".csv":
        return CSV
    raise Misuse(f"What {source} is cannot be seen; say it with --from: {', '.join(KINDS)}")


def _import_export(settings: Settings, source: str, options: Mapping[str, Any]) -> None:
    found = _look_through(Path(source))
    if (wrong := [*found.faults, *found.too_dear]) and not options["skip"]:
        raise TransferError("\n".join([*wrong, "Nothing was imported. To take what is there: --skip"]))
    key = found.key(_passphrase()) if found.is_encrypted else None
    with _target(settings, dry_run=options["dry_run"]) as target:
        exported.check_tenants(target, found)
        importer = Importer(target, None, skips=options["skip"])
        _run(importer, batches(found.read(key)), found.rows, options)
    before = found.header.get("baseUrl")
    if before != settings.base_url:
        _note(f"Hrefs began with {before!r:.200} and begin with {settings.base_url} here: see baseUrl to keep them.")


def _import_stormpath(settings: Settings, source: str, options: Mapping[str, Any]) -> None:
    folder = Folder(Path(source))
    with _target(settings, dry_run=options["dry_run"]) as target:
        importer = Importer(target, destination.tenant(target), skips=options["skip"])
        with _progress(_label(options), folder.files()) as progress:
            _run(importer, folder.batches(progress), None, options)


def _import_csv(settings: Settings, source: str, options: Mapping[str, Any]) -> None:
    told = dict(_pair(each) for each in options["columns"])
    rename, ignored = text_files.columns(Path(source), told)
    if ignored:
        _note(f"Columns that are not read: {', '.join(ignored)}.")
    _import_people(settings, source, options, partial(text_files.of_csv, Path(source), of_others.of_columns, rename))


def _import_django(settings: Settings, source: str, options: Mapping[str, Any]) -> None:
    _import_table(settings, source, options, databases.DJANGO, of_others.of_django)


def _import_flask_security(settings: Settings, source: str, options: Mapping[str, Any]) -> None:
    salt = options["salt_file"].read().strip() if options["salt_file"] else ""
    if not salt and not options["no_salt"]:
        raise Misuse(
            "Flask-Security hashes passwords with its SECURITY_PASSWORD_SALT, without which none can be checked: write "
            "it into a file, and name that with --salt-file. Sites with SECURITY_PASSWORD_SINGLE_HASH: --no-salt"
        )
    _import_table(settings, source, options, databases.FLASK_SECURITY, of_others.of_flask_security(salt))


def _import_table(
    settings: Settings, source: str, options: Mapping[str, Any], tables: databases.Tables, read: of_others.Reader
) -> None:
    """Imports the users of a database, or of a file with what a database had."""
    if options["table"]:
        tables = tables.with_users(options["table"])
    path = None if source.startswith(_SERVERS) else Path(source)
    if path is None or databases.is_sqlite(path):
        place = source if path is None else path
        number = databases.number(place, tables)
        _import_people(settings, source, options, lambda progress: databases.persons(place, tables, read), number)
    elif path.suffix.lower() in (".json", ".jsonl"):
        _import_people(settings, source, options, partial(text_files.of_dumpdata, path, read))
    else:
        _import_people(settings, source, options, partial(text_files.of_csv, path, read, None))


def _import_people(
    settings: Settings,
    source: str,
    options: Mapping[str, Any],
    read: Callable[[Callable[[int], object]], Iterable[Person | Mistake]],
    number: int | None = None,
) -> None:
    """Imports persons into the directory that is meant. *number*: how many there are, for the bar; None: it goes by
    the bytes that *read* tells.
    """
    if options["into"] and not options["dry_run"]:
        _check_store(settings, options["into"])
    with _target(settings, dry_run=options["dry_run"]) as target:
        tenant_id, directory_id = _store(settings, target, options["into"])
        importer = Importer(target, tenant_id, skips=options["skip"])
        people = People(target, tenant_id, directory_id)
        if number is not None:
            _run(importer, people.batches(read(_nothing)), number, options)
            return
        with _progress(_label(options), Path(source).stat().st_size) as progress:
            _run(importer, people.batches(read(progress)), None, options)


def _store(settings: Settings, target: Target, into: str | None) -> tuple[str, str]:
    """The ids of the tenant, and of the directory that is meant."""
    wanted = settings.application
    tenant_id = destination.tenant_with_application(target, wanted.name)
    return tenant_id, destination.store(target, tenant_id, into, wanted.name, wanted.href)


def _check_store(settings: Settings, into: str) -> None:
    """Looks for the directory called *into* before the database is made, so that a wrong name leaves none behind."""
    file = embedded_file(settings)
    if file is None or not file.exists():
        with _target(settings, dry_run=True) as target:
            _store(settings, target, into)


def _look_through(source: Path) -> exported.Export:
    with _progress("Reading", source.stat().st_size) as progress:
        return exported.look_through(source, progress)


def _run(importer: Importer, items: Iterable[Sequence[Item]], number: int | None, options: Mapping[str, Any]) -> None:
    """Imports *items*, and prints what came of it, also of what was written before a mistake."""
    dry_run = options["dry_run"]
    try:
        with _progress(_label(options), number) as progress:
            importer.write_batches(items, progress)
    except TransferError as error:
        _print_report(importer.report, dry_run=dry_run)
        what = "An import would stop here" if dry_run else "The import stopped here; what is above was written"
        raise TransferError(f"{error}\n{what}. Mend it and run it again, or leave it out: --skip") from None
    _print_report(importer.report, dry_run=dry_run)


def _label(options: Mapping[str, Any]) -> str:
    return "Trying" if options["dry_run"] else "Importing"


def _pair(text: str) -> tuple[str, str]:
    holds, equals, name = text.partition("=")
    if not (holds and equals and name):
        raise Misuse(f"--column {text}: write what the column holds, and its name: --column email=E-Mail")
    return holds, name


@contextmanager
def _opened(settings: Settings, command: str) -> Iterator[tuple[Database, Secrets]]:
    """The database of the settings, which must be there, and its secrets."""
    require_local(settings, command)
    require_directory(settings)
    with closing(_database(settings)) as database:
        secrets = Secrets.of(database, settings.encryption_keys)
        prepare(database)
        yield database, secrets


@contextmanager
def _target(settings: Settings, *, dry_run: bool) -> Iterator[Target]:
    """Where to write. A directory that is not there yet is made, but for a dry run."""
    file = embedded_file(settings)
    if file is not None and not file.exists():
        if dry_run:
            with rehearsal(None) as target:
                yield target
            return
        if settings.in_instance:
            instance.make(settings.instance)
    else:
        require_directory(settings)
    with closing(_database(settings, bulk=True)) as database:
        if dry_run:
            with rehearsal(database if has_tables(database) else None) as target:
                yield target
        else:
            if not has_tables(database):
                upgrade(database)  # also on a server, where there is nothing yet that could be harmed
            prepare(database)
            yield Live(database, Secrets.of(database, settings.encryption_keys))


def _database(settings: Settings, *, bulk: bool = False) -> Database:
    return Database(settings.directory, timeout=settings.database_timeout.total_seconds(), bulk=bulk)


@contextmanager
def _told() -> Iterator[None]:
    """What cannot be exported or imported ends the command with its sentence."""
    try:
        yield
    except TransferError as error:
        raise Failure("\n".join(map(printable, str(error).split("\n")))) from error


@contextmanager
def _progress(label: str, length: int | None) -> Iterator[Callable[[int], object]]:
    """A bar on stderr, where that is a terminal."""
    bar = click.progressbar(length=length or 1, label=label, file=sys.stderr)
    if length is None or not sys.stderr.isatty():
        yield lambda number: None
        return
    with bar:
        yield bar.update


def _passphrase(*, confirm: bool = False) -> str:
    """Asks for a passphrase, without showing it; reads the first line of standard input where that is no terminal."""
    if sys.stdin.isatty():
        return str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm and "Once more", err=True))
    if passphrase := sys.stdin.readline().rstrip("\r\n"):
        return passphrase
    raise Misuse("The passphrase is the first line of standard input, which holds none.")


def _print_report(report: Report, *, dry_run: bool) -> None:
    for title, part in (
        ("Would be made" if dry_run else "Made", report.made),
        ("There already", report.there),
        ("Left out", report.left_out),
    ):
        if part:
            say(f"{title}: {_counted(part)}.")
    if not (report.made or report.there or report.left_out):
        say("There was nothing to import.")
    for line in report.problems:
        say(f"  {line}")
    if (more := sum(report.left_out.values()) - len(report.problems)) > 0:
        say(f"  … and {more} more.")


def _print_differences(differences: Differences) -> None:
    for title, part in (
        ("The same", differences.same),
        ("Only in the file", differences.missing),
        ("With other values", differences.other),
        ("Only in the directory", differences.more),
    ):
        if part:
            say(f"{title}: {_counted(part)}.")
    for line in differences.lines:
        say(f"  {line}")


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items()) or "nothing"


def _note(text: str) -> None:
    click.echo(printable(text), err=True)


def _nothing(number: int) -> None:
    """Does nothing with *number*, where another bar counts."""


_IMPORTS: Mapping[str, Callable[[Settings, str, Mapping[str, Any]], None]] = {
    OURS: _import_export,
    STORMPATH: _import_stormpath,
    CSV: _import_csv,
    DJANGO: _import_django,
    FLASK_SECURITY: _import_flask_security,
}
