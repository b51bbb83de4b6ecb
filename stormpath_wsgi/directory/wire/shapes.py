"""From rows to JSON: which columns each kind is read from, and how its members are written."""

from __future__ import annotations

import hashlib
import json
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat, zip_longest
from operator import itemgetter
from typing import Any, NamedTuple, Protocol, Self
from urllib.parse import urlsplit

from sqlalchemy import Column, ColumnElement, Table, Text, cast, exists, select

from stormpath_wsgi import kinds
from stormpath_wsgi.directory.crypto import token_jwt, totp
from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.crypto.token_jwt import Issued
from stormpath_wsgi.directory.mail import Mail
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.kinds import KINDS, Attribute, Collection, Instant, Kind, Link, Member, Part, format_instant

#: The selected columns of one resource, in the order of :attr:`Shape.columns`.
Row = Sequence[Any]


class Reader(Protocol):
    """What is needed to write a row as JSON. A unit of work has all of it."""

    @property
    def base_url(self) -> str:
        """What hrefs start with, without a slash at the end."""

    @property
    def now(self) -> int:
        """Milliseconds since the epoch, UTC."""

    @property
    def secrets(self) -> Secrets:
        """Decrypts encrypted attributes."""

    @property
    def names_audience(self) -> bool:
        """Whether the JWTs of tokens say for which application they are."""

    @property
    def mail(self) -> Mail:
        """Tells the sender and the links of mails."""


#: Returns the JSON value of one member. The arguments are the row, the unit of work it was read in, and the resource's
#: href.
Serialiser = Callable[[Row, Reader, str], Any]


#: A document as JSON text, as the REST API writes it.
to_json = json.JSONEncoder(separators=(",", ":")).encode

_quoted = json.encoder.encode_basestring_ascii
_MANY = 4  # resources from which on it is quicker to write them member by member
_HREF = "\0"  # stands for the href of the resource in JSON text, which has no such character itself


def _value_to_json(value: Any) -> str:
    """As :func:`to_json`, and quicker for what is most common."""
    if value is None:
        return "null"
    return _quoted(value) if type(value) is str else to_json(value)


def _instant_to_json(milliseconds: int | None) -> str:
    return "null" if milliseconds is None else f'"{format_instant(milliseconds)}"'


class Plain(NamedTuple):
    """The value *at* a place of the row, and what makes JSON *text* of such a value."""

    at: int
    text: Callable[[Any], str]


#: JSON text that is made of the value alone, or by a function of the same arguments.
Changing = Plain | Callable[[Row, Reader, str], str]


class Written(NamedTuple):
    """How a member is written: as a value, and as JSON text of the same value, which may be the same for all rows."""

    value: Serialiser
    json: str | Changing

    @classmethod
    def of(cls, value: Serialiser) -> Self:
        """One whose text is made of the value."""
        return cls(value, lambda row, work, href: _value_to_json(value(row, work, href)))


