"""The persons who are there when a site is developed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from stormpath_wsgi.client import Account
from stormpath_wsgi.directory.crypto import totp
from stormpath_wsgi.kinds import LOCKED, UNVERIFIED
from stormpath_wsgi.testing import TestSite
from stormpath_wsgi.testing.people import FactorName

ADMINS = "admins"


@dataclass(frozen=True)
class Ready:
    """Somebody who is there. *what*: what she is for; *is_admin*: whether she is in every group that is known."""

    name: str
    what: str
    is_admin: bool = False
    status: str | None = None
    factor: FactorName | None = None


READY = (
    Ready("ada", "A member, in no group"),
    Ready("grace", "In all groups that the site names, and in admins", is_admin=True),
    Ready("alan", "A member with an authenticator app", factor="totp"),
    Ready("mary", "Locked: may not sign in", status=LOCKED),
    Ready("joan", "Has not verified the address yet", status=UNVERIFIED),
)


def make_ready(site: TestSite) -> None:
    """Make those of :data:`READY` who are not there yet."""
    groups = sorted({ADMINS, *site.known_groups})
    for each in READY:
        if find(site, each.name) is None:
            status = {} if each.status is None else {"status": each.status}
            site.person(each.name, groups=groups if each.is_admin else (), factor=each.factor, **status)


def find(site: TestSite, name: str) -> Account | None:
    """The account of one of them; None: somebody has deleted it."""
    return next((each for each in site.application.accounts.search({"username": name}) if each.username == name), None)


def code_of(account: Account) -> str | None:
    """What the authenticator app of *account* shows now; None: there is none."""
    secrets: Iterator[str] = (factor.secret for factor in account.factors if not factor.is_sms())
    return next((totp.code_at(secret, int(time.time())) for secret in secrets), None)
