"""Changing many clients: whom and what for, the numbers before, the result after, and undo."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import abort, g, redirect, request, session, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from crm.errors import CannotStore, RuleError, StateConflict, TooLarge, UnknownFilter
from crm.extensions import db
from crm.jobs.runs import ask_for
from crm.models import BulkChange, Client, Operation
from crm.security.manager import may
from crm.services.bulk.change import REASONS, find_type
from crm.services.bulk.runs import AT_ONCE, confirm, find_bulk_change, latest_changes
from crm.services.bulk.selection import Selection, attached_to, preview, read_selection
from crm.services.bulk.types import TYPES, BulkType
from crm.services.bulk.values import whole
from crm.services.clients.filters import FILTERS
from crm.views.bulk.forms import BulkForm, form_of
from crm.views.bulk.words import WORDS, said
from crm.views.history.operations import undo_and_tell
from crm.views.page import Page, read_id
from crm.views.settings.jobs import is_worked

#: The session's change that was asked for last: the list shows it until its result was seen.
JUST_DONE = "bulk_change"


class BulkView(Page):
    """`?type=` with `ids=`, or `all=yes`, and `list=`, the query of the list on which they were chosen."""

    route_base = "/crm/clients/bulk"
    class_permission_name = "client"
    method_permission_name = {
        "index": "bulk", "numbers": "bulk", "show": "bulk", "progress": "bulk", "list": "bulk", "undo": "bulk",
        "export": "export",
    }  # fmt: skip
    default_view = "index"

    @expose("/", methods=["GET", "POST"])
    @has_access
    def index(self) -> Response:
        """Before: how many, and what. Posted: the change itself."""
        asked = request.form if request.method == "POST" else request.args
        name = asked.get("type", "")
        wanted, selection = find_type(name), read_selection(asked)
        form = form_of(name, request.form if request.method == "POST" else None)
        if request.method == "GET":
            return self._page(name, wanted, selection, form)
        try:
            if form.validate():
                return self._make(name, selection, form)
        except UnknownFilter:
            raise
        except (RuleError, StateConflict, TooLarge, CannotStore) as error:
            db.session.rollback()
            form.complain(str(error.description), getattr(error, "field", None))
            return self._page(name, wanted, selection, form, error.code or 422)
        return self._page(name, wanted, selection, form, 422)

    def _make(self, name: str, selection: Selection, form: BulkForm) -> Response:
        value, expected = form.said(), whole(request.form.get("expected"))
        row = confirm(selection, name, value, expected)
        number, waits, query = row.id, row.is_open, row.list_query
        if waits:
            ask_for("bulk", {}, g.user.id)
        db.session.commit()
        session[JUST_DONE] = number
        return redirect(url_for("BulkView.show", pk=number) if waits else list_url(query))

    def _page(
        self, name: str, wanted: BulkType, selection: Selection, form: BulkForm, status: int = 200
    ) -> Response:
        numbers = preview(selection, wanted, is_known=not form.decides)
        return self.render(
            "client/bulk.html", status, title=WORDS[name].action, type=name, words=WORDS[name], form=form,
            selection=selection, numbers=numbers, at_once=AT_ONCE, back=list_url(selection.list_query),
            attached=attached_to(selection) if name == "delete" else (),
        )  # fmt: skip

    @expose("/numbers")
    @has_access
    def numbers(self) -> Response:
        """How many clients the value that is chosen would change, for the page before."""
        name = request.args.get("type", "")
        wanted, selection = find_type(name), read_selection(request.args)
        form = form_of(name, request.args)
        value, is_known = None, not form.decides
        if form.decides:
            try:
                value, is_known = wanted.read(form.said()), form.validate()
            except RuleError:
                pass
        found = preview(selection, wanted, value, is_known)
        return self.render("client/_bulk_numbers.html", numbers=found, at_once=AT_ONCE, decides=form.decides)

    @expose("/show/<pk>")
    @has_access
    def show(self, pk: str) -> Response:
        """One change: how far it is, or what came of it."""
        row = get_bulk_change(pk)
        return self._told(row, "client/bulk_show.html", title=WORDS[row.type].action)

    @expose("/progress/<pk>")
    @has_access
    def progress(self, pk: str) -> Response:
        """The same as a part of the page, which asks for it while it waits."""
        return self._told(get_bulk_change(pk), "client/_bulk_run.html")

    def _told(self, row: BulkChange, template: str, **more: Any) -> Response:
        if not row.is_open and session.get(JUST_DONE) == row.id:
            session.pop(JUST_DONE)
        return self.render(template, **more, **result(row))

    @expose("/list/")
    @has_access
    def list(self) -> Response:
        """The latest changes of many clients that the user asked for."""
        rows = [(row, said(row.type, row.value)) for row in latest_changes()]
        return self.render("client/bulk_list.html", title=_("Changes of many clients"), rows=rows)

    @expose("/undo/<pk>", methods=["POST"])
    @has_access
    def undo(self, pk: str) -> Response:
        """Take a change back, and return to the list that it was made on."""
        row = get_bulk_change(pk)
        query = row.list_query
        report = undo_and_tell(row.operation_id or abort(404))
        if report is None:
            return redirect(url_for("BulkView.show", pk=pk))
        if report.left_count or report.hidden:
            return redirect(url_for("OperationView.show", pk=report.operation_id))
        return redirect(list_url(query))

    @expose("/export")
    @has_access
    def export(self) -> Response:
        """Leads to the file of the chosen clients."""
        selection = read_selection(request.args)
        asked = parse_qsl(selection.list_query)
        if selection.ticked is not None:
            asked = [(name, value) for name, value in asked if name not in FILTERS]
            asked += [("archived", "all"), *(("ids", str(number)) for number in selection.ticked)]
        asked += [(name, request.args[name]) for name in ("format", "columns") if request.args.get(name)]
        return redirect(f"{url_for('ClientView.export')}?{urlencode(asked)}")


def get_bulk_change(pk: str) -> BulkChange:
    """The bulk change with this id, if the user asked for it or may look at it; 404 otherwise."""
    return find_bulk_change(read_id(pk)) or abort(404)


def list_url(query: str) -> str:
    """The list with the query that it had."""
    pairs = MultiDict(parse_qsl(query, keep_blank_values=True))
    return url_for("ClientView.list") + ("?" + urlencode(list(pairs.items(multi=True))) if pairs else "")


def offered_types() -> frozenset[str]:
    """The bulk changes that the user may make."""
    if not may("bulk", "client"):
        return frozenset()
    return frozenset(name for name, one in TYPES.items() if one.is_allowed)


def just_done() -> dict[str, Any] | None:
    """What the list shows about the change that was asked for last: how it stands, then its result, once."""
    number = session.get(JUST_DONE)
    row = find_bulk_change(number) if isinstance(number, int) else None
    if number is not None and (row is None or not row.is_open):
        session.pop(JUST_DONE)
    return result(row) if row is not None else None


def result(row: BulkChange) -> dict[str, Any]:
    """What is told about a bulk change."""
    operation = db.session.get(Operation, row.operation_id) if row.operation_id else None
    seen = select(Client.id, Client.name).where(Client.id.in_([number for number, _why in row.skipped]))
    return {
        "bulk": row,
        "said": said(row.type, row.value),
        "reasons": REASONS,
        "can_undo": operation is not None and operation.undone_by_id is None and may("undo", "operation"),
        "undone_by": operation.undone_by_id if operation is not None else None,
        "names": dict(db.session.execute(seen).all()) if row.skipped else {},
        "is_worked": not row.is_open or is_worked(),
        "back": list_url(row.list_query),
    }
