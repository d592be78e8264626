"""The export of what a list shows, as a file."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Response, request, send_file, stream_with_context
from flask_appbuilder import expose, has_access
from flask_babel import get_timezone
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Answer

from crm.models.folding import fold
from crm.registry import RecordType
from crm.services.clients.columns import names_in
from crm.services.exporting.clients import prepare_clients
from crm.services.exporting.contacts import prepare_contacts
from crm.services.exporting.export import FORMATS, Export
from crm.services.exporting.records import prepare_records

#: Parameters of a list that say nothing about which records are meant.
NO_FILTERS = frozenset({"format", "columns", "page", "page_size"})


class RecordExport:
    """The export, for `RecordView`."""

    record: RecordType
    url: Any
    #: Whether address books can have them.
    has_cards = False

    @expose("/export")
    @has_access
    def export(self) -> Answer:
        """The file: CSV and vCard as they are read, XLSX when it is whole."""
        filters = MultiDict([(n, v) for n, v in request.args.items(multi=True) if n not in NO_FILTERS])
        export = self.prepare_export(filters, request.args.get("format", ""))
        day = datetime.now(get_timezone())
        name = f"{fold(export.title).replace(' ', '-')}-{day:%Y-%m-%d}.{export.format}"
        if export.format == "xlsx":
            return send_file(export.file(), FORMATS["xlsx"], as_attachment=True, download_name=name)
        answer = Response(stream_with_context(export.stream()), content_type=FORMATS[export.format])
        answer.headers.set("Content-Disposition", "attachment", filename=name)
        return answer

    def export_url(self, file_format: str, **more: str) -> str:
        """Where what the present list shows is exported."""
        asked = [(n, v) for n, v in request.args.items(multi=True) if n not in NO_FILTERS and v.strip()]
        return f"{self.url('export')}?{urlencode([*asked, ('format', file_format), *more.items()])}"

    def prepare_export(self, filters: MultiDict[str, str], file_format: str) -> Export:
        return prepare_records(self.record, filters, file_format)


class ClientExport(RecordExport):
    """The export, for `ClientView`: also as vCards."""

    def prepare_export(self, filters: MultiDict[str, str], file_format: str) -> Export:
        return prepare_clients(filters, file_format, request.args.get("columns", "listed"))

    def export_url(self, file_format: str, **more: str) -> str:
        """Where what the present list shows is exported, in its columns unless others are named."""
        shown = ",".join(names_in(request.args))
        return super().export_url(file_format, **({"columns": shown} if shown else {}) | more)


class ContactExport(RecordExport):
    """The export, for `ContactView`: with attributes, also as vCards."""

    has_cards = True

    def prepare_export(self, filters: MultiDict[str, str], file_format: str) -> Export:
        return prepare_contacts(filters, file_format)
