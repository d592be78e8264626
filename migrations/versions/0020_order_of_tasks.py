"""The order of lists of tasks has its index again, which SQLite lost with a table made anew."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = ["done", sa.text("(due IS NULL)"), "due", "id"]
    op.create_index("ix_task_done_due", "task", columns, if_not_exists=True)


def downgrade() -> None:
    """It was there before, too."""
