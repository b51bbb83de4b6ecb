"""Web configurations: what the hosted pages of an application offer, and at which name. They are stored only: there are
no hosted pages.

Source: the web configuration in the resource reference of the REST API v1.
"""

from __future__ import annotations

from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.kinds import ApplicationWebConfig


def make(work: UnitOfWork, application_id: str) -> None:
    """Makes the configuration of a new application. Its domain name contains the application's id, so it is unique."""
    values = bodies.of_creation(ApplicationWebConfig, {}, work.base_url).values
    values[ApplicationWebConfig.dns_label.name] = application_id.lower()
    records.make(work, ApplicationWebConfig, application_id, values, application_id=application_id)
