"""The admin's page of statuses: order by dragging, counts, and deleting one whose clients move on."""

from collections.abc import Sequence

from flask import flash, jsonify, redirect, request
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.wrappers import Response
from wtforms import BooleanField, StringField
from wtforms.validators import DataRequired, Length, Optional

from crm.errors import RuleError
from crm.extensions import db
from crm.models import Client, Status
from crm.services.clients import status_admin
from crm.services.clients.statuses import all_statuses, counts
from crm.services.lists import listing
from crm.views.forms.fields import ColourField, NumberField, stripped
from crm.views.forms.form import REQUIRED, RecordForm
from crm.views.records.record import RecordView

MOST_STATUSES = 1000


class StatusForm(RecordForm):
    name = StringField(_l("Name"), [DataRequired(REQUIRED), Length(max=60)], filters=[stripped])
    code = StringField(
        _l("Code"), [Optional(), Length(max=60)], filters=[stripped],
        description=_l("Other programs know the status by it. Made from the name where left blank."),
    )  # fmt: skip
    background = ColourField(_l("Background"), default="#e2e8f0")
    colour = ColourField(
        _l("Text colour"), default="#1e293b",
        description=_l("One that cannot be read on the background is replaced."),
    )  # fmt: skip
    alert_days = NumberField(
        _l("Alert after days"), [Optional()], places=0,
        description=_l("Clients that stay longer are flagged and need attention."),
    )  # fmt: skip
    is_default = BooleanField(_l("Default for new clients"))
    selectable = BooleanField(_l("Can be chosen"), default=True)
    closed = BooleanField(_l("Closed: no alerts, never going cold"))
    hidden_in_kanban = BooleanField(_l("Not on the board"))


class StatusView(RecordView):
    """The record view of statuses."""

    add_form = StatusForm
    list_template = "status/list.html"
    more_routes = frozenset({"order", "replace"})
    method_permission_name = {"order": "edit", "replace": "delete"}

    @expose("/list/")
    @has_access
    def list(self) -> Response:
        known = counts(Client.archived_at.is_(None))
        title, statuses = self.record.plural, all_statuses()
        return self.render(self.list_template, title=title, statuses=statuses, counts=known,
                           message=listing.complaint(self.record, request.args))  # fmt: skip

    @expose("/order", methods=["POST"])
    @has_access
    def order(self) -> Response:
        """Put the statuses in the order of the ids sent as JSON: `{"ids": [3, 1, 2]}`."""
        sent = request.get_json(silent=True)
        ids = sent.get("ids") if isinstance(sent, dict) else None
        if not isinstance(ids, list) or not all(type(i) is int for i in ids) or len(ids) > MOST_STATUSES:
            raise RuleError(_("This order cannot be read."), field="ids")
        status_admin.reorder(ids)
        db.session.commit()
        return jsonify(ids=[status.id for status in all_statuses()])

    def remove(self, item: Status) -> None:
        status_admin.delete_status(item)

    def delete_url(self, status: Status) -> str:
        """Where a status is deleted: at once, or where clients are in it, after asking where they go."""
        return self.url("replace", pk=status.id)

    @expose("/replace/<pk>", methods=["GET", "POST"])
    @has_access
    def replace(self, pk: str) -> Response:
        """Delete a status, with another for its clients."""
        status, error = self.get_item(pk), ""
        if request.method == "POST":
            try:
                return self._replaced(status, request.form.get("replacement", ""))
            except RuleError as refused:
                db.session.rollback()
                error = str(refused.description)
        return self.render(
            "status/replace.html", 422 if error else 200, title=_("Delete “%(name)s”", name=status.name),
            status_item=status, others=others(status), number=status_admin.clients_in(status), error=error,
        )  # fmt: skip

    def _replaced(self, status: Status, chosen: str) -> Response:
        replacement = next((other for other in others(status) if str(other.id) == chosen), None)
        if chosen not in ("", "none") and replacement is None:
            raise RuleError(_("There is no such status."), field="replacement")
        name = status.name
        number = status_admin.delete_status(status, replacement, clear=chosen == "none")
        db.session.commit()
        flash(_("Status “%(name)s” deleted.", name=name), "success")
        if number:
            flash(ngettext("%(num)d client moved.", "%(num)d clients moved.", number), "info")
        return redirect(self.url("list"))


def others(status: Status) -> Sequence[Status]:
    """The statuses to which the clients of this one can go."""
    return [one for one in all_statuses() if one.id != status.id and one.selectable]
