"""Indexes by which operations are found by what they were, and by when."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_operation_kind_id", "operation", ["kind", "id"])
    op.create_index("ix_operation_at_id", "operation", ["at", "id"])


def downgrade() -> None:
    op.drop_index("ix_operation_at_id", "operation")
    op.drop_index("ix_operation_kind_id", "operation")
