"""ID Sites: what is stored for the hosted login pages of a tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stormpath_wsgi import kinds
from stormpath_wsgi.client.resource import Resource

if TYPE_CHECKING:
    from stormpath_wsgi.client.tenant import Tenant


class IdSite(Resource, kinds.IdSite):
    """What is stored for the hosted login pages of a tenant, of which it has one set."""

    tenant: kinds.Link[Tenant]
