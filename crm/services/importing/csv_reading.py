"""CSV files: encoding and separator found out, cells with line breaks and quotation marks, row by row."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import IO, Any

from flask_babel import gettext as _

from crm.errors import RuleError
from crm.services.exporting.table_files import unharmed
from crm.services.importing.encodings import ENCODINGS, detect

#: The likeliest first.
DELIMITERS = (";", ",", "\t", "|")
#: Characters and rows that are looked at for the separator.
SAMPLE, SAMPLE_ROWS = 64 * 1024, 60
LONGEST_CELL = 1_000_000
#: The line with which Excel is told the separator.
SEPARATOR_LINE = "sep="

csv.field_size_limit(LONGEST_CELL)


class CsvTable:
    """The rows of a CSV file."""

    free_form = True

    def __init__(self, stream: IO[bytes], given: dict[str, Any]):
        self.stream = stream
        encoding = given.get("encoding") or detect(stream)
        if encoding not in (*ENCODINGS, "utf-8-sig", "utf-16-le", "utf-16-be"):
            raise RuleError(_("There is no such choice."), field="encoding")
        self.encoding = encoding
        try:
            start = self._text().read(SAMPLE)
        except UnicodeError:
            raise RuleError(_("This file has another encoding."), field="encoding") from None
        if "\x00" in start:
            raise RuleError(_("This is no table: a CSV or XLSX file, or vCards, please."), field="file")
        self.told = start[:5] if start[:4].lower() == SEPARATOR_LINE else ""
        delimiter = given.get("delimiter") or (self.told[4:] if self.told else find_delimiter(start))
        if delimiter not in DELIMITERS:
            raise RuleError(_("There is no such choice."), field="delimiter")
        self.delimiter = delimiter
        self.options = {"encoding": encoding, "delimiter": delimiter}

    def _text(self) -> io.TextIOWrapper:
        return reading_of(self.stream, self.encoding)

    def rows(self) -> Iterator[list[str]]:
        lines = self._text()
        if self.told:
            lines.readline()
        reader = csv.reader(lines, delimiter=self.delimiter)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except UnicodeError:
                raise RuleError(_("This file has another encoding."), field="encoding") from None
            except csv.Error:
                message = _("The file cannot be read from line %(n)d on.", n=reader.line_num)
                raise RuleError(message, field="file") from None
            yield [unharmed(cell) for cell in cells]


def reading_of(stream: IO[bytes], encoding: str) -> io.TextIOWrapper:
    """A file's text from its beginning. Several may be read at once; the file stays open."""
    return io.TextIOWrapper(io.BufferedReader(_Open(stream)), encoding=encoding, newline="")


class _Open(io.RawIOBase):
    """A view of a file that leaves it open, and has a place of its own in it."""

    def __init__(self, stream: IO[bytes]):
        self.stream, self.place = stream, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.stream.seek(self.place)
        part = self.stream.read(len(buffer))
        self.place += len(part)
        buffer[: len(part)] = part
        return len(part)


def find_delimiter(text: str) -> str:
    """What separates the cells: of what gives rows of one width, what gives the widest; a comma for one column."""
    best, found = 0.0, ","
    for delimiter in DELIMITERS:
        try:
            rows = list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), SAMPLE_ROWS))
        except csv.Error:
            continue
        # the text may end inside the last row
        widths = Counter(len(cells) for cells in (rows[:-1] if len(rows) > 1 else rows) if any(cells))
        if not widths:
            continue
        width, times = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
        score = (times / widths.total()) * (1 + min(width, 20) / 100) if width > 1 else 0.0
        if score > best:
            best, found = score, delimiter
    return found
