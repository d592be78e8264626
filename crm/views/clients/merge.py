"""Merging two clients: pick them, see them side by side, choose, confirm."""

from typing import Any

from flask import flash, jsonify, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.models import Client
from crm.registry import registry
from crm.security.manager import may
from crm.services.merging.merge import merge
from crm.services.search.choosing import choices
from crm.views.clients.archive import attached
from crm.views.clients.merge_sides import rows
from crm.views.page import Page

CHOICE = "choice."


class MergeView(Page):
    """One page: `?source=&target=` names the two; the form on it posts to the same address."""

    route_base = "/crm/clients/merge"
    class_permission_name = "client"
    method_permission_name = {"index": "merge", "choices": "merge"}
    default_view = "index"

    @expose("/", methods=["GET", "POST"])
    @has_access
    def index(self) -> Response:
        asked = request.form if request.method == "POST" else request.args
        # two ticked rows of the list come as `ids`: the first one stays
        target_id, source_id, *_more = [*request.args.getlist("ids"), "", ""]
        ids = {"source": asked.get("source") or source_id, "target": asked.get("target") or target_id}
        clients = {name: find(text) for name, text in ids.items()}
        errors = {
            name: _("There is no such client.") for name, text in ids.items() if text and not clients[name]
        }
        source, target = clients["source"], clients["target"]
        if source is not None and source is target:
            errors, clients["target"] = {"target": _("Choose two different clients.")}, None
        if request.method == "POST":
            for name in ids:
                if not ids[name]:
                    errors[name] = _("Choose a client.")
            if not errors and source and target:
                return self._merge(source, target)
        return self._page(clients, errors)

    def _merge(self, source: Client, target: Client) -> Response:
        source_id, target_id, names = source.id, target.id, {"source": source.name, "target": target.name}
        try:
            number = merge(source_id, target_id, chosen())
            db.session.commit()
        except HTTPException as error:
            db.session.rollback()
            clients = {"source": find(str(source_id)), "target": find(str(target_id))}
            field = getattr(error, "field", None) or ""
            return self._page(clients, {field: str(error.description)}, error.code or 422)
        flash(_("“%(source)s” merged into “%(target)s”.", **names), "success")
        shown = "ClientView.show" if may("show", "client") else "OperationView.show"
        return redirect(url_for(shown, pk=target_id if shown == "ClientView.show" else number))

    def _page(self, clients: dict[str, Any], errors: dict[str, str], status: int = 422) -> Response:
        source, target = clients["source"], clients["target"]
        both = source is not None and target is not None
        return self.render(
            "merge/page.html", status if errors else 200, title=_("Merge clients"), clients=clients, errors=errors,
            source=source, target=target, rows=rows(source, target, chosen()) if both else [],
            moving=attached(source) if both else [],
        )  # fmt: skip

    @expose("/choices")
    @has_access
    def choices(self) -> Response:
        """The clients that can be merged, archived ones marked as such."""
        found = choices(registry().by_model[Client], request.args.get("q", "")[:100], archived=True)
        return jsonify(results=[
            {"id": client.id, "text": client.name,
             "hint": " · ".join(filter(None, (_("Archived") if client.archived else "", hint)))}
            for client, hint in found
        ])  # fmt: skip


def find(text: str) -> Client | None:
    """The client with this id that the user sees and may edit."""
    if not text.isascii() or not text.isdigit() or len(text) > 18 or not may("edit", "client"):
        return None
    return db.session.get(Client, int(text))


def chosen() -> dict[str, str]:
    """What the form says to take, by field."""
    return {
        name.removeprefix(CHOICE): value for name, value in request.form.items() if name.startswith(CHOICE)
    }
