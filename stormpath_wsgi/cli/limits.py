"""The command ``stormpath-wsgi limits``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click

from stormpath_wsgi.cli.command import MOST_TALLIES, directory_here, with_settings
from stormpath_wsgi.cli.printing import say
from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.errors import Error, Unavailable
from stormpath_wsgi.limits import Count
from stormpath_wsgi.limits.limit import seconds
from stormpath_wsgi.limits.limits import ADDRESS, API_KEY, KNOWN_BROWSER, MAIL_AND_ADDRESS, REGISTRATION
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.web.address import Proxies, may_be_proxy

#: The limits that hold for all accounts together.
_OF_ALL_ACCOUNTS = frozenset({ADDRESS, API_KEY, MAIL_AND_ADDRESS, REGISTRATION})

#: Characters of the columns of a wait: the seconds, the limit, the account.
_OF_WAITS = (8, 17, 32)


@click.command()
@click.option(
    "--longest",
    type=click.IntRange(0, 1000),
    default=10,
    show_default=True,
    metavar="N",
    help="How many waits to list.",
)
@with_settings
def limits(settings: Settings, longest: int) -> None:
    """Show how much is counted against those who try too often, and who has to wait now.

    First one line for each limit: its name, how many tallies there are, and how many of them wait. Then the longest
    waits, one a line: the seconds that are left, the limit, the account, the address. A name that no account has is not
    shown: people type passwords where names belong.
    """
    with directory_here(settings, "limits") as service:
        if not settings.limits.enabled:
            click.echo("Only codes of second factors are counted: limits.enabled is false.", err=True)
        now = service.limits.limiter.now()
        found = list(service.limits.limiter.tallies.counts(now, MOST_TALLIES))
        waiting = [count for count in found if count.until > now]
        _say_numbers(found, waiting)
        for count in waiting[:longest]:
            left = f"{seconds(count.until - now)} s"
            say(left, count.name, _account(service, count), _address(count), widths=_OF_WAITS)
    if len(found) == MOST_TALLIES:
        click.echo(f"There are more than {MOST_TALLIES} tallies; those with the longest waits were counted.", err=True)
    if (missed := _missed(settings, found, waiting)) is not None:
        click.echo(
            f"The only address that has to wait is {missed}. If that is a proxy of your own, and no visitor, name it "
            "in the setting proxies.",
            err=True,
        )


def _say_numbers(found: Sequence[Count], waiting: Sequence[Count]) -> None:
    if not found:
        say("Nothing is counted against anybody.")
    tallies, waits = Counter(count.name for count in found), Counter(count.name for count in waiting)
    for name in sorted(tallies):
        say(name, f"tallies {tallies[name]}", f"waiting {waits[name]}")


def _account(service: DirectoryService, count: Count) -> str:
    """Whom it is about, without a name that somebody has typed."""
    if count.name in _OF_ALL_ACCOUNTS:
        return "all accounts"
    if count.account_id is None:
        return "no such account"
    try:
        return str(service.get(f"accounts/{count.account_id}")["email"])
    except Unavailable:
        raise
    except Error:
        return "an account that is gone"


def _address(count: Count) -> str:
    if count.address is not None:
        return count.address
    return "a known browser" if count.name == KNOWN_BROWSER else "all addresses"


def _missed(settings: Settings, found: Sequence[Count], waiting: Sequence[Count]) -> str | None:
    """The only address that has to wait, if it may be that of a proxy which was not named.

    That is an address nearby from which more than one account is tried. It can be a visitor's all the same, and who
    names a visitor lets him say that he is somebody else: so what is printed is no line to paste.
    """
    addresses = {count.address for count in waiting if count.address is not None}
    if len(addresses) != 1:
        return None
    address = addresses.pop()
    accounts = {count.account_id for count in found if count.address == address and count.account_id is not None}
    first = address.partition("/")[0]  # an address of IPv6 counts as its network
    is_near = may_be_proxy(first) and not Proxies(settings.proxies).has(first)
    return address if is_near and len(accounts) > 1 else None
