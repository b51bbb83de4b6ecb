"""The commands ``stormpath-wsgi passwords …``."""

from __future__ import annotations

from pathlib import Path

import click

from stormpath_wsgi.cli.failures import Failure
from stormpath_wsgi.cli.printing import say
from stormpath_wsgi.passwords.build import build as make
from stormpath_wsgi.passwords.build import lines_of
from stormpath_wsgi.passwords.cost import PRESETS
from stormpath_wsgi.passwords.tuning import advice, measured

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def passwords() -> None:
    """Make lists of passwords that nobody shall choose, and say what their hashes may cost."""


@passwords.command()
@click.argument("lists", metavar="LIST…", nargs=-1, required=True, type=_FILE)
@click.option("--out", required=True, metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--least",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Of lines with a count: take those that were seen so often.",
)
def build(lists: tuple[Path, ...], out: Path, least: int) -> None:
    """Make FILE out of text files, for the setting passwords.list.

    Each LIST has a password on each line, or the SHA-1 digest of one in hex and a count, DIGEST:COUNT, as the lists of
    Have I Been Pwned have. FILE takes 3.5 bytes for a password, and while it is made 16 more; memory stays the same. A
    FILE that is there is replaced in one step, and sites that use it need no restart.
    """
    try:
        made = make(lines_of(lists), out, least=least)
    except ValueError as error:
        raise Failure(f"{out} is not made: {error}.") from error
    odds = 1 / made.false_positives if made.count else 0
    say(f"Made {out}: {made.count} passwords, {made.size} bytes.")
    if odds:
        say(f"Of passwords that are not on it, one in {odds:,.0f} is refused all the same.")


@passwords.command()
@click.option(
    "--milliseconds",
    default=250,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="How long the hash of a password may take, when nobody else signs in.",
)
def tune(milliseconds: int) -> None:
    """Measure what the hash of a password costs on this machine, and say what to write.

    Run it on the machine that serves the site, or the REST API of the directory. One line for each preset of the
    setting passwords.cost: its name, its cost (m: KiB of memory, t: passes, p: lanes), and the milliseconds of a hash.
    Then comes what to write.
    """
    times = {name: measured(cost) for name, cost in PRESETS.items()}
    for name, cost in PRESETS.items():
        say(name, cost, f"{times[name] * 1000:.0f} ms", widths=(8, 16))
    found = advice(times, milliseconds / 1000)
    if found.is_slow:
        say(f"No preset takes {milliseconds} ms or less on this machine. {found.cost} is the cheapest that is safe.")
    say(f"Write into stormpath.yaml, for about {found.seconds * 1000:.0f} ms:")
    say("passwords:")
    say(f"  cost: {found.cost}")
    say(f"or into the environment: STORMPATH_PASSWORDS_COST={found.cost}")
