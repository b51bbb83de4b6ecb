"""Custom data: the owner's own JSON beside a resource, used like a dictionary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.client.resource import Resource
from stormpath_wsgi.kinds import wire_name

_MOMENTS = ("created_at", "modified_at")


class CustomData(Resource, kinds.CustomData):
    """``account.custom_data["colour"] = "blue"``, kept here until it or its owner is saved.

    Keys are text as it stands: their case is nobody's business. Values are what JSON can hold. A value that was
    read and changed in place is saved too. None removes the key, as ``del`` does: the directory stores no null.
    ``created_at`` and ``modified_at`` are among the keys and cannot be written.
    """

    def keys(self) -> list[str]:
        return [*_MOMENTS, *self.stored()]

    def stored(self) -> dict[str, Any]:
        """The owner's own keys and values, unsaved changes included."""
        self._load()
        known = {**self._wire, **self._lent, **self._changed}
        return {key: value for key, value in known.items() if value is not None and not _is_reserved(key)}

    def get(self, key: str, default: Any = None) -> Any:
        try:
            return self[key]
        except KeyError:
            return default

    def delete(self) -> None:
        """Remove all keys, at once."""
        super().delete()
        self._take({"href": self.href})

    def __getitem__(self, key: str) -> Any:
        if key in _MOMENTS:
            return getattr(self, key)
        value = None if _is_reserved(key) else self._value(key)
        if value is None:
            raise KeyError(key)
        return self._lend(key, value)

    def __setitem__(self, key: str, value: Any) -> None:
        if _is_reserved(key):
            raise KeyError(f"custom data has a key {key!r} of its own, which is not writable")
        if not kinds.CustomData.key.fullmatch(key):
            raise KeyError(f"a key of custom data has 1 to 255 of 0-9 A-Z a-z _ - and does not start with '-': {key!r}")
        self._changed[key] = value
        self._lent.pop(key, None)

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self[key] = None

    def __contains__(self, key: object) -> bool:
        return key in _MOMENTS or (isinstance(key, str) and not _is_reserved(key) and self._value(key) is not None)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def _plain(self) -> dict[str, Any]:
        self._load()
        return {"href": self.href, **{name: self._wire[wire_name(name)] for name in _MOMENTS}, **self.stored()}

    def _not_writable(self, name: str) -> AttributeError:
        return AttributeError(f"custom data has keys, not attributes: write custom_data[{name!r}]", name=name, obj=self)


class HasCustomData(Resource):
    """A resource with custom data, which is saved with it. Assigning a dictionary writes each of its keys."""

    custom_data: kinds.Part[CustomData]

    def write(self, member: kinds.Member[Any], value: Any) -> None:
        if not isinstance(member, kinds.Part) or member.to != "CustomData":
            super().write(member, value)
        elif self.is_new():
            self._changed[member.wire] = value
        else:
            for key, item in value.items():
                self.custom_data[key] = item

    def save(self) -> None:
        """Send what was written, custom data included: one request, or none when nothing was."""
        data = {} if self.is_new() else self.custom_data._changes()
        changes = self._changes()
        if not data:
            super().save()
        elif not changes:
            self.custom_data.save()
        else:
            self._accept(self._client.data_store.update(self.href, {**changes, "customData": data}))
            self.custom_data._take({"href": self.custom_data.href})


def _is_reserved(key: str) -> bool:
    return wire_name(key) in kinds.CustomData.reserved
