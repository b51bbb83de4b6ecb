"""The tenant, and the resources of which it has one: hosted login pages, and a mail server."""

from __future__ import annotations

from typing import Any

from stormpath_wsgi.kinds.kind import Kind
from stormpath_wsgi.kinds.members import Array, Boolean, Choice, Collection, Duration, Integer, Link, Name, Part, Text
from stormpath_wsgi.kinds.timestamped import Timestamped
from stormpath_wsgi.kinds.values import DISABLED, ENABLED, SECOND, TEN_YEARS


class Tenant(Timestamped):
    """The owner of all other resources. Names are unique within one tenant."""

    path = "tenants"
    name = Name[str](length=(1, 255), writable="u")
    key = Text[str](length=(1, 63))
    custom_data = Part[Any]("CustomData")
    applications = Collection[Any]("Application")
    directories = Collection[Any]("Directory")
    organizations = Collection[Any]("Organization")
    accounts = Collection[Any]("Account")
    groups = Collection[Any]("Group")
    agents = Collection[Any]("Agent")
    id_sites = Collection[Any]("IdSite")
    smtp_servers = Collection[Any]("SmtpServer")


class IdSite(Kind):
    """The configuration of the hosted login pages of a tenant, which has one of them."""

    path = "idSites"
    domain_name = Text["str | None"](nullable=True, writable="u", search=True)
    tls_public_cert = Text[str](length=(0, 20_000), blank=True, default="", writable="u")
    tls_private_key = Text[str](length=(0, 20_000), blank=True, nullable=True, default="", encrypted=True, writable="u")
    git_repo_url = Text["str | None"](length=(0, 2000), nullable=True, writable="u")
    git_branch = Text["str | None"](nullable=True, writable="u")
    authorized_origin_uris = Array(default=[], writable="u")
    authorized_redirect_uris = Array(default=[], writable="u")
    logo_url = Text["str | None"](length=(0, 2000), nullable=True, writable="u")
    session_tti = Duration(minimum=SECOND, maximum=TEN_YEARS, default="PT5M", writable="u")
    session_ttl = Duration(minimum=SECOND, maximum=TEN_YEARS, default="PT5M", writable="u")
    session_cookie_persistent = Boolean(default=False, writable="u")
    tenant = Link[Any]("Tenant")


class SmtpServer(Timestamped):
    """The mail server of a tenant, which has at most one."""

    path = "smtpServers"
    creatable = True
    name = Name["str | None"](length=(0, 255), nullable=True, writable="cu", search=True, sort=True)
    description = Text["str | None"](length=(0, 1000), nullable=True, writable="cu", search=True, sort=True)
    username = Text[str](length=(1, 255), required=True, writable="cu")
    password = Text[str](length=(1, 1024), required=True, writable="cu", secret=True, encrypted=True)
    host = Text[str](length=(1, 255), required=True, writable="cu")
    port = Integer(minimum=1, maximum=65535, required=True, writable="cu")
    security_protocol = Choice("TLS", "SSL", nullable=True, writable="cu")
    status = Choice(ENABLED, DISABLED, default=ENABLED, writable="cu")
    tenant = Link[Any]("Tenant")
