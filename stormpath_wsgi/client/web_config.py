"""Web configurations: what the hosted pages of an application offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stormpath_wsgi import kinds
from stormpath_wsgi.client.resource import HasStatus

if TYPE_CHECKING:
    from stormpath_wsgi.client.api_key import ApiKey
    from stormpath_wsgi.client.application import Application
    from stormpath_wsgi.client.tenant import Tenant


class ApplicationWebConfig(HasStatus, kinds.ApplicationWebConfig):
    """What an application's hosted pages offer: ``web_config.me["expand"]["groups"] = True``."""

    signing_api_key: kinds.Link[ApiKey | None]
    application: kinds.Link[Application]
    tenant: kinds.Link[Tenant]
