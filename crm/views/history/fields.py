"""The history of a record: who changed which field when, and one old value put back."""

from typing import Any

from flask import abort, current_app, flash, redirect, request
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from crm.errors import RuleError
from crm.extensions import db
from crm.models import AttributeDefinition, Client
from crm.models.attribute import OWNER_COLUMNS
from crm.registry import RecordType
from crm.security.manager import may
from crm.services.attributes.values import definitions
from crm.services.history import fields as field_history
from crm.services.history.facts import Fact
from crm.services.history.log import current_operation_id, operation
from crm.services.history.operations import sees_all_operations
from crm.services.history.pieces import ATTRIBUTES, pieces_of
from crm.services.history.restoring import as_sent
from crm.services.history.tracked_fields import tracked_columns, words_of_field
from crm.services.record_json import changes
from crm.views.api.record_api import RecordApi
from crm.views.history.operation_words import words_of_kind
from crm.views.history.past_values import Telling, facts_of
from crm.views.page import read_id


class HistoryPages:
    """History and putting back, for every record view."""

    more_routes = frozenset({"history", "put_back"})
    method_permission_name = {"history": "show", "put_back": "edit"}

    record: RecordType
    get_item: Any
    may_change: Any
    render: Any
    url: Any

    @expose("/history/<pk>")
    @has_access
    def history(self, pk: str) -> Response:
        """The changes of a record, the last first: `?field=` of one field, `?before=` those before an operation."""
        item = self.get_item(pk)
        name, fields = request.args.get("field", ""), self.history_fields()
        if name and name not in fields:
            abort(400, description=_("There is no field “%(name)s” here.", name=name[:60]))
        before = request.args.get("before", "")
        found = field_history.page(self.record, item, name, read_id(before) if before else None)
        telling = Telling(self.record, item, facts_of(found.entries), self.may_change(item, "edit"))
        return self.render(
            "record/history.html", title=_("History"), item=item, page=found, fields=fields, field=name,
            said=telling.said, headline=headline, all=sees_all_operations(), may_undo=may("undo", "operation"),
        )  # fmt: skip

    def history_fields(self) -> dict[str, str]:
        """Name -> words of the fields that have a history."""
        found = {name: str(words_of_field(self.record, name)) for name in tracked_columns(self.record)}
        for piece in pieces_of(self.record):
            if piece.name != ATTRIBUTES:
                found[piece.name] = str(words_of_field(self.record, piece.name))
        if self.record.model is Client:
            found |= {"billing": str(_("Billing address")), "delivery": str(_("Delivery address"))}
        if self.record.key in OWNER_COLUMNS:
            known: list[AttributeDefinition] = definitions(self.record.key, active=False, options=False)
            found |= {f"attr.{one.key}": one.label for one in known}
        return found

    @expose("/history/<pk>/put-back", methods=["POST"])
    @has_access
    def put_back(self, pk: str) -> Response:
        """Give the field `field` the value that it had before the change `change`."""
        item = self.get_item(pk)
        if not self.may_change(item, "edit"):
            abort(403)
        name, change = request.form.get("field", ""), read_id(request.form.get("change", ""))
        fact = field_history.find_fact(self.record, item, change, name) or abort(404)
        if not Telling(self.record, item, [fact], True).said(fact).can_restore:
            abort(403)
        try:
            flash(*self._put_back(item, fact))
        except HTTPException as error:
            db.session.rollback()
            if error.code == 404:
                raise
            flash(_("It stays as it is: %(why)s", why=error.description), "danger")
        except (IntegrityError, StaleDataError):
            db.session.rollback()
            flash(_("It stays as it is: this value clashes with another record."), "danger")
        return redirect(self.url("history", pk=pk, **({"field": name} if request.form.get("only") else {})))

    def _put_back(self, item: Any, fact: Fact) -> tuple[str, str]:
        """Write the old value as the API would, for its rules are those of an edit; gives what to say of it."""
        api = api_of(self.record)
        item = api.get_item(str(item.id), lock=True)
        sent = changes(as_sent(self.record, item, fact), api.one_json(item))
        if not sent:
            return _("It has this value already."), "info"
        with operation(
            "put_back", client_id=item.history_client_id, field=fact.name, of_change=fact.change_id
        ):
            with db.session.no_autoflush:
                api.write(item, sent)
            db.session.flush()
            is_done = current_operation_id() is not None
            db.session.commit()
        if not is_done:
            raise RuleError(_("Other values do not allow it."))
        return _("The old value stands there again."), "success"


def headline(kind: str) -> str:
    """What an operation did to the record, by the kind of the operation."""
    _table, _dot, action = kind.partition(".")
    return _("Changed") if action in ("insert", "update", "delete") else words_of_kind(kind)


def api_of(record: RecordType) -> RecordApi:
    """The API of a record type."""
    views = current_app.extensions["appbuilder"].baseviews
    return next(view for view in views if isinstance(view, RecordApi) and view.record is record)
