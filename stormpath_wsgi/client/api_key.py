"""API keys: with which an account's own programs sign in."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Literal

from stormpath_wsgi import kinds
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.resource import HasStatus

if TYPE_CHECKING:
    from stormpath_wsgi.client.account import Account
    from stormpath_wsgi.client.tenant import Tenant


class ApiKey(HasStatus, kinds.ApiKey):
    """A key pair with which an account's own programs sign in to an API. It prints without its secret."""

    account: kinds.Link[Account]
    tenant: kinds.Link[Tenant]


class ApiKeys(Collection[ApiKey]):
    """The API keys of an account; or those of an application's accounts, which are looked up and never listed."""

    def get_key(self, id: str, secret: str | None = None) -> ApiKey | Literal[False]:
        """The key with that *id*, and with that *secret* if one is given; False when there is none.

        One that is disabled is found too. Of an application only keys of accounts that can sign in there are.
        """
        found = self.search({"id": id}).items if kinds.ID.match(id) else []
        if not found:
            return False
        (key,) = found
        if secret is not None and not hmac.compare_digest(key.secret.encode(), secret.encode("utf-8", "replace")):
            return False
        return key
