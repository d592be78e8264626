"""Likely duplicates of clients. Clients that are there wait for the first search, which gives them their keys."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duplicate_key",
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_duplicate_key_client_id_client")),
        sa.PrimaryKeyConstraint("key", "client_id", name=op.f("pk_duplicate_key")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_duplicate_key_client_id"), "duplicate_key", ["client_id"])
    op.create_table(
        "duplicate_todo",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_duplicate_todo_client_id_client")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_todo")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_duplicate_todo_client_id"), "duplicate_todo", ["client_id"])
    op.create_table(
        "duplicate_pair",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.String(length=100), nullable=False),
        sa.Column("open_score", sa.Integer(), nullable=False),
        sa.Column("open_reasons", sa.String(length=100), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("dismissed", sa.Boolean(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("client_id < other_id", name=op.f("ck_duplicate_pair_in_order")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_duplicate_pair_client_id_client")
        ),
        sa.ForeignKeyConstraint(["other_id"], ["client.id"], name=op.f("fk_duplicate_pair_other_id_client")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_pair")),
        sa.UniqueConstraint("client_id", "other_id", name=op.f("uq_duplicate_pair_client_id_other_id")),
        sqlite_autoincrement=True,
    )
    for column in ("client_id", "other_id", "group_id"):
        op.create_index(f"ix_duplicate_pair_{column}", "duplicate_pair", [column])
    op.create_table(
        "not_duplicate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "shared", sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said_by_id", sa.Integer(), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_not_duplicate_client_id_client")),
        sa.ForeignKeyConstraint(["other_id"], ["client.id"], name=op.f("fk_not_duplicate_other_id_client")),
        sa.ForeignKeyConstraint(
            ["said_by_id"],
            ["ab_user.id"],
            name=op.f("fk_not_duplicate_said_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_not_duplicate")),
        sqlite_autoincrement=True,
    )
    for column in ("client_id", "other_id"):
        op.create_index(f"ix_not_duplicate_{column}", "not_duplicate", [column])
    op.execute("INSERT INTO duplicate_todo (client_id) SELECT id FROM client")


def downgrade() -> None:
    for table in ("not_duplicate", "duplicate_pair", "duplicate_todo", "duplicate_key"):
        op.drop_table(table)
