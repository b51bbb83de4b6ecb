"""The commands ``stormpath-wsgi secret …``."""

from __future__ import annotations

from secrets import token_hex

import click

from stormpath_wsgi.cli.late import Commands, Late


@click.group(cls=Commands, invoke_without_command=True)
@click.pass_context
def secret(context: click.Context) -> None:
    """Print a new key: for signing session cookies, or for encrypting secrets in the directory.

    The setting secretKeys (STORMPATH_SECRETKEYS) takes several, separated by commas: the first signs, all verify. To
    change keys put the new one first, and take the old one away once its sessions are over.

    The setting encryptionKeys (STORMPATH_ENCRYPTIONKEYS) takes several likewise: the first encrypts, all decrypt. Its
    keys are changed with the help of rotate.
    """
    if context.invoked_subcommand is None:
        click.echo(token_hex())


secret.add_command(
    Late("rotate", f"{__package__}.rotate:rotate", "Encrypt all secrets in the directory anew, while servers run.")
)
