"""The classes of the objects of every kind, in families.

Classes that refer to each other are in one module, :mod:`.tenant`: a tenant, and the resources that it owns. The others
are in modules of their own. No two modules import each other.
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

#: The class for each kind, by the title of the kind.
RESOURCES: Mapping[str, type[Resource]] = {
    title: vars(family)[title] for family in _FAMILIES for title in kinds.KINDS if title in vars(family)
}

#: The classes of collections with methods of their own, by the class of their resources.
COLLECTIONS: Mapping[type[Resource], type[Collection[Any]]] = {
    tenant.Account: tenant.Accounts,
    tenant.ApiKey: tenant.ApiKeys,
    tenant.Invitation: tenant.Invitations,
    tenant.LoginAttempt: tenant.LoginAttempts,
    tenant.VerificationEmail: tenant.VerificationEmails,
}
