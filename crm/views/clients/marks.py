"""What is changed on a client by one click, on the list and on the card: status and tags.

Each is one operation and answers with the piece of the page that changed.
"""

from collections.abc import Callable
from typing import Any

from flask import jsonify, render_template, request
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.errors import RuleError
from crm.extensions import db
from crm.models import Client
from crm.security.manager import may
from crm.services.clients import tags
from crm.services.clients.statuses import ANY, offered, set_status


def whole_or_none(text: str, field: str) -> int | None:
    """The id in a posted field; blank is None. Raises RuleError."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise RuleError(_("There is no such choice."), field=field)
    return int(text)


def changed(answer: str) -> Response:
    """The changed piece of a page; the rest of the page hears of it as the event `client-changed`."""
    return Response(answer, mimetype="text/html", headers={"HX-Trigger": "client-changed"})


class ClientMarks:
    """One-click changes, for `ClientView`."""

    method_permission_name = {
        "status_menu": "edit", "change_status": "edit", "tags": "show", "tag_form": "edit",
        "tag_choices": "edit", "change_tags": "edit",
    }  # fmt: skip
    more_routes = frozenset(method_permission_name)

    get_item: Callable[[str], Client]
    may_change: Callable[[Any, str], bool]

    @expose("/status/<pk>")
    @has_access
    def status_menu(self, pk: str) -> str:
        """The statuses that this client can be given, as a menu."""
        return render_template("client/_status_menu.html", client=self.get_item(pk), statuses=offered())

    @expose("/status/<pk>", methods=["POST"])
    @has_access
    def change_status(self, pk: str) -> Response:
        """Give the client the status `status`, if it is still in the one that the user saw (`expected`)."""
        client = self.get_item(pk)
        expected = whole_or_none(request.form["expected"], "expected") if "expected" in request.form else ANY
        set_status(client, whole_or_none(request.form.get("status", ""), "status"), expected)
        db.session.commit()
        return changed(render_template("client/_status_changed.html", client=client))

    @expose("/tags/<pk>")
    @has_access
    def tags(self, pk: str) -> str:
        """The client's tags."""
        return self._tags(self.get_item(pk))

    @expose("/tags/<pk>/add")
    @has_access
    def tag_form(self, pk: str) -> str:
        """The box in which a tag is typed."""
        return render_template("client/_tag_form.html", client=self.get_item(pk), may=may)

    @expose("/tag-choices")
    @has_access
    def tag_choices(self) -> Response:
        """Tags for what was typed: `{"results": [{"id", "text"}]}`; a tag's name is its id here."""
        found = tags.suggestions(request.args.get("q", "")[:100])
        return jsonify(results=[{"id": tag.name, "text": tag.name} for tag in found])

    @expose("/tags/<pk>", methods=["POST"])
    @has_access
    def change_tags(self, pk: str) -> Response:
        """Put the tag named `add` on the client, take the one with the id `remove` off."""
        client = self.get_item(pk)
        db.session.refresh(client, with_for_update={"of": Client})
        if name := request.form.get("add", "").strip():
            tags.add_tag(client, name, may_create=may("add", "tag"))
        if (gone := whole_or_none(request.form.get("remove", ""), "remove")) is not None:
            tags.remove_tag(client, gone)
        db.session.commit()
        return changed(self._tags(client, focus=True))

    @staticmethod
    def _tags(client: Client, focus: bool = False) -> str:
        page = "client/_tags_changed.html"
        return render_template(page, client=client, editable=may("edit", "client"), focus=focus)
