"""ID Site: one machine has the sign-in pages of many sites, beside the REST API that it serves.

A site sends a visitor to ``/sso`` with a signed request. He signs in on our own pages, as at any site of ours, and goes
back with a signed answer. Who has a session there already goes straight back.

:mod:`.asked` reads requests, :mod:`.kept` has a browser keep them, :mod:`.told` writes answers, :mod:`.hosted` is our
pages for one application, :mod:`.sites` makes these when they are asked for, and :mod:`.application` is the way in.

Source: the documented ID Site of the Stormpath REST API; RFC 7519.
"""

from __future__ import annotations

from stormpath_wsgi.id_site.application import IdSite, application

__all__ = ["IdSite", "application"]
