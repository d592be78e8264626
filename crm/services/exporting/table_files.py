"""Tables written as files: CSV and XLSX, row by row, whatever their length."""

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

from babel.numbers import get_decimal_symbol
from flask_babel import get_locale, get_timezone
from flask_babel import gettext as _
from xlsxwriter import Workbook

from crm.errors import RuleError

Row = Sequence[Any]
#: A spreadsheet takes a cell that begins so for a formula.
FORMULA = re.compile(r"[=+\-@\t\r]")
#: Digits and signs alone can call nothing: telephone numbers stay as they are.
HARMLESS = re.compile(r"[+-]?[\d ()./-]+")
BYTE_ORDER_MARK = "\ufeff"
#: Stands at the end of a text that a cell cannot hold.
CUT = "…"
#: What one sheet and one cell of an XLSX file can hold.
MOST_ROWS, LONGEST_CELL = 1_048_575, 32_767


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe before what would be one.

    One that stands there already gets another, so that `unharmed` gives the text again.
    https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{text}" if _looks_like_formula(text) else text


def unharmed(text: str) -> str:
    """The text that `harmless` was given."""
    return text[1:] if text.startswith("'") and _looks_like_formula(text) else text


def _looks_like_formula(text: str) -> bool:
    bare = text.lstrip("'")
    return FORMULA.match(bare) is not None and not HARMLESS.fullmatch(bare)


def local(value: datetime) -> datetime:
    """A moment as the clock of the user's time zone shows it, without the zone."""
    return value.astimezone(get_timezone()).replace(tzinfo=None, microsecond=0)


def csv_bytes(headings: Row, rows: Iterable[Row]) -> Iterator[bytes]:
    """The table as CSV, in UTF-8 with a byte order mark, in portions of some 64 kB.

    Where numbers have a decimal comma, they have it here too, and a semicolon separates the cells: that is
    what spreadsheets expect there.
    """
    comma = get_decimal_symbol(get_locale() or "en") == ","
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";" if comma else ",")
    buffer.write(BYTE_ORDER_MARK)
    writer.writerow([harmless(str(one)) for one in headings])
    for row in rows:
        writer.writerow([_csv_cell(value, comma) for value in row])
        if buffer.tell() > 64 * 1024:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _csv_cell(value: Any, comma: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        text = format(value.normalize() if value else Decimal(0), "f")
        return text.replace(".", ",") if comma else text
    if isinstance(value, datetime):
        value = local(value)
        return value.isoformat(" ", "seconds" if value.second else "minutes")
    return value.isoformat() if isinstance(value, date) else harmless(str(value))


def xlsx_file(title: str, headings: Row, rows: Iterable[Row]) -> IO[bytes]:
    """The table as an XLSX workbook, in a temporary file that is gone when closed. Raises RuleError where the
    table is longer than a sheet.

    Texts are written as texts, so that none is taken for a formula.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
    try:
        # in this mode rows go to disk as they are written
        with Workbook(file, {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm"}) as book:
            sheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\]", " ", title)[:31])
            day = book.add_format({"num_format": "yyyy-mm-dd"})
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(headings) - 1, 18)
            bold = book.add_format({"bold": True})
            for place, heading in enumerate(headings):
                sheet.write_string(0, place, str(heading), bold)
            for number, row in enumerate(rows, 1):
                if number > MOST_ROWS:
                    raise RuleError(_("A sheet holds %(n)d rows at most: choose CSV.", n=MOST_ROWS))
                _write_row(sheet, number, row, day)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _write_row(sheet: Any, number: int, row: Row, day: Any) -> None:
    for place, value in enumerate(row):
        if value is None or value == "":
            continue
        if isinstance(value, Decimal) and Decimal(format(float(value), ".15g")) != value:
            # a sheet keeps fifteen digits
            sheet.write_string(number, place, format(value, "f"))
        elif isinstance(value, int | Decimal):
            sheet.write_number(number, place, value)
        elif isinstance(value, datetime):
            sheet.write_datetime(number, place, local(value))
        elif isinstance(value, date):
            sheet.write_datetime(number, place, value, day)
        else:
            text = str(value)
            sheet.write_string(
                number, place, text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + CUT
            )
