"""Login: a username or e-mail address and a password are looked for in the account stores of an application, in order.

Every failure takes as long as verifying a password, so that the time does not tell whether an account exists. The
password is verified outside of any transaction, so that logins never wait for each other.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select, update

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows import expansion, records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.accounts import account_links, deletions
from stormpath_wsgi.directory.rules.accounts.sign_ins import Attempt, tried
from stormpath_wsgi.directory.rules.stores import qualifiers, stores
from stormpath_wsgi.directory.rules.stores.stores import Candidate, Scope
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.canonical import canonical_username
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.directory.wire.shapes import SHAPES
from stormpath_wsgi.errors import Unavailable, fault
from stormpath_wsgi.events import PASSWORD, SignedIn
from stormpath_wsgi.kinds import DISABLED, ENABLED, LOCKED, UNVERIFIED, Account, LoginAttempt

log = logging.getLogger(__name__)

_accounts, _passwords = schema.accounts, schema.passwords

#: Bytes of ``login:password``, as many as the base64 of an attempt holds.
_LONGEST = LoginAttempt.value.length[1] // 4 * 3


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A successful login: the *account* in its wire form, what tells it from others of its name at the application, and
    the id of the organization that the request named, if any.
    """

    account: Wire
    naming: Wire
    organization_id: str | None


