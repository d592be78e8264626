"""What registers of VAT answered about companies."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vat_status",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(length=20), nullable=False),
        sa.Column("basis", sa.String(length=40), nullable=False),
        sa.Column("answer", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("address", sa.String(length=400), nullable=False),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("removed_on", sa.Date(), nullable=True),
        sa.Column("accounts", sa.Text(), nullable=False),
        sa.Column("virtual", sa.Boolean(), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column("reference_at", sa.String(length=40), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=20), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_vat_status_client_id_client")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vat_status")),
        sa.UniqueConstraint("client_id", "service", name=op.f("uq_vat_status_client_id_service")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_vat_status_client_id", "vat_status", ["client_id"])
    op.create_index("ix_vat_status_service_next_at", "vat_status", ["service", "next_at"])
    op.create_table(
        "vat_proof",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(length=20), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("answer", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column("reference_at", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_vat_proof_client_id_client")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vat_proof")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_vat_proof_client_id", "vat_proof", ["client_id"])


def downgrade() -> None:
    op.drop_table("vat_proof")
    op.drop_table("vat_status")
