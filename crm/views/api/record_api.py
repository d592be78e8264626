"""The one REST API of every record type. Those that do more subclass it and are named in `crm.views`."""

from collections.abc import Collection
from typing import Any

import prison
from flask import Response, abort, request
from flask_appbuilder.api import expose
from flask_babel import gettext as _
from sqlalchemy import Select, func, select
from sqlalchemy.orm import selectinload
from werkzeug.datastructures import MultiDict

from crm.errors import UnknownFilter
from crm.extensions import db
from crm.registry import RecordType
from crm.security.manager import may, may_change
from crm.services.attributes import order as attribute_order
from crm.services.attributes.filters import inputs
from crm.services.attributes.order import AttributeOrder
from crm.services.lists import listing
from crm.services.lists.figures import load_figures
from crm.services.lists.filters import filters_of
from crm.services.lists.order import Order
from crm.services.reading import Unreadable, read_moment
from crm.services.record_json import changes, record_json, write_record
from crm.services.record_names import LINES, shown_names, written_names
from crm.views.api import description as api_document
from crm.views.api import schemas as api_schemas
from crm.views.api.access import Api, access, body, check_version, reply
from crm.views.api.schemas import Schema, Schemas

#: What Flask-AppBuilder's own parameter `q` says, in our words.
RISON = {"page_size": "page_size", "order_column": "sort", "order_direction": "dir"}
SINCE = "updated_since"
AFTER = "after"


