"""A file to be imported, as headings and rows of texts, whatever it is: CSV, XLSX or vCard.

Rows are read as they are asked for, so that a file of any length takes the same memory. What was found out about
a file (encoding, separator, sheet, how it writes numbers and dates) stands in `options`; opened again with these,
it is read in the same way, and counted no more.
"""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any, Protocol

from flask_babel import gettext as _

from crm.errors import RuleError
from crm.registry import RecordType
from crm.services.importing.csv_reading import CsvTable
from crm.services.importing.headings import find_headings
from crm.services.importing.marks import DATE_ORDERS, DECIMAL_MARKS, date_order, decimal_mark
from crm.services.importing.vcard_reading import VcardTable
from crm.services.importing.xlsx_reading import XlsxTable

#: How many rows are looked at before a file is read.
SAMPLE = 200
NUMBER = re.compile(r"[0-9]{1,7}")
MOST_ROWS, MOST_COLUMNS = 1_000_000, 1_000
IN_MEMORY = 4 * 1024 * 1024
#: (number in the file, from 1; the cells)
Row = tuple[int, list[str]]


class Table(Protocol):
    """The rows of a file of one kind, headings and all. options: what was found out about how to read it."""

    options: dict[str, Any]
    #: Whether headings must be looked for, or are the first row.
    free_form: bool

    def rows(self) -> Iterator[list[str]]: ...


@dataclass
class Source:
    """A file that can be read, from any row on and as often as needed.

    headings: as they stand in the file, blank where there is none. count: of the rows below them, blank ones left
    out. options: plain values, to be kept and given to open_source again; `decimal` and `dates` say how numbers and
    dates in its texts are meant.
    """

    table: Table
    headings: list[str]
    options: dict[str, Any]

    @property
    def count(self) -> int:
        return int(self.options["rows"])

    def rows(self, start: int = 0) -> Iterator[Row]:
        """The rows below the headings, all as wide as these, without the first `start` of them."""
        yield from islice(_below(self.table, self.options["header"], len(self.headings)), start, None)

    def sample(self, most: int = SAMPLE) -> list[list[str]]:
        """The cells of the first rows."""
        return [cells for _number, cells in islice(self.rows(), most)]


def open_source(
    stream: IO[bytes], filename: str, options: dict[str, Any] | None = None, record: RecordType | None = None
) -> Source:
    """Open a file. Raises RuleError with one sentence where it cannot be read.

    options: those of an earlier opening, or what the user says: `encoding`, `delimiter`, `sheet`, `header` (the
    number of the row with the headings), `decimal`, `dates`. record: of what an address book has both clients and
    contacts, these.
    """
    given = {name: value for name, value in (options or {}).items() if value not in (None, "")}
    _check(given)
    table = _table(_seekable(stream), filename, given, record)
    sample = list(islice(table.rows(), SAMPLE))
    if not any(cell.strip() for cells in sample for cell in cells):
        raise RuleError(_("There is nothing in this file."), field="file")
    header = int(given.get("header") or (find_headings(sample) if table.free_form else 1))
    if header > len(sample):
        raise RuleError(_("There is no such row."), field="header")
    headings = [cell.strip() for cell in sample[header - 1]]
    while headings and not headings[-1]:
        headings.pop()
    found = {**table.options, "header": header}
    if given.items() >= found.items() and {"rows", "width"} <= given.keys():
        # as it was opened before
        found |= {"rows": int(given["rows"]), "width": int(given["width"])}
    else:
        found |= _measured(table, header, len(headings))
    below = sample[header:]
    comma = table.options.get("delimiter") == ";"
    found["decimal"] = given.get("decimal") or decimal_mark(below, "," if comma else ".")
    found["dates"] = given.get("dates") or date_order(below)
    table.options |= {"decimal": found["decimal"]}
    headings += [""] * (found["width"] - len(headings))
    return Source(table, headings, found)


def _check(given: dict[str, Any]) -> None:
    known = {"decimal": DECIMAL_MARKS, "dates": DATE_ORDERS}
    for name, values in known.items():
        if name in given and given[name] not in values:
            raise RuleError(_("There is no such choice."), field=name)
    for name in ("header", "rows", "width"):
        if name in given and not (NUMBER.fullmatch(str(given[name])) and int(given[name]) <= MOST_ROWS):
            raise RuleError(_("There is no such choice."), field=name)
    if given.get("header") in (0, "0"):
        raise RuleError(_("There is no such row."), field="header")


def _table(stream: IO[bytes], filename: str, given: dict[str, Any], record: RecordType | None) -> Table:
    head = stream.read(8)
    stream.seek(0)
    if head.startswith(b"PK\x03\x04"):
        return XlsxTable(stream, given)
    if head.startswith(bytes.fromhex("D0CF11E0A1B11AE1")):
        raise RuleError(
            _("This is an old or a protected Excel file: save it as XLSX without a password."), field="file"
        )
    if filename.lower().endswith((".vcf", ".vcard")) or head.upper().startswith(b"BEGIN:VC"):
        return VcardTable(stream, given, record.key if record else "")
    return CsvTable(stream, given)


def _seekable(stream: IO[bytes]) -> IO[bytes]:
    if stream.seekable():
        stream.seek(0)
        return stream
    kept = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (whoever has the source has it)
    while part := stream.read(1024 * 1024):
        kept.write(part)
    kept.seek(0)
    return kept


def _measured(table: Table, header: int, width: int) -> dict[str, int]:
    """How many rows there are, and how many columns have a value or a heading."""
    rows = 0
    for _number, cells in _below(table, header, 0):
        rows += 1
        width = max(width, len(cells))
        if rows > MOST_ROWS:
            raise RuleError(_("A file has %(n)d rows at most.", n=MOST_ROWS), field="file")
        if width > MOST_COLUMNS:
            raise RuleError(_("A file has %(n)d columns at most.", n=MOST_COLUMNS), field="file")
    return {"rows": rows, "width": width}


def _below(table: Table, header: int, width: int) -> Iterator[Row]:
    for number, cells in enumerate(table.rows(), 1):
        if number <= header:
            continue
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            yield number, cells + [""] * (width - len(cells))
