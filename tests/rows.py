"""A row of any record type, made from its columns, with a mark in every text it has."""

import io
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Boolean, Integer, inspect, select
from sqlalchemy.orm import RelationshipProperty

from crm.models import (
    AttributeDefinition,
    BankAccount,
    Call,
    Client,
    Contact,
    Email,
    Event,
    HasFile,
    Invoice,
    NumberSeries,
    Product,
    Sale,
    Status,
    Transaction,
    VatRate,
    WorkTime,
)
from crm.records import RECORDS
from crm.registry import RecordType
from crm.services.files import store as file_store
from crm.services.files import uploads

MARK = "Quixotic"
#: Half hours, each taken once: nobody works on two things at a time.
HOURS = (datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=30 * n) for n in count())
#: What a type needs beyond a mark in each text.
NEEDED: dict[type, dict[str, Any]] = {
    BankAccount: {"number": "PL61 1090 1014 0000 0712 1981 2874", "currency": "PLN"},
    Invoice: {"kind": "incoming", "number": MARK, "issue_date": date(2026, 1, 2)},
    NumberSeries: {"kind": "quixotic", "pattern": "Quixotic {number}", "reset": "never"},
    Transaction: {"amount": 1, "currency": "PLN", "reference": MARK},
    VatRate: {"rate": 77},
    AttributeDefinition: {"type": "text", "key": "quixotic"},
    Call: {"number": "600 123 456"},
    Client: {"email": "q@example.com"},
    Contact: {"email": "q@example.com"},
    Email: {"from_address": "q@example.com", "to": "r@example.com", "cc": None, "bcc": None},
    Product: {"currency": "PLN", "vat_rate": "23"},
    Sale: {"number": MARK},
    Event: {"start": HOURS, "end": HOURS},
    Status: {"code": "quixotic"},
    WorkTime: {"start": HOURS, "end": HOURS},
}


def row_of(record: RecordType, client_id: int, other_id: int, session: Any, mark: str = MARK) -> Any:
    """A record of this type at a client, with the mark in every text it has."""
    item = record.model()
    for prop in inspect(record.model).column_attrs:
        column = prop.columns[0]
        if column.foreign_keys or column.primary_key or prop.key in NEEDED.get(record.model, {}):
            continue
        if column.type.python_type is str and column.default is None:
            length = getattr(column.type, "length", None)
            if (length is None or length > 20) and not prop.key.endswith(("_e164", "_key")):
                setattr(item, prop.key, mark)
        elif not column.nullable and column.default is None and isinstance(column.type, Integer | Boolean):
            setattr(item, prop.key, 0)
    if record.kind is not None:
        setattr(item, record.kind.key, record.kinds[0].value)
    for name, value in NEEDED.get(record.model, {}).items():
        setattr(item, name, next(value) if value is HOURS else mark if value == MARK else value)
    for name, number in (("client_id", client_id), ("other_id", other_id)):
        if hasattr(item, name):
            setattr(item, name, number)
    if issubclass(record.model, HasFile):
        item.stored_file = file_store.keep(uploads.prepare(io.BytesIO(mark.encode()), f"{mark}.txt"))
    for relation in inspect(record.model).relationships:
        if is_required(relation) and relation.key not in ("client", "other", "stored_file"):
            setattr(item, relation.key, _needed(relation.mapper.class_, client_id, other_id, session))
    return item


def _needed(model: Any, client_id: int, other_id: int, session: Any) -> Any:
    """What a record cannot be without: one that is there, or one made for it at the same client."""
    record = next((one for one in RECORDS if one.model is model), None)
    if record is not None and record.of_client:
        there = session.scalars(select(model).where(model.client_id == client_id)).first()
        return there or row_of(record, client_id, other_id, session)
    return session.scalars(select(model)).first()


def is_required(relation: RelationshipProperty[Any]) -> bool:
    return not relation.uselist and not next(iter(relation.local_columns)).nullable
