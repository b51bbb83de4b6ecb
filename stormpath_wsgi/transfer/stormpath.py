"""Reading what Stormpath gave its customers: the folder of its own export, and the folder of the public tool
``stormpath-export``, which has the same objects with more of them inside of each other, and no passwords.

Here is in which order the folders are read, and what belongs together. What becomes of each object is in
:mod:`.stormpath_objects`. Whatever is missing is left out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeAlias

from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.errors import Error
from stormpath_wsgi.kinds import ID, Application, Kind, Organization, Provider
from stormpath_wsgi.transfer import stormpath_objects as objects
from stormpath_wsgi.transfer.problems import BadRecord, reason
from stormpath_wsgi.transfer.stormpath_files import (
    Document,
    File,
    embedded,
    id_of,
    json_files,
    listed,
    read,
    read_file,
    reference,
    root_of,
)
from stormpath_wsgi.transfer.writing import Item, Mistake, Record, batches

_AT_ONCE = 250  # accounts in one transaction

_MIRRORS = (Provider.AD, Provider.LDAP)
_LEFT_OUT = "its directory is left out."

Progress: TypeAlias = Callable[[int], object]
#: What becomes of the object in a file.
Make: TypeAlias = Callable[[File], Iterator[Item]]


class Folder:
    """The folder of an export. Raises :class:`TransferError` unless it has one of the folders that an export has."""

    def __init__(self, path: Path) -> None:
        self._root = root_of(path)
        #: Of the directories so far, by their ids; of those that are left out it is ad or ldap.
        self._providers: dict[str, str] = {}

    def files(self) -> int:
        """How many files there are, about."""
        return sum(len(names) for _, _, names in os.walk(self._root, followlinks=False))

    def batches(self, progress: Progress = lambda files: None) -> Iterator[list[Item]]:
        """All that is in it, in the order in which it can be written. *progress* is called with numbers of files."""
        yield from batches(self._items("directories", self._directory, progress))
        yield from batches(self._items("groups", self._group, progress))
        yield from batches(self._items("organizations", self._organization, progress))
        yield from batches(self._items("applications", self._application, progress))
        yield from batches(self._mappings(progress))
        yield from self._accounts(progress)
        yield from batches(self._items("groupMemberships", objects.membership, progress))
        yield from batches(self._items("apiKeys", objects.api_key, progress))
        yield from batches(self._items("accountLinks", objects.link, progress))

    def _objects(self, kind: str, progress: Progress) -> Iterator[File | Mistake]:
        """The objects in the folder of *kind*, and in folders in it."""
        for path in json_files(self._root / kind):
            where = str(path.relative_to(self._root))
            progress(1)
            try:
                yield read_file(path, where)
            except BadRecord as error:
                yield Mistake(where, kind, str(error))

    def _items(self, kind: str, make: Make, progress: Progress) -> Iterator[Item]:
        """What *make* makes of each object of *kind*; where one cannot be read or used, that."""
        for file in self._objects(kind, progress):
            yield from _made(file, kind, make)

    def _part(self, folder: str, id: object) -> Document:
        """The object in the file that *id* names in *folder*; empty where there is none."""
        if not isinstance(id, str) or not ID.match(id):
            return {}
        try:
            return read(self._root / folder / f"{id}.json")
        except (BadRecord, OSError):
            return {}

    def _directory(self, file: File) -> Iterator[Item]:
        id = id_of(file.content)
        provider = embedded(file.content, "provider") or self._part("providers", id)
        provider_id = self._providers[id] = objects.provider_id_of(provider)
        if provider_id in _MIRRORS:
            name = provider_id.upper()
            why = f"its accounts are in {name}, where their passwords are checked; they are left out too."
            yield Mistake(file.where, "directories", why, is_none=True)
            return
        if rules := self._part("userInfoMappingRules", id).get("items"):
            provider = {**provider, "userInfoMappingRules": {"items": rules}}
        yield objects.directory(file, provider, self._policy(file, "passwordPolicy", "passwordPolicies"))

    def _group(self, file: File) -> Iterator[Item]:
        directory_id = reference(file.content, "directory")
        if self._is_left_out(directory_id):
            yield Mistake(file.where, "groups", _LEFT_OUT, is_none=True)
            return
        yield from self._directory_for(file.where, directory_id)
        yield from objects.group(file, directory_id)

    def _organization(self, file: File) -> Iterator[Item]:
        yield objects.organization(file)

    def _application(self, file: File) -> Iterator[Item]:
        yield objects.application(file, self._policy(file, "oAuthPolicy", "oAuthPolicies"))

    def _policy(self, file: File, name: str, folder: str) -> Document:
        """The policy that an object has as *name*, with what stands in a file of its own in *folder*."""
        policy = embedded(file.content, name)
        return {**self._part(folder, policy.get("id")), **policy}

    def _mappings(self, progress: Progress) -> Iterator[Item]:
        """In the order in which an application or organization looks into its stores."""
        folders = ((Organization, "organizationAccountStoreMappings"), (Application, "accountStoreMappings"))
        found = [
            (_place(file, owner), file, owner)
            for owner, kind in folders
            for file in [*self._objects(kind, progress), *self._embedded_mappings(owner)]
        ]
        for _, file, owner in sorted(found, key=lambda each: each[0]):
            yield from _made(file, "accountStoreMappings", partial(objects.mapping, owner=owner))

    def _embedded_mappings(self, owner: type[Kind]) -> Iterator[File]:
        """The mappings that stand inside of the applications or organizations, as the public tool writes them."""
        for file in self._objects(owner.path, lambda files: None):
            if isinstance(file, File):
                for each in listed(file.content, "account_store_mappings"):
                    yield File(file.where, {objects.name_of(owner): {"id": file.content.get("id")}, **each})

    def _accounts(self, progress: Progress) -> Iterator[list[Item]]:
        """In batches, each with all that its accounts have, table by table."""
        for chunk in batches(self._objects("accounts", progress), _AT_ONCE):
            items = [item for file in chunk for item in _made(file, "accounts", self._account)]
            yield sorted(items, key=lambda item: _ORDER.get(item.table, -1) if isinstance(item, Record) else -1)

    def _account(self, file: File) -> Iterator[Item]:
        directory_id = reference(file.content, "directory")
        if self._is_left_out(directory_id):
            yield Mistake(file.where, "accounts", _LEFT_OUT, is_none=True)
            return
        provider_id = self._providers.get(directory_id, Provider.STORMPATH)
        items = list(objects.account(file, directory_id, provider_id))  # a directory is made for good ones only
        yield from self._directory_for(file.where, directory_id)
        yield from items

    def _directory_for(self, where: str, id: str) -> Iterator[Item]:
        """Where the export has no such directory, one to put its accounts into."""
        if id not in self._providers:
            self._providers[id] = Provider.STORMPATH
            yield objects.missing_directory(where, id)

    def _is_left_out(self, directory_id: str) -> bool:
        return self._providers.get(directory_id) in _MIRRORS


#: The tables of what accounts have, in the order in which it can be written.
_ORDER = {
    table: place
    for place, table in enumerate(
        (
            schema.accounts, schema.passwords, schema.provider_data, schema.custom_data, schema.group_memberships,
            schema.api_keys,
        )
    )
}  # fmt: skip


def _made(file: File | Mistake, kind: str, make: Make) -> Iterator[Item]:
    """What *make* makes of one object of *kind*; where it cannot be read or used, that."""
    if isinstance(file, Mistake):
        yield file
        return
    try:
        yield from make(file)
    except (Error, BadRecord) as error:
        yield Mistake(file.where, kind, reason(error))


def _place(file: File | Mistake, owner: type[Kind]) -> tuple[str, int]:
    """Where a mapping stands in the order: by its owner, and by its index. What is wrong comes first."""
    if isinstance(file, Mistake):
        return "", 0
    try:
        owner_id = objects.owner_of(file, owner)
    except BadRecord:
        return "", 0
    index = file.content.get("listIndex", file.content.get("list_index"))
    return owner_id, index if isinstance(index, int) else 0
