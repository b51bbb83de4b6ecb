"""The tenant, who owns everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stormpath_wsgi import kinds
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.custom_data import HasCustomData

if TYPE_CHECKING:
    from stormpath_wsgi.client.account import Accounts
    from stormpath_wsgi.client.agent import Agent
    from stormpath_wsgi.client.application import Application
    from stormpath_wsgi.client.directory import Directory
    from stormpath_wsgi.client.group import Group
    from stormpath_wsgi.client.id_site import IdSite
    from stormpath_wsgi.client.mail import SmtpServer
    from stormpath_wsgi.client.organization import Organization


class Tenant(HasCustomData, kinds.Tenant):
    """The owner of everything below; one private space of names."""

    applications: kinds.Collection[Collection[Application]]
    directories: kinds.Collection[Collection[Directory]]
    organizations: kinds.Collection[Collection[Organization]]
    accounts: kinds.Collection[Accounts]
    groups: kinds.Collection[Collection[Group]]
    agents: kinds.Collection[Collection[Agent]]
    id_sites: kinds.Collection[Collection[IdSite]]
    smtp_servers: kinds.Collection[Collection[SmtpServer]]
