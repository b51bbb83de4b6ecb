"""Reading what Stormpath gave its customers: the folder of its own export, and the folder of the public tool
``stormpath-export``, which has the same objects with more of them inside of each other, and no passwords.

Each object is a JSON file. What stands outside of the folder is never read: links are not followed, and no name that
stands in a file becomes a path unless it is an id. Whatever is missing is left out. Ids are kept, and so hrefs are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from sqlalchemy import Table, select, update

from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.crypto import foreign_hashes
from stormpath_wsgi.directory.crypto.passwords import check_format
from stormpath_wsgi.directory.mail.addresses import is_address
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rules import custom_data
from stormpath_wsgi.directory.rules.stores import applications, directories, mappings, organizations
from stormpath_wsgi.directory.rules.tenants import administrators
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire.canonical import canonical_name
from stormpath_wsgi.directory.wire.paths import Resource
from stormpath_wsgi.errors import Error
from stormpath_wsgi.kinds import (
    COLON,
    DISABLED,
    ENABLED,
    ID,
    Account,
    ApiKey,
    Application,
    Attribute,
    Directory,
    Group,
    Kind,
    OAuthPolicy,
    Organization,
    PasswordPolicy,
    PasswordStrength,
    Provider,
)
from stormpath_wsgi.transfer.of_others import moment
from stormpath_wsgi.transfer.people import NO_ADDRESS, UNKNOWN_HASH
from stormpath_wsgi.transfer.problems import BadRecord
from stormpath_wsgi.transfer.stormpath_files import (
    Document,
    File,
    embedded,
    id_of,
    json_files,
    listed,
    read,
    reference,
    root_of,
)
from stormpath_wsgi.transfer.writing import Item, Mistake, Rows, Step, batches

_AT_ONCE = 250  # accounts in one transaction

_MIRRORS = (Provider.AD, Provider.LDAP)
_LEFT_OUT = "its directory is left out."

#: What Stormpath adds to custom data, in the words of both exports.
_ADDED = frozenset({"href", "id", "createdAt", "modifiedAt", "created_at", "modified_at"})

#: The kinds of account stores, as an href or the public tool calls them.
_STORES: Mapping[str, type[Kind]] = {
    "directories": Directory, "groups": Group, "organizations": Organization, "orgs": Organization,
    "Directory": Directory, "Group": Group, "Organization": Organization,
}  # fmt: skip

Progress = Callable[[int], object]


class Folder:
    """The folder of an export. Raises :class:`TransferError` unless it has one of the folders that an export has."""

    def __init__(self, path: Path) -> None:
        self._root = root_of(path)
        self._providers: dict[
            str, str
        ] = {}  # of directories, by their ids; of those that are left out it is ad or ldap

    def files(self) -> int:
        """How many files there are, about."""
        return sum(len(names) for _, _, names in os.walk(self._root, followlinks=False))

    def batches(self, progress: Progress = lambda files: None) -> Iterator[list[Item]]:
        """All that is in it, in the order in which it can be written. *progress* is called with numbers of files."""
        yield from batches(self._directories(progress))
        yield from batches(self._groups(progress))
        yield from batches(self._organizations(progress))
        yield from batches(self._applications(progress))
        yield from batches(self._mappings(progress))
        yield from self._accounts(progress)
        yield from batches(self._memberships(progress))
        yield from batches(self._api_keys(progress))
        yield from batches(self._links(progress))

    def _objects(self, kind: str, progress: Progress) -> Iterator[File | Mistake]:
        """The objects in the folder of *kind*, and in folders in it."""
        for path in json_files(self._root / kind):
            where = str(path.relative_to(self._root))
            progress(1)
            try:
                yield File(where, read(path))
            except BadRecord as error:
                yield Mistake(where, kind, str(error))

    def _items(
        self, kind: str, make: Callable[[File], Iterator[Item]], progress: Progress, section: str | None = None
    ) -> Iterator[Item]:
        """What *make* makes of each object of *kind*; where one cannot be read or used, that."""
        for file in self._objects(kind, progress):
            if isinstance(file, Mistake):
                yield file
                continue
            try:
                yield from make(file)
            except (Error, BadRecord) as error:
                why = error.developer_message if isinstance(error, Error) else str(error)
                yield Mistake(file.where, section or kind, why)

    def _part(self, folder: str, id: object) -> Document:
        """The object in the file that *id* names in *folder*; empty where there is none."""
        if not isinstance(id, str) or not ID.match(id):
            return {}
        path = self._root / folder / f"{id}.json"
        try:
            return read(path)
        except (BadRecord, OSError):
            return {}

    def _directories(self, progress: Progress) -> Iterator[Item]:
        return self._items("directories", self._directory, progress)

    def _directory(self, file: File) -> Iterator[Item]:
        id, content = id_of(file.content), file.content
        provider = embedded(content, "provider") or self._part("providers", id)
        provider_id = str(provider.get("providerId") or Provider.STORMPATH).lower()
        self._providers[id] = provider_id
        if provider_id in _MIRRORS:
            why = (
                f"its accounts are in {provider_id.upper()}, where their passwords are checked; they are left out too."
            )
            yield Mistake(file.where, "directories", why, is_none=True)
            return
        if rules := self._part("userInfoMappingRules", id).get("items"):
            provider = {**provider, "userInfoMappingRules": {"items": rules}}
        policy = embedded(content, "passwordPolicy")
        policy = {**self._part("passwordPolicies", policy.get("id")), **policy}
        values, data = _values(Directory, content, "name", "description", "status"), _data(content)

        def make(work: UnitOfWork) -> str | None:
            values["name"] = _free_name(work, schema.directories, values["name"])
            left_out = _make_directory(work, id, values, data, _provider(provider_id, provider))
            records.change(work, PasswordPolicy, id, _values(PasswordPolicy, policy, "resetTokenTtl"))
            strength = embedded(policy, "strength")
            if strength:
                records.change(work, PasswordStrength, id, _values(PasswordStrength, strength))
            _set_dates(work, schema.directories, id, content)
            return left_out

        yield Step(file.where, schema.directories, id, make)

    def _groups(self, progress: Progress) -> Iterator[Item]:
        return self._items("groups", self._group, progress)

    def _group(self, file: File) -> Iterator[Item]:
        id, directory_id = id_of(file.content), reference(file.content, "directory")
        if self._is_left_out(directory_id):
            yield Mistake(file.where, "groups", _LEFT_OUT, is_none=True)
            return
        yield from self._directory_for(file.where, directory_id)
        values = {**_values(Group, file.content, "name", "description", "status"), "directory_id": directory_id}
        values = {"status": ENABLED, "id": id, **_dates(file.content), **values}
        yield Rows(file.where, schema.groups, values)
        data = {"owner_id": id, "data": _data(file.content)}
        yield Rows(file.where, schema.custom_data, data)

    def _organizations(self, progress: Progress) -> Iterator[Item]:
        return self._items("organizations", self._organization, progress)

    def _organization(self, file: File) -> Iterator[Item]:
        id, data = id_of(file.content), _data(file.content)
        values = {"status": ENABLED, **_values(Organization, file.content, "name", "nameKey", "description", "status")}

        def make(work: UnitOfWork) -> None:
            values["name"] = _free_name(work, schema.organizations, values["name"])
            organizations.make(work, id, values, data)
            _set_dates(work, schema.organizations, id, file.content)

        yield Step(file.where, schema.organizations, id, make)

    def _applications(self, progress: Progress) -> Iterator[Item]:
        return self._items("applications", self._application, progress)

    def _application(self, file: File) -> Iterator[Item]:
        id, content, data = id_of(file.content), file.content, _data(file.content)
        defaults = {"status": ENABLED, "authorized_callback_uris": [], "authorized_origin_uris": []}
        values = {**defaults, **_values(Application, content, "name", "description", "status")}
        policy = embedded(content, "oAuthPolicy")
        policy = {**self._part("oAuthPolicies", policy.get("id")), **policy}

        def make(work: UnitOfWork) -> None:
            values["name"] = _free_name(work, schema.applications, values["name"])
            applications.make(work, values, data, directory=False, id=id)
            times = _values(OAuthPolicy, policy, "accessTokenTtl", "refreshTokenTtl")
            records.change(work, OAuthPolicy, id, times)
            _set_dates(work, schema.applications, id, content)

        yield Step(file.where, schema.applications, id, make)

    def _mappings(self, progress: Progress) -> Iterator[Item]:
        """In the order in which an application or organization looks into its stores."""
        found = [
            _mapping(file, owner)
            for owner, kind in (
                (Organization, "organizationAccountStoreMappings"),
                (Application, "accountStoreMappings"),
            )
            for file in [*self._objects(kind, progress), *self._embedded_mappings(owner)]
        ]
        for _, _, item in sorted(found, key=lambda each: each[:2]):
            yield item

    def _embedded_mappings(self, owner: type[Kind]) -> Iterator[File]:
        """The mappings that stand inside of the applications or organizations, as the public tool writes them."""
        for file in self._objects(owner.path, lambda files: None):
            if isinstance(file, File):
                for each in listed(file.content, "account_store_mappings"):
                    yield File(file.where, {_name_of(owner): {"id": file.content.get("id")}, **each})

    def _accounts(self, progress: Progress) -> Iterator[list[Item]]:
        """In batches, each with all that its accounts have, table by table."""
        files = self._objects("accounts", progress)
        while chunk := list(islice(files, _AT_ONCE)):
            items: list[Item] = []
            for file in chunk:
                made = iter((file,)) if isinstance(file, Mistake) else self._items_of_account(file)
                items.extend(made)
            order = {table: place for place, table in enumerate(_ORDER)}
            items.sort(key=lambda item: order.get(item.table, -1) if isinstance(item, Rows) else -1)
            yield items

    def _items_of_account(self, file: File) -> Iterator[Item]:
        try:
            yield from self._account(file)
        except (Error, BadRecord) as error:
            why = error.developer_message if isinstance(error, Error) else str(error)
            yield Mistake(file.where, "accounts", why)

    def _account(self, file: File) -> Iterator[Item]:
        where, content = file
        id, directory_id = id_of(content), reference(content, "directory")
        if self._is_left_out(directory_id):
            yield Mistake(where, "accounts", _LEFT_OUT, is_none=True)
            return
        values = _account_values(content, id)
        unusable, hash = _hash(content.get("password"))
        data, complaint = _checked_data(content)
        yield from self._directory_for(where, directory_id)
        yield Rows(where, schema.accounts, {**values, "id": id, "directory_id": directory_id, **_dates(content)})
        if hash is not None:
            row = {"account_id": id, "position": 0, "hash": hash}
            yield Rows(where, schema.passwords, row, may_dangle=True)
        if unusable:
            yield Mistake(where, "passwords", UNKNOWN_HASH, is_none=True)
        if complaint:
            yield Mistake(where, "customData", complaint, is_none=True)
        external = content.get("externalId")
        provider: Document = {"id": id, "provider_id": self._providers.get(directory_id, Provider.STORMPATH)}
        if isinstance(external, str) and external:
            provider["user_info"] = {"id": external}
        yield Rows(where, schema.provider_data, provider, may_dangle=True)
        yield Rows(where, schema.custom_data, {"owner_id": id, "data": data})
        for group in listed(content, "groups"):
            row = {"id": new_id(), "account_id": id, "group_id": id_of(group)}
            yield Rows(where, schema.group_memberships, row, may_dangle=True)
        for key in listed(content, "apiKeys"):
            yield _api_key(where, key, id)

    def _memberships(self, progress: Progress) -> Iterator[Item]:
        def make(file: File) -> Iterator[Item]:
            pair = {f"{name}_id": reference(file.content, name) for name in ("account", "group")}
            yield Rows(file.where, schema.group_memberships, {"id": id_of(file.content), **pair}, may_dangle=True)

        return self._items("groupMemberships", make, progress)

    def _api_keys(self, progress: Progress) -> Iterator[Item]:
        def make(file: File) -> Iterator[Item]:
            yield _api_key(file.where, file.content, reference(file.content, "account"))

        return self._items("apiKeys", make, progress)

    def _links(self, progress: Progress) -> Iterator[Item]:
        def make(file: File) -> Iterator[Item]:
            left, right = (reference(file.content, f"{side}Account") for side in ("left", "right"))
            lesser, greater = sorted((left, right))
            row = {"left_account_id": left, "right_account_id": right, "lesser_id": lesser, "greater_id": greater}
            yield Rows(file.where, schema.account_links, {"id": id_of(file.content), **row}, may_dangle=True)

        return self._items("accountLinks", make, progress)

    def _directory_for(self, where: str, id: str) -> Iterator[Item]:
        """Where the export has no such directory, one to put its accounts into: it has the same id."""
        if id in self._providers:
            return
        self._providers[id] = Provider.STORMPATH
        values = {"name": f"Directory {id}", "status": DISABLED}

        def make(work: UnitOfWork) -> None:
            directories.make(work, values, id=id)

        yield Step(where, schema.directories, id, make)

    def _is_left_out(self, directory_id: str) -> bool:
        return self._providers.get(directory_id) in _MIRRORS


_ORDER = (
    schema.accounts, schema.passwords, schema.provider_data, schema.custom_data, schema.group_memberships,
    schema.api_keys,
)  # fmt: skip


def _values(kind: type[Kind], content: Document, *names: str) -> Document:
    """The attributes of *kind* that *content* has, checked: those called *names*, or all that can be set."""
    values = {}
    for attribute in kind.declared(Attribute):
        wanted = attribute.wire in names if names else bool(attribute.writable)
        if wanted and (content.get(attribute.wire) is not None or attribute.required):
            values[attribute.name] = attribute.check(content.get(attribute.wire))
    return values


def _dates(content: Document) -> Document:
    found = {"created_at": moment(content.get("createdAt")), "modified_at": moment(content.get("modifiedAt"))}
    return {name: value for name, value in found.items() if value is not None}


def _set_dates(work: UnitOfWork, table: Table, id: str, content: Document) -> None:
    if dates := _dates(content):
        work.connection.execute(update(table).where(table.c.id == id).values(dates))


def _data(content: Document) -> Document:
    """The custom data of an object, checked. Raises Error."""
    data = {key: value for key, value in embedded(content, "customData").items() if key not in _ADDED}
    custom_data.embedded({"customData": data})
    return {key: value for key, value in data.items() if value is not None}


def _checked_data(content: Document) -> tuple[Document, str | None]:
    """The same, or none, and why."""
    try:
        return _data(content), None
    except Error as error:
        return {}, f"its custom data is left out: {error.developer_message}"


def _account_values(content: Document, id: str) -> Document:
    email = Account.email.check(content.get("email") or f"{id.lower()}@{NO_ADDRESS}")
    username = Account.username.check(content.get("username") or content.get("email") or id)
    if not is_address(email):
        raise BadRecord("its e-mail address is none.")
    if any(character in username for character in COLON):
        raise BadRecord("its username has a colon, which ends a name where people sign in.")
    return {
        "email": email,
        "username": username,
        "given_name": Account.given_name.check(content.get("givenName") or None),
        "middle_name": Account.middle_name.check(content.get("middleName") or None),
        "surname": Account.surname.check(content.get("surname") or None),
        "status": Account.status.check(content.get("status") or ENABLED),
        "email_verification_status": Account.email_verification_status.check(
            content.get("emailVerificationStatus") or "UNKNOWN"
        ),
        "password_modified_at": moment(content.get("passwordModifiedAt")),
    }


def _hash(stored: object) -> tuple[bool, str | None]:
    """Whether *stored* is of no use, and the hash to keep. How ``$stormpath1$`` was made was never published."""
    if not isinstance(stored, str) or not stored:
        return False, None
    found = foreign_hashes.find(stored)
    if found is not None and found.is_bearable:
        return False, stored
    try:
        check_format(stored)
    except Error:
        return True, None
    return True, stored


def _api_key(where: str, content: Document, account_id: str) -> Rows:
    secret = content.get("secret")
    if not isinstance(secret, str) or not secret:
        raise BadRecord("the API key has no secret.")
    values = _values(ApiKey, content, "status", "name", "description")
    row = {"status": ENABLED, "id": id_of(content), "secret": secret, "account_id": account_id, **values}
    row |= {name: value for name, value in _dates(content).items() if name == "created_at"}
    return Rows(where, schema.api_keys, row, may_dangle=True)


def _name_of(owner: type[Kind]) -> str:
    return "organization" if owner is Organization else "application"


def _mapping(file: File | Mistake, owner: type[Kind]) -> tuple[str, int, Step | Mistake]:
    """The owner of a mapping, its place in the order, and what makes it."""
    if isinstance(file, Mistake):
        return "", 0, file
    table = schema.account_store_mappings if owner is Application else schema.organization_store_mappings
    try:
        content = file.content
        id, owner_id = id_of(content), reference(content, _name_of(owner))
        link = embedded(content, "accountStore") or embedded(content, "account_store")
        store_id = id_of(link)
        segment = str(link.get("href", "")).rstrip("/").split("/")[-2:][0]
        kind = _STORES.get(segment) or _STORES.get(str(link.get("type")))
        if kind is None:
            raise BadRecord("its account store is of no kind that is known.")
    except BadRecord as error:
        return "", 0, Mistake(file.where, "accountStoreMappings", str(error))
    flags = {
        name: content.get(wire) is True or content.get(name) is True
        for name, wire in (
            ("is_default_account_store", "isDefaultAccountStore"), ("is_default_group_store", "isDefaultGroupStore"),
        )
    }  # fmt: skip
    flags["is_default_group_store"] &= kind is not Group

    def make(work: UnitOfWork) -> None:
        for resource, name in ((Resource(owner, owner_id), "owner"), (Resource(kind, store_id), "account store")):
            if not records.exist(work, resource.kind, resource.id):
                raise BadRecord(f"its {name} is not there.")
        mappings.add(work, Resource(owner, owner_id), Resource(kind, store_id), id=id, **flags)

    index = content.get("listIndex", content.get("list_index"))
    place = index if isinstance(index, int) else 0
    return owner_id, place, Step(file.where, table, id, make, may_dangle=True)


def _provider(provider_id: str, sent: Document) -> Document | None:
    """What of the provider in an export a new directory can be given."""
    if provider_id == Provider.STORMPATH:
        return None
    known = {attribute.wire for attribute in Provider.declared(Attribute) if "c" in attribute.writable}
    known |= {"userInfoMappingRules", "scopes"}
    kept = {name: value for name, value in sent.items() if name in known and value is not None}
    return {**kept, "providerId": provider_id}


def _make_directory(
    work: UnitOfWork, id: str, values: Document, data: Document, provider: Document | None
) -> str | None:
    """Makes a directory. Where its provider cannot be made, it gets none, and the answer says why."""
    values = {"status": ENABLED, **values}
    try:
        with work.connection.begin_nested():
            directories.make(work, values, data, provider, id)
    except Error as error:
        if provider is None:
            raise
        directories.make(work, values, data, None, id)
        return f"its provider {provider['providerId']}: {error.developer_message}"
    return None


def _free_name(work: UnitOfWork, table: Table, name: str) -> str:
    """*name*, with a number behind it where the tenant has something of this name: ``Shop (2)``."""
    mine = select(table.c.name_folded).where(table.c.tenant_id == work.tenant_id)
    # The second is that of the directory of those who administer this one from now on.
    taken = {*work.connection.execute(mine).scalars(), canonical_name(administrators.NAME)}
    number, free = 1, name
    while canonical_name(free) in taken:
        number += 1
        free = f"{name[:245]} ({number})"
    return free
