"""What an account gets of what a social provider has told of its owner: by the mapping rules of the directory, and
without any rule the address and the names.

A rule is written by an administrator, and what a provider tells changes over the years. So what does not fit is passed
over, and nobody is kept out because of it.
Source: the chapter on attribute mapping of the REST API v1.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stormpath_wsgi.directory.mail.addresses import is_address, mailbox
from stormpath_wsgi.directory.providers import Person
from stormpath_wsgi.directory.rules import custom_data
from stormpath_wsgi.directory.wire.bodies import CUSTOM_DATA
from stormpath_wsgi.errors import Error
from stormpath_wsgi.kinds import COLON, Account, CustomData

log = logging.getLogger(__name__)

#: Bytes of JSON that are kept of what a provider tells of a person.
LARGEST = 65_536

_ATTRIBUTES = {
    each.wire: each
    for each in (Account.email, Account.username, Account.given_name, Account.middle_name, Account.surname)
}
_ABSENT = object()
_COLON = re.compile(f"[{COLON}]")


@dataclass(frozen=True, slots=True)
class Told:
    """What is copied to an account: *values* of attributes by their names in JSON, and *data*, each with the keys that
    lead to it in the custom data. *proves_email*: whether the provider has proved the address in *values*.
    """

    values: Mapping[str, str] = field(repr=False)
    data: tuple[tuple[tuple[str, ...], Any], ...] = field(repr=False)
    proves_email: bool

    def laid_over(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """The keys of custom data that are another thing now, with their new values. *stored*: what there is."""
        changed: dict[str, Any] = {}
        for keys, value in self.data:
            changed[keys[0]] = _laid(changed.get(keys[0], stored.get(keys[0])), keys[1:], value)
        return {key: value for key, value in changed.items() if value != stored.get(key)}


def told_of(person: Person, rules: Iterable[Mapping[str, Any]]) -> Told:
    """What *person* is called, and what the *rules* (in JSON) say of it. A later rule counts more."""
    values = {"email": person.email, "givenName": person.given_name, "surname": person.surname}
    data = []
    for rule in rules:
        value = _found(person.user_info, rule["name"])
        if value is _ABSENT or value is None:
            continue
        for target in rule["accountAttributes"]:
            head, *keys = target.split(".")
            if head != CUSTOM_DATA:
                values[head] = value if head in _ATTRIBUTES and _fits(head, value) else values.get(head)
            elif _is_keepable(keys[0], value):
                data.append((tuple(keys), value))
    fitting = {name: str(value) for name, value in values.items() if value is not None and _fits(name, value)}
    return Told(fitting, tuple(data), _is_proved(fitting.get("email"), person))


def kept_of(person: Person) -> dict[str, Any]:
    """What is stored of what the provider has told of *person*, without what cannot be stored."""
    info = {name: value for name, value in person.user_info.items() if _is_keepable("x", value)}
    if len(json.dumps(info).encode()) <= LARGEST:
        return info
    log.warning("What a provider tells of a person is not kept: it has more than %d bytes.", LARGEST)
    return {}


def _found(info: Mapping[str, Any], name: str) -> Any:
    """The member of *info* with that *name*; or where the names with dots between them lead."""
    if name in info:
        return info[name]
    value: Any = info
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return _ABSENT
        value = value[part]
    return value


def _fits(name: str, value: Any) -> bool:
    """Whether *value* can be the attribute with that *name* in JSON."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    try:
        text = _ATTRIBUTES[name].coerce(value)
    except Error:
        return False
    if not text.strip():
        return False
    return is_address(text) if name == "email" else name != "username" or not _COLON.search(text)


def _is_keepable(key: str, value: Any) -> bool:
    if key in CustomData.reserved:
        return False
    try:
        custom_data.embedded({CUSTOM_DATA: {key: value}})
    except Error:
        return False
    return True


def _is_proved(email: str | None, person: Person) -> bool:
    """A rule may take the address from where the provider has proved nothing."""
    if email is None or person.email is None or not person.email_is_verified:
        return False
    return mailbox(email) == mailbox(person.email)


def _laid(current: Any, keys: tuple[str, ...], value: Any) -> Any:
    if not keys:
        return value
    inner = dict(current) if isinstance(current, Mapping) else {}
    return {**inner, keys[0]: _laid(inner.get(keys[0]), keys[1:], value)}
