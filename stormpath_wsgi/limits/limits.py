"""What is limited: which tallies a sign-in, a registration and so on count against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Any

from stormpath_wsgi.errors import TooManyTries
from stormpath_wsgi.limits.limit import Limit, Tally
from stormpath_wsgi.limits.limiter import Limiter, Try
from stormpath_wsgi.limits.visitor import Visitor, visitor

#: Milliseconds for which a place in the queue of an account is kept, once it is due.
PLACE_LASTS = 300_000

# The names of the limits, as in the settings.
ACCOUNT, ACCOUNT_AND_ADDRESS, ADDRESS = "account", "accountAndAddress", "address"
WAITED, WAITED_AND_ADDRESS, KNOWN_BROWSER = "waited", "waitedAndAddress", "knownBrowser"
REGISTRATION, MAIL, MAIL_AND_ADDRESS, API_KEY, FACTOR = "registration", "mail", "mailAndAddress", "apiKey", "factor"


class Limits:
    """The limits of one directory or site. Threads may share it.

    *limits*: those that hold, by the names above; what is not among them is not limited. *limiter*: counts. The methods
    answer a block, see :meth:`.Limiter.trying`. Who tries is :func:`.visitor`. *scope*: the id of the tenant.
    """

    def __init__(self, limits: Mapping[str, Limit], limiter: Limiter) -> None:
        self._limits, self.limiter = limits, limiter

    @contextmanager
    def sign_in(self, scope: str, name: str, account_id: str | None, *, login: str | None = None) -> Iterator[Try]:
        """A password is compared in the block. *name*: that was given, in canonical form. *account_id*: whose it is.

        It counts for the account, however its name is written; for a name that no account has it counts for the name,
        with the same numbers, so that nothing tells which is which. A browser in which the account has signed in before
        has an allowance of its own. Who has to wait only because so many others try gets a place
        (:attr:`.TooManyTries.place`), and is let in with it however many others try meanwhile.
        """
        who = visitor()
        subject = (scope, "account", account_id) if account_id else (scope, "name", name)
        *others, last = self._ways(who, scope, subject, account_id)
        with ExitStack() as stack:
            yield self._enter(stack, others, last, login)

    def _ways(
        self, who: Visitor, scope: str, subject: tuple[str, ...], account_id: str | None
    ) -> Iterator[list[Tally]]:
        """What a sign-in of *who* may count against: the first that is open is taken."""
        facts = {"account_id": account_id}
        if account_id in who.accounts and who.browser is not None:
            yield self._tally(KNOWN_BROWSER, *subject, who.browser, **facts)
            return
        own = self._of_address(ACCOUNT_AND_ADDRESS, *subject, network=who.network, **facts)
        of_address = self._of_address(ADDRESS, scope, network=who.network, forgiven=False)
        if own and self._has_place(own[0], who):
            waited = self._tally(WAITED, *subject, **facts)
            yield [
                *own, *of_address, *waited,
                *self._of_address(WAITED_AND_ADDRESS, *subject, network=who.network, **facts),
            ]  # fmt: skip
        yield [*own, *of_address, *self._tally(ACCOUNT, *subject, **facts)]

    def _enter(self, stack: ExitStack, others: Iterable[list[Tally]], last: list[Tally], login: str | None) -> Try:
        """The try by the first way that is open. Raises TooManyTries when the *last* one is closed too."""
        for tallies in others:
            with suppress(TooManyTries):
                return stack.enter_context(self.limiter.trying(tallies, login=login))
        try:
            return stack.enter_context(self.limiter.trying(last, login=login))
        except TooManyTries as error:
            error.place = _place(last, error.waits)
            raise

    def forgive(self, scope: str, account_id: str) -> None:
        """Who tries has proved in another way to be the owner of the account, and may sign in with it at once.

        So it is forgiven what was tried from here, and what holds for new browsers everywhere. The address is not
        forgiven, nor are codes of second factors.
        """
        who, subject = visitor(), (scope, "account", account_id)
        tallies = [
            *self._tally(ACCOUNT, *subject, account_id=account_id),
            *self._of_address(ACCOUNT_AND_ADDRESS, *subject, network=who.network, account_id=account_id),
        ]
        if who.browser is not None:
            tallies += self._tally(KNOWN_BROWSER, *subject, who.browser, account_id=account_id)
        self.limiter.forgive(tallies)

    def registration(self, scope: str, *, login: str | None = None) -> AbstractContextManager[Try]:
        """Somebody makes an account in the block. It counts whether it succeeds or not."""
        return self.limiter.trying(
            self._of_address(REGISTRATION, scope, network=visitor().network, forgiven=False), login=login
        )

    def mail(self, scope: str, name: str, account_id: str | None) -> AbstractContextManager[Try]:
        """A mail is asked for in the block, for the account with that *name*, as in :meth:`sign_in`."""
        subject = (scope, "account", account_id) if account_id else (scope, "name", name)
        return self.limiter.trying(
            [
                *self._tally(MAIL, *subject, account_id=account_id),
                *self._of_address(MAIL_AND_ADDRESS, scope, network=visitor().network, forgiven=False),
            ]
        )

    def wrong_api_key(self, scope: str, address: str | None) -> None:
        """A wrong API key came from *address*. Raises :class:`~stormpath_wsgi.errors.TooManyTries` if too many do."""
        self.limiter.count(self._of_address(API_KEY, scope, network=Visitor(address).network))

    def factor(self, factor_id: str, account_id: str) -> AbstractContextManager[Try]:
        """A code of a second factor is compared in the block."""
        return self.limiter.trying(self._tally(FACTOR, factor_id, account_id=account_id))

    @contextmanager
    def factor_message(self, factor_id: str, account_id: str) -> Iterator[None]:
        """A code of a second factor is sent in the block. That counts nothing, but none is sent during a wait."""
        tallies = self._tally(FACTOR, factor_id, account_id=account_id, forgiven=False)
        with self.limiter.trying(tallies) as made:
            made.succeeded()
            yield

    def _has_place(self, own: Tally, who: Visitor) -> bool:
        if who.place is None or who.place[0] != own.key:
            return False
        return who.place[1] <= self.limiter.now() < who.place[1] + PLACE_LASTS

    def _of_address(self, name: str, *subject: str, network: str | None, **facts: Any) -> list[Tally]:
        return [] if network is None else self._tally(name, *subject, network, address=network, **facts)

    def _tally(self, name: str, *subject: str, **facts: Any) -> list[Tally]:
        """The tally of that limit; none where it does not hold."""
        limit = self._limits.get(name)
        return [] if limit is None else [Tally(name=name, limit=limit, subject=subject, **facts)]


def _place(tallies: Iterable[Tally], waits: Mapping[str, int]) -> tuple[str, int] | None:
    """A place for who waits only because others try the same account. *waits*: by the keys of those of *tallies* that
    have to wait. It is the same for each try during one wait, so nobody loses it by coming too soon.
    """
    own = next((tally for tally in tallies if tally.name == ACCOUNT_AND_ADDRESS), None)
    closed = [tally for tally in tallies if tally.key in waits]
    if own is None or [tally.name for tally in closed] != [ACCOUNT]:
        return None
    return own.key, waits[closed[0].key]