class Shape:
    """How the resources of one kind are read and written as JSON. It is made once, from the declaration."""

    def __init__(self, kind: type[Kind], table: Table) -> None:
        self.kind, self.table = kind, table
        self._columns: dict[str, ColumnElement[Any]] = {"id": next(iter(table.primary_key))}
        written = {
            name: self._written(member)
            for name, member in kind.members.items()
            if not getattr(member, "secret", False) and getattr(member, "named", True)
        }
        self._serialisers = [(name, one.value) for name, one in written.items()]
        self._omitted = frozenset(name for name, member in kind.members.items() if getattr(member, "omitted", False))
        self._data = self.at("data", table.c.data) if kind is kinds.CustomData else None
        #: The columns to select; the id comes first.
        self.columns = tuple(self._columns.values())
        self._template = _Template(written, self._omitted)

    def wire(self, row: Row, work: Reader, href: str) -> dict[str, Any]:
        """The resource *href* as JSON, from its selected columns *row*."""
        answer = {"href": href}
        for name, serialise in self._serialisers:
            value = serialise(row, work, href)
            if value is not None or name not in self._omitted:
                answer[name] = value
        if self._data is not None:
            answer.update(row[self._data])
        return answer

    def json(self, row: Row, work: Reader, href: str) -> str:
        """The text that :func:`to_json` makes of :meth:`wire`, made without it: most of it is the same in each row."""
        if self._data is not None:
            return to_json(self.wire(row, work, href))
        return self._template.one(row, work, href)

    def all_json(self, rows: Sequence[Row], work: Reader, hrefs: Sequence[str]) -> list[str]:
        """The same of several resources, made together if they are many."""
        if self._data is not None or len(rows) < _MANY:
            return [self.json(row, work, href) for row, href in zip(rows, hrefs, strict=True)]
        return self._template.all(rows, work, hrefs)

    def at(self, name: str, column: ColumnElement[Any]) -> int:
        """The index of *column* in the row.

        It is added to the selected columns under *name* if it is not among them.
        """
        self._columns.setdefault(name, column)
        return list(self._columns).index(name)

    def _written(self, member: Member[Any]) -> Written:
        match member:
            case Attribute() | Link() if member in _DERIVED:
                derived = _DERIVED[member](self)
                return derived if isinstance(derived, Written) else Written.of(derived)
            case Attribute():
                return self.attribute(member)
            case Link():
                return self.link([self.table.c[schema.link_column(member, title)] for title in member.to], member.to)
            case Part(at=str()):
                return _apart(member)
            case Part() | Collection():
                return _below(member.wire)
        raise TypeError(f"{member!r} has no serialise on the wire")

    def attribute(self, attribute: Attribute[Any]) -> Written:
        """Writes a stored *attribute*."""
        column = self.table.c[attribute.name]
        at = self.at(attribute.name, column)
        if isinstance(attribute, Instant):
            return Written(
                lambda row, work, href: None if row[at] is None else format_instant(row[at]),
                Plain(at, _instant_to_json),
            )
        if attribute.encrypted:
            context = encryption_context(self.kind, attribute)
            none = "" if isinstance(attribute, kinds.Text) and attribute.blank else None
            return Written.of(
                lambda row, work, href: none if row[at] is None else work.secrets.decrypt(row[at], context(row[0]))
            )
        is_text = isinstance(column.type, Text) and not column.nullable
        return Written(lambda row, work, href: row[at], Plain(at, _quoted if is_text else _value_to_json))

    def link(self, columns: Sequence[ColumnElement[Any]], titles: Sequence[str]) -> Written:
        """Writes a link to a resource of a kind of *titles*. Its id is in the one of *columns* that is not null."""
        targets = [
            (self.at(str(column.key), column), f"/{KINDS[title].path}/")
            for column, title in zip(columns, titles, strict=True)
        ]

        def serialise(row: Row, work: Reader, href: str) -> dict[str, str] | None:
            for at, segment in targets:
                if row[at] is not None:
                    return {"href": work.base_url + segment + row[at]}
            return None

        def to_text(row: Row, work: Reader, href: str) -> str:
            for at, segment in targets:
                if row[at] is not None:
                    return f'{{"href":{_quoted(work.base_url + segment + row[at])}}}'
            return "null"

        return Written(serialise, to_text)


def encryption_context(kind: type[Kind], attribute: Attribute[Any]) -> Callable[[str], str]:
    """A function that returns, for the id of a resource, the place that its encrypted *attribute* is bound to."""
    return lambda id: f"{kind.path}/{id}/{attribute.wire}"


