"""Filters by attributes on pages: what the panel of filters asks, and what is set in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import abort, render_template, request
from flask_appbuilder import expose, has_access
from flask_babel import format_date
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from crm.errors import UnknownFilter
from crm.models import AttributeDefinition
from crm.registry import RecordType
from crm.services.attributes.filters import AttributeFilter, Inputs, asked, inputs, is_name
from crm.services.lists.state import without_filters
from crm.views.saved_views import address

#: Up to so many attributes are all asked for in the panel; of more those that are set, and whichever is picked.
MOST_AT_ONCE = 6


@dataclass(frozen=True)
class AttributePanel:
    """What a panel of filters has of attributes: those it asks for, and the others by their groups, to be picked."""

    asked: list[Inputs]
    others: list[tuple[str, list[AttributeDefinition]]]


def attribute_panel(kind: str, args: MultiDict[str, str]) -> AttributePanel:
    """The part of the panel for the attributes of clients or contacts."""
    known = inputs(kind)
    if len(known) <= MOST_AT_ONCE:
        return AttributePanel(known, [])
    shown = [one for one in known if any(args.getlist(each.name) for each in one.filters)]
    others: dict[str, list[AttributeDefinition]] = {}
    for one in known:
        if one not in shown:
            others.setdefault(one.group or _("Attributes"), []).append(one.definition)
    return AttributePanel(shown, list(others.items()))


def attribute_chips(kind: str, args: MultiDict[str, str]) -> Iterator[tuple[str, list[str], str]]:
    """(parameter, its other values, in words) of every filter by an attribute that is set."""
    for name in (name for name in args if is_name(name)):
        values = list(dict.fromkeys(text for value in args.getlist(name) if (text := value.strip())))
        try:
            one = asked(kind, [name])[name]
        except UnknownFilter:
            one = None
        for value in values:
            words = f"{one.label}: {_in_words(one, value)}" if one else f"{name}: {value}"
            yield name, [other for other in values if other != value], words


def _in_words(one: AttributeFilter, value: str) -> str:
    if one.shape == "day":
        try:
            return format_date(date.fromisoformat(value), "d MMM y")
        except ValueError:
            return value
    return one.in_words(value)


class AttributeFilterPages:
    """The parts of the panel that are asked for, for the view of what has attributes."""

    method_permission_name = {"attribute_filter": "list", "attribute_filters": "list"}
    more_routes = frozenset(method_permission_name)

    record: RecordType
    url: Any

    @expose("/attribute_filter/<key>")
    @has_access
    def attribute_filter(self, key: str) -> str:
        """What the panel asks for one attribute; 404 for one by which the user cannot filter."""
        one = next((one for one in inputs(self.record.key) if one.definition.key == key), None) or abort(404)
        return render_template("attribute/_filter.html", one=one, args=request.args)

    @expose("/attribute_filters")
    @has_access
    def attribute_filters(self) -> str:
        """A panel of attributes alone, for a list whose other filters stand in its toolbar."""
        kept = MultiDict(
            [(n, v) for n, v in request.args.items(multi=True) if not is_name(n) and n != "page"]
        )
        return render_template(
            "attribute/_filter_panel.html", panel=attribute_panel(self.record.key, request.args), args=request.args,
            action=self.url("list"), pick_url=self.url("attribute_filter", key="KEY"), kept=kept,
            cleared=address(self.record, without_filters(request.args)),
        )  # fmt: skip
