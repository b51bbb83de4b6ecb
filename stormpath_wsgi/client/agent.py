"""Agents: what is stored for the programs that mirror LDAP and Active Directory servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stormpath_wsgi import kinds
from stormpath_wsgi.client.resource import Resource

if TYPE_CHECKING:
    from stormpath_wsgi.client.directory import Directory
    from stormpath_wsgi.client.tenant import Tenant


class Agent(Resource, kinds.Agent):
    """What is stored for the program that mirrors a server. The ``config`` is a dictionary, whose changes are saved."""

    STATUS_ONLINE, STATUS_OFFLINE, STATUS_ERROR = kinds.Agent.status.values

    directory: kinds.Link[Directory]
    tenant: kinds.Link[Tenant]
    download: kinds.Part[Resource]
