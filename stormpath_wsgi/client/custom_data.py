"""Custom data: the site's own JSON beside a resource, used like a dictionary."""

from __future__ import annotations

import copy
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, MutableMapping, ValuesView
from typing import Any, Literal, Self

from stormpath_wsgi import kinds
from stormpath_wsgi.client.resource import Resource
from stormpath_wsgi.kinds import wire_name

_MOMENTS = ("created_at", "modified_at")


class CustomData(Resource, kinds.CustomData, MutableMapping[str, Any]):
    """``account.custom_data["colour"] = "blue"``: the value is kept here until the custom data or its owner is saved.

    Keys are strings and are not changed in any way. Values are JSON. A value that was read and then changed in place is
    saved as well. A key that is no method of a dictionary can be used as an attribute too: ``custom_data.colour``. None
    removes the key, like ``del``, because the directory stores no null. The keys ``created_at`` and
    ``modified_at`` can be read and not written. All that was read can be written back: ``href`` and the two times, with
    names as in Python or in JSON, are left out if they have the current values. Otherwise they raise KeyError, like a
    key that the directory would refuse. If one key is refused, nothing is written.

    Reading loads all custom data in one request, unless it is loaded already or the key was written here: indexing,
    ``in``, ``len``, ``get``, ``pop``, ``popitem``, ``setdefault``, ``clear``, ``del``, iteration and ``|``. Assignment
    and ``|=`` ask the directory for nothing, unless the two times have to be compared. :meth:`update` saves at once.
    Custom data is always true, and equals only the custom data of the same owner: ``bool`` and ``==`` ask for nothing.
    To compare the content, use ``dict(custom_data)`` or :meth:`stored`.
    """

    def keys(self) -> KeysView[str]:  # type: ignore[override]  # of resources these are lists
        """The keys, as a view like that of a dictionary."""
        return KeysView(self)

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        """The values, as a view like that of a dictionary."""
        return ValuesView(self)

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]
        """The keys with their values, as a view like that of a dictionary."""
        return ItemsView(self)

    def stored(self) -> dict[str, Any]:
        """A copy of the site's own keys and values, with unsaved changes."""
        return copy.deepcopy(self._own())

    def update(  # type: ignore[override]  # as that of dictionaries
        self, properties: Mapping[str, Any] | Iterable[tuple[str, Any]] = (), /, **more: Any
    ) -> None:
        """Writes all of *properties*, and saves them at once."""
        self._write(self.writable({**dict(properties), **more}))
        self.save()

    def popitem(self) -> tuple[str, Any]:
        """Removes the last of the site's own keys, and returns it with its value."""
        own = list(self._own())
        if not own:
            raise KeyError("the custom data is empty")
        return own[-1], self.pop(own[-1])

    def clear(self) -> None:
        """Removes all keys, when it is saved. :meth:`delete` does the same at once."""
        self._write(dict.fromkeys(self._own()))

    def delete(self) -> None:
        """Removes all keys at once, in one request."""
        super().delete()
        self._take({"href": self.href})

    def writable(self, given: object) -> dict[str, Any]:
        """The keys and values that assigning *given* writes: all but those that only repeat what the directory sets.

        Raises KeyError for a key that cannot be written, and TypeError for an object that is no dictionary.
        """
        if isinstance(given, CustomData):
            return {} if given is self else given.stored()
        if not isinstance(given, Mapping):
            raise TypeError(f"custom data takes a dictionary, not a {type(given).__name__}: clear() removes all keys")
        data = {key: value for key, value in given.items() if not self._is_told(key, value)}
        for key in data:
            _check_key(key)
        return data

    def __getitem__(self, key: str) -> Any:
        if key in _MOMENTS:
            return getattr(self, key)
        value = None if _is_reserved(key) else self._value(key)
        if value is None:
            raise KeyError(key)
        return self._lend(key, value)

    def __setitem__(self, key: str, value: Any) -> None:
        self._write(self.writable({key: value}))

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        _check_key(key)
        self._write({key: None})

    def __getattr__(self, name: str) -> Any:
        # Called for names that the class does not have. Tools look for names with an underscore: those never ask.
        if not name.startswith("_") and name in self:
            return self[name]
        raise AttributeError(f"custom data has no key {name!r}", name=name, obj=self)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or hasattr(type(self), name):
            super().__setattr__(name, value)
        else:
            self[name] = value

    def __contains__(self, key: object) -> bool:
        return key in _MOMENTS or (isinstance(key, str) and not _is_reserved(key) and self._value(key) is not None)

    def __iter__(self) -> Iterator[str]:
        return iter([*_MOMENTS, *self._own()])

    def __len__(self) -> int:
        return len(_MOMENTS) + len(self._own())

    def __bool__(self) -> Literal[True]:
        return True

    def __or__(self, other: object) -> dict[str, Any]:
        return dict(self) | dict(other) if isinstance(other, Mapping) else NotImplemented

    def __ror__(self, other: object) -> dict[str, Any]:
        return dict(other) | dict(self) if isinstance(other, Mapping) else NotImplemented

    def __ior__(  # type: ignore[misc]  # it takes pairs too, as that of dictionaries does
        self, other: Mapping[str, Any] | Iterable[tuple[str, Any]]
    ) -> Self:
        """Writes all keys of *other*, without saving."""
        self._write(self.writable(other if isinstance(other, Mapping) else dict(other)))
        return self

    def _own(self) -> dict[str, Any]:
        self._load()
        known = {**self._wire, **self._lent, **self._changed}
        return {key: value for key, value in known.items() if value is not None and not _is_reserved(key)}

    def _write(self, data: Mapping[str, Any]) -> None:
        """Writes *data*, whose keys were checked."""
        self._changed.update(data)
        for key in data:
            self._lent.pop(key, None)

    def _is_told(self, key: object, value: object) -> bool:
        """Whether only the directory sets *key*, and *value* is its current value."""
        if key == "href":
            return value == self.href
        for name in _MOMENTS:
            if key in (name, wire_name(name)):
                return value in (getattr(self, name), self._wire[wire_name(name)])
        return False

    def _plain(self) -> dict[str, Any]:
        self._load()
        return {"href": self.href, **{name: self._wire[wire_name(name)] for name in _MOMENTS}, **self.stored()}

    def _not_writable(self, name: str) -> AttributeError:
        return AttributeError(f"custom data has a method {name}, so write custom_data[{name!r}]", name=name, obj=self)


