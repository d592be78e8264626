"""What becomes of the attributes of two clients, or two contacts, that are made one."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, and_, func, select

from crm.extensions import db
from crm.models import AttributeDefinition, AttributeValue
from crm.models.sealed_values import OPEN_COLUMNS
from crm.services.merging.fields import SOURCE, TARGET
from crm.services.merging.moving_rows import RowMoves

values = AttributeValue.__table__
definitions = AttributeDefinition.__table__


def settle_attributes(moves: RowMoves, kind: str, choices: Mapping[str, str]) -> None:
    """Blank values of the target give way; chosen ones stay alone; several words are kept from both.

    kind: client or contact. This is about what a client has itself; its contacts keep what they have.
    """
    blank = and_(*(values.c[name].is_(None) for name in ("secret", *OPEN_COLUMNS) if name != "text"))
    blank &= func.coalesce(values.c.text, "") == ""
    moves.drop(values, own_values(kind, moves.target) & blank)
    both = _definitions_with_both(moves, kind)
    for name, choice in sorted(choices.items()):
        if not name.startswith("attr.") or choice not in (SOURCE, TARGET):
            continue
        loser = moves.target if choice == SOURCE else moves.source
        chosen = select(definitions.c.id).where(
            definitions.c.applies_to == kind, definitions.c.key == name.removeprefix("attr.")
        )
        mine = values.c.definition_id.in_(chosen) & values.c.definition_id.in_(both)
        moves.drop(values, own_values(kind, loser) & mine)


def own_values(kind: str, owner_id: int) -> ColumnElement[bool]:
    """The condition that a value is one of this client itself, or of this contact."""
    if kind == "contact":
        return values.c.contact_id == owner_id
    return (values.c.client_id == owner_id) & values.c.contact_id.is_(None)


def _definitions_with_both(moves: RowMoves, kind: str) -> list[int]:
    mine, theirs = (
        select(values.c.definition_id).where(own_values(kind, owner))
        for owner in (moves.target, moves.source)
    )
    return list(moves.session.connection().scalars(mine.intersect(theirs)))


def attribute_choices(kind: str) -> dict[str, bool]:
    """Key of each attribute of clients or contacts, and whether both values can be kept: several words can."""
    asked = select(AttributeDefinition.key, AttributeDefinition.type).where(
        AttributeDefinition.applies_to == kind
    )
    return {key: type_ == "words" for key, type_ in db.session.execute(asked)}
