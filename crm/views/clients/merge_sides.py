"""Two clients, or two contacts, side by side: what each has, and where there is something to choose."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from crm.models import Client, Contact
from crm.registry import registry
from crm.security.masking import is_masked
from crm.services.attributes.values import definitions, kind_of, values_of
from crm.services.clients.words import KINDS, LABELS, ROLES
from crm.services.merging.fields import BOTH, SOURCE, TARGET, Field, Owner, fields
from crm.views.records.values import Cell, cell

GROUP_LABELS = {
    "billing": _l("Billing address"),
    "delivery": _l("Delivery address"),
    "account": _l("Bank and account"),
    "consent": _l("Marketing consent"),
    "address": _l("Address"),
}


@dataclass(frozen=True)
class Row:
    """One thing that the two have: its value at each, what becomes of it, and between what one can choose.

    taken: source, target or both. choices: (value, words), none where there is nothing to choose.
    """

    name: str
    label: Any
    source: Cell
    target: Cell
    taken: str
    choices: tuple[tuple[str, Any], ...] = ()
    definition: Any = None


def rows(source: Client, target: Client, chosen: Mapping[str, str]) -> list[Row]:
    """What either client has, in the order of their forms; chosen: what the user picked already."""
    found = [_field(field, source, target, chosen) for field in fields()]
    return [row for row in (*found, *_toggles(source, target), *_attributes(source, target, chosen)) if row]


def contact_rows(source: Contact, target: Contact, chosen: Mapping[str, str]) -> list[Row]:
    """What either contact has, in the order of their form; chosen: what the user picked already."""
    found = [_field(field, source, target, chosen) for field in fields(Contact)]
    return [row for row in (*found, *_attributes(source, target, chosen)) if row]


def _field(field: Field, source: Owner, target: Owner, chosen: Mapping[str, str]) -> Row | None:
    if field.is_blank(source) and field.is_blank(target):
        return None
    sides = [_shown(field, client) for client in (source, target)]
    record = registry().by_model[type(source)]
    words = LABELS if isinstance(source, Client) else {}
    label = GROUP_LABELS.get(field.name) or words.get(field.name) or record.label_of(field.name)
    if isinstance(source, Client) and field.name == "consent" and False in (source.consent, target.consent):
        return Row(field.name, label, *sides, taken=TARGET if target.consent is False else SOURCE)
    # of masked values it is not told whether they are the same
    masked = any(is_masked(client, name) for client in (source, target) for name in field.columns)
    if field.is_blank(source) or (not masked and field.is_same(source, target)):
        return Row(field.name, label, *sides, taken=TARGET)
    if field.is_blank(target):
        return Row(field.name, label, *sides, taken=SOURCE)
    taken = chosen.get(field.name, TARGET)
    return Row(field.name, label, *sides, taken=taken, choices=_choices(SOURCE, TARGET))


def _choices(*names: str) -> tuple[tuple[str, Any], ...]:
    words = {SOURCE: _("Take the source's"), TARGET: _("Keep the target's"), BOTH: _("Keep both")}
    return tuple((name, words[name]) for name in names)


def _shown(field: Field, client: Owner) -> Cell:
    if field.is_blank(client):
        return Cell("empty")
    record = registry().by_model[type(client)]
    if field.name == "status":
        return cell(record, client, "status")
    if isinstance(client, Client) and field.name == "consent":
        return Cell("yes_no", client.consent)
    if isinstance(client, Client) and field.name == "kind":
        return Cell("text", KINDS[client.kind])
    cells = [cell(record, client, name) for name in field.columns if name != "use_delivery"]
    filled = [one for one in cells if one.kind != "empty"]
    if len(filled) == 1:
        return filled[0]
    return Cell("text", ", ".join(str(one.value) for one in filled)) if filled else Cell("empty")


def _toggles(source: Client, target: Client) -> Iterable[Row]:
    """What the target gets if either has it, and the higher number of stars."""
    if source.stars or target.stars:
        taken = SOURCE if source.stars > target.stars else TARGET
        sides = [
            Cell("number", client.stars) if client.stars else Cell("empty") for client in (source, target)
        ]
        yield Row("stars", LABELS["stars"], *sides, taken=taken)
    for name, label in {**ROLES, "sensitive": LABELS["sensitive"]}.items():
        values = [getattr(client, name) for client in (source, target)]
        if any(values):
            sides = [Cell("yes_no", value) for value in values]
            yield Row(name, label, *sides, taken=TARGET if values[1] else SOURCE)


def _attributes(source: Owner, target: Owner, chosen: Mapping[str, str]) -> Iterable[Row]:
    values = {item.id: values_of(item, masked=True) for item in (source, target)}
    for definition in definitions(kind_of(source), options=False):
        sides = [values[item.id].get(definition.key) for item in (source, target)]
        if sides[0] is None and sides[1] is None:
            continue
        name, several = f"attr.{definition.key}", definition.type == "words"
        cells = [Cell("empty") if value is None else Cell("attribute", value) for value in sides]
        # of masked values it is not told whether they are the same
        if sides[0] is None or (sides[0] == sides[1] and not definition.sensitive):
            taken, choices = TARGET, ()
        elif sides[1] is None:
            taken, choices = SOURCE, ()
        else:
            choices = _choices(BOTH, SOURCE, TARGET) if several else _choices(SOURCE, TARGET)
            taken = chosen.get(name, BOTH if several else TARGET)
        yield Row(name, definition.label, *cells, taken=taken, choices=choices, definition=definition)