class RecordApi(Api):
    """List, read, add, change and delete records of one type. `record` is set by `api_for`."""

    record: RecordType
    #: Routes beside those of the record's actions; the permission of each stands in method_permission_name.
    more_routes: frozenset[str] = frozenset()
    #: The statuses with which a write may fail.
    write_failures: tuple[int, ...] = api_document.WRITING

    # -- read

    @expose("/")
    @access
    def get_list(self) -> Response:
        """A page by its number, with how many there are in all; or by `after`, with where the next one begins."""
        args = arguments()
        size = listing.whole(args, "page_size", listing.PAGE_SIZE, listing.LARGEST_PAGE)
        since, after = args.pop(SINCE, ""), args.pop(AFTER, "")
        if after:
            return self.following(read_after(after, args), size, self.found(args, since))
        number = listing.whole(args, "page", 1, 100_000)
        found = self.found(args, since)
        ids = found.with_only_columns(self.record.model.id).order_by(None).subquery()
        count = db.session.scalar(select(func.count()).select_from(ids))
        rows = self.load(self.ordering(args).page(found, size, (number - 1) * size))
        return reply({"count": count, "ids": [row.id for row in rows], "result": self.several_json(rows)})

    def found(self, args: MultiDict[str, str], since: str) -> Select[Any]:
        """The records that the filters leave. Raises UnknownFilter."""
        found = self.filtered(args)
        return found.where(self.changed_since(since)) if since else found

    def following(self, after: int, size: int, found: Select[Any]) -> Response:
        """The next rows by their ids: however much is written meanwhile, none is missed and none comes twice."""
        number = self.record.model.id
        rows = self.load(found.where(number > after).order_by(None).order_by(number).limit(size + 1))
        shown = rows[:size]
        last = shown[-1].id if len(rows) > size else None
        return reply({"next": last, "ids": [row.id for row in shown], "result": self.several_json(shown)})

    @expose("/_info")
    @access
    def info(self) -> Response:
        """What the caller may do here, and what the fields are called."""
        allowed = sorted(a for a in self.record.actions if may(a, self.record.key))
        return reply({"permissions": [f"can_{a}" for a in allowed], **self.field_names()})

    @expose("/<pk>")
    @access
    def get(self, pk: str) -> Response:
        item = self.get_item(pk)
        return reply({"id": item.id, "result": self.one_json(item)}, version=item.version)

    # -- write

    @expose("/", methods=["POST"])
    @access
    def post(self) -> Response:
        data, item = self.body(), self.record.model()
        with db.session.no_autoflush:
            self.write(item, data)
            db.session.add(item)
        return self.saved(item, 201)

    @expose("/<pk>", methods=["PUT", "PATCH"])
    @access
    def put(self, pk: str) -> Response:
        data, item = self.body(), self.get_item(pk, lock=True)
        if not may_change(self.record, item, "edit"):
            abort(403)
        check_version(item, data.pop("version", None))
        with db.session.no_autoflush:
            self.write(item, changes(data, self.one_json(item)))
        return self.saved(item, 200)

    @expose("/<pk>", methods=["DELETE"])
    @access
    def delete(self, pk: str) -> Response:
        item = self.get_item(pk, lock=True)
        if not may_change(self.record, item, "delete"):
            abort(403)
        check_version(item)
        self.remove(item)
        db.session.commit()
        return reply({"message": _("%(label)s deleted.", label=self.record.label)})

    def saved(self, item: Any, status: int) -> Response:
        """Store what was written and show it as it is before the author may lose sight of it."""
        db.session.flush()
        load_figures(self.record, [item])
        answer = reply({"id": item.id, "result": self.one_json(item)}, status, item.version)
        if status == 201:
            answer.headers["Location"] = f"{self.route_base}/{item.id}"
        db.session.commit()
        return answer

    # -- what a record type may do its own way

    def body(self) -> dict[str, Any]:
        """What was sent to be written."""
        return body()

    def filtered(self, args: MultiDict[str, str]) -> Select[Any]:
        """The records that the query parameters leave. Raises UnknownFilter."""
        return listing.filtered(self.record, args)

    def ordering(self, args: MultiDict[str, str]) -> Order | AttributeOrder:
        """The order of the rows that is asked for. Raises UnknownFilter."""
        return listing.ordering(self.record, args)

    def changed_since(self, text: str) -> Any:
        """The condition that a record was changed at a moment or later. Raises UnknownFilter."""
        if not hasattr(self.record.model, "changed_at"):
            raise UnknownFilter(_("There is no filter “%(name)s” here.", name=SINCE), field=SINCE)
        return self.record.model.changed_at >= read_since(text)

    def load(self, statement: Select[Any]) -> list[Any]:
        attributes = self.record.loaded_with(shown_names(self.record).values())
        attributes += [self.record.lines] if self.record.lines is not None else []
        rows = list(db.session.scalars(statement.options(*(selectinload(a) for a in attributes))))
        load_figures(self.record, rows)
        return rows

    def one_json(self, item: Any) -> dict[str, Any]:
        return record_json(self.record, item)

    def several_json(self, items: list[Any]) -> list[dict[str, Any]]:
        return [self.one_json(item) for item in items]

    def field_names(self) -> dict[str, list[str]]:
        more = [LINES] if self.record.lines is not None else []
        return {"columns": [*shown_names(self.record), *more], "fields": [*written_names(self.record), *more]}

    def write(self, item: Any, data: dict[str, Any]) -> None:
        write_record(self.record, item, data)

    def remove(self, item: Any) -> None:
        db.session.delete(item)
        db.session.flush()

    def get_item(self, pk: str, lock: bool = False) -> Any:
        """The record with this id, if the caller sees it, held until the end where it is to change. Or 404."""
        model = self.record.model
        options = {"with_for_update": {"of": model}, "populate_existing": True} if lock else {}
        item = db.session.get(model, record_id(pk), **options) or abort(404)
        load_figures(self.record, [item])
        return item

    # -- how it is described

    def input_schema(self, method: str) -> dict[str, Any]:
        """What is sent by POST or PUT: content type -> description."""
        name = self.record.model.__name__
        if method != "post":
            return api_document.content(api_document.ref(f"{name}Changes"))
        example = api_schemas.example_body(self.schemas().added)
        return api_document.content(api_document.ref(f"{name}Input"), example)

    def schemas(self) -> Schemas:
        """What the JSON of a record is."""
        return api_schemas.schemas(self.record)

    def sorts(self) -> frozenset[str]:
        """By what a list can be sorted."""
        return listing.sortable(self.record).union(self.attribute_sorts())

    def filter_names(self) -> dict[str, Any]:
        """The filters of the list, with words for each."""
        known = {
            "search": _("Beginnings of words."),
            "client": _("The id of a client."),
            "kind": _("A kind: %(kinds)s.", kinds=", ".join(kind.value for kind in self.record.kinds)),
        }
        there = {"search": bool(self.record.search), "client": self.record.of_client,
                 "kind": bool(self.record.kinds)}  # fmt: skip
        declared = {name: one.words() for name, one in filters_of(self.record).items()}
        return {
            **{name: words for name, words in known.items() if there[name]},
            **declared,
            **self.attribute_filters(),
        }

    def attribute_filters(self) -> dict[str, Any]:
        """The filters by attributes that there are for the caller, with words for each."""
        if not listing.has_attributes(self.record):
            return {}
        return {one.name: one.words() for own in inputs(self.record.key) for one in own.filters}

    def attribute_sorts(self) -> Collection[str]:
        """By which attributes a list can be sorted."""
        return attribute_order.sorts(self.record.key) if listing.has_attributes(self.record) else ()

    def delete_parameters(self) -> list[Schema]:
        """Further query parameters of deleting, for the description."""
        return []

    def moved_answers(self) -> dict[str, Any]:
        """Answers that lead elsewhere, for the description."""
        return {}

    def add_api_spec(self, api_spec: Any) -> None:
        api_document.describe_record(api_spec, self)


