"""The board of clients: a column for each status that is offered, in its order."""

from typing import Any

from flask import abort, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from crm.models import Client, Status
from crm.security.manager import may
from crm.services.clients.board import Board
from crm.services.clients.filters import conditions
from crm.services.clients.listing import clients
from crm.services.clients.statuses import all_statuses, counts
from crm.views.clients.list_page import bulk_url, filter_query
from crm.views.records.board import BoardPages, Column


class KanbanPages(BoardPages):
    """The board, for `ClientView`."""

    board = Board(Client, Client.status_id, Client.status_changed_at, clients)
    board_template = "client/kanban.html"
    card_template = "client/_board_card.html"
    filter_bar: Any

    def board_page(self, **values: Any) -> Response:
        page = super().board_page(**values, **self.filter_bar(all_statuses(), "kanban"))
        return self.remembering(page, "kanban")

    def board_conditions(self, args: MultiDict[str, str]) -> list[Any]:
        return conditions(args)

    def board_columns(self, asked: list[Any]) -> tuple[list[Column], int]:
        known = counts(*asked)
        shown: list[Status | None] = [s for s in all_statuses() if s.selectable and not s.hidden_in_kanban]
        if known.get(None):
            shown.insert(0, None)
        pages = self.board.first_pages([s.id if s else None for s in shown], asked)
        columns = [
            self._column(status, known.get(status.id if status else None, 0), cards, more)
            for status, (cards, more) in zip(shown, pages, strict=True)
        ]
        return columns, sum(known.values()) - sum(column.count for column in columns)

    def _column(self, status: Status | None, count: int, cards: list[Client], more: bool) -> Column:
        add_url = url_for("ClientView.add", status=status.code if status else None)
        return Column(
            str(status.id) if status else "none", status.name if status else _("No status"), count, cards,
            self.board.place_of(cards, more), f"colour-status-{status.id}" if status else "",
            add_url if may("add", "client") else "",
        )  # fmt: skip

    def value_of_column(self, key: str) -> int | None:
        if key != "none" and not (key.isascii() and key.isdigit() and len(key) < 10):
            abort(404)
        return None if key == "none" else int(key)

    def key_of_card(self, item: Client) -> str:
        return str(item.status_id or "none")

    def board_words(self) -> dict[str, str]:
        return {"empty": _("No clients here"), "add": _("New client")}

    def board_values(self) -> dict[str, Any]:
        return {
            "editable": may("edit", "client"), "move_url": bulk_url("%ID%"), "move_type": "status_id",
            "bulk_url": bulk_url, "query": filter_query(request.args),
        }  # fmt: skip
