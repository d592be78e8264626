"""The files of imports: kept in the file store as they came, opened again for each pass."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from flask_babel import gettext as _

from crm.errors import RuleError
from crm.models import ImportRun
from crm.registry import registry
from crm.services.files.store import content_of
from crm.services.importing.source import Source, open_source

IN_MEMORY = 4 * 1024 * 1024


@contextmanager
def content_of_import(run: ImportRun) -> Iterator[IO[bytes]]:
    """The file of an import. Raises RuleError where it is kept no more."""
    if run.stored_file is None:
        raise RuleError(_("The file of this import is not kept any more."))
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        try:
            for portion in content_of(run.stored_file):
                file.write(portion)
        except FileNotFoundError:
            raise RuleError(_("The file of this import is not kept any more.")) from None
        file.seek(0)
        yield file


@contextmanager
def source_of(run: ImportRun) -> Iterator[Source]:
    """The file of an import opened as it was read before. Raises RuleError."""
    with content_of_import(run) as file:
        yield open_source(file, run.name, run.options, registry()[run.record])
