"""Saved views of lists: the panel in which they are saved and managed, and what a list remembers."""

from typing import Any

from flask import Response as Fragment
from flask import abort, current_app, flash, g, jsonify, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from werkzeug.wrappers import Response
from wtforms import BooleanField, StringField
from wtforms.validators import DataRequired, Length

from crm.errors import RuleError, UnknownFilter
from crm.extensions import db
from crm.models import SavedView
from crm.models.saved_view import LAYOUTS, LONGEST_QUERY
from crm.registry import RecordType, registry
from crm.security.manager import may
from crm.services.lists import saved_views
from crm.services.lists.state import state_of, without_filters
from crm.views.forms.fields import stripped
from crm.views.forms.form import REQUIRED, RecordForm
from crm.views.page import Page, read_id

#: So many views stand as tabs above a list; all of them are in the panel.
MOST_TABS = 8
#: What a script sends beside the state of its list.
OTHERS = frozenset({"layout", "name", "shared", "default", "view", "csrf_token"})


class ViewForm(RecordForm):
    name = StringField(_l("Name"), [DataRequired(REQUIRED), Length(max=60)], filters=[stripped])
    shared = BooleanField(_l("For everybody"))


class SavedViewPages(Page):
    """`/crm/views/<list>/…` for the views of one list, `/crm/views/<verb>/<id>` for one of them.

    Whoever may open a list may save views of it; sharing them is a permission of its own.
    """

    route_base = "/crm/views"

    @expose("/<name>/panel")
    @login_required
    def panel(self, name: str) -> Response:
        """The panel, for the list whose state is in the address."""
        return self.panel_page(get_record(name), asked_state(), asked_layout())

    @expose("/<name>/save", methods=["POST"])
    @login_required
    def save(self, name: str) -> Response:
        """Save the state that is sent as a new view, or into the one that `view` names."""
        record, state, layout = get_record(name), request.form.get("state", ""), asked_layout()
        number = request.form.get("view", "")
        view = get_view(number, to_change=True) if number else SavedView(record=record.key)
        if view.record != record.key:
            abort(404)
        title = view.name if number else request.form.get("name", "")
        shared = view.shared if number else bool(request.form.get("shared"))
        try:
            saved_views.take_state(record, view, state, layout)
            saved_views.write_view(view, title, shared)
            db.session.commit()
        except RuleError as error:
            db.session.rollback()
            values = {"error": str(error.description), "typed": request.form}
            return self.panel_page(record, state, layout, 422, **values)
        if request.form.get("default"):
            saved_views.open_with(record, view)
        flash(_("View “%(name)s” saved.", name=view.name), "success")
        return Fragment("", headers={"HX-Redirect": address_of(view)})

    @expose("/<name>/remember", methods=["POST"])
    @login_required
    def remember(self, name: str) -> Response:
        """Keep the state that a page says it shows: the list opens with it the next time."""
        sent = request.get_json(silent=True)
        state = sent.get("state") if isinstance(sent, dict) else None
        if not isinstance(state, str) or len(state) > LONGEST_QUERY:
            raise RuleError(_("This cannot be remembered."), field="state")
        saved_views.remember(get_record(name), state)
        return jsonify({})

    @expose("/open/<pk>")
    @login_required
    def open(self, pk: str) -> Response:
        """The list as the view has it: the address to give to others."""
        return redirect(address_of(get_view(pk)))

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @login_required
    def edit(self, pk: str) -> Response:
        view = get_view(pk, to_change=True)
        form = ViewForm(request.form if request.method == "POST" else None, obj=view)
        if not may("share", "saved_view"):
            del form["shared"]
        if request.method == "POST" and form.validate():
            try:
                shared = form["shared"].data if "shared" in form else view.shared
                saved_views.write_view(view, form["name"].data, shared)
                db.session.commit()
                flash(_("View “%(name)s” saved.", name=view.name), "success")
                return redirect(address_of(view))
            except RuleError as error:
                db.session.rollback()
                if error.field in form:
                    form[error.field].errors = [str(error.description)]
                else:
                    form.form_errors.append(str(error.description))
                view = get_view(pk, to_change=True)
        status = 200 if request.method == "GET" else 422
        return self.render(
            "saved_view/form.html", status, title=view.name, form=form, back=address_of(view),
            record=registry().by_key[view.record],
        )  # fmt: skip

    @expose("/delete/<pk>", methods=["POST"])
    @login_required
    def delete(self, pk: str) -> Response:
        view = get_view(pk, to_change=True)
        name, back = view.name, address_of(view)
        db.session.delete(view)
        db.session.commit()
        flash(_("View “%(name)s” deleted. The list stays as it was.", name=name), "success")
        return redirect(back)

    @expose("/default/<pk>", methods=["POST"])
    @login_required
    def default(self, pk: str) -> Response:
        """Let the list open with this view for this user; sent once more, no longer."""
        view = get_view(pk)
        record = registry().by_key[view.record]
        mine = saved_views.views_of(record).default
        saved_views.open_with(record, None if mine is view else view)
        flash(_("The list opens with what you looked at last.") if mine is view
              else _("The list opens with “%(name)s”.", name=view.name), "success")  # fmt: skip
        return redirect(address_of(view))

    def panel_page(
        self, record: RecordType, state: str, layout: str, status: int = 200, **values: Any
    ) -> Response:
        views = saved_views.views_of(record)
        return self.render(
            "saved_view/_panel.html", status, record=record, views=views, state=state, layout=layout,
            counts={view.id: count(record, view) for view in views.views}, address_of=address_of,
            may_change=saved_views.may_change, shown=views.showing(state, layout), **values,
        )  # fmt: skip


