"""A board: records in columns, a page of cards per column and more as it is scrolled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import abort, redirect, render_template, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from crm.errors import UnknownFilter
from crm.registry import RecordType
from crm.services.clients.board import Board
from crm.services.lists.filters import filters_of
from crm.views.saved_views import address_of, opening, views_shown

YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Column:
    """One column: its name in addresses and on the page, its words, all it holds, the cards of its first page.

    class_name: of the dot before its words. add_url: the form of a new record in it.
    totals: in words what its cards are worth, by currency.
    """

    key: str
    label: str
    count: int
    cards: list[Any] = field(default_factory=list)
    after: str = ""
    class_name: str = ""
    add_url: str = ""
    totals: Sequence[str] = ()


def filters_only(args: MultiDict[str, str]) -> MultiDict[str, str]:
    """The filters among the query parameters; columns, sort and paging are not for the board."""
    other = ("page", "page_size", "sort", "dir", "columns", "after")
    return MultiDict([(n, v) for n, v in args.items(multi=True) if n not in other])


def query_of_filters(record: RecordType) -> str:
    """The filters of a record type among the query parameters, as they stand in an address."""
    names = {"client", "kind", "search", *filters_of(record)}
    return urlencode([(n, v) for n, v in request.args.items(multi=True) if n in names and v.strip()])


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


class BoardPages:
    """The board, for the view of a record type. What differs between types is below `kanban_card`."""

    method_permission_name = {
        "start": "list", "kanban": "list", "kanban_column": "list", "kanban_card": "list",
    }  # fmt: skip
    more_routes = frozenset(method_permission_name)
    default_view = "start"

    record: RecordType
    render: Callable[..., Response]
    get_item: Callable[[str], Any]
    endpoint: str

    board: Board
    board_template = "record/kanban.html"
    card_template: str

    @expose("/")
    @has_access
    def start(self) -> Response:
        """The view that the list opens with; without one the list or the board, whichever was looked at last."""
        default = views_shown(self.record).default
        if default is not None:
            return redirect(address_of(default))
        board = request.cookies.get(self.view_cookie) == "kanban"
        return redirect(url_for(f"{self.endpoint}.{'kanban' if board else 'list'}"))

    @property
    def view_cookie(self) -> str:
        return f"{self.record.url_name}_view"

    def remembering(self, answer: Response, view: str) -> Response:
        """Let the browser remember whether its user last looked at the list or the board."""
        answer.set_cookie(
            self.view_cookie, view, max_age=YEAR, httponly=True, samesite="Lax", secure=request.is_secure
        )
        return answer

    @expose("/kanban/")
    @has_access
    def kanban(self) -> Response:
        if url := opening(self.record, "kanban"):
            return redirect(url)
        message, columns, elsewhere = "", [], 0
        try:
            columns, elsewhere = self.board_columns(self.board_conditions(filters_only(request.args)))
        except UnknownFilter as error:
            message = str(error.description)
        return self.board_page(columns=columns, elsewhere=elsewhere, message=message)

    @expose("/kanban/<column>")
    @has_access
    def kanban_column(self, column: str) -> str:
        """The next page of a column, by its key; `after` says where the last one ended."""
        value = self.value_of_column(column)
        try:
            asked = self.board_conditions(filters_only(request.args))
        except UnknownFilter:
            abort(400)
        cards, more = self.board.next_page(value, asked, position(request.args.get("after", "")))
        return self._cards(cards, column, self.board.place_of(cards, more))

    @expose("/kanban/card/<pk>")
    @has_access
    def kanban_card(self, pk: str) -> str:
        """One card as it is now, asked for when a move was refused because somebody else had moved it."""
        return self._cards([self.get_item(pk)])

    def _cards(self, cards: list[Any], key: str = "", after: str = "") -> str:
        return render_template(
            "board/_cards.html", view=self, cards=cards, key=key, after=after, **self.board_values()
        )

    def board_page(self, **values: Any) -> Response:
        shown = {"title": self.record.plural, "words": self.board_words(), **self.board_values(), **values}
        return self.render(self.board_template, **shown)

    # -- what a record type does its own way

    def board_conditions(self, args: MultiDict[str, str]) -> list[Any]:
        """The conditions that the filters set. Raises UnknownFilter."""
        raise NotImplementedError

    def board_columns(self, asked: list[Any]) -> tuple[list[Column], int]:
        """The columns, and how many records match that are in none of them."""
        raise NotImplementedError

    def value_of_column(self, key: str) -> Any:
        """The value that stands for a column's key; 404 where there is no such column."""
        raise NotImplementedError

    def key_of_card(self, item: Any) -> str:
        """The key of the column in which a card stands."""
        raise NotImplementedError

    def board_words(self) -> dict[str, str]:
        """What the page says of its records: `empty`, of a column without cards; `add`, of a new record."""
        return {"empty": _("Nothing here"), "add": _("New")}

    def board_values(self) -> dict[str, Any]:
        """What the templates of the board and of its cards need beside the columns.

        editable: whether cards can be moved. move_url: where a move is posted, with %ID% for the card.
        query: the filters as they stand in an address.
        """
        raise NotImplementedError
