"""Web configurations: what the hosted pages of an application offer, and under which name. Stored; nobody hosts them.

Source: the web configuration in the resource reference of the REST API v1.
"""

from __future__ import annotations

from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.kinds import ApplicationWebConfig


def make(work: UnitOfWork, application_id: str) -> None:
    """The configuration of a new application. Its name is one that nobody else has, since nobody else has the id."""
    values = bodies.of_creation(ApplicationWebConfig, {}, work.base_url).values
    values[ApplicationWebConfig.dns_label.name] = application_id.lower()
    records.make(work, ApplicationWebConfig, application_id, values, application_id=application_id)
