"""Keys of other services, encrypted; what GUS answered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "secret_setting",
        sa.Column("key", sa.String(60), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_secret_setting")),
    )
    op.create_table(
        "gus_answer",
        sa.Column("nip", sa.String(10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rows", JSON, nullable=False),
        sa.PrimaryKeyConstraint("nip", name=op.f("pk_gus_answer")),
    )
    op.create_index(op.f("ix_gus_answer_at"), "gus_answer", ["at"])


def downgrade() -> None:
    op.drop_table("gus_answer")
    op.drop_table("secret_setting")
