"""Lists of invoices begin with the newest."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_invoice_kind_id", table_name="invoice")
    op.create_index("ix_invoice_created_at_id", "invoice", ["created_at", "id"])
    op.create_index("ix_invoice_kind_created_at_id", "invoice", ["kind", "created_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_invoice_kind_created_at_id", table_name="invoice")
    op.drop_index("ix_invoice_created_at_id", table_name="invoice")
    op.create_index("ix_invoice_kind_id", "invoice", ["kind", "id"])
