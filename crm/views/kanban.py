"""The board: clients by status, a page of cards per column and more as it is scrolled."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, render_template, request
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from crm.errors import UnknownFilter
from crm.models import Client, Status
from crm.security.manager import may
from crm.services import board
from crm.services.client_filters import conditions
from crm.services.statuses import all_statuses, counts
from crm.views.client_list import bulk_url, filter_query, remembering


@dataclass(frozen=True)
class Column:
    """One column: its status (None: clients without one), all it holds, the cards of its first page."""

    status: Status | None
    count: int
    cards: list[Client]
    after: str

    @property
    def key(self) -> str:
        """Its name in addresses and on the page."""
        return str(self.status.id) if self.status else "none"


def filters_only(args: MultiDict[str, str]) -> MultiDict[str, str]:
    """The filters among the query parameters; sort and paging are not for the board."""
    other = ("page", "page_size", "sort", "dir", "after")
    return MultiDict([(n, v) for n, v in args.items(multi=True) if n not in other])


def position(text: str) -> tuple[datetime, int] | None:
    """Where a column's last page ended, from an address: `<moment>_<id>`. 400 where it is none."""
    if not text:
        return None
    at, _underscore, number = text.rpartition("_")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        abort(400)
    if moment.tzinfo is None or not (number.isascii() and number.isdigit() and len(number) < 18):
        abort(400)
    return moment, int(number)


class KanbanPages:
    """The board, for `ClientView`."""

    method_permission_name = {"kanban": "list", "kanban_column": "list", "kanban_card": "list"}
    more_routes = frozenset(method_permission_name)

    render: Callable[..., Response]
    get_item: Callable[[str], Client]
    filter_bar: Callable[[Any], dict[str, Any]]

    @expose("/kanban/")
    @has_access
    def kanban(self) -> Response:
        statuses, message = all_statuses(), ""
        try:
            asked = conditions(filters_only(request.args))
            columns, elsewhere = self._columns(statuses, asked)
        except UnknownFilter as error:
            columns, elsewhere, message = [], 0, str(error.description)
        page = self.render(
            "client/kanban.html", title=_("Clients"), columns=columns, message=message, statuses=statuses,
            editable=may("edit", "client"), elsewhere=elsewhere, **self.filter_bar(statuses),
        )  # fmt: skip
        return remembering(page, "kanban")

    @staticmethod
    def _columns(statuses: list[Status], asked: list[Any]) -> tuple[list[Column], int]:
        """The columns, and how many clients match that are in none of them."""
        known = counts(*asked)
        shown: list[Status | None] = [s for s in statuses if s.selectable and not s.hidden_in_kanban]
        if known.get(None):
            shown.insert(0, None)
        pages = board.first_pages([s.id if s else None for s in shown], asked)
        columns = [
            Column(status, known.get(status.id if status else None, 0), cards, board.place_of(cards, more))
            for status, (cards, more) in zip(shown, pages, strict=True)
        ]
        return columns, sum(known.values()) - sum(column.count for column in columns)

    @expose("/kanban/<column>")
    @has_access
    def kanban_column(self, column: str) -> str:
        """The next page of a column, named by its status or `none`; `after` says where the last one ended."""
        if column != "none" and not (column.isascii() and column.isdigit() and len(column) < 10):
            abort(404)
        try:
            asked = conditions(filters_only(request.args))
        except UnknownFilter:
            abort(400)
        status_id = None if column == "none" else int(column)
        cards, more = board.next_page(status_id, asked, position(request.args.get("after", "")))
        return self._cards(cards, column, board.place_of(cards, more))

    @expose("/kanban/card/<pk>")
    @has_access
    def kanban_card(self, pk: str) -> str:
        """One card as it is now, asked for when a move was refused because somebody else had moved it."""
        client = self.get_item(pk)
        return self._cards([client])

    def _cards(self, cards: list[Client], key: str = "", after: str = "") -> str:
        return render_template(
            "client/_cards.html", view=self, editable=may("edit", "client"), bulk_url=bulk_url,
            query=filter_query(request.args), cards=cards, key=key, after=after,
        )  # fmt: skip
