"""Projects, task lists, events, work time and its timer."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("all_day", sa.Boolean(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("location", sa.String(length=200), nullable=True),
        sa.Column("reminder", sa.DateTime(timezone=True), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by_id"],
            ["ab_user.id"],
            name=op.f("fk_event_changed_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_event_client_id_client")),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_event_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_client_id"), ["client_id"], unique=False)
        batch_op.create_index("ix_event_client_id_over_at_id", ["client_id", "over_at", "id"], unique=False)
        batch_op.create_index("ix_event_start_id", ["start", "id"], unique=False)

    op.create_table(
        "project",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=200).with_variant(sa.String(length=200, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("responsible_id", sa.Integer(), nullable=True),
        sa.Column("start", sa.Date(), nullable=True),
        sa.Column("end", sa.Date(), nullable=True),
        sa.Column("budget_hours", sa.BigInteger(), nullable=True),
        sa.Column("hourly_rate", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by_id"],
            ["ab_user.id"],
            name=op.f("fk_project_changed_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_project_client_id_client")),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_project_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["project.id"], name=op.f("fk_project_parent_id_project"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["responsible_id"],
            ["ab_user.id"],
            name=op.f("fk_project_responsible_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_project_client_id"), ["client_id"], unique=False)
        batch_op.create_index("ix_project_client_id_id", ["client_id", "id"], unique=False)
        batch_op.create_index("ix_project_name_key_id", ["name_key", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_responsible_id"), ["responsible_id"], unique=False)

    op.create_table(
        "event_attendee",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_event_attendee_event_id_event"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_event_attendee_user_id_ab_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_attendee")),
        sa.UniqueConstraint("event_id", "user_id", name=op.f("uq_event_attendee_event_id_user_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("event_attendee", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_attendee_user_id"), ["user_id"], unique=False)

    op.create_table(
        "event_contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contact.id"],
            name=op.f("fk_event_contact_contact_id_contact"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_event_contact_event_id_event"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_contact")),
        sa.UniqueConstraint("event_id", "contact_id", name=op.f("uq_event_contact_event_id_contact_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("event_contact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_contact_contact_id"), ["contact_id"], unique=False)

    op.create_table(
        "task_list",
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=200).with_variant(sa.String(length=200, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("start", sa.Date(), nullable=True),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by_id"],
            ["ab_user.id"],
            name=op.f("fk_task_list_changed_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_task_list_client_id_client")),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_task_list_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_task_list_project_id_project"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_list")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("task_list", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_task_list_client_id"), ["client_id"], unique=False)
        batch_op.create_index("ix_task_list_client_id_kind_id", ["client_id", "kind", "id"], unique=False)
        batch_op.create_index("ix_task_list_name_key_id", ["name_key", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_task_list_project_id"), ["project_id"], unique=False)

    op.create_table(
        "timer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_timer_client_id_client")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_timer_project_id_project"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["task.id"], name=op.f("fk_timer_task_id_task"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_timer_user_id_ab_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timer")),
        sa.UniqueConstraint("user_id", name=op.f("uq_timer_user_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("timer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_timer_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_timer_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_timer_task_id"), ["task_id"], unique=False)

    op.create_table(
        "work_time",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("billable", sa.Boolean(), nullable=False),
        sa.Column("hourly_rate", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("cut_off", sa.Boolean(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by_id"],
            ["ab_user.id"],
            name=op.f("fk_work_time_changed_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_work_time_client_id_client")),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_work_time_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_work_time_project_id_project"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["task.id"], name=op.f("fk_work_time_task_id_task"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f("fk_work_time_user_id_ab_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_time")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("work_time", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_work_time_client_id"), ["client_id"], unique=False)
        batch_op.create_index("ix_work_time_client_id_start_id", ["client_id", "start", "id"], unique=False)
        batch_op.create_index("ix_work_time_project_id", ["project_id"], unique=False)
        batch_op.create_index("ix_work_time_start_id", ["start", "id"], unique=False)
        batch_op.create_index("ix_work_time_task_id", ["task_id"], unique=False)
        batch_op.create_index("ix_work_time_user_id_start", ["user_id", "start"], unique=False)

    # not in a batch, which on SQLite would make the table anew and lose its AUTOINCREMENT
    for column, table in (("task_list_id", "task_list"), ("project_id", "project")):
        key = sa.ForeignKey(f"{table}.id", name=op.f(f"fk_task_{column}_{table}"), ondelete="SET NULL")
        op.add_column("task", sa.Column(column, sa.Integer(), key, nullable=True), inline_references=True)
        op.create_index(f"ix_task_{column}_done", "task", [column, "done"])
    refuse_overlaps()


#: One user works on one thing at a time.
SQLITE_OVERLAPS = tuple(
    f"""CREATE TRIGGER work_time_{name} BEFORE {event} ON work_time
        WHEN EXISTS (SELECT 1 FROM work_time AS other WHERE other.user_id = new.user_id AND other.id IS NOT new.id
                     AND other.start < new."end" AND other."end" > new.start)
        BEGIN SELECT RAISE(ABORT, 'work_time overlaps'); END"""
    for name, event in (("added", "INSERT"), ("changed", 'UPDATE OF user_id, start, "end"'))
)
POSTGRESQL_OVERLAPS = (
    """ALTER TABLE work_time ADD CONSTRAINT ex_work_time_overlaps EXCLUDE USING gist
        (int4range(user_id, user_id, '[]') WITH &&, tstzrange(start, "end") WITH &&)""",
)


def refuse_overlaps() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE_OVERLAPS if sqlite else POSTGRESQL_OVERLAPS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Restore a backup instead.")