class _Template:
    """The JSON text of all resources of a kind: what is always the same, and how the rest is made."""

    def __init__(self, written: Mapping[str, Written], omitted: frozenset[str]) -> None:
        self._changing: list[Changing] = []
        text = f'{{"href":"{_HREF}"'
        for name, (value, made) in written.items():
            key = f",{_quoted(name)}:"
            if isinstance(made, str):
                text += key + made
            elif name in omitted:
                text += "%s"
                self._changing.append(_unless_null(key, value))
            else:
                text += f"{key}%s"
                self._changing.append(made)
        self._text = text + "}"
        self._writers = [_writer(one) if isinstance(one, Plain) else one for one in self._changing]
        self._parts = list(self._split())

    def one(self, row: Row, work: Reader, href: str) -> str:
        """The text of one resource."""
        text = self._text % tuple([write(row, work, href) for write in self._writers])
        return text.replace(_HREF, _quoted(href)[1:-1])

    def all(self, rows: Sequence[Row], work: Reader, hrefs: Sequence[str]) -> list[str]:
        """The texts of several resources, made member by member: so most of it takes no call of ours."""
        quoted = [_quoted(href)[1:-1] for _, href in zip(rows, hrefs, strict=True)]
        columns: list[Iterable[str]] = []
        for part in self._parts:
            if part is None:
                columns.append(quoted)
            elif isinstance(part, repeat):
                columns.append(part)
            elif isinstance(part, Plain):
                columns.append(map(part.text, map(itemgetter(part.at), rows)))
            else:
                columns.append(map(part, rows, repeat(work), hrefs))
        return list(map("".join, zip(*columns, strict=False)))

    def _split(self) -> Iterator[repeat[str] | Changing | None]:
        """What the text consists of: what is the same in all, what changes, and None for hrefs."""
        for same, changing in zip_longest(self._text.split("%s"), self._changing):
            first, *others = same.split(_HREF)
            yield repeat(first)
            for other in others:
                yield from (None, repeat(other))
            if changing is not None:
                yield changing


def _writer(plain: Plain) -> Callable[[Row, Reader, str], str]:
    at, text = plain
    return lambda row, work, href: text(row[at])


def _unless_null(key: str, value: Serialiser) -> Callable[[Row, Reader, str], str]:
    def write(row: Row, work: Reader, href: str) -> str:
        found = value(row, work, href)
        return "" if found is None else key + _value_to_json(found)

    return write


def _below(name: str) -> Written:
    return Written(lambda row, work, href: {"href": f"{href}/{name}"}, f'{{"href":"{_HREF}/{name}"}}')


def _apart(part: Part[Any]) -> Written:
    return Written.of(lambda row, work, href: {"href": f"{work.base_url}/{part.path(href, row[0])}"})


def _id(shape: Shape) -> Serialiser:
    return lambda row, work, href: row[0]


def _full_name(shape: Shape) -> Written:
    names = [shape.at(name, shape.table.c[name]) for name in ("given_name", "middle_name", "surname")]
    return Written(
        lambda row, work, href: " ".join([row[at] for at in names if row[at]]),
        lambda row, work, href: _quoted(" ".join([row[at] for at in names if row[at]])),
    )


def _default_mapping(flag: str) -> Callable[[Shape], Written]:
    """Writes the link to the mapping of an application or organization that has *flag*.

    One mapping has it at the most.
    """

    def serialise(shape: Shape) -> Written:
        of_application = shape.kind is kinds.Application
        kind = kinds.AccountStoreMapping if of_application else kinds.OrganizationAccountStoreMapping
        table = schema.account_store_mappings if of_application else schema.organization_store_mappings
        mappings = table.alias()
        owner = mappings.c.application_id if of_application else mappings.c.organization_id
        chosen = select(mappings.c.id).where(owner == shape.table.c.id, mappings.c[flag]).scalar_subquery()
        return shape.link([chosen.label(flag)], [kind.title()])

    return serialise


def _issued(part: Callable[[Issued], Any]) -> Callable[[Shape], Serialiser]:
    """Writes what *part* returns for the JWT of a token; null for a token without a JWT."""

    def issued(work: Reader, kind: type[Kind], id: str, columns: Mapping[str, Any], secret: str) -> Issued:
        return Issued.of(kind, id, columns, work.base_url, secret, names_audience=work.names_audience)

    def serialise(shape: Shape) -> Serialiser:
        at = {name: shape.at(name, shape.table.c[name]) for name in token_jwt.COLUMNS if name in shape.table.c}
        keys, secret = schema.api_keys, kinds.ApiKey.secret
        of_key = select(keys.c.secret).where(keys.c.id == shape.table.c.api_key_id).scalar_subquery()
        encrypted, context = (
            shape.at("api_key_secret", of_key.label("api_key_secret")),
            encryption_context(kinds.ApiKey, secret),
        )

        def serialise(row: Row, work: Reader, href: str) -> Any:
            if row[encrypted] is None:
                return None
            columns = {name: row[place] for name, place in at.items()}
            opened = work.secrets.decrypt(row[encrypted], context(columns["api_key_id"]))
            return part(issued(work, shape.kind, row[0], columns, opened))

        return serialise

    return serialise


