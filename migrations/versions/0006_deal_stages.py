"""Deals: when they came into their stage, were won, were lost; indexes of the board and of a client's boxes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    with op.batch_alter_table("deal") as batch:
        batch.add_column(sa.Column("stage_changed_at", moment, nullable=True))
        # when a deal of before was won is not known, and is not made up
        batch.add_column(sa.Column("won_at", moment, nullable=True))
        batch.add_column(sa.Column("lost_at", moment, nullable=True))
    op.execute("UPDATE deal SET stage_changed_at = changed_at")
    with op.batch_alter_table("deal") as batch:
        batch.alter_column("stage_changed_at", existing_type=moment, nullable=False)
        batch.create_index("ix_deal_client_id_id", ["client_id", "id"])
        batch.create_index("ix_deal_stage_stage_changed_at_id", ["stage", "stage_changed_at", "id"])
    op.drop_index("ix_task_client_id_done_id", "task")
    op.create_index("ix_task_client_id_done_newest", "task", ["client_id", "done", sa.text("id DESC")])


def downgrade() -> None:
    op.drop_index("ix_task_client_id_done_newest", "task")
    op.create_index("ix_task_client_id_done_id", "task", ["client_id", "done", "id"])
    with op.batch_alter_table("deal") as batch:
        batch.drop_index("ix_deal_stage_stage_changed_at_id")
        batch.drop_index("ix_deal_client_id_id")
        for name in ("lost_at", "won_at", "stage_changed_at"):
            batch.drop_column(name)
