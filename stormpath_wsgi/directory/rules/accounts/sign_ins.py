"""Sign-ins as listeners see them: who is asked before, and who is told what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context
from stormpath_wsgi.directory.wire.paths import Resource
from stormpath_wsgi.errors import Error, TooManyTries, Unavailable
from stormpath_wsgi.events import SignInFailed, SignInStarts
from stormpath_wsgi.kinds import Account


@dataclass(slots=True)
class Attempt:
    """One that is being tried, with *login* and *password* as the listeners have them.

    *account_id*: whose name was given, once that is known.
    """

    credential: str
    login: str | None = None
    password: str = field(default="", repr=False)
    account_id: str | None = None


@contextmanager
def tried(
    context: Context, credential: str, *, login: str | None = None, password: str | None = None
) -> Iterator[Attempt]:
    """A sign-in that is tried in the block; what the block raises is told as its failure.

    That the directory cannot be asked, or has too much to do, or that it was tried too often, is no failure of who
    signs in. Raises 7110 when a listener refuses. Who succeeds is told by the block.
    """
    sign_in = Attempt(credential, login)
    try:
        asked = context.ask(SignInStarts(credential=credential, login=login, password=password))
        sign_in.login, sign_in.password = asked.login, asked.password or ""
        yield sign_in
    except (Unavailable, TooManyTries):  # nothing was looked at
        raise
    except Error as error:
        id, code = sign_in.account_id, Code.of(error.code)
        account = None if id is None else context.href(Resource(Account, id))
        reason = str(error.code) if code is None else code.name
        context.tell(SignInFailed, account, reason=reason, login=sign_in.login, credential=credential)
        raise
