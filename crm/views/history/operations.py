"""What was done and by whom, with Undo: everybody's own operations, or all of them."""

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from crm.errors import StateConflict
from crm.extensions import db
from crm.models import Client
from crm.registry import registry
from crm.security.manager import may
from crm.services.history.operations import (
    MOST_COUNTED,
    Asked,
    Done,
    counts_of,
    find_operation,
    page_of_operations,
    sees_all_operations,
)
from crm.services.history.past_names import named
from crm.services.history.tracked_fields import words_of_column
from crm.services.lists.listing import whole
from crm.services.undo.hidden import SETUP, UNDOING
from crm.services.undo.operation import check_undoable, preview_undo, undo
from crm.services.undo.report import CHANGED, CLASHES, DELETED, IN_USE, THERE, Report, report_of
from crm.services.users import all_users
from crm.views.clients.past import end_of, read_day
from crm.views.history.operation_words import subjects, table_words, words_of_operation
from crm.views.page import Page, read_id
from crm.views.records.values import url_of

#: What the list can be narrowed to, in words; "seen" is for those who may see what was looked at.
FILTERS = {
    "": _l("Everything"),
    "bulk": _l("Many clients at once"),
    "import": _l("Imports"),
    "merge": _l("Merges"),
    "delete": _l("Deleted"),
    "restore": _l("Restored"),
    "put_back": _l("Old values put back"),
    "undo": _l("Undone"),
    "export": _l("Exports"),
    "purge": _l("Deleted for good"),
    "seen": _l("Sensitive data looked at"),
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


@dataclass(frozen=True)
class LeftInWords:
    """A row that an undo leaves alone: what it is, which of its fields, and why."""

    words: str
    url: str
    fields: str
    why: str


class OperationView(Page):
    """Operations, newest first; one of them, with what its undo did."""

    route_base = "/crm/operations"
    class_permission_name = "operation"
    method_permission_name = {"list": "undo", "show": "undo", "preview": "undo", "undo": "undo"}
    default_view = "list"

    @expose("/")
    @has_access
    def list(self) -> Response:
        number = whole(request.args, "page", 1, 100_000)
        users = all_users() if sees_all_operations() else []
        asked = read_filter(request.args, users)
        found, more = page_of_operations(asked, number)
        client = db.session.get(Client, asked.client) if asked.client is not None else None
        return self.render(
            "operation/list.html", title=_("Operations"), operations=found, number=number, more=more, users=users,
            filters={name: words for name, words in FILTERS.items() if name != "seen" or may(*FOR_FEW["id_image"])},
            asked=asked, client=client, all=sees_all_operations(), words=words_of_operation, subjects=subjects(found),
            can_undo=can_undo, most=MOST_COUNTED,
        )  # fmt: skip

    @expose("/show/<pk>")
    @has_access
    def show(self, pk: str) -> Response:
        done = get_operation(pk)
        operation = done.operation
        report = report_of(operation.id, operation.details) if operation.kind in UNDOING else None
        return self.render(
            "operation/show.html", title=words_of_operation(operation), done=done, most=MOST_COUNTED,
            counts=known_counts(counts_of(operation.id)), left=left_in_words(report) if report else [],
            report=report, why_not=why_not(done), table_words=table_words, subject=subjects([done])[operation.id],
            undoes=(operation.details or {}).get("undoes"),
        )  # fmt: skip

    @expose("/preview/<pk>", methods=["POST"])
    @has_access
    def preview(self, pk: str) -> Response:
        """What taking it back would do. Posted, since it is tried and rolled back."""
        number = get_operation(pk).operation.id
        try:
            report = preview_undo(number)
        except HTTPException as error:
            if error.code == 404:
                raise
            flash(str(error.description), "danger")
            return redirect(url_for("OperationView.show", pk=number))
        done = get_operation(pk)
        return self.render(
            "operation/undo.html", title=_("Undo"), done=done, words=words_of_operation(done.operation),
            report=report, counts=known_counts(report.undone), left=left_in_words(report), table_words=table_words,
            subject=subjects([done])[number],
        )  # fmt: skip

    @expose("/undo/<pk>", methods=["POST"])
    @has_access
    def undo(self, pk: str) -> Response:
        number = get_operation(pk).operation.id
        report = undo_and_tell(number)
        return redirect(url_for("OperationView.show", pk=report.operation_id if report else number))


def undo_and_tell(number: int) -> Report | None:
    """Undo an operation, commit, and let the next page say how it went; None where it could not be undone."""
    try:
        report = undo(number)
        db.session.commit()
    except HTTPException as error:
        db.session.rollback()
        if error.code == 404:
            raise
        flash(str(error.description), "danger")
        return None
    if report.left_count or report.hidden:
        flash(_("Undone, but for what was changed since."), "warning")
    else:
        flash(_("Undone."), "success")
    return report


def read_filter(args: MultiDict[str, str], users: Sequence[User]) -> Asked:
    """What the address narrows the list to; 400 for what nobody can understand."""
    known = {"kind", "user", "client", "from", "to", "page"}
    if odd := next((name for name in args if name not in known), None):
        abort(400, description=_("There is no filter “%(name)s” here.", name=odd[:60]))
    kind, name, client = (args.get(one, "").strip() for one in ("kind", "user", "client"))
    if kind not in FILTERS:
        abort(400, description=_("There is no filter “%(name)s” here.", name=kind[:60]))
    ids = {"system": 0, **{user.username: user.id for user in users}}
    if name and name not in ids:
        abort(400, description=_("There is no user “%(name)s”.", name=name[:60]))
    since, until = (_moment(args.get(one, ""), days) for one, days in (("from", 0), ("to", 1)))
    return Asked(kind, ids.get(name), read_id(client) if client else None, since, until)


def _moment(text: str, days: int) -> datetime | None:
    """The beginning of a day of the user's, or of the one so many days later."""
    return end_of(read_day(text) + timedelta(days=days - 1)) if text.strip() else None


def known_counts(counts: Mapping[str, int]) -> dict[str, int]:
    """Table -> number of rows, of those tables that the user may know of."""
    return {table: rows for table, rows in counts.items() if is_known(table)}


def left_in_words(report: Report) -> builtins.list[LeftInWords]:
    """The rows that an undo leaves alone, as far as the user may know of them."""
    rows = [one for one in report.left if is_known(one.table)]
    records = registry().by_key
    names = named((one.table, one.row_id) for one in rows if one.table in records)
    found = []
    for one in rows:
        record, name = records.get(one.table), names.get((one.table, one.row_id))
        words = f"{record.label}: {name.words}" if record and name else table_words(one.table)
        fields = [words_of_column(record, column) for column in one.fields] if record else []
        url = url_of(name.item) if name and name.item is not None else ""
        found.append(
            LeftInWords(words, url, ", ".join(dict.fromkeys(fields)), str(REASONS.get(one.why, one.why)))
        )
    return found


def get_operation(pk: str) -> Done:
    """The operation with this id, if the user may see it; 404 otherwise."""
    if not pk.isascii() or not pk.isdigit() or len(pk) > 18:
        abort(404)
    return find_operation(int(pk)) or abort(404)


def can_undo(operation: Any) -> bool:
    """Whether a button for it makes sense; whether it works out is known when it is pressed."""
    return operation.undone_by_id is None and operation.kind not in {SETUP, *UNDOING}


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
