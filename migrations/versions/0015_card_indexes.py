"""Indexes by which a client's card finds the newest of its records."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = ("sale", "invoice", "product")


def upgrade() -> None:
    for table in TABLES:
        op.create_index(f"ix_{table}_client_id_id", table, ["client_id", "id"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(f"ix_{table}_client_id_id", table)
