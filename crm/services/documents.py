"""Documents: a file given to one, or put in the place of the one it had."""

from crm.models import Document
from crm.models.file_kinds import FILE_KINDS, ending_of, with_ending
from crm.services import file_store
from crm.services.uploads import Upload


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
