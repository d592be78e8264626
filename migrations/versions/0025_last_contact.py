"""When a client was last in touch is told by an index of the timeline."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

INDEX = "ix_timeline_entry_client_id_kind_at"


def upgrade() -> None:
    op.create_index(INDEX, "timeline_entry", ["client_id", "kind", "at"])


def downgrade() -> None:
    op.drop_index(INDEX, "timeline_entry")