def _provider_type(shape: Shape) -> Serialiser:
    at, issuer = shape.at("provider_id", shape.table.c.provider_id), shape.at("issuer", shape.table.c.issuer)
    known = frozenset(value for value in vars(kinds.Provider).values() if isinstance(value, str))
    others = {True: kinds.Provider.OIDC, False: kinds.Provider.OAUTH2}
    return lambda row, work, href: row[at] if row[at] in known else others[row[issuer] is not None]


def _fingerprint(shape: Shape) -> Serialiser:
    """SHA-1 of the tenant's certificate, 40 hex digits; None before there is one."""
    certificates, applications = schema.certificates, schema.applications.alias()
    mine = (applications.c.id == shape.table.c.id, applications.c.tenant_id == certificates.c.tenant_id)
    at = shape.at("certificate", select(certificates.c.certificate).where(*mine).scalar_subquery().label("certificate"))

    def serialise(row: Row, work: Reader, href: str) -> str | None:
        if row[at] is None:
            return None
        return hashlib.sha1(ssl.PEM_cert_to_DER_cert(row[at]), usedforsecurity=False).hexdigest()

    return serialise


def _entity_id(shape: Shape) -> Serialiser:
    return lambda row, work, href: f"urn:stormpath:directory:{row[0]}:provider:sp"


def _domain_name(shape: Shape) -> Serialiser:
    at = shape.at("dns_label", shape.table.c.dns_label)
    return lambda row, work, href: f"{row[at].lower()}.apps.{urlsplit(work.base_url).hostname}"


def _verification_token(shape: Shape) -> Written:
    """The mailed token with which the account is to be verified, while it is valid."""
    table, path = schema.mailed_tokens, f"{kinds.Account.path}/{kinds.EmailVerificationToken.path}"
    expiry = cast(table.c.expires_at, Text)
    # Three values in one column, since this is read with every account.
    kept = select(table.c.digest + " " + expiry + " " + table.c.token)
    mine = kept.where(table.c.account_id == shape.table.c.id, table.c.token.is_not(None)).limit(1).scalar_subquery()
    at = shape.at("email_verification_token", mine.label("email_verification_token"))

    def serialise(row: Row, work: Reader, href: str) -> dict[str, str] | None:
        if row[at] is None:
            return None
        digest, expires_at, encrypted = row[at].split(" ")
        if int(expires_at) <= work.now:
            return None
        token = work.secrets.decrypt(encrypted, schema.place(table.c.token, digest))
        return {"href": f"{work.base_url}/{path}/{token}"}

    return Written(
        serialise, lambda row, work, href: "null" if row[at] is None else _value_to_json(serialise(row, work, href))
    )


def _from_name(shape: Shape) -> Serialiser:
    at = shape.at("from_name", shape.table.c.from_name)
    return lambda row, work, href: row[at] or work.mail.from_name


def _from_email_address(shape: Shape) -> Serialiser:
    at = shape.at("from_email_address", shape.table.c.from_email_address)
    return lambda row, work, href: row[at] or work.mail.from_address


def _default_model(shape: Shape) -> Serialiser:
    link, purpose = (shape.at(name, shape.table.c[name]) for name in ("link_base_url", "purpose"))

    def serialise(row: Row, work: Reader, href: str) -> dict[str, str] | None:
        base = row[link] or work.mail.links.get(row[purpose])
        return None if base is None else {"linkBaseUrl": base}

    return serialise


