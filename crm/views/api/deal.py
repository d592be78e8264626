"""The REST API of deals: every record's, and moving one to another stage as the board does."""

from typing import Any

from flask import Response, abort
from flask_appbuilder.api import expose

from crm.errors import Invalid
from crm.extensions import db
from crm.models.deal import STAGES
from crm.security.manager import may_change
from crm.services.reading import Unreadable, read_choice
from crm.services.sales.deals import move_deal
from crm.views.api.access import access, check_version, reply
from crm.views.api.description import (
    IF_MATCH,
    NUMBER_OF_ROW,
    TEXT,
    WRITING,
    ok,
    operation,
    parameter,
    ref,
    sent,
)
from crm.views.api.record_api import RecordApi


class DealApi(RecordApi):
    """The API of deals."""

    more_routes = frozenset({"stage"})
    method_permission_name = {"stage": "edit"}

    @expose("/<pk>/stage", methods=["POST"])
    @access
    def stage(self, pk: str) -> Response:
        """Move a deal to the stage `value`, if it is still in the one that the caller saw (`expected`)."""
        deal = self.get_item(pk)
        if not may_change(self.record, deal, "edit"):
            abort(403)
        check_version(deal)
        data = self.body()
        expected = read_stage(data, "expected") if data.get("expected") is not None else None
        move_deal(deal, read_stage(data, "value"), expected)
        answer = reply({"id": deal.id, "result": self.one_json(deal)}, version=deal.version)
        db.session.commit()
        return answer

    def add_api_spec(self, api_spec: Any) -> None:
        super().add_api_spec(api_spec)
        stage, moved = {**TEXT, "enum": list(STAGES)}, {"200": ok(ref("DealAnswer"), "Moved.", True)}
        asked = {"type": "object", "required": ["value"], "properties": {"value": stage, "expected": stage}}
        api_spec.path(
            path=f"{self.route_base}/{{pk}}/stage",
            parameters=[parameter("pk", "The number of the deal.", NUMBER_OF_ROW, "path"), IF_MATCH],
            operations={"post": operation(api_spec, self.record.key, "Move to another stage", moved, WRITING,
                                          requestBody=sent(asked))},
        )  # fmt: skip


def read_stage(data: dict[str, Any], name: str) -> str:
    """A stage that was sent. Raises Invalid."""
    try:
        return read_choice(data.get(name), STAGES)
    except Unreadable as error:
        raise Invalid({name: [str(error)]}) from None
