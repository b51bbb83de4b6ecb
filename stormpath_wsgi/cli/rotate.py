"""The command ``stormpath-wsgi secret rotate``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import click

from stormpath_wsgi.cli.command import require_directory, require_local, with_settings
from stormpath_wsgi.cli.failures import Failure
from stormpath_wsgi.cli.printing import say
from stormpath_wsgi.directory import rotation
from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.storage.migrate import prepare
from stormpath_wsgi.settings import Settings


@click.command()
@click.option(
    "--drop-old", is_flag=True, help="The second step: take away keys with which nothing is encrypted any more."
)
@with_settings
def rotate(settings: Settings, drop_old: bool) -> None:
    """Encrypt all secrets in the directory anew, while servers run.

    Keys in a file beside the directory: a new one is made. They are followed by running servers. Keys in the settings:
    the first one is used, which each server must know already.
    """
    with _opened(settings) as (database, secrets):
        if drop_old:
            _drop(database, secrets)
            return
        if secrets.file is not None:
            rotation.add_key(database, secrets.file)
        elif len(secrets.key_ids()) < 2:
            raise Failure(
                "encryptionKeys holds one key only. Put a new one behind it and restart every server, then put it in "
                "front and restart again, then run this once more."
            )
        say(f"Encrypted {rotation.encrypt_again(database, secrets)} secrets anew, with the key {secrets.key_ids()[0]}.")
        say(_next_step(secrets))


def _drop(database: Database, secrets: Secrets) -> None:
    if secrets.file is None:
        raise Failure("The keys are set, not in a file: after rotate remove all but the first from encryptionKeys.")
    say(f"Removed old keys from {secrets.file.path}: {rotation.drop_old_keys(database, secrets.file)}.")


def _next_step(secrets: Secrets) -> str:
    if secrets.file is None:
        return "The other keys are not needed any more: remove them from encryptionKeys, and restart every server."
    return "The old keys are needed for old backups only; take them away with: stormpath-wsgi secret rotate --drop-old"


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[Database, Secrets]]:
    require_local(settings, "secret rotate")
    require_directory(settings)
    with closing(Database(settings.directory, timeout=settings.database_timeout.total_seconds())) as database:
        secrets = Secrets.of(database, settings.encryption_keys)
        prepare(database)
        yield database, secrets
