"""What a check is: a small thing that declares itself, and yields what it has seen."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

from stormpath_wsgi.doctor.setup import Setup
from stormpath_wsgi.doctor.site import Site


class Grade(IntEnum):
    """How bad a finding is. The higher the worse."""

    #: Good to know; an attacker gains little.
    INFO = 0
    #: A line of defence is missing, behind which others stand.
    LOW = 1
    #: Helps an attack that needs more than this.
    MEDIUM = 2
    #: Lets a stranger in, or tells him a secret.
    HIGH = 3

    def __str__(self) -> str:
        return self.name.lower()


class Need(IntEnum):
    """What a check needs of whoever runs the command, beside the site."""

    NOTHING = 0
    #: An account to sign in with.
    ACCOUNT = 1
    #: An account that was made for this run: mails are sent to it, and it may be locked out.
    OWN_ACCOUNT = 2


class Seen(NamedTuple):
    """What was seen, as a sentence, and *where*: an address of the site, or the source of a setting."""

    what: str
    where: str


#: A check of the site looks at its answers, one of the settings at a :class:`~stormpath_wsgi.doctor.setup.Setup`.
Look: TypeAlias = Callable[[Any], Iterator[Seen]]


@dataclass(frozen=True)
class Check:
    """One thing that can be wrong.

    *mend*: what to write, in a line. *why*: what an attacker makes of it, in a sentence. *docs*: the page of the
    documentation, perhaps with the label of a part of it (``security#guessing``). *subject*: what it looks at.
    """

    id: str
    title: str
    grade: Grade
    why: str
    mend: str
    docs: str
    subject: type[Site] | type[Setup]
    need: Need
    look: Look


@dataclass(frozen=True)
class Finding:
    """What a *check* has seen."""

    check: Check
    seen: Seen


def of_site(
    id: str, title: str, grade: Grade, *, why: str, mend: str, docs: str = "security", need: Need = Need.NOTHING
) -> Callable[[Callable[[Site], Iterator[Seen]]], Check]:
    """Declares the decorated function as a check of a site's answers, see :class:`Check`."""
    return functools.partial(Check, id, title, grade, why, mend, docs, Site, need)


def of_settings(
    id: str, title: str, grade: Grade, *, why: str, mend: str, docs: str = "settings"
) -> Callable[[Callable[[Setup], Iterator[Seen]]], Check]:
    """Declares the decorated function as a check of settings, and of the files that they name, see :class:`Check`."""
    return functools.partial(Check, id, title, grade, why, mend, docs, Setup, Need.NOTHING)
