"""An export: a table, or cards, on its way into a file. Logged before it begins."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from flask_babel import gettext as _
from sqlalchemy import Select, select
from werkzeug.datastructures import MultiDict

from crm.database import transactions
from crm.errors import UnknownFilter
from crm.extensions import db
from crm.models.sensitive import MASK
from crm.services.attributes.filters import secret_names
from crm.services.attributes.order import AttributeOrder
from crm.services.exporting.table_files import csv_bytes, xlsx_file
from crm.services.history.audit import note
from crm.services.lists.order import Order

#: How many records are loaded at once.
PORTION = 500
#: Format -> its content type.
TABLES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
CARDS = {"vcf": "text/vcard; charset=utf-8"}
FORMATS = TABLES | CARDS


@dataclass(frozen=True)
class Export:
    """What is exported: `rows` under `headings`, or `cards` in the format vcf. count: of the records."""

    title: str
    format: str
    count: int
    headings: Sequence[Any] = ()
    rows: Iterable[list[Any]] = ()
    cards: Iterable[str] = ()

    def stream(self) -> Iterator[bytes]:
        """The bytes of a CSV or vCard file as they come."""
        if self.format in CARDS:
            return (text.encode() for text in self.cards)
        return csv_bytes(self.headings, self.rows)

    def file(self) -> IO[bytes]:
        """The whole as a temporary file that is gone when closed. Raises RuleError where a sheet is too short."""
        if self.format == "xlsx":
            return xlsx_file(self.title, self.headings, self.rows)
        file = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
        for part in self.stream():
            file.write(part)
        file.seek(0)
        return file


def check_format(name: str, known: dict[str, str]) -> None:
    """Raise UnknownFilter for a format that is not among those known."""
    if name not in known:
        names = ", ".join(one.upper() if one != "vcf" else "vCard" for one in known)
        raise UnknownFilter(_("An export is one of these: %(names)s.", names=names), field="format")


def find(
    asked: Select[Any], order: Order | AttributeOrder, filters: MultiDict[str, str], **details: Any
) -> list[int]:
    """The ids of what will be exported, in its order. That it is exported is logged, with these details."""
    model = asked.column_descriptions[0]["entity"]
    # read, and no more: the log is written beside it
    with transactions(read_only=True):
        ids = order.ids(asked)
    asked_for = filters.to_dict(flat=False)
    asked_for |= {name: [MASK] for name in secret_names(model.__tablename__, filters)}
    note("export", table=model.__tablename__, records=len(ids), filters=asked_for, **details)
    return ids


def portions(model: Any, ids: Sequence[int], loads: Sequence[Any]) -> Iterator[list[Any]]:
    """The records with these ids, some at a time; one that went away meanwhile is left out.

    loads: options of the statement, for what is read beside the records.
    """
    for start in range(0, len(ids), PORTION):
        some = ids[start : start + PORTION]
        asked = select(model).where(model.id.in_(some)).options(*loads)
        found = {item.id: item for item in db.session.scalars(asked)}
        yield [found[number] for number in some if number in found]
