"""The page where people make an account."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from webob import Request

from stormpath_wsgi import kinds
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.flows import Entered, RegistrationRefused
from stormpath_wsgi.flows.registration import ORGANIZATION as ORGANIZATION_NAME_KEY
from stormpath_wsgi.pages.about import lacks, password_rules
from stormpath_wsgi.pages.form import ORGANIZATION, Form, FormByHost, is_blank, raise_all
from stormpath_wsgi.pages.page import FormPage, Outcome
from stormpath_wsgi.pages.refusal import Invalid, Wait, invalid, invalid_value
from stormpath_wsgi.pages.sentences import GENERAL, PASSWORDS_DIFFER, SENTENCES, sentence
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.session import session_of
from stormpath_wsgi.settings import RegisterSettings
from stormpath_wsgi.texts import marked
from stormpath_wsgi.web.language import texts_of
from stormpath_wsgi.web.organizations import organization_of, place_of

CUSTOM_DATA = "customData"
CONFIRMATION = "confirmPassword"
#: The fields that are only about the form.
NOT_STORED = (CONFIRMATION, ORGANIZATION)

#: What every address has. The directory knows more.
_LIKE_AN_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")


#: The fields that are the account's own, by the name the client knows them by. The status is not one of them: who
#: registers does not choose it.
CORE = {
    member.wire: member.name
    for member in (
        kinds.Account.username,
        kinds.Account.email,
        kinds.Account.password,
        kinds.Account.given_name,
        kinds.Account.middle_name,
        kinds.Account.surname,
    )
}


class RegisterPage(FormPage[RegisterSettings]):
    """Makes an account, and signs it in when the settings say so."""

    name = "register"
    section = RegisterSettings

    def __init__(self, site: Site, settings: RegisterSettings) -> None:
        super().__init__(site, settings)
        self._forms = FormByHost(settings.form)
        self.form = self._forms.usual

    def form_at(self, request: Request) -> Form:
        return self._forms.at(place_of(request.environ))

    def accept(self, request: Request, posted: Mapping[str, Any], *, html: bool) -> Outcome:
        form, here = self.form_at(request), organization_of(request.environ)
        values = self._values(form, posted if here is None else _without_organization(posted), html=html)
        key = None if is_blank(values.get(ORGANIZATION)) else values[ORGANIZATION]
        try:
            made = self.site.flows.registration(
                session_of(request.environ),
                _account(values),
                organization_name_key=key if here is None else here.name_key,
                signs_in=self._settings.auto_login,
            )
        except RegistrationRefused as refused:
            raise self._refusal(refused) from refused
        return self._welcome(request, made)

    def context(self, request: Request) -> dict[str, Any]:
        strength = self.site.about.password_strength
        return {"password_rules": strength and password_rules(strength, texts_of(request.environ))}

    def _values(self, form: Form, posted: Mapping[str, Any], *, html: bool) -> dict[str, Any]:
        """The values of all fields, wherever in the document they were. Raises :class:`Invalid`."""
        custom = posted.get(CUSTOM_DATA, {})
        if not isinstance(custom, Mapping):
            raise Invalid(marked("customData is an invalid type."))
        values = {**custom, **posted}
        values.pop(CUSTOM_DATA, None)
        if html:
            raise_all(self._wrong(form, values))
        form.check_required(values)
        if CONFIRMATION in form.fields and values.get(CONFIRMATION) != values["password"]:
            raise Invalid(PASSWORDS_DIFFER, field=CONFIRMATION)
        for name in values:
            if name not in form.fields:
                raise Invalid(marked("%(name)s is not a configured registration field."), name=name)
        return values

    def _wrong(self, form: Form, values: Mapping[str, Any]) -> Iterator[Invalid]:
        """What a page says at once, field by field. The rest only the directory knows, which names one at a time."""
        missing = {refusal.field: refusal for refusal in form.missing(values)}
        for name, field in form.fields.items():
            value, label = values.get(name), field.label
            if name in missing:
                yield missing[name]
            elif name == CONFIRMATION and value != values.get("password"):
                yield Invalid(PASSWORDS_DIFFER, field=name)
            elif name in CORE and not is_blank(value):
                yield from self._against_rules(name, label, value)

    def _against_rules(self, name: str, label: str, value: Any) -> Iterator[Invalid]:
        strength = self.site.about.password_strength
        try:
            kinds.Account.members[name].check(value)
        except Error as error:
            yield invalid_value(name, label, error)
            return
        if name == "email" and not _LIKE_AN_ADDRESS.fullmatch(value):
            yield Invalid(SENTENCES[Code.WRONG_FORMAT, name], field=name)
        if name == "password" and strength and (lacking := lacks(strength, value)):
            code = Code.TOO_LONG if "maxLength" in lacking else Code.TOO_SHORT
            yield Invalid(sentence(code, name) or GENERAL, field=name, label=label, most=str(strength["maxLength"]))

    def _refusal(self, refused: RegistrationRefused) -> Invalid:
        """What the visitor is told. Raises :class:`Wait`."""
        Wait.check(refused)
        if refused.field == ORGANIZATION_NAME_KEY:
            return Invalid(marked("Organization could not be found."), field=ORGANIZATION)
        return invalid(refused, self.form.fields)

    def _welcome(self, request: Request, made: Entered) -> Outcome:
        site, account = self.site, made.account
        if made.signed_in:
            location = site.wanted(request) or site.link(request, self._settings.next_uri)
            return Outcome(account, location, signed_in=True)
        if made.unfinished is not None:
            # A program gets the account, which is made. It is asked for more when it signs in.
            return Outcome(account, site.step(request, made.unfinished), signed_in=False)
        status = "created" if account.status == kinds.ENABLED else "unverified"
        login = site.link(request, site.web.at(site.web.login.uri), status=status, next=site.wanted(request))
        return Outcome(account, login, signed_in=False)


def _without_organization(posted: Mapping[str, Any]) -> Mapping[str, Any]:
    """*posted* at the host of an organization: that is the one that counts, whatever a program names."""
    return {name: value for name, value in posted.items() if name != ORGANIZATION}


def _account(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the account shall be, by the client's names."""
    given = {name: value for name, value in values.items() if not is_blank(value) and name not in NOT_STORED}
    account: dict[str, Any] = {CORE[name]: value for name, value in given.items() if name in CORE}
    custom = {name: value for name, value in given.items() if name not in CORE}
    if custom:
        account["custom_data"] = custom
    return account
