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
        sa.Column("name_folded", key, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("description_folded", key, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("authorized_callback_uris", sa.JSON, nullable=False),
        sa.Column("authorized_origin_uris", sa.JSON, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_applications_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_applications"),
        sa.UniqueConstraint("tenant_id", "name_folded", name="uq_applications_tenant_id_name_folded"),
    )
    op.create_index("ix_applications_tenant_id_created_at", "applications", ["tenant_id", "created_at"])
    op.create_table(
        "certificates",
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("certificate", sa.Text, nullable=False),
        sa.Column("private_key", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_certificates_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_certificates"),
    )
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
        sa.Column("name_folded", key, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("description_folded", key, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_directories_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_directories"),
        sa.UniqueConstraint("tenant_id", "name_folded", name="uq_directories_tenant_id_name_folded"),
    )
    op.create_index("ix_directories_tenant_id_created_at", "directories", ["tenant_id", "created_at"])
    op.create_table(
        "id_sites",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("domain_name", sa.Text),
        sa.Column("domain_name_folded", key, nullable=False),
        sa.Column("tls_public_cert", sa.Text, nullable=False),
        sa.Column("tls_private_key", sa.Text),
        sa.Column("git_repo_url", sa.Text),
        sa.Column("git_branch", sa.Text),
        sa.Column("authorized_origin_uris", sa.JSON, nullable=False),
        sa.Column("authorized_redirect_uris", sa.JSON, nullable=False),
        sa.Column("logo_url", sa.Text),
        sa.Column("session_tti", sa.Text, nullable=False),
        sa.Column("session_ttl", sa.Text, nullable=False),
        sa.Column("session_cookie_persistent", sa.Boolean, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_id_sites_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_id_sites"),
        sa.UniqueConstraint("tenant_id", name="uq_id_sites_tenant_id"),
    )
    op.create_table(
        "organizations",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_folded", key, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("name_key_folded", key, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("description_folded", key, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_organizations_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
        sa.UniqueConstraint("tenant_id", "name_folded", name="uq_organizations_tenant_id_name_folded"),
        sa.UniqueConstraint("tenant_id", "name_key_folded", name="uq_organizations_tenant_id_name_key_folded"),
    )
    op.create_index("ix_organizations_tenant_id_created_at", "organizations", ["tenant_id", "created_at"])
    op.create_table(
        "registered_saml_service_providers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("name_folded", key, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("description_folded", key, nullable=False),
        sa.Column("assertion_consumer_service_url", sa.Text, nullable=False),
        sa.Column("entity_id", sa.Text, nullable=False),
        sa.Column("name_id_format", sa.Text, nullable=False),
        sa.Column("encoded_x509_certificate", sa.Text),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_registered_saml_service_providers_tenant_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_registered_saml_service_providers"),
    )
    op.create_index(
        "ix_registered_saml_service_providers_tenant_id_created_at",
        "registered_saml_service_providers",
        ["tenant_id", "created_at"],
    )
    op.create_table(
        "smtp_servers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("name_folded", key, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("description_folded", key, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("security_protocol", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_smtp_servers_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_smtp_servers"),
        sa.UniqueConstraint("tenant_id", name="uq_smtp_servers_tenant_id"),
    )
    op.create_table(
        "account_counts",
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("directory_id", sa.Text, nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["directory_id"], ["directories.id"], name="fk_account_counts_directory_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_account_counts_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("directory_id", "part", name="pk_account_counts"),
    )
    op.create_index("ix_account_counts_tenant_id", "account_counts", ["tenant_id"])
    op.create_table(
        "account_creation_policies",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("verification_email_status", sa.Text, nullable=False),
        sa.Column("verification_success_email_status", sa.Text, nullable=False),
        sa.Column("welcome_email_status", sa.Text, nullable=False),
        sa.Column("email_domain_whitelist", sa.JSON, nullable=False),
        sa.Column("email_domain_blacklist", sa.JSON, nullable=False),
        sa.ForeignKeyConstraint(["id"], ["directories.id"], name="fk_account_creation_policies_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_account_creation_policies"),
    )
    op.create_table(
        "account_linking_policies",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("automatic_provisioning", sa.Text, nullable=False),
        sa.Column("matching_property", sa.Text),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("application_id", sa.Text),
        sa.Column("organization_id", sa.Text),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name="fk_account_linking_policies_application_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name="fk_account_linking_policies_organization_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_account_linking_policies_tenant_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_account_linking_policies"),
    )
    op.create_index("ix_account_linking_policies_application_id", "account_linking_policies", ["application_id"])
    op.create_index("ix_account_linking_policies_organization_id", "account_linking_policies", ["organization_id"])
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("username_folded", key, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_folded", key, nullable=False),
        sa.Column("given_name", sa.Text),
        sa.Column("given_name_folded", key, nullable=False),
        sa.Column("middle_name", sa.Text),
        sa.Column("middle_name_folded", key, nullable=False),
        sa.Column("surname", sa.Text),
        sa.Column("surname_folded", key, nullable=False),
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
    op.create_index("ix_accounts_directory_id_email_folded", "accounts", ["directory_id", "email_folded"])
    op.create_index(
        "ix_accounts_directory_id_given_name_folded_id", "accounts", ["directory_id", "given_name_folded", "id"]
    )
    op.create_index("ix_accounts_directory_id_modified_at", "accounts", ["directory_id", "modified_at"])
    op.create_index("ix_accounts_directory_id_surname_folded_id", "accounts", ["directory_id", "surname_folded", "id"])
    op.create_index("ix_accounts_directory_id_username_folded", "accounts", ["directory_id", "username_folded"])
    op.create_index("ix_accounts_tenant_id_created_at", "accounts", ["tenant_id", "created_at"])
    op.create_index("ix_accounts_tenant_id_email_folded", "accounts", ["tenant_id", "email_folded"])
    op.create_index("ix_accounts_tenant_id_given_name_folded_id", "accounts", ["tenant_id", "given_name_folded", "id"])
    op.create_index("ix_accounts_tenant_id_modified_at", "accounts", ["tenant_id", "modified_at"])
    op.create_index("ix_accounts_tenant_id_surname_folded_id", "accounts", ["tenant_id", "surname_folded", "id"])
    op.create_index("ix_accounts_tenant_id_username_folded", "accounts", ["tenant_id", "username_folded"])
    op.create_table(
        "agents",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("config", sa.JSON, nullable=False),
        sa.Column("directory_id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("agent_user_dn_password", sa.Text),
        sa.ForeignKeyConstraint(
            ["directory_id"], ["directories.id"], name="fk_agents_directory_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_agents_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_agents"),
    )
    op.create_index("ix_agents_directory_id", "agents", ["directory_id"])
    op.create_index("ix_agents_tenant_id_created_at", "agents", ["tenant_id", "created_at"])
    op.create_table(
        "attribute_statement_mapping_rules",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("items", sa.JSON, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("directory_id", sa.Text),
        sa.Column("application_id", sa.Text),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name="fk_attribute_statement_mapping_rules_application_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["directory_id"],
            ["directories.id"],
            name="fk_attribute_statement_mapping_rules_directory_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_attribute_statement_mapping_rules_tenant_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_attribute_statement_mapping_rules"),
    )
    op.create_index(
        "ix_attribute_statement_mapping_rules_application_id", "attribute_statement_mapping_rules", ["application_id"]
    )
    op.create_index(
        "ix_attribute_statement_mapping_rules_directory_id", "attribute_statement_mapping_rules", ["directory_id"]
    )
    op.create_table(
        "email_templates",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_folded", key, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text_body", sa.Text, nullable=False),
        sa.Column("html_body", sa.Text, nullable=False),
        sa.Column("mime_type", sa.Text, nullable=False),
        sa.Column("directory_id", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("from_name", sa.Text),
        sa.Column("from_email_address", sa.Text),
        sa.Column("link_base_url", sa.Text),
        sa.ForeignKeyConstraint(
            ["directory_id"], ["directories.id"], name="fk_email_templates_directory_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_email_templates"),
        sa.UniqueConstraint("directory_id", "purpose", name="uq_email_templates_directory_id_purpose"),
    )
    op.create_table(
        "fields",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_folded", key, nullable=False),
        sa.Column("required", sa.Boolean, nullable=False),
        sa.Column("schema_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["schema_id"], ["directories.id"], name="fk_fields_schema_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_fields"),
        sa.UniqueConstraint("schema_id", "name", name="uq_fields_schema_id_name"),
    )
    op.create_table(
        "groups",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_folded", key, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("description_folded", key, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("directory_id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["directory_id"], ["directories.id"], name="fk_groups_directory_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_groups_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_groups"),
        sa.UniqueConstraint("directory_id", "name_folded", name="uq_groups_directory_id_name_folded"),
    )
    op.create_index("ix_groups_directory_id_created_at", "groups", ["directory_id", "created_at"])
    op.create_index("ix_groups_tenant_id_name_folded", "groups", ["tenant_id", "name_folded"])
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
        "saml_identity_providers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("signature_algorithm", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["id"], ["applications.id"], name="fk_saml_identity_providers_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_saml_identity_providers"),
    )
    op.create_table(
        "user_info_mapping_rules",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("items", sa.JSON, nullable=False),
        sa.ForeignKeyConstraint(["id"], ["directories.id"], name="fk_user_info_mapping_rules_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_user_info_mapping_rules"),
    )
    op.create_table(
        "account_links",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("left_account_id", sa.Text, nullable=False),
        sa.Column("right_account_id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("lesser_id", sa.Text, nullable=False),
        sa.Column("greater_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["left_account_id"], ["accounts.id"], name="fk_account_links_left_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["right_account_id"], ["accounts.id"], name="fk_account_links_right_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_account_links_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_account_links"),
        sa.UniqueConstraint("lesser_id", "greater_id", name="uq_account_links_lesser_id_greater_id"),
    )
    op.create_index("ix_account_links_left_account_id", "account_links", ["left_account_id"])
    op.create_index("ix_account_links_right_account_id", "account_links", ["right_account_id"])
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
        sa.Column("account_store_organization_id", sa.Text),
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
            ["account_store_organization_id"],
            ["organizations.id"],
            name="fk_account_store_mappings_account_store_organization_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_account_store_mappings_application_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_account_store_mappings"),
        sa.UniqueConstraint("application_id", "account_store_directory_id", name="uq_account_store_mappings_directory"),
        sa.UniqueConstraint("application_id", "account_store_group_id", name="uq_account_store_mappings_group"),
        sa.UniqueConstraint(
            "application_id", "account_store_organization_id", name="uq_account_store_mappings_organization"
        ),
        sa.CheckConstraint(
            "(CASE WHEN account_store_directory_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN account_store_group_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN account_store_organization_id IS NULL THEN 0 ELSE 1 END) = 1",
            name=op.f("ck_account_store_mappings_one_store"),
        ),
    )
    op.create_index(
        "ix_account_store_mappings_account_store_directory_id", "account_store_mappings", ["account_store_directory_id"]
    )
    op.create_index(
        "ix_account_store_mappings_account_store_group_id", "account_store_mappings", ["account_store_group_id"]
    )
    op.create_index(
        "ix_account_store_mappings_account_store_organization_id",
        "account_store_mappings",
        ["account_store_organization_id"],
    )
    op.create_table(
        "administrators",
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("directory_id", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_administrators_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["directory_id"], ["directories.id"], name="fk_administrators_directory_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_administrators_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_administrators"),
        sa.UniqueConstraint("account_id", name="uq_administrators_account_id"),
        sa.UniqueConstraint("directory_id", name="uq_administrators_directory_id"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("name_folded", key, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("description_folded", key, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_api_keys_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_api_keys_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
    )
    op.create_index("ix_api_keys_account_id_created_at", "api_keys", ["account_id", "created_at"])
    op.create_index("ix_api_keys_tenant_id", "api_keys", ["tenant_id"])
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
        "mailed_tokens",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("application_id", sa.Text),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("token", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_mailed_tokens_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_mailed_tokens_application_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_mailed_tokens_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest", name="pk_mailed_tokens"),
    )
    op.create_index("ix_mailed_tokens_account_id_purpose", "mailed_tokens", ["account_id", "purpose"])
    op.create_index("ix_mailed_tokens_application_id", "mailed_tokens", ["application_id"])
    op.create_index("ix_mailed_tokens_expires_at", "mailed_tokens", ["expires_at"])
    op.create_table(
        "organization_store_mappings",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("list_index", sa.Integer, nullable=False),
        sa.Column("is_default_account_store", sa.Boolean, nullable=False),
        sa.Column("is_default_group_store", sa.Boolean, nullable=False),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("account_store_directory_id", sa.Text),
        sa.Column("account_store_group_id", sa.Text),
        sa.ForeignKeyConstraint(
            ["account_store_directory_id"],
            ["directories.id"],
            name="fk_organization_store_mappings_account_store_directory_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["account_store_group_id"],
            ["groups.id"],
            name="fk_organization_store_mappings_account_store_group_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name="fk_organization_store_mappings_organization_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_organization_store_mappings"),
        sa.UniqueConstraint(
            "organization_id", "account_store_directory_id", name="uq_organization_store_mappings_directory"
        ),
        sa.UniqueConstraint("organization_id", "account_store_group_id", name="uq_organization_store_mappings_group"),
        sa.CheckConstraint(
            "(account_store_directory_id IS NULL) <> (account_store_group_id IS NULL)",
            name=op.f("ck_organization_store_mappings_one_store"),
        ),
    )
    op.create_index(
        "ix_organization_store_mappings_account_store_directory_id",
        "organization_store_mappings",
        ["account_store_directory_id"],
    )
    op.create_index(
        "ix_organization_store_mappings_account_store_group_id",
        "organization_store_mappings",
        ["account_store_group_id"],
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text),
        sa.Column("application_id", sa.Text),
        sa.Column("token", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_outbox_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_outbox_application_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_outbox_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_account_id", "outbox", ["account_id"])
    op.create_index("ix_outbox_application_id", "outbox", ["application_id"])
    op.create_index("ix_outbox_tenant_id_due_at", "outbox", ["tenant_id", "due_at"])
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
        "phones",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("number_folded", key, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("name_folded", key, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("description_folded", key, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("verification_status", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_phones_account_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_phones"),
        sa.UniqueConstraint("account_id", "number", name="uq_phones_account_id_number"),
    )
    op.create_table(
        "provider_data",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("provider_id", sa.Text, nullable=False),
        sa.Column("access_token", sa.Text),
        sa.Column("refresh_token", sa.Text),
        sa.Column("user_info", sa.JSON),
        sa.ForeignKeyConstraint(["id"], ["accounts.id"], name="fk_provider_data_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_provider_data"),
    )
    op.create_table(
        "providers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("provider_id", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text),
        sa.Column("client_secret", sa.Text),
        sa.Column("redirect_uri", sa.Text),
        sa.Column("scope", sa.JSON),
        sa.Column("authorization_endpoint", sa.Text),
        sa.Column("token_endpoint", sa.Text),
        sa.Column("resource_endpoint", sa.Text),
        sa.Column("id_field", sa.Text),
        sa.Column("access_token_type", sa.Text),
        sa.Column("sso_login_url", sa.Text),
        sa.Column("sso_logout_url", sa.Text),
        sa.Column("encoded_x509_signing_cert", sa.Text),
        sa.Column("request_signature_algorithm", sa.Text),
        sa.Column("agent_id", sa.Text),
        sa.Column("user_info_mapping_rules_id", sa.Text),
        sa.Column("attribute_statement_mapping_rules_id", sa.Text),
        sa.Column("service_provider_metadata_id", sa.Text),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_providers_agent_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["attribute_statement_mapping_rules_id"],
            ["attribute_statement_mapping_rules.id"],
            name="fk_providers_attribute_statement_mapping_rules_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["id"], ["directories.id"], name="fk_providers_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["service_provider_metadata_id"],
            ["directories.id"],
            name="fk_providers_service_provider_metadata_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_info_mapping_rules_id"],
            ["user_info_mapping_rules.id"],
            name="fk_providers_user_info_mapping_rules_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_providers"),
    )
    op.create_index("ix_providers_agent_id", "providers", ["agent_id"])
    op.create_index(
        "ix_providers_attribute_statement_mapping_rules_id", "providers", ["attribute_statement_mapping_rules_id"]
    )
    op.create_index("ix_providers_service_provider_metadata_id", "providers", ["service_provider_metadata_id"])
    op.create_index("ix_providers_user_info_mapping_rules_id", "providers", ["user_info_mapping_rules_id"])
    op.create_table(
        "saml_service_provider_registrations",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("default_relay_state", sa.Text),
        sa.Column("service_provider_id", sa.Text, nullable=False),
        sa.Column("identity_provider_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_provider_id"],
            ["saml_identity_providers.id"],
            name="fk_saml_service_provider_registrations_identity_provider_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["service_provider_id"],
            ["registered_saml_service_providers.id"],
            name="fk_saml_service_provider_registrations_service_provider_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_saml_service_provider_registrations"),
        sa.UniqueConstraint(
            "identity_provider_id", "service_provider_id", name="uq_saml_service_provider_registrations_providers"
        ),
    )
    op.create_index(
        "ix_saml_service_provider_registrations_service_provider_id",
        "saml_service_provider_registrations",
        ["service_provider_id"],
    )
    op.create_table(
        "application_web_configs",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("dns_label", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("oauth2", sa.JSON, nullable=False),
        sa.Column("register", sa.JSON, nullable=False),
        sa.Column("login", sa.JSON, nullable=False),
        sa.Column("verify_email", sa.JSON, nullable=False),
        sa.Column("forgot_password", sa.JSON, nullable=False),
        sa.Column("change_password", sa.JSON, nullable=False),
        sa.Column("me", sa.JSON, nullable=False),
        sa.Column("signing_api_key_id", sa.Text),
        sa.Column("application_id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("dns_label_folded", key, nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name="fk_application_web_configs_application_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["signing_api_key_id"],
            ["api_keys.id"],
            name="fk_application_web_configs_signing_api_key_id",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_application_web_configs_tenant_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_application_web_configs"),
        sa.UniqueConstraint("application_id", name="uq_application_web_configs_application_id"),
        sa.UniqueConstraint("dns_label_folded", name="uq_application_web_configs_dns_label_folded"),
    )
    op.create_index("ix_application_web_configs_signing_api_key_id", "application_web_configs", ["signing_api_key_id"])
    op.create_table(
        "factors",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("verification_status", sa.Text, nullable=False),
        sa.Column("account_name", sa.Text),
        sa.Column("issuer", sa.Text),
        sa.Column("secret", sa.Text),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("phone_id", sa.Text),
        sa.Column("last_step", sa.BigInteger),
        sa.Column("wrong_codes", sa.Integer, nullable=False),
        sa.Column("wrong_at", sa.BigInteger),
        sa.Column("recent_challenge_id", sa.Text),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_factors_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["phone_id"], ["phones.id"], name="fk_factors_phone_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_factors"),
        sa.UniqueConstraint("phone_id", name="uq_factors_phone_id"),
    )
    op.create_index("ix_factors_account_id_created_at", "factors", ["account_id", "created_at"])
    op.create_table(
        "nonces",
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name="fk_nonces_key_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key_id", "nonce", name="pk_nonces"),
    )
    op.create_index("ix_nonces_expires_at", "nonces", ["expires_at"])
    op.create_table(
        "refresh_tokens",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("application_id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("api_key_id", sa.Text),
        sa.Column("organization_id", sa.Text),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_refresh_tokens_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["api_key_id"], ["api_keys.id"], name="fk_refresh_tokens_api_key_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_refresh_tokens_application_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_refresh_tokens_organization_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_refresh_tokens_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_refresh_tokens"),
    )
    op.create_index("ix_refresh_tokens_account_id_created_at", "refresh_tokens", ["account_id", "created_at"])
    op.create_index("ix_refresh_tokens_api_key_id", "refresh_tokens", ["api_key_id"])
    op.create_index("ix_refresh_tokens_application_id", "refresh_tokens", ["application_id"])
    op.create_index("ix_refresh_tokens_expires_at", "refresh_tokens", ["expires_at"])
    op.create_index("ix_refresh_tokens_organization_id", "refresh_tokens", ["organization_id"])
    op.create_table(
        "access_tokens",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("application_id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("api_key_id", sa.Text),
        sa.Column("organization_id", sa.Text),
        sa.Column("refresh_token_id", sa.Text),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_access_tokens_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["api_key_id"], ["api_keys.id"], name="fk_access_tokens_api_key_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_access_tokens_application_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_access_tokens_organization_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["refresh_token_id"], ["refresh_tokens.id"], name="fk_access_tokens_refresh_token_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_access_tokens_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_access_tokens"),
    )
    op.create_index("ix_access_tokens_account_id_created_at", "access_tokens", ["account_id", "created_at"])
    op.create_index("ix_access_tokens_api_key_id", "access_tokens", ["api_key_id"])
    op.create_index("ix_access_tokens_application_id", "access_tokens", ["application_id"])
    op.create_index("ix_access_tokens_expires_at", "access_tokens", ["expires_at"])
    op.create_index("ix_access_tokens_organization_id", "access_tokens", ["organization_id"])
    op.create_index("ix_access_tokens_refresh_token_id", "access_tokens", ["refresh_token_id"])
    op.create_table(
        "challenges",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("factor_id", sa.Text, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("number", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("ends_at", sa.BigInteger),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_challenges_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["factor_id"], ["factors.id"], name="fk_challenges_factor_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_challenges"),
    )
    op.create_index("ix_challenges_account_id", "challenges", ["account_id"])
    op.create_index("ix_challenges_factor_id_created_at", "challenges", ["factor_id", "created_at"])
