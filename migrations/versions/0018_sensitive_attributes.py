"""Attributes of more types; any of them may be sensitive, and its values be found by a blind index."""

from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from crm.errors import KeyMissing
from crm.models.sealing import blind_index, seal, unseal

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

INDEXES = {"ix_attribute_value_moment": "moment", "ix_attribute_value_match_key": "match_key"}
PORTION = 1_000
Document = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
values = sa.table("attribute_value", sa.column("id", sa.Integer), sa.column("secret", sa.Text),
                  sa.column("match_key", sa.Text))  # fmt: skip
definitions = sa.table("attribute_definition", sa.column("type", sa.Text), sa.column("sensitive", sa.Boolean))
changes = sa.table("change", sa.column("id", sa.Integer), sa.column("table_name", sa.Text),
                   sa.column("before", Document), sa.column("after", Document))  # fmt: skip


def upgrade() -> None:
    op.add_column("attribute_definition",
                  sa.Column("sensitive", sa.Boolean(), server_default=sa.false(), nullable=False))  # fmt: skip
    op.add_column("attribute_definition", sa.Column("currency", sa.String(3), nullable=True))
    op.add_column("attribute_value", sa.Column("moment", sa.DateTime(timezone=True), nullable=True))
    op.add_column("attribute_value", sa.Column("match_key", sa.String(64), nullable=True))
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("attribute_value", "slot", type_=sa.BigInteger(), existing_nullable=False)
    for name, column in INDEXES.items():
        op.create_index(name, "attribute_value", ["definition_id", column, "client_id"])
    seal_anew()


def seal_anew() -> None:
    """Sensitive texts were a type: they become texts of sensitive attributes, in the log too."""
    bind = op.get_bind()
    bind.execute(
        sa.update(definitions).where(definitions.c.type == "secret").values(type="text", sensitive=sa.true())
    )
    for row in portions(values, values.c.secret.is_not(None)):
        with suppress(KeyMissing):
            bind.execute(sa.update(values).where(values.c.id == row.id).values(resealed(row.secret)))
    for row in portions(changes, changes.c.table_name.in_(["attribute_value", "attribute_definition"])):
        anew = of_values if row.table_name == "attribute_value" else of_definitions
        before, after = anew(row.before, row.after)
        if (before, after) != (row.before, row.after):
            bind.execute(sa.update(changes).where(changes.c.id == row.id).values(before=before, after=after))


def portions(table: Any, condition: Any) -> Any:
    last = 0
    while True:
        asked = sa.select(table).where(condition, table.c.id > last).order_by(table.c.id).limit(PORTION)
        rows = op.get_bind().execute(asked).all()
        if not rows:
            return
        yield from rows
        last = rows[-1].id


def resealed(secret: str) -> dict[str, str]:
    text = f"text:{unseal(secret)}"
    return {"secret": seal(text), "match_key": blind_index(text)}


def of_values(*sides: dict[str, Any] | None) -> list[dict[str, Any] | None]:
    with suppress(KeyMissing):
        if any(side and side.get("secret") for side in sides):
            return [
                side and {**side, **(resealed(side["secret"]) if side.get("secret") else {"match_key": None})}
                for side in sides
            ]
    return list(sides)


def of_definitions(*sides: dict[str, Any] | None) -> list[dict[str, Any] | None]:
    if not any(side and side.get("type") == "secret" for side in sides):
        return list(sides)
    return [
        side and {**side, "sensitive": side.get("type") == "secret",
                  "type": "text" if side.get("type") == "secret" else side.get("type")}
        for side in sides
    ]  # fmt: skip


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "attribute_value")
    for column in ("moment", "match_key"):
        op.drop_column("attribute_value", column)
    for column in ("sensitive", "currency"):
        op.drop_column("attribute_definition", column)
