"""The columns of the list of clients: which there are, which are chosen, and by what they sort.

Their names stand in the address (`columns=name,status,attr.ring_size`), in saved views and in exports.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from crm.errors import UnknownFilter
from crm.models import AttributeDefinition
from crm.security.masking import may_see_sensitive
from crm.services.attributes.order import sort_of
from crm.services.attributes.values import definitions
from crm.services.clients import table as client_table
from crm.services.clients.table import Read
from crm.services.modules import is_on

#: What the list shows unless other columns are chosen, with the attributes that are columns by themselves.
LISTED = ("name", "status", "tags", "stars", "assignees", "email", "phone", "billing.city", "billing.country",
          "last_activity_at")  # fmt: skip
#: Column -> the name by which the list is sorted by it. Each has an index that serves it.
SORTS = {
    "name": "name",
    "status": "status",
    "stars": "stars",
    "email": "email",
    "billing.country": "country",
    "created_at": "created_at",
    "last_activity_at": "last_activity_at",
}
#: An order would give away what is masked.
SECRET_SORTS = frozenset({"email"})
#: Column -> how its cell is drawn; the others are texts.
SHAPES = {
    "name": "name",
    "status": "status",
    "tags": "tags",
    "stars": "stars",
    "assignees": "users",
    "email": "link",
    "phone": "phone",
    "mobile": "link",
    "phone2": "link",
    "website": "link",
    "billing.country": "country",
    "delivery.country": "country",
    "created_at": "moment",
    "changed_at": "moment",
    "last_activity_at": "moment",
    "last_contact": "moment",
    "peppol.checked_at": "moment",
    "vies.checked_at": "moment",
    "white_list.checked_at": "moment",
    "next_task": "task",
    "notes": "long",
    "description": "long",
    "billing_amount": "number",
    "payment_period": "number",
    "discount": "number",
}
#: So many columns are shown at once.
MOST = 60


@dataclass(frozen=True)
class Column:
    """One column of the list.

    sort: what `sort=` says to sort by it; blank where it cannot be sorted. group: of an attribute, the heading under
    which it is offered. listed: whether it is shown unless others are chosen. shape: how a cell is drawn, by
    `client/_cell.html`. definition: of the attribute that it shows. read: its value in words, of a client and what
    `told_of` tells of it.
    """

    name: str
    label: Any
    read: Read
    sort: str = ""
    group: str = ""
    listed: bool = False
    shape: str = "text"
    definition: AttributeDefinition | None = None

    @property
    def sortable(self) -> bool:
        return bool(self.sort)


def columns_of_clients() -> list[Column]:
    """All columns that the current viewer can choose, those of the client first, attributes in their order."""
    secret = frozenset() if may_see_sensitive() else SECRET_SORTS
    own = [
        Column(
            one.name, one.label, one.read, "" if one.name in secret else SORTS.get(one.name, ""),
            listed=one.name in LISTED, shape=SHAPES.get(one.name, "text"),
        )
        for one in (*client_table.COLUMNS, *client_table.MORE)
        if one.name != "next_task" or is_on("tasks")
    ]  # fmt: skip
    return [*own, *(_of_attribute(one) for one in definitions("client", options=False))]


def _of_attribute(definition: AttributeDefinition) -> Column:
    one = client_table.attribute_column(definition)
    return Column(
        one.name, one.label, one.read, sort_of(definition), definition.group or "",
        listed=definition.in_list, shape="attribute", definition=definition,
    )  # fmt: skip


def listed(known: Sequence[Column]) -> list[Column]:
    """Of all columns those that are shown unless others are chosen, in their order."""
    by_name = {column.name: column for column in known}
    return [*(by_name[name] for name in LISTED), *(c for c in known if c.listed and c.definition is not None)]


def names_in(args: MultiDict[str, str]) -> list[str]:
    """The names of columns that the query parameters give, each once; none where they give none."""
    parts = (part.strip() for value in args.getlist("columns") for part in value.split(","))
    return list(dict.fromkeys(part for part in parts if part))


def chosen(args: MultiDict[str, str], known: Sequence[Column] | None = None) -> list[Column]:
    """The columns that the query parameters choose, in their order; the name leads to the client, so it is always
    there. Raises UnknownFilter for one that does not exist.

    known: all columns, where they are at hand.
    """
    known, names = columns_of_clients() if known is None else known, names_in(args)
    if not names:
        return listed(known)
    names = names if "name" in names else ["name", *names]
    by_name = {column.name: column for column in known}
    if wrong := next((name for name in names if name not in by_name), None):
        raise UnknownFilter(_("There is no column “%(name)s” here.", name=wrong[:60]), field="columns")
    if len(names) > MOST:
        raise UnknownFilter(_("A list shows %(n)d columns at most.", n=MOST), field="columns")
    return [by_name[name] for name in names]
