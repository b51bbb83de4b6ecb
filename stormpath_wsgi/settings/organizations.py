"""Organizations with a host each: below which domain, and the page where people choose one."""

from __future__ import annotations

from pydantic import Field

from stormpath_wsgi.settings.forms import OrganizationSelectForm
from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.types import TenancyStrategy


class MultiTenancySettings(Section):
    """Whether each organization has a host of its own."""

    enabled: bool = Field(
        False,
        description="Whether the host of a request says which organization it is for: acme.example.com is for the one "
        "with the nameKey acme, where web.domainName is example.com. Without web.domainName it has no effect.",
    )
    strategy: TenancyStrategy = Field(
        "subdomain", description="How that is found out: by the label in front of the domain; off: not at all."
    )


class OrganizationSelectSettings(Section):
    """What people see at the domain itself, in place of our pages: a field for the nameKey of their organization."""

    view: str = Field("organization-select", description="Its template.")
    form: OrganizationSelectForm = OrganizationSelectForm()
