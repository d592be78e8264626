"""The list of clients, and what it shares with the board: filters and chips."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import abort, redirect, render_template, request
from flask_appbuilder import expose, has_access
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from crm.errors import UnknownFilter
from crm.registry import RecordType
from crm.security.manager import may
from crm.services.clients import columns as client_columns
from crm.services.clients import listing as client_listing
from crm.services.clients.filters import filtered, is_filtered, names_in
from crm.services.clients.statuses import all_statuses
from crm.services.clients.table import told_of
from crm.services.iso_lists import country_name
from crm.services.lists.listing import MOST_COUNTED, PAGE_SIZES, counted
from crm.services.lists.state import LOOKS, without_filters
from crm.views.attributes.filter_panel import attribute_panel
from crm.views.bulk.pages import just_done, offered_types
from crm.views.bulk.words import WORDS
from crm.views.clients.chips import chips
from crm.views.clients.filter_panel import choices_of_filters
from crm.views.saved_views import address, bar, opening


def filter_query(args: MultiDict[str, str]) -> str:
    """The filters among the query parameters, without paging and sort, as a query string."""
    return urlencode(
        [(name, value) for name in names_in(args) for value in args.getlist(name) if value.strip()]
    )


def bulk_url(client_id: int | str) -> str:
    """Where one client's status or stars are saved by a script of the page."""
    return f"{request.script_root}/crm/clients/{client_id}/change_bulk_option.json"


class ClientListPages:
    """The list, for `ClientView`."""

    method_permission_name = {"total": "list", "filters": "list", "columns": "list"}
    more_routes = frozenset(method_permission_name)

    list_template = "client/list.html"
    record: RecordType
    render: Any
    url: Any
    remembering: Any

    @expose("/list/")
    @has_access
    def list(self) -> Response:
        if url := opening(self.record, "list"):
            return redirect(url)
        statuses, known = all_statuses(), client_columns.columns_of_clients()
        try:
            columns, complaint = client_columns.chosen(request.args, known), ""
        except UnknownFilter as error:
            columns, complaint = client_columns.listed(known), str(error.description)
        names = [column.name for column in columns]
        page = client_listing.page_of(request.args, names)
        return self.remembering(
            self.render(
                self.list_template,
                title=_("Clients"),
                page=replace(page, message=page.message or complaint),
                statuses=statuses,
                via=client_listing.via_contacts(request.args, page.rows),
                columns=columns,
                told=told_of(page.rows, names, masked=True),
                page_sizes=PAGE_SIZES,
                editable=may("edit", "client"),
                bulk_types=offered_types(),
                bulk_words=WORDS,
                bulk_done=just_done(),
                **self.filter_bar(statuses, "list"),
            ),
            "list",
        )

    def filter_bar(self, statuses: Any, layout: str) -> dict[str, Any]:
        """What the filter bar of the list and the board shows."""
        return {
            "chips": chips(request.args, statuses),
            "query": filter_query(request.args),
            "is_filtered": is_filtered(request.args),
            "bulk_url": bulk_url,
            "country_name": country_name,
            **bar(self.record, layout),
        }

    @expose("/total")
    @has_access
    def total(self) -> str:
        """How many clients match, as a fragment that the list asks for after it is shown."""
        args = MultiDict([(n, v) for n in names_in(request.args) for v in request.args.getlist(n)])
        try:
            number = counted(filtered(args))
        except UnknownFilter:
            abort(400)
        if number is None:
            return _("%(number)s+ clients", number=format_decimal(MOST_COUNTED))
        return ngettext("%(number)s client", "%(number)s clients", number, number=format_decimal(number))

    @expose("/filters/<any(list, kanban):page>")
    @has_access
    def filters(self, page: str) -> str:
        """The panel of all filters, filled with those of the address; asked for when it is opened."""
        return render_template(
            "client/_filter_panel.html",
            action=self.url(page),
            choices=choices_of_filters(request.args),
            args=request.args,
            panel=attribute_panel(self.record.key, request.args),
            pick_url=self.url("attribute_filter", key="KEY"),
            looks={n: request.args[n] for n in LOOKS if request.args.get(n)},
            cleared=address(self.record, without_filters(request.args), page),
        )

    @expose("/columns")
    @has_access
    def columns(self) -> str:
        """The panel in which the list's columns are chosen; asked for when it is opened."""
        known = client_columns.columns_of_clients()
        try:
            shown = client_columns.chosen(request.args, known)
        except UnknownFilter:
            shown = client_columns.listed(known)
        more: dict[str, Any] = {}
        for column in known:
            if column not in shown:
                own = column.definition is None
                more.setdefault(_("Client") if own else column.group or _("Attributes"), []).append(column)
        return render_template(
            "client/_columns_panel.html", action=self.url("list"), shown=shown, more=more.items(),
            standard=self.url("list", **{**request.args.to_dict(flat=False), "columns": None, "page": 1}),
        )  # fmt: skip
