"""Who is invited to make an account, and the groups that this account joins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_folded", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("application_id", sa.Text, nullable=False),
        sa.Column("directory_id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_invitations_application_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["directory_id"], ["directories.id"], name="fk_invitations_directory_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_invitations_tenant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("application_id", "email_folded", name="uq_invitations_application_id_email_folded"),
        sa.UniqueConstraint("digest", name="uq_invitations_digest"),
    )
    op.create_index("ix_invitations_application_id_created_at", "invitations", ["application_id", "created_at"])
    op.create_index("ix_invitations_directory_id", "invitations", ["directory_id"])
    op.create_index("ix_invitations_expires_at", "invitations", ["expires_at"])
    op.create_index("ix_invitations_tenant_id", "invitations", ["tenant_id"])
    op.create_table(
        "invitation_groups",
        sa.Column("invitation_id", sa.Text, nullable=False),
        sa.Column("group_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitations.id"], name="fk_invitation_groups_invitation_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_invitation_groups_group_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("invitation_id", "group_id", name="pk_invitation_groups"),
    )
    op.create_index("ix_invitation_groups_group_id", "invitation_groups", ["group_id"])
