"""What is limited: which tallies a sign-in, a registration and so on count against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Any

from stormpath_wsgi.errors import TooManyTries
from stormpath_wsgi.limits.limit import Limit, Tally, hashed
from stormpath_wsgi.limits.limiter import Limiter, Try
from stormpath_wsgi.limits.visitor import Visitor, visitor

#: Milliseconds for which a place in the queue of an account is kept, once it is due.
PLACE_LASTS = 300_000

# The names of the limits, as in the settings.
ACCOUNT, ACCOUNT_AND_ADDRESS, ADDRESS = "account", "accountAndAddress", "address"
WAITED, WAITED_AND_ADDRESS = "waited", "waitedAndAddress"
KNOWN_BROWSER, KNOWN_BROWSERS = "knownBrowser", "knownBrowsers"
REGISTRATION, MAIL, MAIL_AND_ADDRESS, API_KEY, FACTOR = "registration", "mail", "mailAndAddress", "apiKey", "factor"


class Limits:
    """The limits of one directory or site. Threads may share it.

    *limits*: those that hold, by the names above; what is not among them is not limited. *limiter*: counts. The methods
    answer a block, see :meth:`.Limiter.trying`. Who tries is :func:`.visitor`. *scope*: the id of the tenant, or of
    the application that a site is about.
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
        who, place_key = visitor(), None
        if who.network is not None:
            place_key = _key_of_place(scope, name, who.network)
        *others, last = self._ways(who, scope, _subject(scope, name, account_id), account_id, place_key)
        with ExitStack() as stack:
            yield self._enter(stack, others, last, place_key, login)

    def _ways(
        self, who: Visitor, scope: str, subject: tuple[str, ...], account_id: str | None, place_key: str | None
    ) -> Iterator[list[Tally]]:
        """What a sign-in of *who* may count against: the first that is open is taken.

        Who gets in takes back no more than his own try from what he shares with others: else a guesser would be
        forgiven each time that the owner signs in.
        """
        facts = {"account_id": account_id}
        if account_id in who.accounts and who.browser is not None:
            yield [
                *self._tally(KNOWN_BROWSER, *subject, who.browser, **facts),
                *self._tally(KNOWN_BROWSERS, *subject, **facts, forgivable=False),
            ]
            return
        own = [
            *self._of_address(ACCOUNT_AND_ADDRESS, *subject, network=who.network, **facts),
            *self._of_address(ADDRESS, scope, network=who.network, forgivable=False),
        ]
        if self._is_due(who.place, place_key):
            yield [
                *own,
                *self._tally(WAITED, *subject, **facts, forgivable=False),
                *self._of_address(WAITED_AND_ADDRESS, *subject, network=who.network, **facts),
            ]
        yield [*own, *self._tally(ACCOUNT, *subject, **facts, forgivable=False)]

    def _enter(
        self,
        stack: ExitStack,
        others: Iterable[list[Tally]],
        last: list[Tally],
        place_key: str | None,
        login: str | None,
    ) -> Try:
        """The try by the first way that is open. Raises TooManyTries when the *last* one is closed too."""
        for tallies in others:
            with suppress(TooManyTries):
                return stack.enter_context(self.limiter.trying(tallies, login=login))
        try:
            return stack.enter_context(self.limiter.trying(last, login=login))
        except TooManyTries as error:
            closed = [tally for tally in last if tally.key in error.waits]
            if place_key is not None and [tally.name for tally in closed] == [ACCOUNT]:  # only because of others
                error.place = (place_key, error.waits[closed[0].key])
            raise

    def _is_due(self, place: tuple[str, int] | None, key: str | None) -> bool:
        """Whether *place* is the one with that *key*, and its turn has come."""
        if place is None or place[0] != key:
            return False
        return place[1] <= self.limiter.now() < place[1] + PLACE_LASTS

    def forgive(self, scope: str, account_id: str) -> None:
        """Who tries has proved in another way to be the owner of the account, and may sign in with it at once.

        So it is forgiven what was tried from here, and what holds for new browsers everywhere. What was tried from the
        address with other accounts is not forgiven, nor are codes of second factors.
        """
        who, subject, facts = visitor(), _subject(scope, "", account_id), {"account_id": account_id}
        tallies = self._tally(ACCOUNT, *subject, **facts)
        for name in (ACCOUNT_AND_ADDRESS, WAITED_AND_ADDRESS):
            tallies += self._of_address(name, *subject, network=who.network, **facts)
        if who.browser is not None:
            tallies += self._tally(KNOWN_BROWSER, *subject, who.browser, **facts)
        self.limiter.forgive(tallies)

    def registration(self, scope: str, *, login: str | None = None) -> AbstractContextManager[Try]:
        """Somebody makes an account in the block. It counts whether it succeeds or not."""
        return self.limiter.trying(
            self._of_address(REGISTRATION, scope, network=visitor().network, forgivable=False), login=login
        )

    def mail(
        self, purpose: str, scope: str, name: str, account_id: str | None, *, to: str | None = None
    ) -> AbstractContextManager[Try]:
        """A mail is asked for in the block, for the account with that *name*, as in :meth:`sign_in`.

        *purpose*: what it is for. Each has tallies of its own, so that nobody can use up the mails of another one.
        *to*: the address that gets it, in canonical form, where that is not the account's own: then both count.
        """
        return self.limiter.trying(
            [
                *self._tally(MAIL, purpose, *_subject(scope, name, account_id), account_id=account_id),
                *([] if to is None else self._tally(MAIL, f"{purpose} to", *_subject(scope, to, None))),
                *self._of_address(MAIL_AND_ADDRESS, purpose, scope, network=visitor().network, forgivable=False),
            ]
        )

    def passkey(self, scope: str) -> AbstractContextManager[Try]:
        """What a passkey has answered is looked at in the block. Nobody guesses that, so no account is held up. The
        address counts, so that nobody has a directory look at any number of answers, and write each down.
        """
        return self.limiter.trying(self._of_address(ADDRESS, scope, network=visitor().network, forgivable=False))

    def provider(self, scope: str) -> AbstractContextManager[Try]:
        """What somebody has brought from a provider is shown to it in the block. Nobody guesses that, so no account is
        held up. The address counts, so that nobody has a directory ask a provider any number of times in vain.
        """
        return self.passkey(scope)

    def invitation(self, scope: str, name: str) -> AbstractContextManager[Try]:
        """An administrator has an invitation mailed in the block, to the address *name* in canonical form. Only the
        address counts: an administrator may invite any number of people from one machine.
        """
        return self.limiter.trying(self._tally(MAIL, "invitation", *_subject(scope, name, None)))

    def wrong_api_key(self, scope: str, address: str | None) -> None:
        """A wrong API key came from *address*. Raises :class:`~stormpath_wsgi.errors.TooManyTries` if too many do."""
        self.limiter.count(self._of_address(API_KEY, scope, network=Visitor(address).network))

    def factor(self, factor_id: str, account_id: str) -> AbstractContextManager[Try]:
        """A code of a second factor is compared in the block. A browser that knows the account counts by itself."""
        return self.limiter.trying(self._of_factor(factor_id, account_id))

    def factors(self, ids: Iterable[str], account_id: str) -> AbstractContextManager[Try]:
        """A code is compared in the block that may be of any of these factors. It counts for all of them."""
        return self.limiter.trying([tally for id in ids for tally in self._of_factor(id, account_id)])

    @contextmanager
    def factor_message(self, factor_id: str, account_id: str) -> Iterator[None]:
        """A code of a second factor is sent in the block. That counts nothing, but none is sent during a wait."""
        with self.limiter.trying(self._of_factor(factor_id, account_id, forgivable=False)) as made:
            made.succeeded()
            yield

    def _of_factor(self, factor_id: str, account_id: str, **facts: Any) -> list[Tally]:
        who = visitor()
        known = (who.browser,) if who.browser is not None and account_id in who.accounts else ()
        return self._tally(FACTOR, factor_id, *known, account_id=account_id, **facts)

    def _of_address(self, name: str, *subject: str, network: str | None, **facts: Any) -> list[Tally]:
        return [] if network is None else self._tally(name, *subject, network, address=network, **facts)

    def _tally(self, name: str, *subject: str, **facts: Any) -> list[Tally]:
        """The tally of that limit; none where it does not hold."""
        limit = self._limits.get(name)
        return [] if limit is None else [Tally(name=name, limit=limit, subject=subject, **facts)]


def _subject(scope: str, name: str, account_id: str | None) -> tuple[str, ...]:
    """What a tally is of: the account, or the *name* that no account has."""
    return (scope, "account", account_id) if account_id else (scope, "name", name)


def _key_of_place(scope: str, name: str, network: str) -> str:
    """Of the place of whoever tries that *name* from there. It stands in a cookie that the visitor can read, so it is
    the same whether an account has the name or not.
    """
    return hashed("place", scope, name, network)
