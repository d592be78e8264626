"""What people changed about themselves in Mailchimp, on the card of their client."""

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose, has_access
from werkzeug.wrappers import Response

from crm.errors import RuleError
from crm.extensions import db
from crm.integrations.mailchimp.profile import decide, open_proposals
from crm.models import Client, MailchimpProposal
from crm.security.manager import may
from crm.services.clients.words import LABELS
from crm.views.page import Page, get_client


class MailchimpCardView(Page):
    route_base = "/crm/clients"
    class_permission_name = "client"
    method_permission_name = {"decide": "edit"}

    @expose("/mailchimp/<pk>/<int:proposal>", methods=["POST"])
    @has_access
    def decide(self, pk: str, proposal: int) -> Response:
        """Take a proposed value over, or keep ours."""
        client = get_client(pk)
        chosen = next((one for one in open_proposals(client.id) if one.id == proposal), None) or abort(404)
        if not _may_see(client):
            abort(403)
        try:
            decide(chosen, accept=request.form.get("accept") == "yes")
        except RuleError as error:
            db.session.rollback()
            flash(error.description, "danger")
        return redirect(url_for("ClientView.show", pk=client.id))


def proposals_of(client: Client) -> list[tuple[Any, MailchimpProposal]]:
    """What the card shows: the field's name and the proposal; nothing for nearly every client."""
    if not may("edit", "client") or not _may_see(client):
        return []
    return [(LABELS[proposal.field], proposal) for proposal in open_proposals(client.id)]


def _may_see(client: Client) -> bool:
    """Names and numbers of sensitive clients are for those with the privilege."""
    return not client.sensitive or may("sensitive", "client")
