"""Clients exported: those that a list's filters leave, in its order, as CSV, XLSX or vCard. Logged before it begins."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from werkzeug.datastructures import MultiDict

from crm.database import transactions
from crm.errors import UnknownFilter
from crm.extensions import db
from crm.models import Client
from crm.services.auditing import note
from crm.services.client_filters import filtered
from crm.services.client_listing import ordering
from crm.services.client_table import columns, rows
from crm.services.table_files import csv_bytes, xlsx_file
from crm.services.vcards import vcards

#: How many clients are loaded at once.
PORTION = 500
#: Format -> its content type.
FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "vcf": "text/vcard; charset=utf-8",
}
COLUMNS = ("listed", "all")


@dataclass(frozen=True)
class Export:
    """What will be exported: the ids of the clients in their order, the format, and which columns."""

    ids: list[int]
    format: str
    columns: str

    def clients(self) -> Iterator[list[Client]]:
        """The clients in portions; one that went away meanwhile is left out."""
        parts = (Client.tag_links, Client.assignee_links, Client.external_ids)
        asked = select(Client).options(*(selectinload(part) for part in parts))
        for start in range(0, len(self.ids), PORTION):
            some = self.ids[start : start + PORTION]
            found = {client.id: client for client in db.session.scalars(asked.where(Client.id.in_(some)))}
            yield [found[number] for number in some if number in found]

    def table(self) -> tuple[list[Any], Iterator[list[Any]]]:
        """The headings, and the rows as they are read."""
        wanted = columns(everything=self.columns == "all")
        return [column.label for column in wanted], (
            row for clients in self.clients() for row in rows(clients, wanted)
        )

    def stream(self) -> Iterator[bytes]:
        """The bytes of a CSV or vCard file as they come."""
        if self.format == "csv":
            yield from csv_bytes(*self.table())
        else:
            for clients in self.clients():
                yield vcards(clients).encode()

    def file(self) -> IO[bytes]:
        """The whole as a temporary file that is gone when closed. Raises RuleError where a sheet is too short."""
        if self.format == "xlsx":
            return xlsx_file(_("Clients"), *self.table())
        file = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
        for part in self.stream():
            file.write(part)
        file.seek(0)
        return file


def prepare(filters: MultiDict[str, str], file_format: str, which: str) -> Export:
    """Find what the filters leave, and log that it is exported, in a transaction of its own.

    filters: those of the list, with its sort and dir. Raises UnknownFilter for what cannot be read, so that no
    more is exported than was asked for.
    """
    if file_format not in FORMATS:
        raise UnknownFilter(_("An export is CSV, XLSX or vCard."), field="format")
    if which not in COLUMNS:
        raise UnknownFilter(_("An export has the listed columns, or all."), field="columns")
    # read, and no more: the log is written beside it
    with transactions(read_only=True):
        order, _sort, _direction = ordering(filters)
        ids = list(db.session.scalars(filtered(filters).order_by(*order).with_only_columns(Client.id)))
    note("export", format=file_format, columns=which, clients=len(ids), filters=filters.to_dict(flat=False))
    return Export(ids, file_format, which)
