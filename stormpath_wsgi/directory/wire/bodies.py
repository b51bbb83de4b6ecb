"""The bodies that callers send: their properties are checked against the declaration of the kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.wire.paths import Resource, below
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.kinds import Attribute, Kind, Link, Member, Struct, Text

#: Properties that the service sets. Clients send them back when they save whole resources; every body may have them,
#: and they are ignored.
COMMON = frozenset({"href", "createdAt", "modifiedAt"})

#: Where custom data is embedded in the body of its owner.
CUSTOM_DATA = "customData"


@dataclass(frozen=True, slots=True)
class Body:
    """What a body asks for, by names in Python: canonical values, and links. Custom data has a rule of its own."""

    values: dict[str, Any] = field(default_factory=dict, repr=False)  # no repr: they may hold a password
    links: dict[str, Resource] = field(default_factory=dict)


def of_creation(kind: type[Kind], properties: Any, base_url: str) -> Body:
    """The body that makes a resource of *kind*: the sent values and the declared defaults.

    An attribute with neither is left out; the rule of the kind decides about it. A null counts as not sent, and so does
    an empty text of an optional attribute, because clients send every attribute they know. *base_url*: what hrefs start
    with. Raises :class:`~stormpath_wsgi.errors.Error` (400, 2000 to 2016).
    """
    sent = _sent(kind, properties)
    body = Body()
    for name, member in kind.members.items():
        value = sent.get(name)
        if isinstance(member, Attribute):
            _take(body, member, value)
        elif isinstance(member, Link) and "c" in member.writable:
            _take_link(body, member, value, base_url)
        elif "c" in getattr(member, "writable", ""):
            pass  # a part that the rule of the kind makes
        elif value is not None and not _is_reference(value):
            raise _unsettable(member)
    return body


def of_update(kind: type[Kind], properties: Any, current: Mapping[str, Any]) -> Body:
    """The body that changes a resource of *kind* whose wire form is now *current*.

    A member that may not be written is accepted as long as its value is the current one, since clients send whole
    resources back. If the body has the href, it is such a resource, and members that only the directory changes may
    have an older value. Raises :class:`~stormpath_wsgi.errors.Error` (400, 2000 to 2016).
    """
    sent = _sent(kind, properties)
    if not properties:
        raise fault(Code.MALFORMED_REQUEST, "At least one attribute must be sent.")
    body = Body()
    for name, value in sent.items():
        member = kind.members[name]
        if isinstance(member, Attribute) and "u" in member.writable:
            body.values[member.name] = _changed(member, value, current.get(name))
        elif not (_is_echo(value, current.get(name)) or ("href" in properties and _is_told(member))):
            raise fault(Code.INVALID, f"{_name(member)} cannot be changed.")
    return body


def _sent(kind: type[Kind], properties: Any) -> dict[str, Any]:
    if not isinstance(properties, Mapping):
        raise fault(Code.MALFORMED_REQUEST, f"{kind.title()} must be a JSON object.")
    passed_over = COMMON | kind.ignored
    for name in properties:
        if name not in kind.members and name not in passed_over:
            raise fault(Code.UNKNOWN_PROPERTY, f"{kind.title()} has no property {name!r:.80}.")
    return {name: value for name, value in properties.items() if name not in passed_over and name != CUSTOM_DATA}


def resource_at(href: Any, base_url: str, titles: tuple[str, ...], name: str) -> Resource:
    """The resource that *href* names, which need not exist. Its kind must be one of *titles*.

    *name*: the property, for error texts. Raises :class:`~stormpath_wsgi.errors.Error` (400).
    """
    target = below(base_url, href)
    if target is None:
        raise fault(Code.INVALID, f"{name} is not an href of this service.")
    if not isinstance(target, Resource) or target.kind.title() not in titles:
        raise fault(Code.NOT_LINKABLE, f"{name} must be the href of: {', '.join(titles)}.")
    return target


def _take(body: Body, attribute: Attribute[Any], value: Any) -> None:
    if value is None or _is_blank(attribute, value):
        value = attribute.default
    elif "c" not in attribute.writable:
        raise _unsettable(attribute)
    if isinstance(attribute, Struct) and not attribute.nullable:
        body.values[attribute.name] = attribute.merged(None, attribute.coerce(value or {}))
    elif value is not None or attribute.required:
        body.values[attribute.name] = attribute.check(value)


def _is_blank(attribute: Attribute[Any], value: Any) -> bool:
    """Whether *value* is the empty text of an optional attribute: forms send that for fields that were not filled in.

    An empty password is not treated as left out, but refused as too short.
    """
    is_optional = isinstance(attribute, Text) and not (attribute.required or attribute.secret or attribute.blank)
    return is_optional and "c" in attribute.writable and isinstance(value, str) and not value.strip()


def _changed(attribute: Attribute[Any], value: Any, current: Any) -> Any:
    if isinstance(attribute, Text) and isinstance(value, str) and value == current:
        return value  # a value that would be refused today, but was stored earlier; clients send it back
    checked = attribute.check(value)
    if isinstance(attribute, Struct) and checked is not None:
        return attribute.merged(current, checked)
    return checked


def _take_link(body: Body, link: Link[Any], value: Any, base_url: str) -> None:
    if value is not None:
        if not _is_reference(value):
            raise fault(Code.WRONG_TYPE, f"{_name(link)} must be an object with an href.")
        body.links[link.name] = resource_at(value["href"], base_url, link.to, _name(link))
    elif link.required:
        raise fault(Code.REQUIRED, f"{_name(link)} is required; it cannot be null, empty, or blank.")


def _is_reference(value: Any) -> bool:
    return isinstance(value, Mapping) and "href" in value


def _is_told(member: Member[Any]) -> bool:
    """Whether only the directory ever changes *member*, as it does ``fullName`` and the default mappings."""
    return getattr(member, "derived", False) or (isinstance(member, Attribute) and not member.writable)


def _is_echo(value: Any, current: Any) -> bool:
    """Whether *value* is the *current* one. A linked resource may be sent expanded."""
    if isinstance(current, Mapping) and "href" in current and _is_reference(value):
        return bool(value["href"] == current["href"])
    return bool(value == current)


def _unsettable(member: Member[Any]) -> Error:
    return fault(Code.UNKNOWN_PROPERTY, f"{_name(member)} cannot be set on creation.")


def _name(member: Member[Any]) -> str:
    return f"{member.kind.title()} {member.wire}"
