"""What a run of the Mailchimp sync found out, for its pages."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mailchimp_finding",
        sa.Column("what", sa.String(length=12), nullable=False),
        sa.Column("row_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("what", "row_id", name=op.f("pk_mailchimp_finding")),
    )


def downgrade() -> None:
    op.drop_table("mailchimp_finding")
