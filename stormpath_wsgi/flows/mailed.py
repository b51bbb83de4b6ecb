"""Tokens that were mailed: how their text is read, and what a flow does with what a directory says of them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, TypeAlias

from stormpath_wsgi.client import Account, Application, Directory, Group, Organization
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.flows.refusals import CodeRefused, FlowRefused, TokenRefused
from stormpath_wsgi.kinds import ENABLED

#: Where only to look for an account: the client's object, an href, or a document of the wire.
AccountStore: TypeAlias = Directory | Group | Organization | Mapping[str, str] | str

log = logging.getLogger(__name__)

#: What a mailed code is for.
RESET, VERIFICATION = "reset", "verification"

#: The form of what people type as a code.
_CODE = re.compile(r"(?=.*\S).{1,64}")

#: What a token consists of, a JSON Web Token or an id. Ours have a third of its length at the most.
_TOKEN = re.compile(r"[0-9A-Za-z._~-]{1,1024}")


def checked(token: object) -> str:
    """*token*, which may be anything. Raises :class:`TokenRefused` for what can be none, and asks no directory."""
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise TokenRefused(Code.NOT_FOUND)
    return token


def within(account_store: AccountStore | None) -> Mapping[str, AccountStore]:
    """What a request for a mail says of the *account_store* in which the account is; None: nothing."""
    return {} if account_store is None else {"account_store": account_store}


def mailed_to(application: Application, account: Account, refused: type[FlowRefused]) -> bool:
    """Mails *account*, and no other one of that address, a link for a new password. Returns whether one is on its way:
    it is not where the directory of the account mails none. Raises *refused* where it was asked for too often.
    """
    if account.directory.password_policy.reset_email_status != ENABLED:
        return False
    for store in (account.directory, *account.groups):  # of its stores, one is mapped to the application
        try:
            application.password_reset_tokens.create({"email": account.email, **within(store)})
        except Error as error:
            refusal = refused.of(error)
            if refusal.code is Code.TOO_MANY_TRIES:
                raise refusal from error
            if refusal.code not in (Code.UNKNOWN_RESOURCE, Code.STORE_NOT_MAPPED):
                raise
        else:
            return True
    return False


def answered(application: Application, purpose: str, ticket: str, code: object) -> dict[str, Any]:
    """What a directory answers to a *code*, which may be anything. Raises :class:`CodeRefused` for a wrong one."""
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        code = "-"  # which is no code, and counts as an answer like any other
    try:
        return application.answer_mailed_code(purpose, ticket, code)
    except Error as error:
        raise CodeRefused.of(error) from error


@contextmanager
def asking() -> Iterator[None]:
    """In this block a directory is asked about a token. A 404 says that it is none, whatever the reason."""
    try:
        yield
    except Error as error:
        if error.status == HTTPStatus.NOT_FOUND:
            raise TokenRefused(Code.NOT_FOUND, error=error) from error
        raise


@contextmanager
def mailing(refused: type[FlowRefused]) -> Iterator[None]:
    """In this block a directory is asked to mail a token. Whether it does is nobody's business but the log's.

    Raises *refused* where mails were asked for too often.
    """
    try:
        yield
    except Error as error:
        refusal = refused.of(error)
        if refusal.code is Code.TOO_MANY_TRIES:
            raise refusal from error
        log.info("No mail is sent: %s", refusal.reason)