class HasCustomData(Resource):
    """A resource with custom data, which is saved with it. Assigning a dictionary writes each of its keys."""

    #: The custom data of the resource.
    custom_data: kinds.Part[CustomData]

    def write(self, member: kinds.Member[Any], value: Any) -> None:
        """Sets *member* to *value*. A dictionary for the custom data writes each of its keys."""
        if not _is_custom_data(member):
            super().write(member, value)
        elif self.is_new():
            self._changed[member.wire] = of_new_owner(value)
        else:
            self.custom_data._write(self.custom_data.writable(value))

    def save(self) -> None:
        """Sends the changes, also those of the custom data, in one request; none if there are no changes."""
        data = {} if self.is_new() else self.custom_data._changes()
        changes = self._changes()
        if not data:
            super().save()
        elif not changes:
            self.custom_data.save()
        else:
            self._accept(self._client.data_store.update(self.href, {**changes, "customData": data}))
            self.custom_data._take({"href": self.custom_data.href})

    def _check(self, member: kinds.Member[Any], value: Any) -> None:
        if not _is_custom_data(member):
            super()._check(member, value)
        elif not self.is_new():
            self.custom_data.writable(value)


def of_new_owner(given: Any) -> Any:
    """The keys and values of the custom data *given* that are sent for a new resource."""
    if isinstance(given, CustomData):
        return given.stored()
    for name in _MOMENTS if isinstance(given, Mapping) else ():
        if name in given:
            raise KeyError(f"{name} is the directory's own: pass custom_data, or its stored(), instead of a dictionary")
    return given


def _is_custom_data(member: kinds.Member[Any]) -> bool:
    return isinstance(member, kinds.Part) and member.to == "CustomData"


def _check_key(key: object) -> None:
    """Raises KeyError for a key that cannot be written."""
    if not isinstance(key, str) or not kinds.CustomData.key.fullmatch(key):
        raise KeyError(f"a key of custom data has 1 to 255 of 0-9 A-Z a-z _ - and does not start with '-': {key!r:.80}")
    if _is_reserved(key):
        raise KeyError(f"custom data has a key {key!r} of its own, which is not writable")


def _is_reserved(key: object) -> bool:
    return isinstance(key, str) and wire_name(key) in kinds.CustomData.reserved
