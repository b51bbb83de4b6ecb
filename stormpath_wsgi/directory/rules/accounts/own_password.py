"""A new password that the owner of an account has chosen while being signed in, and who is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.directory.context import Context
from stormpath_wsgi.directory.mail.purposes import PASSWORD_CHANGED
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.accounts import accounts, password_policy
from stormpath_wsgi.directory.rules.mails import mailed_tokens, notices
from stormpath_wsgi.directory.rules.providers import providers
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import OwnPassword, Resource
from stormpath_wsgi.kinds import Account, PasswordChange


def change(context: Context, target: OwnPassword, properties: Any) -> Wire:
    """Sets ``password``, which ends all sessions of the account, and tells the account by mail.

    Returns the href of the account. Raises a 404, 2000 to 2008 for the password, and 7202 where the provider of its
    directory checks passwords.
    """
    sent = {"password": None, **properties} if isinstance(properties, Mapping) else properties
    body = bodies.of_update(PasswordChange, sent, {})
    new = password_policy.of_account(context, target.account_id, body.values["password"])
    with context.write(about=(target.account_id,)) as work:
        mailed_tokens.hold(work, target.account_id)
        account = records.load(work, Resource(Account, target.account_id))
        providers.refuse_change(work, account, {"password": None})
        accounts.set_password(work, target.account_id, new)
        notices.warn(work, PASSWORD_CHANGED, target.account_id)
    context.limits.forgive(work.tenant_id, target.account_id)
    return {"href": account["href"]}