def _naming(shape: Shape) -> Serialiser:
    """For a token: what distinguishes its account from accounts of the same name (:mod:`.rules.stores.qualifiers`)."""
    homes, qualifiers, accounts = schema.home_directories, schema.qualifiers, schema.accounts.alias()
    mine = accounts.c.id == shape.table.c.account_id
    home = exists().where(
        mine, homes.c.application_id == shape.table.c.application_id, homes.c.directory_id == accounts.c.directory_id
    )
    own = select(qualifiers.c.qualifier).where(mine, qualifiers.c.directory_id == accounts.c.directory_id)
    is_home = shape.at("is_home", home.label("is_home"))
    qualifier = shape.at("qualifier", own.scalar_subquery().label("qualifier"))
    return lambda row, work, href: {"isHome": bool(row[is_home]), "qualifier": row[qualifier]}


def _of_session(column: Column[Any]) -> Callable[[Shape], Serialiser]:
    """Writes what is known of a session beside its token: *column* of the table ``sessions``."""

    def serialise(shape: Shape) -> Serialiser:
        of_token = schema.sessions.c.refresh_token_id == shape.table.c.id
        at = shape.at(column.name, select(column).where(of_token).scalar_subquery().label(column.name))
        return lambda row, work, href: row[at]

    return serialise


def _last_use_of_session(shape: Shape) -> Serialiser:
    moment = _of_session(schema.sessions.c.last_used_at)(shape)

    def serialise(row: Row, work: Reader, href: str) -> str | None:
        value = moment(row, work, href)
        return None if value is None else format_instant(value)

    return serialise


def _nothing(shape: Shape) -> Serialiser:
    return lambda row, work, href: None


def _key_uri(shape: Shape) -> Serialiser:
    """The URI for an authenticator app. A factor of another type has none."""
    secret = shape.attribute(kinds.Factor.secret).value
    names = [shape.at(name, shape.table.c[name]) for name in ("account_name", "issuer")]

    def serialise(row: Row, work: Reader, href: str) -> str | None:
        opened = secret(row, work, href)
        return opened and totp.key_uri(opened, *(row[at] for at in names))

    return serialise


def _qr_image(shape: Shape) -> Serialiser:
    key_uri = _key_uri(shape)

    def serialise(row: Row, work: Reader, href: str) -> str | None:
        uri = key_uri(row, work, href)
        return uri and totp.qr_image(uri)

    return serialise


def _recent_challenge(shape: Shape) -> Written:
    return shape.link([shape.table.c.recent_challenge_id], [kinds.Challenge.title()])


def _challenge_status(shape: Shape) -> Serialiser:
    """The status that was stored last, unless the challenge has expired since."""
    status, ends_at = (shape.at(name, shape.table.c[name]) for name in ("status", "ends_at"))

    def serialise(row: Row, work: Reader, href: str) -> str:
        is_open = row[status] in ("CREATED", "WAITING_FOR_PROVIDER", "WAITING_FOR_VALIDATION")
        return "EXPIRED" if is_open and row[ends_at] <= work.now else str(row[status])

    return serialise


_account_store = _default_mapping(kinds.AccountStoreMapping.is_default_account_store.name)
_group_store = _default_mapping(kinds.AccountStoreMapping.is_default_group_store.name)

