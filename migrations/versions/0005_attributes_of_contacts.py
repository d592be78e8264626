"""attributes of contacts: what a definition applies to, and the contact of a value

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OF_CLIENT = sa.text("contact_id IS NULL")
OF_CONTACT = sa.text("contact_id IS NOT NULL")


def upgrade() -> None:
    numbers = last_numbers()
    with op.batch_alter_table("attribute_definition", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.add_column(sa.Column("applies_to", sa.String(20), nullable=False, server_default="client"))
        batch.drop_constraint("uq_attribute_definition_key", type_="unique")
        batch.create_unique_constraint("uq_attribute_definition_applies_to_key", ["applies_to", "key"])
    with op.batch_alter_table("attribute_value", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.add_column(sa.Column("contact_id", sa.Integer(), nullable=True))
        batch.create_foreign_key("fk_attribute_value_contact_id_contact", "contact", ["contact_id"], ["id"])
        batch.drop_constraint("uq_attribute_value_client_id_definition_id_slot", type_="unique")
    for owner, which in (("client_id", OF_CLIENT), ("contact_id", OF_CONTACT)):
        op.create_index(
            f"uq_attribute_value_{owner}_definition_id_slot", "attribute_value", [owner, "definition_id", "slot"],
            unique=True, sqlite_where=which, postgresql_where=which,
        )  # fmt: skip
    keep_counting_from(numbers)


def last_numbers() -> dict[str, int]:
    """On SQLite: the last number each table gave out, which a table made anew would give out again."""
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        return {}
    return dict(bind.execute(sa.text("SELECT name, seq FROM sqlite_sequence")).all())


def keep_counting_from(numbers: dict[str, int]) -> None:
    bind = op.get_bind()
    for name in ("attribute_definition", "attribute_value"):
        if name in numbers:
            row = {"name": name, "seq": numbers[name]}
            bind.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), row)
            bind.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), row)


def downgrade() -> None:
    raise NotImplementedError("Values of contacts would have nowhere to go.")
