"""The first tables.

A step is history: it spells out what it makes and imports nothing that may change later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "tenants",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tenants"),
        sa.UniqueConstraint("key", name="uq_tenants_key"),
    )
    op.create_table(
        "applications",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", key, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("description_key", key),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("authorized_callback_uris", sa.JSON, nullable=False),
        sa.Column("authorized_origin_uris", sa.JSON, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_applications_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_applications"),
        sa.UniqueConstraint("tenant_id", "name_key", name="uq_applications_tenant_id_name_key"),
    )
    op.create_index("ix_applications_tenant_id_created_at", "applications", ["tenant_id", "created_at"])
    op.create_table(
        "custom_data",
        sa.Column("owner_id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_custom_data_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner_id", name="pk_custom_data"),
    )
    op.create_table(
        "directories",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", key, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("description_key", key),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_directories_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_directories"),
        sa.UniqueConstraint("tenant_id", "name_key", name="uq_directories_tenant_id_name_key"),
    )
    op.create_index("ix_directories_tenant_id_created_at", "directories", ["tenant_id", "created_at"])
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("username_key", key, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", key, nullable=False),
        sa.Column("given_name", sa.Text),
        sa.Column("given_name_key", key),
        sa.Column("middle_name", sa.Text),
        sa.Column("middle_name_key", key),
        sa.Column("surname", sa.Text),
        sa.Column("surname_key", key),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("email_verification_status", sa.Text, nullable=False),
        sa.Column("password_modified_at", sa.BigInteger),
        sa.Column("directory_id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["directory_id"], ["directories.id"], name="fk_accounts_directory_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_accounts_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
    )
    op.create_index("ix_accounts_directory_id_created_at", "accounts", ["directory_id", "created_at"])
    op.create_index("ix_accounts_directory_id_email_key", "accounts", ["directory_id", "email_key"])
    op.create_index("ix_accounts_directory_id_given_name_key", "accounts", ["directory_id", "given_name_key"])
    op.create_index("ix_accounts_directory_id_modified_at", "accounts", ["directory_id", "modified_at"])
    op.create_index("ix_accounts_directory_id_surname_key", "accounts", ["directory_id", "surname_key"])
    op.create_index("ix_accounts_directory_id_username_key", "accounts", ["directory_id", "username_key"])
    op.create_index("ix_accounts_tenant_id_created_at", "accounts", ["tenant_id", "created_at"])
    op.create_index("ix_accounts_tenant_id_email_key", "accounts", ["tenant_id", "email_key"])
    op.create_index("ix_accounts_tenant_id_username_key", "accounts", ["tenant_id", "username_key"])
    op.create_table(
        "groups",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", key, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("description_key", key),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("directory_id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["directory_id"], ["directories.id"], name="fk_groups_directory_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_groups_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_groups"),
        sa.UniqueConstraint("directory_id", "name_key", name="uq_groups_directory_id_name_key"),
    )
    op.create_index("ix_groups_directory_id_created_at", "groups", ["directory_id", "created_at"])
    op.create_index("ix_groups_tenant_id_name_key", "groups", ["tenant_id", "name_key"])
    op.create_table(
        "o_auth_policies",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("access_token_ttl", sa.Text, nullable=False),
        sa.Column("refresh_token_ttl", sa.Text, nullable=False),
        sa.Column("application_id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_o_auth_policies_application_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_o_auth_policies_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_o_auth_policies"),
        sa.UniqueConstraint("application_id", name="uq_o_auth_policies_application_id"),
    )
    op.create_table(
        "password_policies",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("reset_token_ttl", sa.Integer, nullable=False),
        sa.Column("reset_email_status", sa.Text, nullable=False),
        sa.Column("reset_success_email_status", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["id"], ["directories.id"], name="fk_password_policies_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_password_policies"),
    )
    op.create_table(
        "password_strengths",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("min_length", sa.Integer, nullable=False),
        sa.Column("max_length", sa.Integer, nullable=False),
        sa.Column("min_lower_case", sa.Integer, nullable=False),
        sa.Column("min_upper_case", sa.Integer, nullable=False),
        sa.Column("min_numeric", sa.Integer, nullable=False),
        sa.Column("min_symbol", sa.Integer, nullable=False),
        sa.Column("min_diacritic", sa.Integer, nullable=False),
        sa.Column("prevent_reuse", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["id"], ["directories.id"], name="fk_password_strengths_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_password_strengths"),
    )
    op.create_table(
        "access_tokens",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("application_id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_access_tokens_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_access_tokens_application_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_access_tokens_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_access_tokens"),
    )
    op.create_index("ix_access_tokens_account_id_created_at", "access_tokens", ["account_id", "created_at"])
    op.create_index("ix_access_tokens_application_id", "access_tokens", ["application_id"])
    op.create_index("ix_access_tokens_expires_at", "access_tokens", ["expires_at"])
    op.create_table(
        "account_store_mappings",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("list_index", sa.Integer, nullable=False),
        sa.Column("is_default_account_store", sa.Boolean, nullable=False),
        sa.Column("is_default_group_store", sa.Boolean, nullable=False),
        sa.Column("application_id", sa.Text, nullable=False),
        sa.Column("account_store_directory_id", sa.Text),
        sa.Column("account_store_group_id", sa.Text),
        sa.CheckConstraint(
            "(account_store_directory_id IS NULL) <> (account_store_group_id IS NULL)",
            name="ck_account_store_mappings_one_store",
        ),
        sa.ForeignKeyConstraint(
            ["account_store_directory_id"],
            ["directories.id"],
            name="fk_account_store_mappings_account_store_directory_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["account_store_group_id"],
            ["groups.id"],
            name="fk_account_store_mappings_account_store_group_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_account_store_mappings_application_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_account_store_mappings"),
        sa.UniqueConstraint("application_id", "account_store_directory_id", name="uq_account_store_mappings_directory"),
        sa.UniqueConstraint("application_id", "account_store_group_id", name="uq_account_store_mappings_group"),
    )
    op.create_index(
        "ix_account_store_mappings_account_store_directory_id", "account_store_mappings", ["account_store_directory_id"]
    )
    op.create_index(
        "ix_account_store_mappings_account_store_group_id", "account_store_mappings", ["account_store_group_id"]
    )
    op.create_table(
        "group_memberships",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("group_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_group_memberships_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_group_memberships_group_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_group_memberships"),
        sa.UniqueConstraint("account_id", "group_id", name="uq_group_memberships_account_id_group_id"),
    )
    op.create_index("ix_group_memberships_group_id_id", "group_memberships", ["group_id", "id"])
    op.create_table(
        "login_names",
        sa.Column("directory_id", sa.Text, nullable=False),
        sa.Column("key", key, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_login_names_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["directory_id"], ["directories.id"], name="fk_login_names_directory_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("directory_id", "key", name="pk_login_names"),
    )
    op.create_index("ix_login_names_account_id", "login_names", ["account_id"])
    op.create_table(
        "passwords",
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_passwords_account_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "position", name="pk_passwords"),
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("application_id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_refresh_tokens_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_refresh_tokens_application_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_refresh_tokens_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_refresh_tokens"),
    )
    op.create_index("ix_refresh_tokens_account_id_created_at", "refresh_tokens", ["account_id", "created_at"])
    op.create_index("ix_refresh_tokens_application_id", "refresh_tokens", ["application_id"])
    op.create_index("ix_refresh_tokens_expires_at", "refresh_tokens", ["expires_at"])
