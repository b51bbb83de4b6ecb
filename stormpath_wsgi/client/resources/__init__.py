"""The objects of every kind, in families.

What names nothing above it has a module of its own. What names each other is in one, :mod:`.tenant`: a tenant, and what
it owns. No two modules import each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.client import custom_data
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.resource import Resource
from stormpath_wsgi.client.resources import mails, passwords, providers, saml, tenant

_FAMILIES = (tenant, mails, passwords, providers, saml, custom_data)

#: The class of the objects of each kind, by the kind's title, as links name it.
RESOURCES: Mapping[str, type[Resource]] = {
    title: vars(family)[title] for family in _FAMILIES for title in kinds.KINDS if title in vars(family)
}

#: The collections that know more than the others, by the class of what is in them.
COLLECTIONS: Mapping[type[Resource], type[Collection[Any]]] = {
    tenant.Account: tenant.Accounts,
    tenant.ApiKey: tenant.ApiKeys,
    tenant.LoginAttempt: tenant.LoginAttempts,
    tenant.VerificationEmail: tenant.VerificationEmails,
}