def attempt(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """A login attempt: returns the account that signs in. Raises the errors of :func:`authenticate`.

    ``naming=true`` in *params*: the answer says as well what tells the account from others of its name.
    ``keeps=true``: a person signs in, so an account that is to be deleted is kept.
    """
    properties, store = stores.taken_out(properties)
    body = bodies.of_creation(LoginAttempt, properties, context.base_url)
    login, password = _decoded(body.values["value"])
    return _attempt(context, listing, login, password, store, params)


def attempt_with(
    context: Context, listing: Listing, login: str, password: str, properties: Any, params: Mapping[str, Any]
) -> Wire:
    """The same for a caller in this process, whose *login* and *password* need not be encoded to get here.

    *properties*: the rest of the attempt. Raises 2008 as well, where the two are longer than an encoded value may be.
    """
    if len(f"{login}:{password}".encode("utf-8", "surrogatepass")) > _LONGEST:
        raise fault(
            Code.TOO_LONG,
            f"LoginAttempt value exceeds the maximum length of {LoginAttempt.value.length[1]} characters.",
        )
    _, store = stores.taken_out(properties)
    return _attempt(context, listing, login, password, store, params)


def _attempt(
    context: Context, listing: Listing, login: str, password: str, store: Any, params: Mapping[str, Any]
) -> Wire:
    with tried(context, PASSWORD, login=login, password=password) as sign_in:
        signed_in = authenticate(context, listing.id, sign_in, store, keeps=params.get("keeps") == "true")
    account = signed_in.account
    answer: Wire = {"account": {"href": account["href"]}}
    if params.get("naming") == "true":
        answer[LoginAttempt.naming.wire] = signed_in.naming
    with context.read() as work:
        expansion.apply(work, [answer], expansion.parse(params.get("expand"), LoginAttempt), account=account)
    context.tell(SignedIn, account["href"], credential=sign_in.credential)
    return answer


def authenticate(
    context: Context,
    application_id: str,
    sign_in: Attempt,
    account_store: Any = None,
    name_key: Any = None,
    *,
    keeps: bool = False,
) -> Authenticated:
    """Finds the account that signs in to an application with *login* and *password*, or one that is linked to it.

    *account_store* and *name_key*: the values in the request, see :func:`.stores.scope`. *keeps*: whether an account
    that is to be deleted is kept by this (:mod:`.deletions`). Raises 5105, 4605, 5114 and
    2016 for the account stores, 7100 to 7107 for the account, and :class:`~stormpath_wsgi.errors.TooManyTries` before
    anything is hashed when it was tried too often. The ``passwordModifiedAt`` of the account belongs to
    the verified password, so that a session is made only while the account still has that password (:mod:`.tokens`).
    """
    context.passwords.expect_turn()
    login = sign_in.login or ""
    with context.read() as work:
        scope, tenant_id = stores.scope(work, application_id, account_store, name_key), work.tenant_id
        if scope.is_empty:
            raise fault(
                Code.APPLICATION_WITHOUT_STORES if scope.organization_id is None else Code.ORGANIZATION_WITHOUT_STORES
            )
        found = stores.find(work, scope, login)
    sign_in.account_id = found.account_id if found else None
    with context.limits.sign_in(tenant_id, canonical_username(login), sign_in.account_id, login=login) as made:
        if found is None:
            context.passwords.verify_decoy(sign_in.password)
            raise fault(Code.NO_SUCH_ACCOUNT)
        proved, new_hash = context.passwords.verify_and_update(sign_in.password, found.hash)
        if not proved:
            raise fault(Code.WRONG_PASSWORD)
        if keeps and found.status == DISABLED and deletions.keep(context, found.account_id):
            found = found._replace(status=ENABLED)
        _check(found)  # a right password that does not let in counts like a wrong one, which it must look like
        made.succeeded()
    if new_hash is not None:
        _replace_hash(context, found, new_hash)
    with context.read() as work:
        return Authenticated(*_answered(work, scope, found), scope.organization_id)


def _decoded(value: str) -> tuple[str, str]:
    """The login and the password in *value*, which is base64 of ``login:password``. Raises 2006."""
    try:
        text = base64.b64decode(value, validate=True).decode("utf-8", "surrogatepass")
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    login, separator, password = text.partition(":")
    if not separator:
        raise fault(Code.WRONG_FORMAT, "LoginAttempt value must be base64 of login:password in UTF-8.")
    return login, password


def _check(found: Candidate) -> None:
    """Raises if the account may not sign in.

    Called only after the password was right, so that strangers learn nothing.
    """
    check_account(found.status)
    if found.group_status == DISABLED:
        raise fault(Code.GROUP_DISABLED)
    if found.directory_status == DISABLED:
        raise fault(Code.DIRECTORY_DISABLED)
    if found.organization_status == DISABLED:
        raise fault(Code.ORGANIZATION_DISABLED)


def check_account(status: str) -> None:
    """Raises 7101 to 7103 for an account of that *status* that may not sign in."""
    if status == DISABLED:
        raise fault(Code.ACCOUNT_DISABLED)
    if status == UNVERIFIED:
        raise fault(Code.ACCOUNT_NOT_VERIFIED)
    if status == LOCKED:
        raise fault(Code.ACCOUNT_LOCKED)


def _answered(work: UnitOfWork, scope: Scope, found: Candidate) -> tuple[Wire, Wire]:
    """The account that was found, or the account that it is linked to in the default account store; and its naming."""
    answer = _account_of(work, scope, found)
    if found.linking_status != ENABLED:
        return answer
    linked_id = account_links.counterpart(work, scope, found.account_id)
    if linked_id is None:
        return answer
    linked = records.load(work, Resource(Account, linked_id))
    check_account(linked["status"])  # the linked account must be allowed to sign in as well
    row = work.connection.execute(_naming(), {"id": linked_id, "application_id": scope.application_id}).one()
    return linked, qualifiers.naming(row.is_home, row.qualifier)


def _account_of(work: UnitOfWork, scope: Scope, found: Candidate) -> tuple[Wire, Wire]:
    """The account as it is now, and its naming. Raises 7100 if its password was changed while the given one was
    verified.
    """
    given = {"id": found.account_id, "position": found.position, "application_id": scope.application_id}
    row = work.connection.execute(_proved(), given).first()
    if row is None:
        raise fault(Code.WRONG_PASSWORD)
    return records.wire(work, Resource(Account, found.account_id), row), qualifiers.naming(row.is_home, row.qualifier)


def _replace_hash(context: Context, found: Candidate, hash: str) -> None:
    """Stores the hash of the same password in the current format.

    This is no change of the password, and may fail silently.
    """
    try:
        with context.write(moves_generation=False) as work:
            work.connection.execute(
                update(_passwords)
                .where(
                    _passwords.c.account_id == found.account_id,
                    _passwords.c.position == found.position,
                    _passwords.c.hash == found.hash,  # only if the hash was not changed meanwhile
                )
                .values(hash=hash)
            )
    except Unavailable as error:
        log.warning("the password of account %s keeps its old format: %s", found.account_id, error)


@cache
def _proved() -> Select[Any]:
    """The statement for an account, which finds it only while its newest password is the one at a given position."""
    newest = stores.newest() == bindparam("position")
    # What comes first is read by its place.
    columns = [*SHAPES[Account].columns, *qualifiers.naming_columns(_accounts.c.directory_id)]
    return select(*columns).where(_accounts.c.id == bindparam("id"), newest)


@cache
def _naming() -> Select[bool, str]:
    """The statement for the naming of an account."""
    return select(*qualifiers.naming_columns(_accounts.c.directory_id)).where(_accounts.c.id == bindparam("id"))
