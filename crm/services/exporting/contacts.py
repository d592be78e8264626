"""Contacts exported: as records are, with their attributes and names in other systems; or as vCards."""

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import selectinload
from werkzeug.datastructures import MultiDict

from crm.database import transactions
from crm.models import Contact
from crm.registry import registry
from crm.services.attributes.values import definitions, values_of_contacts
from crm.services.clients.table import in_words
from crm.services.exporting.export import CARDS, FORMATS, Export, check_format, find, portions
from crm.services.exporting.records import Columns, prepare_records
from crm.services.exporting.vcards import cards_of_contacts
from crm.services.lists.listing import filtered, ordering

EXTERNAL_ID = _l("External ID")


def prepare_contacts(filters: MultiDict[str, str], file_format: str) -> Export:
    """The contacts that the filters leave. Raises UnknownFilter."""
    check_format(file_format, FORMATS)
    record = registry()["contact"]
    if file_format not in CARDS:
        external = Columns([EXTERNAL_ID], lambda items: {item.id: [item.external_id] for item in items})
        loads = [selectinload(Contact.external_ids)]
        # read, and no more: that it is exported is logged beside it
        with transactions(read_only=True):
            return prepare_records(record, filters, file_format, [external, _attributes()], loads)
    ids = find(filtered(record, filters), ordering(record, filters), filters, format=file_format)
    cards = map(cards_of_contacts, portions(Contact, ids, [selectinload(Contact.client)]))
    return Export(str(record.plural), file_format, len(ids), cards=cards)


def _attributes() -> Columns:
    own = definitions("contact", options=False)

    def values(contacts: Sequence[Any]) -> dict[int, list[Any]]:
        found = values_of_contacts([contact.id for contact in contacts]) if own else {}
        return {i: [in_words(found.get(i, {}).get(one.key)) for one in own] for i in (c.id for c in contacts)}

    return Columns([one.label for one in own], values)
