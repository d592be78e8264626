"""A client as the API, imports and exports see it: the contract's field names, masked where it must be."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import selectinload

from crm.extensions import db
from crm.models import Client
from crm.security.masking import shown
from crm.services.attributes.values import every_value
from crm.services.clients import peppol, vat

#: Fields that are columns of the same name, in the order in which they are shown.
COLUMNS = (
    "kind", "name", "short_name", "first_name", "last_name", "position", "email", "phone", "mobile", "phone2",
    "website", "domain", "tax_id", "regon", "pesel", "peppol_id", "language", "stars", "is_buyer",
    "is_supplier", "is_workshop", "consent", "notes", "description", "use_delivery", "bank",
    "account_number", "billing_amount", "payment_period", "discount", "sensitive",
)  # fmt: skip
#: Of the columns, what is said in words: yes, no, or null where nobody asked.
YES_NO = {True: "yes", False: "no", None: None}
#: Fields whose column has another name.
RENAMED = {"currency": "billing_currency"}
ADDRESSES = ("billing", "delivery")
#: Fields that only the CRM writes.
KEPT = ("id", "version", "created_at", "changed_at")
#: Fields that are neither columns nor kept.
OTHERS = ("status", "tags", "assignees", "external_id", "app_code", "archived")
#: What is found out elsewhere and changes by itself: answered, and passed over where it is sent back.
TOLD = ("peppol", "vies", "white_list")
NAMES = (*KEPT, *COLUMNS, *RENAMED, *ADDRESSES, *OTHERS, *TOLD)


def loaded(statement: Select[tuple[Client]]) -> list[Client]:
    """The clients of a statement with all that their JSON needs, in four queries."""
    parts = (Client.tag_links, Client.assignee_links, Client.external_ids)
    return list(db.session.scalars(statement.options(*(selectinload(part) for part in parts))))


def clients_json(clients: Sequence[Client], app_code: str = "") -> list[dict[str, Any]]:
    """Clients as JSON; external_id is the one they have under app_code."""
    values = every_value("client", [client.id for client in clients], apart_from=NAMES)
    answers, registers = peppol.answers_about(clients), vat.answers_about(clients)
    return [
        {
            **_own_fields(client, app_code),
            "peppol": answers[client.id].as_json if client.id in answers else None,
            **{
                name: said[client.id].as_json if client.id in said else None
                for name, said in registers.items()
            },
            **{key: plain(value) for key, value in values[client.id].items()},
        }
        for client in clients
    ]


def client_json(client: Client, app_code: str = "") -> dict[str, Any]:
    """One client as JSON."""
    return clients_json([client], app_code)[0]


def _own_fields(client: Client, app_code: str) -> dict[str, Any]:
    external = next((e for e in client.external_ids if e.app_code == app_code and not e.alias), None)
    return {
        "id": client.id,
        **{name: plain(shown(client, name)) for name in COLUMNS},
        **{name: plain(shown(client, column)) for name, column in RENAMED.items()},
        "consent": YES_NO[client.consent],
        "status": client.status.code if client.status else None,
        "tags": sorted(tag.name for tag in client.tags),
        "assignees": usernames(client.assignees),
        **{which: client.address(which) for which in ADDRESSES},
        "external_id": external.external_id if external else None,
        "app_code": app_code,
        "archived": client.archived,
        "version": client.version,
        "created_at": plain(client.created_at),
        "changed_at": plain(client.changed_at),
    }


def usernames(users: Iterable[Any]) -> list[str]:
    return [user.username for user in users]


def plain(value: Any) -> Any:
    """A column's value as JSON holds it: exact numbers as numbers where they stay exact, else as text."""
    if isinstance(value, Decimal):
        if value == value.to_integral_value():
            return int(value)
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
