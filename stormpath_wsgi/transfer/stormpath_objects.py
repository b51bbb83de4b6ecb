"""What becomes of each object of a Stormpath export: rows of tables, or a task where that takes more than rows.

Ids are kept, and so hrefs are. Each function raises :class:`~stormpath_wsgi.transfer.problems.BadRecord` or
:class:`~stormpath_wsgi.errors.Error` for an object that cannot be taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Table, select, update

from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.crypto import foreign_hashes
from stormpath_wsgi.directory.crypto.passwords import check_format
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
    DISABLED,
    ENABLED,
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
from stormpath_wsgi.transfer.people import NO_ADDRESS, UNKNOWN_HASH, checked_names
from stormpath_wsgi.transfer.problems import BadRecord
from stormpath_wsgi.transfer.stormpath_files import Document, File, embedded, id_of, listed, reference
from stormpath_wsgi.transfer.writing import Item, Mistake, Record, Task

#: What Stormpath adds to custom data, in the words of both exports.
_ADDED = frozenset({"href", "id", "createdAt", "modifiedAt", "created_at", "modified_at"})

#: The kinds of account stores, as an href or the public tool calls them.
_STORES: Mapping[str, type[Kind]] = {
    "directories": Directory, "groups": Group, "organizations": Organization, "orgs": Organization,
    "Directory": Directory, "Group": Group, "Organization": Organization,
}  # fmt: skip


def directory(file: File, provider: Document, policy: Document) -> Task:
    """A directory with its *provider* and the *policy* of its passwords, which may stand in files of their own."""
    id, content = id_of(file.content), file.content
    values, data = _values(Directory, content, "name", "description", "status"), _data(content)

    def make(work: UnitOfWork) -> str | None:
        values["name"] = _free_name(work, schema.directories, values["name"])
        left_out = _make_directory(work, id, values, data, _provider(provider))
        records.change(work, PasswordPolicy, id, _values(PasswordPolicy, policy, "resetTokenTtl"))
        if strength := embedded(policy, "strength"):
            records.change(work, PasswordStrength, id, _values(PasswordStrength, strength))
        _set_dates(work, schema.directories, id, content)
        return left_out

    return Task(file.where, schema.directories, id, make)


def missing_directory(where: str, id: str) -> Task:
    """A directory for accounts of which the export has no directory. It has the same id."""
    values = {"name": f"Directory {id}", "status": DISABLED}

    def make(work: UnitOfWork) -> None:
        directories.make(work, values, id=id)

    return Task(where, schema.directories, id, make)


def group(file: File, directory_id: str) -> Iterator[Record]:
    """A group of that directory."""
    id = id_of(file.content)
    values = {**_values(Group, file.content, "name", "description", "status"), "directory_id": directory_id}
    yield Record(file.where, schema.groups, {"status": ENABLED, "id": id, **_dates(file.content), **values})
    yield Record(file.where, schema.custom_data, {"owner_id": id, "data": _data(file.content)})


def organization(file: File) -> Task:
    """An organization, without its stores."""
    id, data = id_of(file.content), _data(file.content)
    values = {"status": ENABLED, **_values(Organization, file.content, "name", "nameKey", "description", "status")}

    def make(work: UnitOfWork) -> None:
        values["name"] = _free_name(work, schema.organizations, values["name"])
        organizations.make(work, id, values, data)
        _set_dates(work, schema.organizations, id, file.content)

    return Task(file.where, schema.organizations, id, make)


def application(file: File, policy: Document) -> Task:
    """An application, without its stores. *policy*: the one of its tokens, which may stand in a file of its own."""
    id, content, data = id_of(file.content), file.content, _data(file.content)
    defaults = {"status": ENABLED, "authorized_callback_uris": [], "authorized_origin_uris": []}
    values = {**defaults, **_values(Application, content, "name", "description", "status")}

    def make(work: UnitOfWork) -> None:
        values["name"] = _free_name(work, schema.applications, values["name"])
        applications.make(work, values, data, directory=False, id=id)
        records.change(work, OAuthPolicy, id, _values(OAuthPolicy, policy, "accessTokenTtl", "refreshTokenTtl"))
        _set_dates(work, schema.applications, id, content)

    return Task(file.where, schema.applications, id, make)


def mapping(file: File, owner: type[Kind]) -> Iterator[Task]:
    """A store of an application or organization, whichever *owner* says."""
    table = schema.account_store_mappings if owner is Application else schema.organization_store_mappings
    id, owned_by = id_of(file.content), Resource(owner, owner_of(file, owner))
    store, flags = _store(file.content), _flags(file.content)
    flags["is_default_group_store"] &= store.kind is not Group

    def make(work: UnitOfWork) -> None:
        for resource, name in ((owned_by, "owner"), (store, "account store")):
            if not records.exist(work, resource.kind, resource.id):
                raise BadRecord(f"its {name} is not there.")
        mappings.add(work, owned_by, store, id=id, **flags)

    yield Task(file.where, table, id, make, may_dangle=True)


def owner_of(file: File, owner: type[Kind]) -> str:
    """The id of the application or organization to which a mapping belongs."""
    return reference(file.content, name_of(owner))


def name_of(owner: type[Kind]) -> str:
    """What a mapping calls the application or organization to which it belongs."""
    return "organization" if owner is Organization else "application"


def account(file: File, directory_id: str, provider_id: str) -> Iterator[Item]:
    """An account of that directory, with all that stands in its file. *provider_id*: who checks its passwords."""
    where, content = file.where, file.content
    id = id_of(content)
    values = _account_values(content, id)
    yield Record(where, schema.accounts, {**values, "id": id, "directory_id": directory_id, **_dates(content)})
    yield from _password(where, content, id)
    yield Record(where, schema.provider_data, _provider_data(content, id, directory_id, provider_id), may_dangle=True)
    yield from _custom_data(where, content, id)
    for each in listed(content, "groups"):
        row = {"id": new_id(), "account_id": id, "group_id": id_of(each)}
        yield Record(where, schema.group_memberships, row, may_dangle=True)
    for key in listed(content, "apiKeys"):
        yield _api_key(where, key, id)


def membership(file: File) -> Iterator[Record]:
    """Somebody's place in a group."""
    pair = {f"{name}_id": reference(file.content, name) for name in ("account", "group")}
    yield Record(file.where, schema.group_memberships, {"id": id_of(file.content), **pair}, may_dangle=True)


