"""Passkeys and security keys, among the ways to sign in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from stormpath_wsgi.codes import Code
from stormpath_wsgi.devices import device_of
from stormpath_wsgi.flows import PasskeyRefused
from stormpath_wsgi.flows.passkey_ways import SecurityKeyWay
from stormpath_wsgi.flows.passkeys import Passkey
from stormpath_wsgi.pages.account.factors import codes_made
from stormpath_wsgi.pages.account.moments import ago
from stormpath_wsgi.pages.account.section import Action, Done, Result, Visit
from stormpath_wsgi.pages.passkeys import ANSWER, CHALLENGE, not_confirmed
from stormpath_wsgi.pages.refusal import Invalid, Refusal
from stormpath_wsgi.pages.sentences import SENTENCES
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.texts import Texts, marked

#: The panels, and the actions of the forms in them.
ADD, RENAME, REMOVE = "add-passkey", "rename-passkey", "remove-passkey"

_NAMES: Mapping[Code | None, str] = {
    Code.REQUIRED: marked("Enter a name for the passkey."),
    Code.TOO_LONG: marked("Use 255 characters at most."),
}
WRONG_NAME = marked("Write the name in one line, without control characters.")
LAST_FACTOR = marked("Your account must have a second factor. Add another one before you remove this one.")
NOT_ADDED = marked("Your device did not confirm. Try again.")

_SENTENCES: Mapping[Code | None, str] = {
    Code.CONFLICT: marked("You have as many passkeys as there can be. Remove one that you do not use first."),
    Code.LAST_WAY_IN: SENTENCES[Code.LAST_WAY_IN],
    Code.NOT_FOUND: marked("That passkey is not one of yours."),
}


class PasskeyRows:
    """The rows of the passkeys of an account, and the panels in which they are added, renamed and removed."""

    panels: Mapping[str, bool] = {ADD: True, RENAME: True, REMOVE: True}
    statuses: Mapping[str, str] = {
        "passkey-added": marked("The passkey is added. You can sign in with it."),
        "key-added": marked("It is added. From now on you are asked for it when you sign in."),
        "passkey-removed": marked("The passkey is removed."),
    }

    def __init__(self, site: Site) -> None:
        self.site = site
        self.actions: Mapping[str, Action] = {
            ADD: Action(self._add, panel=ADD, risky=True),
            RENAME: Action(self._rename, panel=RENAME, risky=True),
            REMOVE: Action(self._remove, panel=REMOVE, risky=True),
        }

    def context(self, visit: Visit) -> Mapping[str, Any] | None:
        """What the template sees as ``section.passkeys``. None: there is nothing to see."""
        passkeys, texts = self.site.flows.passkeys, visit.texts
        known = passkeys.known(visit.account)
        if known is None:
            return None
        held, offered = passkeys.held(visit.account), passkeys.are_offered(visit.session)
        if not (held or offered):
            return None
        now, typed = dt.datetime.now(dt.UTC), visit.posted.get("name")
        adds = visit.change == ADD and visit.session.is_fresh
        return {
            "rows": [self._shown(passkey, now, texts) for passkey in held],
            "offered": offered and not adds,
            "asked": passkeys.to_add(visit.session) if adds else None,
            "suggested": _suggested(visit),
            "typed": typed if visit.change in (ADD, RENAME) and isinstance(typed, str) else "",
            "known": known,
        }

    def _shown(self, passkey: Passkey, now: dt.datetime, texts: Texts) -> dict[str, Any]:
        zone = self.site.web.time_zone
        when = passkey.used and ago(passkey.used, now, texts, zone)
        kind = texts.gettext("Passkey") if passkey.verifies else texts.gettext("Security key")
        added = texts.gettext("added %(day)s", day=texts.date(passkey.made, zone))
        used = texts.gettext("used %(when)s", when=when) if when else texts.gettext("never used")
        return {"id": passkey.id, "name": passkey.name, "note": " · ".join((kind, added, used))}

    def _add(self, visit: Visit, posted: Mapping[str, Any]) -> Result:
        flows, challenge, answer = self.site.flows, posted.get(CHALLENGE), posted.get(ANSWER)
        try:
            added = flows.passkeys.add(visit.session, challenge, answer, posted.get("name"))
        except PasskeyRefused as refused:
            raise _refusal(refused) from refused
        if added.verifies or not self.site.web.second_factor.enabled:
            return Done("passkey-added")
        codes = flows.factors.added(visit.session, visit.account, SecurityKeyWay.name)
        return codes_made(codes, "key") or Done("key-added")

    def _rename(self, visit: Visit, posted: Mapping[str, Any]) -> Done:
        try:
            self.site.flows.passkeys.rename(visit.session, visit.row, posted.get("name"))
        except PasskeyRefused as refused:
            raise _refusal(refused) from refused
        return Done()

    def _remove(self, visit: Visit, posted: Mapping[str, Any]) -> Done:
        self._keep_second_factor(visit)
        try:
            self.site.flows.passkeys.remove(visit.session, visit.row)
        except PasskeyRefused as refused:
            raise _refusal(refused) from refused
        self.site.flows.factors.left(visit.account)
        return Done("passkey-removed")

    def _keep_second_factor(self, visit: Visit) -> None:
        """Refuses to remove a security key that is the last second factor of who must have one."""
        flows = self.site.flows
        rows = flows.passkeys.held(visit.account)
        is_key = any(each.id == visit.row and not each.verifies for each in rows)
        second = flows.second_factor
        if is_key and second.must(visit.account) and flows.factors.is_last(second.held(visit.account)):
            raise Refusal(LAST_FACTOR, status=HTTPStatus.CONFLICT)


def _suggested(visit: Visit) -> str:
    """What a new passkey may be called: by the system of the device, which most people make it on."""
    device = device_of(visit.request.user_agent)
    return device.system or device.browser or ""


def _refusal(refused: PasskeyRefused) -> Refusal:
    if refused.field == "name":
        return Invalid(_NAMES.get(refused.code, WRONG_NAME), field="name")
    if (sentence := _SENTENCES.get(refused.code)) is not None:
        return Refusal(sentence, status=refused.status)
    return not_confirmed(refused, NOT_ADDED)
