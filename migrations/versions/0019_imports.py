"""Imports of files."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def _json() -> sa.types.TypeEngine:
    binary = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
    return sa.JSON(none_as_null=True).with_variant(binary, "postgresql")


def _user(table: str, column: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_ab_user")
    return sa.ForeignKeyConstraint([column], ["ab_user.id"], name=name, ondelete="SET NULL")


def upgrade() -> None:
    op.create_table(
        "import_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("by_system", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("record", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("stored_file_id", sa.Integer(), nullable=True),
        sa.Column("options", _json(), nullable=False),
        sa.Column("plan", _json(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("counts", _json(), nullable=False),
        sa.Column("operation_id", sa.Integer(), nullable=True),
        sa.Column("reverter_id", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=1000), nullable=True),
        _user("import_run", "user_id"),
        _user("import_run", "reverter_id"),
        sa.ForeignKeyConstraint(
            ["stored_file_id"], ["stored_file.id"], name=op.f("fk_import_run_stored_file_id_stored_file")
        ),
        sa.ForeignKeyConstraint(
            ["operation_id"], ["operation.id"], name=op.f("fk_import_run_operation_id_operation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_import_run_state", "import_run", ["state"])
    op.create_index(op.f("ix_import_run_stored_file_id"), "import_run", ["stored_file_id"])
    op.create_index(op.f("ix_import_run_operation_id"), "import_run", ["operation_id"])
    op.create_table(
        "import_row",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("matched", sa.String(length=20), nullable=True),
        sa.Column("details", _json(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["import_run.id"],
            name=op.f("fk_import_row_import_id_import_run"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_row")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_import_row_import_id_verdict_id", "import_row", ["import_id", "verdict", "id"])
    op.create_table(
        "import_mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("headings", sa.String(length=64), nullable=False),
        sa.Column("columns", _json(), nullable=False),
        sa.Column("plan", _json(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _user("import_mapping", "user_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_mapping")),
        sa.UniqueConstraint("record", "name", name=op.f("uq_import_mapping_record_name")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_import_mapping_record_headings", "import_mapping", ["record", "headings"])
    # written by hand: Alembic passes expressions by
    op.create_index("ix_client_email_lower", "client", [sa.text("lower(email)")])
    op.create_index("ix_contact_email_lower", "contact", [sa.text("lower(email)")])


def downgrade() -> None:
    op.drop_index("ix_contact_email_lower", table_name="contact")
    op.drop_index("ix_client_email_lower", table_name="client")
    op.drop_table("import_mapping")
    op.drop_table("import_row")
    op.drop_table("import_run")
