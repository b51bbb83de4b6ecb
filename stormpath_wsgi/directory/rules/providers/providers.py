"""Providers: where the accounts of a directory come from, and which rules follow from that.

Only the accounts of a ``stormpath`` directory are its own. Those of any other directory mirror the accounts of another
system: they cannot be made directly, and what comes from that system cannot be changed here. The configuration of a
provider is stored here; :mod:`.exchange` has it asked.
Source: the provider in the resource reference, and the social and mirror chapters, of the REST API v1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, bindparam, select

from stormpath_wsgi import kinds
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.providers import agents, certificates
from stormpath_wsgi.directory.rules.stores import stores
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.kinds import (
    Account,
    AttributeStatementMappingRules,
    Directory,
    Group,
    Kind,
    Provider,
    ProviderData,
    UserInfoMappingRules,
    id_of,
)

_table, _directories, _data = schema.providers, schema.directories, schema.provider_data


@dataclass(frozen=True, slots=True)
class _Sort:
    """Which attributes the providers of one sort have: those that are *required*, and the others with their defaults.

    *rules*: the kind of their mapping rules.
    """

    required: tuple[str, ...] = ()
    optional: Mapping[str, Any] = field(default_factory=dict)
    rules: type[Kind] | None = None

    def has(self, name: str) -> bool:
        """Whether providers of this sort have the attribute *name*."""
        return name == "provider_id" or name in self.required or name in self.optional


_CREDENTIALS = ("client_id", "client_secret")
#: What is asked for at a server of OpenID Connect (Core 1.0, 5.4).
_OIDC_SCOPE = ("openid", "profile", "email")
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "resource_endpoint")


def _social(required: tuple[str, ...] = _CREDENTIALS, /, **optional: Any) -> _Sort:
    return _Sort(required, optional, UserInfoMappingRules)


_MIRRORED = (Provider.LDAP, Provider.AD)
_SORTS: Mapping[str, _Sort] = {
    Provider.STORMPATH: _Sort(),
    Provider.FACEBOOK: _social(scope=["public_profile", "email"]),
    Provider.GITHUB: _social(scope=["user:email"]),
    Provider.GOOGLE: _social(
        scope=["profile", "email"], redirect_uri=None, issuer=None, hd=None, display=None, access_type=None
    ),
    Provider.LINKEDIN: _social(scope=["r_basicprofile", "r_emailaddress"], redirect_uri=None),
    Provider.TWITTER: _social(scope=None),
    Provider.MICROSOFT: _social(scope=[*_OIDC_SCOPE], redirect_uri=None, issuer=None),
    Provider.APPLE: _social(scope=["name", "email"], redirect_uri=None, issuer=None),
    Provider.SAML: _Sort(
        ("sso_login_url", "sso_logout_url", "encoded_x509_signing_cert"),
        {"request_signature_algorithm": Provider.SIGNING_ALGORITHM_RSA_SHA_256},
        AttributeStatementMappingRules,
    ),
    Provider.LDAP: _Sort(),
    Provider.AD: _Sort(),
}
#: The sort of every provider id that is not listed, with an issuer: any server of OpenID Connect. What is public has no
#: secret (RFC 6749, 2.1).
_OIDC = _social(("client_id", "issuer"), client_secret=None, scope=[*_OIDC_SCOPE], redirect_uri=None)
#: The same without an issuer: any server of OAuth 2.0.
_OAUTH2 = _social(
    (*_CREDENTIALS, *_ENDPOINTS),
    scope=[],
    id_field="id",
    redirect_uri=None,
    access_token_type="bearer",  # noqa: S106 - no password
)

#: The kinds of mapping rules that the body of a new provider may have, by the name of the property.
_RULES: Mapping[str, type[Kind]] = {
    Provider.user_info_mapping_rules.wire: UserInfoMappingRules,
    Provider.attribute_statement_mapping_rules.wire: AttributeStatementMappingRules,
}

#: The codes for a caller who wants to make an account or a group where only the provider makes them.
_REFUSALS: Mapping[tuple[type[Kind], type[Kind] | None], Code] = {
    (Account, kinds.Application): Code.APPLICATION_DEFAULT_ACCOUNT_STORE_IS_MIRROR,
    (Account, kinds.Organization): Code.ORGANIZATION_DEFAULT_ACCOUNT_STORE_IS_MIRROR,
    (Group, kinds.Application): Code.APPLICATION_DEFAULT_GROUP_STORE_IS_MIRROR,
    (Group, kinds.Organization): Code.ORGANIZATION_DEFAULT_GROUP_STORE_IS_MIRROR,
}
_OF_GROUPS = {
    Code.APPLICATION_DEFAULT_ACCOUNT_STORE_IS_MIRROR: Code.APPLICATION_DEFAULT_ACCOUNT_STORE_IS_MIRROR_GROUP,
    Code.ORGANIZATION_DEFAULT_ACCOUNT_STORE_IS_MIRROR: Code.ORGANIZATION_DEFAULT_ACCOUNT_STORE_IS_MIRROR_GROUP,
}


def embedded(properties: Any) -> Mapping[str, Any] | None:
    """The provider in the body of a new directory; None when there is none. Raises 2004."""
    sent = properties.get("provider") if isinstance(properties, Mapping) else None
    if sent is None:
        return None
    if not isinstance(sent, Mapping):
        raise fault(Code.WRONG_TYPE, "Directory provider is an invalid type.")
    return None if sent.keys() == {"href"} else sent


def make(work: UnitOfWork, directory_id: str, sent: Mapping[str, Any] | None = None) -> None:
    """Makes the provider of a new directory, from what was *sent*, and its parts. Raises 2000 to 2017."""
    told: dict[str, Any] = _renamed(sent or {})
    agent = told.pop("agent", None)
    rules = {kind: told.pop(name, None) for name, kind in _RULES.items()}
    values = bodies.of_creation(Provider, told, work.base_url).values
    values["provider_id"] = provider_id = known(values["provider_id"])
    sort = _sort(provider_id, values.get("issuer"))
    values = _checked(sort, provider_id, {**_defaults(sort), **values})
    if missing := [name for name in sort.required if values.get(name) is None]:
        raise _required(missing[0])
    parts = _parts(work, directory_id, provider_id, sort, agent, rules)
    records.make(work, Provider, directory_id, values, **parts)


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """Changes the credentials, the scope or the addresses of a provider.

    Raises 2017 for an attribute that such a provider does not have; 6201, 6202 for another sort of provider, and for
    another issuer of a directory with accounts.
    """
    with context.write() as work:
        current = records.load(work, target)
        _keep_sort(properties, current["providerId"])
        sort = _sort(current["providerId"], current.get("issuer"))
        values = bodies.of_update(Provider, _renamed(properties), current).values
        cleared = [name for name in sort.required if name in values and values[name] is None]
        if cleared:
            raise _required(cleared[0])
        if values.get("issuer", current.get("issuer")) != current.get("issuer"):
            _keep_issuer(work, target.id, current["providerId"])
        records.change(work, Provider, target.id, _checked(sort, current["providerId"], values))
        return records.load(work, target)


def of_directory(work: UnitOfWork, directory_id: str) -> str:
    """The ``providerId`` of the directory. Raises a 404 where the tenant has no such directory."""
    found = work.connection.execute(_OF_DIRECTORY, {"id": directory_id, "tenant_id": work.tenant_id}).scalar()
    if found is None:
        raise fault(Code.NOT_FOUND)
    return str(found)


def refuse_new(
    work: UnitOfWork, kind: type[Kind], listing: Listing, directory_id: str, group_id: str | None = None
) -> None:
    """Raises if the directory does not allow a caller to make an account or a group (*kind*), asked for at *listing*.

    *group_id*: the id of the group that the account is to be added to. The codes are 6100, 5106 to 5110, 4606 to 4610.
    """
    if of_directory(work, directory_id) != Provider.STORMPATH:
        code = _REFUSALS.get((kind, listing.owner), Code.DIRECTORY_IS_MIRROR)
        raise fault(code if group_id is None else _OF_GROUPS.get(code, code))


def refuse_change(work: UnitOfWork, account: Wire, values: Mapping[str, Any]) -> None:
    """Raises 7202 if *values*, by names in Python, change attributes that only the provider of *account* may change."""
    changed = [
        name
        for name, value in values.items()
        if name != "status" and value != account.get(getattr(Account, name).wire, ...)
    ]
    if changed and _of_account(work, account) != Provider.STORMPATH:
        raise fault(
            Code.FROM_PROVIDER, f"Account {getattr(Account, changed[0]).wire} comes from the provider of its Directory."
        )


def refuse_second(work: UnitOfWork, store: Resource, mapped: Select[tuple[str]], code: Code) -> None:
    """Raises *code* if *store* is a social directory and one of the directories *mapped* is of the same provider."""
    if store.kind is not Directory:
        return
    mine = select(_table.c.provider_id).where(_table.c.id == store.id).scalar_subquery()
    others = select(_table.c.id).where(
        _table.c.provider_id == mine, _table.c.id != store.id, stores.is_social(), _table.c.id.in_(mapped)
    )
    if work.connection.execute(others).first() is not None:
        raise fault(code)


def make_data(work: UnitOfWork, account_id: str, provider_id: str = Provider.STORMPATH) -> None:
    """Stores the provider data of a new account."""
    records.make(work, ProviderData, account_id, {"provider_id": provider_id})


def _renamed(sent: Any) -> Any:
    """A provider as it was sent.

    An example in the old documentation writes ``scopes`` for ``scope``; both are accepted.
    """
    if not isinstance(sent, Mapping):
        return sent
    return {"scope" if name == "scopes" else name: value for name, value in sent.items()}


def known(provider_id: str) -> str:
    """*provider_id* in lower case, if it is one of the listed ones: upper and lower case make no difference there."""
    return provider_id.lower() if provider_id.lower() in _SORTS else provider_id


def _sort(provider_id: str, issuer: str | None) -> _Sort:
    return _SORTS.get(provider_id, _OIDC if issuer else _OAUTH2)


def _defaults(sort: _Sort) -> dict[str, Any]:
    return {name: value for name, value in sort.optional.items() if value is not None}


def _checked(sort: _Sort, provider_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """*values* as they are stored.

    Raises 2006 for a wrong certificate, 2017 for an attribute that the provider cannot have.
    """
    for name, value in values.items():
        if value is not None and not sort.has(name):
            raise fault(
                Code.PROPERTY_NOT_SUPPORTED,
                f"Provider {getattr(Provider, name).wire} is not supported for {provider_id}.",
            )
    attribute = Provider.encoded_x509_signing_cert
    if values.get(attribute.name) is not None:
        certificates.check(attribute, values[attribute.name])
    return dict(values)


def _parts(
    work: UnitOfWork, directory_id: str, provider_id: str, sort: _Sort, agent: Any, sent: Mapping[type[Kind], Any]
) -> dict[str, str]:
    """Makes the parts of the provider, and returns the columns that name them. *sent*: mapping rules, by their kind."""
    columns = {}
    rules = _rules(sort, provider_id, sent, work.base_url)
    if provider_id in _MIRRORED:
        agents.make(work, directory_id, provider_id, agent)
        columns["agent_id"] = directory_id
    elif agent is not None:
        raise fault(Code.PROPERTY_NOT_SUPPORTED, f"Provider agent is not supported for {provider_id}.")
    if sort.rules is UserInfoMappingRules:
        records.make(work, UserInfoMappingRules, directory_id, rules)
        columns["user_info_mapping_rules_id"] = directory_id
    elif sort.rules is AttributeStatementMappingRules:
        records.make(work, AttributeStatementMappingRules, directory_id, rules, directory_id=directory_id)
        columns["attribute_statement_mapping_rules_id"] = directory_id
        columns["service_provider_metadata_id"] = directory_id
    return columns


def _rules(sort: _Sort, provider_id: str, sent: Mapping[type[Kind], Any], base_url: str) -> dict[str, Any]:
    """The mapping rules of a new provider of that *sort*: those that were *sent*, otherwise none."""
    told = {kind: rules for kind, rules in sent.items() if rules is not None}
    for name, kind in _RULES.items():
        if kind in told and kind is not sort.rules:
            raise fault(Code.PROPERTY_NOT_SUPPORTED, f"Provider {name} is not supported for {provider_id}.")
    return bodies.of_creation(sort.rules, told.get(sort.rules, {}), base_url).values if sort.rules else {}


def _keep_sort(properties: Any, provider_id: str) -> None:
    wanted = properties.get("providerId") if isinstance(properties, Mapping) else None
    if wanted not in (None, provider_id):
        raise fault(Code.PROVIDER_CANNOT_BECOME_MIRROR if provider_id == Provider.STORMPATH else Code.PROVIDER_FIXED)


def _keep_issuer(work: UnitOfWork, directory_id: str, provider_id: str) -> None:
    """Raises 6202 where people are known by the ids of an issuer, which are other people's at another one. Those of
    Microsoft are the same whichever tenant is the issuer.
    """
    known = select(_data.c.id).where(_data.c.directory_id == directory_id).limit(1)
    if provider_id != Provider.MICROSOFT and work.connection.execute(known).first() is not None:
        raise fault(
            Code.PROVIDER_FIXED,
            "Provider issuer cannot become another one: the accounts of the Directory are those of its people.",
        )


def _required(name: str) -> Error:
    return fault(
        Code.REQUIRED, f"Provider {getattr(Provider, name).wire} is required; it cannot be null, empty, or blank."
    )


def _of_account(work: UnitOfWork, account: Wire) -> str:
    return of_directory(work, id_of(account["directory"]["href"]))


_OF_DIRECTORY = (
    select(_table.c.provider_id)
    .join(_directories, _directories.c.id == _table.c.id)
    .where(_table.c.id == bindparam("id"), _directories.c.tenant_id == bindparam("tenant_id"))
)
