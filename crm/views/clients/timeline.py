"""A client's timeline, page by page."""

from datetime import UTC, datetime, timedelta

from flask import abort, request
from flask_appbuilder import expose, has_access
from werkzeug.wrappers import Response

from crm.registry import RecordType, registry
from crm.security.manager import may
from crm.services.timeline.page import Mark, page
from crm.views.history.sentences import headline, said, text_of
from crm.views.page import Page, get_client, read_id

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: `part` of the query -> template: the whole tab, or the lines that follow.
PARTS = {"": "client/timeline.html", "tab": "client/_timeline.html", "lines": "client/_timeline_lines.html"}


class TimelineView(Page):
    """The timeline of one client: `?show=all` with changes of fields, `?before=` from there on."""

    route_base = "/crm/clients"
    class_permission_name = "client"
    method_permission_name = {"timeline": "show"}

    @expose("/timeline/<pk>")
    @has_access
    def timeline(self, pk: str) -> Response:
        number = read_id(pk)
        template = PARTS.get(request.args.get("part", "")) or abort(400)
        everything = request.args.get("show") == "all"
        found = page(number, told_records(), everything, read_mark(request.args.get("before", "")))
        client = found.client or get_client(pk)
        return self.render(
            template, title=client.name, client=client, page=found, everything=everything,
            headline=headline, said=lambda line: said(line, found.names, client),
            text_of=lambda line: text_of(line, found.names),
            next=write_mark(found.next) if found.next else "",
        )  # fmt: skip


def told_records() -> list[RecordType]:
    """The record types whose entries the current user may see."""
    return [record for record in registry() if record.when is not None and may("list", record.key)]


def write_mark(mark: Mark) -> str:
    """A place on a timeline as it stands in an address: microseconds and id."""
    return f"{(mark[0] - EPOCH) // timedelta(microseconds=1)}-{mark[1]}"


def read_mark(text: str) -> Mark | None:
    """The place that an address names; 400 for anything else."""
    if not text:
        return None
    at, _dash, number = text.partition("-")
    if not (at.isdigit() and number.isdigit() and len(at) < 18 and len(number) < 19 and text.isascii()):
        abort(400)
    return EPOCH + timedelta(microseconds=int(at)), int(number)
