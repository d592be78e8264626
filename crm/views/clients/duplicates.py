"""Likely duplicates: while somebody types a client, and the page with all that were found."""

from typing import Any

from flask import abort, flash, g, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.jobs.runs import ask_for
from crm.jobs.standing import latest_runs
from crm.models import NotDuplicate
from crm.security.manager import may
from crm.security.masking import shown
from crm.security.throttling import ANNOUNCES
from crm.services.duplicates import dismissing, finding, listing
from crm.services.duplicates.facts import typed_facts
from crm.views.page import Page, get_client, read_id

#: What two clients can have in common, in words.
REASONS = {
    "tax_id": _l("Tax ID"),
    "regon": _l("REGON"),
    "pesel": _l("PESEL"),
    "email": _l("E-mail"),
    "phone": _l("Phone"),
    "domain": _l("Domain"),
    "name": _l("Name"),
    "place": _l("Place"),
}
#: What is said of a client that the user does not see, and nothing more.
HIDDEN = {
    "tax_id": _l("A client that you can't see has this tax ID. Ask an admin."),
    "regon": _l("A client that you can't see has this REGON. Ask an admin."),
    "pesel": _l("A client that you can't see has this PESEL. Ask an admin."),
    "email": _l("A client that you can't see has this e-mail. Ask an admin."),
    "phone": _l("A client that you can't see has this phone. Ask an admin."),
}
LONGEST = 300


class DuplicatesView(Page):
    """The page with its buttons, and the part of a client's form that warns."""

    route_base = "/crm/clients/duplicates"
    class_permission_name = "client"
    default_view = "index"
    method_permission_name = {
        "index": "merge", "check": "add", "dismiss": "merge", "take_back": "merge", "search": "merge",
    }  # fmt: skip

    @expose("/check", methods=["POST"])
    @has_access
    def check(self) -> Response:
        """The clients that are likely the one in the form, as a fragment."""
        own = request.form.get("own", "")
        own_id = get_client(own).id if own else None
        typed = {name: value.strip()[:LONGEST] for name, value in request.form.items()}
        found = finding.find_likely(typed_facts(typed), own_id)
        answer = self.render(
            "client/_likely.html", found=found, reasons=REASONS, hidden=HIDDEN, fragment=True
        )
        if found.hidden:
            answer.headers[ANNOUNCES] = "yes"
        return answer

    @expose("/")
    @has_access
    def index(self) -> Response:
        number, reason = self._page(), request.args.get("reason", "")
        if reason and reason not in REASONS:
            abort(400, description=_("There is no filter “%(name)s” here.", name=reason[:60]))
        values: dict[str, Any] = {
            "title": _("Duplicates"),
            "number": number,
            "reason": reason,
            "reasons": REASONS,
        }
        if request.args.get("show") == "set-aside":
            pairs, more = listing.set_aside(number)
            return self.render("client/set_aside.html", pairs=pairs, more=more, **values)
        client = get_client(request.args["client"]) if "client" in request.args else None
        found, more = listing.groups(number, reason, client.id if client else None)
        run = latest_runs().get("duplicates") if may("list", "jobs") else None
        return self.render(
            "client/duplicates.html", groups=found, more=more, client=client, run=run, shown=shown, **values
        )  # fmt: skip

    @expose("/dismiss", methods=["POST"])
    @has_access
    def dismiss(self) -> Response:
        """Say that a client is none of the others of its group."""
        client = get_client(request.form.get("client", ""))
        others = {get_client(one).id for one in request.form.getlist("others")} - {client.id}
        if not others or not may("edit", "client"):
            abort(400)
        dismissing.dismiss(client.id, others)
        db.session.commit()
        flash(_("“%(name)s” is not counted as a duplicate any more.", name=client.name), "success")
        return self._back()

    @expose("/take-back/<pk>", methods=["POST"])
    @has_access
    def take_back(self, pk: str) -> Response:
        """Let a pair be likely the same again."""
        said = db.session.get(NotDuplicate, read_id(pk)) or abort(404)
        dismissing.take_back(said)
        db.session.commit()
        flash(_("Taken back."), "success")
        return redirect(url_for("DuplicatesView.index", show="set-aside"))

    @expose("/search", methods=["POST"])
    @has_access
    def search(self) -> Response:
        """Search among all clients again, in the background."""
        if not may("list", "jobs"):
            abort(403)
        ask_for("duplicates", {"all": True}, g.user.id)
        db.session.commit()
        return redirect(url_for("DuplicatesView.index"))

    def _back(self) -> Response:
        kept = {name: request.form[name] for name in ("reason", "page") if request.form.get(name)}
        return redirect(url_for("DuplicatesView.index", **kept))

    @staticmethod
    def _page() -> int:
        text = request.args.get("page", "1")
        return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 6 else abort(400)
