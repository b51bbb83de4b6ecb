"""What every rule works with: the tenant, the time, a transaction, and the services of the directory."""

from __future__ import annotations

import copy
import datetime as dt
import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from sqlalchemy import Connection, select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory import sms
from stormpath_wsgi.directory.crypto.passwords import Passwords
from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.mail import Mail
from stormpath_wsgi.directory.providers import Providers
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.storage.tallies import DatabaseTallies
from stormpath_wsgi.directory.storage.uses import Use, Uses
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.errors import ConfigurationError, Unavailable, fault
from stormpath_wsgi.events import AfterEvent, B, Declined, Events
from stormpath_wsgi.kinds import Account
from stormpath_wsgi.limits import Limit, Limiter, Limits, Tallies
from stormpath_wsgi.passwords import PasswordCheck

log = logging.getLogger(__name__)


def _nothing(_: object) -> None:
    """Does nothing with what it is told."""


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """One transaction for one tenant.

    *now*: milliseconds since the epoch, UTC; it does not change during the transaction.
    """

    connection: Connection
    tenant_id: str
    base_url: str
    now: int
    secrets: Secrets
    mail: Mail
    #: The id of the API key that authenticated the request; None when the caller is in the same process.
    caller: str | None = None
    #: Whether the JWTs of tokens say for which application they are.
    names_audience: bool = False
    #: The ids of the mails in the outbox that are to be sent after the commit.
    queued: list[str] = field(default_factory=list)
    #: The events that are told once it is committed.
    told: list[AfterEvent] = field(default_factory=list)
    #: The uses of sessions and API keys that are noted when the transaction is over.
    used: list[Use] = field(default_factory=list)
    #: The ids of the accounts of which something has changed after all that a cache may hold, in a transaction that
    #: does not move the generation itself.
    outdated: set[str] = field(default_factory=set)
    #: Says in a write which account it concerns, see :meth:`.Transaction.concern`.
    concern: Callable[[str], object] = _nothing

    def href(self, target: Resource | Listing) -> str:
        """The address of *target*, below the base URL."""
        return f"{self.base_url}/{target.path}"

    def tell(self, kind: type[AfterEvent], account_id: str | None, **facts: Any) -> None:
        """Lets an event of *kind* about the account be told when the transaction is committed. None: about none."""
        account = None if account_id is None else self.href(Resource(Account, account_id))
        self.told.append(kind(time=_moment(self.now / 1000), account=account, **facts))


