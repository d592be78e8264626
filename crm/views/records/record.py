"""The one CRUD view of every record type. Pages that do more subclass it and are named in `crm.views`."""

import builtins
from collections.abc import Sequence
from typing import Any, NoReturn

from flask import Response, abort, flash, g, jsonify, redirect, request, url_for
from flask_appbuilder import ModelView, expose, has_access
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answer

from crm.errors import CannotStore, RuleError, StateConflict
from crm.extensions import db
from crm.models import Client
from crm.registry import RecordType
from crm.security.manager import may, may_change, may_write
from crm.security.masking import is_masked
from crm.security.references import is_owned
from crm.services.clients.board import Board
from crm.services.lists import listing
from crm.services.lists.figures import load_figures
from crm.services.lists.filters import filters_of
from crm.services.modules import is_on
from crm.services.search.choosing import choices
from crm.views.export import RecordExport
from crm.views.forms.form import RecordForm, form_for
from crm.views.history.fields import HistoryPages
from crm.views.page import read_id
from crm.views.records.board import query_of_filters
from crm.views.records.chips import record_chips
from crm.views.records.values import url_of
from crm.views.saved_views import bar, opening


class RecordView(RecordExport, HistoryPages, ModelView):
    """List, show, add, edit and delete records of one type. `record` is set by `view_for`."""

    record: RecordType
    #: Routes beside those of the record's actions, with those of all base classes; the permission of each
    #: stands in method_permission_name, which is gathered likewise.
    more_routes: frozenset[str] = frozenset()
    method_permission_name: dict[str, str] = {}
    #: Fields of the form beside those of the declaration, by name.
    more_fields: dict[str, Any] = {}

    list_template = "record/list.html"
    show_template = "record/show.html"
    form_template = "record/form.html"
    #: How its records stand on a board, for views that have one.
    board: Board | None = None

    @property
    def _filters(self) -> Any:
        """This request's filters. Flask-AppBuilder keeps one object per process, which threads would share."""
        filters = g.setdefault("filters", {})
        if self not in filters:
            filters[self] = self.datamodel.get_filters(self.search_columns)
        return filters[self]

    @_filters.setter
    def _filters(self, value: Any) -> None:
        pass

    def render(self, template: str, status: int = 200, **values: Any) -> Answer:
        """A page with this record type known to its template."""
        page = self.render_template(template, record=self.record, view=self, may=may, **values)
        return Response(page, status)

    # -- list

    @expose("/list/")
    @has_access
    def list(self) -> Answer:
        if url := opening(self.record, "list"):
            return redirect(url)
        page, filters = listing.page_of(self.record, request.args), filters_of(self.record)
        sortable = listing.sortable(self.record)
        return self.render(
            self.list_template, title=self.record.plural, page=page, sortable=sortable,
            filters=filters, query=query_of_filters(self.record), chips=record_chips(self.record, filters),
            page_sizes=listing.PAGE_SIZES, has_attributes=listing.has_attributes(self.record),
            **bar(self.record, "list"), **self.more_of_list(page.rows),
        )  # fmt: skip

    def more_of_list(self, rows: Sequence[Any]) -> dict[str, Any]:
        """What the list's template needs beside the rows."""
        return {}

    @expose("/choices")
    @has_access
    def choices(self) -> Answer:
        """What a choice field offers for what was typed: `{"results": [{"id", "text", "hint"}]}`."""
        of = request.args.get("client", "")
        found = choices(
            self.record,
            request.args.get("q", "")[:100],
            client_id=int(of) if of.isascii() and of.isdigit() and len(of) < 19 else None,
            archived=request.args.get("archived") == "1",
        )
        return jsonify(results=[self.choice_json(item, hint) for item, hint in found])

    def choice_json(self, item: Any, hint: str) -> dict[str, Any]:
        """What a choice field is told of one record."""
        return {"id": item.id, "text": str(item), "hint": hint}

    # -- show

    @expose("/show/<pk>")
    @has_access
    def show(self, pk: str) -> Answer:
        item = self.get_item(pk)
        load_figures(self.record, [item])
        return self.render(
            self.show_template, title=self.title_of(item), item=item, **self.more_of_show(item)
        )

    def more_of_show(self, item: Any) -> dict[str, Any]:
        """What the page of a record needs beside it."""
        return {}

    def title_of(self, item: Any) -> str:
        """The title of a record's page: its name, after the word of its kind where it has one."""
        return f"{self.record.part_of(item).label} · {item}" if self.record.kinds else str(item)

    def title_of_new(self, item: Any) -> str:
        return _("New %(label)s", label=str(self.record.part_of(item).label).lower())

    def get_item(self, pk: str) -> Any:
        """The record with this id, if the current user sees it; 404 otherwise."""
        if not is_on(self.record.module) or not pk.isascii() or not pk.isdigit() or len(pk) > 18:
            abort(404)
        return db.session.get(self.record.model, int(pk)) or self.gone(int(pk))

    def gone(self, number: int) -> NoReturn:
        """What is answered where the current user sees no record with this id."""
        abort(404)

    # -- add and edit

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> Answer:
        item = self.new_item()
        form = self.make_form(item)
        if request.method == "POST":
            if self.is_valid(form, item) and self.save(form, item, lambda: self.fill(form, item)):
                flash(_("%(label)s saved.", label=self.record.part_of(item).label), "success")
                return redirect(self.url_after(item))
            return self.form_page(form, item, form.refused_with)
        return self.form_page(form, item)

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    def edit(self, pk: str) -> Answer:
        item = self.get_item(pk)
        if not self.may_change(item, "edit"):
            abort(403)
        if request.method == "GET":
            form = self.make_form(item, filled=False)
            form.remember_base()
            return self.form_page(form, item)
        form = self.make_form(item)
        if self.is_valid(form, item) and self.save(form, item, lambda: self.apply(form, item)):
            flash(_("%(label)s saved.", label=self.record.part_of(item).label), "success")
            return redirect(self.url_after(item))
        return self.form_page(form, item, 409 if form.conflicts else form.refused_with)

    def make_form(self, item: Any, filled: bool = True) -> RecordForm:
        """The form for an item, holding what was sent (filled) or what the item has."""
        sent = request.form if request.method == "POST" and filled else None
        form = self.add_form(sent, obj=item)
        self.leave_out_masked(form, item)
        self.fit_to_kind(form, item)
        for name in self.record.restricted:
            if not may_write(self.record, name):
                del form[name]
        return form

    def fit_to_kind(self, form: RecordForm, item: Any) -> None:
        """Ask what a record of this kind is asked, in its words."""
        part = self.record.part_of(item)
        if part.kind is None:
            return
        for name in part.kind.without:
            del form[name]
        for name, words in part.kind.labels.items():
            if name in form:
                form[name].label.text = words
        for name, pairs in part.kind.choices.items():
            if name in form:
                form[name].offer(pairs)

    @staticmethod
    def leave_out_masked(form: RecordForm, item: Any) -> None:
        """Take away the fields of a sensitive client that this user may not see: they stay as they are."""
        for field in form.own_fields():
            if item.id is not None and is_masked(item, field.name):
                del form[field.name]

    def is_valid(self, form: RecordForm, item: Any) -> bool:
        """Whether what was sent can be saved; what was not sent stays as it is."""
        form.validate()
        if item.id is not None:
            form.forgive_unsent()
        return not form.errors

    def fill(self, form: RecordForm, item: Any) -> bool:
        """Write a new record's values."""
        for field in form.own_fields():
            field.populate_obj(item, field.name)
        return True

    def apply(self, form: RecordForm, item: Any) -> bool:
        """Write what was changed in the form; False where somebody else changed the same."""
        db.session.refresh(item, with_for_update={"of": type(item)})
        return form.apply_to(item, self.make_form(item, filled=False))

    def save(self, form: RecordForm, item: Any, write: Any) -> bool:
        """Write and commit, or say at the form what is wrong and write nothing."""
        try:
            with db.session.no_autoflush:
                if not write():
                    db.session.rollback()
                    return False
                db.session.add(item)
            db.session.commit()
        except (RuleError, StateConflict) as error:
            self.refuse(form, str(error.description), getattr(error, "field", None))
        except CannotStore as error:
            self.refuse(form, str(error.description))
            form.refused_with = error.code
        except StaleDataError:
            self.refuse(form, _("Somebody else has just changed this. Please save again."))
        except IntegrityError:
            self.refuse(form, _("There is one with these values already."))
        except StatementError as error:
            if not isinstance(error.orig, ValueError):
                raise
            self.refuse(form, _("A value is too large."))
        else:
            return True
        return False

    @staticmethod
    def refuse(form: RecordForm, message: str, field: str | None = None) -> None:
        """Undo what was begun and put a message at its field, or above the form."""
        db.session.rollback()
        if field is not None and field in form:
            form[field].errors = [*form[field].errors, message]
        else:
            form.form_errors.append(message)

    def form_page(self, form: RecordForm, item: Any, status: int = 200) -> Answer:
        new = item.id is None
        title = self.title_of_new(item) if new else self.title_of(item)
        return self.render(self.form_template, status, title=title, form=form, item=item, is_new=new,
                           back=self.url_after(item))  # fmt: skip

    def new_item(self) -> Any:
        """An empty record with its defaults, and what the address gives filled in."""
        item = self.record.model()
        if self.record.kind is not None:
            setattr(item, self.record.kind.key, self.asked_kind())
        columns = self.record.mapper.columns
        for name in {a.key for a in self.record.fields} & set(columns.keys()):
            default = columns[name].default
            if default is not None and default.is_scalar and getattr(item, name) is None:
                setattr(item, name, default.arg)
        with db.session.no_autoflush:
            for relation in self.given():
                target = relation.mapper.class_
                number = read_id(request.args[relation.key])
                other = db.session.get(target, number) or abort(404)
                setattr(item, relation.key, other)
                # a contact brings its client along
                if relation.key != "client" and self.record.of_client and item.client is None:
                    item.client = getattr(other, "client", None)
        return item

    def given(self) -> builtins.list[Any]:
        """The relations that the address of a new record's form fills in: `?client=`, `?project=`."""
        fields = {a.key for a in self.record.fields} | {"client"}
        return [
            relation
            for relation in self.record.mapper.relationships
            if relation.key in fields and is_owned(relation.mapper.class_) and not relation.uselist
            if request.args.get(relation.key)
        ]

    def asked_kind(self) -> str:
        """The kind of a new record: that of `?kind=`, else the first; 404 for what is none."""
        wanted = request.args.get("kind") or self.record.kinds[0].value
        return wanted if self.record.find_part(wanted) else abort(404)

    # -- delete

    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> Answer:
        item = self.get_item(pk)
        if not self.may_change(item, "delete"):
            abort(403)
        after, label = self.url_after_delete(item), self.record.part_of(item).label
        try:
            self.remove(item)
            db.session.commit()
        except HTTPException as error:
            db.session.rollback()
            flash(str(error.description), "danger")
            return redirect(self.url_after(self.get_item(pk)))
        except IntegrityError:
            db.session.rollback()
            flash(_("It is in use and cannot be deleted."), "danger")
            return redirect(self.url_after(self.get_item(pk)))
        flash(_("%(label)s deleted.", label=label), "success")
        return redirect(after)

    def remove(self, item: Any) -> None:
        db.session.delete(item)

    def may_change(self, item: Any, action: str) -> bool:
        """Whether the current user may edit or delete this one: any, or what they made themselves."""
        return may_change(self.record, item, action)

    # -- where to go next

    def url(self, method: str, **values: Any) -> str:
        """The address of one of this view's pages."""
        return url_for(f"{self.endpoint}.{method}", **values)

    def url_after(self, item: Any) -> str:
        """Where saving leads: to what a new record was added to, else the client's card, else the record or list."""
        for relation in self.given() if request.endpoint == f"{self.endpoint}.add" else ():
            other = getattr(item, relation.key)
            if relation.key != "client" and other is not None and url_of(other):
                return url_of(other)
        client = self.client_of(item)
        if client is not None and may("show", "client"):
            return url_for("ClientView.show", pk=client.id)
        if item.id is not None and not self.record.is_setting and "show" in self.record.actions:
            return self.url("show", pk=item.id)
        return self.url("list") if may("list", self.record.key) else url_for("StartView.index")

    def url_after_delete(self, item: Any) -> str:
        client = self.client_of(item)
        return url_for("ClientView.show", pk=client.id) if client is not None else self.url("list")

    def client_of(self, item: Any) -> Client | None:
        """The client of a record; None where it has none, and where the user does not see it."""
        return item.client if self.record.of_client else None


def view_for(record: RecordType, base: type[RecordView] = RecordView) -> type[RecordView]:
    """The view class of a record type: base with everything that its declaration says."""
    form = base.add_form if base.add_form is not None else form_for(record, base.more_fields)
    names = [a.key for a in record.columns]
    actions = set(record.actions)
    routes: set[str] = set()
    permissions: dict[str, str] = {}
    for parent in reversed(base.__mro__):
        routes |= parent.__dict__.get("more_routes", frozenset())
        permissions |= parent.__dict__.get("method_permission_name") or {}
    return type(f"{record.model.__name__}View", (base,), {
        "record": record,
        "datamodel": SQLAInterface(record.model),
        "route_base": f"/crm/{record.url_name}",
        "class_permission_name": record.key,
        "method_permission_name": {**{a: a for a in actions}, "choices": "list", "export": "export", **permissions},
        "include_route_methods": actions | {"choices", "export"} | routes,
        "list_columns": names, "show_columns": names, "add_columns": [], "edit_columns": [],
        "search_columns": [], "label_columns": {},
        "add_form": form, "edit_form": form, "search_form": RecordForm,
    })  # fmt: skip
