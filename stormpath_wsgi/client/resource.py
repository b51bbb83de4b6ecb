"""Resources: objects whose attributes are loaded when they are first read, and sent when they are saved."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Never, Protocol, Self, TypeVar, cast

from stormpath_wsgi import kinds
from stormpath_wsgi.client.credentials import KeyPair
from stormpath_wsgi.client.expansion import Expand, wire_expand
from stormpath_wsgi.client.live import Live
from stormpath_wsgi.client.other_site import Answers
from stormpath_wsgi.client.store import DataStore
from stormpath_wsgi.events import Events
from stormpath_wsgi.kinds import wire_name

R = TypeVar("R", bound="Resource")


class Opened(Protocol):
    """The part of a client that resources use.

    The client knows the classes of all kinds. So a resource finds the class of a linked resource by the title in the
    declaration, and its module does not have to import that class.
    """

    #: The API key with which the client authenticates; None where none is needed.
    auth: KeyPair | None
    #: The data store that all requests go through.
    data_store: DataStore
    #: What was read of the answers of other sites.
    answers: Answers

    @property
    def base_url(self) -> str:
        """What all hrefs start with, without a slash at the end."""

    @property
    def events(self) -> Events:
        """Who listens to what happens."""

    def resource(self, properties: Mapping[str, Any], *titles: str) -> Resource:
        """The object for the resource with these *properties*.

        *titles*: its possible kinds; its href decides which one.
        """

    def collection(self, declared: kinds.Collection[Any], href: str, page: Mapping[str, Any] | None = None) -> Any:
        """The object for the collection *declared* at *href*."""


class Resource(Live, kinds.Kind):
    """One resource of a directory, with its :attr:`href`.

    Making the object asks the directory for nothing. Reading an attribute for the first time loads all attributes in
    one request. Links, parts and collections are again such objects. Changes are kept in the object until :meth:`save`.
    It can also be used like a dictionary: ``account["given_name"]``.

    Reading raises :class:`stormpath_wsgi.Error` with status 404 if the resource does not exist (``hasattr`` raises it
    as well), and :class:`stormpath_wsgi.errors.Unavailable` if the directory cannot be reached. Threads must not share
    it.

    Two resources are equal if their hrefs are equal, and every resource is true. Printing, comparing and hashing asks
    the directory for nothing and never raises. A copy has the same client, and unsaved changes of its own. A resource
    cannot be pickled.
    """

    # The default is for tools that print an object before its __init__ has run, as debuggers do.
    _wire: Mapping[str, Any] = MappingProxyType({})
    _changed = cast("dict[str, Any]", MappingProxyType({}))

    _client: Opened
    _expand: str | None
    _loaded: bool
    _lent: dict[str, Any]
    _related: dict[str, Resource]

    def __init__(
        self,
        client: Opened,
        href: str | None = None,
        properties: Mapping[str, Any] | None = None,
        *,
        expand: Expand = None,
    ) -> None:
        """The resource at *href*, or the one with these *properties*, in the form of a data store.

        If the *properties* have no href, it is new: it exists in no directory. Only ``create`` of a collection makes a
        resource in the directory.
        """
        if properties is None:
            if href is None:
                raise ValueError("either href or properties is required")
            if not isinstance(href, str):
                raise TypeError(f"href must be a string, not {type(href).__name__}")
            properties = {"href": href}
        # As __setattr__ lets pass, without eight calls of it.
        vars(self).update(_client=client, _expand=wire_expand(expand))
        self._take(properties if "href" in properties else self._sent(properties))

    @property
    def href(self) -> str:
        """The address of the resource; None while it is new."""
        return cast(str, self._wire.get("href"))

    def is_new(self) -> bool:
        """Whether the resource exists in no directory yet."""
        return "href" not in self._wire

    def save(self) -> None:
        """Sends the changes since it was loaded or saved, and nothing else, in one request; none if there are no
        changes.

        So two programs that change different attributes of one resource do not undo each other's changes. Lists that
        were read and changed in place are changes as well; read them again after saving.
        """
        if self.is_new():
            raise ValueError(f"a new {self.title()} cannot be saved: make it with create() of a collection")
        if changes := self._changes():
            self._accept(self._client.data_store.update(self.href, changes))

    def refresh(self) -> None:
        """Loads the resource again. Changes that were not saved are lost."""
        self._take(self._client.data_store.get(self.href, self._expand))

    def delete(self) -> None:
        """Removes the resource, and the resources that cannot exist without it. For a new resource it does nothing.

        If an account, a directory, a group, an organization, a mapping, a membership, a phone or a factor does not
        exist any more, it does nothing. For other kinds, such as a token or an API key, it raises an error with status
        404.
        """
        if not self.is_new():
            self._client.data_store.delete(self.href)

    def seen_as(self, kind: type[R]) -> R:
        """The same resource as an object of the class *kind*, with the loaded attributes, without unsaved changes."""
        return kind(self._client, properties=self._wire)

    def document(self) -> Mapping[str, Any]:
        """What the directory has answered, by its names in JSON, without changes that were not saved. It may say more
        than the kind declares.
        """
        self._load()
        return MappingProxyType(dict(self._wire))

    def to_json(self) -> str:
        """All attributes as JSON text, by their names in Python. Links are ``{"href": …}``."""
        return json.dumps(self._plain())

    # The declared members call these two.

    def read(self, member: kinds.Member[Any]) -> Any:
        """The value of *member*, which is loaded if it is not there yet. Called by the descriptors of the kind."""
        match member:
            case kinds.Attribute():
                return self._attribute(member)
            case kinds.Link():
                return self._linked(member)
            case kinds.Part():
                return self._part(member)
            case kinds.Collection():
                return self._collection(member)
        raise TypeError(f"{type(member).__name__} cannot be read")

    def write(self, member: kinds.Member[Any], value: Any) -> None:
        """Sets *member* to *value*, for the next :meth:`save`.

        Called by the descriptors of the kind. Raises AttributeError for a member that cannot be written.
        """
        self._check(member, value)
        self._changed[member.wire] = sent(member, value)
        self._lent.pop(member.wire, None)
        if isinstance(member, kinds.Attribute) and isinstance(value, list | dict):
            self._lent[member.wire] = value  # it may still be changed in place
        self._related.pop(member.wire, None)

    def _check(self, member: kinds.Member[Any], value: Any) -> None:
        """Raises unless *value* may be written to *member*, as far as that is known without asking the directory."""
        when = getattr(member, "writable", "")
        if not (when if self.is_new() else "u" in when):
            raise self._not_writable(member.name)

    def _not_writable(self, name: str) -> AttributeError:
        return AttributeError(f"Attribute {name!r} of {self.title()} is not writable", name=name, obj=self)

    def _attribute(self, attribute: kinds.Attribute[Any]) -> Any:
        if attribute.secret and attribute.wire not in self._changed:
            raise AttributeError(f"Attribute {attribute.name!r} of {self.title()} cannot be read")
        value = self._value(attribute.wire)
        return None if value is None else self._lend(attribute.wire, attribute.from_wire(value))

    def _linked(self, link: kinds.Link[Any]) -> Resource | None:
        value = self._value(link.wire)
        if value is None:
            return None
        known = self._related.get(link.wire)
        if known is None or known.href != value["href"]:
            known = self._related[link.wire] = self._client.resource(value, *link.to)
        return known

    def _part(self, part: kinds.Part[Any]) -> Any:
        if self.is_new():
            return self._value(part.wire)
        if part.wire not in self._related:
            properties = self._expanded(part.wire) or {"href": self._href_of(part)}
            self._related[part.wire] = self._client.resource(properties, *filter(None, [part.to]))
        return self._related[part.wire]

    def _collection(self, collection: kinds.Collection[Any]) -> Any:
        if self.is_new():
            raise AttributeError(f"a new {self.title()} has no {collection.name} yet")
        page = self._expanded(collection.wire)
        return self._client.collection(collection, f"{self.href}/{collection.wire}", page)

    def _href_of(self, part: kinds.Part[Any]) -> str:
        base = self._client.base_url
        path = self.href.removeprefix(base + "/")
        return f"{base}/{part.path(path, path.rpartition('/')[2])}"

    def _expanded(self, wire: str) -> Mapping[str, Any] | None:
        """The expanded part or collection *wire* in the answer for this resource; None if it was not expanded."""
        if self._expand:
            self._load()
        value = self._wire.get(wire)
        return value if value and value.keys() > {"href"} else None

    def _value(self, wire: str) -> Any:
        if wire in self._changed:
            return self._changed[wire]
        if wire not in self._wire:
            self._load()
        return self._wire.get(wire)

    def _lend(self, wire: str, value: Any) -> Any:
        """*value*; a copy of it if it can be changed in place. Saving compares the copy with the loaded value."""
        if wire in self._lent:
            return self._lent[wire]
        if not isinstance(value, list | dict) or wire in self._changed:
            return value
        return self._lent.setdefault(wire, copy.deepcopy(value))

    def _load(self) -> None:
        if not self._loaded:
            self._wire, self._loaded = self._client.data_store.recall(self.href, self._expand), True

    def _take(self, properties: Mapping[str, Any]) -> None:
        """Takes *properties* as the loaded state, and drops all changes."""
        loaded = len(properties) > 1 or "href" not in properties  # else it is a bare link
        vars(self).update(_wire=properties, _loaded=loaded, _changed={}, _lent={}, _related={})

    def _changes(self) -> dict[str, Any]:
        """The changes that :meth:`save` would send, in JSON."""
        written = {**self._wire, **self._changed}
        lent = {wire: sent(self.members.get(wire), value) for wire, value in self._lent.items()}
        return {**self._changed, **{wire: value for wire, value in lent.items() if value != written.get(wire)}}

    def _accept(self, saved: Mapping[str, Any]) -> None:
        self._wire, self._loaded = saved, True
        self._changed.clear()
        self._lent.clear()

    def _sent(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        named = ((self.members.get(wire_name(name)), value) for name, value in properties.items())
        return {member.wire: sent(member, value) for member, value in named if member}

    def _plain(self) -> dict[str, Any]:
        self._load()
        known = {**self._wire, **self._changed, **self._lent}
        href = {"href": self.href} if not self.is_new() else {}
        return href | {member.name: known[member.wire] for member in self._readable()}

    def _readable(self) -> Iterator[kinds.Member[Any]]:
        return (member for member in self.members.values() if self._has(member))

    def _has(self, member: kinds.Member[Any]) -> bool:
        """Whether *member* can be read: secrets can only be written."""
        return (member.wire in self._wire or member.wire in self._changed) and not getattr(member, "secret", False)

    # Like a dictionary.

    def keys(self) -> list[str]:
        """The names of all attributes, as in Python."""
        self._load()
        return ["href"] * (not self.is_new()) + [member.name for member in self._readable()]

    def values(self) -> list[Any]:
        """The values of all attributes, in the order of :meth:`keys`."""
        return [self[name] for name in self.keys()]

    def items(self) -> list[tuple[str, Any]]:
        """The names of all attributes with their values."""
        return [(name, self[name]) for name in self.keys()]

    def update(self, properties: Mapping[str, Any]) -> None:
        """Writes all of *properties*, and saves them at once. If one of them cannot be written, none is."""
        for name, value in properties.items():
            member = getattr(type(self), name, None)
            if not isinstance(member, kinds.Member):
                raise self._not_writable(name)
            self._check(member, value)
        for name, value in properties.items():
            self[name] = value
        self.save()

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(name)
        return getattr(self, name)

    def __setitem__(self, name: str, value: Any) -> None:
        setattr(self, name, value)

    def __contains__(self, name: object) -> bool:
        if name == "href":
            return not self.is_new()
        self._load()
        member = getattr(type(self), name, None) if isinstance(name, str) else None
        return isinstance(member, kinds.Member) and self._has(member)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __setattr__(self, name: str, value: Never) -> None:
        # Otherwise a misspelt name would become an attribute of the object, and never be sent.
        if not name.startswith("_") and not isinstance(getattr(type(self), name, None), kinds.Member):
            raise self._not_writable(name)
        super().__setattr__(name, value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Resource):
            return NotImplemented
        return self is other or (not self.is_new() and self.href == other.href)

    def __hash__(self) -> int:
        return object.__hash__(self) if self.is_new() else hash(self.href)

    def __copy__(self) -> Self:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Another object for the same resource, with changes of its own."""
        other = memo[id(self)] = type(self).__new__(type(self))
        own = {name: copy.deepcopy(vars(self)[name], memo) for name in ("_changed", "_lent", "_related")}
        vars(other).update(vars(self) | own)
        return other

    def __repr__(self) -> str:
        return f"<{type(self).__name__} href={self.href}>"

    def __str__(self) -> str:
        """The name of the resource if it is loaded, otherwise the representation."""
        return self._known(self.members.get("name")) or repr(self)

    def _known(self, member: kinds.Member[Any] | None) -> str | None:
        """The written or loaded text of *member*; None if there is none. Does not ask the directory."""
        known = member and self._changed.get(member.wire, self._wire.get(member.wire))
        return known if isinstance(known, str) else None


