"""The export of the clients that a list shows, as a file."""

from datetime import datetime

from flask import Response, request, send_file, stream_with_context
from flask_appbuilder import expose, has_access
from flask_babel import get_timezone
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Answer

from crm.services.exporting import FORMATS, prepare

#: Parameters of the list that say nothing about which clients are meant.
NO_FILTERS = frozenset({"format", "columns", "page", "page_size"})


class ClientExport:
    """The export, for `ClientView`."""

    more_routes = frozenset({"export"})
    method_permission_name = {"export": "export"}

    @expose("/export")
    @has_access
    def export(self) -> Answer:
        """The file: CSV and vCard as they are read, XLSX when it is whole."""
        filters = MultiDict([(n, v) for n, v in request.args.items(multi=True) if n not in NO_FILTERS])
        file_format, which = request.args.get("format", ""), request.args.get("columns", "listed")
        export = prepare(filters, file_format, which)
        name = f"{_('clients')}-{datetime.now(get_timezone()):%Y-%m-%d}.{file_format}"
        if file_format == "xlsx":
            return send_file(export.file(), FORMATS[file_format], as_attachment=True, download_name=name)
        answer = Response(stream_with_context(export.stream()), content_type=FORMATS[file_format])
        answer.headers.set("Content-Disposition", "attachment", filename=name)
        return answer
