"""External IDs of contacts that came by a merge."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = last_number("contact_external_id")
    with op.batch_alter_table("contact_external_id", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("alias", sa.Boolean(), server_default=sa.false(), nullable=False))
    keep_counting_from("contact_external_id", number)


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
    with op.batch_alter_table("contact_external_id") as table:
        table.drop_column("alias")
