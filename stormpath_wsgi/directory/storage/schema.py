"""The tables. The columns of a resource follow from its kind; columns that the kind does not declare are added here.

A searchable text has a second column ``<name>_folded`` with its folded form (:mod:`.canonical`), and the index is on
that column: SQLite by itself folds only ASCII, and both engines must find the same accounts. For null the folded column
holds the empty text, since the engines differ in where they sort null.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

from stormpath_wsgi import kinds

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

#: Text in canonical form. Without the collation C, PostgreSQL would sort it by the rules of a language, unlike SQLite,
#: and could not use an index to search for the beginning of a text.
Key = Text().with_variant(Text(collation="C"), "postgresql")

_TYPES: dict[type[kinds.Attribute[Any]], type[TypeEngine[Any]]] = {
    kinds.Text: Text,
    kinds.Name: Text,
    kinds.Choice: Text,
    kinds.Duration: Text,
    kinds.Integer: Integer,
    kinds.Boolean: Boolean,
    kinds.Instant: BigInteger,  # milliseconds since the epoch, UTC
    kinds.Array: JSON,
    kinds.Document: JSON,
    kinds.Struct: JSON,
    kinds.Structs: JSON,
}

#: The table of the resources that links to each kind lead to.
_TABLES = {
    "Tenant": "tenants",
    "Application": "applications",
    "Directory": "directories",
    "Group": "groups",
    "Account": "accounts",
    "Organization": "organizations",
    "AccountSchema": "directories",
    "Agent": "agents",
    "ApiKey": "api_keys",
    "Phone": "phones",
    "Factor": "factors",
    "UserInfoMappingRules": "user_info_mapping_rules",
    "AttributeStatementMappingRules": "attribute_statement_mapping_rules",
    "SamlServiceProviderMetadata": "directories",
    "SamlIdentityProvider": "saml_identity_providers",
    "RegisteredSamlServiceProvider": "registered_saml_service_providers",
}


def reference(name: str, table: str, *, nullable: bool = False, weak: bool = False) -> Column[str]:
    """A column with the id of a row of *table*. When that row is removed, the own row is removed too.

    With *weak* the column becomes null instead.
    """
    target = ForeignKey(f"{table}.id", ondelete="SET NULL" if weak else "CASCADE")
    return Column(name, Text, target, nullable=nullable)


def stored(kind: type[kinds.Kind]) -> Iterator[Column[Any]]:
    """The columns of all attributes and links of *kind*, except for derived ones."""
    for attribute in kind.declared(kinds.Attribute):
        if attribute.derived or (attribute.secret and not attribute.encrypted):
            continue
        # None is stored as NULL and not as the JSON text "null", so that it differs from every document.
        column_type = JSON(none_as_null=True) if _TYPES[type(attribute)] is JSON else _TYPES[type(attribute)]
        yield Column(attribute.name, column_type, nullable=attribute.nullable)
        if isinstance(attribute, kinds.Text) and attribute.search:
            yield Column(f"{attribute.name}_folded", Key, nullable=False, default="")
    for link in kind.declared(kinds.Link):
        if not link.derived:
            for title in link.to:
                nullable = link.nullable or len(link.to) > 1
                yield reference(link_column(link, title), _TABLES[title], nullable=nullable, weak=link.weak)


def link_column(link: kinds.Link[Any], title: str) -> str:
    """The name of the column with the id of the target of *link*, when the target is of the kind *title*.

    A link that may lead to several kinds has one column for each of them.
    """
    return f"{link.name}_id" if len(link.to) == 1 else f"{link.name}_{title.lower()}_id"


def encrypted(name: str, *, nullable: bool = True) -> Column[str]:
    """A column of encrypted secrets that no kind declares. Each is bound to the place that :func:`place` names."""
    return Column(name, Text, nullable=nullable, info={"encrypted": True})


def place(column: Column[str], id: str) -> str:
    """The place that a secret in an :func:`encrypted` *column* is bound to, in the row with the primary key *id*."""
    return f"{column.table.name}/{id}/{column.name}"


def part_of(owner: str) -> ForeignKeyConstraint:
    """The constraint that each id is also the id of a row of *owner*, and that the row is removed with that row."""
    return ForeignKeyConstraint(["id"], [f"{owner}.id"], ondelete="CASCADE")


def table(name: str, kind: type[kinds.Kind], *more: Any) -> Table:
    """The table of *kind*: an id, its declared columns, and *more*."""
    return Table(name, metadata, Column("id", Text, primary_key=True), *stored(kind), *more)


tenants = table("tenants", kinds.Tenant, UniqueConstraint("key"))

applications = table(
    "applications",
    kinds.Application,
    UniqueConstraint("tenant_id", "name_folded"),
    Index(None, "tenant_id", "created_at"),
)

organizations = table(
    "organizations",
    kinds.Organization,
    UniqueConstraint("tenant_id", "name_folded"),
    UniqueConstraint("tenant_id", "name_key_folded"),
    Index(None, "tenant_id", "created_at"),
)

directories = table(
    "directories",
    kinds.Directory,
    UniqueConstraint("tenant_id", "name_folded"),
    Index(None, "tenant_id", "created_at"),
)

#: One row a directory each; the id is the directory's.
password_policies = table("password_policies", kinds.PasswordPolicy, part_of("directories"))
password_strengths = table("password_strengths", kinds.PasswordStrength, part_of("directories"))

account_creation_policies = table("account_creation_policies", kinds.AccountCreationPolicy, part_of("directories"))

#: Five rows for each directory; *purpose* says for which mail the text is.
email_templates = table(
    "email_templates",
    kinds.EmailTemplate,
    reference("directory_id", "directories"),
    Column("purpose", Text, nullable=False),
    # Null: the sender that the settings name.
    Column("from_name", Text),
    Column("from_email_address", Text),
    Column("link_base_url", Text),
    UniqueConstraint("directory_id", "purpose"),
)

#: Two rows for each directory. The schema itself has no table: its id is the directory's.
fields = table("fields", kinds.Field, UniqueConstraint("schema_id", "name"))

user_info_mapping_rules = table("user_info_mapping_rules", kinds.UserInfoMappingRules, part_of("directories"))

#: One row for each SAML directory and for each application, with the same id.
attribute_statement_mapping_rules = table(
    "attribute_statement_mapping_rules",
    kinds.AttributeStatementMappingRules,
    reference("tenant_id", "tenants"),
    reference("directory_id", "directories", nullable=True),
    reference("application_id", "applications", nullable=True),
    Index(None, "directory_id"),
    Index(None, "application_id"),
)

agents = table(
    "agents",
    kinds.Agent,
    encrypted("agent_user_dn_password"),
    Index(None, "tenant_id", "created_at"),
    Index(None, "directory_id"),
)

providers = table(
    "providers",
    kinds.Provider,
    part_of("directories"),
    Index(None, "agent_id"),
    Index(None, "user_info_mapping_rules_id"),
    Index(None, "attribute_statement_mapping_rules_id"),
    Index(None, "service_provider_metadata_id"),
)

#: One row for each application, with the same id.
o_auth_policies = table("o_auth_policies", kinds.OAuthPolicy, UniqueConstraint("application_id"))

saml_identity_providers = table("saml_identity_providers", kinds.SamlIdentityProvider, part_of("applications"))

registered_saml_service_providers = table(
    "registered_saml_service_providers",
    kinds.RegisteredSamlServiceProvider,
    Index(None, "tenant_id", "created_at"),
)

saml_service_provider_registrations = table(
    "saml_service_provider_registrations",
    kinds.SamlServiceProviderRegistration,
    UniqueConstraint(
        "identity_provider_id", "service_provider_id", name="uq_saml_service_provider_registrations_providers"
    ),
    Index(None, "service_provider_id"),
)

#: One row for each tenant, made when it is first needed. The private key is encrypted.
certificates = Table(
    "certificates",
    metadata,
    reference("tenant_id", "tenants"),
    Column("certificate", Text, nullable=False),  # PEM
    encrypted("private_key", nullable=False),  # PEM
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant_id"),
)

id_sites = table("id_sites", kinds.IdSite, UniqueConstraint("tenant_id"))

smtp_servers = table("smtp_servers", kinds.SmtpServer, UniqueConstraint("tenant_id"))

groups = table(
    "groups",
    kinds.Group,
    UniqueConstraint("directory_id", "name_folded"),
    Index(None, "tenant_id", "name_folded"),
    Index(None, "directory_id", "created_at"),
)

accounts = table(
    "accounts",
    kinds.Account,
    *(
        Index(None, owner, *columns)
        for owner in ("directory_id", "tenant_id")
        for columns in (
            ("username_folded",),
            ("email_folded",),
            ("given_name_folded", "id"),  # with the id, because many accounts have the same given name, or age
            ("surname_folded", "id"),
            ("created_at", "id"),
            ("modified_at", "id"),
        )
    ),
)

#: The number of accounts of each directory, split into parts whose sum it is (:mod:`.counts`).
account_counts = Table(
    "account_counts",
    metadata,
    reference("tenant_id", "tenants"),
    reference("directory_id", "directories"),
    Column("part", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    PrimaryKeyConstraint("directory_id", "part"),
    Index(None, "tenant_id"),
)

#: The generation on PostgreSQL (:mod:`.generation`): a number for each slot that has ever moved, and for everybody. For
#: SQLite it is in a file.
generation = Table(
    "epochs",
    metadata,
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    CheckConstraint("slot <> 1", name="not_any"),  # the sum of the others stands for it
)

#: The names with which people sign in. Usernames and e-mail addresses of a directory share one name space. Otherwise
#: somebody could register another person's address as a username, and sign-in would find the wrong account.
login_names = Table(
    "login_names",
    metadata,
    reference("directory_id", "directories"),
    Column("key", Key, nullable=False),
    reference("account_id", "accounts"),
    PrimaryKeyConstraint("directory_id", "key"),
    Index(None, "account_id"),
)

#: The hashes of the passwords of an account. The newest is valid; older ones are kept where the policy forbids to use
#: them again. They are not in ``accounts``, so that reading an account does not read a hash. *position* counts up from
#: 0.
passwords = Table(
    "passwords",
    metadata,
    reference("account_id", "accounts"),
    Column("position", Integer, nullable=False),
    Column("hash", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "position"),
)

#: *account_created_at*: when the account was made, which never changes, so that an index has the members of a group in
#: their order.
group_memberships = table(
    "group_memberships",
    kinds.GroupMembership,
    Column("account_created_at", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("account_id", "group_id"),
    Index(None, "group_id", "id"),
    Index(None, "group_id", "account_created_at", "account_id"),
)

#: The number of members of each group, split like that of accounts. A part that is not there is 0.
member_counts = Table(
    "member_counts",
    metadata,
    reference("group_id", "groups"),
    Column("part", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    PrimaryKeyConstraint("group_id", "part"),
)

#: Directories and groups that are removed: they and what is in them cannot be found, and their rows go one after the
#: other. *kind*: the first part of the path. An id is of a row that may be gone already, so there is no foreign key.
removals = Table(
    "removals",
    metadata,
    Column("id", Text, primary_key=True),
    reference("tenant_id", "tenants"),
    Column("kind", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "tenant_id"),
)

account_store_mappings = table(
    "account_store_mappings",
    kinds.AccountStoreMapping,
    UniqueConstraint("application_id", "account_store_directory_id", name="uq_account_store_mappings_directory"),
    UniqueConstraint("application_id", "account_store_group_id", name="uq_account_store_mappings_group"),
    UniqueConstraint("application_id", "account_store_organization_id", name="uq_account_store_mappings_organization"),
    CheckConstraint(
        "(CASE WHEN account_store_directory_id IS NULL THEN 0 ELSE 1 END)"
        " + (CASE WHEN account_store_group_id IS NULL THEN 0 ELSE 1 END)"
        " + (CASE WHEN account_store_organization_id IS NULL THEN 0 ELSE 1 END) = 1",
        name="one_store",
    ),
    Index(None, "account_store_directory_id"),
    Index(None, "account_store_group_id"),
    Index(None, "account_store_organization_id"),
)

organization_store_mappings = table(
    "organization_store_mappings",
    kinds.OrganizationAccountStoreMapping,
    UniqueConstraint("organization_id", "account_store_directory_id", name="uq_organization_store_mappings_directory"),
    UniqueConstraint("organization_id", "account_store_group_id", name="uq_organization_store_mappings_group"),
    CheckConstraint("(account_store_directory_id IS NULL) <> (account_store_group_id IS NULL)", name="one_store"),
    Index(None, "account_store_directory_id"),
    Index(None, "account_store_group_id"),
)

#: The one directory whose accounts an application knows by their bare usernames. It is set with the application's first
#: mapping; null: there is none, because the first mapping was of an organization. There is no foreign key: the id stays
#: when the directory is deleted, so that no other directory takes its place.
home_directories = Table(
    "home_directories",
    metadata,
    reference("application_id", "applications"),
    Column("directory_id", Text),
    PrimaryKeyConstraint("application_id"),
)

#: The word before the username of an account of any other directory. A row is neither changed nor removed while the
#: tenant exists, so that a name of one person never becomes the name of another. Therefore there is no foreign key to
#: the directory.
qualifiers = Table(
    "qualifiers",
    metadata,
    Column("directory_id", Text, nullable=False),
    reference("tenant_id", "tenants"),
    Column("qualifier", Text, nullable=False),
    Column("key", Key, nullable=False),
    PrimaryKeyConstraint("directory_id"),
    UniqueConstraint("tenant_id", "key"),
)

#: One row for each owner, an application or an organization, with the same id.
account_linking_policies = table(
    "account_linking_policies",
    kinds.AccountLinkingPolicy,
    reference("application_id", "applications", nullable=True),
    reference("organization_id", "organizations", nullable=True),
    Index(None, "application_id"),
    Index(None, "organization_id"),
)

#: A link has no direction. So that two accounts are linked once only, their ids are stored a second time in order.
account_links = table(
    "account_links",
    kinds.AccountLink,
    reference("tenant_id", "tenants"),
    Column("lesser_id", Text, nullable=False),
    Column("greater_id", Text, nullable=False),
    UniqueConstraint("lesser_id", "greater_id"),
    Index(None, "left_account_id"),
    Index(None, "right_account_id"),
)

#: What a provider calls a person (*subject*) finds one account of its directory. Null: no provider has told it.
provider_data = table(
    "provider_data",
    kinds.ProviderData,
    part_of("accounts"),
    Column("directory_id", Text),
    Column("subject", Text),
    Index(None, "directory_id", "subject", unique=True),
)

api_keys = table(
    "api_keys",
    kinds.ApiKey,
    Column("created_at", BigInteger, nullable=False),
    # Milliseconds since the epoch; written once in ten minutes at the most.
    Column("last_used_at", BigInteger),
    Index(None, "account_id", "created_at"),
    Index(None, "tenant_id"),
)

#: The nonces of recent signed requests, so that no request is accepted twice.
nonces = Table(
    "nonces",
    metadata,
    reference("key_id", "api_keys"),
    Column("nonce", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("key_id", "nonce"),
    Index(None, "expires_at"),
)

#: What proofs of who somebody is were marked with that began a session, so that none begins a second one.
account_nonces = Table(
    "account_nonces",
    metadata,
    reference("account_id", "accounts"),
    Column("nonce", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "nonce"),
    Index(None, "expires_at"),
)

#: The wish that an account be deleted, as long as its owner may still change his mind.
deletions = table(
    "deletions",
    kinds.Deletion,
    UniqueConstraint("account_id"),
    Index(None, "tenant_id", "due_at"),
    Index(None, "application_id"),
)

#: How often something was tried (:mod:`stormpath_wsgi.limits`). *key*: the digest of what it is. *name*: of its limit.
#: *forgiven_at*: when nothing of it counts any more. *until*: when the wait ends, if there is one. *until_before*: the
#: same before the last try. All three are milliseconds.
tallies = Table(
    "tallies",
    metadata,
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    reference("account_id", "accounts", nullable=True),
    Column("address", Text),
    Column("forgiven_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("until_before", BigInteger, nullable=False),
    Index(None, "account_id"),
    Index(None, "forgiven_at"),
)

application_web_configs = table(
    "application_web_configs",
    kinds.ApplicationWebConfig,
    Column("dns_label_folded", Key, nullable=False),
    UniqueConstraint("application_id"),
    UniqueConstraint("dns_label_folded"),
    Index(None, "signing_api_key_id"),
)

phones = table("phones", kinds.Phone, UniqueConstraint("account_id", "number"))

#: *last_step*: the time step of the last accepted code of an authenticator app (RFC 6238). *name*: what its owner calls
#: it.
factors = table(
    "factors",
    kinds.Factor,
    Column("last_step", BigInteger),
    Column("name", Text),
    Column("recent_challenge_id", Text),
    UniqueConstraint("phone_id"),
    Index(None, "account_id", "created_at"),
)

#: *number*: the telephone number that the code was sent to. *attempts*: the number of wrong answers so far. *ends_at*:
#: from when no answer is accepted, milliseconds. The row itself stays, and can be read later.
challenges = table(
    "challenges",
    kinds.Challenge,
    encrypted("code"),
    Column("number", Text),
    Column("attempts", Integer, nullable=False),
    Column("ends_at", BigInteger),
    Index(None, "factor_id", "created_at"),
    Index(None, "account_id"),
)

invitations = table(
    "invitations",
    kinds.Invitation,
    Column("digest", Text, nullable=False),
    encrypted("token", nullable=False),
    UniqueConstraint("application_id", "email_folded"),
    UniqueConstraint("digest"),
    Index(None, "application_id", "created_at"),
    Index(None, "directory_id"),
    Index(None, "expires_at"),
    Index(None, "tenant_id"),
)

#: The groups that the account of an invitation joins.
invitation_groups = Table(
    "invitation_groups",
    metadata,
    reference("invitation_id", "invitations"),
    reference("group_id", "groups"),
    PrimaryKeyConstraint("invitation_id", "group_id"),
    Index(None, "group_id"),
)

#: The digests of mailed tokens. *token*: the token itself, encrypted, where the REST API must show it in a link.
#: *purpose*: reset or verification.
mailed_tokens = Table(
    "mailed_tokens",
    metadata,
    Column("digest", Text, primary_key=True),
    reference("tenant_id", "tenants"),
    reference("account_id", "accounts"),
    reference("application_id", "applications", nullable=True),
    Column("purpose", Text, nullable=False),
    encrypted("token"),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Index(None, "account_id", "purpose"),
    Index(None, "application_id"),
    Index(None, "expires_at"),
)

#: Codes that were mailed beside a token, for who types them into the page where they have asked. *id*: the SHA-256 of
#: the ticket of their browser. *digest*: of the code, with a key. *wrong*: the number of wrong answers. A row without
#: an account is of an address that nobody has: its code is in no mail.
mailed_codes = Table(
    "mailed_codes",
    metadata,
    Column("id", Text, primary_key=True),
    reference("tenant_id", "tenants"),
    reference("account_id", "accounts", nullable=True),
    reference("application_id", "applications"),
    Column("purpose", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "account_id", "purpose"),
    Index(None, "application_id"),
    Index(None, "tenant_id"),
    Index(None, "expires_at"),
)

#: Mailed tokens that were used up a moment ago. *id*: the SHA-256 of the token, the ticket of the browser, and what
#: else was asked with it. Whoever asks for exactly the same once more is told that it is done.
spent_tokens = Table(
    "spent_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    reference("account_id", "accounts"),
    Column("purpose", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "account_id", "purpose"),
    Index(None, "expires_at"),
)

#: Addresses that accounts are to have: *back* says that it is the one of before, to which the account may return.
#: *digest*: of the token that was mailed, or of one that nobody has.
email_changes = Table(
    "email_changes",
    metadata,
    Column("digest", Text, primary_key=True),
    reference("tenant_id", "tenants"),
    reference("account_id", "accounts"),
    Column("email", Text, nullable=False),
    Column("back", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "account_id", "back"),
    Index(None, "expires_at"),
)

#: Mail that is to be written and sent. A row without an account sends nothing: it is stored so that a request about an
#: unknown address takes as long as one about a known address. *address*: where it goes; null: to the address of the
#: account. *language*: in which it is written; null: English. *details*: what else it says, a JSON object. *due_at*:
#: the time of the next try, milliseconds.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    reference("tenant_id", "tenants"),
    Column("purpose", Text, nullable=False),
    reference("account_id", "accounts", nullable=True),
    reference("application_id", "applications", nullable=True),
    encrypted("token"),
    Column("attempts", Integer, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("address", Text),
    Column("language", Text),
    encrypted("details"),
    Index(None, "tenant_id", "due_at"),
    Index(None, "account_id"),
    Index(None, "application_id"),
)

#: The directory of the administrators, whose API keys may use the REST API. One row for each tenant, made with its
#: first API key. *account_id*: the account of the tenant's owner.
administrators = Table(
    "administrators",
    metadata,
    reference("tenant_id", "tenants"),
    reference("directory_id", "directories"),
    reference("account_id", "accounts"),
    PrimaryKeyConstraint("tenant_id"),
    UniqueConstraint("directory_id"),
    UniqueConstraint("account_id"),
)

#: Custom data of a resource. The rules remove it, and no foreign key, since the owner may be in any of five tables.
custom_data = Table(
    "custom_data",
    metadata,
    Column("owner_id", Text, primary_key=True),
    reference("tenant_id", "tenants"),
    Column("data", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("modified_at", BigInteger, nullable=False),
)

access_tokens = table(
    "access_tokens",
    kinds.AccessToken,
    Column("expires_at", BigInteger, nullable=False),
    # What its JWT is made of again, and what it ends with. A token that no grant made has no JWT.
    reference("api_key_id", "api_keys", nullable=True),
    reference("organization_id", "organizations", nullable=True),
    reference("refresh_token_id", "refresh_tokens", nullable=True),
    Index(None, "account_id", "created_at"),
    Index(None, "application_id"),
    Index(None, "api_key_id"),
    Index(None, "organization_id"),
    Index(None, "refresh_token_id"),
    Index(None, "expires_at"),
)

refresh_tokens = table(
    "refresh_tokens",
    kinds.RefreshToken,
    Column("expires_at", BigInteger, nullable=False),
    # What its JWT is made of again, and what it ends with. A session that no grant made has no JWT.
    reference("api_key_id", "api_keys", nullable=True),
    reference("organization_id", "organizations", nullable=True),
    # How often it has rotated, and when it last did, in milliseconds. Only the latest of its JWTs is good.
    Column("rotation", Integer, nullable=False, server_default="0"),
    Column("rotated_at", BigInteger),
    Index(None, "account_id", "created_at"),
    Index(None, "application_id"),
    Index(None, "api_key_id"),
    Index(None, "organization_id"),
    Index(None, "expires_at"),
)

#: What is known of a session beside its token, for the person whose session it is. *last_used_at*: milliseconds since
#: the epoch, written once in an hour at the most.
sessions = Table(
    "sessions",
    metadata,
    reference("refresh_token_id", "refresh_tokens"),
    Column("agent", Text),
    Column("address", Text),
    Column("last_used_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("refresh_token_id"),
)

#: What is known of the second factors of an account as a whole. *forgotten*: how often its remembered browsers were
#: forgotten. *codes_made_at*: when its recovery codes were made, milliseconds.
second_factors = Table(
    "second_factors",
    metadata,
    reference("account_id", "accounts"),
    Column("forgotten", Integer, nullable=False),
    Column("codes_made_at", BigInteger),
    PrimaryKeyConstraint("account_id"),
)

#: The recovery codes of an account that were not used. *first*: the first character, by which the code is found; no two
#: codes of an account have the same. *hash*: of the code, by the hasher of passwords.
recovery_codes = Table(
    "recovery_codes",
    metadata,
    reference("account_id", "accounts"),
    Column("first", Text, nullable=False),
    Column("hash", Text, nullable=False),
    PrimaryKeyConstraint("account_id", "first"),
)

#: Passkeys and security keys. *public_key*: in COSE form (RFC 9052), base64url. *sign_count*: how often the device says
#: that it has signed; 0 for one that does not count.
passkeys = table(
    "passkeys",
    kinds.Passkey,
    Column("public_key", Text, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    UniqueConstraint("tenant_id", "credential_id"),
    Index(None, "account_id", "created_at"),
)

#: Numbers that a database counts up: SQLite does that for a column of the type INTEGER only.
_Counted = BigInteger().with_variant(Integer, "sqlite")


def _said_of_events() -> Iterator[Column[Any]]:
    """What is kept of an event (:class:`stormpath_wsgi.audit.Entry`)."""
    yield Column("at", BigInteger, nullable=False)
    for name in ("event", "result"):
        yield Column(name, Text, nullable=False)
    for name in ("account", "actor", "credential", "address", "agent"):
        yield Column(name, Text)
    yield Column("details", Text, nullable=False)


#: Events that are committed and not in the chain yet. Each transaction adds its own rows, and none waits for another.
#: No foreign key leads from the audit to a tenant: what has happened stays when the tenant is gone.
audit_waiting = Table(
    "audit_waiting",
    metadata,
    Column("number", _Counted, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    *_said_of_events(),
    Index(None, "tenant_id", "number"),
)

#: The chain of each tenant. Rows are added behind the last one, and taken away from the beginning by retention only.
audit_rows = Table(
    "audit_rows",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("previous", Text, nullable=False),
    Column("digest", Text, nullable=False),
    *_said_of_events(),
    PrimaryKeyConstraint("tenant_id", "position"),
    Index(None, "tenant_id", "account"),
)

#: Where the chain of a tenant ends, and behind which row it begins (*begins*). Who adds rows locks the first of them.
audit_heads = Table(
    "audit_heads",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("begins", Boolean, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("key", Text),
    Column("signature", Text),
    PrimaryKeyConstraint("tenant_id", "begins"),
)
