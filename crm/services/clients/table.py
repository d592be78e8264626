"""A client as one row of a table: the columns that an export writes, with words in place of codes."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from crm.models import AttributeDefinition, Client, Task
from crm.security.masking import shown
from crm.services.attributes.filters import PREFIX
from crm.services.attributes.reading import written
from crm.services.attributes.values import definitions, values_of_clients
from crm.services.clients import vat
from crm.services.clients.next_steps import last_contacts, next_tasks
from crm.services.clients.peppol import Answer, answers_about
from crm.services.clients.words import KINDS, LABELS
from crm.services.iso_lists import country_name, language_name

#: What the number of a record here is called: other systems have an ID too.
CRM_ID = _l("CRM ID")
ADDRESS = ("street", "postal_code", "city", "region", "country")
#: Columns whose values `answers_about` knows.
PEPPOL = frozenset({"peppol", "peppol.identifier", "peppol.checked_at"})


@dataclass(frozen=True)
class Told:
    """What a table tells of a client beside its own columns. values: of attributes, by key."""

    values: dict[str, Any]
    next_task: Task | None = None
    last_contact: datetime | None = None
    peppol: Answer | None = None
    #: What registers of VAT said, by their names.
    registers: Mapping[str, vat.Answer] = field(default_factory=dict)


Read = Callable[[Client, Told], Any]


@dataclass(frozen=True)
class Column:
    """One column of a table. name: the field of the API, parts of an address after a dot, `attr.` and the key of
    an attribute. read: its value in words, of a client and what is told beside it."""

    name: str
    label: Any
    read: Read


def yes_or_no(value: bool | None) -> str | None:
    """Yes and no as words; nothing where it is not known."""
    return None if value is None else _("Yes") if value else _("No")


def _plain(name: str, column: str = "") -> Column:
    column = column or name
    return Column(name, LABELS[column], lambda client, _told: shown(client, column))


def _flag(name: str) -> Column:
    return Column(name, LABELS[name], lambda client, _told: yes_or_no(getattr(client, name)))


def _address(which: str) -> list[Column]:
    def column(part: str) -> Column:
        name = f"{which}_{part}"
        if part == "country":
            return Column(
                f"{which}.{part}", LABELS[name], lambda c, _told: country_name(getattr(c, name)) or None
            )
        return Column(f"{which}.{part}", LABELS[name], lambda c, _told: getattr(c, name))

    return [column(part) for part in ADDRESS]


def _external_id(client: Client, _told: Any) -> str | None:
    return next((e.external_id for e in client.external_ids if e.app_code == "" and not e.alias), None)


COLUMNS: tuple[Column, ...] = (
    Column("id", CRM_ID, lambda client, _told: client.id),
    Column("kind", LABELS["kind"], lambda client, _told: str(KINDS[client.kind])),
    *(_plain(name) for name in (
        "name", "short_name", "first_name", "last_name", "position", "email", "phone", "mobile", "phone2",
        "website", "domain", "tax_id", "regon", "pesel", "peppol_id",
    )),
    Column("language", LABELS["language"], lambda client, _told: language_name(client.language) or None),
    Column("status", LABELS["status"], lambda client, _told: client.status.name if client.status else None),
    _plain("stars"),
    Column("tags", LABELS["tags"], lambda client, _told: ", ".join(sorted(tag.name for tag in client.tags))),
    Column("assignees", LABELS["assignees"],
           lambda client, _told: ", ".join(user.username for user in client.assignees)),
    *(_flag(name) for name in ("is_buyer", "is_supplier", "is_workshop", "consent")),
    *_address("billing"),
    _flag("use_delivery"),
    *_address("delivery"),
    *(_plain(name) for name in ("bank", "account_number", "billing_amount")),
    _plain("currency", "billing_currency"),
    *(_plain(name) for name in ("payment_period", "discount", "notes", "description")),
    _flag("sensitive"),
    Column("external_id", _l("External ID"), _external_id),
    Column("archived", _l("Archived"), lambda client, _told: yes_or_no(client.archived)),
    *(Column(name, label, lambda client, _told, name=name: getattr(client, name))
      for name, label in (("created_at", _l("Created")), ("changed_at", _l("Changed")),
                          ("last_activity_at", _l("Last activity")))),
)  # fmt: skip


def _register(name: str, label: Any, attribute: str, of_register: str) -> Column:
    """A column of what a register of VAT said."""

    def read(_client: Client, told: Told) -> Any:
        answer = told.registers.get(of_register)
        return getattr(answer, attribute) or None if answer else None

    return Column(name, label, read)


#: What is not of the client itself; lists have it where it is chosen.
MORE = (
    Column(
        "next_task", _l("Next task"), lambda _client, told: str(told.next_task) if told.next_task else None
    ),
    Column("last_contact", _l("Last contact"), lambda _client, told: told.last_contact),
    Column("peppol", _l("Peppol registration"), lambda _c, told: told.peppol and told.peppol.in_words),
    Column(
        "peppol.identifier",
        _l("Peppol: found as"),
        lambda _c, told: (told.peppol and told.peppol.identifier) or None,
    ),
    Column(
        "peppol.checked_at", _l("Peppol: checked"), lambda _c, told: told.peppol and told.peppol.checked_at
    ),
    _register("vies", _l("VAT number in VIES"), "in_words", vat.VIES),
    _register("vies.reference", _l("VIES: consultation number"), "reference", vat.VIES),
    _register("vies.checked_at", _l("VIES: checked"), "checked_at", vat.VIES),
    _register("white_list", _l("VAT white list"), "in_words", vat.WHITE_LIST),
    _register("white_list.reference", _l("VAT white list: request ID"), "reference", vat.WHITE_LIST),
    _register("white_list.checked_at", _l("VAT white list: checked"), "checked_at", vat.WHITE_LIST),
)


def in_words(value: Any) -> Any:
    """The value of an attribute as a table has it: words for yes and no, several words as one text."""
    if isinstance(value, list):
        return written(value)
    return yes_or_no(value) if isinstance(value, bool) else value


def attribute_column(definition: AttributeDefinition) -> Column:
    """The column of an attribute."""

    def read(_client: Client, told: Told) -> Any:
        return in_words(told.values.get(definition.key))

    return Column(f"{PREFIX}{definition.key}", definition.label, read)


def columns(chosen: Sequence[str] | None = None) -> list[Column]:
    """The columns of all fields and active attributes, or those with these names, in their order."""
    own = [attribute_column(definition) for definition in definitions("client", options=False)]
    if chosen is None:
        return [*COLUMNS, *own]
    by_name = {column.name: column for column in (*COLUMNS, *MORE, *own)}
    return [by_name[name] for name in chosen]


def told_of(clients: Sequence[Client], names: Collection[str], masked: bool = False) -> dict[int, Told]:
    """client id -> what the columns with these names tell beside the client: a statement for each kind of it.

    masked: sensitive attributes are masked for everybody.
    """
    ids = [client.id for client in clients]
    keys = [name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)]
    values = values_of_clients(ids, keys, masked) if keys else {}
    tasks = next_tasks(ids) if "next_task" in names else {}
    contacts = last_contacts(ids) if "last_contact" in names else {}
    answers = answers_about(clients) if PEPPOL.intersection(names) else {}
    wanted = {name.partition(".")[0] for name in names} & set(vat.REGISTERS)
    registers = vat.answers_about(clients, wanted) if wanted else {}
    return {
        i: Told(
            values.get(i, {}), tasks.get(i), contacts.get(i), answers.get(i),
            {name: said[i] for name, said in registers.items() if i in said},
        )
        for i in ids
    }  # fmt: skip


def rows(clients: Sequence[Client], wanted: Sequence[Column]) -> list[list[Any]]:
    """One row a client: what the viewer may see of each column; None where there is nothing."""
    told = told_of(clients, [column.name for column in wanted])
    return [[column.read(client, told[client.id]) for column in wanted] for client in clients]
