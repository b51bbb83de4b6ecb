"""Whether strangers find out who has an account, and how often they may guess."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stormpath_wsgi.doctor.check import Grade, Need, Seen, of_site
from stormpath_wsgi.doctor.connection import Answer
from stormpath_wsgi.doctor.site import Site, Skip, same
from stormpath_wsgi.doctor.statistics import FEWEST, tells_apart

#: Wrong passwords in a row, for one account, after which somebody should be held up.
PATIENT = 12

_WHY = "A list of addresses becomes a list of members: to be guessed at, or to be told."


def _differ(site: Site, known: Sequence[Answer], unknown: Sequence[Answer]) -> bool:
    """Whether the first answer for the account is another one than the first for nobody."""
    if not (known and unknown):
        raise Skip("the site held us up at once")
    return not same(known[0], unknown[0], _sent(site))


def _sent(site: Site) -> list[str]:
    """The login that was sent, which an answer may repeat."""
    return [] if site.account is None else [site.account.login]


def _slow(known: Sequence[Answer], unknown: Sequence[Answer]) -> bool:
    """Whether times tell them apart. Raises :class:`Skip` where there are too few."""
    if min(len(known), len(unknown)) < FEWEST:
        raise Skip("the site held us up before there were enough times to compare")
    return tells_apart([answer.seconds for answer in known], [answer.seconds for answer in unknown])


@of_site(
    "names-by-sign-in",
    "The sign-in tells which names have an account",
    Grade.MEDIUM,
    why=_WHY,
    mend="say the same for a wrong password and for an unknown name",
    docs="security",
    need=Need.ACCOUNT,
)
def by_sign_in(site: Site) -> Iterator[Seen]:
    """A wrong password gets another answer than an unknown name."""
    if _differ(site, *site.sign_ins):
        yield Seen("A wrong password gets another answer than an unknown name.", site.address(site.places.login))


@of_site(
    "names-by-sign-in-time",
    "The time of a sign-in tells which names have an account",
    Grade.LOW,
    why=_WHY,
    mend="hash a password for unknown names as well; our directory does",
    docs="security",
    need=Need.ACCOUNT,
)
def by_sign_in_time(site: Site) -> Iterator[Seen]:
    """A wrong password takes another time than an unknown name."""
    if _slow(*site.sign_ins):
        yield Seen("A wrong password takes another time than an unknown name.", site.address(site.places.login))


@of_site(
    "names-by-mail",
    "The page for a forgotten password tells which addresses have an account",
    Grade.MEDIUM,
    why=_WHY,
    mend="say the same for all addresses, and mail the rest",
    docs="mail",
    need=Need.OWN_ACCOUNT,
)
def by_mail(site: Site) -> Iterator[Seen]:
    """An address with an account gets another answer than one without."""
    if _differ(site, *site.forgotten):
        yield Seen("An address with an account gets another answer.", site.address(site.places.forgot))


@of_site(
    "names-by-mail-time",
    "The time of a forgotten password tells which addresses have an account",
    Grade.LOW,
    why=_WHY,
    mend="send mails after the answer, in another thread; our directory does",
    docs="mail",
    need=Need.OWN_ACCOUNT,
)
def by_mail_time(site: Site) -> Iterator[Seen]:
    """An address with an account takes another time than one without."""
    if _slow(*site.forgotten):
        yield Seen("An address with an account takes another time.", site.address(site.places.forgot))


@of_site(
    "names-by-registration",
    "Registration tells which addresses have an account",
    Grade.LOW,
    why=_WHY,
    mend="have addresses verified (verificationEmailStatus of the directory's policy), and leave tellsTaken off",
    docs="mail",
    need=Need.OWN_ACCOUNT,
)
def by_registration(site: Site) -> Iterator[Seen]:
    """A registration with a taken address gets another answer than one with a new one."""
    taken, new = site.registrations
    if not same(taken, new, _sent(site)):
        yield Seen("A taken address gets another answer than a new one.", site.address(site.places.register))


@of_site(
    "guessing",
    "Nobody who guesses passwords is held up",
    Grade.HIGH,
    why="Each common password can be tried for each account.",
    mend="limits: {enabled: true}",
    docs="security#guessing",
    need=Need.OWN_ACCOUNT,
)
def guessing(site: Site) -> Iterator[Seen]:
    """A dozen wrong passwords for one account are all looked at."""
    if site.account is None:
        raise Skip("it needs an account")
    for _ in range(PATIENT):
        if site.try_login(site.account.login).status in (403, 423, 429, 503):
            return
    yield Seen(f"{PATIENT} wrong passwords for one account were all looked at.", site.address(site.places.login))
