"""Saved views of lists, and what each user looked at last."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEY = sa.String(length=200).with_variant(sa.String(length=200, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "saved_view",
        sa.Column("record", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("name_key", KEY, nullable=False),
        sa.Column("layout", sa.String(length=10), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by_id"],
            ["ab_user.id"],
            name=op.f("fk_saved_view_changed_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_saved_view_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_saved_view_record_created_by_id", "saved_view", ["record", "created_by_id"])
    op.create_index("ix_saved_view_record_shared", "saved_view", ["record", "shared"])
    op.create_table(
        "list_memory",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("record", sa.String(length=40), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("view_id", sa.Integer(), nullable=True),
        sa.Column("default_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_list_memory_user_id_ab_user"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["view_id"],
            ["saved_view.id"],
            name=op.f("fk_list_memory_view_id_saved_view"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["default_id"],
            ["saved_view.id"],
            name=op.f("fk_list_memory_default_id_saved_view"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_memory")),
        sa.UniqueConstraint("user_id", "record", name=op.f("uq_list_memory_user_id_record")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("list_memory")
    op.drop_table("saved_view")
