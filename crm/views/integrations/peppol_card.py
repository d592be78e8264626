"""Whether a company is in Peppol, on its card."""

from typing import Any

from flask import abort, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from crm.integrations.peppol.checking import Asked, asked_of, check_now, status_of
from crm.models import Client
from crm.security.masking import is_masked
from crm.views.page import Page, get_client

#: Why the last look-up told nothing.
PROBLEMS = {
    "dns": _l("The Peppol directory in the DNS did not answer."),
    "smp": _l("The company's Peppol provider did not answer."),
    "answer": _l("The company's Peppol provider gave an answer that cannot be read."),
    "refused": _l("The address of the company's Peppol provider is not one that may be called."),
    "scheme": _l("No Peppol identifier is made of such a tax ID. Write the company's Peppol ID if you know it."),
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
        asked = visible_numbers(client) or abort(404)
        check_now(asked)
        if "HX-Request" in request.headers:
            client = get_client(pk)
            return self.render("peppol/_status.html", client=client, peppol=peppol_of(client))
        return redirect(url_for("ClientView.show", pk=pk))


def visible_numbers(client: Client) -> Asked | None:
    """What a client is asked for by; None also where the numbers are masked for the viewer."""
    hidden = is_masked(client, "tax_id") or is_masked(client, "peppol_id")
    return None if hidden else asked_of(client)


def peppol_of(client: Client) -> dict[str, Any] | None:
    """What the card shows: the status, None before the first check; None for a client that Peppol is nothing for."""
    asked = visible_numbers(client)
    if asked is None:
        return None
    status = status_of(asked)
    return {"status": status, "problem": PROBLEMS.get(status.error, "") if status else ""}
