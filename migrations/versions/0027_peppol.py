"""What Peppol answered about companies."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "peppol_status",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("basis", sa.String(length=110), nullable=False),
        sa.Column("registered", sa.Boolean(), nullable=True),
        sa.Column("receives_invoices", sa.Boolean(), nullable=False),
        sa.Column("identifier", sa.String(length=60), nullable=False),
        sa.Column("host", sa.String(length=260), nullable=False),
        sa.Column(
            "documents", sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=20), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_peppol_status_client_id_client")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_peppol_status")),
        sa.UniqueConstraint("client_id", name=op.f("uq_peppol_status_client_id")),
        sqlite_autoincrement=True,
    )
    for column in ("client_id", "next_at"):
        op.create_index(f"ix_peppol_status_{column}", "peppol_status", [column])


def downgrade() -> None:
    op.drop_table("peppol_status")
