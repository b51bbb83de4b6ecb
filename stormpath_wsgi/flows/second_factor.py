"""The second factor: a question of the sign-in that can be answered in several ways, and again in a session.

A :class:`Way` is one of them: the code of an authenticator app, a recovery code, and so on. Which ways an account has
is asked anew with each step. Without a pending sign-in the account that is signed in is asked: for what wants a proof
in this very session.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

from stormpath_wsgi.client import Account, Client, Factor, SecondFactor
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import FACTOR, Origin, ProvedAgain, SignInFailed
from stormpath_wsgi.flows.browser import Browsers
from stormpath_wsgi.flows.refusals import FactorRefused
from stormpath_wsgi.flows.sign_in import Finished, SignIn, Unfinished, Waived
from stormpath_wsgi.flows.trusted import TrustedBrowsers
from stormpath_wsgi.session import CurrentSession
from stormpath_wsgi.settings import SecondFactorSettings
from stormpath_wsgi.settings.second_factor import EVERYBODY

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """What an account can prove beside its password, as the directory has it now.

    *account*: an object of the client, loaded. *known*: what the directory says of its second factors; None: it is one
    of an older version, on another machine, which has no word for that. *older*: the factors that count there, by the
    resources that it does have, the oldest first.
    """

    account: Account
    known: SecondFactor | None = field(repr=False)
    older: tuple[Factor, ...] = field(default=(), repr=False)

    @property
    def version(self) -> str:
        """Another one when the second factors are others."""
        return "" if self.known is None else str(self.known.version)

    def factors(self, type: str) -> list[Mapping[str, Any]]:
        """The factors of that *type* that count, the oldest first: ``href``, ``name``, ``number``, ``created_at``; of
        an older directory the ``href`` alone.
        """
        if self.known is None:
            return [{"href": each.href} for each in self.older if each.type == type]
        return [each for each in self.known.factors if each["type"] == type]

    @property
    def recovery_codes(self) -> int:
        """How many recovery codes are left."""
        return 0 if self.known is None else self.known.recovery_codes


class Way(Protocol):
    """One way to prove a second factor. Lives with the process; threads share it."""

    #: What it is called, in addresses, pending sign-ins and events: up to 20 characters of ``a-z`` and ``-``.
    name: str
    #: Whether an account that has it is asked for a second factor. False: it only stands in for another one.
    counts: bool
    #: Whether :meth:`begin` sends something to somebody: then it is called once a person has asked for it, by POST.
    sends: bool

    def number(self, held: Held) -> int:
        """How many the account has of this; 0: it cannot be asked in this way. It is called at each sign-in."""

    def begin(self, session: CurrentSession, held: Held, ticket: str) -> Mapping[str, Any]:
        """Begins a challenge, and answers what a page shows of it, or a program is told; it goes out as JSON.

        *ticket*: 43 characters that only this browser has while it is asked for this; the same when it answers. Raises
        :class:`FactorRefused`, and :class:`~stormpath_wsgi.Error` when the directory fails.
        """

    def answer(self, session: CurrentSession, held: Held, given: Mapping[str, Any], ticket: str) -> None:
        """Returns if the answer is right, and never again for the same one.

        *given*: the fields that were sent, which may be anything; a code is in ``code``. Raises :class:`FactorRefused`,
        with the code ``FACTOR_CODE_WRONG`` for a wrong answer, and ``TOO_MANY_TRIES``; :class:`~stormpath_wsgi.Error`
        when the directory fails.
        """


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked, and in which ways it can be answered, the best first. None: something has to be set up first.

    *is_sign_in*: whether it is a pending sign-in, and not somebody who is signed in.
    """

    held: Held
    ways: tuple[Way, ...]
    is_sign_in: bool

    def way(self, name: object) -> Way:
        """The way with that *name*, which may be anything; None: the best. Raises :class:`FactorRefused`."""
        found = next((way for way in self.ways if name in (None, way.name)), None)
        if found is None:
            raise FactorRefused(Code.NOT_FOUND)
        return found


