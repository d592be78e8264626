"""Tickets: answered, noted on, and taken from one status to the next on their own page."""

from functools import partial
from typing import Any

from flask import abort, flash, redirect, request
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.models import Ticket, TicketComment
from crm.models.ticket import STATUSES
from crm.registry import registry
from crm.security.manager import may, may_change
from crm.services.clients.card import users_by_id
from crm.services.history.log import operation
from crm.views.records.record import RecordView

LONGEST_COMMENT = 20_000


class TicketView(RecordView):
    """The record view of tickets."""

    show_template = "ticket/show.html"
    more_routes = frozenset({"status", "comment"})
    method_permission_name = {"status": "edit", "comment": "edit"}

    def render(self, template: str, status: int = 200, **values: Any) -> Response:
        if template == self.show_template:
            ticket: Ticket = values["item"]
            values["people"] = users_by_id(comment.created_by_id for comment in ticket.comments)
            values.setdefault("typed", {})
            values["comment_record"] = registry()["ticket_comment"]
            values["may_comment"] = self.may_change(ticket, "edit") and may("add", "ticket_comment")
            values["may_change_comment"] = partial(may_change, registry()["ticket_comment"])
        return super().render(template, status, **values)

    @expose("/status/<pk>", methods=["POST"])
    @has_access
    def status(self, pk: str) -> Response:
        """Take a ticket to another status with one click."""
        ticket: Ticket = self.get_item(pk)
        if not self.may_change(ticket, "edit"):
            abort(403)
        if request.form.get("status") not in STATUSES:
            abort(400)
        with operation("ticket.status", client_id=ticket.client_id):
            ticket.status = request.form["status"]
            db.session.commit()
        return redirect(self.url("show", pk=pk))

    @expose("/comment/<pk>", methods=["POST"])
    @has_access
    def comment(self, pk: str) -> Response:
        """Answer the client, or note something among ourselves; `then` is the status the ticket takes with it."""
        ticket: Ticket = self.get_item(pk)
        if not self.may_change(ticket, "edit") or not may("add", "ticket_comment"):
            abort(403)
        typed = {"body": request.form.get("body", ""), "public": request.form.get("public", "yes")}
        body, then = typed["body"].replace("\r\n", "\n").strip(), request.form.get("then", "")
        if then and then not in STATUSES:
            abort(400)
        if message := _refusal(body):
            return self.render(
                self.show_template, 422, title=self.title_of(ticket), item=ticket,
                typed={**typed, "error": message},
            )  # fmt: skip
        with operation("ticket_comment.insert", client_id=ticket.client_id):
            ticket.comments.append(TicketComment(body=body, public=typed["public"] == "yes"))
            if then:
                ticket.status = then
            db.session.commit()
        flash(_("Comment saved."), "success")
        return redirect(self.url("show", pk=pk, _anchor="comments"))

    def url_after(self, item: Ticket) -> str:
        """A ticket leads to its own page, where it goes on; one just written down to the client's card."""
        if item.id is not None and item.version > 1:
            return self.url("show", pk=item.id)
        return super().url_after(item)


def _refusal(body: str) -> str:
    """What is wrong with the text of a comment; nothing where all is well."""
    if not body:
        return _("Please fill this in.")
    return _("At most %(n)d characters.", n=LONGEST_COMMENT) if len(body) > LONGEST_COMMENT else ""


class TicketCommentView(RecordView):
    """The record view of comments, which are read on the page of their ticket."""

    def url_after(self, item: TicketComment) -> str:
        return self._ticket_url(item) or super().url_after(item)

    def url_after_delete(self, item: TicketComment) -> str:
        return self._ticket_url(item) or super().url_after_delete(item)

    @staticmethod
    def _ticket_url(item: TicketComment) -> str:
        return f"/crm/tickets/show/{item.ticket_id}#comments" if item.ticket_id else ""
