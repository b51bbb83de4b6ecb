"""A run: every check, in order, and what came of it."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from stormpath_wsgi.doctor import checks
from stormpath_wsgi.doctor.check import Check, Finding, Grade, Need, Seen
from stormpath_wsgi.doctor.connection import TooSlow
from stormpath_wsgi.doctor.setup import Setup
from stormpath_wsgi.doctor.site import Site, Skip

#: Modules whose checks come last, in this order: their wrong passwords may have us held up.
_LAST = ("names",)

_NEEDS = {
    Need.ACCOUNT: "it needs an account: --login NAME, or --make-account",
    Need.OWN_ACCOUNT: "it needs an account of its own: --make-account",
}


@dataclass(frozen=True)
class Report:
    """What was found. *target*: what was looked at. *done*: the checks that were made. *left_out*: others, and why."""

    target: str
    done: Sequence[Check]
    findings: Sequence[Finding]
    left_out: Sequence[tuple[Check, str]]
    requests: int = 0

    @property
    def worst(self) -> Grade | None:
        """The grade of the worst finding; None: nothing was found."""
        return max((finding.check.grade for finding in self.findings), default=None)


@cache
def declared() -> tuple[Check, ...]:
    """Every check, in the order in which they are made."""
    names = [found.name for found in pkgutil.iter_modules(checks.__path__)]
    modules = [import_module(f"{checks.__name__}.{name}") for name in sorted(names, key=_order)]
    return tuple(check for module in modules for check in vars(module).values() if isinstance(check, Check))


def _order(name: str) -> tuple[int, str]:
    return (_LAST.index(name) + 1 if name in _LAST else 0), name


def examine(target: str, site: Site | None, setup: Setup | None) -> Report:
    """Makes all checks of the *site* and of its *setup*, where these are there. *target*: their name, for people."""
    done, findings, left_out = list[Check](), list[Finding](), list[tuple[Check, str]]()
    for check in declared():
        subject = site if check.subject is Site else setup
        try:
            found = [Finding(check, seen) for seen in _seen(check, subject)]
        except (Skip, TooSlow) as why:
            left_out.append((check, str(why)))
        else:
            done.append(check)
            findings += dict.fromkeys(found)
    findings.sort(key=lambda finding: -finding.check.grade)
    return Report(target, done, findings, left_out, 0 if site is None else site.asked)


def _seen(check: Check, subject: Site | Setup | None) -> Iterator[Seen]:
    """What *check* sees. Raises :class:`Skip` where it cannot be made."""
    if subject is None:
        raise Skip("it needs an address" if check.subject is Site else "it needs the settings: --config")
    if isinstance(subject, Site):
        has = Need.OWN_ACCOUNT if subject.is_own else Need.ACCOUNT if subject.account else Need.NOTHING
        if check.need > has:
            raise Skip(_NEEDS[check.need])
    return check.look(subject)