class HasStatus(Resource):
    """A resource that can be switched off."""

    #: The status of a resource that is in use.
    STATUS_ENABLED = kinds.ENABLED
    #: The status of a resource that is switched off.
    STATUS_DISABLED = kinds.DISABLED

    #: The status, which can be written.
    status: kinds.Choice

    def get_status(self) -> str:
        """The status; DISABLED if it has none."""
        return self.status or self.STATUS_DISABLED

    def is_enabled(self) -> bool:
        """Whether the status is ENABLED."""
        return self.get_status() == self.STATUS_ENABLED

    def is_disabled(self) -> bool:
        """Whether the status is DISABLED."""
        return self.get_status() == self.STATUS_DISABLED


def sent(member: kinds.Member[Any] | None, value: Any) -> Any:
    """*value* of *member* as JSON. *member*: None for a key of custom data.

    The value of a link may be a resource, an href or a dictionary.
    """
    if member is None:
        return value
    if isinstance(member, kinds.Struct) and isinstance(value, Resource):
        value = {name: value[name] for name in member.names}  # an organization for its name key
    if isinstance(member, kinds.Attribute):
        return member.to_wire(value)
    if isinstance(value, Resource):
        return {"href": value.href}
    if isinstance(value, str):
        return {"href": value}
    if isinstance(member, kinds.Part) and member.to == "CustomData":
        return value  # keys of custom data are not changed
    return _renamed(value) if isinstance(value, Mapping) else value


def _renamed(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {wire_name(name): _renamed_inside(value) for name, value in properties.items()}


def _renamed_inside(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _renamed(value)
    return [_renamed_inside(item) for item in value] if isinstance(value, list) else value
