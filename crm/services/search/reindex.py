"""Search, and what records put on timelines, derived anew: after a restore, or when a record type changed.

What operations put on timelines is written once, when they happen, and stays.
"""

from collections.abc import Callable

from sqlalchemy import ColumnElement, delete, insert, select, union

from crm.extensions import db
from crm.models import SearchEntry, TimelineEntry
from crm.registry import RecordType, registry
from crm.services.search.entries import _fts
from crm.services.table_statistics import refresh_statistics
from crm.services.timeline.following import rewrite_entries

CHUNK = 1_000

words = SearchEntry.__table__
entries = TimelineEntry.__table__


def reindex(tell: Callable[[str, int], None]) -> None:
    """Derive the entries of all records anew, a thousand rows to a transaction. Commits.

    tell: is given each record type's label and the number of its rows.
    """
    _forget_unknown_types()
    for record in registry():
        if record.search or record.when is not None:
            tell(str(record.plural), _reindex_type(record))
    if db.engine.dialect.name == "sqlite":
        db.session.execute(insert(_fts).values(search_fts="rebuild"))
    refresh_statistics()
    db.session.commit()


def _forget_unknown_types() -> None:
    keys = [record.key for record in registry()]
    db.session.execute(delete(words).where(words.c.table_name.not_in(keys)))
    db.session.execute(delete(entries).where(entries.c.table_name.not_in(keys)))
    db.session.commit()


def _reindex_type(record: RecordType) -> int:
    """The number of rows there are; entries of rows that are gone go too."""
    table, last, count = record.model.__table__, 0, 0
    known = union(
        select(table.c.id),
        select(words.c.row_id).where(words.c.table_name == record.key),
        select(entries.c.row_id).where(entries.c.table_name == record.key),
    ).subquery()
    while ids := _ids_after(known.c.id, last):
        # whoever changes one of these rows meanwhile waits, and then writes its entries after us
        rows = select(table.c.id).where(table.c.id.in_(ids)).with_for_update()
        count += len(db.session.connection().execute(rows).all())
        rewrite_entries(db.session, record, ids, None)
        db.session.commit()
        last = ids[-1]
    return count


def _ids_after(column: ColumnElement[int], last: int) -> list[int]:
    asked = select(column).where(column > last).order_by(column).limit(CHUNK)
    return list(db.session.connection().scalars(asked))
