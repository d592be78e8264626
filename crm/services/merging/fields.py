"""What becomes of the fields of two clients, or two contacts, that are made one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import inspect

from crm.errors import RuleError
from crm.models import Client, Contact
from crm.models.client import ADDRESS_PARTS
from crm.services.history.log import BOOKKEEPING

Owner = Client | Contact

SOURCE, TARGET, BOTH = "source", "target", "both"

#: Fields that belong together and are taken together, by the name of the choice.
GROUPS: dict[str, tuple[str, ...]] = {
    "billing": tuple(f"billing_{part}" for part in ADDRESS_PARTS),
    "delivery": ("use_delivery", *(f"delivery_{part}" for part in ADDRESS_PARTS)),
    "account": ("bank", "account_number"),
    "billing_amount": ("billing_amount", "billing_currency"),
    "status": ("status_id", "status_changed_at"),
    "consent": ("consent", "consent_at", "consent_source", "consent_by_id"),
    # of contacts
    "address": ADDRESS_PARTS,
}
#: Of a group with more than its own values: those that say whether it is filled in, and with the same.
DECIDING = {
    "billing": ("billing_street", "billing_postal_code", "billing_city"),
    "delivery": ("delivery_street", "delivery_postal_code", "delivery_city"),
    "billing_amount": ("billing_amount",),
    "status": ("status_id",),
    "consent": ("consent",),
    "address": ("street", "postal_code", "city"),
}
#: What either client has, both have: a toggle, and being sensitive.
EITHER = ("is_buyer", "is_supplier", "is_workshop", "sensitive")
#: What follows from other fields or from the state of the row.
KEPT = BOOKKEEPING | {
    "id", "name_key", "phone_e164", "mobile_e164", "phone2_e164", "tax_id_key", "archived_at", "deleted_at",
    "merged_into_id", "last_activity_at", "stars", "client_id", "is_primary",
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """Something that is kept from one of the two: a column, or several that belong together."""

    name: str
    columns: tuple[str, ...]

    def is_blank(self, item: Owner) -> bool:
        """Whether nothing was filled in. No answer to consent is none; a refusal is one."""
        return all(value is None or value == "" for value in self._deciding(item))

    def is_same(self, one: Owner, other: Owner) -> bool:
        """Whether there is nothing to choose between the two."""
        return self._deciding(one) == self._deciding(other)

    def _deciding(self, item: Owner) -> list[Any]:
        return [getattr(item, column) for column in DECIDING.get(self.name, self.columns)]

    def take(self, source: Owner, target: Owner) -> None:
        """Give the target what the source has."""
        for column in self.columns:
            value = getattr(source, column)
            if getattr(target, column) != value:
                setattr(target, column, value)


def fields(model: type[Owner] = Client) -> list[Field]:
    """Everything to choose between, in the order of the table's columns; a new column is among it by itself."""
    group_of = {column: name for name, columns in GROUPS.items() for column in columns}
    names: dict[str, None] = {}
    for column in inspect(model).column_attrs:
        if column.key not in KEPT and column.key not in EITHER:
            names[group_of.get(column.key, column.key)] = None
    return [Field(name, GROUPS.get(name, (name,))) for name in names]


def check_choices(
    choices: Mapping[str, str], attributes: Mapping[str, bool], model: type[Owner] = Client
) -> None:
    """Raise RuleError for a choice that nobody can understand.

    attributes: key of each attribute, and whether both values of it can be kept.
    """
    known = {field.name for field in fields(model)}
    for name, choice in choices.items():
        key = name.removeprefix("attr.")
        allowed = {SOURCE, TARGET}
        if name.startswith("attr.") and key in attributes:
            allowed |= {BOTH} if attributes[key] else set()
        elif name not in known:
            raise RuleError(_("There is no field “%(name)s” to choose.", name=name), field=name)
        if choice not in allowed:
            raise RuleError(_("Choose the value of the source or of the target."), field=name)


def combine(source: Client, target: Client, choices: Mapping[str, str]) -> None:
    """Write to target what it is to have: its own values, its blanks filled from source, and what was chosen."""
    for field in fields():
        if field.name == "consent" and False in (source.consent, target.consent):
            wanted = target.consent is not False  # an opt-out of either wins, whatever was chosen
        else:
            wanted = choices.get(field.name) == SOURCE or field.is_blank(target)
        if wanted and not field.is_blank(source):
            field.take(source, target)
    for column in EITHER:
        if getattr(source, column) and not getattr(target, column):
            setattr(target, column, True)
    if source.stars > target.stars:
        target.stars = source.stars


def combine_contacts(source: Contact, target: Contact, choices: Mapping[str, str]) -> None:
    """Write to target what it is to have: its own values, its blanks filled from source, and what was chosen."""
    for field in fields(Contact):
        wanted = choices.get(field.name) == SOURCE or field.is_blank(target)
        if wanted and not field.is_blank(source):
            field.take(source, target)
