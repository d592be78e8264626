"""The box of attributes on the page of a client or contact: every active one, blank or not."""

from dataclasses import dataclass
from typing import Any

from flask import url_for

from crm.models import AttributeDefinition
from crm.models.attribute import Owner
from crm.registry import registry
from crm.security.manager import may
from crm.security.masking import MASK, may_see_sensitive
from crm.services.attributes.values import card_of, kind_of, may_write


@dataclass(frozen=True)
class Place:
    """One attribute with the owner's value. url: where it is edited in place; blank for who may not.

    history: where the history of the value is. reveal_url: where a masked value is asked for by who may see it.
    """

    definition: AttributeDefinition
    value: Any
    url: str
    history: str
    reveal_url: str


@dataclass(frozen=True)
class Box:
    """The places by group. add_url: where an attribute is added; blank for who may not."""

    groups: list[tuple[str, list[Place]]]
    add_url: str
    empty: Any


def place_of(owner: Owner, definition: AttributeDefinition, value: Any) -> Place:
    """The place of one attribute on the owner's page, as the current user has it."""
    page, place = f"{type(owner).__name__}View", {"pk": owner.id, "key": definition.key}
    to_edit = may("edit", kind_of(owner)) and may_write(definition)
    masked = definition.sensitive and value == MASK and may_see_sensitive()
    return Place(
        definition, value, url_for(f"{page}.attribute", **place) if to_edit else "",
        url_for(f"{page}.history", pk=owner.id, field=f"attr.{definition.key}"),
        url_for(f"{page}.reveal", **place) if masked else "",
    )  # fmt: skip


def attribute_box(owner: Owner) -> Box:
    """What the box of attributes of a client or contact shows to the current user."""
    kind = kind_of(owner)
    groups = [(group, [place_of(owner, *one) for one in members]) for group, members in card_of(owner)]
    record = registry().by_model[AttributeDefinition]
    add_url = (
        url_for("AttributeDefinitionView.add", kind=kind, back=owner.id) if may("add", record.key) else ""
    )
    part = record.find_part(kind)
    return Box(groups, add_url, part.empty if part else "")
