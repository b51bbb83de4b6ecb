"""The commands ``stormpath-wsgi audit …``."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

import click

from stormpath_wsgi.audit import Head, Proof, Row, documents, heads_in, prove, read
from stormpath_wsgi.audit.entry import document
from stormpath_wsgi.cli.command import OpenedApplication, directory_here, with_settings
from stormpath_wsgi.cli.failures import Failure, Misuse
from stormpath_wsgi.cli.printing import say
from stormpath_wsgi.client import Client
from stormpath_wsgi.client.local import LocalDataStore
from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.kinds import Account, id_of
from stormpath_wsgi.settings import Settings

_PAUSE = 1.0  # seconds between two looks for new rows
_MOST = 100_000  # rows that are listed at the most
#: Characters of the columns of a row: position, time, event, result, account, actor, credential, address.
_COLUMNS = (8, 24, 20, 20, 32, 32, 12)

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Write JSON Lines.")


@click.group()
def audit() -> None:
    """Look at what has happened to accounts and by administrators, and prove that nobody has changed it.

    For the machine that has the directory: what is here is what its database keeps.
    """


@audit.command("list")
@click.option("--account", "login", metavar="LOGIN", help="About this account: an e-mail address, username or href.")
@click.option("--actor", metavar="LOGIN", help="Done by this account.")
@click.option("--event", metavar="NAME", help="Of this kind, such as SignInFailed.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="Not older; in UTC.")
@click.option("--most", type=click.IntRange(1, _MOST), default=100, show_default=True, metavar="N", help="How many.")
@AS_JSON
@with_settings
def list_(
    settings: Settings,
    login: str | None,
    actor: str | None,
    event: str | None,
    since: dt.datetime | None,
    most: int,
    as_json: bool,
) -> None:
    """List the newest events, the oldest of them first.

    One a line: position, time, event, result, account, actor, credential, address; separated by tabs where no terminal
    reads them.
    """
    with directory_here(settings, "audit list") as service:
        wanted: dict[str, Any] = {"event": event}
        wanted["account"] = _path(service, settings, login)
        wanted["actor"] = _path(service, settings, actor)
        if since is not None:
            wanted["since"] = int(since.replace(tzinfo=dt.UTC).timestamp() * 1000)
        service.audit.seal()
        given = {name: value for name, value in wanted.items() if value is not None}
        for row in service.audit.newest(most, **given):
            _say(row, as_json)


@audit.command()
@AS_JSON
@with_settings
def follow(settings: Settings, as_json: bool) -> None:
    """Write events as they happen, until it is interrupted. The lines are those of list."""
    with directory_here(settings, "audit follow") as service:
        service.audit.seal()
        _, _, head = service.audit.ends()
        after = 0 if head is None else head.position
        click.echo("Events are written as they happen; interrupt this with Ctrl-C.", err=True)
        never = threading.Event()
        while True:
            service.audit.seal()
            for row in service.audit.rows(after):
                _say(row, as_json)
                after = row.position
            never.wait(_PAUSE)


@audit.command()
@click.option(
    "--heads",
    "heads_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The heads of the second place: the file of audit.file, or a log with them.",
)
@click.option(
    "--public-key", "public_keys", multiple=True, metavar="HEX", help="Who may sign heads; not given: keys known here."
)
@click.option(
    "--export",
    "export_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Prove an export, and not the directory.",
)
@with_settings
def verify(settings: Settings, heads_file: Path | None, public_keys: tuple[str, ...], export_file: Path | None) -> None:
    """Prove that no row was changed, removed or moved. Otherwise name the first one, and exit with 1.

    With --heads, or the setting audit.file, the heads of the second place are compared: only they show that all was
    written anew by somebody who has the key.
    """
    heads_file = heads_file or settings.audit.file
    if export_file is not None:
        with export_file.open(encoding="utf-8") as file:
            proof = _of_export(file, heads_file, public_keys)
        waiting = 0
    else:
        with directory_here(settings, "audit verify") as service:
            service.audit.seal()
            trusted = public_keys or service.audit.public_keys()
            kept = _kept(heads_file, service.audit.ends()[0])  # before the chain, which may have grown since
            with service.audit.chain() as (tenant, begins, head, rows):
                proof = prove(tenant, rows, begins=begins, head=head, kept=kept, trusted=trusted)
            waiting = service.audit.waiting()
    _report(proof, waiting)


@audit.command()
@click.argument("file", type=click.File("w", encoding="utf-8", lazy=True), default="-")
@with_settings
def export(settings: Settings, file: TextIO) -> None:
    """Write the whole chain to FILE, as JSON Lines, with what audit verify --export needs. Not given: to the output."""
    with directory_here(settings, "audit export") as service:
        service.audit.seal()
        with service.audit.chain() as (_, begins, head, rows):
            for line in documents(rows(), begins=begins, head=head):
                file.write(json.dumps(line) + "\n")


@audit.command("key")
@with_settings
def key_(settings: Settings) -> None:
    """Print the public keys that verify heads, the one that signs first. Keep them where the directory is not."""
    with directory_here(settings, "audit key") as service:
        keys = service.audit.public_keys()
    if not keys:
        raise Failure(
            "Heads are not signed: set audit.signingKeys or encryptionKeys (stormpath-wsgi secret makes one)."
        )
    for key in keys:
        say(key)


def _path(service: DirectoryService, settings: Settings, login: str | None) -> str | None:
    """What a row says of the account with this *login*. One that is gone is known by its href, or the end of it."""
    if login is None:
        return None
    if f"{Account.path}/" in login:
        return f"{Account.path}/{id_of(login)}"
    found = OpenedApplication(Client(data_store=LocalDataStore(service)), settings).account(login)
    return f"{Account.path}/{id_of(found.href)}"


def _say(row: Row, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"position": row.position, **document(row.entry)}))
        return
    entry = row.entry
    at = f"{dt.datetime.fromtimestamp(entry.at / 1000, dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
    rest = (entry.account, entry.actor, entry.credential, entry.address)
    say(row.position, at, entry.event, entry.result, *(each or "-" for each in rest), widths=_COLUMNS)


def _kept(file: Path | None, tenant: str) -> Iterable[Head]:
    if file is None or not file.exists():
        return []
    with file.open(encoding="utf-8", errors="replace") as lines:
        return list(heads_in(lines, tenant))


def _of_export(file: TextIO, heads_file: Path | None, public_keys: tuple[str, ...]) -> Proof:
    ends: dict[str, Head] = {}

    def rows() -> Iterator[Row]:
        file.seek(0)
        try:
            for name, said in read(file):
                if isinstance(said, Row):
                    yield said
                else:
                    ends[name] = said
        except ValueError as error:
            raise Misuse(f"{file.name}: {error}.") from error

    for _ in rows():
        break  # the heads stand before the first row
    head = ends.get("head")
    if head is None:
        raise Misuse(f"{file.name} has no head: an export of the audit begins with one.")
    kept = [each for each in _kept(heads_file, head.tenant) if each.at <= head.at]  # the chain has gone on since
    return prove(head.tenant, rows, begins=ends.get("begins"), head=head, kept=kept, trusted=public_keys)


def _report(proof: Proof, waiting: int) -> None:
    for remark in proof.remarks:
        click.echo(remark, err=True)
    if waiting:
        click.echo(f"{waiting} events are not in the chain yet.", err=True)
    if proof.fault is not None:
        raise Failure(f"Row {proof.fault.position}: {proof.fault.what}")
    if proof.last < proof.first:
        say("The chain has no rows.")
    else:
        say(f"Rows {proof.first} to {proof.last} are as they were written; {proof.compared} heads agree.")
