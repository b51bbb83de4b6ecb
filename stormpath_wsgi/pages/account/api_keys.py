"""API keys, for programs that act as their owner."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.codes import Code
from stormpath_wsgi.flows import KeyRefused
from stormpath_wsgi.flows.api_keys import Key
from stormpath_wsgi.pages.account.moments import ago
from stormpath_wsgi.pages.account.section import AccountSection, Action, Done, Shown, Visit
from stormpath_wsgi.pages.refusal import Invalid, Refusal, invalid
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.texts import Texts, marked

#: The panels.
NEW, REVOKE, MADE = "new-key", "revoke-key", "key-made"

#: Characters of an id that are shown: enough to tell keys apart, and too few to use one.
PREFIX = 5

_SENTENCES: Mapping[Code | None, str] = {
    Code.REQUIRED: marked("Enter a name for the key."),
    Code.TOO_LONG: marked("Use 255 characters at most."),
    Code.NOT_UNIQUE: marked(
        "Choose another name: you have a key of this name. If you have not seen its secret, revoke it and make a new "
        "one."
    ),
    Code.CONFLICT: marked("You have as many keys as there can be. Revoke one that you do not use first."),
}
NO_KEY = marked("That key is not one of yours.")
WRONG_NAME = marked("Write the name in one line, without control characters.")


class ApiKeysSection(AccountSection):
    """The keys: made here, seen without their secrets, and revoked. Only where the site wants that (``apiKeys``)."""

    name = "api-keys"
    title = short = marked("API keys")

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        if not site.web.account.api_keys:
            return
        self.panels = {NEW: True, REVOKE: False}
        self.statuses = {"key-revoked": marked("The key is revoked. Programs that use it are refused.")}
        self.actions = {
            "make-key": Action(self._make, panel=NEW, risky=True),
            "revoke-key": Action(self._revoke, panel=REVOKE),
        }

    def has_panel(self, name: str) -> bool:
        return name == MADE or super().has_panel(name)

    def context(self, visit: Visit) -> Mapping[str, Any] | None:
        if not self.actions:
            return None
        now, new = dt.datetime.now(dt.UTC), visit.shown if visit.change == MADE else {}
        keys = [key for key in self.site.flows.api_keys.list(visit.account) if key.id != new.get("id")]
        typed = visit.posted.get("name")
        return {
            "keys": [_shown(key, now, visit.texts, self.site.web.time_zone) for key in keys],
            "new": new,
            "typed": typed if visit.change == NEW and isinstance(typed, str) else "",
        }

    def _make(self, visit: Visit, posted: Mapping[str, Any]) -> Shown:
        try:
            made = self.site.flows.api_keys.make(visit.session, posted.get("name"))
        except KeyRefused as refused:
            raise _refusal(refused) from refused
        return Shown(MADE, {"id": made.id, "name": made.name, "secret": made.secret})

    def _revoke(self, visit: Visit, posted: Mapping[str, Any]) -> Done:
        try:
            self.site.flows.api_keys.revoke(visit.session, visit.row)
        except KeyRefused as refused:
            raise Refusal(NO_KEY) from refused
        return Done("key-revoked")


def _shown(key: Key, now: dt.datetime, texts: Texts, zone: dt.tzinfo) -> dict[str, Any]:
    when = key.used and ago(key.used, now, texts, zone)
    used = texts.gettext("used %(when)s", when=when) if when else texts.gettext("never used")
    made = texts.gettext("made %(day)s", day=texts.date(key.made, zone))
    off = None if key.enabled else texts.gettext("switched off")
    prefix = f"{key.id[:PREFIX]}…"
    return {
        "id": key.id,
        "name": key.name or prefix,
        "note": " · ".join(filter(None, (prefix, made, used, off))),
    }


def _refusal(refused: KeyRefused) -> Refusal:
    if refused.field is None and refused.code not in _SENTENCES:
        return invalid(refused)
    return Invalid(_SENTENCES.get(refused.code, WRONG_NAME), field="name")
