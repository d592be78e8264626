"""Invoices with their lines, and transactions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invoice",
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("number", sa.String(length=80), nullable=True),
        sa.Column("issue_date", sa.Date(), nullable=True),
        sa.Column("sale_date", sa.Date(), nullable=True),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("payment_method", sa.String(length=10), nullable=False),
        sa.Column("bank_account_id", sa.Integer(), nullable=True),
        sa.Column("rounding", sa.BigInteger(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("corrects_id", sa.Integer(), nullable=True),
        sa.Column("sale_id", sa.Integer(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "as_issued",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
            ),
            nullable=True,
        ),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.Column("corrected", sa.BigInteger(), nullable=False),
        sa.Column("open_amount", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("discount", sa.BigInteger(), nullable=True),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.Column("gross", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_account_id"], ["bank_account.id"], name=op.f("fk_invoice_bank_account_id_bank_account")
        ),
        sa.ForeignKeyConstraint(
            ["changed_by_id"],
            ["ab_user.id"],
            name=op.f("fk_invoice_changed_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_invoice_client_id_client")),
        sa.ForeignKeyConstraint(["corrects_id"], ["invoice.id"], name=op.f("fk_invoice_corrects_id_invoice")),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_invoice_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["sale_id"], ["sale.id"], name=op.f("fk_invoice_sale_id_sale")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invoice_bank_account_id"), ["bank_account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoice_client_id"), ["client_id"], unique=False)
        batch_op.create_index("ix_invoice_client_id_kind_id", ["client_id", "kind", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoice_corrects_id"), ["corrects_id"], unique=False)
        batch_op.create_index("ix_invoice_due_id", ["due", "id"], unique=False)
        batch_op.create_index("ix_invoice_gross_id", ["gross", "id"], unique=False)
        batch_op.create_index("ix_invoice_issue_date_id", ["issue_date", "id"], unique=False)
        batch_op.create_index("ix_invoice_kind_id", ["kind", "id"], unique=False)
        batch_op.create_index("ix_invoice_number", ["number"], unique=False)
        batch_op.create_index("ix_invoice_open_amount_id", ["open_amount", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoice_sale_id"), ["sale_id"], unique=False)
        batch_op.create_index("ix_invoice_state_settled_due", ["state", "settled", "due", "id"], unique=False)
        batch_op.create_index(
            "uq_invoice_own_number",
            ["number"],
            unique=True,
            sqlite_where=sa.text("kind = 'outgoing'"),
            postgresql_where=sa.text("kind = 'outgoing'"),
        )
        batch_op.create_index(
            "uq_invoice_sale_id",
            ["sale_id"],
            unique=True,
            sqlite_where=sa.text("state != 'cancelled' AND corrects_id IS NULL"),
            postgresql_where=sa.text("state != 'cancelled' AND corrects_id IS NULL"),
        )

    op.create_table(
        "invoice_line",
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("description", sa.String(length=500), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("discount", sa.BigInteger(), nullable=True),
        sa.Column("vat_rate", sa.String(length=10), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_invoice_line_client_id_client")),
        sa.ForeignKeyConstraint(
            ["invoice_id"],
            ["invoice.id"],
            name=op.f("fk_invoice_line_invoice_id_invoice"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_invoice_line_product_id_product")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_line")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("invoice_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invoice_line_client_id"), ["client_id"], unique=False)
        batch_op.create_index("ix_invoice_line_invoice_id_position", ["invoice_id", "position"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoice_line_product_id"), ["product_id"], unique=False)

    op.create_table(
        "transaction",
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("reference", sa.String(length=140), nullable=True),
        sa.Column("invoice_id", sa.Integer(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by_id"],
            ["ab_user.id"],
            name=op.f("fk_transaction_changed_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_transaction_client_id_client")),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_transaction_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_transaction_invoice_id_invoice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transaction")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("transaction", schema=None) as batch_op:
        batch_op.create_index("ix_transaction_amount_id", ["amount", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_transaction_client_id"), ["client_id"], unique=False)
        batch_op.create_index("ix_transaction_client_id_day_id", ["client_id", "day", "id"], unique=False)
        batch_op.create_index("ix_transaction_day_id", ["day", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_transaction_invoice_id"), ["invoice_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("transaction", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_transaction_invoice_id"))
        batch_op.drop_index("ix_transaction_day_id")
        batch_op.drop_index("ix_transaction_client_id_day_id")
        batch_op.drop_index(batch_op.f("ix_transaction_client_id"))
        batch_op.drop_index("ix_transaction_amount_id")

    op.drop_table("transaction")
    with op.batch_alter_table("invoice_line", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invoice_line_product_id"))
        batch_op.drop_index("ix_invoice_line_invoice_id_position")
        batch_op.drop_index(batch_op.f("ix_invoice_line_client_id"))

    op.drop_table("invoice_line")
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_invoice_sale_id",
            sqlite_where=sa.text("state != 'cancelled' AND corrects_id IS NULL"),
            postgresql_where=sa.text("state != 'cancelled' AND corrects_id IS NULL"),
        )
        batch_op.drop_index(
            "uq_invoice_own_number",
            sqlite_where=sa.text("kind = 'outgoing'"),
            postgresql_where=sa.text("kind = 'outgoing'"),
        )
        batch_op.drop_index("ix_invoice_state_settled_due")
        batch_op.drop_index(batch_op.f("ix_invoice_sale_id"))
        batch_op.drop_index("ix_invoice_open_amount_id")
        batch_op.drop_index("ix_invoice_number")
        batch_op.drop_index("ix_invoice_kind_id")
        batch_op.drop_index("ix_invoice_issue_date_id")
        batch_op.drop_index("ix_invoice_gross_id")
        batch_op.drop_index("ix_invoice_due_id")
        batch_op.drop_index(batch_op.f("ix_invoice_corrects_id"))
        batch_op.drop_index("ix_invoice_client_id_kind_id")
        batch_op.drop_index(batch_op.f("ix_invoice_client_id"))
        batch_op.drop_index(batch_op.f("ix_invoice_bank_account_id"))

    op.drop_table("invoice")
