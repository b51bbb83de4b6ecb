"""The tenant, who owns everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stormpath_wsgi import kinds
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.custom_data import HasCustomData

if TYPE_CHECKING:
    from stormpath_wsgi.client.account import Account
    from stormpath_wsgi.client.application import Application
    from stormpath_wsgi.client.directory import Directory
    from stormpath_wsgi.client.group import Group


class Tenant(HasCustomData, kinds.Tenant):
    """The owner of everything below; one private space of names."""

    applications: kinds.Collection[Collection[Application]]
    directories: kinds.Collection[Collection[Directory]]
    accounts: kinds.Collection[Collection[Account]]
    groups: kinds.Collection[Collection[Group]]
