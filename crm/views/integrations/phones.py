"""The page on which a user connects a phone with the address book of clients."""

from flask import abort, current_app, flash, g, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.errors import RuleError
from crm.extensions import db
from crm.integrations.carddav import book, phones
from crm.views.page import Page, read_id


class PhonesView(Page):
    """What to enter on a phone, and the phones that are connected. A key is shown once, where it is made."""

    route_base = "/crm/phones"
    class_permission_name = "carddav"
    default_view = "index"
    method_permission_name = {"index": "use", "remove": "use"}

    @expose("/", methods=["GET", "POST"])
    @has_access
    def index(self) -> Response:
        if request.method == "GET":
            return self._page()
        try:
            key = phones.add_phone(g.user, request.form.get("name", ""))
        except RuleError as error:
            return self._page(422, problem=str(error.description))
        return self._page(key=key)

    @expose("/remove/<pk>", methods=["POST"])
    @has_access
    def remove(self, pk: str) -> Response:
        name = phones.remove_phone(g.user.id, read_id(pk)) or abort(404)
        db.session.commit()
        flash(_("%(name)s gets nothing any more.", name=name), "success")
        return redirect(url_for("PhonesView.index"))

    def _page(self, status: int = 200, problem: str = "", key: str = "") -> Response:
        return self.render(
            "phones.html", status, title=_("Clients on your phone"), problem=problem, key=key,
            address=current_app.config["CRM_URL"].rstrip("/") + url_for("carddav.root"),
            phones=phones.phones_of(g.user.id), own_only=book.is_own_only(), most=book.MOST_CLIENTS,
        )  # fmt: skip
