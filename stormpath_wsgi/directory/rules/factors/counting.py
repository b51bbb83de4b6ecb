"""Which second factors count, and what is told when one begins or ceases to, whatever has brought that about.

A factor counts while it is ENABLED and VERIFIED, and its phone, where it has one, is ENABLED as well. Its owner is
asked for it at the sign-in, so he is told by mail when that changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ColumnElement, and_, exists, or_, select

from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.mail.purposes import WAY_ADDED, WAY_REMOVED
from stormpath_wsgi.directory.rules.mails import notices
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire.paths import Resource
from stormpath_wsgi.events import FactorAdded, FactorRemoved
from stormpath_wsgi.kinds import ENABLED, VERIFIED, Factor

_factors, _enabled = schema.factors, schema.phones.alias("enabled")

#: Whether a row of the table of factors counts.
COUNTS = and_(
    _factors.c.status == ENABLED,
    _factors.c.verification_status == VERIFIED,
    or_(
        _factors.c.phone_id.is_(None),
        exists().where(_enabled.c.id == _factors.c.phone_id, _enabled.c.status == ENABLED),
    ),
)


@contextmanager
def watching(work: UnitOfWork, which: ColumnElement[bool]) -> Iterator[None]:
    """In this block factors are changed or removed: *which* says of each row whether it is one of them."""
    before = _counting(work, which)
    yield
    after = _counting(work, which)
    for kind, notice, ids in (
        (FactorRemoved, WAY_REMOVED, before.keys() - after.keys()),
        (FactorAdded, WAY_ADDED, after.keys() - before.keys()),
    ):
        for id in sorted(ids):
            account_id, type = (before | after)[id]
            work.tell(kind, account_id, factor=work.href(Resource(Factor, id)), type=type)
            notices.warn(work, notice, account_id)


def _counting(work: UnitOfWork, which: ColumnElement[bool]) -> dict[str, tuple[str, str]]:
    """The account and the type of each factor that counts, by its id."""
    columns = (_factors.c.id, _factors.c.account_id, _factors.c.type)
    return {
        id: (account_id, type)
        for id, account_id, type in work.connection.execute(select(*columns).where(which, COUNTS))
    }
