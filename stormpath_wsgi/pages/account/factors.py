"""The second factors of the account, its recovery codes, and the browsers that are not asked again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.codes import Code
from stormpath_wsgi.flows import FactorRefused, Held
from stormpath_wsgi.flows.factors import Own
from stormpath_wsgi.kinds import RECOVERY_CODES
from stormpath_wsgi.pages.account.section import AccountSection, Action, Done, Result, Shown, Visit
from stormpath_wsgi.pages.form import is_blank
from stormpath_wsgi.pages.refusal import Invalid, Refusal, Wait, invalid
from stormpath_wsgi.pages.second_factor import CODE, FACTOR, download, qr_code, spaced
from stormpath_wsgi.pages.sentences import REQUIRED
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.texts import Texts, marked

#: The panels.
APP, PHONE, PROVE, NAME, REMOVE, CODES = (
    "new-app", "new-phone", "prove-phone", "rename-factor", "remove-factor", "new-codes",
)  # fmt: skip
#: The panel that shows recovery codes, once.
MADE = "codes-made"

NO_FACTOR = marked("That is not there any more. Open the page anew.")
LAST = marked("Your account must have a second factor. Add another one before you remove this one.")
MANY = marked("You have as many as there can be. Remove one that you do not use first.")
BEGIN_AGAIN = marked("That took too long, or was done already. Begin again.")


class FactorsSection(AccountSection):
    """Where people add, name and remove second factors. Only for those who may have one, or have one."""

    name = "factors"
    title = marked("Second factor")
    short = marked("Second factor")

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._settings = site.web.second_factor
        if not self._settings.enabled:
            return
        self._second, self._factors = site.flows.second_factor, site.flows.factors
        self._texts_are_sent = self._settings.sms if self._settings.sms is not None else site.settings.sms is not None
        self.panels = {APP: True, PHONE: True, NAME: True, REMOVE: True, CODES: True}
        self.statuses = {
            "factor-added": marked("It is added. From now on you are asked for it when you sign in."),
            "factor-removed": marked("It is removed."),
            "factor-needed": marked("The page that you asked for needs a second factor. Add one here first."),
            "browsers-forgotten": marked("Every browser is asked again when you sign in there."),
        }
        self.actions = {
            "begin-app": Action(self._begin_app, panel=APP, risky=True),
            "add-app": Action(self._add_app, panel=APP, risky=True),
            "begin-phone": Action(self._begin_phone, panel=PHONE, risky=True),
            "add-phone": Action(self._add_phone, panel=PROVE, risky=True),
            "rename-factor": Action(self._rename, panel=NAME, risky=True),
            "remove-factor": Action(self._remove, panel=REMOVE, risky=True),
            "make-codes": Action(self._make_codes, panel=CODES, risky=True),
            "forget-browsers": Action(self._forget_browsers),
        }

    def has_panel(self, name: str) -> bool:
        return name in (MADE, PROVE) or super().has_panel(name)

    def context(self, visit: Visit) -> Mapping[str, Any] | None:
        if not self.actions:
            return None
        held = self._second.held(visit.account)
        counts, may = self._second.counts(held), self._second.may(visit.account)
        if held.known is None or not (counts or may):
            return None
        return {
            "factors": [
                self._row(own, visit.texts) for own in (*self._factors.apps(held), *self._factors.phones(held))
            ],
            "counts": counts,
            "may": may,
            "phones": may and self._texts_are_sent,
            "codes": self._codes(held) if counts else None,
            "trusts": counts and self._second.trusted.lasts > 0,
            "last": self._factors.is_last(held),
            "new_app": self._new_app(visit),
            "number": self._number(visit),
            "made": visit.shown if visit.change == MADE else {},
            "typed": _text(visit.posted.get("number" if visit.change == PHONE else "name")),
            "labels": {},
        }

    def _row(self, own: Own, texts: Texts) -> dict[str, Any]:
        called = texts.gettext("Authenticator app") if own.number is None else texts.gettext("Telephone")
        what = texts.gettext("Six-digit codes") if own.number is None else _hidden(own.number)
        made = texts.gettext("added %(day)s", day=texts.date(own.made, self.site.web.time_zone))
        icon = "app" if own.number is None else "phone"
        return {"id": own.id, "name": own.name or called, "note": f"{what} · {made}", "icon": icon}

    def _codes(self, held: Held) -> dict[str, Any]:
        return {"left": held.recovery_codes, "most": RECOVERY_CODES}

    def _new_app(self, visit: Visit) -> dict[str, Any] | None:
        """What the panel shows of the app that is being added; None: a button that begins."""
        id = visit.shown.get(FACTOR) or visit.posted.get(FACTOR)
        if visit.change != APP or not id:
            return None
        try:
            new = self._factors.app(visit.account, id)
        except FactorRefused:
            return None
        return {"id": new.id, "secret": spaced(new.secret), "qr": qr_code(new.uri)}

    def _number(self, visit: Visit) -> dict[str, str] | None:
        """The telephone that is being added, to which a code was sent."""
        id = visit.shown.get(FACTOR) or visit.posted.get(FACTOR)
        if visit.change != PROVE or not id:
            return None
        try:
            return {"id": str(id), "number": self._factors.phone(visit.account, id)}
        except FactorRefused:
            return None

    def _begin_app(self, visit: Visit, posted: Mapping[str, Any]) -> Result:
        try:
            return Shown(APP, {FACTOR: self._factors.begin_app(visit.account).id})
        except FactorRefused as refused:
            raise _refusal(refused, None) from refused

    def _add_app(self, visit: Visit, posted: Mapping[str, Any]) -> Result:
        _require(posted, CODE)
        try:
            codes = self._factors.add_app(visit.session, posted.get(FACTOR), posted.get(CODE))
        except FactorRefused as refused:
            raise _refusal(refused, CODE) from refused
        return codes_made(codes, "app") or Done("factor-added")

    def _begin_phone(self, visit: Visit, posted: Mapping[str, Any]) -> Result:
        if not self._texts_are_sent:
            raise Refusal(NO_FACTOR)
        try:
            id = self._factors.begin_phone(visit.account, posted.get("number"))
        except FactorRefused as refused:
            raise _refusal(refused, "number") from refused
        return Shown(PROVE, {FACTOR: id})

    def _add_phone(self, visit: Visit, posted: Mapping[str, Any]) -> Result:
        _require(posted, CODE)
        try:
            codes = self._factors.add_phone(visit.session, posted.get(FACTOR), posted.get(CODE))
        except FactorRefused as refused:
            raise _refusal(refused, CODE) from refused
        return codes_made(codes, "phone") or Done("factor-added")

    def _rename(self, visit: Visit, posted: Mapping[str, Any]) -> Result:
        try:
            self._factors.rename(visit.session, visit.row, posted.get("name"))
        except FactorRefused as refused:
            raise _refusal(refused, "name") from refused
        return Done()

    def _remove(self, visit: Visit, posted: Mapping[str, Any]) -> Result:
        try:
            self._factors.remove(visit.session, visit.row)
        except FactorRefused as refused:
            if refused.code is Code.CONFLICT:
                raise Refusal(LAST, status=409) from refused
            raise _refusal(refused, None) from refused
        return Done("factor-removed")

    def _make_codes(self, visit: Visit, posted: Mapping[str, Any]) -> Result:
        try:
            codes = self._factors.new_codes(visit.session)
        except FactorRefused as refused:
            raise _refusal(refused, None) from refused
        return codes_made(codes) or Done()

    def _forget_browsers(self, visit: Visit, posted: Mapping[str, Any]) -> Result:
        self._factors.forget_browsers(visit.session)
        return Done("browsers-forgotten")


def codes_made(codes: list[str], added: str | None = None) -> Shown | None:
    """The panel that shows new recovery *codes*, this once; None: there are none. *added*: what was just added, an
    ``app``, a ``phone`` or a ``key``.
    """
    return Shown(MADE, {"codes": codes, "download": download(codes), "added": added}) if codes else None


def _require(posted: Mapping[str, Any], field: str) -> None:
    if is_blank(posted.get(field)):
        raise Invalid(REQUIRED, field=field, label=marked("Code"))


def _refusal(refused: FactorRefused, field: str | None) -> Refusal:
    """What a person is told of a factor that is not added, named or removed. Raises :class:`Wait`."""
    Wait.check(refused)
    if refused.code is Code.NOT_FOUND:
        return Refusal(BEGIN_AGAIN if field == CODE else NO_FACTOR)
    if refused.code is Code.CONFLICT:
        return Refusal(MANY, status=409)
    if refused.code is Code.REQUIRED:
        return Invalid(marked("Enter a name."), field=field)
    refusal = invalid(refused)
    refusal.field = field
    return refusal


def _hidden(number: str) -> str:
    """A telephone number, of which people know their own by the end."""
    return f"{number[:3]} … {number[-3:]}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
