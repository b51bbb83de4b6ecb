"""How somebody proves who it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.flows import PasswordRefused, SignInRefused
from stormpath_wsgi.pages.about import PasswordRules, password_rules
from stormpath_wsgi.pages.account.connections import ConnectionRows
from stormpath_wsgi.pages.account.passkeys import PasskeyRows
from stormpath_wsgi.pages.account.section import STATUS, AccountSection, Action, Done, Visit
from stormpath_wsgi.pages.form import is_blank, raise_all
from stormpath_wsgi.pages.fresh import wrong_password
from stormpath_wsgi.pages.parameters import STOLEN, read_query
from stormpath_wsgi.pages.refusal import Invalid, Refusal, invalid
from stormpath_wsgi.pages.sentences import REQUIRED
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.settings import FieldSettings
from stormpath_wsgi.texts import marked

#: The fields, and what they are called.
PRESENT, NEW = "present", "password"
_LABELS: Mapping[str, str] = {PRESENT: marked("Password now"), NEW: marked("New password")}


class SignInSection(AccountSection):
    """The password, passkeys, and other sites. An account without a password, because another site signs it in, has no
    row for one.
    """

    name = "sign-in"
    title = short = marked("Sign-in")

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._fields = {NEW: FieldSettings(label=_LABELS[NEW], type="password")}
        # The panel asks for the password itself, so nobody is asked before it opens.
        passkeys = self._passkeys = PasskeyRows(site)
        connections = self._connections = ConnectionRows(site)
        self.panels = {"password": False, **passkeys.panels, **connections.panels}
        done = marked("Your password is changed. You were signed out everywhere else.")
        self.statuses = {"password": done, **passkeys.statuses, **connections.statuses}
        self.troubles = connections.troubles
        self.actions = {
            "password": Action(self._change, panel="password"),
            **passkeys.actions,
            **connections.actions,
        }

    def context(self, visit: Visit) -> Mapping[str, Any] | None:
        changed, passkeys = visit.account.password_modified_at, self._passkeys.context(visit)
        connections = self._connections.context(visit)
        if changed is None and passkeys is None and connections is None:
            return None
        rules = self._rules(visit) if visit.change == "password" and changed is not None else None
        stolen = None
        if rules is not None and read_query(visit.request).get(STATUS) == STOLEN[STATUS]:
            stolen = self.site.wanted(visit.request) or self.site.link(visit.request, self.site.web.login.next_uri)
        labels = {name: visit.texts.gettext(label) for name, label in _LABELS.items()}
        day = None if changed is None else visit.texts.date(changed, self.site.web.time_zone)
        shown = {"passkeys": passkeys, "connections": connections}
        return {"changed": day, "rules": rules, "labels": labels, "stolen": stolen, **shown}

    def _rules(self, visit: Visit) -> PasswordRules:
        strength = self.site.about.strength_in(visit.account.directory.href)
        rules, sent = password_rules(strength, visit.texts), visit.posted.get(NEW)
        return rules.after(sent) if NEW in visit.wrong and isinstance(sent, str) else rules

    def _change(self, visit: Visit, posted: Mapping[str, Any]) -> Done:
        missing = [name for name in _LABELS if is_blank(posted.get(name))]
        raise_all(Invalid(REQUIRED, field=name, label=_LABELS[name]) for name in missing)
        try:
            self.site.flows.profile.change_password(visit.session, posted[PRESENT], posted[NEW])
        except SignInRefused as refused:
            raise wrong_password(refused, PRESENT) from refused
        except PasswordRefused as refused:
            raise self._wrong(refused) from refused
        return Done("password")

    def _wrong(self, refused: PasswordRefused) -> Refusal:
        refusal = invalid(refused, self._fields)
        refusal.field = refusal.field or NEW
        return refusal
