"""The tables. Columns of a resource follow from its kind; what the kinds do not know is added here.

A searchable text has a shadow ``<name>_key`` with its folded spelling (:mod:`.canonical`), which the
indexes are on: SQLite folds only ASCII by itself, and two engines must find the same accounts.
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

#: Text in canonical spelling. PostgreSQL would sort it by the rules of a language otherwise, unlike SQLite, and
#: then no index serves a search for a beginning.
Key = Text().with_variant(Text(collation="C"), "postgresql")

_TYPES: dict[type[kinds.Attribute[Any]], type[TypeEngine[Any]]] = {
    kinds.Text: Text,
    kinds.Choice: Text,
    kinds.Duration: Text,
    kinds.Integer: Integer,
    kinds.Boolean: Boolean,
    kinds.Instant: BigInteger,  # milliseconds since the epoch, UTC
    kinds.Array: JSON,
}

#: The table that the hrefs of each kind's links point into.
_TABLES = {
    "Tenant": "tenants",
    "Application": "applications",
    "Directory": "directories",
    "Group": "groups",
    "Account": "accounts",
}


def reference(name: str, table: str, *, nullable: bool = False) -> Column[str]:
    """A column that names a row of *table* and goes when that row goes."""
    return Column(name, Text, ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=nullable)


def stored(kind: type[kinds.Kind]) -> Iterator[Column[Any]]:
    """The columns of everything *kind* declares and does not derive."""
    for attribute in kind.declared(kinds.Attribute):
        if attribute.derived or attribute.secret:
            continue
        yield Column(attribute.name, _TYPES[type(attribute)], nullable=attribute.nullable)
        if isinstance(attribute, kinds.Text) and attribute.search:
            yield Column(f"{attribute.name}_key", Key, nullable=attribute.nullable)
    for link in kind.declared(kinds.Link):
        if not link.derived:
            for title in link.to:
                yield reference(link_column(link, title), _TABLES[title], nullable=link.nullable or len(link.to) > 1)


def link_column(link: kinds.Link[Any], title: str) -> str:
    """The column that holds the id of *link*'s target when that is a *title*: one column for each kind it may name."""
    return f"{link.name}_id" if len(link.to) == 1 else f"{link.name}_{title.lower()}_id"


def part_of(owner: str) -> ForeignKeyConstraint:
    """Says that the id is that of a row of *owner*, and that the row goes with it."""
    return ForeignKeyConstraint(["id"], [f"{owner}.id"], ondelete="CASCADE")


def table(name: str, kind: type[kinds.Kind], *more: Any) -> Table:
    """The table of *kind*: an id, its declared columns, and *more*."""
    return Table(name, metadata, Column("id", Text, primary_key=True), *stored(kind), *more)


tenants = table("tenants", kinds.Tenant, UniqueConstraint("key"))

applications = table(
    "applications",
    kinds.Application,
    UniqueConstraint("tenant_id", "name_key"),
    Index(None, "tenant_id", "created_at"),
)

directories = table(
    "directories",
    kinds.Directory,
    UniqueConstraint("tenant_id", "name_key"),
    Index(None, "tenant_id", "created_at"),
)

#: One row a directory each; the id is the directory's.
password_policies = table("password_policies", kinds.PasswordPolicy, part_of("directories"))
password_strengths = table("password_strengths", kinds.PasswordStrength, part_of("directories"))

#: One row an application; its id is the application's.
o_auth_policies = table("o_auth_policies", kinds.OAuthPolicy, UniqueConstraint("application_id"))

groups = table(
    "groups",
    kinds.Group,
    UniqueConstraint("directory_id", "name_key"),
    Index(None, "tenant_id", "name_key"),
    Index(None, "directory_id", "created_at"),
)

accounts = table(
    "accounts",
    kinds.Account,
    Index(None, "directory_id", "username_key"),
    Index(None, "directory_id", "email_key"),
    Index(None, "directory_id", "given_name_key"),
    Index(None, "directory_id", "surname_key"),
    Index(None, "directory_id", "created_at"),
    Index(None, "directory_id", "modified_at"),
    Index(None, "tenant_id", "username_key"),
    Index(None, "tenant_id", "email_key"),
    Index(None, "tenant_id", "created_at"),
)

#: What a person may type to sign in: one name space for usernames and e-mail addresses of a directory, so that
#: nobody can take another's address as a username and stand before them at the login.
login_names = Table(
    "login_names",
    metadata,
    reference("directory_id", "directories"),
    Column("key", Key, nullable=False),
    reference("account_id", "accounts"),
    PrimaryKeyConstraint("directory_id", "key"),
    Index(None, "account_id"),
)

#: The passwords of an account, as hashes: the newest is the one in force, older ones are kept where the policy
#: prevents their reuse. Apart from ``accounts``, so that no ordinary read carries a hash. *position* counts up from 0.
passwords = Table(
    "passwords",
    metadata,
    reference("account_id", "accounts"),
    Column("position", Integer, nullable=False),
    Column("hash", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "position"),
)

group_memberships = table(
    "group_memberships",
    kinds.GroupMembership,
    UniqueConstraint("account_id", "group_id"),
    Index(None, "group_id", "id"),
)

account_store_mappings = table(
    "account_store_mappings",
    kinds.AccountStoreMapping,
    UniqueConstraint("application_id", "account_store_directory_id", name="uq_account_store_mappings_directory"),
    UniqueConstraint("application_id", "account_store_group_id", name="uq_account_store_mappings_group"),
    CheckConstraint("(account_store_directory_id IS NULL) <> (account_store_group_id IS NULL)", name="one_store"),
    Index(None, "account_store_directory_id"),
    Index(None, "account_store_group_id"),
)

#: JSON beside a resource of any kind; removed by the rules, since the owner may be in any of five tables.
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
    Index(None, "account_id", "created_at"),
    Index(None, "application_id"),
    Index(None, "expires_at"),
)

refresh_tokens = table(
    "refresh_tokens",
    kinds.RefreshToken,
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "account_id", "created_at"),
    Index(None, "application_id"),
    Index(None, "expires_at"),
)
