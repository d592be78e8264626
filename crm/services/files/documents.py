"""Documents: a file given to one, or put in the place of the one it had."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from crm.extensions import db
from crm.models import Change, Document, Operation, StoredFile
from crm.models.file_kinds import FILE_KINDS, ending_of, with_ending
from crm.services.files import store as file_store
from crm.services.files.uploads import Upload


@dataclass(frozen=True)
class Edition:
    """A file that a document had, and until when. number: counts from 1."""

    number: int
    stored: StoredFile
    replaced_at: datetime


def set_file(document: Document, upload: Upload) -> None:
    """Give a document its file, or replace it, which makes a new edition. The caller commits.

    The file that it had stays in the store as long as a deletion can be undone. Raises CannotStore.
    """
    had = document.type if document.stored_file_id is not None else None
    document.stored_file = file_store.keep(upload)
    document.name = document.name or upload.name
    if had is not None:
        document.edition += 1
        if had != upload.type and ending_of(document.name) in FILE_KINDS[had].endings:
            document.name = with_ending(document.name, upload.type)


def earlier_editions(document: Document) -> Sequence[Edition]:
    """The files that a document had and that are still in the store, newest first; as its history tells."""
    log, at = Change.__table__, Operation.__table__.c.at
    asked = (
        select(log.c.before, at)
        .join(Operation.__table__, log.c.operation_id == Operation.__table__.c.id)
        .where(log.c.table_name == Document.__tablename__, log.c.row_id == document.id)
        .where(log.c.action == "update")
        .order_by(log.c.id.desc())
    )
    found = [(row.before, row.at) for row in db.session.execute(asked) if "edition" in row.before]
    ids = {before["stored_file_id"] for before, _at in found}
    stored = {one.id: one for one in db.session.scalars(select(StoredFile).where(StoredFile.id.in_(ids)))}
    return [
        Edition(before["edition"], stored[before["stored_file_id"]], moment)
        for before, moment in found
        if before["stored_file_id"] in stored and before["stored_file_id"] != document.stored_file_id
    ]