def record_id(text: str) -> int:
    """The id in an address; 404 for anything that is none."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        abort(404)
    return int(text)


def read_since(text: str) -> Any:
    try:
        return read_moment(text.strip().replace(" ", "+"))
    except Unreadable as error:
        raise UnknownFilter(str(error), field=SINCE) from None


def read_after(text: str, args: MultiDict[str, str]) -> int:
    """The id after which to go on; 0 begins. Raises UnknownFilter."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise UnknownFilter(_("%(name)s is a whole number from 0.", name=AFTER), field=AFTER)
    if other := next((name for name in ("page", "sort", "dir") if args.get(name)), None):
        raise UnknownFilter(
            _("With “after”, rows come by their numbers: leave “%(name)s” out.", name=other), other
        )
    return int(text)


def arguments() -> MultiDict[str, str]:
    """The query parameters, with those in Flask-AppBuilder's `q` among them. Raises UnknownFilter.

    `q` counts pages from 0. `columns` chooses what pages show; an answer has every field.
    """
    args = MultiDict((name, value) for name, values in request.args.lists() for value in values)
    if "columns" in args:
        raise UnknownFilter(_("There is no filter “%(name)s” here.", name="columns"), field="columns")
    if not (text := args.pop("q", "")):
        return args
    try:
        asked = prison.loads(text)
    except (prison.decoder.ParserException, ValueError, RecursionError, IndexError, OverflowError):
        asked = None
    if not isinstance(asked, dict):
        raise UnknownFilter(_("The parameter q cannot be read."), field="q")
    for name, value in asked.items():
        if name == "page" and isinstance(value, int) and not isinstance(value, bool):
            args["page"] = str(value + 1)
        elif name in RISON and isinstance(value, str | int):
            args[RISON[name]] = str(value)
        else:
            raise UnknownFilter(_("There is no filter “%(name)s” here.", name=str(name)[:60]), field="q")
    return args


def api_for(record: RecordType, base: type[RecordApi] = RecordApi) -> type[RecordApi]:
    """The API class of a record type: base with everything that its declaration says."""
    methods = {"list": {"get_list"}, "show": {"get"}, "add": {"post"}, "edit": {"put"}, "delete": {"delete"}}
    routes = {name for action in record.actions for name in methods[action]}
    names = {name: action for action, found in methods.items() for name in found}
    info = {"info"} if "list" in record.actions else set()
    return type(f"{record.model.__name__}Api", (base,), {
        "record": record,
        "resource_name": record.url_name,
        "class_permission_name": record.key,
        "method_permission_name": {**names, "info": "list", **base.method_permission_name},
        "include_route_methods": routes | info | base.more_routes,
        "openapi_spec_tag": str(record.key),
    })  # fmt: skip