def get_record(name: str) -> RecordType:
    """The record type of the list with this name in its address, if the user may open it; 404 otherwise."""
    record = registry().by_url_name.get(name)
    if record is None or "list" not in record.actions or not may("list", record.key):
        abort(404)
    return record


def get_view(pk: str, to_change: bool = False) -> SavedView:
    """A view that the user has; 404 where there is none, 403 where they may not change it."""
    view = saved_views.find_view(read_id(pk))
    if view is None or view.record not in registry().by_key or not may("list", view.record):
        abort(404)
    return view if not to_change or saved_views.may_change(view) else abort(403)


def asked_state() -> str:
    """The state of the list that the address carries."""
    args = request.args.copy()
    for name in OTHERS:
        args.poplist(name)
    return state_of(args)


def asked_layout() -> str:
    layout = request.values.get("layout", LAYOUTS[0])
    return layout if layout in LAYOUTS else abort(400)


def address_of(view: SavedView) -> str:
    """Where a list shows what a view has."""
    return address(registry().by_key[view.record], view.query, view.layout)


def address(record: RecordType, state: str, layout: str = LAYOUTS[0]) -> str:
    """Where a list, or its board, shows this state; without one everything."""
    view = f"{record.model.__name__}View"
    layout = layout if f"{view}.{layout}" in current_app.view_functions else LAYOUTS[0]
    # a list without any parameter opens with what its user looked at last
    return f"{url_for(f'{view}.{layout}')}?{state or 'page=1'}"


def count(record: RecordType, view: SavedView) -> int | str | None:
    """How many records a view shows; in words why it shows none."""
    try:
        return saved_views.count_of(record, view)
    except UnknownFilter as error:
        return str(error.description)


def views_shown(record: RecordType) -> saved_views.ListViews:
    """The user's views of a list, asked for once in a request that only shows them."""
    known = g.setdefault("list_views", {})
    if record.key not in known:
        known[record.key] = saved_views.views_of(record)
    return known[record.key]


def bar(record: RecordType, layout: str) -> dict[str, Any]:
    """What a list or board shows of its views: the tabs, and what its script sends to be remembered."""
    views, state = views_shown(record), state_of(request.args)
    shown = views.showing(state, layout)
    tabs = views.views[:MOST_TABS]
    if (base := shown or views.last) and base not in tabs:
        tabs = [*tabs[:-1], base]
    known = views.memory.query if views.memory else ""
    return {
        "view_tabs": [(one, address_of(one)) for one in tabs],
        "view_shown": shown,
        "view_changed": views.last if not shown and state else None,
        "list_state": state,
        "to_remember": state if state != known or (shown and shown is not views.last) else None,
        "everything": address(record, "", layout),
        "cleared": address(record, without_filters(request.args), layout),
        "remember_url": url_for("SavedViewPages.remember", name=record.url_name),
    }


def opening(record: RecordType, layout: str) -> str:
    """Where to go from a list that was opened without parameters; nothing to show it all."""
    if request.args:
        return ""
    state = views_shown(record).opening
    return address(record, state, layout) if state else ""
