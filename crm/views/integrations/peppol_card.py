"""Whether a company is in Peppol, on its card."""

from typing import Any

from flask import abort, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from crm.integrations.peppol.checking import Asked, check_now
from crm.models import Client
from crm.services.clients.peppol import answers_about
from crm.views.page import Page, get_client

#: Why the last look-up told nothing.
PROBLEMS = {
    "dns": _l("The Peppol directory in the DNS did not answer."),
    "smp": _l("The company's Peppol provider did not answer."),
    "answer": _l("The company's Peppol provider gave an answer that cannot be read."),
    "refused": _l("The address of the company's Peppol provider is not one that may be called."),
    "scheme": _l("No Peppol identifier is made of these numbers. A Peppol ID looks like 9945:7740001454."),
}  # fmt: skip


class PeppolCardView(Page):
    route_base = "/crm/clients"
    class_permission_name = "client"
    method_permission_name = {"refresh": "edit"}

    @expose("/peppol/<pk>", methods=["POST"])
    @has_access
    def refresh(self, pk: str) -> Response:
        """Ask Peppol now. A page without scripts gets the card again, others the line of the card."""
        client = get_client(pk)
        if peppol_of(client) is None:
            abort(404)
        check_now(Asked(client.id, client.peppol_id, client.tax_id_key))
        if "HX-Request" in request.headers:
            client = get_client(pk)
            return self.render("peppol/_status.html", client=client, peppol=peppol_of(client))
        return redirect(url_for("ClientView.show", pk=pk))


def peppol_of(client: Client) -> dict[str, Any] | None:
    """What the card shows; None for a client that Peppol is nothing for."""
    answer = answers_about([client]).get(client.id)
    return {"answer": answer, "problem": PROBLEMS.get(answer.error, "")} if answer else None
