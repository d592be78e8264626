"""Flask-AppBuilder's own pages for users, roles and teams, without what is unsafe in them.

No file routes, and actions that exist only. The class names are Flask-AppBuilder's, for they are the
names of its endpoints and permissions.
"""

from typing import Any

from flask import abort, request
from flask_appbuilder import expose
from flask_appbuilder.security import views
from flask_babel import lazy_gettext as _l


class Guarded:
    """Mixed into a ModelView before it: 404 for unknown actions and rows, no download route."""

    exclude_route_methods = {"download"}
    actions: dict[str, Any]
    datamodel: Any

    @expose("/action/<string:name>/<pk>", methods=["POST"])
    def action(self, name: str, pk: str) -> Any:
        """Run an action on one row."""
        if name not in self.actions or self.datamodel.get(pk) is None:
            abort(404)
        return super().action(name, pk)  # type: ignore[misc]

    @expose("/action_post", methods=["POST"])
    def action_post(self) -> Any:
        """Run an action on the ticked rows."""
        rows = request.form.getlist("rowid")
        if request.form.get("action") not in self.actions or not all(map(self.datamodel.get, rows)):
            abort(404)
        return super().action_post()  # type: ignore[misc]


class UserDBModelView(Guarded, views.UserDBModelView):
    #: Flask-AppBuilder's explain ways to sign in that we do not offer.
    description_columns: dict[str, Any] = {}
    label_columns = {
        **views.UserDBModelView.label_columns,
        "username": _l("User name"),
        "first_name": _l("First name"),
        "last_name": _l("Last name"),
        "email": _l("E-mail"),
        "active": _l("Active"),
        "roles": _l("Roles"),
        "groups": _l("Teams"),
    }


class RoleModelView(Guarded, views.RoleModelView):
    pass


class UserGroupModelView(Guarded, views.UserGroupModelView):
    label_columns = {
        "name": _l("Name"),
        "label": _l("Label"),
        "description": _l("Description"),
        "users": _l("Members"),
        "roles": _l("Roles"),
    }
