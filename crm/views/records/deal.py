"""Deals: their board by stages, with what each stage is worth."""

import builtins
from collections.abc import Sequence
from typing import Any

from flask import abort, g, render_template, request, url_for
from flask_appbuilder import expose, has_access
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from crm.errors import UnknownFilter
from crm.extensions import db
from crm.models import Deal
from crm.models.deal import STAGES
from crm.security.manager import may
from crm.services.clients.board import Board
from crm.services.lists.filters import filters_of
from crm.services.lists.listing import filtered
from crm.services.sales.company import default_currency
from crm.services.sales.deals import Worth, deals, worth_of_stages
from crm.views.records.board import BoardPages, Column, filters_only, query_of_filters
from crm.views.records.chips import record_chips
from crm.views.records.money import money
from crm.views.records.record import RecordView
from crm.views.saved_views import bar


class DealView(BoardPages, RecordView):
    """The record view of deals."""

    method_permission_name = {"kanban_totals": "list"}
    more_routes = frozenset(method_permission_name)

    board = Board(Deal, Deal.stage, Deal.stage_changed_at, deals)
    card_template = "deal/_board_card.html"

    def new_item(self) -> Deal:
        """A deal of whoever writes it down, in the client's currency, in the stage of `?stage=`."""
        deal = super().new_item()
        deal.responsible = db.session.get(User, g.user.id)
        deal.currency = default_currency(deal.client)
        if (stage := request.args.get("stage")) is not None:
            deal.stage = self.value_of_column(stage)
        return deal

    @expose("/list/")
    @has_access
    def list(self) -> Response:
        return self.remembering(super().list(), "list")

    # -- the board

    def board_page(self, **values: Any) -> Response:
        chips = record_chips(self.record, self.board_values()["filters"])
        return self.remembering(
            super().board_page(**values, chips=chips, **bar(self.record, "kanban")), "kanban"
        )

    @expose("/kanban/totals")
    @has_access
    def kanban_totals(self) -> str:
        """Counts and totals of the columns as they are now, as fragments that take the place of those shown."""
        try:
            asked = self.board_conditions(filters_only(request.args))
        except UnknownFilter:
            abort(400)
        columns = [self._column(stage, worth) for stage, worth in worth_of_stages(asked).items()]
        return render_template("board/_all_totals.html", columns=columns)

    def board_conditions(self, args: MultiDict[str, str]) -> builtins.list[Any]:
        condition = filtered(self.record, args).whereclause
        return [] if condition is None else [condition]

    def board_columns(self, asked: builtins.list[Any]) -> tuple[builtins.list[Column], int]:
        pages = self.board.first_pages(STAGES, asked)
        columns = [
            self._column(stage, worth, cards, self.board.place_of(cards, more))
            for (stage, worth), (cards, more) in zip(worth_of_stages(asked).items(), pages, strict=True)
        ]
        return columns, 0

    def _column(self, stage: str, worth: Worth, cards: Sequence[Deal] = (), after: str = "") -> Column:
        words = dict(self.record.choices["stage"])
        client = request.args.get("client") or None
        return Column(
            stage, str(words[stage]), worth.count, [*cards], after, f"crm-stage-{stage}",
            url_for("DealView.add", stage=stage, client=client) if may("add", "deal") else "",
            [money(total, currency) for currency, total in worth.sums.items()],
        )  # fmt: skip

    def value_of_column(self, key: str) -> str:
        return key if key in STAGES else abort(404)

    def key_of_card(self, item: Deal) -> str:
        return item.stage

    def board_words(self) -> dict[str, str]:
        return {"empty": _("No deals here"), "add": _("New deal")}

    def board_values(self) -> dict[str, Any]:
        query = query_of_filters(self.record)
        return {
            "editable": may("edit", "deal"), "move_url": f"{request.script_root}/api/v1/deals/%ID%/stage",
            "filters": {name: one for name, one in filters_of(self.record).items() if name != "stage"}, "query": query,
            "totals_url": f"{self.url('kanban_totals')}?{query}",
        }  # fmt: skip
