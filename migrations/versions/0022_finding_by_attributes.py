"""Clients and contacts are found and sorted by attributes: folded texts, and an index of each kind of value."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from crm.models.attribute import text_keys

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

#: Index -> the column of which it has the values that are there.
VALUES = {
    "option": "option_id", "number": "number", "integer": "integer", "day": "day", "moment": "moment", "yes": "yes",
    "match_key": "match_key", "text_key": "text_key",
}  # fmt: skip
#: Those that were there, of all values.
OLD = ("option", "number", "integer", "day", "moment", "match_key")
PORTION = 1_000
SortKey = sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")
Document = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
values = sa.table("attribute_value", *(sa.column(n) for n in ("id", "text", "text_key", "text_more")))
changes = sa.table("change", sa.column("id"), sa.column("table_name"), sa.column("before", Document),
                   sa.column("after", Document))  # fmt: skip


def upgrade() -> None:
    op.add_column("attribute_value", sa.Column("text_key", SortKey, nullable=True))
    op.add_column("attribute_value", sa.Column("text_more", sa.Text(), nullable=True))
    fill_keys()
    for name in OLD:
        op.drop_index(f"ix_attribute_value_{name}", "attribute_value")
    for name, column in VALUES.items():
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_attribute_value_{name}", "attribute_value",
                        ["definition_id", column, "client_id", "contact_id"],
                        sqlite_where=there, postgresql_where=there)  # fmt: skip
    op.create_index(
        "ix_attribute_value_owner", "attribute_value", ["definition_id", "client_id", "contact_id"]
    )
    there = sa.text("text_more IS NOT NULL")
    op.create_index("ix_attribute_value_text_more", "attribute_value", ["definition_id"],
                    sqlite_where=there, postgresql_where=there)  # fmt: skip


def fill_keys() -> None:
    """Give every text its keys, in the log too, from which rows come back."""
    bind = op.get_bind()
    new = {name: sa.bindparam(f"new_{name}") for name in ("text_key", "text_more")}
    fill = sa.update(values).where(values.c.id == sa.bindparam("number")).values(new)
    for rows in portions(values, values.c.text.is_not(None)):
        bind.execute(
            fill,
            [{"number": r.id} | {f"new_{n}": key for n, key in text_keys(r.text).items()} for r in rows],
        )
    for rows in portions(changes, changes.c.table_name == "attribute_value"):
        for row in rows:
            sides = {"before": with_keys(row.before), "after": with_keys(row.after)}
            if sides != {"before": row.before, "after": row.after}:
                bind.execute(sa.update(changes).where(changes.c.id == row.id).values(sides))


def with_keys(side: dict[str, Any] | None) -> dict[str, Any] | None:
    return {**side, **text_keys(side["text"])} if side and "text" in side else side


def portions(table: Any, condition: Any) -> Any:
    last = 0
    while True:
        asked = sa.select(table).where(condition, table.c.id > last).order_by(table.c.id).limit(PORTION)
        rows = op.get_bind().execute(asked).all()
        if not rows:
            return
        yield rows
        last = rows[-1].id


def downgrade() -> None:
    for name in (*VALUES, "owner", "text_more"):
        op.drop_index(f"ix_attribute_value_{name}", "attribute_value")
    for name in OLD:
        op.create_index(f"ix_attribute_value_{name}", "attribute_value",
                        ["definition_id", VALUES[name], "client_id"])  # fmt: skip
    op.drop_column("attribute_value", "text_more")
    op.drop_column("attribute_value", "text_key")
