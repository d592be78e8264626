"""Attachments of e-mails."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "email_attachment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("stored_file_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_email_attachment_client_id_client")
        ),
        sa.ForeignKeyConstraint(
            ["email_id"], ["email.id"], name=op.f("fk_email_attachment_email_id_email"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["stored_file_id"],
            ["stored_file.id"],
            name=op.f("fk_email_attachment_stored_file_id_stored_file"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_attachment")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("email_attachment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_email_attachment_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_email_attachment_email_id"), ["email_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_email_attachment_stored_file_id"), ["stored_file_id"], unique=False
        )


def downgrade() -> None:
    op.drop_table("email_attachment")
