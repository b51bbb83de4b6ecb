"""What stands in place of our pages at a host that belongs to no organization, where each has a host of its own.

Source: the Stormpath framework specification, "multi-tenancy".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from webob import Request, Response

from stormpath_wsgi.pages.answer import hide_address, redirect
from stormpath_wsgi.pages.form import ORGANIZATION, Form, is_blank
from stormpath_wsgi.pages.parameters import read_body
from stormpath_wsgi.pages.refusal import Invalid, Refusal
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.texts import marked
from stormpath_wsgi.web.language import texts_of
from stormpath_wsgi.web.organizations import Place, asked, place_of

UNKNOWN = marked("There is no organization of that name here. Look at how it is spelt.")

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class OrganizationSelect:
    """The question which organization a visitor belongs to, at the domain itself; from other hosts a way there.

    Lives with the process; threads may share it.
    """

    def __init__(self, site: Site) -> None:
        self._site, self._settings = site, site.web.organization_select
        self._form = Form(self._settings.form)

    def __call__(self, request: Request) -> Response | None:
        """The answer to a browser; None: the page that was asked for is to be shown."""
        place = place_of(request.environ)
        if place is None or place.found is not None:
            return None
        if not place.is_parent:
            return redirect(place.address(request.environ))
        # No token is asked for: nothing changes by this form, it only leads to another host of the same domain.
        return self._choose(request, place) if request.method == "POST" else self._page(request, place)

    def _choose(self, request: Request, place: Place) -> Response:
        posted: Mapping[str, Any] = _NOTHING
        try:
            posted = read_body(request, self._site.max_body) or _NOTHING
            self._form.check_required(posted)
            return redirect(place.address(request.environ, self._name_key(posted)))
        except Refusal as refusal:
            return self._page(request, place, posted, refusal)

    def _name_key(self, posted: Mapping[str, Any]) -> str:
        """The key of an organization that there is. Raises :class:`Invalid`."""
        typed = posted.get(ORGANIZATION)
        found = None if is_blank(typed) else self._site.flows.organization(typed)
        if found is None:
            raise Invalid(UNKNOWN, field=ORGANIZATION)
        return found.name_key

    def _page(
        self, request: Request, place: Place, posted: Mapping[str, Any] = _NOTHING, refusal: Refusal | None = None
    ) -> Response:
        texts = texts_of(request.environ)
        answer = self._site.html(
            request,
            self._settings.view,
            200 if refusal is None or isinstance(refusal, Invalid) else refusal.status,
            # Browsers hold the redirect that follows a form to form-action as well.
            form_targets=(place.every_host,),
            site_name=self._site.about.name,
            action=asked(request.environ),
            fields=self._form.inputs(posted, texts, {} if refusal is None else refusal.wrong_fields(texts)),
            error=refusal and refusal.shown(texts),
        )
        return hide_address(answer)  # a link of a mail may lead here
