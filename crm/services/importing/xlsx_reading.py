"""XLSX workbooks: the cells of one sheet as texts that say what is seen, row by row.

Dates are in ISO 8601; numbers have no float dust, the decimal mark of the file's other texts, and the zeros that
their format puts before them.
"""

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import IO, Any
from xml.etree.ElementTree import ParseError

from flask_babel import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from crm.errors import RuleError

#: What a workbook may come to when unpacked, and how much smaller it may be packed: more is an attack.
LARGEST, SMALLEST_SHARE = 1024 * 1024 * 1024, 1 / 400
#: What its texts may come to, which are held in memory.
LARGEST_TEXTS, TEXTS = 200 * 1024 * 1024, "sharedstrings.xml"
#: What is read as a whole beside them, and what it may come to.
WHOLE = re.compile(r"(?:^|/)(?:styles|workbook|theme\d*|core|custom|\[content_types\])\.xml$|\.rels$")
LARGEST_WHOLE = 32 * 1024 * 1024
#: Cells of a sheet, blank ones too: one far to the right makes its row sixteen thousand long.
MOST_CELLS = 50_000_000
#: Rows that a sheet may have blank at its end: formats alone make it a million rows long.
MOST_BLANK_ROWS = 1_000
#: A format of zeros and signs alone: `00-000`, as Excel has for postal codes.
ZEROS = re.compile(r'(?:0|\\.|"[^"]*"|[-/ ])+')
UNREADABLE = (
    InvalidFileException, zipfile.BadZipFile, ParseError, KeyError, ValueError, TypeError, IndexError, OSError,
    AttributeError, RuntimeError, NotImplementedError, EOFError, OverflowError,
)  # fmt: skip
#: A character that XML cannot hold, as Excel writes it.
ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


class XlsxTable:
    """The rows of one sheet of a workbook."""

    free_form = True

    def __init__(self, stream: IO[bytes], given: dict[str, Any]):
        self.stream = stream
        _check_size(stream)
        names = self._sheets()
        sheet = given.get("sheet") or names[0]
        if sheet not in names:
            raise RuleError(_("There is no sheet “%(name)s”.", name=str(sheet)[:40]), field="sheet")
        self.options: dict[str, Any] = {"sheet": sheet, "sheets": names}

    def _open(self) -> Any:
        self.stream.seek(0)
        try:
            return load_workbook(self.stream, read_only=True, data_only=True, keep_links=False)
        except UNREADABLE:
            raise _damaged() from None

    def _sheets(self) -> list[str]:
        book = self._open()
        names = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
        if not names:
            raise _damaged()
        return names

    def rows(self) -> Iterator[list[str]]:
        sheet = self._open()[self.options["sheet"]]
        # what a file says of its own size may be wrong
        sheet.reset_dimensions()
        cells, blank, count = sheet.iter_rows(), 0, 0
        while blank < MOST_BLANK_ROWS:
            try:
                row = next(cells, None)
                texts = [] if row is None else [self._text(cell) for cell in row]
            except UNREADABLE:
                raise _damaged() from None
            if row is None:
                return
            if (count := count + len(row)) > MOST_CELLS:
                raise _too_large()
            blank = 0 if any(texts) else blank + 1
            yield texts

    def _text(self, cell: Any) -> str:
        value = cell.value
        if value is None or cell.data_type == "e":
            return ""
        if isinstance(value, str):
            return ESCAPED.sub(_unescaped, value)
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int | float):
            return self._number(value, cell.number_format or "")
        if isinstance(value, datetime):
            return value.date().isoformat() if value.time() == time.min else _to_second(value)
        if isinstance(value, date | time | timedelta):
            return value.isoformat() if not isinstance(value, timedelta) else str(value)
        return str(value)

    def _number(self, value: float, form: str) -> str:
        if "%" in form:
            return self._plain(value * 100) + "%"
        text = self._plain(value)
        if text.isdigit() and ZEROS.fullmatch(form):
            return _with_zeros(text, form)
        return text

    def _plain(self, value: float) -> str:
        """A number as Excel shows it: fifteen digits at most, none after a power of ten."""
        if isinstance(value, int) or value == int(value):
            return str(int(value))
        text = format(value, ".15g")
        if "e" in text:
            text = format(value, ".15f").rstrip("0")
        return text.replace(".", self.options.get("decimal", "."))


def _check_size(stream: IO[bytes]) -> None:
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            infos = archive.infolist()
    except UNREADABLE:
        raise _damaged() from None
    texts = sum(i.file_size for i in infos if i.filename.lower().endswith(TEXTS))
    whole = sum(i.file_size for i in infos if WHOLE.search(i.filename.lower()))
    unpacked, packed = sum(i.file_size for i in infos), sum(i.compress_size for i in infos)
    if (
        texts > LARGEST_TEXTS
        or whole > LARGEST_WHOLE
        or unpacked > LARGEST
        or (unpacked > 50 * 1024 * 1024 and packed < unpacked * SMALLEST_SHARE)
    ):
        raise _too_large()


def _too_large() -> RuleError:
    return RuleError(_("This workbook is too large: save the sheet as CSV."), field="file")


def _damaged() -> RuleError:
    return RuleError(_("This workbook cannot be read. Is it an XLSX file without a password?"), field="file")


def _unescaped(match: re.Match[str]) -> str:
    """The character that Excel has written as its number; half a one stays as it is written."""
    number = int(match[1], 16)
    return match[0] if 0xD800 <= number <= 0xDFFF else chr(number)


def _to_second(value: datetime) -> str:
    """A moment of a sheet, in which floats leave some microseconds."""
    value = (value + timedelta(microseconds=500)).replace(microsecond=0)
    return value.isoformat(" ", "seconds" if value.second else "minutes")


def _with_zeros(digits: str, form: str) -> str:
    signs = re.findall(r'0|\\.|"[^"]*"|[-/ ]', form)
    digits = digits.zfill(signs.count("0"))
    found, at = "", digits[: len(digits) - signs.count("0")]
    rest = iter(digits[len(at) :])
    for sign in signs:
        found += next(rest) if sign == "0" else sign.strip('"').removeprefix("\\")
    return at + found