#: How members that are not stored are computed.
_DERIVED: Mapping[Member[Any], Callable[[Shape], Serialiser | Written]] = {
    kinds.Account.full_name: _full_name,
    kinds.Application.default_account_store_mapping: _account_store,
    kinds.Application.default_group_store_mapping: _group_store,
    kinds.Organization.default_account_store_mapping: _account_store,
    kinds.Organization.default_group_store_mapping: _group_store,
    kinds.AccountSchema.directory: lambda shape: shape.link([shape.table.c.id], [kinds.Directory.title()]),
    kinds.ApiKey.id: _id,
    kinds.ApiKey.naming: _nothing,  # it is no application's; who looks it up at one adds it
    kinds.Agent.id: _id,
    kinds.ConnectedKey.id: _id,
    kinds.Session.agent: _of_session(schema.sessions.c.agent),
    kinds.Session.address: _of_session(schema.sessions.c.address),
    kinds.Session.last_used_at: _last_use_of_session,
    kinds.Account.email_verification_token: _verification_token,
    kinds.EmailTemplate.from_name: _from_name,
    kinds.EmailTemplate.from_email_address: _from_email_address,
    kinds.EmailTemplate.default_model: _default_model,
    kinds.Provider.provider_type: _provider_type,
    kinds.Factor.key_uri: _key_uri,
    kinds.Factor.base64_q_r_image: _qr_image,
    kinds.Factor.most_recent_challenge: _recent_challenge,
    kinds.Challenge.status: _challenge_status,
    kinds.AccessToken.jwt: _issued(lambda token: token.text),
    kinds.AccessToken.expanded_jwt: _issued(Issued.expanded),
    kinds.RefreshToken.jwt: _issued(lambda token: token.text),
    kinds.RefreshToken.expanded_jwt: _issued(Issued.expanded),
    kinds.AccessToken.naming: _naming,
    kinds.RefreshToken.naming: _naming,
    kinds.SamlIdentityProvider.sha_fingerprint: _fingerprint,
    kinds.SamlServiceProviderMetadata.entity_id: _entity_id,
    kinds.SamlIdentityProviderMetadata.entity_id: lambda shape: lambda row, work, href: href,
    kinds.ApplicationWebConfig.domain_name: _domain_name,
}

#: The shape of every kind that is stored. A login attempt is not stored.
SHAPES: Mapping[type[Kind], Shape] = {
    kind: Shape(kind, table)
    for kind, table in (
        (kinds.Tenant, schema.tenants),
        (kinds.Application, schema.applications),
        (kinds.AccountStoreMapping, schema.account_store_mappings),
        (kinds.Invitation, schema.invitations),
        (kinds.Directory, schema.directories),
        (kinds.PasswordPolicy, schema.password_policies),
        (kinds.PasswordStrength, schema.password_strengths),
        (kinds.Group, schema.groups),
        (kinds.GroupMembership, schema.group_memberships),
        (kinds.Account, schema.accounts),
        (kinds.CustomData, schema.custom_data),
        (kinds.OAuthPolicy, schema.o_auth_policies),
        (kinds.AccessToken, schema.access_tokens),
        (kinds.RefreshToken, schema.refresh_tokens),
        (kinds.Organization, schema.organizations),
        (kinds.OrganizationAccountStoreMapping, schema.organization_store_mappings),
        (kinds.AccountLinkingPolicy, schema.account_linking_policies),
        (kinds.AccountLink, schema.account_links),
        (kinds.AccountCreationPolicy, schema.account_creation_policies),
        (kinds.EmailTemplate, schema.email_templates),
        (kinds.AccountSchema, schema.directories),
        (kinds.Field, schema.fields),
        (kinds.SmtpServer, schema.smtp_servers),
        (kinds.ApiKey, schema.api_keys),
        (kinds.ConnectedKey, schema.api_keys),
        (kinds.Deletion, schema.deletions),
        (kinds.Session, schema.refresh_tokens),
        (kinds.Phone, schema.phones),
        (kinds.Factor, schema.factors),
        (kinds.Passkey, schema.passkeys),
        (kinds.Challenge, schema.challenges),
        (kinds.Provider, schema.providers),
        (kinds.ProviderData, schema.provider_data),
        (kinds.UserInfoMappingRules, schema.user_info_mapping_rules),
        (kinds.AttributeStatementMappingRules, schema.attribute_statement_mapping_rules),
        (kinds.Agent, schema.agents),
        (kinds.IdSite, schema.id_sites),
        (kinds.ApplicationWebConfig, schema.application_web_configs),
        (kinds.SamlPolicy, schema.applications),
        (kinds.SamlServiceProvider, schema.applications),
        (kinds.SamlIdentityProvider, schema.saml_identity_providers),
        (kinds.RegisteredSamlServiceProvider, schema.registered_saml_service_providers),
        (kinds.SamlServiceProviderRegistration, schema.saml_service_provider_registrations),
        (kinds.SamlServiceProviderMetadata, schema.directories),
        (kinds.SamlIdentityProviderMetadata, schema.saml_identity_providers),
    )
}
