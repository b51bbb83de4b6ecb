"""Refresh tokens that rotate: each use gives another one, and the one before is not good any more.

All that follow each other are one row: a session stays the same place where somebody is signed in, however often its
token has rotated. The row counts, and each JWT says at which count it was written. So an old one is recognised for ever
and by every process, and nothing is kept for it.

Who uses an old one has a copy, or somebody else has: nobody can tell which of the two is the owner. So the whole
session ends, with all its tokens, and listeners are told. In two cases an old one is used in good faith: the answer
with the new one was lost, or two tabs of a browser use the same one at once. So for some seconds the one just before
the latest gets the latest one too, and nothing rotates.

Source: RFC 9700, section 4.14.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import bindparam, select, update

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rules.tokens.tokens import Signed
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.errors import fault
from stormpath_wsgi.events import RefreshTokenReused
from stormpath_wsgi.kinds import RefreshToken

#: Seconds for which the token before the latest one is good, unless the caller says otherwise.
GRACE = 10

_SECONDS = re.compile("[0-9]{1,5}")

_tokens = schema.refresh_tokens


class Reused(Exception):
    """A refresh token was used that has rotated. *id*, *account_id*: of the token and its account."""

    def __init__(self, id: str, account_id: str) -> None:
        super().__init__("a refresh token was used that has rotated")
        self.id, self.account_id = id, account_id


@dataclass(frozen=True, slots=True)
class Rotation:
    """What the caller wants. *rotates*: whether the token gets a successor. *grace*: milliseconds, see above."""

    rotates: bool
    grace: int

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """What the *fields* of the form say: ``rotate=true``, and ``grace`` in seconds. Raises 2006."""
        grace = fields.get("grace", str(GRACE))
        if not isinstance(grace, str) or not _SECONDS.fullmatch(grace):
            raise fault(Code.WRONG_FORMAT, "grace must be a number of seconds, such as 10.")
        return cls(fields.get("rotate") == "true", int(grace) * 1000)


def use(work: UnitOfWork, signed: Signed, wanted: Rotation) -> int:
    """Uses the refresh token, which is in the directory. Returns the count of the JWT that is good from now on.

    Raises :class:`Reused`. Of several who use it at the same moment one makes it rotate, whichever process asks.
    """
    used = signed.rotation
    if wanted.rotates and _rotates(work, signed):
        return used + 1
    count, rotated_at, account_id = work.connection.execute(_STATE, {"token_id": signed.id}).one()
    if used >= count:  # it may be higher: the database was put back to an earlier state
        return used
    # Not only since: the clock of another machine may be ahead.
    if used == count - 1 and abs(work.now - rotated_at) < wanted.grace:
        return int(count)
    raise Reused(signed.id, account_id)


def end(context: Context, reused: Reused) -> None:
    """Removes the refresh token with all that was made with it, and tells who listens, once."""
    with context.write(about=(reused.account_id,)) as work:
        if records.exist(work, RefreshToken, reused.id):
            records.remove(work, RefreshToken, reused.id)
            work.tell(RefreshTokenReused, reused.account_id)


def _rotates(work: UnitOfWork, signed: Signed) -> bool:
    """Whether this call has made the token rotate: another one may have been faster."""
    values = {"token_id": signed.id, "used": signed.rotation, "count": signed.rotation + 1, "moment": work.now}
    return work.connection.execute(_ROTATE, values).rowcount == 1


_STATE = select(_tokens.c.rotation, _tokens.c.rotated_at, _tokens.c.account_id).where(
    _tokens.c.id == bindparam("token_id")
)
_ROTATE = (
    update(_tokens)
    .where(_tokens.c.id == bindparam("token_id"), _tokens.c.rotation <= bindparam("used"))
    .values(rotation=bindparam("count"), rotated_at=bindparam("moment"))
)
