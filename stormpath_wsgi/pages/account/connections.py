"""Other sites, such as Google, among the ways to sign in: which are connected, and which can be."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from webob import Response

from stormpath_wsgi.codes import Code
from stormpath_wsgi.flows import CONNECT as TO_CONNECT
from stormpath_wsgi.flows import Connection, SocialRefused
from stormpath_wsgi.pages.account.section import Action, Done, Visit
from stormpath_wsgi.pages.refusal import Refusal, Wait
from stormpath_wsgi.pages.sentences import SENTENCES
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.pages.social_links import SocialButtons, organization_href, redirect_uri
from stormpath_wsgi.texts import marked

#: The panel, and the actions of the forms.
CONNECT, DISCONNECT = "connect", "disconnect"

#: The template of the page that leads to another site.
LEAVING = "leaving"

NOT_CONNECTED = marked("Nothing was connected. Try again.")
ELSEWHERE = marked("That account is connected with another account here.")
NOT_THERE = marked("That connection is not one of yours.")


class ConnectionRows:
    """The rows of other sites, and the panel in which one is disconnected."""

    panels: Mapping[str, bool] = {DISCONNECT: True}
    statuses: Mapping[str, str] = {
        "connected": marked("It is connected. You can sign in with it."),
        "disconnected": marked("It is not connected any more, and does not sign you in."),
    }
    troubles: Mapping[str, str] = {"not-connected": NOT_CONNECTED, "connected-elsewhere": ELSEWHERE}

    def __init__(self, site: Site) -> None:
        self.site, self._buttons = site, SocialButtons(site)
        self.actions: Mapping[str, Action] = {
            CONNECT: Action(self._connect, risky=True),
            DISCONNECT: Action(self._disconnect, panel=DISCONNECT, risky=True),
        }

    def context(self, visit: Visit) -> Mapping[str, Any] | None:
        """What the template sees as ``section.connections``. None: there is nothing to see."""
        here, connections = organization_href(visit.request), self.site.flows.connections
        buttons = self._buttons.shown(visit.request)
        if not buttons:
            return None
        held = connections.of(visit.account, here)
        connected = {each.provider_id for each in held}
        marks = {button.id: button for button in buttons}
        # Who is of another site herself has nothing that another one could be connected with.
        others = connections.are_made(here) and all(each.id is not None for each in held)
        return {
            "rows": [self._row(each, marks[each.provider_id], visit) for each in held],
            "others": [button for button in buttons if others and button.id not in connected],
        }

    def _row(self, connection: Connection, button: Any, visit: Visit) -> dict[str, Any]:
        day = visit.texts.date(connection.made, self.site.web.time_zone)
        since = visit.texts.gettext("connected %(day)s", day=day)
        note = f"{connection.email} · {since}" if connection.email else since
        return {"id": connection.id, "name": button.label, "note": note, "way": button}

    def _connect(self, visit: Visit, posted: Mapping[str, Any]) -> Response:
        """A page that leads to the other site at once: browsers do not let a form lead there (form-action)."""
        request, id = visit.request, visit.row or ""
        try:
            location = self.site.flows.social.set_out(
                visit.session,
                id,
                redirect_uri(self.site, request, id),
                purpose=TO_CONNECT,
                organization=organization_href(request),
            )
        except SocialRefused as refused:
            Wait.check(refused)
            raise Refusal(NOT_CONNECTED, status=refused.status) from refused
        label = self._buttons.label(id)
        return self.site.html(request, LEAVING, site_name=self.site.about.name, provider=label, onward=location)

    def _disconnect(self, visit: Visit, posted: Mapping[str, Any]) -> Done:
        here = organization_href(visit.request)
        try:
            self.site.flows.connections.end(visit.session, visit.row, here)
        except SocialRefused as refused:
            if refused.code is Code.LAST_WAY_IN:
                raise Refusal(SENTENCES[Code.LAST_WAY_IN], status=HTTPStatus.CONFLICT) from refused
            raise Refusal(NOT_THERE) from refused
        return Done("disconnected")
