"""Products, and sales with their lines."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def record_columns(table: str) -> list[sa.schema.SchemaItem]:
    """What every record has."""
    return [
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by_id"],
            ["ab_user.id"],
            name=op.f(f"fk_{table}_changed_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f(f"fk_{table}_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def upgrade() -> None:
    op.create_table(
        "product",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.String(length=200).with_variant(sa.String(length=200, collation="C"), "postgresql"),
                  nullable=False),
        sa.Column("sku", sa.String(length=60), nullable=True),
        sa.Column("purchase_price", sa.BigInteger(), nullable=True),
        sa.Column("sale_price", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("vat_rate", sa.String(length=10), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=True),
        *record_columns("product"),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_product_client_id_client")),
        sa.UniqueConstraint("sku", name=op.f("uq_product_sku")),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("ix_product_client_id", "product", ["client_id"])
    op.create_index("ix_product_name_key_id", "product", ["name_key", "id"])
    op.create_index("ix_product_sale_price_id", "product", ["sale_price", "id"])

    op.create_table(
        "sale",
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("item", sa.String(length=300), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("estimate", sa.BigInteger(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("converted_from_id", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("discount", sa.BigInteger(), nullable=True),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.Column("gross", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        *record_columns("sale"),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_sale_client_id_client")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_sale_contact_id_contact"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["converted_from_id"],
            ["sale.id"],
            name=op.f("fk_sale_converted_from_id_sale"),
            ondelete="SET NULL",
        ),
        sa.UniqueConstraint("converted_from_id", name=op.f("uq_sale_converted_from_id")),
        sa.UniqueConstraint("number", name=op.f("uq_sale_number")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sale_client_id", "sale", ["client_id"])
    op.create_index("ix_sale_client_id_kind_id", "sale", ["client_id", "kind", "id"])
    op.create_index("ix_sale_contact_id", "sale", ["contact_id"])
    op.create_index("ix_sale_date_id", "sale", ["date", "id"])
    op.create_index("ix_sale_gross_id", "sale", ["gross", "id"])
    op.create_index("ix_sale_kind_date_id", "sale", ["kind", "date", "id"])
    op.create_index("ix_sale_status_id", "sale", ["status", "id"])

    op.create_table(
        "sale_line",
        sa.Column("sale_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("description", sa.String(length=500), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("discount", sa.BigInteger(), nullable=True),
        sa.Column("vat_rate", sa.String(length=10), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_sale_line_client_id_client")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_sale_line_product_id_product")),
        sa.ForeignKeyConstraint(
            ["sale_id"], ["sale.id"], name=op.f("fk_sale_line_sale_id_sale"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sale_line")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sale_line_client_id", "sale_line", ["client_id"])
    op.create_index("ix_sale_line_product_id", "sale_line", ["product_id"])
    op.create_index("ix_sale_line_sale_id_position", "sale_line", ["sale_id", "position"])
