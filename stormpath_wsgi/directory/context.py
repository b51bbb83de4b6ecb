"""What every rule works with: whose data it is, when it is, and a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, select

from stormpath_wsgi.directory import schema
from stormpath_wsgi.directory.engine import Database
from stormpath_wsgi.directory.passwords import Passwords
from stormpath_wsgi.directory.paths import Listing, Resource
from stormpath_wsgi.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Work:
    """One transaction for one tenant. *now*: milliseconds since the epoch, UTC; the same to its end."""

    connection: Connection
    tenant_id: str
    base_url: str
    now: int

    def href(self, target: Resource | Listing) -> str:
        return f"{self.base_url}/{target.path}"


class Context:
    """What lives as long as the service. *tenant_id* None: the only tenant. *clock*: seconds since the epoch, UTC."""

    def __init__(
        self,
        database: Database,
        base_url: str,
        tenant_id: str | None,
        passwords: Passwords,
        clock: Callable[[], float],
    ) -> None:
        self.database, self.base_url, self.passwords, self.clock = database, base_url, passwords, clock
        self._tenant_id = tenant_id

    @contextmanager
    def read(self) -> Iterator[Work]:
        """Each statement sees what is committed when it starts."""
        with self.database.read() as connection:
            yield self.work(connection, self._tenant(connection))

    @contextmanager
    def write(self, *, moves_epoch: bool = True) -> Iterator[Work]:
        """*moves_epoch*: whether anything is changed that a cache may hold, as new resources do not."""
        with self.database.write(moves_epoch=moves_epoch) as transaction:
            yield self.work(transaction.connection, self._tenant(transaction.connection))

    def work(self, connection: Connection, tenant_id: str) -> Work:
        return Work(connection, tenant_id, self.base_url, int(self.clock() * 1000))

    def _tenant(self, connection: Connection) -> str:
        if self._tenant_id is None:
            found = connection.execute(select(schema.tenants.c.id).limit(2)).scalars().all()
            if len(found) != 1:
                raise ConfigurationError(
                    "the directory holds no tenant yet: run stormpath-wsgi init, or call bootstrap()"
                    if not found
                    else "the directory holds several tenants: say which one with tenant_id"
                )
            self._tenant_id = found[0]
        return self._tenant_id
