"""What people changed about themselves in Mailchimp, on the card of their client."""

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose, has_access
from werkzeug.wrappers import Response

from crm.errors import RuleError
from crm.extensions import db
from crm.integrations.mailchimp.profile import decide, open_proposals
from crm.models import Client
from crm.security.manager import may
from crm.services.clients.words import LABELS
from crm.views.page import Page, get_client


class MailchimpCardView(Page):
    """A part of the card, loaded after it; empty for nearly every client."""

    route_base = "/crm/clients"
    class_permission_name = "client"
    method_permission_name = {"proposals": "edit", "decide": "edit"}

    @expose("/mailchimp/<pk>")
    @has_access
    def proposals(self, pk: str) -> Response:
        client = get_client(pk)
        found = open_proposals(client.id) if _may_see(client) else []
        return self.render("mailchimp/_proposals.html", client=client, proposals=found, labels=LABELS)

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


def _may_see(client: Client) -> bool:
    """Names and numbers of sensitive clients are for those with the privilege."""
    return not client.sensitive or may("sensitive", "client")