class SecondFactors:
    """The second factor of one application's sign-ins: a step of them. Lives with the process; threads may share it."""

    def __init__(
        self,
        client: Client,
        sign_in: SignIn,
        settings: SecondFactorSettings,
        browsers: Browsers,
        trusted: TrustedBrowsers,
    ) -> None:
        """*browsers*: what is known of who tries; *trusted*: the browsers that are not asked again."""
        self._client, self._sign_in, self._settings = client, sign_in, settings
        self._browsers, self.trusted = browsers, trusted
        self._events = client.events
        self.uri = settings.uri
        self._ways: tuple[Way, ...] = ()
        self._is_told = False

    def add_way(self, way: Way, *, first: bool = False) -> None:
        """Offer *way* from now on, after those that were added before, or before them."""
        self._ways = (way, *self._ways) if first else (*self._ways, way)

    def asks(self, account: Account, origin: Origin) -> str | Waived | None:
        """As a step of the sign-in: ``factor`` where the account has a second factor, or must have one."""
        if not self._settings.enabled:
            return None
        held = self.held(account)
        if not (self.counts(held) or self.must(account)):
            return None
        return Waived(FACTOR) if self.trusted.trusts(origin.environ, account, held.version) else FACTOR

    def owes(self, account: Account) -> bool:
        """Whether *account* has something that it is asked for after its password, be the browser remembered or not.

        False too for who must have a second factor and has none yet: that is set up at the next sign-in.
        """
        if not self._settings.enabled:
            return False
        held = self.held(account)
        return (self.counts(held) or self.must(account)) and any(way.number(held) for way in self._ways)

    def held(self, account: Account) -> Held:
        """What *account* can prove, as the directory has it now. Raises :class:`~stormpath_wsgi.Error`."""
        try:
            return Held(account, account.second_factor())
        except Error as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
        if not self._is_told:
            self._is_told = True
            log.warning(
                "The directory is of an older version: second factors are asked for at the sign-in, but there are no "
                "recovery codes, and nobody can add one. Update it."
            )
        return Held(account, None, _of_older(account))

    def counts(self, held: Held) -> bool:
        """Whether the account has a second factor of its own."""
        return self.number(held) > 0

    def number(self, held: Held) -> int:
        """How many second factors of its own the account has."""
        return sum(way.number(held) for way in self._ways if way.counts)

    def must(self, account: Account) -> bool:
        """Whether *account* must have a second factor."""
        return self._settings.enabled is not False and _is_among(account, self._settings.required_for)

    def may(self, account: Account) -> bool:
        """Whether *account* may set up a second factor."""
        return _is_among(account, self._settings.offered_to) or self.must(account)

    def asked(self, session: CurrentSession, text: object = None) -> Asked:
        """Who is asked by the pending sign-in *text*, which may be anything; None: by the session.

        Raises :class:`PendingRefused` for a text that is no good, and :class:`FactorRefused` when nobody is signed in
        by a session; :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        held = self.held(self._account(session, text))
        return Asked(held, tuple(way for way in self._ways if way.number(held)), is_sign_in=text is not None)

    def begin(self, session: CurrentSession, text: object, name: object) -> Mapping[str, Any]:
        """Begin the way *name*. Raises as :meth:`asked` and :meth:`Way.begin` do."""
        asked = self.asked(session, text)
        with self._browsers.trying(session):
            return asked.way(name).begin(session, asked.held, self.ticket(session, text))

    def answer(
        self, session: CurrentSession, text: object, name: object, given: Mapping[str, Any], *, trusts: bool = False
    ) -> Finished | Unfinished:
        """Answer in the way *name*, and go on with the pending sign-in *text*; None: the session has it proved.

        *trusts*: whether this browser is not to be asked again for a while. Raises as :meth:`asked` and
        :meth:`Way.answer` do.
        """
        asked = self.asked(session, text)
        way = asked.way(name)
        try:
            with self._browsers.trying(session):
                way.answer(session, asked.held, given, self.ticket(session, text))
        except FactorRefused as refused:
            if refused.code is not Code.TOO_MANY_TRIES:
                account = asked.held.account.href
                self._events.emit(SignInFailed(reason=refused.reason, account=account, credential=FACTOR))
            raise
        return self.proved(session, text, asked.held, way.name, trusts=trusts)

    def proved(
        self, session: CurrentSession, text: object, held: Held, by: str, *, trusts: bool = False
    ) -> Finished | Unfinished:
        """Go on: the caller has seen a right answer to the way *by*. The rest is as for :meth:`answer`."""
        if text is None:
            self._renew(session, held.account)
            result: Finished | Unfinished = Finished(held.account)
        else:
            result = self._sign_in.answered(session, text, FACTOR, by=by)
        if trusts:
            self.trusted.trust(session, held.account, held.version)
        return result

    def ticket(self, session: CurrentSession, text: object) -> str:
        """What only this browser has, while it is asked: the same for each request about one sign-in or session."""
        return self._sign_in.ticket(session, text)

    def _renew(self, session: CurrentSession, account: Account) -> None:
        """Another session in the place of this one, in which a second factor is proved. It is no younger than this."""
        begun = session.session
        try:
            session.sign_in(
                account,
                remember=session.remember,
                factor=session.now,
                started=None if begun is None else begun.started,
            )
        except Error as error:
            raise FactorRefused.of(error) from error
        self._events.emit(ProvedAgain(account=account.href, credential=FACTOR))

    def _account(self, session: CurrentSession, text: object) -> Account:
        if text is not None:
            question = self._sign_in.pending(session, text)
            if question.name != FACTOR:
                raise FactorRefused(Code.TOKEN_NOT_AUTHENTICATED)
            return question.account
        account = session.user.account
        if account is None or session.session is None:
            raise FactorRefused(Code.NO_SUCH_ACCOUNT)
        account.refresh()
        return account


def _of_older(account: Account) -> tuple[Factor, ...]:
    """The factors of *account* that count in a directory of an older version, by the documented resources."""
    try:
        return tuple(each for each in account.factors.order("createdAt") if each.is_enabled() and each.is_verified())
    except Error as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return ()  # it has no factors at all, or the account is gone


def _is_among(account: Account, wanted: tuple[str, ...]) -> bool:
    """Whether *account* is in one of the groups and directories *wanted*."""
    if not wanted:
        return False
    if EVERYBODY in wanted or account.directory.href in wanted:
        return True
    groups = account.held_groups()
    return any(group.href in wanted or group.name in wanted for group in groups)
