"""A portion of an import's rows written: together where that works, apart where the database refuses them together."""

import time
from collections.abc import Iterator, Sequence

from flask_babel import gettext as _
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from crm.errors import Invalid
from crm.extensions import db
from crm.services.clients.upsert import ATTEMPTS, Again
from crm.services.importing.rows import Item, Result, Row, Writer, refused, title_of
from crm.services.locking import GIVE_WAY

#: What a row is called that cannot even be read.
TITLES = ("name", "title", "last_name", "text", "email", "phone", "external_id")


def write_rows(rows: Sequence[Row], writer: Writer) -> tuple[list[Result], list[Item]]:
    """Write rows as records; gives what became of each, in order, and what those said that could be read.

    The caller commits.
    """
    results: dict[int, Result] = {}
    items = []
    for row in rows:
        try:
            if row.errors:
                raise Invalid({name: [text] for name, text in row.errors.items()})
            items.append(writer.read(row))
        except HTTPException as error:
            results[row.line] = refused(row.line, _errors(error), title_of(row.values, TITLES))
    writer.prepare(items)
    for part in _parts(items):
        _store(part, writer, results)
    return [results[row.line] for row in rows], items


def _parts(items: list[Item]) -> Iterator[list[Item]]:
    """The rows in parts in which each record is named once: a second row with a key meets what the first made."""
    left = items
    while left:
        part, seen, again = [], set[int](), []
        for item in left:
            marks = item.marks()
            (again if marks & seen else part).append(item)
            seen |= marks
        yield part
        left = again


def _store(items: list[Item], writer: Writer, results: dict[int, Result]) -> None:
    """Write rows together, and by halves where that fails."""
    for attempt in range(ATTEMPTS):
        try:
            with db.session.begin_nested():
                done = writer.write(items)
                db.session.flush()
        except (Again, IntegrityError, StaleDataError) as error:
            problem: Exception = error
        except DBAPIError as error:
            problem = error
            if isinstance(error, DataError):
                break
            if getattr(error.orig, "sqlstate", None) not in GIVE_WAY:
                # nothing that a row is to blame for
                raise
            time.sleep(0.02 * (attempt + 1))
        except (HTTPException, StatementError) as error:
            problem = error
            break
        else:
            results.update({one.line: one for one in done})
            return
        if len(items) > 1:
            break
    if len(items) == 1:
        results[items[0].line] = refused(items[0].line, _errors(problem), items[0].title)
        return
    half = len(items) // 2
    _store(items[:half], writer, results)
    _store(items[half:], writer, results)


def _errors(problem: Exception) -> dict[str, list[str]]:
    """What to say of a row that cannot be written."""
    if isinstance(problem, HTTPException):
        return getattr(problem, "errors", None) or {"": [str(problem.description)]}
    if isinstance(problem, Again | IntegrityError | StaleDataError) or (
        isinstance(problem, DBAPIError) and not isinstance(problem, DataError)
    ):
        return {"": [_("Somebody else has just changed this, or it is there already.")]}
    return {"": [_("A value is too large.")]}
