"""The buttons that lead to other sites, such as Google: which there are, in which order, and what they look like; and
the addresses to which these sites send people back.

A mark is drawn here only where its owner's rules leave nothing to draw wrong: Microsoft's is four squares of given
colours. The other owners want their own files to be used, which the setting ``mark`` names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from webob import Request

from stormpath_wsgi.cookie import Cookie
from stormpath_wsgi.flows import SocialStore
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.settings.social import DOCUMENTED
from stormpath_wsgi.web.organizations import organization_of, place_of

#: The providers whose marks templates draw.
DRAWN = frozenset({"microsoft"})

#: Seconds for which a browser knows through which site somebody has signed in last: 400 days, the most that there is.
LASTS = 400 * 86_400

_PATH = "/%:@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True)
class Button:
    """One of them. *id*: of the provider. *label*: what it is called. *href*: where the button leads. *mark*: the
    address of its mark; None: none is known. *drawn*: whether the template draws one. *is_last*: whether somebody has
    signed in with it in this browser last.
    """

    id: str
    label: str
    href: str
    mark: str | None = None
    drawn: bool = False
    is_last: bool = False


class SocialButtons:
    """Lives with the process; threads may share it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._last = {https: Cookie("stormpath_last_way", secure=https or site.secure) for https in (False, True)}

    def shown(self, request: Request, **query: str | None) -> list[Button]:
        """All of them, in the order of the settings; others follow, as they are mapped. *query*: of their addresses."""
        found = [store.provider_id for store in self.stores(request)]
        last = self._last[request.scheme == "https"].texts(request.environ.get("HTTP_COOKIE", ""))
        return [self._button(request, id, query, is_last=id in last) for id in found]

    def stores(self, request: Request) -> list[SocialStore]:
        """The directories behind them, in the same order."""
        found = self._site.flows.social.offered(organization_href(request))
        order = self._site.web.social_sign_in.order
        first = [found[id] for id in order if id in found]
        return [*first, *(store for id, store in found.items() if id not in order)]

    def documents(self, request: Request) -> list[dict[str, Any]]:
        """The same for a single-page app, as the framework specification has it, in the order of the mappings."""
        found = self._site.flows.social.offered(organization_href(request))
        return [self._document(store) for store in found.values()]

    def label(self, provider_id: str) -> str:
        """What people call the provider with that id."""
        return self._site.web.social_of(provider_id).label_of(provider_id)

    def remember(self, request: Request, provider_id: str) -> tuple[str, str]:
        """The header that has the browser know that somebody has signed in with this provider last. It names nobody."""
        return self._last[request.scheme == "https"].header(provider_id, LASTS)

    def _button(self, request: Request, id: str, query: dict[str, str | None], *, is_last: bool) -> Button:
        site, social = self._site, self._site.web.social_of(id)
        href = site.link(request, site.web.start_uri(id), **query)
        mark = social.mark and site.link(request, social.mark)
        return Button(id, self.label(id), href, mark, drawn=mark is None and id in DRAWN, is_last=is_last)

    def _document(self, store: SocialStore) -> dict[str, Any]:
        provider: dict[str, Any] = {"href": store.provider, "providerId": store.provider_id}
        usual = DOCUMENTED.get(store.provider_id)
        scope = self._site.web.social_of(store.provider_id).scope or (usual and usual.scope)
        told = {"clientId": store.client_id, "scope": scope}
        provider |= {name: value for name, value in told.items() if value is not None}
        return {"href": store.href, "name": store.name, "provider": provider}


def social_context(site: Site, buttons: SocialButtons, request: Request) -> dict[str, Any]:
    """What the template of a page sees of the buttons: ``social``, and where they stand: ``social_first``."""
    shown = buttons.shown(request, next=site.wanted(request))
    return {"social": shown, "social_first": site.web.social_sign_in.place == "before"}


def organization_href(request: Request) -> str | None:
    """The href of the organization at whose host *request* is; None: at none."""
    organization = organization_of(request.environ)
    return None if organization is None else organization.href


def redirect_uri(site: Site, request: Request, provider_id: str) -> str:
    """The whole address to which the provider sends people back. No visitor has a say in it where ``web.baseUrl`` is
    set; at the host of an organization it is there.
    """
    path, base, place = site.web.callback_uri(provider_id), site.web.base_url, place_of(request.environ)
    if base is not None and (organization_of(request.environ) is None or (place is not None and not place.domain)):
        return base + quote(path, safe=_PATH)
    return site.whole_link(request, path)
