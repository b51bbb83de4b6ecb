"""What the pages have in common on which people make an account: how the values of the form become one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.pages.about import lacks
from stormpath_wsgi.pages.form import ORGANIZATION, Form, is_blank, raise_all
from stormpath_wsgi.pages.refusal import Invalid, invalid_value
from stormpath_wsgi.pages.sentences import GENERAL, PASSWORDS_DIFFER, SENTENCES, sentence
from stormpath_wsgi.texts import marked

CUSTOM_DATA = "customData"
CONFIRMATION = "confirmPassword"
#: The fields that are only about the form.
NOT_STORED = (CONFIRMATION, ORGANIZATION)

#: What is said of a password that is easy to guess.
EASY_TO_GUESS = frozenset({Code.PASSWORD_KNOWN, Code.PASSWORD_OF_OWN_WORDS})

#: What every address has. The directory knows more.
_LIKE_AN_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")

#: The fields that are the account's own, by the name the client knows them by. The status is not one of them: who
#: makes an account does not choose it.
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

#: What their values may be.
_CHECKED = {member.wire: member for member in kinds.Account.declared(kinds.Attribute) if member.wire in CORE}


#: Refuses a password that is easy to guess, by an Error. It gets what else is known of the account as well.
Check = Callable[[str, Mapping[str, Any]], object]


def values_of(
    form: Form, posted: Mapping[str, Any], strength: Mapping[str, Any] | None, check: Check, *, html: bool
) -> dict[str, Any]:
    """The values of all fields of *form*, wherever in the document they were. Raises :class:`Invalid`.

    *strength*: the rules for passwords, as far as they are known; *check*: those of the site, which
    the flow asks as well. *html*: whether all that is wrong is told at once.
    """
    custom = posted.get(CUSTOM_DATA, {})
    if not isinstance(custom, Mapping):
        raise Invalid(marked("customData is an invalid type."))
    values = {**custom, **posted}
    values.pop(CUSTOM_DATA, None)
    if html:
        raise_all(_wrong(form, values, strength, check))
    form.check_required(values)
    if CONFIRMATION in form.fields and values.get(CONFIRMATION) != values["password"]:
        raise Invalid(PASSWORDS_DIFFER, field=CONFIRMATION)
    for name in values:
        if name not in form.fields:
            raise Invalid(marked("%(name)s is not a configured registration field."), name=name)
    raise_all(form.unfit(values))
    return form.typed(values)


def account_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the account shall be, by the client's names."""
    given = {name: value for name, value in values.items() if not is_blank(value) and name not in NOT_STORED}
    account: dict[str, Any] = {CORE[name]: value for name, value in given.items() if name in CORE}
    custom = {name: value for name, value in given.items() if name not in CORE}
    if custom:
        account["custom_data"] = custom
    return account


def _wrong(
    form: Form, values: Mapping[str, Any], strength: Mapping[str, Any] | None, check: Check
) -> Iterator[Invalid]:
    """What a page says at once, field by field. The rest only the directory knows, which names one at a time."""
    missing = {refusal.field: refusal for refusal in (*form.unfit(values), *form.missing(values))}
    for name, field in form.fields.items():
        value = values.get(name)
        if name in missing:
            yield missing[name]
        elif name == CONFIRMATION and value != values.get("password"):
            yield Invalid(PASSWORDS_DIFFER, field=name)
        elif name in CORE and not is_blank(value):
            wrong = list(_against_rules(name, field.label, value, strength))
            yield from wrong
            if name == "password" and not wrong:
                yield from _easy_to_guess(field.label, values, check)


def _against_rules(name: str, label: str, value: Any, strength: Mapping[str, Any] | None) -> Iterator[Invalid]:
    try:
        value = _CHECKED[name].check(value)
    except Error as error:
        yield invalid_value(name, label, error)
        return
    if name == "email" and not _LIKE_AN_ADDRESS.fullmatch(value):
        yield Invalid(SENTENCES[Code.WRONG_FORMAT, name], field=name)
    if name == "password" and strength and (lacking := lacks(strength, value)):
        code = Code.TOO_LONG if "maxLength" in lacking else Code.TOO_SHORT
        yield Invalid(sentence(code, name) or GENERAL, field=name, label=label, most=str(strength["maxLength"]))


def _easy_to_guess(label: str, values: Mapping[str, Any], check: Check) -> Iterator[Invalid]:
    try:
        check(values["password"], {CORE[name]: value for name, value in values.items() if name in CORE})
    except Error as error:
        if Code.of(error.code) not in EASY_TO_GUESS:
            raise
        yield invalid_value("password", label, error)
