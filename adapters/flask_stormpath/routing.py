"""Addresses of our pages in an app's URL map. The pages are the same on every host that the app answers to."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from flask import Flask, has_request_context
from flask.globals import app_ctx, request_ctx

#: In a rule: the host, or the part of it before SERVER_NAME, that the address is built for.
_HOST = "stormpath_host"

#: What the endpoints of our pages begin with.
PREFIX = "stormpath."


def add_page(app: Flask, name: str, path: str) -> None:
    """Let ``url_for("stormpath.NAME")`` be *path*, on the host the visitor is on. The middleware answers there."""
    for options in _hosts(app, served=False):
        app.add_url_rule(path, PREFIX + name, build_only=True, **options)


def add_view(app: Flask, name: str, path: str, view: Callable[..., Any], methods: Collection[str]) -> None:
    """The same for a page that the app itself serves, by *view*."""
    for options in _hosts(app, served=True):
        app.add_url_rule(path, PREFIX + name, view, methods=methods, **options)


def stay_on_the_host(app: Flask) -> None:
    """Have the host filled in where addresses of our pages are built.

    Flask builds a rule without a host for the app's default host (``subdomain_matching``), or for none at all
    (``host_matching``). A visitor of another one would be led away from it, and from his session.
    """
    if matches_hosts(app):
        app.url_defaults(_fill_in_host)


def _hosts(app: Flask, *, served: bool) -> list[dict[str, Any]]:
    if not matches_hosts(app):
        return [{}]
    if app.url_map.host_matching:
        return [{"host": f"<{_HOST}>"}]
    # A variable builds every subdomain. It matches every one but the empty one.
    return [{"subdomain": f"<{_HOST}>"}, *([{"subdomain": ""}] if served else [])]


def matches_hosts(app: Flask) -> bool:
    """Whether *app* has rules for single hosts."""
    return app.url_map.host_matching or app.subdomain_matching


def _fill_in_host(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint.startswith(PREFIX):
        context = request_ctx if has_request_context() else app_ctx
        if (adapter := context.url_adapter) is not None:
            here = adapter.server_name if adapter.map.host_matching else adapter.subdomain
            values.setdefault(_HOST, here)
