"""What was done and by whom, with Undo: everybody's own operations, or all of them."""

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from crm.errors import StateConflict
from crm.extensions import db
from crm.security.manager import may
from crm.services import id_images
from crm.services.listing import whole
from crm.services.operations import Done, counts_of, find_operation, page_of_operations, sees_all_operations
from crm.services.undo import UNDOING, check_undoable, undo
from crm.services.undo_report import CHANGED, CLASHES, DELETED, IN_USE, THERE, report_of
from crm.views.operation_words import table_words, words_of_kind
from crm.views.page import Page

#: Filters of the list, by the value of `kind`.
FILTERS = {
    "": (),
    "merge": ("merge", "unmerge", "contact_merge", "to_contact"),
    "seen": (id_images.SEEN,),
}
REASONS = {
    CHANGED: _l("changed since"),
    DELETED: _l("deleted since"),
    CLASHES: _l("clashes with what is there now"),
    IN_USE: _l("in use since"),
    THERE: _l("there again already"),
}
#: Tables of which only some may know that they have rows, and the permission of those: (what, of what).
FOR_FEW = {"id_image": ("id_images", "client")}


class OperationView(Page):
    """Operations, newest first; one of them, with what its undo did."""

    route_base = "/crm/operations"
    class_permission_name = "operation"
    method_permission_name = {"list": "undo", "show": "undo", "undo": "undo"}
    default_view = "list"

    @expose("/")
    @has_access
    def list(self) -> Response:
        kind = request.args.get("kind", "")
        if kind not in FILTERS:
            abort(400, description=_("There is no filter “%(name)s” here.", name=kind))
        number = whole(request.args, "page", 1, 100_000)
        found, more = page_of_operations(FILTERS[kind], number)
        return self.render(
            "operation/list.html", title=_("Operations"), operations=found, kind=kind, number=number, more=more,
            all=sees_all_operations(), words=words_of_kind, can_undo=can_undo,
        )  # fmt: skip

    @expose("/show/<pk>")
    @has_access
    def show(self, pk: str) -> Response:
        done = get_operation(pk)
        operation = done.operation
        report = report_of(operation.id, operation.details) if operation.kind in UNDOING else None
        return self.render(
            "operation/show.html", title=words_of_kind(operation.kind), done=done, known=is_known,
            counts={table: rows for table, rows in counts_of(operation.id).items() if is_known(table)},
            report=report, why_not=why_not(done), words=words_of_kind, table_words=table_words, reasons=REASONS,
            undoes=(operation.details or {}).get("undoes"),
        )  # fmt: skip

    @expose("/undo/<pk>", methods=["POST"])
    @has_access
    def undo(self, pk: str) -> Response:
        number = get_operation(pk).operation.id
        try:
            report = undo(number)
            db.session.commit()
        except HTTPException as error:
            db.session.rollback()
            if error.code == 404:
                raise
            flash(str(error.description), "danger")
            return redirect(url_for("OperationView.show", pk=number))
        flash(_("Undone."), "success")
        return redirect(url_for("OperationView.show", pk=report.operation_id))


def get_operation(pk: str) -> Done:
    """The operation with this id, if the user may see it; 404 otherwise."""
    if not pk.isascii() or not pk.isdigit() or len(pk) > 18:
        abort(404)
    return find_operation(int(pk)) or abort(404)


def can_undo(operation: Any) -> bool:
    """Whether a button for it makes sense; whether it works out is known when it is pressed."""
    return operation.undone_by_id is None and operation.kind not in UNDOING


def why_not(done: Done) -> str:
    """Why an operation cannot be undone; nothing where it can."""
    if not done.rows:
        return _("It changed nothing that could be undone.")
    try:
        check_undoable(db.session(), done.operation)
    except StateConflict as error:
        return str(error.description)
    except HTTPException:
        return _("You do not see the client that this is about.")
    return ""


def is_known(table: str) -> bool:
    """Whether the user may know of rows of this table."""
    return table not in FOR_FEW or may(*FOR_FEW[table])
