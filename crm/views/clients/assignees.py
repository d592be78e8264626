"""Who looks after a client, changed in place in the head of its card."""

from collections.abc import Callable

from flask import flash, render_template, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.models import Client
from crm.security.manager import may
from crm.security.visibility import sees_client
from crm.services.clients import assignees
from crm.views.clients.marks import changed, whole_or_none


class ClientAssignees:
    """Assignees one by one, for `ClientView`."""

    method_permission_name = {"assignees": "show", "assignee_form": "edit", "change_assignees": "edit"}
    more_routes = frozenset(method_permission_name)

    get_item: Callable[[str], Client]

    @expose("/assignees/<pk>")
    @has_access
    def assignees(self, pk: str) -> str:
        """The client's assignees."""
        return self._assignees(self.get_item(pk))

    @expose("/assignees/<pk>/add")
    @has_access
    def assignee_form(self, pk: str) -> str:
        """The choice of users who can be added."""
        client = self.get_item(pk)
        return render_template("client/_assignee_form.html", client=client, users=assignees.offered(client))

    @expose("/assignees/<pk>", methods=["POST"])
    @has_access
    def change_assignees(self, pk: str) -> Response:
        """Add the user with the id `add`, take off the one with the id `remove`, put `first` first."""
        client, name = self.get_item(pk), ""
        db.session.refresh(client, with_for_update={"of": Client})
        for field, change in CHANGES.items():
            if (user_id := whole_or_none(request.form.get(field, ""), field)) is not None:
                change(client, user_id)
        answer, name = self._assignees(client, focus=True), client.name
        db.session.commit()
        if sees_client(int(pk)):
            return changed(answer)
        flash(_("“%(name)s” is with others from here on.", name=name), "info")
        return Response("", headers={"HX-Redirect": url_for("ClientView.list")})

    @staticmethod
    def _assignees(client: Client, focus: bool = False) -> str:
        page = "client/_assignees_changed.html"
        return render_template(page, client=client, editable=may("edit", "client"), focus=focus)


CHANGES = {
    "add": assignees.add_assignee,
    "remove": assignees.remove_assignee,
    "first": assignees.make_responsible,
}
