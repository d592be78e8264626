"""The lines of a record: written as a whole, read and shown as JSON, and added up anew after an undo."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from crm.errors import Invalid
from crm.extensions import db
from crm.models import Change, Product
from crm.models.base import Base
from crm.models.line import LINE_FIELDS, MOST_LINES, Line, WithLines
from crm.models.vat import read_rate
from crm.registry import RecordType, registry
from crm.security.viewer import Viewer, acting, actor_id
from crm.security.visibility import including_hidden
from crm.services.clients.as_json import plain
from crm.services.reading import Unreadable, read_column, read_integer
from crm.services.sales.company import default_vat_rate

log = Change.__table__
LARGEST_ID = 2**62

#: A line that stays, or None for a new one; and what is written to it.
Row = tuple[Line | None, Mapping[str, Any]]


def set_lines(record: RecordType, item: WithLines, rows: Sequence[Row]) -> None:
    """Make these the lines of a record, in this order; those left out go.

    A new line without a VAT rate and without a product has the usual one.
    """
    found = []
    for line, values in rows:
        kept = line if line is not None else record.line_model()
        for name, value in values.items():
            if getattr(kept, name) != value:
                setattr(kept, name, value)
        if line is None and not kept.vat_rate and kept.product is None:
            kept.vat_rate = rate.code if (rate := default_vat_rate()) else None
        found.append(kept)
    if [id(one) for one in found] != [id(one) for one in item.lines]:
        item.lines = found


# -- JSON


def lines_json(item: WithLines) -> list[dict[str, Any]]:
    """The lines of a record, in order; net is what each comes to."""
    return [
        {
            "id": line.id,
            "product": line.product_id,
            **{name: plain(getattr(line, name)) for name in LINE_FIELDS if name != "product"},
            "net": plain(line.net),
        }
        for line in item.lines
    ]


def read_lines(record: RecordType, item: WithLines, value: Any) -> list[Row]:
    """Lines as a program sends them: a list of objects, `id` naming a line that stays; None for no lines.

    Raises Invalid, its errors named `lines` or `lines.<number from 0>.<field>`.
    """
    value = [] if value is None else value
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Invalid({"lines": [_("This is a list of lines.")]})
    if len(value) > MOST_LINES:
        raise Invalid({"lines": [_("At most %(n)d lines.", n=MOST_LINES)]})
    known = {line.id: line for line in item.lines if line.id is not None}
    rows: list[Row] = []
    errors: dict[str, list[str]] = {}
    for number, sent in enumerate(value):
        values: dict[str, Any] = {}
        line = None
        for name, one in sent.items():
            try:
                if name == "id":
                    line = _known_line(known, one)
                elif name != "net":
                    values[name] = _read(record, name, one)
            except Unreadable as error:
                errors[f"lines.{number}.{name}"] = [str(error)]
        rows.append((line, values))
    if errors:
        raise Invalid(errors)
    return rows


def _known_line(known: dict[int, Line], number: Any) -> Line | None:
    """The line with this id, each once; None for none, which is a new line."""
    if number is None:
        return None
    found = known.pop(number, None) if isinstance(number, int) else None
    if found is None:
        raise Unreadable(_("There is no such line."))
    return found


def _read(record: RecordType, name: str, value: Any) -> Any:
    if name not in LINE_FIELDS:
        raise Unreadable(_("There is no such field."))
    if name == "product":
        if value is None:
            return None
        product = db.session.get(Product, read_integer(value, LARGEST_ID))
        if product is None:
            raise Unreadable(_("There is no such record."))
        return product
    if name == "vat_rate":
        try:
            return read_rate(str(value)) if value is not None else None
        except ValueError:
            raise Unreadable(_("There is no such VAT rate.")) from None
    # what may be left out follows from the product, or is missed when the record is saved
    if value is None:
        return None
    return read_column(inspect(record.line_model).columns[name], value)


# -- after an undo


def add_up_again(session: Session, operation: int) -> None:
    """Add up the lines of all records anew of which an operation touched lines or totals by statements."""
    connection = session.connection()
    for record in registry():
        if record.lines is None:
            continue
        touched = set[int]()
        whole = next(iter(record.lines.property.remote_side))
        for table in (record.mapper.local_table, whole.table):
            mine = (log.c.operation_id == operation) & (log.c.table_name == table.name)
            ids = set(connection.scalars(select(log.c.row_id).where(mine)))
            column = whole if table is whole.table else table.c.id
            touched |= set(connection.scalars(select(column).where(table.c.id.in_(ids)))) if ids else set()
        _add_up(session, record.model, touched)


def _add_up(session: Session, model: type[Base], ids: set[int]) -> None:
    if not ids:
        return
    everybody = Viewer(actor_id(), "all", is_admin=True)
    with acting(everybody), including_hidden():
        session.expire_all()
        for item in session.scalars(select(model).where(model.id.in_(ids))):  # type: ignore[attr-defined]
            item.put_lines_right(session)  # type: ignore[attr-defined]
        session.flush()
    session.expire_all()