class Context:
    """What all transactions of a service share, for as long as the service exists.

    *tenant_id*: None means the only tenant of the database. *clock*: returns seconds since the epoch, UTC. *cache_ttl*:
    seconds that anything is remembered at the most. *events*: its listeners are told what happens. *limits*: how often
    something may be tried, by the names of the settings. *tallies*: where that is counted; None: in the database.
    *passphrase*: see :func:`.crypto.passwords.check_strength`. *password_check*: refuses new passwords that are easy to
    guess; None: nobody does. *names_audience*: see :attr:`UnitOfWork.names_audience`. *providers*: speaks to providers.
    """

    def __init__(
        self,
        database: Database,
        base_url: str,
        tenant_id: str | None,
        passwords: Passwords,
        clock: Callable[[], float],
        secrets: Secrets,
        mail: Mail,
        send_sms: sms.Send | None = None,
        *,
        cache_ttl: float = 60,
        events: Events | None = None,
        limits: Mapping[str, Limit] | None = None,
        tallies: Tallies | None = None,
        passphrase: int = 0,
        password_check: PasswordCheck | None = None,
        names_audience: bool = False,
        providers: Providers | None = None,
    ) -> None:
        self.database, self.base_url, self.passwords, self.clock = database, base_url, passwords, clock
        self.secrets, self.mail, self.cache_ttl = secrets, mail, cache_ttl
        self.passphrase, self.password_check, self.names_audience = passphrase, password_check, names_audience
        self.providers = providers or Providers()
        self.events = events or Events()
        #: How often something may be tried.
        self.limits = Limits(
            limits or {},
            Limiter(
                tallies or DatabaseTallies(database), self.events, href=self._account_href, clock=lambda: self.clock()
            ),
        )
        #: Called when there is mail in the outbox.
        self.deliver: Callable[[], object] = _nobody
        #: Called before a transaction is committed that tells events, and after that.
        self.record: Callable[[UnitOfWork], object] = _nothing
        self.recorded: Callable[[], object] = _nobody
        self._uses = Uses(lambda: self.clock())
        self.send_sms = send_sms or sms.default(database)
        self.caller: str | None = None
        self._tenant_id = tenant_id
        #: The id of the only tenant, and when it was looked up.
        self._found: tuple[str, float] | None = None

    def called_with(self, api_key_id: str) -> Self:
        """A copy of this context whose transactions have *api_key_id* as their :attr:`~UnitOfWork.caller`."""
        acting = copy.copy(self)
        acting.caller = api_key_id
        return acting

    @contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        """A transaction for reading. Each statement sees what is committed when it starts."""
        with self.database.read() as connection:
            work = self.work(connection, self._tenant(connection))
            yield work
        if work.used:
            self._uses.note(work.used, lambda: self.write(moves_generation=False))

    @contextmanager
    def snapshot(self) -> Iterator[UnitOfWork]:
        """A transaction for reading, whose statements all see what is committed when the first of them starts."""
        with self.database.snapshot() as connection:
            yield self.work(connection, self._tenant(connection))

    @contextmanager
    def write(self, *, moves_generation: bool = True, about: Collection[str] | None = None) -> Iterator[UnitOfWork]:
        """A transaction for writing: committed at the end of the block, undone when the block raises.

        *moves_generation*: whether it changes anything that a cache may hold. A new resource alone does not. *about*:
        the ids of the accounts that alone are concerned, see :meth:`.Database.write`; empty where
        :attr:`UnitOfWork.concern` says it in the block.
        """
        with self.database.write(moves_generation=moves_generation, about=about) as transaction:
            work = self.work(transaction.connection, self._tenant(transaction.connection), transaction.concern)
            yield work
            if work.told:
                self.record(work)
        if work.outdated and not moves_generation:
            self._move_generation(work.outdated)
        if work.queued:
            self.deliver()
        if work.told:
            self.recorded()
        for event in work.told:
            self.events.emit(event)

    def _move_generation(self, account_ids: Collection[str]) -> None:
        """Moves the generation by a transaction of its own, which may fail: what has changed stays changed."""
        try:
            with self.database.write(about=account_ids):
                pass
        except Unavailable as error:
            names = ", ".join(sorted(account_ids))
            log.warning("what is remembered of the account %s holds for some seconds more: %s", names, error)

    def href(self, target: Resource | Listing) -> str:
        """The address of *target*, below the base URL."""
        return f"{self.base_url}/{target.path}"

    def tell(self, kind: type[AfterEvent], account: str | None, **facts: Any) -> None:
        """Tells an event of *kind* about the account with the href *account* at once."""
        self.events.emit(kind(time=_moment(self.clock()), account=account, **facts))

    def ask(self, event: B) -> B:
        """*event* as the listeners have it. Raises 7110 when one refuses; call it while no transaction is open."""
        try:
            return self.events.before(event)
        except Declined as refused:
            raise fault(Code.REFUSED_BY_LISTENER, refused.message, message=refused.message) from refused

    def _account_href(self, id: str) -> str:
        return self.href(Resource(Account, id))

    def work(self, connection: Connection, tenant_id: str, concern: Callable[[str], object] = _nothing) -> UnitOfWork:
        """The unit of work for *tenant_id* on *connection*, whose transaction has begun. *concern*: see
        :attr:`UnitOfWork.concern`.
        """
        now = int(self.clock() * 1000)
        services = (self.secrets, self.mail, self.caller, self.names_audience)
        return UnitOfWork(connection, tenant_id, self.base_url, now, *services, concern=concern)

    def _tenant(self, connection: Connection) -> str:
        if self._tenant_id is not None:
            return self._tenant_id
        found, now = self._found, self.clock()
        if found is None or not found[1] <= now < found[1] + self.cache_ttl:
            found = self._found = _only_tenant(connection), now
        return found[0]


def _only_tenant(connection: Connection) -> str:
    found = connection.execute(select(schema.tenants.c.id).limit(2)).scalars().all()
    if len(found) != 1:
        raise ConfigurationError(
            "the directory holds no tenant yet: run stormpath-wsgi init, or call bootstrap()"
            if not found
            else "the directory holds several tenants: say which one with tenant_id"
        )
    tenant_id: str = found[0]
    return tenant_id


def _moment(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def _nobody() -> None:
    """Does nothing: there is nobody to wake up."""
