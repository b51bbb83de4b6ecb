"""The second factors of one's own account: seen, added, named and removed.

An authenticator app counts once the code that it shows was typed, a telephone once the code that was sent to it came
back. What was begun and never proved counts for nothing; a few such beginnings are kept, and more are removed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from stormpath_wsgi.client import Account, Client, Factor
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import FactorAdded, FactorRemoved, RecoveryCodesMade, reserved, told_of
from stormpath_wsgi.flows.fresh import Fresh
from stormpath_wsgi.flows.own import signed_in
from stormpath_wsgi.flows.refusals import FactorRefused
from stormpath_wsgi.flows.second_factor import Held, SecondFactors
from stormpath_wsgi.flows.ways import answer_sent, refused, typed
from stormpath_wsgi.kinds import GOOGLE_AUTHENTICATOR, ID, SMS, UNVERIFIED, id_of, parse_instant
from stormpath_wsgi.session import CurrentSession

#: How many factors of a type an account may have here, and how many beginnings.
MOST = 10
_MOST_BEGUN = 5

#: Characters of the longest telephone number that is read.
LONGEST_NUMBER = 64


@dataclass(frozen=True, slots=True)
class Own:
    """A second factor of an account that counts. *number*: of a telephone, in international form; None: of an app."""

    id: str
    name: str | None
    number: str | None
    made: dt.datetime


@dataclass(frozen=True, slots=True)
class NewApp:
    """An authenticator app that is being added. *secret*: what people type into it, in base 32. *uri*: what a QR code
    for it holds.
    """

    id: str
    secret: str = field(repr=False)
    uri: str = field(repr=False)


class OwnFactors:
    """Lives with the process; threads may share it."""

    def __init__(
        self,
        client: Client,
        fresh: Fresh,
        second: SecondFactors,
        issuer: Callable[[], str | None],
        sends: Callable[[Account], AbstractContextManager[object]],
    ) -> None:
        """*issuer*: answers what apps call the site. *sends*: a block in which a text message is sent, which counts."""
        self._client, self._fresh, self._second, self._issuer = client, fresh, second, issuer
        self._events, self._sends = client.events, sends

    def apps(self, held: Held) -> list[Own]:
        """The authenticator apps, the oldest first."""
        return [_own(each) for each in held.factors(GOOGLE_AUTHENTICATOR)]

    def phones(self, held: Held) -> list[Own]:
        """The telephones, the oldest first."""
        return [_own(each) for each in held.factors(SMS)]

    def begin_app(self, account: Account) -> NewApp:
        """Begin to add an authenticator app. Raises :class:`FactorRefused` for who may not, and with the code
        ``CONFLICT`` for who has :data:`MOST`; :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        held = self._may(account)
        if len(held.factors(GOOGLE_AUTHENTICATOR)) >= MOST:
            raise FactorRefused(Code.CONFLICT)
        self._tidy(account, GOOGLE_AUTHENTICATOR)
        issuer = self._issuer()
        wish = {"type": GOOGLE_AUTHENTICATOR, "account_name": account.email, **({"issuer": issuer} if issuer else {})}
        return _new_app(account.factors.create(wish))

    def app(self, account: Account, id: object) -> NewApp:
        """The app *id*, which may be anything, that is being added. Raises :class:`FactorRefused` for none."""
        return _new_app(self._begun(account, id, GOOGLE_AUTHENTICATOR))

    def prove_app(self, account: Account, id: object, code: object) -> None:
        """The app *id* counts from now on, if it shows *code*. Raises :class:`FactorRefused`."""
        factor, digits = self._begun(account, id, GOOGLE_AUTHENTICATOR), typed({"code": code})
        with self._adding(account, factor):
            if not factor.challenges.create({"code": digits}).is_successful():
                raise FactorRefused(Code.FACTOR_CODE_WRONG, field="code")

    def add_app(self, session: CurrentSession, id: object, code: object) -> list[str]:
        """The same for who is signed in, in whose session a second factor is proved by that. Returns new recovery
        codes, for who has none.

        Raises as :meth:`prove_app` does, and :class:`.FreshRequired` for a sign-in that is too old.
        """
        account = signed_in(session, FactorRefused)
        self._fresh.check(session)
        self.prove_app(account, id, code)
        return self.added(session, account, "app")

    def added(self, session: CurrentSession, account: Account, by: str) -> list[str]:
        """A factor was just added in the way *by*: the session has it proved. Returns new recovery codes, for who has
        none.
        """
        held = self._second.held(account)
        self._second.proved(session, None, held, by)
        return [] if held.recovery_codes else self.make_codes(account)

    def make_codes(self, account: Account) -> list[str]:
        """New recovery codes, which are told this once, in the place of those of before."""
        known = self._second.held(account).known
        if known is None:
            return []
        with reserved(RecoveryCodesMade) as kept:
            codes = known.make_recovery_codes()
        self._events.emit(told_of(kept, RecoveryCodesMade) or RecoveryCodesMade(account=account.href))
        return codes

    def new_codes(self, session: CurrentSession) -> list[str]:
        """The same for who is signed in and has a second factor. Raises :class:`FactorRefused`, and
        :class:`.FreshRequired` for a sign-in that is too old.
        """
        account = signed_in(session, FactorRefused)
        self._fresh.check(session)
        if not self._second.counts(self._second.held(account)):
            raise FactorRefused(Code.NOT_FOUND)
        return self.make_codes(account)

    def begin_phone(self, account: Account, number: object) -> str:
        """Begin to add a telephone: a code is sent to its *number*, which may be anything. Returns its id.

        Raises :class:`FactorRefused`, with the field ``number``; :class:`~stormpath_wsgi.Error` when the directory
        fails.
        """
        self._may(account)
        if not isinstance(number, str) or not 0 < len(number.strip()) <= LONGEST_NUMBER:
            raise FactorRefused(Code.PHONE_NUMBER_INVALID, field="number")
        self._tidy(account, SMS)
        try:
            with self._sends(account):
                made = account.factors.create({"type": SMS, "phone": {"number": number.strip()}}, challenge=True)
        except Error as error:
            raise FactorRefused.of(error, field="number") from error
        return id_of(made.href)

    def phone(self, account: Account, id: object) -> str:
        """The number of the telephone *id*, which may be anything, that is being added.

        Raises :class:`FactorRefused` for none.
        """
        return str(self._begun(account, id, SMS).phone.number)

    def add_phone(self, session: CurrentSession, id: object, code: object) -> list[str]:
        """The telephone *id* counts from now on, if *code* was sent to it. The rest is as for :meth:`add_app`."""
        account = signed_in(session, FactorRefused)
        self._fresh.check(session)
        factor, digits = self._begun(account, id, SMS), typed({"code": code})
        with self._adding(account, factor):
            answer_sent(factor, digits)
        return self.added(session, account, "sms")

    def rename(self, session: CurrentSession, id: object, name: object) -> None:
        """Give the factor *id* another *name*. Both may be anything. Raises :class:`FactorRefused`, and
        :class:`.FreshRequired` for a sign-in that is too old.
        """
        account = signed_in(session, FactorRefused)
        self._fresh.check(session)
        held = self._second.held(account)
        href = self._href(held, id)["href"]
        wanted = name.strip() if isinstance(name, str) else ""
        if not wanted:
            raise FactorRefused(Code.REQUIRED, field="name")
        try:
            if held.known is not None:
                held.known.name_factor(href, wanted)
        except Error as error:
            raise FactorRefused.of(error, field="name") from error

    def remove(self, session: CurrentSession, id: object) -> None:
        """Remove the factor *id*, which may be anything; with the last one that counts go the recovery codes.

        Raises :class:`FactorRefused`, with the code ``CONFLICT`` for the last one of who must have one;
        :class:`.FreshRequired` for a sign-in that is too old.
        """
        account = signed_in(session, FactorRefused)
        self._fresh.check(session)
        held = self._second.held(account)
        found = self._href(held, id)
        if self._second.must(account) and self.is_last(held):
            raise FactorRefused(Code.CONFLICT)
        factor = Factor(self._client, found["href"])
        with reserved(FactorRemoved) as kept, _gone():
            factor.delete()
        told = told_of(kept, FactorRemoved)
        self._events.emit(told or FactorRemoved(account=account.href, factor=found["href"], type=found["type"]))
        self.left(account)

    def left(self, account: Account) -> None:
        """A factor was removed: without one that counts, the recovery codes go too."""
        held = self._second.held(account)
        if held.known is not None and held.recovery_codes and not self._second.counts(held):
            held.known.remove_recovery_codes()

    def is_last(self, held: Held) -> bool:
        """Whether the account has one second factor, and no more. It is told before that is removed."""
        return self._second.number(held) == 1

    def forget_browsers(self, session: CurrentSession) -> None:
        """Have every browser asked for the second factor at the next sign-in. Raises :class:`FactorRefused`."""
        known = self._second.held(signed_in(session, FactorRefused)).known
        if known is not None:
            known.forget_remembered_browsers()

    def _may(self, account: Account) -> Held:
        held = self._second.held(account)
        if held.known is None or not self._second.may(account):
            raise FactorRefused(Code.NOT_FOUND)
        return held

    def _begun(self, account: Account, id: object, type: str) -> Factor:
        """The factor *id* of *account*, which was not proved yet. Raises :class:`FactorRefused`."""
        if not isinstance(id, str) or not ID.match(id):
            raise FactorRefused(Code.NOT_FOUND)
        factor = Factor(self._client, f"{self._client.base_url}/{Factor.path}/{id}")
        try:
            factor.refresh()
        except Error as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            raise FactorRefused(Code.NOT_FOUND) from error
        if factor.account.href != account.href or factor.type != type or factor.is_verified():
            raise FactorRefused(Code.NOT_FOUND)
        return factor

    def _href(self, held: Held, id: object) -> dict[str, Any]:
        for type in (GOOGLE_AUTHENTICATOR, SMS):
            for each in held.factors(type):
                if id_of(each["href"]) == id:
                    return dict(each)
        raise FactorRefused(Code.NOT_FOUND)

    def _tidy(self, account: Account, type: str) -> None:
        """Removes the oldest beginnings, where there are many."""
        begun = list(account.factors.query(type=type, verification_status=UNVERIFIED).order("created_at desc")[:50])
        for factor in begun[_MOST_BEGUN - 1 :]:
            with _gone():
                factor.delete()

    @contextmanager
    def _adding(self, account: Account, factor: Factor) -> Iterator[None]:
        """In this block a code of *factor* is compared, which is told if it was right."""
        try:
            with reserved(FactorAdded) as kept:
                yield
        except Error as error:
            raise refused(error) from error
        told = told_of(kept, FactorAdded)
        self._events.emit(told or FactorAdded(account=account.href, factor=factor.href, type=factor.type))


@contextmanager
def _gone() -> Iterator[None]:
    """What is removed in this block may be gone already."""
    try:
        yield
    except Error as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise


def _new_app(factor: Factor) -> NewApp:
    return NewApp(id_of(factor.href), factor.secret, factor.key_uri)


def _own(wire: Any) -> Own:
    return Own(id_of(wire["href"]), wire["name"], wire["number"], parse_instant(wire["created_at"]))
