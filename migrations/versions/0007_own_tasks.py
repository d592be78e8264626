"""The tasks that somebody made, found without looking at all of them."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_task_created_by_id_done_id", "task", ["created_by_id", "done", "id"])


def downgrade() -> None:
    op.drop_index("ix_task_created_by_id_done_id", "task")
