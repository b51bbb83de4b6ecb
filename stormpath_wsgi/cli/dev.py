"""``stormpath-wsgi dev``: a site on the machine of who develops it, with persons to be and an inbox."""

from __future__ import annotations

import os

import click

from stormpath_wsgi.cli import addresses, targets
from stormpath_wsgi.cli.failures import Misuse


@click.command()
@click.argument("target", metavar="APPLICATION")
@click.option(
    "--bind", metavar="ADDRESS", help="host:port, of this machine. Not given: 127.0.0.1, PORT or from 8000 on."
)
@click.option("--no-reload", is_flag=True, help="Do not load the application again when a file changes.")
def dev(target: str, bind: str | None, no_reload: bool) -> None:
    """Serve a WSGI application for its developer, on this machine only.

    APPLICATION is named as for run. Its accounts are in memory and end with the server, whatever the settings say.
    There are persons to be, with one click each, and an inbox with all mails, at /_stormpath/. A page that refuses
    somebody says which policy did so. When a file changes, the application is loaded again.

    Whoever uses it can sign in as anybody. So it listens at no other address than those of this machine itself, and a
    browser has to open the address that is printed, which has a key in it.
    """
    # Imported here: nothing else in this program may load what tests use.
    from stormpath_wsgi.development import server
    from stormpath_wsgi.development.guard import is_loopback, opening

    targets.check(target)
    host, _, port = (bind or "").rpartition(":")
    if bind and not (is_loopback(host.strip("[]")) and port.isdecimal()):
        raise Misuse(
            f"--bind is {bind}; write an address of this machine itself, such as 127.0.0.1:8000: whoever reaches a "
            "development server can sign in as anybody."
        )
    if "WERKZEUG_RUN_MAIN" not in os.environ:  # the process that watches has the address, and hands it on
        host, _, port = (addresses.checked(bind) if bind else addresses.free_address()).rpartition(":")
        link = f"http://{host}:{port}"
        os.environ.update(server.environ(link))
        os.environ["PORT"] = port
        click.echo(f"\n    A development server, never for production: {link}")
        click.echo("    Open this address first, which has the key in it. It shows persons, mails and refusals:")
        click.echo(f"    {opening(link, os.environ[server.KEY_VARIABLE])}\n")
    elif not bind:
        host, port = addresses.HOST, os.environ["PORT"]
    load = targets.load if no_reload else targets.named  # what is loaded again is told where it is wrong
    server.serve(lambda: targets.with_accounts(load(target)), host.strip("[]"), int(port), reloads=not no_reload)
