"""Who somebody is: name, address and language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.codes import Code
from stormpath_wsgi.flows import ProfileRefused
from stormpath_wsgi.flows.profile import LANGUAGE, NAMES
from stormpath_wsgi.pages.account.section import AccountSection, Action, Done, Visit
from stormpath_wsgi.pages.form import Form, is_blank, raise_all
from stormpath_wsgi.pages.refusal import Invalid, Wait, invalid, invalid_value
from stormpath_wsgi.pages.sentences import LABELS, REQUIRED
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.texts import marked

_EMAIL = marked("New email")

#: What the visitor is told who enters the address that the account has.
SAME = marked("That is your address already. Enter another one.")

#: What people call the languages that they speak.
LANGUAGES: Mapping[str, str] = {
    "ar": "العربية",
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "ja": "日本語",
    "pt-BR": "Português (Brasil)",
}


class ProfileSection(AccountSection):
    """Name, address, language."""

    name = "profile"
    title = short = marked("Profile")

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        form = Form(site.web.register_.form)
        self._names = {name: form.fields[name] for name in form.fields if name in NAMES}
        self._required = {name for name in self._names if form.requires(name)}
        self.panels = {"name": False, "email": True, "language": False}
        self.statuses = {
            "name": marked("Your name is saved."),
            "email": marked("Your address is changed."),
            "mailed": marked("A mail is on its way."),
            "cancelled": marked("Your address stays as it is."),
            "language": marked("Your language is saved."),
        }
        self.actions = {
            "email": Action(self._begin, panel="email", risky=True),
            "email-again": Action(self._again),
            "email-cancel": Action(self._cancel),
            "name": Action(self._rename, panel="name"),
            "language": Action(self._speak, panel="language"),
        }

    def context(self, visit: Visit) -> Mapping[str, Any]:
        account = visit.account
        names = self._inputs(visit) if visit.change == "name" else []
        spoken = self.site.web.languages
        language = account.custom_data.get(LANGUAGE) if len(spoken) > 1 else None
        return {
            "full_name": account.full_name,
            "names": names,
            "labels": {name["name"]: name["label"] for name in names},
            "email": account.email,
            "waiting": self.site.flows.email.waiting(account),
            "verified": account.email_verification_status == "VERIFIED",
            "language": language,
            "language_name": LANGUAGES.get(language) if isinstance(language, str) else None,
            "languages": [(tag, LANGUAGES.get(tag, tag)) for tag in spoken] if len(spoken) > 1 else [],
        }

    def _inputs(self, visit: Visit) -> list[dict[str, Any]]:
        """The fields of the panel: as the register page calls them, with what was typed, else what is stored."""
        given = visit.posted if visit.error else {name: visit.account[NAMES[name].name] for name in self._names}
        return [
            {
                "name": name,
                "label": visit.texts.gettext(LABELS.get(field.label, field.label)),
                "required": name in self._required,
                "value": value if isinstance(value := given.get(name), str) else "",
            }
            for name, field in self._names.items()
        ]

    def _rename(self, visit: Visit, posted: Mapping[str, Any]) -> Done:
        missing = [name for name in self._names if name in self._required and is_blank(posted.get(name))]
        raise_all(Invalid(REQUIRED, field=name, label=self._names[name].label) for name in missing)
        names = {name: posted.get(name) for name in self._names}
        try:
            self.site.flows.profile.rename(visit.session, names)
        except ProfileRefused as refused:
            raise invalid(refused, self._names) from refused
        return Done("name")

    def _begin(self, visit: Visit, posted: Mapping[str, Any]) -> Done:
        email = posted.get("email")
        if is_blank(email):
            raise Invalid(REQUIRED, field="email", label=_EMAIL)
        try:
            self.site.flows.email.begin(visit.session, email.strip() if isinstance(email, str) else email)
        except ProfileRefused as refused:
            raise self._wrong_email(refused) from refused
        return Done()  # the row says that it waits

    def _again(self, visit: Visit, posted: Mapping[str, Any]) -> Done:
        try:
            self.site.flows.email.again(visit.session)
        except ProfileRefused as refused:
            raise self._wrong_email(refused) from refused
        return Done("mailed")

    def _cancel(self, visit: Visit, posted: Mapping[str, Any]) -> Done:
        self.site.flows.email.cancel(visit.session)
        return Done("cancelled")

    def _wrong_email(self, refused: ProfileRefused) -> Invalid:
        """What the visitor is told. Raises :class:`Wait`."""
        Wait.check(refused)
        # The directory need not name the field: there is one only.
        refusal = invalid_value("email", _EMAIL, refused.as_error())
        if refused.code is Code.INVALID:
            refusal.say(SAME)
        return refusal

    def _speak(self, visit: Visit, posted: Mapping[str, Any]) -> Done:
        language = posted.get("language") or None
        if language is not None and language not in self.site.web.languages:
            raise Invalid(marked("Choose a language."), field="language")
        try:
            self.site.flows.profile.speak(visit.session, language)
        except ProfileRefused as refused:
            raise invalid(refused) from refused
        return Done("language")
