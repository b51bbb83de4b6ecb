"""Where somebody is signed in."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.devices import device_of, named
from stormpath_wsgi.flows import SessionRefused
from stormpath_wsgi.flows.sessions import PAGE, Place
from stormpath_wsgi.pages.account.moments import ago
from stormpath_wsgi.pages.account.section import AccountSection, Action, Done, Visit
from stormpath_wsgi.pages.refusal import Refusal
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.texts import Texts, marked

log = logging.getLogger(__name__)

#: The panel that has the next places. Its row says how many newer ones are left out.
MORE = "places"

NO_PLACE = marked("That device is not among those where you are signed in.")


class DevicesSection(AccountSection):
    """The places, this one first, with buttons that sign out one or all others."""

    name = "devices"
    title = marked("Where you are signed in")
    short = marked("Devices")

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._place = site.web.account.place
        self.panels = {MORE: False}
        self.statuses = {
            "signed-out": marked("That device is signed out."),
            "signed-out-others": marked("You are signed out everywhere else."),
        }
        asks = site.web.account.fresh_sign_out
        self.actions = {
            "sign-out-device": Action(self._sign_out, risky=asks),
            "sign-out-others": Action(self._sign_out_others, risky=asks),
        }

    def context(self, visit: Visit) -> Mapping[str, Any]:
        offset = _offset(visit.row) if visit.change == MORE else 0
        found = self.site.flows.places.seen(visit.session, offset=offset)
        now = dt.datetime.now(dt.UTC)
        return {
            "places": [self._shown(place, now, visit.texts) for place in found.places],
            "others": offset > 0 or len(found.places) > 1,
            "next": offset + PAGE if found.more else None,
        }

    def _shown(self, place: Place, now: dt.datetime, texts: Texts) -> dict[str, Any]:
        device = device_of(place.agent)
        zone = self.site.web.time_zone
        signed_in = texts.gettext("signed in %(when)s", when=ago(place.since, now, texts, zone))
        when = signed_in if place.this else ago(place.used or place.since, now, texts, zone)
        return {
            "id": place.id,
            "name": named(device, texts),
            "icon": "phone" if device.hand else "laptop",
            "note": " · ".join(filter(None, (self._where(place.address), when))),
            "this": place.this,
        }

    def _where(self, address: str | None) -> str | None:
        """The place of *address* as the site knows it, else the address."""
        if address is None or self._place is None:
            return address
        try:
            return self._place(address) or address
        except Exception:  # whatever the site's function does, people see where they are signed in
            log.exception("The function of the setting web.account.place failed.")
            return address

    def _sign_out(self, visit: Visit, posted: Mapping[str, Any]) -> Done:
        try:
            self.site.flows.places.end(visit.session, visit.row)
        except SessionRefused as refused:
            raise Refusal(NO_PLACE) from refused
        return Done("signed-out")

    def _sign_out_others(self, visit: Visit, posted: Mapping[str, Any]) -> Done:
        self.site.flows.places.end_others(visit.session)
        return Done("signed-out-others")


def _offset(row: str | None) -> int:
    """How many places are left out, by what the address says, which may be anything."""
    return int(row) if row and row.isascii() and row.isdigit() and len(row) < 6 else 0
