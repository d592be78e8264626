"""The search for duplicates among all clients: those that wait for a look, portion by portion.

Each portion is a transaction of its own and takes its clients off the list with it. So a search that is killed is
gone on with where it was, and what changed meanwhile stands on the list again.
"""

from sqlalchemy import delete, exists, func, select

from crm.extensions import db
from crm.models import DuplicatePair, DuplicateTodo
from crm.security.visibility import as_system
from crm.services.duplicates.keeping import look_at_all, write_keys
from crm.services.duplicates.refreshing import read_facts, refresh
from crm.services.progress import Progress

#: Clients in a transaction: on SQLite nobody else writes meanwhile.
PORTION = 250

todo = DuplicateTodo.__table__
pairs = DuplicatePair.__table__


def search_duplicates(run: Progress) -> None:
    """Look at the clients that wait for it; with the option `all` at every client."""
    with as_system():
        if run.options.get("all"):
            look_at_all(db.session())
            db.session.commit()
        total = db.session.scalar(select(func.count(todo.c.client_id.distinct()))) or 0
        db.session.commit()
        done = 0
        while number := look_at_portion():
            done += number
            run.count("clients", number)
            run.progress("", done, max(total, done))
        run.counters["pairs"] = db.session.scalar(
            select(func.count()).select_from(pairs).where(~pairs.c.dismissed)
        )
        db.session.commit()


def look_at_portion(size: int = PORTION) -> int:
    """Look at the next clients of the list; gives their number. Commits."""
    session = db.session()
    rows = session.connection().execute(select(todo).order_by(todo.c.id).limit(size)).all()
    ids = {row.client_id for row in rows}
    if rows:
        session.connection().execute(delete(todo).where(todo.c.id.in_([row.id for row in rows])))
        write_keys(session, read_facts(session, ids))
        refresh(session, ids)
    session.commit()
    return len(ids)


def is_any_waiting() -> bool:
    """Whether any client waits for a look."""
    return bool(db.session.scalar(select(exists(select(todo.c.id)))))
