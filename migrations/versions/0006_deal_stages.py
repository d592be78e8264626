"""Deals: when they came into their stage, were won, were lost; indexes of the board and of a client's boxes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment, number = sa.DateTime(timezone=True), last_number("deal")
    with op.batch_alter_table("deal") as batch:
        batch.add_column(sa.Column("stage_changed_at", moment, nullable=True))
        # when a deal of before was won is not known, and is not made up
        batch.add_column(sa.Column("won_at", moment, nullable=True))
        batch.add_column(sa.Column("lost_at", moment, nullable=True))
    op.execute("UPDATE deal SET stage_changed_at = changed_at")
    with op.batch_alter_table("deal", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.alter_column("stage_changed_at", existing_type=moment, nullable=False)
        batch.create_index("ix_deal_client_id_id", ["client_id", "id"])
        batch.create_index("ix_deal_stage_stage_changed_at_id", ["stage", "stage_changed_at", "id"])
    keep_counting_from("deal", number)
    op.drop_index("ix_task_client_id_done_id", "task")
    op.create_index("ix_task_client_id_done_newest", "task", ["client_id", "done", sa.text("id DESC")])


def last_number(table: str) -> int | None:
    """On SQLite: the last number a table gave out, which it would give out again once it is made anew."""
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        return None
    return bind.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table})


def keep_counting_from(table: str, number: int | None) -> None:
    if number is not None:
        bind, row = op.get_bind(), {"name": table, "seq": number}
        bind.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), row)
        bind.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), row)


def downgrade() -> None:
    op.drop_index("ix_task_client_id_done_newest", "task")
    op.create_index("ix_task_client_id_done_id", "task", ["client_id", "done", "id"])
    with op.batch_alter_table("deal") as batch:
        batch.drop_index("ix_deal_stage_stage_changed_at_id")
        batch.drop_index("ix_deal_client_id_id")
        for name in ("lost_at", "won_at", "stage_changed_at"):
            batch.drop_column(name)
