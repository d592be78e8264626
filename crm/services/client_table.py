"""A client as one row of a table: the columns that an export writes, with words in place of codes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from crm.models import AttributeDefinition, Client
from crm.security.masking import shown
from crm.services.attributes import definitions, values_of_clients
from crm.services.client_words import KINDS, LABELS
from crm.services.iso_lists import country_name, language_name

ADDRESS = ("street", "postal_code", "city", "region", "country")
#: (client, its attributes by key) -> value
Read = Callable[[Client, dict[str, Any]], Any]


@dataclass(frozen=True)
class Column:
    """One column of a table. name: the field of the API, parts of an address after a dot."""

    name: str
    label: Any
    read: Read


def yes_or_no(value: bool | None) -> str | None:
    """Yes and no as words; nothing where it is not known."""
    return None if value is None else _("Yes") if value else _("No")


def _plain(name: str, column: str = "") -> Column:
    column = column or name
    return Column(name, LABELS[column], lambda client, _values: shown(client, column))


def _flag(name: str) -> Column:
    return Column(name, LABELS[name], lambda client, _values: yes_or_no(getattr(client, name)))


def _address(which: str) -> list[Column]:
    def column(part: str) -> Column:
        name = f"{which}_{part}"
        if part == "country":
            return Column(
                f"{which}.{part}", LABELS[name], lambda c, _values: country_name(getattr(c, name)) or None
            )
        return Column(f"{which}.{part}", LABELS[name], lambda c, _values: getattr(c, name))

    return [column(part) for part in ADDRESS]


def _external_id(client: Client, _values: Any) -> str | None:
    return next((e.external_id for e in client.external_ids if e.app_code == "" and not e.alias), None)


COLUMNS: tuple[Column, ...] = (
    Column("kind", LABELS["kind"], lambda client, _values: str(KINDS[client.kind])),
    *(_plain(name) for name in (
        "name", "short_name", "first_name", "last_name", "position", "email", "phone", "mobile", "phone2",
        "website", "domain", "tax_id", "regon", "pesel", "peppol_id",
    )),
    Column("language", LABELS["language"], lambda client, _values: language_name(client.language) or None),
    Column("status", LABELS["status"], lambda client, _values: client.status.name if client.status else None),
    _plain("stars"),
    Column("tags", LABELS["tags"], lambda client, _values: ", ".join(sorted(tag.name for tag in client.tags))),
    Column("assignees", LABELS["assignees"],
           lambda client, _values: ", ".join(user.username for user in client.assignees)),
    *(_flag(name) for name in ("is_buyer", "is_supplier", "is_workshop", "consent")),
    *_address("billing"),
    _flag("use_delivery"),
    *_address("delivery"),
    *(_plain(name) for name in ("bank", "account_number", "billing_amount")),
    _plain("currency", "billing_currency"),
    *(_plain(name) for name in ("payment_period", "discount", "notes", "description")),
    _flag("sensitive"),
    Column("external_id", _l("External ID"), _external_id),
    Column("archived", _l("Archived"), lambda client, _values: yes_or_no(client.archived)),
    *(Column(name, label, lambda client, _values, name=name: getattr(client, name))
      for name, label in (("created_at", _l("Created")), ("changed_at", _l("Changed")),
                          ("last_activity_at", _l("Last activity")))),
)  # fmt: skip
#: What the list shows, in its order.
LISTED = ("name", "status", "tags", "stars", "assignees", "email", "phone", "mobile", "billing.city",
          "billing.country", "last_activity_at")  # fmt: skip


def _attribute(definition: AttributeDefinition) -> Column:
    def read(_client: Client, values: dict[str, Any]) -> Any:
        value = values.get(definition.key)
        if isinstance(value, list):
            return ", ".join(value)
        return yes_or_no(value) if isinstance(value, bool) else value

    return Column(definition.key, definition.label, read)


def columns(everything: bool = True) -> list[Column]:
    """The columns of all fields and active attributes, or of those that the list shows."""
    own = definitions("client", options=False)
    if everything:
        return [*COLUMNS, *(_attribute(one) for one in own)]
    by_name = {column.name: column for column in COLUMNS}
    return [*(by_name[name] for name in LISTED), *(_attribute(one) for one in own if one.in_list)]


def rows(clients: Sequence[Client], wanted: Sequence[Column]) -> list[list[Any]]:
    """One row a client: what the viewer may see of each column; None where there is nothing."""
    values = values_of_clients([client.id for client in clients])
    return [[column.read(client, values.get(client.id, {})) for column in wanted] for client in clients]
