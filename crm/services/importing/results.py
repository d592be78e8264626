"""What became of the rows of an import: page by page, and the refused ones as a file to mend and import again."""

import csv
import io
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from flask_babel import gettext as _
from sqlalchemy import select

from crm.extensions import db
from crm.models import ImportRow, ImportRun
from crm.models.import_run import REFUSED
from crm.registry import registry
from crm.services.exporting.table_files import harmless, xlsx_file
from crm.services.importing.fields import fields_of
from crm.services.importing.files import source_of

PAGE_SIZE = 50
#: The heading of the column that says what is wrong; read over when such a file is imported.
ERROR = "error"


def page_of_rows(run: ImportRun, verdict: str = "", page: int = 1) -> list[ImportRow]:
    """The results on a page, of one verdict or of all, in the order of the file."""
    asked = select(ImportRow).where(ImportRow.import_id == run.id)
    if verdict:
        asked = asked.where(ImportRow.verdict == verdict)
    order = ImportRow.id
    return list(db.session.scalars(asked.order_by(order).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)))


def in_words(details: Any, labels: dict[str, Any]) -> str:
    """What is wrong with a row, field by field, as one text."""
    parts = []
    for name, texts in (details or {}).items():
        label = labels.get(name) or labels.get(f"attr.{name}")
        text = " ".join(map(str, texts))
        parts.append(f"{label}: {text}" if label else text)
    return " ".join(parts)


def field_names(names: Any, labels: dict[str, Any]) -> str:
    """The names of changed fields as people know them."""
    if not isinstance(names, list):
        return ""
    own = {"restored": _("brought back from the trash")}
    return ", ".join(
        str(labels.get(n) or labels.get(f"attr.{n}") or own.get(n) or n.replace("_", " ")) for n in names
    )


def labels_of(run: ImportRun) -> dict[str, Any]:
    """Name of a field -> what it is called, of the record type of an import."""
    return {one.name: one.label for one in fields_of(registry()[run.record])}


def has_errors(run: ImportRun) -> bool:
    return bool(run.counts.get(REFUSED))


def is_sheet(run: ImportRun) -> bool:
    """Whether the file is a workbook, and its errors so too."""
    return run.name.lower().endswith(".xlsx")


def error_name(run: ImportRun) -> str:
    """What the file of the refused rows is called."""
    stem = run.name.rpartition(".")[0] or run.name
    return f"{stem}-{_('errors')}.{'xlsx' if is_sheet(run) else 'csv'}"


def error_file(run: ImportRun) -> IO[bytes]:
    """The refused rows: a workbook, or CSV with the separator of the file; gone when closed.

    What came from a stranger is opened in a spreadsheet here: no cell is a formula.
    """
    rows = _refused(run)
    if is_sheet(run):
        return xlsx_file(_("Errors"), next(rows), rows)
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    writer = csv.writer(text, delimiter=run.options.get("delimiter") or ",")
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    text.flush()
    text.detach()
    file.seek(0)
    return file


def _refused(run: ImportRun) -> Iterator[list[str]]:
    """The headings, then the refused rows as they stand in the file; what is wrong is the last cell of each."""
    labels = labels_of(run)
    asked = (
        select(ImportRow.line, ImportRow.details)
        .where(ImportRow.import_id == run.id, ImportRow.verdict == REFUSED)
        .order_by(ImportRow.id)
    )
    wrong = iter(db.session.execute(asked.execution_options(yield_per=1_000)))
    with source_of(run) as source:
        # of a file of errors mended only in part, its old column is written anew
        keep = [n for n, heading in enumerate(source.headings) if heading.strip().lower() != ERROR]
        yield [*(source.headings[n] for n in keep), ERROR]
        following = next(wrong, None)
        for line, texts in source.rows():
            if following is None:
                return
            if line == following.line:
                yield [*(texts[n] for n in keep), in_words(following.details, labels)]
                following = next(wrong, None)