def api_key(file: File) -> Iterator[Record]:
    """An API key of an account."""
    yield _api_key(file.where, file.content, reference(file.content, "account"))


def link(file: File) -> Iterator[Record]:
    """Two accounts of one person."""
    left, right = (reference(file.content, f"{side}Account") for side in ("left", "right"))
    lesser, greater = sorted((left, right))
    row = {"left_account_id": left, "right_account_id": right, "lesser_id": lesser, "greater_id": greater}
    yield Record(file.where, schema.account_links, {"id": id_of(file.content), **row}, may_dangle=True)


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


def _account_values(content: Document, id: str) -> Document:
    return {
        **checked_names(
            email=content.get("email") or f"{id.lower()}@{NO_ADDRESS}",
            username=content.get("username") or content.get("email") or id,
            given_name=content.get("givenName"),
            middle_name=content.get("middleName"),
            surname=content.get("surname"),
        ),
        "status": Account.status.check(content.get("status") or ENABLED),
        "email_verification_status": Account.email_verification_status.check(
            content.get("emailVerificationStatus") or "UNKNOWN"
        ),
        "password_modified_at": moment(content.get("passwordModifiedAt")),
    }


def _password(where: str, content: Document, id: str) -> Iterator[Item]:
    """The hash of a password, and whether it is of no use. How ``$stormpath1$`` was made was never published: it is
    kept, and its owner asks for a new password.
    """
    stored = content.get("password")
    if not isinstance(stored, str) or not stored:
        return
    found = foreign_hashes.find(stored)
    is_usable = found is not None and found.is_bearable
    if is_usable or _is_known(stored):
        row = {"account_id": id, "position": 0, "hash": stored}
        yield Record(where, schema.passwords, row, may_dangle=True)
    if not is_usable:
        yield Mistake(where, "passwords", UNKNOWN_HASH, is_none=True)


def _is_known(hash: str) -> bool:
    try:
        check_format(hash)
    except Error:
        return False
    return True


def _provider_data(content: Document, id: str, directory_id: str, provider_id: str) -> Document:
    """*provider_id*: of the directory. Its owner is known by the id that a social provider has given her."""
    external = content.get("externalId")
    row: Document = {"id": id, "provider_id": provider_id}
    if not isinstance(external, str) or not external:
        return row
    found = {**row, "user_info": {"id": external}}
    return found if provider_id in Provider.own else {**found, "directory_id": directory_id, "subject": external}


def _custom_data(where: str, content: Document, id: str) -> Iterator[Item]:
    """The custom data of an account: none, and why, where it cannot be taken."""
    try:
        data = _data(content)
    except Error as error:
        data = {}
        why = f"its custom data is left out: {error.developer_message}"
        yield Mistake(where, "customData", why, is_none=True)
    yield Record(where, schema.custom_data, {"owner_id": id, "data": data})


def _api_key(where: str, content: Document, account_id: str) -> Record:
    secret = content.get("secret")
    if not isinstance(secret, str) or not secret:
        raise BadRecord("the API key has no secret.")
    values = _values(ApiKey, content, "status", "name", "description")
    row = {"status": ENABLED, "id": id_of(content), "secret": secret, "account_id": account_id, **values}
    row |= {name: value for name, value in _dates(content).items() if name == "created_at"}
    return Record(where, schema.api_keys, row, may_dangle=True)


def _store(content: Document) -> Resource:
    """The account store of a mapping."""
    linked = embedded(content, "accountStore") or embedded(content, "account_store")
    id = id_of(linked)
    segment = str(linked.get("href", "")).rstrip("/").split("/")[-2:][0]
    kind = _STORES.get(segment) or _STORES.get(str(linked.get("type")))
    if kind is None:
        raise BadRecord("its account store is of no kind that is known.")
    return Resource(kind, id)


def _flags(content: Document) -> dict[str, bool]:
    """What a mapping is by default, in the words of both exports."""
    names = {
        "is_default_account_store": "isDefaultAccountStore",
        "is_default_group_store": "isDefaultGroupStore",
    }
    return {name: content.get(wire) is True or content.get(name) is True for name, wire in names.items()}


def _provider(sent: Document) -> Document | None:
    """What of the provider in an export a new directory can be given."""
    provider_id = provider_id_of(sent)
    if provider_id == Provider.STORMPATH:
        return None
    known = {attribute.wire for attribute in Provider.declared(Attribute) if "c" in attribute.writable}
    known |= {"userInfoMappingRules", "scopes"}
    kept = {name: value for name, value in sent.items() if name in known and value is not None}
    return {**kept, "providerId": provider_id}


def provider_id_of(provider: Document) -> str:
    """The name of a provider in an export; ``stormpath`` where it is not told."""
    return str(provider.get("providerId") or Provider.STORMPATH).lower()


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
