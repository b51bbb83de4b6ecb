"""The way to the pages of an ID Site, which stand in the place of some of ours."""

from __future__ import annotations

from webob import Request

from stormpath_wsgi.pages.answer import Answer, redirect
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.session import session_of
from stormpath_wsgi.web.organizations import organization_of, place_of


def away(site: Site, request: Request, path: str | None = None, *, ends: bool = False) -> Answer:
    """Sends a visitor to the page *path* of the ID Site; with *ends*, to where he signs out of it."""
    here = organization_of(request.environ)
    address = site.flows.id_site.away(
        session_of(request.environ),
        _callback(site, request),
        path=path or None,
        wanted=site.wanted(request),
        organization_name_key=None if here is None or ends else here.name_key,
        ends=ends,
    )
    return redirect(address)


def _callback(site: Site, request: Request) -> str:
    """The whole address to which the visitor comes back: below the configured one, where one is. Another one the ID
    Site refuses, so that a request which names a wrong host leads nowhere.
    """
    path, place = site.web.at(site.web.callback.uri), place_of(request.environ)
    if site.web.base_url is not None and (place is None or place.found is None):
        return site.web.base_url + path
    return site.whole_link(request, path)
