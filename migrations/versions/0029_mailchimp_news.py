"""Addresses that Mailchimp told something about."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mailchimp_news",
        sa.Column("hash", sa.String(32), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_mailchimp_news")),
    )
    op.create_index(op.f("ix_mailchimp_news_at"), "mailchimp_news", ["at"])


def downgrade() -> None:
    op.drop_table("mailchimp_news")
